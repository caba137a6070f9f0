//! The ways to open a data connection, and the replies after which another is tried.

use suppaftp::{FtpError, Mode};

use crate::fetch::reply;

/// How to open data connections. Active mode is not among them: it needs a port open to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::fetch) enum Passive {
    /// EPSV, which carries no address that could be wrong.
    Extended,
    /// PASV, of whose answer only the port is used.
    Classic,
    /// PASV, whose answer suppaftp cannot read: we find the port in it ourselves.
    Lenient,
}

impl From<u8> for Passive {
    fn from(number: u8) -> Passive {
        match number {
            0 => Passive::Extended,
            1 => Passive::Classic,
            _ => Passive::Lenient,
        }
    }
}

/// The mode of suppaftp for it.
pub(super) fn mode(passive: Passive) -> Mode {
    match passive {
        Passive::Extended => Mode::ExtendedPassive,
        Passive::Classic | Passive::Lenient => Mode::Passive,
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
