//! What a server says, and what that means: replies made printable, faults classified.

use std::borrow::Cow;
use std::io::{self, ErrorKind};

use chrono::{DateTime, NaiveDateTime, Utc};
use encoding_rs::GB18030;
use rustls::AlertDescription;
use suppaftp::FtpError;
use suppaftp::types::Response;

use crate::config::job::Secret;
use crate::model::{Message, system_reason};
use crate::tls::{CertificateSummary, UntrustedCertificate, untrusted_reason};

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
/// that the server repeats is redacted, and no reply is longer than two hundred characters.
pub(super) fn text(response: &Response, secret: &Secret) -> String {
    let decoded = match std::str::from_utf8(&response.body) {
        Ok(text) => text.into(),
        Err(_) => GB18030.decode_without_bom_handling(&response.body).0,
    };
    printable(&decoded, &[secret.expose()])
}

/// A server's words, fit to show: control characters are escaped, secrets are redacted, and there
/// are no more than two hundred characters.
pub(super) fn printable(words: &str, secrets: &[&str]) -> String {
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

/// The number in a reply to SIZE.
pub(super) fn number(response: &Response) -> Option<u64> {
    runs_of_digits(response).next()?.parse().ok()
}

/// The time in a reply to MDTM, word for word: `20261124020000`, or with a fraction.
pub(super) fn stamp(response: &Response) -> Option<String> {
    let body = String::from_utf8_lossy(response.body.get(3..)?);
    let start = body.find(|c: char| c.is_ascii_digit())?;
    let digits = body[start..].split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    (digits.len() >= 14).then(|| digits.to_owned())
}

/// The time that such a stamp means.
pub(super) fn time(stamp: &str) -> Option<DateTime<Utc>> {
    let seconds = stamp.get(..14)?;
    NaiveDateTime::parse_from_str(seconds, "%Y%m%d%H%M%S").ok().map(|time| time.and_utc())
}

/// The port in a reply to PASV, however it is written: four numbers of an address and two of the
/// port are in it, with commas and perhaps spaces between, with parentheses or without, in any words.
pub(super) fn passive_port(response: &Response) -> Option<u16> {
    let body = response.body.get(3..)?;
    let at = body.iter().position(u8::is_ascii_digit)?;
    (at..body.len()).filter(|&at| at == 0 || !body[at - 1].is_ascii_digit()).find_map(|at| {
        let mut numbers = [0; 6];
        let mut rest = &body[at..];
        for (index, number) in numbers.iter_mut().enumerate() {
            if index > 0 {
                rest = rest.trim_ascii_start().strip_prefix(b",")?.trim_ascii_start();
            }
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            *number = std::str::from_utf8(&rest[..digits]).ok()?.parse::<u8>().ok()?;
            rest = &rest[digits..];
        }
        Some(u16::from_be_bytes([numbers[4], numbers[5]])).filter(|port| *port > 0)
    })
}

/// The numbers in a reply after its code.
fn runs_of_digits(response: &Response) -> impl Iterator<Item = &str> {
    let body = response.body.get(3..).unwrap_or_default();
    body.split(|byte| !byte.is_ascii_digit())
        .filter(|run| !run.is_empty())
        .filter_map(|run| std::str::from_utf8(run).ok())
}

/// Whether the server says that it takes no more connections: by code, or in words beside the code that
/// also means a wrong password.
pub(super) fn is_about_too_many(response: &Response) -> bool {
    match code(response) {
        421 => true,
        530 => says_too_many_connections(&text(response, &Secret::new(String::new()))),
        _ => false,
    }
}

/// Whether the text of a refused login is about the number of connections.
pub(super) fn says_too_many_connections(text: &str) -> bool {
    /// The words of vsftpd, proftpd, pure-ftpd, FileZilla Server, IIS and Serv-U, and Chinese ones.
    const WORDS: [&str; 8] =
        ["too many", "maximum", "limit", "already logged in", "过多", "超过", "上限", "最大"];
    /// `Too many authentication failures` of OpenSSH is of another kind, and so is a limit
    /// of wrong passwords: retrying after them locks an account.
    const OTHERS: [&str; 6] = ["auth", "fail", "attempt", "password", "失败", "密码"];
    let text = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|words| text.contains(words));
    has(&WORDS) && !has(&OTHERS)
}

/// Whether a server's words say that the account may not do something, and not that the thing is not there.
pub(super) fn says_no_permission(text: &str) -> bool {
    /// The words of OpenSSH, proftpd, pure-ftpd, FileZilla Server and IIS, and Chinese ones.
    const WORDS: [&str; 8] = [
        "permission denied",
        "access denied",
        "access is denied",
        "no permission",
        "not authorized",
        "拒绝访问",
        "没有权限",
        "权限不足",
    ];
    let text = text.to_lowercase();
    WORDS.iter().any(|words| text.contains(words))
}

