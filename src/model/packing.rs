//! How a delivered file is packed, by its name.

/// Whether a name is that of a zip file.
pub fn is_zip(name: &str) -> bool {
    name.to_lowercase().ends_with(".zip")
}

/// Whether a name is that of a file packed by gzip.
pub fn is_gzip(name: &str) -> bool {
    name.to_lowercase().ends_with(".gz")
}
