//! `/healthz` and `/metrics`.
//!
//! Neither opens a database: both read the status board.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use crate::metrics::{self, Database, StatusBoard};

#[derive(Clone)]
struct Shared {
    board: Arc<StatusBoard>,
    max_heartbeat_age: Duration,
}

/// The routes. The scheduler counts as alive while its last heartbeat is at most `max_heartbeat_age` ago.
///
/// `/healthz` answers 200 if it is alive and every database that exists can be read, else 503; its JSON says which
/// of the two failed. `/metrics` answers 200 with Prometheus text, whatever the state of things.
pub fn router(board: Arc<StatusBoard>, max_heartbeat_age: Duration) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .with_state(Shared { board, max_heartbeat_age })
}

#[derive(Serialize)]
struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    version: &'static str,
    scheduler: Scheduler,
    tenants: u64,
    /// Tenants whose database cannot be read.
    databases_unreadable: Vec<Unreadable>,
}

#[derive(Serialize)]
struct Scheduler {
    alive: bool,
    last_beat_seconds_ago: u64,
}

#[derive(Serialize)]
struct Unreadable {
    tenant: String,
    zh: String,
    en: String,
}

async fn healthz(State(shared): State<Shared>) -> Response {
    let since_beat = shared.board.since_beat();
    let statuses = read_statuses(&shared).await;
    let alive = since_beat <= shared.max_heartbeat_age;
    let tenants = statuses.len() as u64;
    let databases_unreadable: Vec<Unreadable> = statuses
        .into_iter()
        .filter_map(|status| match status.database {
            Database::Unreadable(why) => Some(Unreadable {
                tenant: status.tenant,
                zh: why.zh.into_owned(),
                en: why.en.into_owned(),
            }),
            Database::Readable | Database::Missing => None,
        })
        .collect();
    let ok = alive && databases_unreadable.is_empty();
    let health = Health {
        status: if ok { "ok" } else { "failing" },
        version: env!("CARGO_PKG_VERSION"),
        scheduler: Scheduler { alive, last_beat_seconds_ago: since_beat.as_secs() },
        tenants,
        databases_unreadable,
    };
    let code = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    match serde_json::to_string(&health) {
        Ok(body) => (code, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn metrics(State(shared): State<Shared>) -> Response {
    let text = metrics::render(&read_statuses(&shared).await) + &shared.board.callbacks().render();
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
}

/// Reads the status board on a blocking thread, because the ledgers of alerts are files.
async fn read_statuses(shared: &Shared) -> Vec<metrics::TenantStatus> {
    let board = Arc::clone(&shared.board);
    tokio::task::spawn_blocking(move || board.statuses()).await.unwrap_or_default()
}
