//! The pages that WeCom calls: checks of an address, callbacks, and the files that verify a domain.
//!
//! Whatever is refused is refused alike: one status, one text, the same headers, after the same work. What is wrong
//! with a request is for the log, not for whoever sent it.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};

use crate::config::job::Job;
use crate::metrics::CallbackCounts;
use crate::model::{Language, Message};
use crate::wecom::crypto::Credentials;
use crate::wecom::receive::{self, Account, MAX_BODY, Received};
use crate::wecom::store::{ReceivedEvent, Stored, WecomStoreError};

use super::registry::{App, NotReady, Registry};
use super::request_event::RequestEvent;
use super::request_log::RequestLog;

/// Bytes of bodies that may be in memory at once, over all connections.
const BODIES: usize = 64 << 20;

/// What the counters call an event that was stored, and one that was there already; the other outcomes are called
/// as in the log.
const STORED: &str = "stored";
const REPEATED: &str = "repeated";

/// A clock.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The receiver of callbacks: what the job files say, replaced as a whole when they change.
pub struct Callbacks {
    data_dir: PathBuf,
    clock: Clock,
    registry: RwLock<Arc<Registry>>,
    request_log: RequestLog,
    counts: Arc<CallbackCounts>,
    /// Bytes of bodies in memory.
    held: AtomicUsize,
    /// What a request to nowhere is checked against, so that it takes the same time.
    decoy: Option<Account>,
}

impl Callbacks {
    /// A receiver of nothing yet. The events of a tenant go to its folder below `data_dir`.
    /// The log speaks `language`, and what comes is counted in `counts`.
    pub fn new(
        data_dir: &Path,
        clock: Clock,
        language: Language,
        counts: Arc<CallbackCounts>,
    ) -> Arc<Callbacks> {
        let decoy = Credentials::new("decoy", &"d".repeat(43)).ok();
        Arc::new(Callbacks {
            data_dir: data_dir.to_path_buf(),
            clock,
            registry: RwLock::default(),
            request_log: RequestLog::new(language),
            counts,
            held: AtomicUsize::new(0),
            decoy: decoy.map(|credentials| Account { credentials, receive_ids: Vec::new() }),
        })
    }

    /// Takes up the job files instead of those before: requests that begin from now on see them. Of two jobs of one
    /// tenant the first counts.
    ///
    /// Returns what people should know: secrets that are missing or ill-formed, event stores that cannot be opened.
    /// The other applications receive all the same, and a store is tried again with each callback.
    pub fn set_jobs(&self, jobs: &[&Job]) -> Vec<Message> {
        let (registry, mut said) = Registry::build(jobs, &self.data_dir, &self.registry());
        for app in registry.receiving() {
            // Opened before the first callback comes.
            if let Err(error) = app.event_store.store()
                && !said.contains(&error.message())
            {
                said.push(error.message());
            }
        }
        for app in registry.receiving() {
            self.counts.add(&app.tenant, &app.agent_id, STORED, 0);
        }
        *self.registry.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(registry);
        said
    }

    /// The pages. They answer every path, so they belong below all others.
    pub fn router(self: &Arc<Callbacks>) -> Router {
        Router::new().fallback(answer).with_state(Arc::clone(self))
    }

    fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, about: &str, event: &RequestEvent<'_>) {
        // A doubtful timestamp is logged besides the outcome of the request.
        if !matches!(event, RequestEvent::Age(..)) {
            let (tenant, agent) = about.split_once('/').unwrap_or_default();
            self.counts.add(tenant, agent, event.kind(), 1);
        }
        self.request_log.note(about, event, (self.clock)());
    }

    /// Reads a body, at most [`MAX_BODY`] of it.
    async fn read(&self, mut body: Body) -> Result<Held<'_>, Unread> {
        let announced = body.size_hint().lower();
        if announced > MAX_BODY as u64 {
            return Err(Unread::TooLarge);
        }
        let mut held = Held { bytes: Vec::new(), of: &self.held };
        while let Some(frame) =
            std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
        {
            let frame = frame.map_err(|_| Unread::Broken)?;
            let Ok(data) = frame.into_data() else { continue };
            if held.bytes.len() + data.len() > MAX_BODY {
                return Err(Unread::TooLarge);
            }
            held.add(&data)?;
        }
        Ok(held)
    }
}

/// A body in memory, counted.
struct Held<'a> {
    bytes: Vec<u8>,
    of: &'a AtomicUsize,
}

