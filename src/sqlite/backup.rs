//! The online backup of a database file: a whole copy of one moment, whatever is written meanwhile.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::connection::{BusyPolicy, connect};
use super::fault::SqliteFault;

/// Pages copied at once; between them the progress is told.
const PAGES: i32 = 4_096;

/// Copies the database into the file at `target`, which is empty, and checks the copy. The copy is one file without a log.
/// The caller opens a read transaction on the source first, so that the copy is of its moment and nothing that is
/// published meanwhile makes it begin anew. `progress` is told how many of how many pages are copied.
///
/// # Errors
/// [`SqliteFault::Corrupt`] if the copy fails its check; any fault of either file.
pub fn backup(
    source: &Connection,
    target: &Path,
    busy: BusyPolicy,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), SqliteFault> {
    let mut copy = connect(target, OpenFlags::SQLITE_OPEN_READ_WRITE, busy)?;
    let running = Backup::new(source, &mut copy)?;
    loop {
        let step = running.step(PAGES)?;
        let at = running.progress();
        let all = u64::try_from(at.pagecount).unwrap_or_default();
        let left = u64::try_from(at.remaining).unwrap_or_default();
        progress(all.saturating_sub(left), all);
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            // Nobody else has the copy, and the source is in a read transaction: there is nothing to wait for.
            _ => return Err(SqliteFault::Locked),
        }
    }
    drop(running);
    // The copy has the mode of its source. In WAL mode it would need a second file to be read.
    copy.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
    let result: String = copy.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    match result.as_str() {
        "ok" => Ok(()),
        _ => Err(SqliteFault::Corrupt),
    }
}
