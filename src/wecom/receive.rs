//! From a request's query and body to the text that WeCom wrote, or to the reason why it is none.
//!
//! The order matters: the signature is checked before anything is decrypted, and the receive id before anything is
//! believed. Timestamps are passed to the caller but bound to no window: WeCom sends again what was not acknowledged,
//! documents no spacing, and a repeated event is stored once anyway.
//!
//! This file, `crypto` and `envelope` import nothing but each other, so that the fuzz target builds them alone.

use super::crypto::{Credentials, DecryptFault, Opened};
use super::envelope::{self, EnvelopeFault};

/// Bytes that a body may have.
pub const MAX_BODY: usize = 1 << 20;

/// Bytes that each value of the query may have; WeCom's are shorter than 200.
const MAX_VALUE: usize = 4_096;

/// What is needed to receive the callbacks of one application.
#[derive(Debug, Clone)]
pub struct Account {
    /// The token and the key.
    pub credentials: Credentials,
    /// The receive ids that are right: the corp id, and what else the job file allows.
    pub receive_ids: Vec<String>,
}

/// A text that was verified and decrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The text and whom it is for.
    pub opened: Opened,
    /// The receive id as text.
    pub receive_id: String,
    /// `timestamp`, in seconds since 1970; none if it is no number.
    pub timestamp: Option<i64>,
    /// `nonce`.
    pub nonce: String,
}

