//! An HTTP/1.1 server that bounds what a client may take of it: time, connections, header bytes.
//!
//! TLS is the work of a reverse proxy in front. What a body may be is for the pages to say; how long it may
//! take to arrive is decided here.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// What a client may take of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until a request's head must have arrived, counted from the opening of the connection or from the
    /// answer before; so long may a connection be idle.
    pub head: Duration,
    /// Until a request must be read wholly and answered, counted from its head. Who is slower is cut off
    /// without an answer.
    pub request: Duration,
    /// The age at which a connection is asked to close after the answer under way; a client that does not
    /// take its answers is cut off [`Limits::request`] later.
    pub connection: Duration,
    /// Open connections; more wait in the system's queue.
    pub connections: usize,
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
    let (closing, closed) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => note(ended),
            (slot, accepted) = accepted => match accepted {
                Ok((stream, _)) => {
                    let connection = connection(stream, app.clone(), limits, closed.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(slot);
                    });
                }
                Err(error) => pause_after(&error).await,
            },
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
    app: Router,
    limits: Limits,
    mut closed: watch::Receiver<bool>,
) {
    // Answers are small and must not wait for more of them.
    let _ = stream.set_nodelay(true);
    let app = TowerToHyperService::new(app);
    let service = service_fn(move |request| {
        let answer = app.call(request);
        async move {
            match timeout(limits.request, answer).await {
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
    let outcome = tokio::select! {
        outcome = connection.as_mut() => Some(outcome),
        _ = closed.wait_for(|closed| *closed) => None,
        () = sleep(limits.connection) => None,
    };
    let outcome = match outcome {
        Some(outcome) => outcome,
        None => {
            connection.as_mut().graceful_shutdown();
            match timeout(limits.request, connection).await {
                Ok(outcome) => outcome,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = outcome {
        // Whoever scans the port makes these; they are no fault of ours.
        tracing::debug!(%error, "a connection ended early");
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
