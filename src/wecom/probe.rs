//! Plays WeCom towards the receiver: the check of the address, then a signed and encrypted event, through whatever proxy
//! and firewall stand between.

mod messages;

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::header::CONTENT_TYPE;

use crate::http::{self, ClientSettings};
use crate::model::Message;
use crate::tls::{CertificateFileError, Certificates, Trust};
use crate::wecom::crypto::Credentials;
use crate::wecom::store::{DATABASE, EventReader, WecomStoreError};

/// How long WeCom waits for the answer to a check of an address (document 90930).
pub const CHECK_TIMEOUT: Duration = Duration::from_secs(1);
/// How long WeCom waits for the answer to a callback (document 90930).
pub const EVENT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than WeCom waits, to distinguish a slow answer from none.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of an answer that are read.
const MAX_ANSWER: usize = 4_096;

/// What to send, and where to.
#[derive(Debug)]
pub struct Probe<'a> {
    /// The address of the application's callbacks, without a query.
    pub url: &'a str,
    /// The application's token and key.
    pub credentials: &'a Credentials,
    /// Whom the text is for.
    pub corp_id: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
    /// Random bytes: they make this probe's texts its own.
    pub noise: [u8; 16],
}

/// Which of the two requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The check of the address: GET.
    Check,
    /// The event: POST.
    Event,
}

/// How a request went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which request.
    pub step: Step,
    /// What came of it.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The right answer.
    Right,
    /// The right answer, but later than WeCom waits.
    Late,
    /// The right answer, but the event is not in the database: somebody else gave the answer.
    NotFound {
        /// The database.
        database: PathBuf,
    },
    /// The right answer, but the database cannot be looked into.
    Unconfirmed {
        /// Why.
        reason: Message,
    },
    /// 200, but with a wrong text; its length in bytes.
    OtherText {
        /// Bytes of the text.
        bytes: usize,
        /// Whether the right text is in it, with something around it.
        around: bool,
    },
    /// orgsnap refused it.
    Refused,
    /// orgsnap could not store it.
    NotStored,
    /// Sent on to another address.
    Redirected {
        /// Where to.
        to: String,
    },
    /// Another status, which is the proxy's.
    Status(u16),
    /// The server's certificate is not trusted, or TLS failed otherwise.
    Tls {
        /// Why.
        reason: Message,
    },
    /// The server cannot be reached.
    Unreachable {
        /// Why.
        reason: Message,
    },
    /// The connection was closed without an answer.
    HungUp,
    /// No answer at all in 20 seconds.
    NoAnswer,
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The address is none.
    #[error("{url} is no address")]
    Url {
        /// What was taken for one.
        url: String,
    },
    /// The file of authorities cannot be used.
    #[error(transparent)]
    Authorities(#[from] CertificateFileError),
    /// TLS or the runtime cannot be set up.
    #[error("the connection cannot be prepared: {reason}")]
    Setup {
        /// Why.
        reason: String,
    },
}

/// Sends both requests; the event only if the server could be reached, and is then looked up in the database of the
/// tenant whose folder is given: an empty answer with status 200 is what many a server says to everything. `authorities`
/// is a PEM file of those to trust instead of the public ones.
///
/// The event's type is `orgsnap_send_test`, which no state follows from, and each one is another.
///
/// # Errors
/// If nothing can be sent.
pub fn send(
    probe: &Probe<'_>,
    authorities: Option<&Path>,
    tenant_dir: &Path,
) -> Result<Vec<Outcome>, ProbeError> {
    let fault = |error: &dyn std::error::Error| ProbeError::Setup { reason: error.to_string() };
    let client = client(authorities)?;
    let runtime = http::runtime().map_err(|error| fault(&error))?;
    let text = sample(probe.corp_id, probe.now, probe.noise);
    let sent: Result<Vec<Outcome>, ProbeError> = runtime.block_on(async {
        let check = check(&client, probe).await?;
        let reached = !matches!(
            check.verdict,
            Verdict::Tls { .. } | Verdict::Unreachable { .. } | Verdict::NoAnswer
        );
        let mut outcomes = vec![check];
        if reached {
            outcomes.push(event(&client, probe, &text).await?);
        }
        Ok(outcomes)
    });
    // Looking up a name may hang in a thread of its own, which is not waited for.
    runtime.shutdown_background();
    let mut outcomes = sent?;
    for outcome in &mut outcomes {
        if outcome.step == Step::Event && outcome.verdict == Verdict::Right {
            outcome.verdict = look_up(&text, tenant_dir);
        }
    }
    Ok(outcomes)
}

/// Whether the event that was answered rightly is in the database.
fn look_up(text: &str, tenant_dir: &Path) -> Verdict {
    match EventReader::open(tenant_dir).and_then(|reader| reader.holds(text.as_bytes())) {
        Ok(true) => Verdict::Right,
        // Where there is no database, the event is in none.
        Ok(false) | Err(WecomStoreError::NotFound { .. }) => {
            Verdict::NotFound { database: tenant_dir.join(DATABASE) }
        }
        Err(error) => Verdict::Unconfirmed { reason: error.message() },
    }
}

/// Sends the check of the address alone, which changes nothing behind it.
///
/// # Errors
/// If nothing can be sent.
pub fn send_check(probe: &Probe<'_>, authorities: Option<&Path>) -> Result<Outcome, ProbeError> {
    let client = client(authorities)?;
    let runtime =
        http::runtime().map_err(|error| ProbeError::Setup { reason: error.to_string() })?;
    let outcome = runtime.block_on(check(&client, probe));
    runtime.shutdown_background();
    outcome
}

