//! Executes the plan for one feed: compares the delivered rows with the stored ones and writes the difference.

use chrono::NaiveDate;
use polars_arrow::array::Utf8ViewArray;
use rusqlite::types::Null;
use rusqlite::{Connection, Statement, params};

use crate::model::{Column, FeedChanges, RowCounter, Table};
use crate::store::branches::Branches;
use crate::store::dates::{IsoDates, iso};
use crate::store::error::StoreError;
use crate::store::layout::FeedTable;
use crate::store::plan::{
    Archive, CarryChange, Delivered, KeyOutcome, KeyPlan, RowChange, plan_key,
};
use crate::store::stored_feed::StoredFeed;

/// The rows of one feed as a delivery brings them.
#[derive(Debug, Clone, Copy)]
pub struct NewRows<'a> {
    /// The parsed records.
    pub table: &'a Table,
    /// Row numbers of the accepted records, strictly ascending by the bytes of their keys.
    pub accepted: &'a [u32],
    /// Keys of which rows were delivered and quarantined, in any order, accepted ones allowed among them.
    pub quarantined: &'a [&'a str],
}

/// What an import did to one feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeedOutcome {
    /// The snapshot compared with the snapshot before its date: what changed from day to day.
    pub snapshot_changes: FeedChanges,
    /// The tables compared with the tables before the import: importing a delivery again changes nothing.
    pub table_changes: FeedChanges,
}

impl FeedOutcome {
    /// Rows of the snapshot after the import.
    pub fn rows(&self) -> u64 {
        let FeedChanges { added, changed, carried, unchanged, removed: _ } = self.table_changes;
        added + changed + carried + unchanged
    }

    fn count(&mut self, plan: &KeyPlan) {
        count_outcome(&mut self.snapshot_changes, plan.snapshot_outcome);
        count_outcome(&mut self.table_changes, plan.table_outcome);
    }
}

fn count_outcome(changes: &mut FeedChanges, outcome: KeyOutcome) {
    match outcome {
        KeyOutcome::Added => changes.added += 1,
        KeyOutcome::Changed => changes.changed += 1,
        KeyOutcome::Removed => changes.removed += 1,
        KeyOutcome::Carried => changes.carried += 1,
        KeyOutcome::Unchanged => changes.unchanged += 1,
        KeyOutcome::Nothing => {}
    }
}

/// The delivered rows, checked to be in key order.
pub(super) struct DeliveredRows<'a> {
    accepted: &'a [u32],
    keys: &'a Utf8ViewArray,
    hashes: &'a [u64],
    /// One a field, in the order of the statements' parameters.
    columns: Vec<Column<'a>>,
    quarantined: Vec<&'a str>,
    next_accepted: usize,
    next_quarantined: usize,
}

impl<'a> DeliveredRows<'a> {
    /// Looks up the columns and checks the order.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if a column is missing or the rows are not in key order: the plan would
    /// treat the skipped rows as removed.
    pub(super) fn new(
        rows: NewRows<'a>,
        table: &FeedTable,
    ) -> Result<DeliveredRows<'a>, StoreError> {
        let feed = table.feed;
        let missing = |field: &str| StoreError::Misuse(format!("{feed} has no column {field}"));
        let keys = rows.table.text(table.key_field()).ok_or_else(|| missing(table.key_field()))?;
        let columns = table
            .fields()
            .iter()
            .map(|field| rows.table.column(field).ok_or_else(|| missing(field)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut before: Option<&str> = None;
        for row in rows.accepted {
            let key = keys.get(*row as usize);
            if key <= before {
                return Err(StoreError::Misuse(format!("{feed} is not in key order at row {row}")));
            }
            before = key;
        }
        let mut quarantined = rows.quarantined.to_vec();
        quarantined.sort_unstable();
        quarantined.dedup();
        Ok(DeliveredRows {
            accepted: rows.accepted,
            keys,
            hashes: rows.table.hashes(),
            columns,
            quarantined,
            next_accepted: 0,
            next_quarantined: 0,
        })
    }

    fn accepted(&self) -> Option<(&'a str, usize)> {
        let row = *self.accepted.get(self.next_accepted)? as usize;
        self.keys.get(row).map(|key| (key, row))
    }

    /// The next key, without consuming it.
    pub(super) fn peek(&self) -> Option<&'a str> {
        let accepted = self.accepted().map(|(key, _)| key);
        first(accepted, self.quarantined.get(self.next_quarantined).copied())
    }

