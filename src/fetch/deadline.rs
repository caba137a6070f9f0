//! The deadline and the cancellation of a fetch, which bound every wait in it.
//!
//! The only clock here is the monotonic one: how long a thing takes, never what time it is.

use std::hash::{BuildHasher, RandomState};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::model::Cancel;

use super::FetchError;

/// Poll interval of a wait: the longest delay of a cancellation.
const CANCEL_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// The deadline and the cancellation of one fetch. When it is over, waits end at once and registered sockets are shut down.
#[derive(Debug)]
pub(super) struct FetchDeadline {
    cancel: Cancel,
    allowed: Duration,
    end: Instant,
    /// One of the files cannot be had; the others need not go on.
    delivery_abandoned: AtomicBool,
    next: AtomicU64,
    sockets: Mutex<Vec<(u64, TcpStream)>>,
}

/// A registered socket, until this is dropped.
#[derive(Debug)]
pub(super) struct RegisteredSocket {
    deadline: Arc<FetchDeadline>,
    number: u64,
}

impl FetchDeadline {
    /// A fetch that starts now.
    pub(super) fn starting_now(allowed: Duration, cancel: &Cancel) -> Arc<FetchDeadline> {
        Arc::new(FetchDeadline {
            cancel: cancel.clone(),
            allowed,
            end: Instant::now() + allowed,
            delivery_abandoned: AtomicBool::new(false),
            next: AtomicU64::new(0),
            sockets: Mutex::default(),
        })
    }

    /// How long the whole fetch may take.
    pub(super) fn allowed(&self) -> Duration {
        self.allowed
    }

    /// Whether the fetch may go on.
    ///
    /// # Errors
    /// [`FetchError::Cancelled`] or [`FetchError::Deadline`] if it may not.
    pub(super) fn check(&self) -> Result<(), FetchError> {
        self.remaining().map(|_| ())
    }

    /// What is left of the time allowed.
    ///
    /// # Errors
    /// As [`FetchDeadline::check`].
    pub(super) fn remaining(&self) -> Result<Duration, FetchError> {
        if self.delivery_abandoned.load(Ordering::Acquire) {
            return Err(FetchError::Cancelled);
        }
        self.left()
    }

