//! What may be used once, remembered for as long as it could be used again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

/// How many uses are remembered at most. WeCom takes 10,000 calls a minute of one enterprise, and each login is one, and uses
/// a state and a code: there are no more in the five minutes for which a use is remembered.
pub const CAPACITY: usize = 131_072;

/// Bytes of a hash by which something used is known; short, so that many take little memory.
type Mark = [u8; 16];

/// What was used already, in bounded memory.
#[derive(Debug)]
pub struct UsedOnce {
    capacity: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    until: BTreeMap<Mark, i64>,
    by_time: BTreeSet<(i64, Mark)>,
}

/// What a use was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The first one.
    First,
    /// A further one.
    Again,
    /// It cannot be told, as too many others are remembered: not to be taken for the first.
    Unknown,
}

impl UsedOnce {
    /// Remembers so many uses at most.
    pub fn new(capacity: usize) -> UsedOnce {
        UsedOnce { capacity, used: Mutex::default() }
    }

    /// What a use would be now. Nothing is remembered: whatever somebody made up takes no place.
    pub fn look(&self, kind: &str, text: &str, now: DateTime<Utc>) -> Use {
        self.current(now).would_be(&mark(kind, text), self.capacity)
    }

    /// Uses something of a kind, and remembers it until the time at which it would be refused anyway.
    pub fn take(&self, kind: &str, text: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Use {
        let (mark, until) = (mark(kind, text), until.timestamp());
        let mut used = self.current(now);
        let found = used.would_be(&mark, self.capacity);
        if found == Use::First {
            used.until.insert(mark, until);
            used.by_time.insert((until, mark));
        }
        found
    }

    /// What is still remembered.
    fn current(&self, now: DateTime<Utc>) -> MutexGuard<'_, Used> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.timestamp();
        while let Some((over, old)) = used.by_time.first().copied().filter(|(over, _)| *over <= now)
        {
            used.by_time.remove(&(over, old));
            used.until.remove(&old);
        }
        used
    }
}

impl Used {
    fn would_be(&self, mark: &Mark, capacity: usize) -> Use {
        match self.until.contains_key(mark) {
            true => Use::Again,
            false if self.until.len() >= capacity => Use::Unknown,
            false => Use::First,
        }
    }
}

fn mark(kind: &str, text: &str) -> Mark {
    let hash = Sha256::new().chain_update(kind).chain_update([0]).chain_update(text).finalize();
    let mut mark = Mark::default();
    mark.iter_mut().zip(hash.iter()).for_each(|(mark, byte)| *mark = *byte);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_764_300_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_thing_is_used_once_until_its_time_is_over() {
        let used = UsedOnce::new(10);
        assert_eq!(used.take("code", "a", at(300), at(0)), Use::First);
        assert_eq!(used.take("code", "a", at(600), at(299)), Use::Again);
        assert_eq!(used.take("state", "a", at(300), at(1)), Use::First);
        assert_eq!(used.take("code", "a", at(600), at(300)), Use::First);
    }

    #[test]
    fn what_is_only_looked_at_takes_no_place() {
        let used = UsedOnce::new(1);
        for text in ["a", "b", "a"] {
            assert_eq!(used.look("code", text, at(0)), Use::First, "{text}");
        }
        assert_eq!(used.take("code", "a", at(300), at(0)), Use::First);
        assert_eq!(used.look("code", "a", at(299)), Use::Again);
        assert_eq!(used.look("code", "b", at(299)), Use::Unknown);
        assert_eq!(used.look("code", "a", at(300)), Use::First);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_never_forgotten_early() {
        let used = UsedOnce::new(3);
        for (text, until) in [("a", 300), ("b", 100), ("c", 200)] {
            assert_eq!(used.take("code", text, at(until), at(0)), Use::First);
        }
        assert_eq!(used.take("code", "d", at(300), at(99)), Use::Unknown);
        for text in ["a", "b", "c"] {
            assert_eq!(used.take("code", text, at(300), at(99)), Use::Again, "{text}");
        }
        assert_eq!(used.take("code", "d", at(300), at(100)), Use::First, "the second is over");
        assert_eq!(used.take("code", "e", at(300), at(100)), Use::Unknown);
    }
}