/// Whether a server's words about a login without TLS say that it wants TLS.
pub(super) fn says_tls_is_required(text: &str) -> bool {
    /// The words of vsftpd, proftpd, pure-ftpd and FileZilla Server, and Chinese ones.
    const WORDS: [&str; 6] = ["encrypt", "tls", "ssl", "cleartext", "use auth", "加密"];
    let text = text.to_lowercase();
    WORDS.iter().any(|words| text.contains(words))
}

/// The reply, with the usual cause added.
pub(super) fn about_session_reuse(reply: Message) -> Message {
    Message::new(
        format!("{}；这通常与 TLS 会话重用（session reuse）有关", reply.zh),
        format!("{}; this is mostly about TLS session reuse", reply.en),
    )
}

/// TLS cannot be begun, and the library says why.
pub(super) fn tls_setup(reason: String) -> FetchError {
    FetchError::TlsSetup { reason: Message::new(format!("系统提示：{reason}"), reason) }
}

/// Classifies a fault during a session. `what` is the current file, or the server.
pub(super) fn fault(error: FtpError, server: &str, what: &str, secret: &Secret) -> FetchError {
    let interrupted = |reason| FetchError::Interrupted { what: what.to_owned(), reason };
    let protocol = |reply| FetchError::Protocol { server: server.to_owned(), reply };
    match error {
        FtpError::ConnectionError(error) => match tls_fault(&error, server) {
            Some(fault) => fault,
            None => interrupted(io_reason(&error)),
        },
        FtpError::SecureError(reason) => tls_setup(reason),
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

/// What TLS has to do with the fault of a connection, if it is for good.
pub(super) fn tls_fault(error: &io::Error, server: &str) -> Option<FetchError> {
    let server = server.to_owned();
    if let Some((reason, certificate)) = distrust(error) {
        return Some(FetchError::NotTrusted { server, reason, certificate });
    }
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        // They share no version or cipher, the server wants a certificate of ours, or no TLS speaks there.
        error @ (rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure
            | AlertDescription::ProtocolVersion
            | AlertDescription::InsufficientSecurity
            | AlertDescription::CertificateRequired
            | AlertDescription::AccessDenied
            | AlertDescription::UnrecognisedName,
        )) => Some(FetchError::TlsRefused { server, reply: error.to_string() }),
        _ => None,
    }
}

/// Why the connection failed, in words.
pub(super) fn io_reason(error: &io::Error) -> Message {
    if let Some(blocked) =
        error.get_ref().and_then(|inner| inner.downcast_ref::<super::data_blocked::DataBlocked>())
    {
        let reason = io_reason(&blocked.0);
        return Message::new(
            format!("数据连接无法建立：{}", reason.zh),
            format!("the data connection cannot be made: {}", reason.en),
        );
    }
    if let Some(late) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<super::data_blocked::NotConnectedBack>())
    {
        let address = late.announced;
        return Message::new(
            format!(
                "主动模式下服务器没有连到 {address}：请在防火墙放行 active_ports，并核对 active_address"
            ),
            format!(
                "in active mode the server did not connect to {address}: let active_ports pass the firewall, and check \
                 active_address"
            ),
        );
    }
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            Message::fixed("连接被服务器中断", "the server broke the connection")
        }
        _ => system_reason(error),
    }
}

/// The fault of a host whose addresses cannot be had: for good if the name service knows no such name, for now if the
/// service itself cannot be had.
pub(super) fn not_resolved(error: &io::Error, server: &str) -> FetchError {
    /// What the C libraries of Linux, Alpine and macOS say; the code behind it is not handed on.
    const UNKNOWN: [&str; 4] = [
        "Name or service not known",
        "No address associated with hostname",
        "Name does not resolve",
        "nodename nor servname provided",
    ];
    let server = server.to_owned();
    let words = error.to_string();
    if UNKNOWN.iter().any(|unknown| words.contains(unknown)) {
        return FetchError::UnknownHost { server };
    }
    let Message { zh, en } = system_reason(error);
    let reason = Message::new(
        format!("主机名暂时无法解析：{zh}"),
        format!("the host name does not resolve for now: {en}"),
    );
    FetchError::Unreachable { server, reason }
}

/// Why the server's certificate is not trusted, if that is what the fault is about.
fn distrust(error: &io::Error) -> Option<(Message, Option<Box<CertificateSummary>>)> {
    let tls = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    if !matches!(tls, rustls::Error::InvalidCertificate(_)) {
        return None;
    }
    Some(match UntrustedCertificate::of(tls) {
        Some(UntrustedCertificate { reason, certificate }) => {
            (reason.clone(), Some(Box::new(certificate.clone())))
        }
        None => (untrusted_reason(tls), None),
    })
}

#[cfg(test)]
mod tests {
    use suppaftp::Status;

    use super::*;

