//! The bandwidth that a job allows, shared by all its connections.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::FetchError;
use super::deadline::FetchDeadline;

/// A token bucket that holds a quarter of a second's worth: a short burst is free, and over time the
/// rate is kept.
#[derive(Debug)]
pub(super) struct Throttle {
    /// Bytes a second; `None` is unlimited.
    rate: Option<u64>,
    /// When the bytes taken so far would have been transferred at the allowed rate.
    busy_until: Mutex<Instant>,
}

impl Throttle {
    /// The limit in bytes a second.
    pub(super) fn new(rate: Option<u64>) -> Throttle {
        Throttle { rate, busy_until: Mutex::new(Instant::now()) }
    }

    /// Takes bytes that have come, and waits until more may come.
    ///
    /// # Errors
    /// If the fetch has to end meanwhile.
    pub(super) fn take(&self, bytes: u64, deadline: &FetchDeadline) -> Result<(), FetchError> {
        const BURST: Duration = Duration::from_millis(250);
        let Some(rate) = self.rate else { return deadline.check() };
        let cost = Duration::from_secs_f64(bytes as f64 / rate as f64);
        let now = Instant::now();
        let until = {
            let mut busy = self.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
            *busy = (*busy).max(now.checked_sub(BURST).unwrap_or(now)) + cost;
            *busy
        };
        match until.saturating_duration_since(now) {
            Duration::ZERO => deadline.check(),
            wait => deadline.wait(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Cancel;

    use super::*;

    #[test]
    fn the_bandwidth_limit_is_kept() {
        let cancel = Cancel::new();
        let deadline = FetchDeadline::starting_now(Duration::from_secs(60), &cancel);
        let throttle = Throttle::new(Some(1_000_000));
        let started = Instant::now();
        for _ in 0..15 {
            throttle.take(50_000, &deadline).unwrap();
        }
        // 750 kB at 1 MB/s, of which a burst of 250 kB is free.
        assert!(started.elapsed() >= Duration::from_millis(450), "{:?}", started.elapsed());
    }
}