fn client(authorities: Option<&Path>) -> Result<reqwest::Client, ProbeError> {
    let trust = match authorities {
        None => Trust::PublicRoots,
        Some(path) => Trust::Certificates(Certificates::of_file(path)?),
    };
    // Each step has a connection of its own: one that the server is just closing would be told as a fault of the step.
    let settings = ClientSettings { timeout: Some(REQUEST_TIMEOUT), keep_connections: false };
    http::client(trust, settings).map_err(|reason| ProbeError::Setup { reason })
}

/// The query that signs a ciphertext.
fn signed(probe: &Probe<'_>, encrypted: &str) -> [(&'static str, String); 3] {
    let timestamp = probe.now.timestamp().to_string();
    let [a, b, c, d, ..] = probe.noise;
    let nonce = u32::from_be_bytes([a, b, c, d]).to_string();
    let signature = probe.credentials.signature(&timestamp, &nonce, encrypted);
    [("msg_signature", signature), ("timestamp", timestamp), ("nonce", nonce)]
}

fn address(probe: &Probe<'_>, encrypted: &str) -> Result<reqwest::Url, ProbeError> {
    let unusable = || ProbeError::Url { url: probe.url.to_owned() };
    let mut url = http::url(probe.url).ok_or_else(unusable)?;
    url.query_pairs_mut().extend_pairs(signed(probe, encrypted));
    Ok(url)
}

async fn check(client: &reqwest::Client, probe: &Probe<'_>) -> Result<Outcome, ProbeError> {
    // Digits, as WeCom's are.
    let [.., a, b, c, d, e, f, g, h] = probe.noise;
    let text = u64::from_be_bytes([a, b, c, d, e, f, g, h]).to_string();
    let echo = probe.credentials.encrypt(probe.noise, text.as_bytes(), probe.corp_id);
    let mut url = address(probe, &echo)?;
    url.query_pairs_mut().append_pair("echostr", &echo);
    Ok(ask(client.get(url), Step::Check, &text, CHECK_TIMEOUT).await)
}

async fn event(
    client: &reqwest::Client,
    probe: &Probe<'_>,
    text: &str,
) -> Result<Outcome, ProbeError> {
    let encrypted = probe.credentials.encrypt(probe.noise, text.as_bytes(), probe.corp_id);
    let url = address(probe, &encrypted)?;
    let body = format!(
        "<xml><ToUserName><![CDATA[{}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt>\
         <AgentID><![CDATA[]]></AgentID></xml>",
        probe.corp_id
    );
    let post = client.post(url).header(CONTENT_TYPE, "text/xml").body(body);
    Ok(ask(post, Step::Event, "", EVENT_TIMEOUT).await)
}

/// The event that is sent. Its type is none of WeCom's, so that nothing follows from it.
fn sample(corp_id: &str, now: DateTime<Utc>, noise: [u8; 16]) -> String {
    let number = u128::from_be_bytes(noise);
    format!(
        "<xml><ToUserName><![CDATA[{corp_id}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>\
         <CreateTime>{}</CreateTime><MsgType><![CDATA[event]]></MsgType>\
         <Event><![CDATA[orgsnap_send_test]]></Event><TestId>{number:032x}</TestId></xml>",
        now.timestamp()
    )
}

async fn ask(
    request: reqwest::RequestBuilder,
    step: Step,
    right: &str,
    patience: Duration,
) -> Outcome {
    let begun = Instant::now();
    let answer = answer(request).await;
    let took = begun.elapsed();
    let verdict = match answer {
        Err(verdict) => verdict,
        Ok((200, text)) if text == right.as_bytes() && took > patience => Verdict::Late,
        Ok((200, text)) if text == right.as_bytes() => Verdict::Right,
        Ok((200, text)) => Verdict::OtherText {
            bytes: text.len(),
            around: !right.is_empty()
                && text.windows(right.len()).any(|part| part == right.as_bytes()),
        },
        Ok((403, text)) if text == b"refused\n" => Verdict::Refused,
        Ok((503, text)) if text == b"try again\n" => Verdict::NotStored,
        Ok((status, _)) => Verdict::Status(status),
    };
    Outcome { step, verdict, took }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<(u16, Vec<u8>), Verdict> {
    let mut response = request.send().await.map_err(failure)?;
    let status = response.status();
    if status.is_redirection() {
        let to = http::redirection(&response).unwrap_or_else(|| "?".to_owned());
        return Err(Verdict::Redirected { to });
    }
    let text = http::body(&mut response, MAX_ANSWER).await.map_err(failure)?;
    Ok((status.as_u16(), text))
}

fn failure(error: reqwest::Error) -> Verdict {
    if error.is_timeout() {
        return Verdict::NoAnswer;
    }
    if let Some(untrusted) = http::untrusted(&error) {
        return Verdict::Tls { reason: untrusted.message() };
    }
    if http::hung_up(&error) {
        return Verdict::HungUp;
    }
    // The outermost words are always the same; why stands at the innermost source.
    let mut reason = String::new();
    let mut tls = false;
    let mut source = error.source();
    while let Some(inner) = source {
        tls |= is_tls(inner);
        reason = inner.to_string();
        source = inner.source();
    }
    match tls {
        true => Verdict::Tls { reason: Message::new(reason.clone(), reason) },
        false => Verdict::Unreachable { reason: http::reason(error) },
    }
}

/// Whether it is a fault of TLS. rustls stands within errors of I/O, whose `source` leaves out what they hold.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut held = Some(error);
    while let Some(error) = held {
        if error.is::<rustls::Error>() {
            return true;
        }
        let io = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        held = io.map(|inner| inner as &(dyn std::error::Error + 'static));
    }
    false
}
