//! Keeps a claim while a run goes on: a thread renews its lease.

use std::fmt;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::model::Cancel;
use crate::store::error::StoreError;
use crate::store::run_claim::ClaimEnd;

/// What can be done with a claim that was taken.
pub trait HeldClaim: Send {
    /// Extends its lease. Returns whether it still holds, or has ended with a publication of its own.
    ///
    /// # Errors
    /// Any fault of the store.
    fn renew(&mut self) -> Result<bool, StoreError>;

    /// Ends it. Returns whether it still held, or has ended with a publication of its own.
    ///
    /// # Errors
    /// Any fault of the store.
    fn end(&mut self, end: ClaimEnd) -> Result<bool, StoreError>;
}

/// The thread that renews a claim. If this is dropped the claim stays as it is, and is no longer renewed.
pub struct ClaimKeeper {
    ends: Sender<Option<ClaimEnd>>,
    thread: JoinHandle<bool>,
}

impl fmt::Debug for ClaimKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimKeeper")
    }
}

impl ClaimKeeper {
    /// Renews a claim three times within its lease, until it is ended. If another has taken over, the run is asked to end.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(
        claim: Box<dyn HeldClaim>,
        lease: Duration,
        cancel: Cancel,
    ) -> std::io::Result<ClaimKeeper> {
        let (ends, ended) = mpsc::channel();
        let keep = move || keep(claim, lease, &cancel, &ended);
        let thread = thread::Builder::new().name("claim".to_owned()).spawn(keep)?;
        Ok(ClaimKeeper { ends, thread })
    }

    /// Ends the claim; without `end` it is renewed once more, for somebody else to end it. Returns whether it held until now, as
    /// far as is known.
    pub fn finish(self, end: Option<ClaimEnd>) -> bool {
        // A thread that has ended has found the claim lost.
        let _ = self.ends.send(end);
        self.thread.join().unwrap_or(true)
    }
}

fn keep(
    mut claim: Box<dyn HeldClaim>,
    lease: Duration,
    cancel: &Cancel,
    ended: &Receiver<Option<ClaimEnd>>,
) -> bool {
    let (interval, retry) = (lease / 3, lease / 10);
    let mut wait = interval;
    loop {
        let end = match ended.recv_timeout(wait) {
            Ok(end) => end,
            Err(RecvTimeoutError::Timeout) => match claim.renew() {
                Ok(true) => {
                    wait = interval;
                    continue;
                }
                Ok(false) => {
                    cancel.ask();
                    return false;
                }
                // Whether it holds is decided by the publication.
                Err(error) => {
                    tracing::debug!("a claim could not be renewed, it is tried again: {error}");
                    wait = retry;
                    continue;
                }
            },
            Err(RecvTimeoutError::Disconnected) => return true,
        };
        let held = match end {
            Some(end) => claim.end(end),
            None => claim.renew(),
        };
        return held.unwrap_or_else(|error| {
            tracing::warn!("a claim could not be ended, so others wait for its lease: {error}");
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// A claim whose renewals answer as they are told.
    struct Told(Receiver<Result<bool, StoreError>>);

    impl HeldClaim for Told {
        fn renew(&mut self) -> Result<bool, StoreError> {
            self.0.recv().unwrap()
        }

        fn end(&mut self, end: ClaimEnd) -> Result<bool, StoreError> {
            assert_eq!(end, ClaimEnd::Waiting);
            Ok(true)
        }
    }

    #[test]
    fn a_run_whose_claim_was_taken_over_is_asked_to_end_and_a_fault_of_the_store_does_not() {
        let (answers, told) = channel();
        let cancel = Cancel::new();
        let lease = Duration::from_millis(30);
        let keeper = ClaimKeeper::start(Box::new(Told(told)), lease, cancel.clone()).unwrap();
        answers.send(Ok(true)).unwrap();
        answers.send(Err(StoreError::ServerNotBuiltIn)).unwrap();
        assert!(!cancel.is_asked());
        answers.send(Ok(false)).unwrap();
        while !cancel.is_asked() {
            thread::yield_now();
        }
        assert!(!keeper.finish(None));

        let (_answers, told) = channel();
        let lease = Duration::from_secs(3_600);
        let keeper = ClaimKeeper::start(Box::new(Told(told)), lease, Cancel::new()).unwrap();
        assert!(keeper.finish(Some(ClaimEnd::Waiting)));
    }
}
