//! The temporary tables of a transaction, over which many rows are asked for and changed by one statement. Nothing of them
//! goes into the log of the server.

use std::io;

use chrono::NaiveDate;

use crate::store::ages::AgedFinding;
use crate::store::error::StoreError;
use crate::store::keys::KeyList;
use crate::store::postgres::copy::CopyIn;
use crate::store::postgres::session::Session;
use crate::store::postgres::tables::TEXT;

/// Rows of a feed by key, and what is to become of them.
pub(super) const STAGED: &str = "pg_temp.orgsnap_staged";

/// Events of records.
pub(super) const STAGED_EVENTS: &str = "pg_temp.orgsnap_staged_event";

/// From so many rows on, the planner has to know how many there are.
const ANALYZED: u64 = 500;

/// Makes them, empty, for the open transaction.
pub(super) fn create(session: &mut Session) -> Result<(), StoreError> {
    session.batch(&format!(
        "create temp table orgsnap_staged (place integer, action smallint, id {TEXT}, at date, \
         valid_from date, valid_to date, carried_since date) on commit drop; \
         create temp table orgsnap_staged_event (business_date date, kind text, id {TEXT}) on commit drop"
    ))
}

/// What is to become of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// It is deleted.
    Delete = 1,
    /// It ends on another date, or is carried since another one.
    SetEnd = 2,
    /// A copy of it begins on another date.
    Copy = 3,
    /// A carry interval is deleted.
    DeleteCarry = 4,
    /// A carry interval is written.
    PutCarry = 5,
    /// A date with nothing to carry is deleted.
    DeleteQuarantined = 6,
    /// A date with nothing to carry is written.
    PutQuarantined = 7,
}

/// A row of [`STAGED`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Staged<'a> {
    pub(super) action: Action,
    pub(super) id: &'a str,
    /// Where the row begins that is meant.
    pub(super) at: NaiveDate,
    /// Where the row begins that is to be.
    pub(super) from: NaiveDate,
    pub(super) to: Option<NaiveDate>,
    pub(super) since: Option<NaiveDate>,
}

fn send(
    session: &mut Session,
    rows: impl FnOnce(&mut CopyIn<'_>) -> io::Result<()>,
) -> Result<(), StoreError> {
    session.batch(&format!("truncate {STAGED}"))?;
    let into = format!("{STAGED} (place, action, id, at, valid_from, valid_to, carried_since)");
    if session.copy_in(&into, rows)? >= ANALYZED {
        session.batch(&format!("analyze {STAGED}"))?;
    }
    Ok(())
}

/// Sends keys, in the place of what was sent before.
pub(super) fn send_keys<'k>(
    session: &mut Session,
    keys: impl Iterator<Item = &'k str>,
) -> Result<(), StoreError> {
    send(session, |copy| {
        for key in keys {
            copy.row(7)?;
            copy.null();
            copy.null();
            copy.text(Some(key));
            (0..4).for_each(|_| copy.null());
        }
        Ok(())
    })
}

/// Sends keys with the first dates of the rows that are meant; none for the row of the newest snapshot.
pub(super) fn send_places(
    session: &mut Session,
    keys: &KeyList,
    places: &[Option<NaiveDate>],
) -> Result<(), StoreError> {
    send(session, |copy| {
        for (at, place) in places.iter().enumerate() {
            copy.row(7)?;
            copy.int4(i32::try_from(at).map_err(io::Error::other)?);
            copy.null();
            copy.text(Some(keys.get(at)));
            copy.date_or_null(*place);
            (0..3).for_each(|_| copy.null());
        }
        Ok(())
    })
}

/// Sends ages of findings by their places: the date since when and, as a text, the deliveries.
pub(super) fn send_ages(session: &mut Session, findings: &[AgedFinding]) -> Result<(), StoreError> {
    send(session, |copy| {
        for AgedFinding { place, age, .. } in findings {
            copy.row(7)?;
            copy.int4(i32::try_from(*place).map_err(io::Error::other)?);
            copy.null();
            copy.text(age.map(|age| age.deliveries.to_string()).as_deref());
            copy.date_or_null(age.map(|age| age.first_seen));
            (0..3).for_each(|_| copy.null());
        }
        Ok(())
    })
}

/// Sends what is to become of rows.
pub(super) fn send_changes<'r>(
    session: &mut Session,
    rows: impl Iterator<Item = Staged<'r>>,
) -> Result<(), StoreError> {
    send(session, |copy| {
        for Staged { action, id, at, from, to, since } in rows {
            copy.row(7)?;
            copy.null();
            copy.int2(action as i16);
            copy.text(Some(id));
            copy.date(at);
            copy.date(from);
            copy.end(to);
            copy.date_or_null(since);
        }
        Ok(())
    })
}
