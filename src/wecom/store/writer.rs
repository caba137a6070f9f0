//! The thread that writes `wecom.db`: one transaction for all queued events.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::error::WecomStoreError;
use super::rebuild::rebuild_outdated;
use super::received::{ReceivedEvent, Stored};
use super::{connection, events};
use crate::wecom::event::Event;
use crate::wecom::state::{Changes, Effect, Step};

/// Most events of one transaction; with more, the first would wait too long for the last.
const MAX_BATCH: usize = 512;

/// How long the first event of a batch waits for others under load. A commit costs the same whatever its size, so
/// this halves the processor and disk time of a full load.
const BATCH_DELAY: Duration = Duration::from_millis(4);

/// A queued event, and where to send the outcome.
#[derive(Debug)]
pub(super) struct QueuedEvent {
    pub event: ReceivedEvent,
    pub parsed: Event,
    pub hash: [u8; 32],
    pub answer: oneshot::Sender<Result<Stored, WecomStoreError>>,
    /// Its share of the queue's memory; released when the event is answered.
    pub _memory_permit: OwnedSemaphorePermit,
}

/// Starts the thread. It ends when the last sender is dropped and the queue is stored.
pub(super) fn start(
    path: PathBuf,
    conn: Option<Connection>,
    receiver: mpsc::Receiver<QueuedEvent>,
) -> Result<(), WecomStoreError> {
    let stopped_path = path.clone();
    thread::Builder::new()
        .name("wecom-writer".to_owned())
        .spawn(move || run(&path, conn, receiver))
        .map(|_| ())
        .map_err(|_| WecomStoreError::Stopped { path: stopped_path })
}

/// The open file and its identity, since the path may name another file later.
struct OpenFile {
    conn: Connection,
    identity: Option<(u64, u64)>,
}

/// Device and inode of the file at the path.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

fn run(path: &Path, conn: Option<Connection>, mut receiver: mpsc::Receiver<QueuedEvent>) {
    let mut open = conn.map(|conn| OpenFile { conn, identity: identity(path) });
    let mut batch = Vec::new();
    let mut busy = false;
    while let Some(first) = receiver.blocking_recv() {
        batch.push(first);
        if busy {
            thread::sleep(BATCH_DELAY);
        }
        while batch.len() < MAX_BATCH
            && let Ok(next) = receiver.try_recv()
        {
            batch.push(next);
        }
        busy = batch.len() > 1;
        // Unwind safe: after a panic the connection is dropped, and its transaction with it.
        let outcome = catch_unwind(AssertUnwindSafe(|| store(&mut open, path, &batch)))
            .unwrap_or_else(|_| Err(WecomStoreError::Stopped { path: path.to_path_buf() }));
        match outcome {
            Ok(stored) => {
                for (event, stored) in batch.drain(..).zip(stored) {
                    // The caller may have gone; its event is stored all the same.
                    let _ = event.answer.send(Ok(stored));
                }
            }
            Err(error) => {
                // Only at debug level: the callers log it, and a line for every batch would fill a full disk.
                tracing::debug!(%error, events = batch.len(), "callbacks could not be stored");
                // The connection may be broken, so the next batch opens a new one.
                open = None;
                for event in batch.drain(..) {
                    let _ = event.answer.send(Err(error.clone()));
                }
            }
        }
    }
}

/// Stores the batch in the file at the path. If the open file was moved away, a new one is used: events written to
/// the moved file would be acknowledged and never be found.
fn store(
    open: &mut Option<OpenFile>,
    path: &Path,
    batch: &[QueuedEvent],
) -> Result<Vec<Stored>, WecomStoreError> {
    if open.as_ref().is_some_and(|open| open.identity != identity(path)) {
        *open = None;
    }
    let current = match open {
        Some(current) => current,
        None => {
            let conn = connection::open(path)?;
            rebuild_outdated(&conn, path)?;
            open.insert(OpenFile { conn, identity: identity(path) })
        }
    };
    let stored = write(&mut current.conn, path, batch)?;
    match current.identity == identity(path) {
        true => Ok(stored),
        // Moved away in the meantime: WeCom sends the events again, and they go into the new file.
        false => Err(WecomStoreError::CannotOpen { path: path.to_path_buf() }),
    }
}

/// Stores the batch in one transaction.
fn write(
    conn: &mut Connection,
    path: &Path,
    batch: &[QueuedEvent],
) -> Result<Vec<Stored>, WecomStoreError> {
    let mut write = || -> rusqlite::Result<Vec<Stored>> {
        let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut stored = Vec::with_capacity(batch.len());
        let mut changes = Changes::default();
        for queued in batch {
            let inserted =
                events::insert(&transaction, &queued.event, &queued.parsed, &queued.hash)?;
            if let Stored::New(id) = inserted.stored
                && inserted.new_content
            {
                let at = events::occurred_at(&queued.parsed, queued.event.received_at);
                let step = Step { id, at: &at, hash: &queued.hash, event: &queued.parsed };
                if changes.apply(&transaction, step)? == Effect::Failed {
                    events::record_problem(&transaction, id, "state_failed")?;
                }
            }
            stored.push(inserted.stored);
        }
        changes.finish(&transaction)?;
        transaction.commit()?;
        Ok(stored)
    };
    write().map_err(|error| WecomStoreError::sqlite(path, error))
}
