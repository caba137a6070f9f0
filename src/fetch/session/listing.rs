//! The names in the directory of an FTP session.

use suppaftp::{FtpError, RustlsFtpStream};

use super::data_mode::DataMode;

/// Most names of a directory that are looked at.
const MOST: usize = 10_000;

/// The bare names by NLST, which every server writes alike; `None` where data connections are not those of suppaftp.
///
/// # Errors
/// If the connection breaks, or the server refuses the command or the data connection.
pub(super) fn names(
    stream: &mut RustlsFtpStream,
    mode: DataMode,
) -> Result<Option<Vec<String>>, FtpError> {
    if !matches!(mode, DataMode::Extended | DataMode::Classic) {
        return Ok(None);
    }
    // Some put the directory before each name.
    let bare = |name: String| name.rsplit('/').next().map(|name| name.trim_end().to_owned());
    Ok(Some(stream.nlst(None)?.into_iter().take(MOST).filter_map(bare).collect()))
}
