//! The journal of the archive beside the database: what is committed is noted after it, and a note that a killed run did not
//! make is made by the next one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::config::job::Job;
use crate::fetch::{Journal, JournalEntry, JournalEvent, archive_folder};
use crate::store::{Store, StoredEvent, StoredEventKind};

use super::error::RunError;
use super::history::History;

/// Refuses to start over silently: a database that is gone while the archive holds published deliveries is made anew from
/// them. Without it no limit on what has vanished would hold.
pub(super) fn refuse_lost(tenant_dir: &Path, database: &Path, job: &Job) -> Result<(), RunError> {
    // SQLite makes a database of an empty file.
    if fs::metadata(database).is_ok_and(|metadata| metadata.len() > 0) {
        return Ok(());
    }
    let entries = Journal::of(tenant_dir).read()?.unwrap_or_default();
    let history = History::of_journal(&entries, None).unwrap_or_default();
    match history.deliveries.is_empty() {
        true => Ok(()),
        false => Err(RunError::LostDatabase {
            database: database.to_path_buf(),
            archive: archive_folder(tenant_dir),
            job: job.path.clone(),
        }),
    }
}

/// Adds what the database has recorded and the journal lacks: what a killed run did not note, and everything if the archive is that
/// of an earlier version. The tenant is locked.
pub(super) fn repair(tenant_dir: &Path, recorded: Vec<StoredEvent>) -> Result<(), RunError> {
    let journal = Journal::of(tenant_dir);
    let noted = journal.read()?.unwrap_or_default();
    let noted = noted.iter().filter(|entry| entry.what != JournalEvent::Removed);
    let noted: BTreeSet<(bool, &str)> = noted.map(identity).collect();
    let mut lacking: Vec<JournalEntry> = recorded.into_iter().map(entry_of).collect();
    lacking.retain(|entry| !noted.contains(&identity(entry)));
    journal.append(&lacking).map_err(|error| RunError::Archive(error.into()))
}

/// Notes what was committed a moment ago. If that fails the next run does it.
pub(super) fn note(tenant_dir: &Path, store: &Store) {
    let events = store.events().map_err(RunError::from);
    if let Err(error) = events.and_then(|events| repair(tenant_dir, events)) {
        tracing::warn!(
            "the journal of the archive could not be written, the next run does it: {error}"
        );
    }
}

/// Approvals and retractions of the journal, as the database records them.
pub(super) fn decisions(entries: &[JournalEntry]) -> Vec<StoredEvent> {
    let stored = |entry: &JournalEntry| {
        let what = match entry.what.clone() {
            JournalEvent::Approved { refused, by, reason, approved, waived } => {
                StoredEventKind::Approved { refused, by, reason, approved, waived }
            }
            JournalEvent::Retracted { by, reason } => StoredEventKind::Retracted { by, reason },
            JournalEvent::Published | JournalEvent::Removed => return None,
        };
        Some(StoredEvent { what, date: entry.date, run: entry.run.clone(), at: entry.at })
    };
    entries.iter().filter_map(stored).collect()
}

/// Whether it is a retraction, and of which run: a run publishes once, and what it published is taken back once.
fn identity(entry: &JournalEntry) -> (bool, &str) {
    (matches!(entry.what, JournalEvent::Retracted { .. }), &entry.run.0)
}

fn entry_of(event: StoredEvent) -> JournalEntry {
    let what = match event.what {
        StoredEventKind::Published => JournalEvent::Published,
        StoredEventKind::Approved { refused, by, reason, approved, waived } => {
            JournalEvent::Approved { refused, by, reason, approved, waived }
        }
        StoredEventKind::Retracted { by, reason } => JournalEvent::Retracted { by, reason },
    };
    JournalEntry { what, date: event.date, run: event.run, at: event.at }
}
