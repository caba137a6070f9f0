//! What a call may cost: its time, its attempts, and the budget of retries that all callers share.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a call may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The whole call, with its token, all attempts and the waits between them.
    pub total: Duration,
    /// One request.
    pub request: Duration,
    /// Attempts of one request; 1 means none is tried again.
    pub attempts: u32,
    /// The wait before the second attempt; doubled each time.
    pub first_wait: Duration,
    /// No wait is longer.
    pub longest_wait: Duration,
}

impl Limits {
    /// For a call that a person waits for.
    pub const INTERACTIVE: Limits = Limits {
        total: Duration::from_secs(8),
        request: Duration::from_secs(4),
        attempts: 2,
        first_wait: Duration::from_millis(200),
        longest_wait: Duration::from_millis(400),
    };

    /// For a call that nobody waits for: long enough for a limit of calls a minute to pass.
    pub const UNATTENDED: Limits = Limits {
        total: Duration::from_secs(180),
        request: Duration::from_secs(30),
        attempts: 7,
        first_wait: Duration::from_secs(1),
        longest_wait: Duration::from_secs(30),
    };

    /// The wait after an attempt (from 1) that failed: between half and all of the doubled one.
    pub(super) fn wait_after(&self, attempt: u32) -> Duration {
        let doubled = self.first_wait.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let wait = doubled.min(self.longest_wait);
        // The seeds of the standard library's hash maps are random.
        let random = RandomState::new().hash_one(attempt) % 1_000;
        wait / 2 + wait.mul_f64(random as f64 / 2_000.0)
    }
}

/// Retries that may be made at once.
const MOST_RETRIES: f64 = 20.0;
/// Retries that come back in a second.
const RETRIES_A_SECOND: f64 = 0.5;

/// The retries that all callers of a client share.
#[derive(Debug)]
pub(super) struct RetryBudget {
    left: Mutex<(f64, Instant)>,
}

impl RetryBudget {
    pub(super) fn new(now: Instant) -> RetryBudget {
        RetryBudget { left: Mutex::new((MOST_RETRIES, now)) }
    }

    /// Takes a retry, if there is one.
    pub(super) fn take(&self, now: Instant) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(left.1).as_secs_f64();
        let filled = (left.0 + passed * RETRIES_A_SECOND).min(MOST_RETRIES);
        let enough = filled >= 1.0;
        *left = (if enough { filled - 1.0 } else { filled }, now);
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_differ() {
        let limits = Limits {
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(5),
            ..Limits::UNATTENDED
        };
        for (attempt, most) in [(1, 1), (2, 2), (3, 4), (4, 5), (30, 5)] {
            let most = Duration::from_secs(most);
            let wait = limits.wait_after(attempt);
            assert!(wait >= most / 2 && wait <= most, "{attempt}: {wait:?}");
        }
        let different =
            (0..64).map(|_| limits.wait_after(4)).collect::<std::collections::BTreeSet<_>>();
        assert!(different.len() > 1);
    }

    #[test]
    fn a_budget_of_retries_runs_out_and_fills_with_time() {
        let start = Instant::now();
        let budget = RetryBudget::new(start);
        assert_eq!((0..100).filter(|_| budget.take(start)).count(), 20);
        assert!(!budget.take(start + Duration::from_secs(1)));
        assert!(budget.take(start + Duration::from_secs(2)));
        assert!(!budget.take(start + Duration::from_secs(2)));
        let later = start + Duration::from_secs(3_600);
        assert_eq!((0..100).filter(|_| budget.take(later)).count(), 20);
        // A clock that stands still or goes back gives nothing.
        assert!(!budget.take(start));
    }
}
