//! The names in the directory of an FTP session.

use std::io::{self, Read};

use suppaftp::{Encoding, FtpError, RustlsFtpStream};

/// Most names of a directory that are looked at.
const MOST: usize = 10_000;

/// Most bytes of a listing that are read.
const MOST_BYTES: u64 = MOST as u64 * 256;

/// The bare names by NLST, which every server writes alike.
///
/// # Errors
/// If the connection breaks, or the server refuses the command or the data connection.
pub(super) fn names(stream: &mut RustlsFtpStream) -> Result<Vec<String>, FtpError> {
    Ok(bare(stream.nlst(None)?.iter().map(String::as_str)))
}

/// The bare names that come over a data connection which suppaftp does not know of.
pub(super) fn read(data: &mut impl Read, encoding: &dyn Encoding) -> io::Result<Vec<String>> {
    let mut bytes = Vec::new();
    data.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bare(encoding.decode(&bytes).lines().filter(|line| !line.is_empty())))
}

/// Some put the directory before each name.
fn bare<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let bare = |name: &str| name.rsplit('/').next().map(|name| name.trim_end().to_owned());
    names.take(MOST).filter_map(bare).collect()
}
