//! What a server says, and what that means: replies made fit to show, faults told apart.

use std::borrow::Cow;
use std::error::Error;
use std::io::{self, ErrorKind};

use encoding_rs::GB18030;
use suppaftp::FtpError;
use suppaftp::types::Response;

use crate::config::job::Secret;
use crate::model::Message;

use super::FetchError;

/// The three digits of a reply. suppaftp knows some codes only as unknown.
pub(super) fn code(response: &Response) -> u32 {
    match response.status.code() {
        0 => String::from_utf8_lossy(response.body.get(..3).unwrap_or_default())
            .parse()
            .unwrap_or_default(),
        code => code,
    }
}

/// The words of a reply, fit to show: GBK is read as such, control characters are escaped, a password
/// that the server repeats is blotted out, and no reply is longer than two hundred characters.
pub(super) fn text(response: &Response, secret: &Secret) -> String {
    let decoded = match std::str::from_utf8(&response.body) {
        Ok(text) => text.into(),
        Err(_) => GB18030.decode_without_bom_handling(&response.body).0,
    };
    fit_to_show(&decoded, &[secret.expose()])
}

/// A server's words, fit to show: control characters are escaped, secrets are blotted out, and there
/// are no more than two hundred characters.
pub(super) fn fit_to_show(words: &str, secrets: &[&str]) -> String {
    const LONGEST: usize = 200;
    let mut safe = Cow::Borrowed(words);
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        safe = safe.replace(secret, "***").into();
    }
    let mut shown = String::new();
    for c in safe.trim().chars().take(LONGEST) {
        match c {
            '\r' => {}
            '\n' => shown.push_str(" / "),
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

/// Tells a fault during a session apart. `what` is the file at hand, or the server.
pub(super) fn fault(error: FtpError, server: &str, what: &str, secret: &Secret) -> FetchError {
    let interrupted = |reason| FetchError::Interrupted { what: what.to_owned(), reason };
    let protocol = |reply| FetchError::Protocol { server: server.to_owned(), reply };
    match error {
        FtpError::ConnectionError(error) => match distrust(&error) {
            Some(reason) => FetchError::NotTrusted { server: server.to_owned(), reason },
            None => interrupted(io_reason(&error)),
        },
        FtpError::SecureError(reason) => FetchError::TlsSetup { reason },
        FtpError::UnexpectedResponse(response) => {
            let words = text(&response, secret);
            match code(&response) {
                // Said on a data connection that does not resume the control connection's session.
                522 => protocol(format!("{words}; this is about TLS session reuse")),
                400..=499 => interrupted(Message::new(words.clone(), words)),
                _ => protocol(words),
            }
        }
        FtpError::BadResponse => protocol("an answer that is no FTP reply".to_owned()),
        FtpError::InvalidAddress(error) => protocol(error.to_string()),
        FtpError::DataConnectionAlreadyOpen => protocol("a transfer is still open".to_owned()),
    }
}

/// Why the connection failed, in words.
pub(super) fn io_reason(error: &io::Error) -> Message {
    match error.kind() {
        // Linux reports a timeout of a blocking socket as the former.
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            Message::fixed("超时无应答", "no answer within the timeout")
        }
        ErrorKind::ConnectionRefused => Message::fixed("连接被拒绝", "connection refused"),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            Message::fixed("连接被服务器中断", "the server broke the connection")
        }
        _ => Message::new(error.to_string(), error.to_string()),
    }
}

/// Why the server's certificate is not trusted, if that is what the fault is about.
fn distrust(error: &io::Error) -> Option<Message> {
    let tls = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(reason) = tls else { return None };
    let words = match reason {
        rustls::CertificateError::Other(other) => {
            other.source().map_or_else(|| other.0.to_string(), ToString::to_string)
        }
        reason => reason.to_string(),
    };
    Some(Message::new(words.clone(), words))
}

#[cfg(test)]
mod tests {
    use suppaftp::Status;

    use super::*;

    #[test]
    fn replies_are_fit_to_show() {
        let secret = Secret::new("hunter2".to_owned());
        for (body, shown) in [
            (&b"530 Login incorrect.\r\n"[..], "530 Login incorrect."),
            (b"530 \xb5\xc7\xc2\xbc\xca\xa7\xb0\xdc\r\n", "530 登录失败"),
            (b"530 PASS hunter2 is wrong\r\n", "530 PASS *** is wrong"),
            (b"530-one\r\n530 \x1b[31mtwo\r\n", "530-one / 530 \\u{1b}[31mtwo"),
        ] {
            assert_eq!(text(&Response::new(Status::NotLoggedIn, body.to_vec()), &secret), shown);
        }
    }

    #[test]
    fn unknown_codes_are_read_from_the_reply() {
        assert_eq!(code(&Response::new(Status::Unknown, b"522 no\r\n".to_vec())), 522);
        assert_eq!(code(&Response::new(Status::NotLoggedIn, b"530 no\r\n".to_vec())), 530);
        assert_eq!(code(&Response::new(Status::Unknown, b"no".to_vec())), 0);
    }
}
