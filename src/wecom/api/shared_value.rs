//! A value that expires and that one caller fetches for all.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::config::job::Secret;

use super::error::ApiError;

/// A token or a ticket with its number: each value that is fetched has the next.
#[derive(Debug, Clone)]
pub(super) struct Numbered {
    pub(super) value: Secret,
    pub(super) number: u64,
}

/// A value as the server gave it.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) value: Secret,
    /// How long it is valid.
    pub(super) lifetime: Duration,
}

/// A value that all callers share.
#[derive(Debug, Default)]
pub(super) struct SharedValue {
    state: Mutex<State>,
    /// How many fetches have ended.
    ended: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    current: Option<(Numbered, Instant)>,
    number: u64,
    /// How the last fetch failed, if it did.
    failure: Option<ApiError>,
}

impl SharedValue {
    /// The value. It is fetched if there is none, if it has expired, or if it is the one that the caller found `invalid`.
    ///
    /// A caller that waited while another fetched takes what came of it, a failure as well. A caller that is dropped
    /// while it fetches leaves the fetch to the next.
    ///
    /// # Errors
    /// Those of the fetch.
    pub(super) async fn get(
        &self,
        invalid: Option<u64>,
        fetch: impl AsyncFnOnce() -> Result<Fetched, ApiError>,
    ) -> Result<Numbered, ApiError> {
        let ended = self.ended.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if let Some((current, until)) = &state.current
            && Some(current.number) != invalid
            && Instant::now() < *until
        {
            return Ok(current.clone());
        }
        if let Some(failure) = &state.failure
            && self.ended.load(Ordering::Acquire) != ended
        {
            return Err(failure.clone());
        }
        let asked = Instant::now();
        let fetched = fetch().await;
        self.ended.fetch_add(1, Ordering::Release);
        match fetched {
            Ok(Fetched { value, lifetime }) => {
                state.number += 1;
                state.failure = None;
                let numbered = Numbered { value, number: state.number };
                // Replaced before it expires, so that no call is on its way with one that does.
                let margin = (lifetime / 10).min(Duration::from_secs(300));
                state.current = Some((numbered.clone(), asked + (lifetime - margin)));
                Ok(numbered)
            }
            Err(error) => {
                state.current = None;
                state.failure = Some(error.clone());
                Err(error)
            }
        }
    }
}
