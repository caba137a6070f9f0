//! Reads the published dates.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::model::{Feed, PerFeed, RecordedFile, RecordedFiles, RunId};
use crate::store::dates::iso;
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::date_reader::DateReader;

/// The files from which the newest snapshot before a date was made.
pub(super) fn files_before(
    conn: &Connection,
    date: NaiveDate,
) -> rusqlite::Result<Option<RecordedFiles>> {
    let Some(newest) = newest(conn, Some(date))? else { return Ok(None) };
    files_of(conn, newest.run, newest.date)
}

/// The files of a recorded run; none if it has none.
pub(super) fn files_of(
    conn: &Connection,
    run: RunId,
    date: NaiveDate,
) -> rusqlite::Result<Option<RecordedFiles>> {
    let mut files: PerFeed<Option<RecordedFile>> = PerFeed::default();
    let mut statement =
        conn.prepare("select feed, sha256, size, mtime from source_file where run = ?1")?;
    let mut rows = statement.query([&run.0])?;
    while let Some(row) = rows.next()? {
        if let Some(feed) = Feed::from_name(&row.get::<_, String>(0)?) {
            let size = u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default();
            let mtime = row.get::<_, Option<String>>(3)?.and_then(|text| text.parse().ok());
            files[feed] = Some(RecordedFile { sha256: row.get(1)?, size, mtime });
        }
    }
    // A run whose files are not all recorded is none to compare with.
    let files = PerFeed::try_from_fn(|feed| files[feed].take().ok_or(()));
    Ok(files.ok().map(|files| RecordedFiles { run, date, files }))
}

/// All dates with a snapshot, ascending.
pub(super) fn dates(conn: &Connection) -> rusqlite::Result<Vec<NaiveDate>> {
    let mut statement = conn.prepare("select business_date from snapshot order by 1")?;
    let mut rows = statement.query([])?;
    let (mut reader, mut dates) = (DateReader::default(), Vec::new());
    while let Some(row) = rows.next()? {
        dates.extend(reader.read(row.get_ref(0)?)?);
    }
    Ok(dates)
}

/// Reads a row of `snapshot`.
pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<SnapshotInfo> {
    let date = DateReader::default().read(row.get_ref(0)?)?;
    let columns: PerFeed<usize> = PerFeed::new([2, 3, 4, 5]);
    let rows = PerFeed::try_from_fn(|feed| row.get::<_, i64>(columns[feed]))?;
    let rows = rows.map(|n| u64::try_from(n).unwrap_or_default());
    Ok(SnapshotInfo { date: date.unwrap_or_default(), run: RunId(row.get(1)?), rows })
}

/// What is read of `snapshot`.
const SELECT: &str =
    "select business_date, run, agent_rows, node_rows, organ_rows, principal_rows from snapshot";

/// All snapshots, by date.
pub(super) fn all(conn: &Connection) -> rusqlite::Result<Vec<SnapshotInfo>> {
    let mut statement = conn.prepare(&format!("{SELECT} order by business_date"))?;
    statement.query_map([], from_row)?.collect()
}

/// The snapshot of a date.
pub(super) fn of(conn: &Connection, date: NaiveDate) -> rusqlite::Result<Option<SnapshotInfo>> {
    let sql = format!("{SELECT} where business_date = ?1");
    conn.query_row(&sql, [iso(date)], from_row).optional()
}

/// The newest snapshot that is not after a date, or the newest of all.
pub(super) fn at(
    conn: &Connection,
    date: Option<NaiveDate>,
) -> rusqlite::Result<Option<SnapshotInfo>> {
    newest(conn, date.and_then(|date| date.succ_opt()))
}

/// The oldest snapshot.
pub(super) fn oldest(conn: &Connection) -> rusqlite::Result<Option<SnapshotInfo>> {
    conn.query_row(&format!("{SELECT} order by business_date limit 1"), [], from_row).optional()
}

/// The newest snapshot, or the newest before a date.
pub(super) fn newest(
    conn: &Connection,
    before: Option<NaiveDate>,
) -> rusqlite::Result<Option<SnapshotInfo>> {
    let sql = format!(
        "{SELECT} where ?1 is null or business_date < ?1 order by business_date desc limit 1"
    );
    conn.query_row(&sql, [before.map(iso)], from_row).optional()
}
