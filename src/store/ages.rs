//! Ages of findings follow the published dates: when a date changes, those of the later dates are made anew, as if all had
//! come in order. What was found stays as it was recorded.

use chrono::NaiveDate;
use rusqlite::{Connection, params};

use crate::model::FindingAge;
use crate::store::dates::{DateReader, iso};
use crate::store::earlier_findings::{self, EarlierFindings};
use crate::store::snapshot::{self, SnapshotInfo};

/// Makes the ages of the findings of all dates after one anew, date by date; that one is published, or taken back.
pub(super) fn renew_after(conn: &Connection, changed: NaiveDate) -> rusqlite::Result<()> {
    let later = snapshot::dates(conn)?.into_iter().filter(|date| *date > changed);
    for date in later {
        let Some(snapshot) = snapshot::of(conn, date)? else { continue };
        // The ages of a date depend on nothing but the date before it.
        if !renew(conn, &snapshot)? {
            break;
        }
    }
    Ok(())
}

/// Makes the ages of the findings of all dates anew.
pub(super) fn renew_all(conn: &Connection) -> rusqlite::Result<()> {
    for date in snapshot::dates(conn)? {
        if let Some(snapshot) = snapshot::of(conn, date)? {
            renew(conn, &snapshot)?;
        }
    }
    Ok(())
}

/// Whether the ages of any finding of the date have changed.
fn renew(conn: &Connection, snapshot: &SnapshotInfo) -> rusqlite::Result<bool> {
    let before = snapshot::newest(conn, Some(snapshot.date))?;
    let before = before.map(|before| earlier_findings::read(conn, &before)).transpose()?;
    let changed = changed(conn, snapshot, before.as_ref())?;
    let mut update =
        conn.prepare("update finding set first_seen = ?2, deliveries = ?3 where rowid = ?1")?;
    for (rowid, age) in &changed {
        let deliveries = age.map(|age| i64::try_from(age.deliveries).unwrap_or(i64::MAX));
        update.execute(params![rowid, age.map(|age| iso(age.first_seen)), deliveries])?;
    }
    Ok(!changed.is_empty())
}

/// The findings of a date that have another age than is stored. Those of earlier versions of the program have no identity
/// and no age.
fn changed(
    conn: &Connection,
    snapshot: &SnapshotInfo,
    before: Option<&EarlierFindings>,
) -> rusqlite::Result<Vec<(i64, Option<FindingAge>)>> {
    let mut statement = conn.prepare(
        "select code, identity, first_seen, deliveries, rowid \
         from finding indexed by finding_life where run = ?1 and identity is not null",
    )?;
    let mut rows = statement.query([&snapshot.run.0])?;
    let mut dates = DateReader::default();
    let mut changed = Vec::new();
    while let Some(row) = rows.next()? {
        let first_seen = dates.read(row.get_ref(2)?)?;
        let deliveries: Option<i64> = row.get(3)?;
        let stored = first_seen.zip(deliveries.and_then(|n| u64::try_from(n).ok()));
        let stored = stored.map(|(first_seen, deliveries)| FindingAge { first_seen, deliveries });
        let code = row.get_ref(0)?.as_str()?;
        let age = EarlierFindings::age_after(before, code, row.get(1)?, snapshot.date);
        if age != stored {
            changed.push((row.get(4)?, age));
        }
    }
    Ok(changed)
}
