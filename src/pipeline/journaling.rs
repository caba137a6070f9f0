//! The journal of the archive beside the database: what is committed is noted after it, and a note that a killed run did not
//! make is made by the next one.

use std::collections::BTreeSet;
use std::path::Path;

use crate::fetch::{Journal, JournalEntry, JournalEvent};
use crate::store::{Store, StoredEvent, StoredEventKind};

use super::error::RunError;

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

/// Retractions of the journal, as the database records them.
pub(super) fn retractions(entries: &[JournalEntry]) -> Vec<StoredEvent> {
    let stored = |entry: &JournalEntry| match &entry.what {
        JournalEvent::Retracted { by, reason } => Some(StoredEvent {
            what: StoredEventKind::Retracted { by: by.clone(), reason: reason.clone() },
            date: entry.date,
            run: entry.run.clone(),
            at: entry.at,
        }),
        _ => None,
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
        StoredEventKind::Approved { refused, by, reason } => {
            JournalEvent::Approved { refused, by, reason }
        }
        StoredEventKind::Retracted { by, reason } => JournalEvent::Retracted { by, reason },
    };
    JournalEntry { what, date: event.date, run: event.run, at: event.at }
}