    /// Consumes the rows of a key that is not after the next one; returns what was delivered and the accepted row.
    pub(super) fn take(&mut self, key: &str) -> (Delivered, Option<usize>) {
        let mut taken = (Delivered::Absent, None);
        if self.quarantined.get(self.next_quarantined) == Some(&key) {
            self.next_quarantined += 1;
            taken.0 = Delivered::Quarantined;
        }
        if let Some((_, row)) = self.accepted().filter(|(accepted, _)| *accepted == key) {
            self.next_accepted += 1;
            let hash = self.hashes.get(row).copied().unwrap_or_default();
            taken = (Delivered::Accepted(hash.cast_signed()), Some(row));
        }
        taken
    }
}

/// The smaller of two keys that may be there.
pub(super) fn first<'a>(one: Option<&'a str>, other: Option<&'a str>) -> Option<&'a str> {
    match (one, other) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

/// Writes the rows of one feed into the open transaction. Returns what was done and the rowids of the rows
/// of which the last good version is carried, by key.
pub(super) fn write(
    conn: &Connection,
    table: &FeedTable,
    date: NaiveDate,
    base: &StoredFeed,
    branches: &mut Branches,
    mut delivery: DeliveredRows<'_>,
    counter: RowCounter<'_>,
) -> rusqlite::Result<(FeedOutcome, Vec<i64>)> {
    if base.is_empty() {
        conn.execute_batch(&table.drop_key_index())?;
    }
    let forget = "delete from quarantined_key where feed = ?1 and business_date = ?2";
    conn.execute(forget, [table.name(), &iso(date)])?;
    let (mut outcome, mut carried) = (FeedOutcome::default(), Vec::new());
    let mut writer = RowWriter::new(conn, table, date)?;
    let mut cursor = base.cursor();
    let mut uncounted = 0;
    while let Some(key) = first(delivery.peek(), cursor.peek()) {
        let (stored, branch) = cursor.take(key);
        let (delivered, row) = delivery.take(key);
        uncounted += u64::from(row.is_some());
        if uncounted == RowCounter::BATCH {
            counter.add(std::mem::take(&mut uncounted), 0);
        }
        let plan = plan_key(date, &stored, delivered);
        match plan.row {
            RowChange::Keep => {}
            RowChange::Insert => writer.insert(&delivery, row)?,
            RowChange::Overwrite { row: over, archive } => {
                writer.archive(over, archive)?;
                writer.overwrite(&delivery, row, over)?;
            }
            RowChange::Delete { row, archive } => {
                writer.archive(row, archive)?;
                writer.delete.execute([row])?;
            }
            RowChange::SetCarriedSince { row, carried_since } => {
                writer.set_carried_since.execute(params![row, carried_since.map(iso)])?;
            }
            RowChange::Reopen { closed, over, carried_since } => {
                writer.reopen(closed, over, carried_since)?;
            }
        }
        writer.carry(key, plan.carry)?;
        if (delivered, plan.snapshot_outcome) == (Delivered::Quarantined, KeyOutcome::Nothing) {
            writer.note_quarantined(key)?;
        }
        outcome.count(&plan);
        if plan.snapshot_outcome == KeyOutcome::Removed {
            branches.count_removed(branch);
        }
        if plan.snapshot_outcome == KeyOutcome::Carried {
            let reopened = || conn.last_insert_rowid();
            carried.push(stored.open.map_or_else(reopened, |open| open.row));
        }
    }
    counter.add(uncounted, 0);
    drop(writer);
    if base.is_empty() {
        conn.execute_batch(&table.create_key_index())?;
    }
    Ok((outcome, carried))
}

/// The prepared statements of one feed.
struct RowWriter<'c> {
    conn: &'c Connection,
    table: &'c FeedTable,
    date: String,
    dates: IsoDates,
    insert: Statement<'c>,
    overwrite: Statement<'c>,
    archive: Statement<'c>,
    delete: Statement<'c>,
    set_carried_since: Statement<'c>,
}

