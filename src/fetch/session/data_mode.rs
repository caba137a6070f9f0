//! The ways to open a data connection, and the replies after which another is tried.

use suppaftp::{FtpError, Mode, RustlsFtpStream, Status};

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

/// What a data connection is opened for.
#[derive(Debug, Clone, Copy)]
pub(super) enum DataCommand<'n> {
    /// A file comes, from an offset on.
    Retrieve { name: &'n str, offset: u64 },
    /// A file goes.
    Store { name: &'n str },
    /// The names in the directory come.
    List,
}

impl DataCommand<'_> {
    /// The commands to send one by one before the data, with their replies.
    pub(super) fn send(self, stream: &mut RustlsFtpStream) -> Result<(), FtpError> {
        let begins = [Status::AlreadyOpen, Status::AboutToSend];
        match self {
            DataCommand::Retrieve { name, offset } => {
                if offset > 0 {
                    let rest = format!("REST {offset}");
                    stream.custom_command(rest, &[Status::RequestFilePending])?;
                }
                stream.custom_command(format!("RETR {name}"), &begins)?;
            }
            DataCommand::Store { name } => {
                stream.custom_command(format!("STOR {name}"), &begins)?;
            }
            DataCommand::List => _ = stream.custom_command("NLST", &begins)?,
        }
        Ok(())
    }
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

/// The way to try next after the error of a transfer or a listing: after a refusal of EPSV or PASV, or a reply to one
/// that cannot be read. `None` if the error is about something else.
pub(super) fn next(data_mode: DataMode, error: &FtpError) -> Option<DataMode> {
    // 227 for a reply that is no text.
    let code = match error {
        FtpError::UnexpectedResponse(response) => Some(reply::code(response))
            .filter(|code| matches!(code, 227 | 229 | 500 | 501 | 502 | 504 | 522)),
        FtpError::BadResponse => Some(227),
        _ => None,
    };
    match (data_mode, code?) {
        (DataMode::Extended, _) => Some(DataMode::Classic),
        (DataMode::Classic, 227) => Some(DataMode::Lenient),
        _ => None,
    }
}