    #[test]
    fn server_replies_are_shown_without_secrets_and_control_characters() {
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
    fn unusual_pasv_replies_are_parsed() {
        for (body, port) in [
            (&b"227 Entering Passive Mode (10,255,255,1,216,4)."[..], Some(55300)),
            (b"227 =10,255,255,1,216,4", Some(55300)),
            (b"227 Passive 127, 0, 0, 1, 0, 21", Some(21)),
            (b"227 \xbd\xf8\xc8\xeb\xb1\xbb\xb6\xaf\xc4\xa3\xca\xbd 2 (1,2,3,4,0,21)", Some(21)),
            (b"227 (1,2,3,4,256,1)", None),
            (b"227 (1,2,3,4,0,0)", None),
            (b"227 nowhere", None),
            (b"227", None),
        ] {
            let response = Response::new(Status::PassiveMode, body.to_vec());
            assert_eq!(passive_port(&response), port, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn sizes_and_times_are_parsed_from_any_reply_text() {
        for (body, size, stamp_of) in [
            (&b"213 1234\r\n"[..], Some(1234), None),
            (b"213 \xb4\xf3\xd0\xa1 1234\r\n", Some(1234), None),
            (b"213 20261124020000\r\n", Some(20261124020000), Some("20261124020000")),
            (b"213 20261124020000.123\r\n", Some(20261124020000), Some("20261124020000.123")),
            (b"213 none\r\n", None, None),
        ] {
            let response = Response::new(Status::File, body.to_vec());
            assert_eq!(number(&response), size);
            assert_eq!(stamp(&response).as_deref(), stamp_of);
        }
        assert_eq!(time("20261124020000.123").unwrap().to_rfc3339(), "2026-11-24T02:00:00+00:00");
        assert_eq!(time("20261324020000"), None);
    }

    #[test]
    fn too_many_connections_is_distinguished_from_a_wrong_password() {
        for (body, too_many) in [
            (&b"421 Too many connections\r\n"[..], true),
            (b"530 Sorry, the maximum number of clients (1) is connected\r\n", true),
            (b"530 \xc1\xac\xbd\xd3\xca\xfd\xb9\xfd\xb6\xe0\r\n", true),
            (b"530 Login incorrect.\r\n", false),
            (b"530 Too many authentication failures\r\n", false),
            (b"530 Maximum login attempts exceeded\r\n", false),
        ] {
            let response = Response::new(Status::Unknown, body.to_vec());
            assert_eq!(is_about_too_many(&response), too_many);
        }
    }

    #[test]
    fn an_unknown_host_is_distinguished_from_a_name_service_that_is_down() {
        for (words, unknown) in [
            ("failed to lookup address information: Name or service not known", true),
            ("failed to lookup address information: No address associated with hostname", true),
            ("failed to lookup address information: Name does not resolve", true),
            ("failed to lookup address information: Temporary failure in name resolution", false),
            ("failed to lookup address information: Try again", false),
        ] {
            let fault = not_resolved(&io::Error::other(words), "x:21");
            assert_eq!(matches!(fault, FetchError::UnknownHost { .. }), unknown, "{fault}");
        }
        let silence = not_resolved(&ErrorKind::TimedOut.into(), "x:21");
        assert!(matches!(silence, FetchError::Unreachable { .. }), "{silence}");
    }

    #[test]
    fn a_missing_permission_is_distinguished_from_a_missing_file() {
        for (words, denied) in [
            ("550 /export: Permission denied", true),
            ("550 Access is denied. ", true),
            ("550 拒绝访问。", true),
            ("550 /export: No such file or directory", false),
            ("550 Failed to change directory.", false),
            ("550 The process cannot access the file because it is being used", false),
        ] {
            assert_eq!(says_no_permission(words), denied, "{words}");
        }
    }

    #[test]
    fn a_server_that_requires_tls_is_distinguished_from_a_wrong_password() {
        for (words, required) in [
            ("530 Non-anonymous sessions must use encryption.", true),
            ("550 SSL/TLS required on the control channel", true),
            ("421 Sorry, cleartext sessions are not accepted on this server.", true),
            ("503 Use AUTH first.", true),
            ("530 Login incorrect.", false),
            ("530 Login authentication failed", false),
        ] {
            assert_eq!(says_tls_is_required(words), required, "{words}");
        }
    }

    #[test]
    fn tls_alerts_that_no_waiting_cures_are_for_good() {
        let alert = |alert| io::Error::other(rustls::Error::AlertReceived(alert));
        for (error, for_good) in [
            (alert(AlertDescription::CertificateRequired), true),
            (alert(AlertDescription::ProtocolVersion), true),
            (alert(AlertDescription::InternalError), false),
        ] {
            assert_eq!(tls_fault(&error, "x:21").is_some(), for_good, "{error}");
        }
    }

    #[test]
    fn unknown_reply_codes_are_read_from_the_text() {
        assert_eq!(code(&Response::new(Status::Unknown, b"522 no\r\n".to_vec())), 522);
        assert_eq!(code(&Response::new(Status::NotLoggedIn, b"530 no\r\n".to_vec())), 530);
        assert_eq!(code(&Response::new(Status::Unknown, b"no".to_vec())), 0);
    }
}
