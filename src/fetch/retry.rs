//! Deadlines, and waiting between attempts.
//!
//! The only clock here is the monotonic one: how long a thing takes, never what time it is.

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, Instant};

use super::FetchError;

/// The end of a fetch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    allowed: Duration,
    end: Instant,
}

impl Deadline {
    /// A fetch that starts now.
    pub(super) fn starting_now(allowed: Duration) -> Deadline {
        Deadline { allowed, end: Instant::now() + allowed }
    }

    /// How long the whole fetch may take.
    #[cfg(feature = "sftp")]
    pub(super) fn allowed(&self) -> Duration {
        self.allowed
    }

    /// What is left, if anything.
    ///
    /// # Errors
    /// [`FetchError::Deadline`] once it has passed.
    pub(super) fn remaining(&self) -> Result<Duration, FetchError> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(FetchError::Deadline { allowed: self.allowed, last: None });
        }
        Ok(left)
    }

    /// `wanted`, or what is left if that is less.
    pub(super) fn bound(&self, wanted: Duration) -> Result<Duration, FetchError> {
        Ok(wanted.min(self.remaining()?))
    }

    /// Waits before attempt `attempt + 1` of something that failed with `fault`.
    ///
    /// # Errors
    /// [`FetchError::Deadline`] with the fault, at once, if the wait would outlast the deadline.
    pub(super) fn wait_after(
        &self,
        fault: FetchError,
        attempt: u32,
        first_wait: Duration,
    ) -> Result<(), FetchError> {
        let wait = backoff(first_wait, attempt, random_share());
        match self.remaining() {
            Ok(left) if wait < left => {
                thread::sleep(wait);
                Ok(())
            }
            _ => Err(FetchError::Deadline { allowed: self.allowed, last: Some(Box::new(fault)) }),
        }
    }
}

/// The wait after the given attempt (from 1): doubled each time up to five minutes, of which the
/// later half is scaled by `share` (0 to 1), so that many jobs do not come back in step.
fn backoff(first_wait: Duration, attempt: u32, share: f64) -> Duration {
    const LONGEST: Duration = Duration::from_secs(300);
    let doubled = first_wait.saturating_mul(1 << attempt.saturating_sub(1).min(20));
    doubled.min(LONGEST).mul_f64(0.5 + share / 2.0)
}

/// A random number from 0 to 1: each `RandomState` has random keys.
fn random_share() -> f64 {
    f64::from((RandomState::new().hash_one(0) >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_stay_bounded() {
        let first = Duration::from_secs(4);
        for (attempt, share, seconds) in
            [(1, 0.0, 2), (1, 1.0, 4), (2, 0.0, 4), (3, 1.0, 16), (40, 1.0, 300), (40, 0.0, 150)]
        {
            assert_eq!(backoff(first, attempt, share), Duration::from_secs(seconds));
        }
    }

    #[test]
    fn a_wait_that_outlasts_the_deadline_is_not_begun() {
        let deadline = Deadline::starting_now(Duration::from_secs(10));
        let fault = FetchError::Changing { what: "x".to_owned() };
        let started = Instant::now();
        let error = deadline.wait_after(fault, 9, Duration::from_secs(60)).unwrap_err();
        assert!(matches!(error, FetchError::Deadline { last: Some(_), .. }));
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
