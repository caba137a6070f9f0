//! Waiting for a server: never longer than is allowed, and never past being asked to stop.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use super::super::FetchError;
use super::super::deadline::FetchDeadline;

/// Runs the asynchronous library underneath, and waits for its answers on the calling thread.
///
/// The library works on one separate thread, so that it receives and decrypts while the caller
/// hashes and writes.
pub(super) struct AsyncBridge<'l> {
    /// Always there until this is dropped.
    runtime: Option<Runtime>,
    deadline: &'l FetchDeadline,
}

/// Why an answer was not waited for.
#[derive(Debug)]
pub(super) enum WaitError {
    /// It took longer than one answer may take.
    TimedOut,
    /// The whole fetch has to end.
    Ended(FetchError),
}

impl<'l> AsyncBridge<'l> {
    /// Starts the thread.
    pub(super) fn new(deadline: &'l FetchDeadline) -> std::io::Result<AsyncBridge<'l>> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("sftp")
            .enable_all()
            .build()?;
        Ok(AsyncBridge { runtime: Some(runtime), deadline })
    }

    /// Waits for an answer, up to `longest`.
    pub(super) fn wait<T>(
        &self,
        longest: Duration,
        answer: impl Future<Output = T>,
    ) -> Result<T, WaitError> {
        /// Poll interval for cancellation.
        const CANCEL_CHECK_INTERVAL: Duration = Duration::from_millis(200);
        let end = Instant::now() + longest;
        let Some(runtime) = &self.runtime else { return Err(WaitError::TimedOut) };
        runtime.block_on(async {
            let mut answer = pin!(answer);
            loop {
                let left = self.deadline.bound(CANCEL_CHECK_INTERVAL).map_err(WaitError::Ended)?;
                let left = left.min(end.saturating_duration_since(Instant::now()));
                if left.is_zero() {
                    return Err(WaitError::TimedOut);
                }
                if let Ok(answer) = tokio::time::timeout(left, &mut answer).await {
                    return Ok(answer);
                }
            }
        })
    }
}

impl Drop for AsyncBridge<'_> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A name that does not resolve may keep a thread for minutes; it ends by itself.
            runtime.shutdown_background();
        }
    }
}
