//! The ways to open a data connection, and the replies after which another is tried.

use suppaftp::{FtpError, Mode};

use crate::fetch::reply;

/// How to open data connections. Active mode is never tried by itself: it needs a port open to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::fetch) enum DataMode {
    /// EPSV, which carries no address that could be wrong.
    Extended,
    /// PASV, of whose answer only the port is used.
    Classic,
    /// PASV, whose answer suppaftp cannot read: we find the port in it ourselves.
    Lenient,
    /// PORT or EPRT: the server connects to us.
    Active,
}

impl From<u8> for DataMode {
    fn from(number: u8) -> DataMode {
        match number {
            0 => DataMode::Extended,
            1 => DataMode::Classic,
            2 => DataMode::Lenient,
            _ => DataMode::Active,
        }
    }
}

/// The mode of suppaftp for it.
pub(super) fn mode(data_mode: DataMode) -> Mode {
    match data_mode {
        DataMode::Extended => Mode::ExtendedPassive,
        DataMode::Classic | DataMode::Lenient => Mode::Passive,
        // Not used: we open these connections ourselves.
        DataMode::Active => Mode::Active,
    }
}

/// The code of a reply to EPSV or PASV after which the next way is tried: a refusal, or a reply that cannot be
/// read (227 for one that is no text).
pub(super) fn passive_error_code(error: &FtpError) -> Option<u32> {
    match error {
        FtpError::UnexpectedResponse(response) => Some(reply::code(response))
            .filter(|code| matches!(code, 227 | 229 | 500 | 501 | 502 | 504 | 522)),
        FtpError::BadResponse => Some(227),
        _ => None,
    }
}
