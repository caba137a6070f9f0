//! HTTP as a client: one builder of clients, bounded reading of answers, and errors without secrets.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::redirect::Policy;

use crate::model::{Message, system_reason};
use crate::tls::{self, ShownCertificate, Trust, UntrustedCertificate};

/// Settings in which the users of HTTP differ.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClientSettings {
    /// How long a whole request may take; unbounded here if the caller bounds it.
    pub timeout: Option<Duration>,
    /// Whether connections are kept for the next request. A connection must not outlive the runtime that it was
    /// opened in.
    pub keep_connections: bool,
}

/// A client that trusts these certificates. It reads no proxy from the environment and follows no redirect: a `POST`
/// that is redirected becomes a `GET` elsewhere, and a secret in the address or in a header is for one server only.
///
/// # Errors
/// If TLS or the client cannot be set up, which would be a fault of the build.
pub fn client(trust: Trust, settings: ClientSettings) -> Result<reqwest::Client, String> {
    client_that_shows(trust, settings, ShownCertificate::default())
}

/// The same, which keeps the certificate that its server shows.
///
/// # Errors
/// As [`client`].
pub fn client_that_shows(
    trust: Trust,
    settings: ClientSettings,
    shown: ShownCertificate,
) -> Result<reqwest::Client, String> {
    let tls = tls::client_config_that_shows(trust, shown).map_err(|error| error.to_string())?;
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(Policy::none())
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
    if let Some(timeout) = settings.timeout {
        builder = builder.timeout(timeout);
    }
    if !settings.keep_connections {
        builder = builder.pool_max_idle_per_host(0);
    }
    builder.build().map_err(|error| error.to_string())
}

/// An absolute address of HTTP or HTTPS with a host; `None` for anything else.
pub fn url(text: &str) -> Option<reqwest::Url> {
    let url = reqwest::Url::parse(text).ok()?;
    (matches!(url.scheme(), "https" | "http") && url.host().is_some()).then_some(url)
}

/// The body of an answer, of which no more than about `limit` bytes are read.
///
/// # Errors
/// If the connection breaks.
pub async fn body(response: &mut reqwest::Response, limit: usize) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > limit {
            break;
        }
    }
    Ok(body)
}

/// Where an answer sends on to, as it may be shown: without the account, the query and the fragment, any of which may be a
/// secret. `None` if it sends nowhere.
pub fn redirection(response: &reqwest::Response) -> Option<String> {
    let to = response.headers().get(LOCATION)?;
    let to = to.to_str().ok().and_then(|to| response.url().join(to).ok());
    Some(to.map_or_else(|| "?".to_owned(), without_secrets))
}

/// An address without the parts that may hold secrets.
fn without_secrets(mut url: reqwest::Url) -> String {
    url.set_query(None);
    url.set_fragment(None);
    // Only addresses that have no host, and so no account, refuse.
    _ = url.set_username("");
    _ = url.set_password(None);
    url.to_string()
}

/// Why a request failed. The address is left out, as it may hold a secret.
pub fn reason(error: reqwest::Error) -> Message {
    let timed_out = error.is_timeout();
    let error = error.without_url();
    // The outermost text is always the same; the reason is the innermost source.
    let mut reason = error.to_string();
    let mut chinese = None;
    let mut source = error.source();
    while let Some(inner) = source {
        reason = inner.to_string();
        chinese = inner.downcast_ref::<std::io::Error>().map(|error| system_reason(error).zh);
        source = inner.source();
    }
    let zh = match chinese {
        // The resolver has no kind of error of its own.
        _ if reason.starts_with("failed to lookup address") => "域名无法解析".into(),
        Some(chinese) => chinese,
        None if timed_out => "响应超时".into(),
        None => format!("响应不符合 HTTP 协议：{reason}").into(),
    };
    Message::new(zh, reason)
}

/// The certificate that a request failed for, if that is why it failed.
pub fn untrusted(error: &reqwest::Error) -> Option<&UntrustedCertificate> {
    let mut source = error.source();
    while let Some(inner) = source {
        // rustls stands within errors of I/O, whose `source` leaves out what they hold.
        let mut held = Some(inner);
        while let Some(error) = held {
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                return UntrustedCertificate::of(tls);
            }
            let io = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            held = io.map(|inner| inner as &(dyn std::error::Error + 'static));
        }
        source = inner.source();
    }
    None
}

/// Whether the other side closed an open connection without an answer.
pub fn hung_up(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    let ends = [BrokenPipe, ConnectionReset, UnexpectedEof];
    if error.is_connect() {
        return false;
    }
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.downcast_ref().is_some_and(hyper::Error::is_incomplete_message)
            || inner.downcast_ref().is_some_and(|io: &std::io::Error| ends.contains(&io.kind()))
        {
            return true;
        }
        source = inner.source();
    }
    false
}

/// A runtime for requests made from a thread that has none.
///
/// # Errors
/// If the system gives no resources for it.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason_of(url: &str) -> Message {
        let client = client(Trust::PublicRoots, ClientSettings::default()).unwrap();
        let runtime = runtime().unwrap();
        reason(runtime.block_on(client.get(url).send()).unwrap_err())
    }

    #[test]
    fn an_address_is_shown_without_account_query_and_fragment() {
        for (address, shown) in [
            ("https://user:pa55@x.example.com/a?token=t#f", "https://x.example.com/a"),
            ("https://pa55@x.example.com", "https://x.example.com/"),
            ("mailto:pa55@example.com?x=y", "mailto:pa55@example.com"),
        ] {
            assert_eq!(without_secrets(reqwest::Url::parse(address).unwrap()), shown);
        }
    }

    #[test]
    fn a_request_that_fails_is_explained_in_chinese() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(reason_of(&format!("http://{closed}/")).zh, "连接被拒绝");
        assert_eq!(reason_of("http://no-such-host.invalid/").zh, "域名无法解析");
    }
}