    fn left(&self) -> Result<Duration, FetchError> {
        if self.cancel.is_asked() {
            return Err(FetchError::Cancelled);
        }
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

    /// What a fault comes to: after the deadline or a cancellation the fault is only their consequence.
    pub(super) fn explain(&self, fault: FetchError) -> FetchError {
        match self.left() {
            Ok(_) => fault,
            Err(FetchError::Deadline { allowed, .. }) => match fault {
                fault @ (FetchError::Deadline { .. } | FetchError::NotReady { .. }) => fault,
                fault => FetchError::Deadline { allowed, last: Some(Box::new(fault)) },
            },
            Err(ended) => ended,
        }
    }

    /// The current set of files is abandoned: transfers of it that are under way may stop.
    pub(super) fn abandon_delivery(&self) {
        self.delivery_abandoned.store(true, Ordering::Release);
    }

    /// All that was under way has stopped; another set may be begun.
    pub(super) fn begin_delivery(&self) {
        self.delivery_abandoned.store(false, Ordering::Release);
    }

    /// Waits.
    ///
    /// # Errors
    /// As [`FetchDeadline::check`]; at once, if the wait would outlast the deadline.
    pub(super) fn wait(&self, wait: Duration) -> Result<(), FetchError> {
        if wait >= self.remaining()? {
            return Err(FetchError::Deadline { allowed: self.allowed, last: None });
        }
        let end = Instant::now() + wait;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(CANCEL_CHECK_INTERVAL));
            self.check()?;
        }
    }

    /// Waits before attempt `attempt + 1` of something that failed with `fault`.
    ///
    /// # Errors
    /// As [`FetchDeadline::wait`], with the fault.
    pub(super) fn wait_after(
        &self,
        fault: FetchError,
        attempt: u32,
        first_wait: Duration,
    ) -> Result<(), FetchError> {
        match self.wait(backoff(first_wait, attempt, random_share())) {
            Err(FetchError::Deadline { allowed, .. }) => {
                Err(FetchError::Deadline { allowed, last: Some(Box::new(fault)) })
            }
            other => other,
        }
    }

    /// Runs `work`, which cannot be ended early, on another thread, and waits for it no longer
    /// than `timeout`; `None` if it takes longer. A later result is dropped.
    ///
    /// # Errors
    /// As [`FetchDeadline::check`].
    pub(super) fn run_with_timeout<T: Send + 'static>(
        &self,
        timeout: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, FetchError> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        // The receiver may be gone, which is no error.
        thread::spawn(move || _ = sender.send(work()));
        let end = Instant::now() + timeout;
        loop {
            self.check()?;
            let left = end.saturating_duration_since(Instant::now());
            match receiver.recv_timeout(left.min(CANCEL_CHECK_INTERVAL)) {
                Ok(done) => return Ok(Some(done)),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return Ok(None),
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) if left.is_zero() => {
                    return Ok(None);
                }
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Connects to the first of the addresses that answers, with timeouts set. `None`: the last did not
    /// answer in time.
    ///
    /// # Errors
    /// As [`FetchDeadline::check`].
    pub(super) fn connect_any(
        &self,
        addresses: Vec<SocketAddr>,
        timeout: Duration,
    ) -> Result<Option<std::io::Result<TcpStream>>, FetchError> {
        /// No server that is up takes longer to accept a connection.
        const LONGEST: Duration = Duration::from_secs(10);
        let connect_timeout = self.bound(timeout.min(LONGEST))?;
        let dial = move || {
            let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
            for address in addresses {
                match TcpStream::connect_timeout(&address, connect_timeout) {
                    Ok(socket) => return Ok(socket),
                    Err(error) => last = error,
                }
            }
            Err(last)
        };
        let Some(connected) = self.run_with_timeout(connect_timeout.saturating_mul(2), dial)?
        else {
            return Ok(None);
        };
        let timeout = self.bound(timeout)?;
        Ok(Some(connected.and_then(|socket| {
            socket.set_read_timeout(Some(timeout))?;
            socket.set_write_timeout(Some(timeout))?;
            socket.set_nodelay(true)?;
            Ok(socket)
        })))
    }

    /// Registers a socket, so that it is shut down when the fetch has to end.
    pub(super) fn register_socket(
        self: &Arc<Self>,
        socket: &TcpStream,
    ) -> std::io::Result<RegisteredSocket> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let socket = socket.try_clone()?;
        self.sockets().push((number, socket));
        Ok(RegisteredSocket { deadline: Arc::clone(self), number })
    }

    /// Does `work` while a thread shuts the registered sockets down when the fetch has to end: a
    /// blocked read has no deadline of its own.
    pub(super) fn while_watching_sockets<T>(&self, work: impl FnOnce() -> T) -> T {
        /// Ends the watch even if the work panics.
        struct StopWatchOnDrop<'o>(&'o AtomicBool, thread::Thread);
        impl Drop for StopWatchOnDrop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Release);
                self.1.unpark();
            }
        }
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let watch = scope.spawn(|| {
                while !over.load(Ordering::Acquire) {
                    if self.check().is_err() {
                        for (_, socket) in self.sockets().iter() {
                            // It may be shut down already, which is no error.
                            _ = socket.shutdown(Shutdown::Both);
                        }
                    }
                    thread::park_timeout(CANCEL_CHECK_INTERVAL);
                }
            });
            let _over = StopWatchOnDrop(&over, watch.thread().clone());
            work()
        })
    }

    fn sockets(&self) -> MutexGuard<'_, Vec<(u64, TcpStream)>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RegisteredSocket {
    fn drop(&mut self) {
        self.deadline.sockets().retain(|(number, _)| *number != self.number);
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
    fn retry_delays_double_up_to_a_maximum() {
        let first = Duration::from_secs(4);
        for (attempt, share, seconds) in
            [(1, 0.0, 2), (1, 1.0, 4), (2, 0.0, 4), (3, 1.0, 16), (40, 1.0, 300), (40, 0.0, 150)]
        {
            assert_eq!(backoff(first, attempt, share), Duration::from_secs(seconds));
        }
    }

    #[test]
    fn a_retry_delay_beyond_the_deadline_fails_at_once() {
        let cancel = Cancel::new();
        let deadline = FetchDeadline::starting_now(Duration::from_secs(10), &cancel);
        let fault = FetchError::Changing { what: "x".to_owned() };
        let started = Instant::now();
        let error = deadline.wait_after(fault, 9, Duration::from_secs(60)).unwrap_err();
        assert!(matches!(error, FetchError::Deadline { last: Some(_), .. }));
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn cancelling_a_fetch_ends_its_wait_and_its_blocked_read() {
        use std::io::Read;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let cancel = Cancel::new();
        let deadline = FetchDeadline::starting_now(Duration::from_secs(600), &cancel);
        let mut socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let started = Instant::now();
        deadline.while_watching_sockets(|| {
            let _registered = deadline.register_socket(&socket).unwrap();
            let asker = cancel.clone();
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(200));
                asker.ask();
            });
            assert_eq!(socket.read(&mut [0]).unwrap(), 0);
            let waited = deadline.wait(Duration::from_secs(300));
            assert!(matches!(waited, Err(FetchError::Cancelled)));
        });
        assert!(started.elapsed() < Duration::from_secs(60));
    }
}
