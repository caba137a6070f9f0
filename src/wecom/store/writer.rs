//! The thread that writes `wecom.db`: one transaction for all that waits.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::error::WecomStoreError;
use super::received::{ReceivedEvent, Stored};
use super::{connection, events};
use crate::wecom::event::Event;
use crate::wecom::state::{Changes, Effect, Step};

/// Events of one transaction. More would make the first of them wait for the last.
const MAX_BATCH: usize = 512;

/// How long the first event of a batch waits for others while events come one upon the other. Each commit costs the
/// same whatever it holds, so this halves what a full load takes of processor and disk.
const BATCH_DELAY: Duration = Duration::from_millis(4);

/// An event on its way to the disk, and who waits for it.
#[derive(Debug)]
pub(super) struct QueuedEvent {
    pub event: ReceivedEvent,
    pub parsed: Event,
    pub hash: [u8; 32],
    pub answer: oneshot::Sender<Result<Stored, WecomStoreError>>,
    /// Its share of the memory that may wait; given back when the event is answered.
    pub _memory_permit: OwnedSemaphorePermit,
}

/// Starts the thread. It ends when the last sender is dropped and what waits is stored.
pub(super) fn start(
    path: PathBuf,
    conn: Option<Connection>,
    waiting: mpsc::Receiver<QueuedEvent>,
) -> Result<(), WecomStoreError> {
    let place = path.clone();
    thread::Builder::new()
        .name("wecom-writer".to_owned())
        .spawn(move || run(&path, conn, waiting))
        .map(|_| ())
        .map_err(|_| WecomStoreError::Stopped { path: place })
}

/// The open file and which file it is, as a path may name another file later.
struct Open {
    conn: Connection,
    identity: Option<(u64, u64)>,
}

/// Device and inode of the file that the path names now.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

fn run(path: &Path, conn: Option<Connection>, mut waiting: mpsc::Receiver<QueuedEvent>) {
    let mut open = conn.map(|conn| Open { conn, identity: identity(path) });
    let mut batch = Vec::new();
    let mut busy = false;
    while let Some(first) = waiting.blocking_recv() {
        batch.push(first);
        if busy {
            thread::sleep(BATCH_DELAY);
        }
        while batch.len() < MAX_BATCH
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        busy = batch.len() > 1;
        // Nothing that a panic may have left half done is used afterwards: the connection is dropped, and the
        // transaction with it.
        let outcome = catch_unwind(AssertUnwindSafe(|| store(&mut open, path, &batch)))
            .unwrap_or_else(|_| Err(WecomStoreError::Stopped { path: path.to_path_buf() }));
        match outcome {
            Ok(stored) => {
                for (event, stored) in batch.drain(..).zip(stored) {
                    // A caller that no longer waits has its event stored all the same.
                    let _ = event.answer.send(Ok(stored));
                }
            }
            Err(error) => {
                // Those who wait tell it, each once; a full disk would fill with what is told of every batch.
                tracing::debug!(%error, events = batch.len(), "callbacks could not be stored");
                // Whatever the connection has been through, the next batch starts on a new one.
                open = None;
                for event in batch.drain(..) {
                    let _ = event.answer.send(Err(error.clone()));
                }
            }
        }
    }
}

/// Stores the batch in the file that the path names now. A file that was moved away under the writer is left to
/// whoever moved it: what went on there would be acknowledged and never be found.
fn store(
    open: &mut Option<Open>,
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
            open.insert(Open { conn, identity: identity(path) })
        }
    };
    let stored = write(&mut current.conn, path, batch)?;
    match current.identity == identity(path) {
        true => Ok(stored),
        // Moved away in the meantime: sent again, the events come into the file that is there then.
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
        for waiting in batch {
            let inserted =
                events::insert(&transaction, &waiting.event, &waiting.parsed, &waiting.hash)?;
            if let Stored::New(id) = inserted.stored
                && inserted.new_content
            {
                let at = events::occurred_at(&waiting.event, &waiting.parsed);
                let step = Step { id, at: &at, event: &waiting.parsed };
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
