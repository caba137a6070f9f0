//! The names in the directory of an FTP session.

use suppaftp::{FtpError, RustlsFtpStream};

use super::data_mode::DataMode;

/// Most names of a directory that are looked at.
const MOST: usize = 10_000;

/// The bare names by NLST, which every server writes alike; `None` if it does not know that command, or data
/// connections are not those of suppaftp.
///
/// # Errors
/// If the connection breaks.
pub(super) fn names(
    stream: &mut RustlsFtpStream,
    mode: DataMode,
) -> Result<Option<Vec<String>>, FtpError> {
    if !matches!(mode, DataMode::Extended | DataMode::Classic) {
        return Ok(None);
    }
    match stream.nlst(None) {
        Ok(names) => {
            // Some put the directory before each name.
            let bare =
                |name: String| name.rsplit('/').next().map(|name| name.trim_end().to_owned());
            Ok(Some(names.into_iter().take(MOST).filter_map(bare).collect()))
        }
        Err(FtpError::ConnectionError(error)) => Err(FtpError::ConnectionError(error)),
        Err(_) => Ok(None),
    }
}
