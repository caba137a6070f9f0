//! Asking the public address as anybody in the internet may, without changing anything: `GET` only.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::header::{DATE, REFERER};
use tokio::runtime::Runtime;

use crate::http::{self, ClientSettings};
use crate::model::Message;
use crate::tls::{Certificates, ShownCertificate, Trust};

use super::step::same;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long all requests together may take.
const PATIENCE_WITH_ALL: Duration = Duration::from_secs(30);
/// Bytes of an answer that are read.
const MOST: usize = 64 << 10;

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    /// The beginning of the body.
    pub(super) body: Vec<u8>,
    /// Where a redirection leads, without account and query.
    pub(super) location: Option<String>,
    /// The server's clock, and this machine's at that moment.
    pub(super) date: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// Asks.
pub(super) struct Visitor<'a> {
    client: reqwest::Client,
    runtime: Runtime,
    clock: &'a dyn Fn() -> DateTime<Utc>,
    end: Instant,
    /// The certificate that the server showed.
    pub(super) shown: ShownCertificate,
}

impl<'a> Visitor<'a> {
    /// One that trusts the public authorities, or those of a file.
    ///
    /// # Errors
    /// If the file cannot be used or nothing can be asked at all.
    pub(super) fn new(
        authorities: Option<&Path>,
        clock: &'a dyn Fn() -> DateTime<Utc>,
    ) -> Result<Visitor<'a>, Message> {
        let trust = match authorities {
            None => Trust::PublicRoots,
            Some(path) => {
                Trust::Certificates(Certificates::of_file(path).map_err(|e| e.message())?)
            }
        };
        let shown = ShownCertificate::default();
        let settings = ClientSettings { timeout: None, keep_connections: false };
        let client = http::client_that_shows(trust, settings, shown.clone()).map_err(same)?;
        let runtime = http::runtime().map_err(|error| same(error.to_string()))?;
        let end = Instant::now() + PATIENCE_WITH_ALL;
        Ok(Visitor { client, runtime, clock, end, shown })
    }

    /// Asks for a page, as coming from another one.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) fn get(&self, address: &str, referer: Option<&str>) -> Result<Answer, Message> {
        self.ask(address, referer).map_err(Unanswered::reason)
    }

    /// Asks for a page as [`Visitor::get`] does; `None` if the server closes the connection without an answer.
    ///
    /// # Errors
    /// Why there is neither.
    pub(super) fn get_or_closed(
        &self,
        address: &str,
        referer: Option<&str>,
    ) -> Result<Option<Answer>, Message> {
        match self.ask(address, referer) {
            Ok(answer) => Ok(Some(answer)),
            Err(Unanswered::Failed(error)) if http::hung_up(&error) => Ok(None),
            Err(unanswered) => Err(unanswered.reason()),
        }
    }

    fn ask(&self, address: &str, referer: Option<&str>) -> Result<Answer, Unanswered> {
        let Some(url) = http::url(address) else {
            return Err(Unanswered::NoAddress(Message::new(
                format!("{address} 不是有效的地址"),
                format!("{address} is no address"),
            )));
        };
        let left = self.end.saturating_duration_since(Instant::now()).min(PATIENCE);
        let mut request = self.client.get(url).timeout(left);
        if let Some(referer) = referer {
            request = request.header(REFERER, referer);
        }
        self.runtime.block_on(async {
            let mut response = request.send().await.map_err(Unanswered::Failed)?;
            let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
            let said = header(DATE).and_then(|text| DateTime::parse_from_rfc2822(text).ok());
            let date = said.map(|said| (said.to_utc(), (self.clock)()));
            let location = http::redirection(&response);
            let status = response.status().as_u16();
            let mut body = http::body(&mut response, MOST).await.map_err(Unanswered::Failed)?;
            body.truncate(MOST);
            Ok(Answer { status, body, location, date })
        })
    }
}

/// Why there is no answer.
enum Unanswered {
    /// Nothing was asked.
    NoAddress(Message),
    /// The request failed.
    Failed(reqwest::Error),
}

impl Unanswered {
    fn reason(self) -> Message {
        match self {
            Unanswered::NoAddress(reason) => reason,
            Unanswered::Failed(error) => match http::untrusted(&error) {
                Some(untrusted) => untrusted.message(),
                None => http::reason(error),
            },
        }
    }
}
