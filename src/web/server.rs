//! An HTTP/1.1 server that bounds what a client may take of it: time, connections, header bytes.
//!
//! TLS is the work of a reverse proxy in front. What a body may be is for the pages to say; how long it may
//! take to arrive is decided here. A connection that waits for its client makes room for another as `waiting` says.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::Request;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::waiting::{Client, Waiting};

/// Bytes of answers that the system takes before a client has to take some.
const SEND_BUFFER: usize = 64 * 1024;

/// What a client may take of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until a request's head must have arrived, counted from the opening of the connection or from the
    /// answer before; so long may a connection be idle.
    pub head: Duration,
    /// Until a request must be read wholly and answered, counted from its head. Who is slower is cut off
    /// without an answer. Who does not take an answer is cut off after this and [`Limits::head`].
    pub request: Duration,
    /// The age at which a connection is asked to close after the answer under way; a client that does not
    /// take its answers is cut off [`Limits::request`] later.
    pub connection: Duration,
    /// Open connections; for one more, the longest waiting is cut off, and without one it waits in the system's queue.
    pub connections: usize,
    /// So long any connection may wait for its client, however crowded it is.
    pub patience: Duration,
    /// Connections of one address that may wait longer than [`Limits::patience`]. Requests that are being answered do
    /// not count, so that this does not bound a proxy; it should keep no more idle connections than this.
    pub per_address: usize,
    /// Bytes of a request's head, at least 8 KiB.
    pub head_bytes: usize,
    /// At the end of the server: how long requests under way may take to finish.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head: Duration::from_secs(15),
            request: Duration::from_secs(15),
            connection: Duration::from_secs(15 * 60),
            // Half of the files that a process may usually have open: the databases need some.
            connections: 512,
            // WeCom waits five seconds for its answer.
            patience: Duration::from_secs(1),
            per_address: 64,
            head_bytes: 32 * 1024,
            drain: Duration::from_secs(10),
        }
    }
}

/// Serves `app` until `shutdown` resolves. Then no connection is accepted any more, requests under way are
/// answered, and whatever takes longer than [`Limits::drain`] is cut off.
///
/// A panic in the answer to one request ends that connection and nothing else.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    // A request takes no longer to arrive; an answer must be taken within the same time.
    let longest = limits.head + limits.request;
    let waiting = Waiting::new(limits.patience, limits.per_address, longest);
    let (closing, closed) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    // The connection that waits for a slot, and whether another was already cut off for it.
    let mut next: Option<(TcpStream, IpAddr)> = None;
    let mut room_made = false;
    loop {
        let is_full = next.is_some() && !room_made && slots.available_permits() == 0;
        // Where all are being answered, one of them may wait for its client later.
        let due = waiting.due(is_full).or(is_full.then(|| Instant::now() + limits.patience));
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => note(ended),
            slot = Arc::clone(&slots).acquire_owned(), if next.is_some() => {
                let Some((stream, address)) = next.take() else { continue };
                let client = waiting.client(address, Instant::now());
                let connection = connection(stream, client, app.clone(), limits, closed.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            accepted = listener.accept(), if next.is_none() => match accepted {
                Ok((stream, peer)) => {
                    next = Some((stream, peer.ip()));
                    room_made = false;
                }
                Err(error) => pause_after(&error).await,
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                room_made |= waiting.make_room(is_full, Instant::now());
            }
        }
    }
    drop(listener);
    // A receiver is kept above, so that this cannot fail.
    let _ = closing.send(true);
    let drained = timeout(limits.drain, async {
        while let Some(ended) = connections.join_next().await {
            note(ended);
        }
    });
    if drained.await.is_err() {
        tracing::warn!(connections = connections.len(), "connections cut off at the end");
        connections.shutdown().await;
    }
}

/// Serves one connection to its end.
async fn connection(
    stream: TcpStream,
    client: Arc<Client>,
    app: Router,
    limits: Limits,
    mut closed: watch::Receiver<bool>,
) {
    // Answers are small and must not wait for more of them.
    let _ = stream.set_nodelay(true);
    // The system would take megabytes for a client that reads none of them, and it would not be seen to wait.
    let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER);
    let app = TowerToHyperService::new(app);
    let asking = Arc::clone(&client);
    let service = service_fn(move |request: Request<Incoming>| {
        let (client, app) = (Arc::clone(&asking), app.clone());
        // Nothing of it is done before it is polled: hyper reads the head of the next request while its client has not
        // taken the answers before, but polls only once they are gone.
        async move {
            let answer = app.call(request.map(|body| Watched::new(body, Arc::clone(&client))));
            let answer = timeout(limits.request, answer).await;
            client.waits(Instant::now());
            match answer {
                Ok(answer) => answer.map_err(|never: Infallible| match never {}),
                // An error instead of an answer makes hyper close the connection.
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut)),
            }
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .half_close(true)
        .max_buf_size(limits.head_bytes.max(8 * 1024));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut cut_off = pin!(client.is_cut_off());
    let outcome = tokio::select! {
        outcome = connection.as_mut() => Some(outcome),
        () = cut_off.as_mut() => return cut(),
        _ = closed.wait_for(|closed| *closed) => None,
        () = sleep(limits.connection) => None,
    };
    let outcome = match outcome {
        Some(outcome) => outcome,
        None => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                outcome = connection => outcome,
                () = cut_off => return cut(),
                () = sleep(limits.request) => return,
            }
        }
    };
    if let Err(error) = outcome {
        // Whoever scans the port makes these; they are no fault of ours.
        tracing::debug!(%error, "a connection ended early");
    }
}

fn cut() {
    tracing::debug!("a connection that waited for its client made room for others");
}

/// A request's body; when it has arrived whole, its client is no longer waited for.
struct Watched {
    body: Incoming,
    client: Arc<Client>,
}

impl Watched {
    fn new(body: Incoming, client: Arc<Client>) -> Watched {
        if body.is_end_stream() {
            client.is_answered();
        }
        Watched { body, client }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.client.is_answered();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Too many open files, most likely: a loop without a pause would only use up the processor.
async fn pause_after(error: &io::Error) {
    tracing::warn!(%error, "a connection cannot be accepted");
    sleep(Duration::from_millis(200)).await;
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        // What the panic says may quote what was received, so it is not repeated here.
        tracing::error!("internal fault while answering a request; please report this");
    }
}
