//! How data connections are opened, and when another way is tried.

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
    /// PASV, whose odd answer suppaftp does not understand.
    ByHand,
}

impl From<u8> for Passive {
    fn from(number: u8) -> Passive {
        match number {
            0 => Passive::Extended,
            1 => Passive::Classic,
            _ => Passive::ByHand,
        }
    }
}

/// The same in the words of suppaftp.
pub(super) fn mode(passive: Passive) -> Mode {
    match passive {
        Passive::Extended => Mode::ExtendedPassive,
        Passive::Classic | Passive::ByHand => Mode::Passive,
    }
}

/// The code of a reply to EPSV or PASV that leads nowhere: refused, or not understood (227 for an
/// answer that is no text).
pub(super) fn odd_reply(error: &FtpError) -> Option<u32> {
    match error {
        FtpError::UnexpectedResponse(response) => Some(reply::code(response))
            .filter(|code| matches!(code, 227 | 229 | 500 | 501 | 502 | 504 | 522)),
        FtpError::BadResponse => Some(227),
        _ => None,
    }
}
