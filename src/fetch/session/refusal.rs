//! The errors of a server that refuses a connection or a login.

use suppaftp::types::Response;
use suppaftp::{FtpError, RustlsFtpStream, Status};

use crate::config::job::{NameEncoding, Secret, Tls};
use crate::fetch::{FetchError, reply};
use crate::model::Message;

use super::account::Account;
use super::active;
use super::data_mode::DataMode;

/// The text of a reply, the same in both languages.
pub(super) fn reply_message(response: &Response, secret: &Secret) -> Message {
    let words = reply::text(response, secret);
    Message::new(words.clone(), words)
}

/// A server that accepts a connection and then sends no greeting, or a negative one, counts
/// as out of reach.
pub(super) fn greeting_error(error: FtpError, server: &str, secret: &Secret) -> FetchError {
    let reason = match error {
        FtpError::ConnectionError(error) => match reply::tls_fault(&error, server) {
            Some(fault) => return fault,
            None => reply::io_reason(&error),
        },
        FtpError::UnexpectedResponse(response) if reply::is_about_too_many(&response) => {
            let reply = reply::text(&response, secret);
            return FetchError::TooManyConnections { server: server.to_owned(), reply };
        }
        FtpError::UnexpectedResponse(response) => reply_message(&response, secret),
        FtpError::SecureError(reason) => return reply::tls_setup(reason),
        _ => Message::fixed("该端口上的服务不是 FTP", "what answers is no FTP server"),
    };
    FetchError::Unreachable { server: server.to_owned(), reason }
}

/// Why a login failed: the server wants TLS, too many are there already, the account is refused, or the connection
/// broke.
pub(super) fn login_error(error: FtpError, account: Account<'_>, server: &str) -> FetchError {
    match error {
        FtpError::UnexpectedResponse(response)
            if matches!(account.source.tls, Tls::Plain)
                && reply::says_tls_is_required(&reply::text(&response, account.password)) =>
        {
            let reply = reply::text(&response, account.password);
            FetchError::TlsRequired { server: server.to_owned(), reply }
        }
        FtpError::UnexpectedResponse(response) if reply::is_about_too_many(&response) => {
            let reply = reply::text(&response, account.password);
            FetchError::TooManyConnections { server: server.to_owned(), reply }
        }
        FtpError::UnexpectedResponse(response) if !is_transient(&response) => {
            let reply = reply::text(&response, account.password);
            let username = account.source.username.clone();
            let ascii = username.is_ascii() && account.password.expose().is_ascii();
            let gbk_untried = !ascii && account.source.encoding != NameEncoding::Gb18030;
            FetchError::LoginRefused { server: server.to_owned(), username, reply, gbk_untried }
        }
        error => reply::fault(error, server, server, account.password),
    }
}

fn is_transient(response: &Response) -> bool {
    let code = reply::code(response);
    // 430 is "invalid user name or password" in spite of its first digit.
    (400..=499).contains(&code) && code != 430
}

/// The fault if a server refuses the way in which data connections are opened, and not the file: some refuse both by
/// the same code, so the command that opens one is asked by itself.
pub(super) fn of_data_mode(
    stream: &mut RustlsFtpStream,
    mode: DataMode,
    account: Account<'_>,
) -> Result<Option<FetchError>, FetchError> {
    let server = account.server();
    let fault = |error| reply::fault(error, &server, &server, account.password);
    let active = mode == DataMode::Active;
    let asked = if active {
        let local = stream.get_ref().local_addr();
        let port = local
            .and_then(|local| active::open_port(&account.source.data_connections, local.ip()))
            .map_err(|error| fault(FtpError::ConnectionError(error)))?;
        stream.custom_command(&port.command, &[Status::CommandOk])
    } else {
        stream.custom_command("PASV", &[Status::PassiveMode])
    };
    match asked {
        Err(FtpError::UnexpectedResponse(response)) if reply::code(&response) >= 500 => {
            let reply = reply::text(&response, account.password);
            Ok(Some(FetchError::DataModeRefused { server, reply, active }))
        }
        Ok(_) | Err(FtpError::UnexpectedResponse(_)) => Ok(None),
        Err(error) => Err(fault(error)),
    }
}

/// Why data that came over TLS may be cut off.
pub(super) fn no_close_notify() -> Message {
    Message::fixed(
        "服务器关闭 TLS 数据连接时没有发送 close_notify，与被截断无法区分；若该服务器总是如此，请在 tls 中设置 allow_missing_close_notify = true",
        "the TLS data connection ended without close_notify, as a cut-off one does; if this \
             server always does so, set allow_missing_close_notify = true in tls",
    )
}

/// Why the directory cannot be entered: many servers say only that it cannot.
pub(super) fn of_directory(
    stream: &mut RustlsFtpStream,
    response: &Response,
    account: Account<'_>,
) -> FetchError {
    let place = account.place;
    let reply = reply::text(response, account.password);
    if reply::says_no_permission(&reply) {
        return FetchError::NoPermission { what: place.to_owned(), reply };
    }
    // Only a file has a size, for most servers; those for which a directory has one too have entered it.
    let size = format!("SIZE {}", account.directory);
    match stream.custom_command(size, &[Status::File]) {
        Ok(_) => FetchError::NotAFolder { path: place.into() },
        Err(FtpError::UnexpectedResponse(_)) => {
            FetchError::NothingThere { place: place.to_owned(), near: Vec::new() }
        }
        Err(error) => reply::fault(error, &account.server(), place, account.password),
    }
}
