//! Downloading a delivery from a server, whatever protocol it speaks: what is tried again, what is
//! resumed, what is accepted.
//!
//! A file is accepted only if the transfer ended well, the server says so, the number of bytes is the
//! size that the server stated, and size and time are the same afterwards. The four files (and the marker)
//! are one delivery: if any has changed by the end, all are fetched anew.

mod attempt;
mod state;

use std::cell::Cell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::model::Feed;

use super::deadline::FetchDeadline;
use super::expected_files::ExpectedFiles;
use super::readiness::{self, PollResult};
use super::remote::{Connector, Remote, Stat, Version};
use super::throttle::Throttle;
use super::zipped::zipped;
use super::{FetchError, Fetched, Progress, RawDelivery, Request};
use crate::disk::{create_private_dirs, free_bytes, sync_dir};
use attempt::AttemptOutcome;
use state::{Connection, Download, Queue, Task};

/// A connection that was not used for longer may have been closed by its server.
const IDLE: Duration = Duration::from_secs(45);

/// Downloads the delivery of an account; `place` names it in messages, without secrets.
pub(super) fn fetch(
    connector: &dyn Connector,
    place: &str,
    deadline: &FetchDeadline,
    request: &Request<'_>,
    wanted: &ExpectedFiles,
    progress: &dyn Progress,
) -> Result<RawDelivery, FetchError> {
    create_private_dirs(request.workdir)?;
    let settings = request.source.fetching();
    let download = Download {
        connector,
        settings,
        place,
        deadline,
        request,
        wanted,
        progress,
        throttle: Throttle::new(settings.bandwidth),
        single_connection: AtomicBool::new(settings.connections <= 1),
        resumes: AtomicBool::new(true),
    };
    deadline.while_watching_sockets(|| download.run()).map_err(|fault| deadline.explain(fault))
}

impl<'d> Download<'d> {
    /// Whole sets, until one has not changed from its first look to its last.
    fn run(&self) -> Result<RawDelivery, FetchError> {
        let mut round = 1;
        loop {
            let mut connection = None;
            let polled = readiness::wait_until_complete(
                &self.settings.ready,
                self.wanted,
                self.place,
                self.deadline,
                self.request.caller_polls,
                &mut || {
                    let polled = self.look(&mut connection)?;
                    polled.reject_earlier_delivery(self.request.earlier, self.place)?;
                    if self.idles_long() {
                        disconnect(&mut connection);
                    }
                    Ok(polled)
                },
            )?;
            let began = Instant::now();
            let fault = match self.take_all(&polled, &mut connection) {
                Ok(files) => {
                    if began.elapsed() > IDLE {
                        disconnect(&mut connection);
                    }
                    let after = self.look(&mut connection)?;
                    disconnect(&mut connection);
                    let changed = polled.differences(&after, self.wanted);
                    if changed.is_empty() {
                        return self.keep(files);
                    }
                    FetchError::Changing { what: changed.join(", ") }
                }
                Err(fault @ FetchError::Changing { .. }) => fault,
                Err(fault) => return Err(fault),
            };
            if round >= self.settings.attempts {
                return Err(fault);
            }
            tracing::warn!(round, "all files are fetched anew: {fault}");
            self.deadline.wait_after(fault, round, self.settings.retry_wait)?;
            round += 1;
        }
    }

    /// Whether the poll interval is so long that servers disconnect meanwhile.
    fn idles_long(&self) -> bool {
        match &self.settings.ready {
            crate::config::job::Ready::Stable { wait, polls, .. } => {
                readiness::stable_poll_interval(*wait, *polls) > IDLE
            }
            _ => false,
        }
    }

    fn keep(&self, files: Vec<Fetched>) -> Result<RawDelivery, FetchError> {
        sync_dir(self.request.workdir)?;
        let kept = |fetched: &Fetched| match fetched {
            Fetched::File(file) => file.content.path().map(PathBuf::from),
            _ => None,
        };
        let mut downloads: Vec<PathBuf> = files.iter().filter_map(kept).collect();
        downloads.dedup();
        Ok(RawDelivery { source: self.place.to_owned(), files, downloads })
    }

    /// Looks at the marker and then at the files, in as many attempts as the job allows.
    fn look(&self, connection: &mut Connection<'d>) -> Result<PollResult, FetchError> {
        self.with_retries(connection, &|| false, &mut |connection| {
            let remote = self.connected(connection)?;
            PollResult::look(remote, self.wanted)
        })
    }

