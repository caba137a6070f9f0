//! One request and its answer, bounded in bytes; how it failed, without its address.

use std::error::Error as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, DATE};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http::{self, ClientSettings};
use crate::model::{Message, json_reason};
use crate::tls::Trust;

use super::call::Call;
use super::error::Fault;
use super::not_empty::EMPTY;
use super::null::null_as_default;

/// Characters of what a server says of an error that are kept.
const LONGEST_SAYING: usize = 200;

/// Sends requests.
#[derive(Debug)]
pub(super) struct Transport {
    http: reqwest::Client,
}

/// A request.
pub(super) struct Request<'a> {
    pub(super) call: Call,
    /// The server's address, without a slash at its end.
    pub(super) base: &'a str,
    /// The parameters; their values may be secrets.
    pub(super) query: &'a [(&'a str, &'a str)],
    /// JSON to post; a request without it is a `GET`.
    pub(super) body: Option<&'a serde_json::Value>,
    pub(super) timeout: Duration,
}

/// An answer.
pub(super) struct Answer {
    bytes: Vec<u8>,
    /// The time at the server.
    pub(super) date: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    errcode: i64,
    #[serde(default, deserialize_with = "null_as_default")]
    errmsg: String,
}

impl Transport {
    pub(super) fn new(trust: Trust) -> Result<Transport, Fault> {
        let settings = ClientSettings { timeout: None, keep_connections: true };
        let http = http::client(trust, settings).map_err(|reason| Fault::Setup { reason })?;
        Ok(Transport { http })
    }

    /// Sends a request, and returns what came of it unless the HTTP server refused.
    pub(super) async fn send(&self, request: &Request<'_>) -> Result<Answer, Fault> {
        let address = format!("{}/cgi-bin/{}", request.base, request.call);
        let mut url = http::url(&address)
            .ok_or_else(|| Fault::Setup { reason: format!("{} is no address", request.base) })?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        let builder = match request.body {
            None => self.http.get(url),
            Some(body) => self
                .http
                .post(url)
                .header(CONTENT_TYPE, "application/json; charset=utf-8")
                .body(body.to_string()),
        };
        let answer = answer(builder, request.call.longest_answer());
        tokio::time::timeout(request.timeout, answer).await.unwrap_or(Err(Fault::TimedOut))
    }
}

async fn answer(builder: reqwest::RequestBuilder, longest: usize) -> Result<Answer, Fault> {
    let mut response = builder.send().await.map_err(failure)?;
    let status = response.status();
    if !status.is_success() {
        return Err(Fault::Status(status.as_u16()));
    }
    let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let bytes = http::body(&mut response, longest).await.map_err(failure)?;
    match bytes.len() > longest {
        true => Err(Fault::TooLong),
        false => Ok(Answer { bytes, date: date.map(|date| date.to_utc()) }),
    }
}

impl Answer {
    /// The content, if the answer reports success. `sensitive` is what must not be repeated of an error's text.
    pub(super) fn content<T: DeserializeOwned>(&self, sensitive: &[&str]) -> Result<T, Fault> {
        let status: Status = self.parsed()?;
        match status.errcode {
            0 => self.parsed(),
            code => Err(Fault::Code {
                code,
                ip: ip_in(&status.errmsg),
                said: repeatable(&status.errmsg, sensitive),
            }),
        }
    }

    fn parsed<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let malformed = |error: &serde_json::Error| Fault::Malformed { reason: json_reason(error) };
        let mut json = serde_json::Deserializer::from_slice(&self.bytes);
        let content = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            match error.inner().classify() {
                serde_json::error::Category::Data => Fault::Undocumented { field: unfit(&error) },
                _ => malformed(error.inner()),
            }
        })?;
        json.end().map_err(|error| malformed(&error))?;
        Ok(content)
    }
}

/// Which field of an answer is not as documented. The text of such an error repeats the value that does not fit, which
/// may be a token: only the name of a missing field is taken from it.
fn unfit(error: &serde_path_to_error::Error<serde_json::Error>) -> Message {
    let path = error.path().to_string();
    let text = error.inner().to_string();
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let is_root = path == ".";
    match missing {
        Some(field) => {
            let field = if is_root { field.to_owned() } else { format!("{path}.{field}") };
            Message::new(format!("缺少字段 {field}"), format!("it lacks the field {field}"))
        }
        None if text.starts_with(EMPTY) => {
            Message::new(format!("字段 {path} 为空"), format!("the field {path} is empty"))
        }
        None if is_root => Message::fixed("不是 JSON 对象", "it is no JSON object"),
        None => Message::new(
            format!("字段 {path} 的类型不符"),
            format!("the field {path} is of another type"),
        ),
    }
}

