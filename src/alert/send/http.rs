//! Posting JSON over HTTP.

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::config::job::Secret;

use super::{ATTEMPT, Bounds, SendError};

/// So much of an answer is read, in bytes.
const LONGEST_ANSWER: usize = 64 << 10;
/// How often it is looked whether the program ends.
const LOOK: Duration = Duration::from_millis(100);

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
    /// Trusts the public roots. None if TLS cannot be set up, which would be a fault of the build.
    pub(super) fn new() -> Option<Http> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
        Http::with_roots(RootCertStore::from_iter(roots))
    }

    /// Trusts the authorities of a PEM file.
    pub(super) fn trusting(ca: &Path) -> Result<Http, SendError> {
        let unusable = |reason: String| SendError::Ca { path: ca.to_path_buf(), reason };
        let mut roots = RootCertStore::empty();
        let certificates =
            CertificateDer::pem_file_iter(ca).map_err(|error| unusable(error.to_string()))?;
        for certificate in certificates {
            certificate
                .map_err(|error| unusable(error.to_string()))
                .and_then(|found| roots.add(found).map_err(|error| unusable(error.to_string())))?;
        }
        if roots.is_empty() {
            return Err(unusable("it holds none".to_owned()));
        }
        Http::with_roots(roots).ok_or(SendError::Internal)
    }

    fn with_roots(roots: RootCertStore) -> Option<Http> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .ok()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // The environment is not read here, and a connection does not outlive the runtime of its attempt.
            .no_proxy()
            .pool_max_idle_per_host(0)
            // A POST that is redirected becomes a GET elsewhere, which is no delivery; and the secret in
            // the address is for one server only.
            .redirect(Policy::none())
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .build()
            .ok()?;
        Some(Http { client })
    }

    /// Posts, and returns the answer's body.
    pub(super) fn post(&self, request: Request<'_>, bounds: &Bounds) -> Result<Vec<u8>, SendError> {
        let url = reqwest::Url::parse(request.url.expose()).map_err(|_| SendError::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err(SendError::NotAUrl);
        }
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
        let left = bounds.deadline.saturating_duration_since(Instant::now()).min(ATTEMPT);
        let cancelled = async {
            while !bounds.cancel.is_asked() {
                tokio::time::sleep(LOOK).await;
            }
        };
        // A runtime for each attempt: they are few, and none has to be kept for those that never come.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| SendError::Unreachable { reason: error.to_string() })?;
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
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            body.truncate(LONGEST_ANSWER);
            break;
        }
    }
    Ok(body)
}

/// What reqwest says holds the URL, and with it a robot's key, unless it is taken out.
fn unreachable(error: reqwest::Error) -> SendError {
    let error = error.without_url();
    // The outermost words are always the same; why stands at the innermost source.
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        reason = inner.to_string();
        source = inner.source();
    }
    SendError::Unreachable { reason }
}