    /// The current connection, or a new one.
    fn connected<'c>(
        &self,
        connection: &'c mut Connection<'d>,
    ) -> Result<&'c mut (dyn Remote + 'd), FetchError> {
        let remote = match connection.take() {
            Some(remote) => remote,
            None => self.connector.open()?,
        };
        Ok(connection.insert(remote).as_mut())
    }

    /// Does something in as many attempts as the job allows, each after a fault on a fresh connection.
    /// Files that change and, while `others` are open, too many connections are handled by the caller.
    fn with_retries<T>(
        &self,
        connection: &mut Connection<'d>,
        others: &dyn Fn() -> bool,
        attempt: &mut dyn FnMut(&mut Connection<'d>) -> Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        let mut number = 1;
        loop {
            let fault = match attempt(connection) {
                Ok(done) => return Ok(done),
                Err(fault) => self.deadline.explain(fault),
            };
            // Whatever went wrong, the connection is in an unknown state.
            *connection = None;
            let handled_by_caller = match &fault {
                FetchError::Changing { .. } => true,
                FetchError::TooManyConnections { .. } => others(),
                _ => false,
            };
            let attempts = self.settings.attempts;
            if handled_by_caller || !fault.is_worth_another_attempt() || number >= attempts {
                return Err(fault);
            }
            tracing::warn!(attempt = number, of = attempts, "{fault}");
            self.deadline.wait_after(fault, number, self.settings.retry_wait)?;
            number += 1;
        }
    }

    /// Downloads every file that was seen, side by side where the job and the server allow it.
    fn take_all(
        &self,
        polled: &PollResult,
        connection: &mut Connection<'d>,
    ) -> Result<Vec<Fetched>, FetchError> {
        let limit = self.request.max_file_size;
        let (mut done, mut waiting) = (Vec::new(), VecDeque::new());
        for feed in Feed::ALL {
            let name = polled.name(feed).to_owned();
            if polled.found.zipped && feed != Feed::Agent {
                continue;
            }
            match polled.file(feed).clone() {
                Stat::Missing => {
                    let near = polled.found.near[feed].clone();
                    done.push(Fetched::Missing { feed, name, near });
                }
                Stat::Present(Version { size: Some(size), .. }) if size > limit => {
                    done.push(Fetched::Oversized { feed, name, size, limit });
                }
                Stat::Present(version) => waiting.push_back(Task { feed, name, version }),
            }
        }
        self.check_disk_space(&waiting)?;
        let most = if self.single_connection.load(Ordering::Relaxed) {
            1
        } else {
            self.settings.connections
        };
        let workers = waiting.len().min(most as usize).max(1);
        let queue = Mutex::new(Queue { waiting, workers, done, fault: None });
        thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(|| {
                    let mut connection = None;
                    self.work(&queue, &mut connection);
                    disconnect(&mut connection);
                });
            }
            self.work(&queue, connection);
            // Idle, it would take the place that a server of few connections may have for the others.
            if lock(&queue).workers > 0 {
                disconnect(connection);
            }
        });
        self.deadline.begin_delivery();
        let queue = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(fault) = queue.fault {
            return Err(fault);
        }
        let mut files = queue.done;
        files.sort_by_key(Fetched::feed);
        match polled.found.zipped {
            true => Ok(zipped(files, self.wanted)),
            false => Ok(files),
        }
    }

    fn check_disk_space(&self, tasks: &VecDeque<Task>) -> Result<(), FetchError> {
        /// What the machine needs besides, for its logs and ours.
        const RESERVE: u64 = 64 << 20;
        let sizes: u64 = tasks.iter().filter_map(|task| task.version.size).sum();
        let path = self.request.workdir;
        let (needed, free) = (sizes + RESERVE, free_bytes(path)?);
        match free < needed {
            true => Err(FetchError::NoRoom { path: path.to_path_buf(), needed, free }),
            false => Ok(()),
        }
    }

    /// One connection's part: file after file, until none waits or one cannot be had.
    fn work(&self, queue: &Mutex<Queue>, connection: &mut Connection<'d>) {
        loop {
            let task = {
                let mut queue = lock(queue);
                match queue.waiting.pop_front().filter(|_| queue.fault.is_none()) {
                    Some(task) => task,
                    None => {
                        queue.workers -= 1;
                        return;
                    }
                }
            };
            let had_parallel_workers = Cell::new(false);
            let others = || {
                had_parallel_workers.set(lock(queue).workers > 1);
                had_parallel_workers.get()
            };
            let fetched_result = self.with_retries(connection, &others, &mut |connection| {
                let remote = self.connected(connection)?;
                match self.attempt(remote, &task)? {
                    AttemptOutcome::Complete(fetched) => Ok(fetched),
                    AttemptOutcome::CompleteDisconnected(fetched) => {
                        *connection = None;
                        Ok(fetched)
                    }
                    AttemptOutcome::Unconfirmed(part) => {
                        *connection = None;
                        self.accept_unconfirmed(connection, &task, *part)
                    }
                }
            });
            let mut queue = lock(queue);
            match fetched_result {
                Ok(fetched) => queue.done.push(fetched),
                Err(FetchError::TooManyConnections { reply, .. }) if had_parallel_workers.get() => {
                    tracing::warn!("one connection at a time from now on: {reply}");
                    self.single_connection.store(true, Ordering::Relaxed);
                    queue.waiting.push_front(task);
                    // The others may have come to their ends meanwhile; then this one goes on.
                    if queue.workers > 1 {
                        queue.workers -= 1;
                        return;
                    }
                }
                Err(fault) => {
                    queue.workers -= 1;
                    // The others report then that they were cancelled.
                    if queue.fault.is_none() {
                        queue.fault = Some(fault);
                    }
                    self.deadline.abandon_delivery();
                    return;
                }
            }
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn disconnect(connection: &mut Connection<'_>) {
    if let Some(remote) = connection.take() {
        remote.close();
    }
}
