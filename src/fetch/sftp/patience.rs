//! Waiting for a server: never longer than is allowed, and never past being asked to stop.

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use super::super::FetchError;
use super::super::leash::Leash;

/// Runs the asynchronous library underneath, and waits for its answers on the calling thread.
///
/// The library works on one thread of its own, so that it receives and decrypts while the caller
/// hashes and writes.
pub(super) struct Patience<'l> {
    /// Always there until this is dropped.
    runtime: Option<Runtime>,
    leash: &'l Leash,
}

/// Why an answer was not waited for.
#[derive(Debug)]
pub(super) enum Lapse {
    /// It took longer than one answer may take.
    Silence,
    /// The whole fetch has to end.
    End(FetchError),
}

impl<'l> Patience<'l> {
    /// Starts the thread.
    pub(super) fn new(leash: &'l Leash) -> std::io::Result<Patience<'l>> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("sftp")
            .enable_all()
            .build()?;
        Ok(Patience { runtime: Some(runtime), leash })
    }

    /// Waits for an answer, up to `longest`.
    pub(super) fn wait<T>(
        &self,
        longest: Duration,
        answer: impl Future<Output = T>,
    ) -> Result<T, Lapse> {
        /// How often to look whether to stop.
        const GLANCE: Duration = Duration::from_millis(200);
        let end = Instant::now() + longest;
        let Some(runtime) = &self.runtime else { return Err(Lapse::Silence) };
        runtime.block_on(async {
            let mut answer = pin!(answer);
            loop {
                let left = self.leash.bound(GLANCE).map_err(Lapse::End)?;
                let left = left.min(end.saturating_duration_since(Instant::now()));
                if left.is_zero() {
                    return Err(Lapse::Silence);
                }
                if let Ok(answer) = tokio::time::timeout(left, &mut answer).await {
                    return Ok(answer);
                }
            }
        })
    }
}

impl Drop for Patience<'_> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A name that does not resolve may keep a thread for minutes; it ends by itself.
            runtime.shutdown_background();
        }
    }
}
