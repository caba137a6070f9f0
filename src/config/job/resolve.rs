//! From a job file as written to a [`Job`].

use std::path::Path;

use super::document::{Document, unreadable};
use super::error::ConfigError;
use super::resolved::Job;
use super::resolver::Resolver;
use super::{keys, root};

/// Reads a job file. `env` looks an environment variable up; a missing one is no error until the
/// secret is needed.
///
/// # Errors
/// The first defect of the file.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Job, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    parse(path, &text, env)
}

/// Reads the text of the job file `path`, as [`load`] does. Nothing is opened.
///
/// # Errors
/// The first defect of the text.
pub fn parse(
    path: &Path,
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Job, ConfigError> {
    let text = without_bom(text);
    let document = Document { path, text, keys: keys::TABLE };
    let written: root::Written = toml::from_str(text).map_err(|error| document.explain(&error))?;
    Resolver { document, env }.job(written)
}

/// The text without the BOM that editors on Windows leave, which is no part of TOML.
pub(super) fn without_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