impl<'c> RowWriter<'c> {
    fn new(
        conn: &'c Connection,
        table: &'c FeedTable,
        date: NaiveDate,
    ) -> rusqlite::Result<RowWriter<'c>> {
        let date = iso(date);
        let mut insert = conn.prepare(&table.insert())?;
        let mut overwrite = conn.prepare(&table.overwrite())?;
        // Bound once: a binding stays after the execution.
        insert.raw_bind_parameter(table.date_parameter(), &date)?;
        overwrite.raw_bind_parameter(table.date_parameter(), &date)?;
        Ok(RowWriter {
            conn,
            table,
            date,
            dates: IsoDates::new(),
            insert,
            overwrite,
            archive: conn.prepare(&table.archive())?,
            delete: conn.prepare(&table.delete())?,
            set_carried_since: conn.prepare(&table.set_carried_since())?,
        })
    }

    fn insert(&mut self, delivery: &DeliveredRows<'_>, row: Option<usize>) -> rusqlite::Result<()> {
        let hash = self.table.date_parameter() + 1;
        bind(&mut self.insert, &mut self.dates, delivery, row, hash)?;
        self.insert.raw_execute()?;
        Ok(())
    }

    fn overwrite(
        &mut self,
        delivery: &DeliveredRows<'_>,
        row: Option<usize>,
        over: i64,
    ) -> rusqlite::Result<()> {
        let hash = self.table.date_parameter() + 1;
        bind(&mut self.overwrite, &mut self.dates, delivery, row, hash)?;
        self.overwrite.raw_bind_parameter(hash + 1, over)?;
        self.overwrite.raw_execute()?;
        Ok(())
    }

    fn archive(&mut self, row: i64, archive: Option<Archive>) -> rusqlite::Result<()> {
        if let Some(Archive { carried_since }) = archive {
            self.archive.execute(params![row, self.date, carried_since.map(iso)])?;
        }
        Ok(())
    }

    fn reopen(
        &self,
        closed: i64,
        over: Option<i64>,
        carried_since: Option<NaiveDate>,
    ) -> rusqlite::Result<()> {
        let since = carried_since.map(iso);
        let Self { conn, table, .. } = self;
        match over {
            Some(row) => {
                conn.prepare_cached(&table.reopen_over())?.execute(params![closed, since, row])?
            }
            None => conn.prepare_cached(&table.reopen())?.execute(params![closed, since])?,
        };
        conn.prepare_cached(&table.delete_history())?.execute([closed])?;
        Ok(())
    }

    fn note_quarantined(&self, key: &str) -> rusqlite::Result<()> {
        let insert = "insert into quarantined_key (feed, id, business_date) values (?1, ?2, ?3)";
        self.conn.prepare_cached(insert)?.execute([self.table.name(), key, &self.date])?;
        Ok(())
    }

    fn carry(&self, key: &str, change: CarryChange) -> rusqlite::Result<()> {
        let (feed, date) = (self.table.name(), &self.date);
        let set =
            "update carry set carried_to = ?4 where feed = ?1 and id = ?2 and carried_from = ?3";
        match change {
            CarryChange::Keep => return Ok(()),
            CarryChange::Begin => self
                .conn
                .prepare_cached("insert into carry (feed, id, carried_from) values (?1, ?2, ?3)")?
                .execute(params![feed, key, date])?,
            CarryChange::Discard => self
                .conn
                .prepare_cached(
                    "delete from carry where feed = ?1 and id = ?2 and carried_from = ?3",
                )?
                .execute(params![feed, key, date])?,
            CarryChange::End(from) => {
                self.conn.prepare_cached(set)?.execute(params![feed, key, iso(from), date])?
            }
            CarryChange::Resume(from) => {
                self.conn.prepare_cached(set)?.execute(params![feed, key, iso(from), Null])?
            }
        };
        Ok(())
    }
}

/// Binds the cells of a delivered row and its hash. A hot path: it runs for every cell of every new row.
fn bind(
    statement: &mut Statement<'_>,
    dates: &mut IsoDates,
    delivery: &DeliveredRows<'_>,
    row: Option<usize>,
    hash_parameter: usize,
) -> rusqlite::Result<()> {
    // The plan inserts and overwrites only accepted keys, which have a row.
    let row = row.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    for (at, column) in delivery.columns.iter().enumerate() {
        let parameter = at + 1;
        if column.is_null(row) {
            statement.raw_bind_parameter(parameter, Null)?;
            continue;
        }
        match column {
            Column::Text(array) => statement.raw_bind_parameter(parameter, array.value(row))?,
            Column::Int(array) => statement.raw_bind_parameter(parameter, array.value(row))?,
            Column::Date(array) => {
                let days = array.value(row);
                let text = dates
                    .text(days)
                    .ok_or(rusqlite::Error::IntegralValueOutOfRange(at, days.into()))?;
                statement.raw_bind_parameter(parameter, text)?;
            }
        }
    }
    let hash = delivery.hashes.get(row).copied().unwrap_or_default();
    statement.raw_bind_parameter(hash_parameter, hash.cast_signed())
}
