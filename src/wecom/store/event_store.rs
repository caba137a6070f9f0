//! `wecom.db` open for writing: a bounded queue in front of the writer thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::connection::{self, DATABASE};
use super::error::WecomStoreError;
use super::events;
use super::rebuild::rebuild_outdated;
use super::received::{ReceivedEvent, Stored};
use super::writer::{self, QueuedEvent};
use crate::wecom::event::Event;

/// Capacity of the queue, in events.
const QUEUE_CAPACITY: usize = 4_096;

/// Capacity of the queue, in KiB of bodies: a body may have 1 MiB, but thousands of those must not fill the memory.
const QUEUE_MEMORY_KIB: usize = 32 * 1_024;

/// How long an event waits for a place in the queue. WeCom drops the connection after five seconds.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(4);

/// `wecom.db` of one tenant, open for writing by any number of tasks. Clones share one writer thread, which
/// ends when the last clone is dropped and the queue is stored.
#[derive(Debug, Clone)]
pub struct EventStore {
    path: Arc<Path>,
    queue: mpsc::Sender<QueuedEvent>,
    memory_permits: Arc<Semaphore>,
}

impl EventStore {
    /// Opens the database of the tenant whose folder is given. Neither folder nor file need exist: the first event
    /// creates them. An existing file is brought to the newest format; state tables of an earlier version are made anew
    /// in the background.
    ///
    /// # Errors
    /// [`WecomStoreError::Newer`] and [`WecomStoreError::Foreign`] before anything is written; any fault of the file.
    pub fn open(tenant_dir: &Path) -> Result<EventStore, WecomStoreError> {
        let path = tenant_dir.join(DATABASE);
        let conn = match path.exists() {
            true => {
                let conn = connection::open(&path)?;
                rebuild_outdated(&conn, &path)?;
                Some(conn)
            }
            false => None,
        };
        let (queue, receiver) = mpsc::channel(QUEUE_CAPACITY);
        writer::start(path.clone(), conn, receiver)?;
        Ok(EventStore {
            path: Arc::from(PathBuf::as_path(&path)),
            queue,
            memory_permits: Arc::new(Semaphore::new(QUEUE_MEMORY_KIB)),
        })
    }

    /// Stores an event and applies it to the state tables. Completes only once both are durable. If the future is
    /// dropped, the event may still be stored; delivered again it counts as repeated.
    ///
    /// # Errors
    /// [`WecomStoreError::Overloaded`] after four seconds without a place in the queue; any fault of the database. The
    /// event must then not be acknowledged. The next call tries again from the start, on a file opened anew.
    pub async fn store(&self, event: ReceivedEvent) -> Result<Stored, WecomStoreError> {
        let parsed = event.parse();
        self.store_parsed(event, parsed).await
    }

    /// As [`EventStore::store`], where the caller has parsed the event.
    ///
    /// # Errors
    /// As [`EventStore::store`].
    pub async fn store_parsed(
        &self,
        event: ReceivedEvent,
        parsed: Event,
    ) -> Result<Stored, WecomStoreError> {
        let overloaded = |_| WecomStoreError::Overloaded { path: self.path.to_path_buf() };
        let stopped = || WecomStoreError::Stopped { path: self.path.to_path_buf() };
        let kib = (event.body.len() / 1_024 + 1).min(QUEUE_MEMORY_KIB) as u32;
        let reserved = async {
            let permit = Arc::clone(&self.memory_permits).acquire_many_owned(kib).await.ok()?;
            Some((permit, self.queue.reserve().await.ok()?))
        };
        let (permit, slot) = tokio::time::timeout(QUEUE_TIMEOUT, reserved)
            .await
            .map_err(overloaded)?
            .ok_or_else(stopped)?;
        let hash = events::content_hash(&event.body);
        let (answer, answered) = oneshot::channel();
        slot.send(QueuedEvent { event, parsed, hash, answer, _memory_permit: permit });
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// The database.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
