//! Posting JSON over HTTP.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};

use crate::config::job::Secret;
use crate::http::{self, ClientSettings};
use crate::model::system_reason;
use crate::tls::{Certificates, Trust};

use super::{ATTEMPT_TIMEOUT, Bounds, SendError};

/// Bytes of an answer that are read.
const MAX_ANSWER: usize = 64 << 10;
/// How often a request checks whether the program ends.
const CANCEL_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// A client.
#[derive(Debug)]
pub(super) struct Http {
    client: reqwest::Client,
}

/// What to post.
pub(super) struct Request<'a> {
    pub(super) url: &'a Secret,
    pub(super) bearer: Option<&'a Secret>,
    /// JSON.
    pub(super) body: Vec<u8>,
}

impl Http {
    /// A client that trusts the public roots; `None` if TLS cannot be set up, which would be a fault of the build.
    pub(super) fn new() -> Option<Http> {
        let client = http::client(Trust::PublicRoots, ClientSettings::default()).ok()?;
        Some(Http { client })
    }

    /// A client that trusts the authorities of a PEM file.
    pub(super) fn trusting(ca: &Path) -> Result<Http, SendError> {
        let certificates = Certificates::of_file(ca)
            .map_err(|error| SendError::Ca { path: ca.to_path_buf(), reason: error.reason })?;
        let client = http::client(Trust::Certificates(certificates), ClientSettings::default());
        client.map(|client| Http { client }).map_err(|_| SendError::Internal)
    }

    /// Posts, and returns the answer's body.
    pub(super) fn post(&self, request: Request<'_>, bounds: &Bounds) -> Result<Vec<u8>, SendError> {
        let url = http::url(request.url.expose()).ok_or(SendError::NotAUrl)?;
        let mut post = self
            .client
            .post(url)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))
            .body(request.body);
        if let Some(bearer) = request.bearer {
            let value = format!("Bearer {}", bearer.expose());
            let mut value = HeaderValue::try_from(value).map_err(|_| SendError::NotABearer)?;
            value.set_sensitive(true);
            post = post.header(AUTHORIZATION, value);
        }
        let left = bounds.deadline.saturating_duration_since(Instant::now()).min(ATTEMPT_TIMEOUT);
        let cancelled = async {
            while !bounds.cancel.is_asked() {
                tokio::time::sleep(CANCEL_CHECK_INTERVAL).await;
            }
        };
        // A runtime for each attempt: they are few, and none has to be kept for those that never come.
        let runtime = http::runtime()
            .map_err(|error| SendError::Unreachable { reason: system_reason(&error) })?;
        let outcome = runtime.block_on(async {
            tokio::select! {
                answer = tokio::time::timeout(left, answer(post)) => {
                    answer.unwrap_or(Err(SendError::TimedOut))
                }
                () = cancelled => Err(SendError::Cancelled),
            }
        });
        // Looking up a name may hang in a thread of its own, which is not waited for.
        runtime.shutdown_background();
        outcome
    }
}

async fn answer(post: reqwest::RequestBuilder) -> Result<Vec<u8>, SendError> {
    let mut response = post.send().await.map_err(unreachable)?;
    let status = response.status();
    if !status.is_success() {
        return Err(SendError::Status { status: status.as_u16() });
    }
    let mut body = http::body(&mut response, MAX_ANSWER).await.map_err(unreachable)?;
    body.truncate(MAX_ANSWER);
    Ok(body)
}

fn unreachable(error: reqwest::Error) -> SendError {
    if let Some(untrusted) = http::untrusted(&error) {
        return SendError::NotTrusted { reason: untrusted.to_string() };
    }
    SendError::Unreachable { reason: http::reason(error) }
}