/// Why a request is not taken. From outside all of them look the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The query has a broken percent sequence, or one that is not UTF-8.
    #[error("the query is not well-formed")]
    Query,
    /// A parameter that is needed is not there, is empty or is too long.
    #[error("the query has no usable {0}")]
    Missing(&'static str),
    /// A parameter that is needed is there twice.
    #[error("the query has {0} more than once")]
    Several(&'static str),
    /// The body holds no one ciphertext.
    #[error(transparent)]
    Envelope(#[from] EnvelopeFault),
    /// The signature is not that of the token.
    #[error("the signature is wrong")]
    Signature,
    /// The ciphertext does not open.
    #[error(transparent)]
    Decrypt(#[from] DecryptFault),
    /// The text is for someone else: for whom, as far as that is text.
    #[error("the receive id is not one of this application's")]
    ReceiveId(String),
    /// The text within brings a DOCTYPE.
    #[error("the decrypted text has a DOCTYPE")]
    Doctype,
}

/// Answers the check of an address: the text to send back, from `echostr` (document 90930).
///
/// # Errors
/// Why the request is refused.
pub fn verification(query: &str, account: &Account) -> Result<Received, Refusal> {
    let query = Query::parse(query)?;
    let echo = one(query.echo.as_deref(), "echostr")?;
    query.open(echo, account)
}

/// Takes a callback: the decrypted text of its body.
///
/// # Errors
/// Why the request is refused.
pub fn callback(query: &str, body: &[u8], account: &Account) -> Result<Received, Refusal> {
    let query = Query::parse(query)?;
    let encrypted = envelope::encrypted(body)?;
    let received = query.open(&encrypted, account)?;
    if envelope::has_doctype(&received.opened.message) {
        return Err(Refusal::Doctype);
    }
    Ok(received)
}

/// The parameters of a request, decoded once.
#[derive(Debug, Default)]
struct Query {
    signature: Option<String>,
    timestamp: Option<String>,
    nonce: Option<String>,
    echo: Option<String>,
}

impl Query {
    /// Reads the four parameters; others are left alone.
    fn parse(text: &str) -> Result<Query, Refusal> {
        let mut query = Query::default();
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (slot, name) = match decoded(name)?.as_str() {
                "msg_signature" => (&mut query.signature, "msg_signature"),
                "timestamp" => (&mut query.timestamp, "timestamp"),
                "nonce" => (&mut query.nonce, "nonce"),
                "echostr" => (&mut query.echo, "echostr"),
                _ => continue,
            };
            if slot.is_some() {
                return Err(Refusal::Several(name));
            }
            *slot = Some(decoded(value)?);
        }
        // A proxy that decodes and encodes again makes a space of a plus; Base64 has no spaces.
        query.echo = query.echo.map(|echo| echo.replace(' ', "+"));
        Ok(query)
    }

    /// Checks the signature, then opens, then looks whom it is for.
    fn open(&self, encrypted: &str, account: &Account) -> Result<Received, Refusal> {
        let signature = one(self.signature.as_deref(), "msg_signature")?;
        let timestamp = one(self.timestamp.as_deref(), "timestamp")?;
        let nonce = one(self.nonce.as_deref(), "nonce")?;
        if !account.credentials.is_signed(signature, timestamp, nonce, encrypted) {
            return Err(Refusal::Signature);
        }
        let opened = account.credentials.decrypt(encrypted)?;
        let receive_id =
            account.receive_ids.iter().find(|id| id.as_bytes() == opened.receive_id).ok_or_else(
                || Refusal::ReceiveId(String::from_utf8_lossy(&opened.receive_id).into_owned()),
            )?;
        Ok(Received {
            receive_id: receive_id.clone(),
            timestamp: timestamp.parse().ok(),
            nonce: nonce.to_owned(),
            opened,
        })
    }
}

/// A parameter that must be there.
fn one<'a>(value: Option<&'a str>, name: &'static str) -> Result<&'a str, Refusal> {
    value.filter(|value| (1..=MAX_VALUE).contains(&value.len())).ok_or(Refusal::Missing(name))
}

/// Decodes percent sequences, once. A plus stays a plus: no value of these has spaces, and Base64 has pluses.
fn decoded(text: &str) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, tail @ ..] = rest else { return Err(Refusal::Query) };
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(Refusal::Query);
        // Two hex digits are below 256.
        bytes.push((digit(*high)? * 16 + digit(*low)?) as u8);
        rest = tail;
    }
    String::from_utf8(bytes).map_err(|_| Refusal::Query)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        let key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
        let credentials = Credentials::new("QDG6eK", key).unwrap();
        Account { credentials, receive_ids: vec!["corp".to_owned(), String::new()] }
    }

    #[test]
    fn percent_sequences_are_decoded_once() {
        for (text, expected) in [
            ("abc", Ok("abc")),
            ("%2B%2f%3D", Ok("+/=")),
            ("a+b", Ok("a+b")),
            ("%252B", Ok("%2B")),
            ("%E4%BD%A0", Ok("你")),
            ("", Ok("")),
            ("%", Err(Refusal::Query)),
            ("%2", Err(Refusal::Query)),
            ("%zz", Err(Refusal::Query)),
            ("%+1", Err(Refusal::Query)),
            ("%ff", Err(Refusal::Query)),
        ] {
            assert_eq!(decoded(text).as_deref(), expected.as_ref().copied(), "{text}");
        }
    }

    #[test]
    fn query_parameters_are_read_and_malformed_ones_refused() {
        let account = account();
        let sealed = account.credentials.encrypt([3; 16], b"12345", "corp");
        let signature = account.credentials.signature("1409659589", "263014780", &sealed);
        let other = account.credentials.encrypt([3; 16], b"12345", "someone");
        let other_signature = account.credentials.signature("1409659589", "263014780", &other);
        let encoded = |text: &str| text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let plain = |text: &str| text.replace('+', "%20");
        let rest = "timestamp=1409659589&nonce=263014780";
        let echo = encoded(&sealed);
        let upper = signature.to_uppercase();
        let short = &signature[..39];
        for (query, expected) in [
            (format!("msg_signature={signature}&{rest}&echostr={echo}"), None),
            (format!("msg_signature={signature}&{rest}&echostr={sealed}"), None),
            (format!("msg_signature={signature}&{rest}&echostr={}", plain(&sealed)), None),
            (format!("x=1&&y&echostr={echo}&msg%5Fsignature={signature}&{rest}&x=2"), None),
            (format!("msg_signature={signature}&{rest}"), Some(Refusal::Missing("echostr"))),
            (format!("{rest}&echostr={echo}"), Some(Refusal::Missing("msg_signature"))),
            (
                format!("msg_signature=&{rest}&echostr={echo}"),
                Some(Refusal::Missing("msg_signature")),
            ),
            (
                format!("msg_signature={signature}&nonce=1&echostr={echo}"),
                Some(Refusal::Missing("timestamp")),
            ),
            (
                format!("msg_signature={signature}&timestamp=1&echostr={echo}"),
                Some(Refusal::Missing("nonce")),
            ),
            (
                format!("msg_signature={signature}&{rest}&nonce=1&echostr={echo}"),
                Some(Refusal::Several("nonce")),
            ),
            (
                format!("msg_signature={signature}&{rest}&echostr={echo}&echostr={echo}"),
                Some(Refusal::Several("echostr")),
            ),
            (
                format!(
                    "msg_signature={signature}&{rest}&echostr={}",
                    encoded(&echo).replace('%', "%25")
                ),
                Some(Refusal::Signature),
            ),
            (format!("msg_signature={upper}&{rest}&echostr={echo}"), Some(Refusal::Signature)),
            (format!("msg_signature={short}&{rest}&echostr={echo}"), Some(Refusal::Signature)),
            (format!("msg_signature={signature}&{rest}&echostr={echo}%"), Some(Refusal::Query)),
            (format!("msg_signature={signature}&{rest}1&echostr={echo}"), Some(Refusal::Signature)),
            (
                format!("msg_signature={other_signature}&{rest}&echostr={}", encoded(&other)),
                Some(Refusal::ReceiveId("someone".to_owned())),
            ),
            (String::new(), Some(Refusal::Missing("echostr"))),
        ] {
            let found = verification(&query, &account);
            assert_eq!(found.as_ref().err(), expected.as_ref(), "{query}");
            if let Ok(received) = found {
                assert_eq!(received.opened.message, b"12345");
                assert_eq!(
                    (received.timestamp, received.receive_id.as_str()),
                    (Some(1_409_659_589), "corp")
                );
            }
        }
    }

    #[test]
    fn callbacks_are_verified_and_decrypted() {
        let account = account();
        let sent = |text: &[u8], receive_id: &str| {
            let sealed = account.credentials.encrypt([3; 16], text, receive_id);
            let signature = account.credentials.signature("soon", "n", &sealed);
            let body = format!("<xml><Encrypt>{sealed}</Encrypt></xml>");
            callback(
                &format!("msg_signature={signature}&timestamp=soon&nonce=n"),
                body.as_bytes(),
                &account,
            )
        };
        assert_eq!(sent(b"text", "corp").unwrap().timestamp, None);
        assert_eq!(sent(b"text", "").unwrap().receive_id, "");
        assert_eq!(sent(b"\xff\xfe", "corp").unwrap().opened.message, b"\xff\xfe");
        assert_eq!(sent(b"<!DOCTYPE xml><xml/>", "corp"), Err(Refusal::Doctype));
        assert_eq!(sent(b"text", "corpo"), Err(Refusal::ReceiveId("corpo".to_owned())));
        let body = callback("msg_signature=1&timestamp=1&nonce=1", b"<xml/>", &account);
        assert_eq!(body, Err(Refusal::Envelope(EnvelopeFault::Missing)));
    }
}