impl Held<'_> {
    fn add(&mut self, data: &[u8]) -> Result<(), Unread> {
        let before = self.of.fetch_add(data.len(), Ordering::Relaxed);
        // Counted first, so that giving back what is held is always right.
        self.bytes.extend_from_slice(data);
        match before + data.len() > BODIES {
            true => Err(Unread::Crowded),
            false => Ok(()),
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.of.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// Why a body could not be read.
enum Unread {
    /// It has more than [`MAX_BODY`] bytes.
    TooLarge,
    /// It ended early, or its chunks are ill-formed.
    Broken,
    /// There are too many others.
    Crowded,
}

async fn answer(State(callbacks): State<Arc<Callbacks>>, request: Request) -> Response {
    let registry = callbacks.registry();
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if matches!(head.method, Method::GET | Method::HEAD)
        && let Some(content) = registry.file(path)
    {
        return text(content.to_owned());
    }
    let app = registry.app(path);
    let about = match &app {
        Ok(app) => format!("{}/{}", app.tenant, app.agent_id),
        Err(_) => String::new(),
    };
    let body = match callbacks.read(body).await {
        Ok(body) => body,
        Err(Unread::Crowded) => {
            callbacks.note("", &RequestEvent::Crowded);
            return unavailable();
        }
        Err(Unread::TooLarge) => {
            callbacks.note(&about, &RequestEvent::TooLarge);
            return refused();
        }
        Err(Unread::Broken) => {
            callbacks.note(&about, &RequestEvent::Broken);
            return refused();
        }
    };
    let query = head.uri.query().unwrap_or_default();
    let open = |account: &Account| match head.method {
        Method::GET => Some(receive::verification(query, account)),
        Method::POST => Some(receive::callback(query, &body.bytes, account)),
        _ => None,
    };
    let ready = match &app {
        Ok(app) => {
            app.account.as_ref().map(|account| (*app, account)).map_err(|unready| match unready {
                NotReady::NoCallback => RequestEvent::NoCallback(app),
                NotReady::Secret(why) => RequestEvent::Secret(app, why),
            })
        }
        Err(route_error) => Err(RequestEvent::RouteError(route_error)),
    };
    let (app, opened) = match ready {
        Ok((app, account)) => (app, open(account)),
        Err(event) => {
            // The same work as for an application that is there, so that the time taken reveals nothing.
            let _ = callbacks.decoy.as_ref().map(open);
            callbacks.note(&about, &event);
            return refused();
        }
    };
    let received = match opened {
        Some(Ok(received)) => received,
        Some(Err(refusal)) => {
            callbacks.note(&about, &RequestEvent::Refused(app, &refusal));
            return refused();
        }
        None => {
            callbacks.note(&about, &RequestEvent::Method(app));
            return refused();
        }
    };
    drop(body);
    let now = (callbacks.clock)();
    callbacks.log_age(&about, app, &received, now);
    if head.method == Method::GET {
        callbacks.note(&about, &RequestEvent::Verified(app));
        return text(received.opened.message);
    }
    match store(app, received, now).await {
        Ok(stored) => {
            let (id, repeated) = match stored {
                Stored::New(id) => (id, false),
                Stored::Repeated(id) => (id, true),
            };
            let outcome = if repeated { REPEATED } else { STORED };
            callbacks.counts.add(&app.tenant, &app.agent_id, outcome, 1);
            tracing::debug!(
                tenant = app.tenant,
                agent = app.agent_id,
                id,
                repeated,
                "callback stored"
            );
            Response::new(Body::empty())
        }
        Err(error) => {
            callbacks.note(&about, &RequestEvent::NotStored(app, &error));
            unavailable()
        }
    }
}

impl Callbacks {
    /// A timestamp far from this machine's time is worth a line; it is no reason to refuse.
    fn log_age(&self, about: &str, app: &App, received: &Received, now: DateTime<Utc>) {
        const FAR: u64 = 600;
        let Some(timestamp) = received.timestamp else { return };
        let seconds = now.timestamp().saturating_sub(timestamp);
        tracing::debug!(tenant = app.tenant, agent = app.agent_id, timestamp, seconds, "timestamp");
        if seconds.unsigned_abs() > FAR {
            self.note(about, &RequestEvent::Age(app, seconds));
        }
    }
}

/// Stores the event. Resolves only once it is durable.
async fn store(
    app: &App,
    received: Received,
    now: DateTime<Utc>,
) -> Result<Stored, WecomStoreError> {
    let store = match app.event_store.opened() {
        Some(store) => store,
        None => {
            let event_store = Arc::clone(&app.event_store);
            let opened = tokio::task::spawn_blocking(move || event_store.store()).await;
            opened.map_err(|_| WecomStoreError::Stopped { path: app.event_store.path() })??
        }
    };
    store
        .store(ReceivedEvent {
            received_at: now,
            endpoint: app.endpoint,
            corp_id: app.corp_id.clone(),
            agent_id: app.agent_id.clone(),
            receive_id: received.receive_id,
            timestamp: received.timestamp,
            nonce: received.nonce,
            body: received.opened.message,
        })
        .await
}

/// What every refusal looks like. The connection ends with it, whether or not the request was read to its end.
pub(super) fn refused() -> Response {
    plain(StatusCode::FORBIDDEN, Body::from("refused\n"), true)
}

/// WeCom sends the callback again.
fn unavailable() -> Response {
    plain(StatusCode::SERVICE_UNAVAILABLE, Body::from("try again\n"), true)
}

/// A text as it is, without a line end: WeCom compares it byte by byte.
fn text(content: impl Into<Body>) -> Response {
    plain(StatusCode::OK, content.into(), false)
}

fn plain(status: StatusCode, body: Body, last: bool) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    if last {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