/// What a server says of an error, as far as it may be repeated: one short line without the secrets of the request.
fn repeatable(said: &str, sensitive: &[&str]) -> String {
    let mut text = said.to_owned();
    for secret in sensitive.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "***");
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_SAYING).collect()
}

/// The address of the caller, which the text of 60020 and 40164 has: `from ip: 203.0.113.7` or
/// `invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7`.
fn ip_in(said: &str) -> Option<String> {
    let words = said.split(|c: char| c.is_whitespace() || c == ',' || c == ';');
    let mut ips =
        words.filter_map(|word| word.trim_end_matches('.').parse::<std::net::IpAddr>().ok());
    ips.next().map(|ip| ip.to_string())
}

/// Why a request failed.
fn failure(error: reqwest::Error) -> Fault {
    if error.is_timeout() {
        return Fault::TimedOut;
    }
    if let Some(untrusted) = http::untrusted(&error) {
        let certificate = untrusted.certificate.to_string();
        return Fault::NotTrusted { reason: untrusted.reason.clone(), certificate };
    }
    let broken = error.is_body() || error.is_decode() || cut_off(&error);
    match broken {
        true => Fault::CutOff,
        false => Fault::Unreachable { reason: http::reason(error) },
    }
}

/// Whether the connection ended before the answer did.
fn cut_off(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    let mut source = error.source();
    while let Some(inner) = source {
        let ends = [BrokenPipe, ConnectionReset, UnexpectedEof];
        let io = inner.downcast_ref().is_some_and(|io: &std::io::Error| ends.contains(&io.kind()));
        if !error.is_connect()
            && (io || inner.downcast_ref().is_some_and(hyper::Error::is_incomplete_message))
        {
            return true;
        }
        source = inner.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_address_is_found_in_what_the_server_says() {
        for (said, ip) in [
            (
                "not allow to access from your ip, hint: [1534], from ip: 203.0.113.7, more info at https://x",
                Some("203.0.113.7"),
            ),
            (
                "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist",
                Some("203.0.113.7"),
            ),
            ("not allow to access from your ip, from ip: 2001:db8::7.", Some("2001:db8::7")),
            ("ok", None),
            ("version 1.2.3", None),
        ] {
            assert_eq!(ip_in(said).as_deref(), ip, "{said}");
        }
    }

    #[test]
    fn what_a_server_says_is_repeated_without_secrets_on_one_short_line() {
        let said = format!("bad token T0KEN\r\nfor\u{7} T0KEN {}", "x".repeat(500));
        let repeated = repeatable(&said, &["T0KEN", ""]);
        assert!(repeated.starts_with("bad token ***  for  *** x"), "{repeated}");
        assert_eq!(repeated.chars().count(), LONGEST_SAYING);
    }

    #[test]
    fn an_answer_is_content_an_error_or_malformed() {
        #[derive(Debug, Deserialize)]
        struct Content {
            access_token: String,
        }
        let content = |text: &str| {
            let answer = Answer { bytes: text.as_bytes().to_vec(), date: None };
            answer.content::<Content>(&["c0nfidential"]).map(|content| content.access_token)
        };
        assert_eq!(
            content(r#"{"errcode":0,"errmsg":"ok","access_token":"t"}"#),
            Ok("t".to_owned())
        );
        assert_eq!(content(r#"{"errmsg":null,"access_token":"t"}"#), Ok("t".to_owned()));
        let code = Fault::Code { code: 40013, said: "no ***".to_owned(), ip: None };
        assert_eq!(content(r#"{"errcode":40013,"errmsg":"no c0nfidential"}"#), Err(code));
        for text in [
            "",
            "<html>login</html>",
            "{\"errcode\":0",
            "{\"errcode\":0,\"errmsg\":\"ok\"}\u{0}",
            "{\"access_token\":\"c0nfidential\"} {",
        ] {
            let fault = content(text).unwrap_err();
            assert!(matches!(fault, Fault::Malformed { .. }), "{text}: {fault:?}");
            assert!(!format!("{fault:?}").contains("c0nfidential"), "{fault:?}");
        }
        // JSON, but not that of the documents: the field is named, and its value is not.
        for (text, field) in [
            ("[]", "it is no JSON object"),
            ("null", "it is no JSON object"),
            ("{}", "it lacks the field access_token"),
            ("{\"errcode\":0,\"access_token\":7}", "the field access_token is of another type"),
            ("{\"errcode\":\"c0nfidential\"}", "the field errcode is of another type"),
        ] {
            match content(text) {
                Err(Fault::Undocumented { field: told }) => assert_eq!(told.en, field, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
