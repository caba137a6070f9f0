//! A value that expires and that one caller fetches for all.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::config::job::Secret;

use super::error::ApiError;

/// A value is kept at least so long, unless the server no longer takes it.
const SHORTEST_LIFETIME: Duration = Duration::from_secs(60);
/// No value is kept longer.
const LONGEST_LIFETIME: Duration = Duration::from_secs(7_200);

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
    /// The value at `now`. It is fetched if there is none, if it has expired, or if it is the one that the caller found `invalid`.
    ///
    /// A caller that waited while another fetched takes what came of it, a failure as well. A caller that is dropped
    /// while it fetches leaves the fetch to the next.
    ///
    /// # Errors
    /// Those of the fetch.
    pub(super) async fn get(
        &self,
        invalid: Option<u64>,
        now: Instant,
        fetch: impl AsyncFnOnce() -> Result<Fetched, ApiError>,
    ) -> Result<Numbered, ApiError> {
        let ended = self.ended.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if let Some((current, until)) = &state.current
            && Some(current.number) != invalid
            && now < *until
        {
            return Ok(current.clone());
        }
        if let Some(failure) = &state.failure
            && self.ended.load(Ordering::Acquire) != ended
        {
            return Err(failure.clone());
        }
        let fetched = fetch().await;
        self.ended.fetch_add(1, Ordering::Release);
        match fetched {
            Ok(Fetched { value, lifetime }) => {
                state.number += 1;
                state.failure = None;
                let numbered = Numbered { value, number: state.number };
                // Replaced before it expires, so that no call is on its way with one that does.
                // A lifetime of nothing would make every call fetch; the server tells if it means it.
                let lifetime = lifetime.clamp(SHORTEST_LIFETIME, LONGEST_LIFETIME);
                let margin = (lifetime / 10).min(Duration::from_secs(300));
                state.current = Some((numbered.clone(), now + (lifetime - margin)));
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::error::Fault;
    use super::*;

    #[test]
    fn a_value_is_fetched_again_when_it_expires_or_was_found_invalid() {
        let runtime = crate::http::runtime().unwrap();
        let (value, fetches) = (SharedValue::default(), Cell::new(0));
        let start = Instant::now();
        let get = |invalid, seconds: u64, lifetime: u64| {
            let fetch = async || {
                fetches.set(fetches.get() + 1);
                let lifetime = Duration::from_secs(lifetime);
                Ok(Fetched { value: Secret::new("v".to_owned()), lifetime })
            };
            let now = start + Duration::from_secs(seconds);
            let numbered = runtime.block_on(value.get(invalid, now, fetch)).unwrap();
            (numbered.number, fetches.get())
        };
        assert_eq!(get(None, 0, 7_200), (1, 1));
        // Five minutes before its end it is replaced.
        assert_eq!(get(None, 6_899, 7_200), (1, 1));
        assert_eq!(get(None, 6_900, 7_200), (2, 2));
        // What somebody else replaced already is not replaced again.
        assert_eq!(get(Some(1), 6_900, 7_200), (2, 2));
        assert_eq!(get(Some(2), 6_900, 0), (3, 3));
        // Nothing and eternity are no lifetimes.
        assert_eq!(get(None, 6_901, 7_200), (3, 3));
        assert_eq!(get(None, 6_960, u64::MAX), (4, 4));
        assert_eq!(get(None, 6_960 + 7_200, 7_200), (5, 5));
    }

    #[test]
    fn a_fetch_that_failed_is_made_again_by_who_comes_later() {
        let runtime = crate::http::runtime().unwrap();
        let value = SharedValue::default();
        let failed = ApiError::before_any_call(Fault::TimedOut);
        let get = |outcome: Result<Fetched, ApiError>| {
            runtime.block_on(value.get(None, Instant::now(), async || outcome))
        };
        assert_eq!(get(Err(failed.clone())).unwrap_err(), failed);
        let fetched =
            Fetched { value: Secret::new("v".to_owned()), lifetime: Duration::from_secs(7_200) };
        assert_eq!(get(Ok(fetched)).unwrap().number, 1);
    }
}
