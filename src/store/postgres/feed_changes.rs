//! Applies what becomes of the rows of one feed: one statement for each thing that can become of a row.

use std::io;

use chrono::NaiveDate;

use crate::model::Column;
use crate::store::delivered_rows::DeliveredRows;
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::identifier::quoted;
use crate::store::postgres::changed_key::ChangedKey;
use crate::store::postgres::copy::CopyIn;
use crate::store::postgres::session::Session;
use crate::store::postgres::staging::{self, Action, STAGED, Staged};
use crate::store::postgres::tables::{TABLES, table};
use crate::store::stored_key::{Content, Place, carried_since};
use crate::timeline::{Interval, Timeline, Version};

/// A delivered row and the interval in which it holds.
struct DeliveredVersion {
    row: usize,
    valid: Interval,
    since: Option<NaiveDate>,
}

/// Writes delivered rows of new keys, which hold from the date on, and the differences of keys.
pub(super) fn apply(
    session: &mut Session,
    tenant: i32,
    of: &FeedTable,
    date: NaiveDate,
    inserted: &[u32],
    changed: &[ChangedKey],
    delivery: Option<&DeliveredRows<'_>>,
) -> Result<(), StoreError> {
    let (mut staged, mut delivered) = (Vec::new(), Vec::new());
    for changed in changed {
        compare(changed, &mut staged, &mut delivered);
    }
    let has = |action: Action| staged.iter().any(|row| row.action == action);
    let asks: [bool; 8] =
        std::array::from_fn(|action| staged.iter().any(|row| row.action as usize == action));
    let is_asked = |action: Action| asks.get(action as usize) == Some(&true);
    let has_copies = has(Action::Copy);
    if !staged.is_empty() {
        staging::send_changes(session, staged.into_iter())?;
    }
    let (key, name) = (of.quoted_key(), table(of.name()));
    let (all, feed) = (of.all(), of.feed);
    let own = "valid_from, valid_to, carried_since, content_hash";
    let joined = |action: Action| {
        format!(
            "s.action = {} and t.tenant_id = {tenant} and t.{key} = s.id and t.valid_from = s.at",
            action as i16
        )
    };
    // What is copied from a row is copied before the row is changed.
    if has_copies {
        session.batch(&format!(
            "create temp table orgsnap_copied on commit drop as \
             select s.valid_from, s.valid_to, s.carried_since, t.content_hash, {columns} \
             from {STAGED} s join {name} t on {}",
            joined(Action::Copy),
            columns = of
                .content()
                .map(|(c, _)| format!("t.{}", quoted(c)))
                .collect::<Vec<_>>()
                .join(", "),
        ))?;
    }
    if is_asked(Action::Delete) {
        session.batch(&format!(
            "delete from {name} t using {STAGED} s where {}",
            joined(Action::Delete)
        ))?;
    }
    if is_asked(Action::SetEnd) {
        session.batch(&format!(
            "update {name} t set valid_to = s.valid_to, carried_since = s.carried_since from {STAGED} s where {}",
            joined(Action::SetEnd)
        ))?;
    }
    if has_copies {
        session.batch(&format!(
            "insert into {name} (tenant_id, {own}, {all}) select {tenant}, {own}, {all} from orgsnap_copied; \
             drop table orgsnap_copied"
        ))?;
    }
    if let Some(delivery) = delivery
        && (!inserted.is_empty() || !delivered.is_empty())
    {
        let columns: Vec<String> = of.delivered().map(|(column, _)| quoted(column)).collect();
        let into = format!("{name} (tenant_id, {own}, {})", columns.join(", "));
        session.copy_in(&into, |copy| {
            let new = Interval { from: date, to: None };
            for row in inserted {
                send(copy, tenant, delivery, *row as usize, new, None)?;
            }
            for DeliveredVersion { row, valid, since } in &delivered {
                send(copy, tenant, delivery, *row, *valid, *since)?;
            }
            Ok(())
        })?;
    }
    let facts = |what: &str, action: Action| {
        format!(
            "{what} and s.action = {} and t.tenant_id = {tenant} and t.feed = '{feed}' and t.id = s.id",
            action as i16
        )
    };
    if is_asked(Action::DeleteCarry) {
        session.batch(&format!(
            "delete from {TABLES}.carry t using {STAGED} s where {}",
            facts("t.carried_from = s.at", Action::DeleteCarry)
        ))?;
    }
    if is_asked(Action::PutCarry) {
        session.batch(&format!(
            "insert into {TABLES}.carry (tenant_id, feed, id, carried_from, carried_to) \
             select {tenant}, '{feed}', id, valid_from, nullif(valid_to, 'infinity') from {STAGED} where action = {} \
             on conflict (tenant_id, feed, id, carried_from) do update set carried_to = excluded.carried_to",
            Action::PutCarry as i16
        ))?;
    }
    if is_asked(Action::DeleteQuarantined) {
        session.batch(&format!(
            "delete from {TABLES}.quarantined_key t using {STAGED} s where {}",
            facts("t.business_date = s.at", Action::DeleteQuarantined)
        ))?;
    }
    if is_asked(Action::PutQuarantined) {
        session.batch(&format!(
            "insert into {TABLES}.quarantined_key (tenant_id, feed, id, business_date) \
             select {tenant}, '{feed}', id, valid_from from {STAGED} where action = {}",
            Action::PutQuarantined as i16
        ))?;
    }
    Ok(())
}

/// What becomes of the rows of one key.
///
/// A version begins with an accepted row, so one that begins on another date than that of the delivery has the content
/// that it had: versions are told apart by their first date and their content.
fn compare<'k>(
    changed: &'k ChangedKey,
    staged: &mut Vec<Staged<'k>>,
    delivered: &mut Vec<DeliveredVersion>,
) {
    let ChangedKey { key, old, new } = changed;
    let row = |action, at, valid: Interval, since| Staged {
        action,
        id: key,
        at,
        from: valid.from,
        to: valid.to,
        since,
    };
    let same = |one: &Version<Content>, other: &Version<Content>| {
        one.valid.from == other.valid.from && one.content == other.content
    };
    for former in &old.versions {
        if !new.versions.iter().any(|version| same(former, version)) {
            staged.push(row(Action::Delete, former.valid.from, former.valid, None));
        }
    }
    // The row of the snapshot table has no date in its place: it is the version that has not ended.
    let open = old.versions.last().map(|version| version.valid.from);
    for version in &new.versions {
        let since = carried_since(version);
        match old.versions.iter().find(|former| same(former, version)) {
            Some(former) => {
                if (former.valid.to, carried_since(former)) != (version.valid.to, since) {
                    staged.push(row(Action::SetEnd, version.valid.from, version.valid, since));
                }
            }
            None => match version.content.place {
                Place::Delivered(at) => {
                    delivered.push(DeliveredVersion { row: at, valid: version.valid, since });
                }
                Place::History(from) => {
                    staged.push(row(Action::Copy, from, version.valid, since));
                }
                Place::Current => {
                    let from = open.unwrap_or(version.valid.from);
                    staged.push(row(Action::Copy, from, version.valid, since));
                }
            },
        }
    }
    let carried = |of: &Timeline<Content>| -> Vec<Interval> {
        of.versions.iter().flat_map(|version| version.carried.clone()).collect()
    };
    let (before, after) = (carried(old), carried(new));
    for interval in before.iter().filter(|old| after.iter().all(|new| new.from != old.from)) {
        staged.push(row(Action::DeleteCarry, interval.from, *interval, None));
    }
    for interval in after.iter().filter(|new| !before.contains(new)) {
        staged.push(row(Action::PutCarry, interval.from, *interval, None));
    }
    let on = |date: NaiveDate| Interval { from: date, to: None };
    for date in old.quarantined.iter().filter(|date| !new.quarantined.contains(date)) {
        staged.push(row(Action::DeleteQuarantined, *date, on(*date), None));
    }
    for date in new.quarantined.iter().filter(|date| !old.quarantined.contains(date)) {
        staged.push(row(Action::PutQuarantined, *date, on(*date), None));
    }
}

/// Sends a delivered row: the tenant, the columns of the store, those of the schema. A hot path: it runs for every cell of
/// every new row.
fn send(
    copy: &mut CopyIn<'_>,
    tenant: i32,
    delivery: &DeliveredRows<'_>,
    row: usize,
    valid: Interval,
    since: Option<NaiveDate>,
) -> io::Result<()> {
    copy.row(5 + delivery.columns().len())?;
    copy.int4(tenant);
    copy.date(valid.from);
    copy.end(valid.to);
    copy.date_or_null(since);
    copy.int8(delivery.hash(row));
    for column in delivery.columns() {
        if column.is_null(row) {
            copy.null();
            continue;
        }
        match column {
            Column::Text(array) => copy.text(Some(array.value(row))),
            Column::Int(array) => copy.int8(array.value(row)),
            Column::Date(array) => copy.days(array.value(row)),
        }
    }
    Ok(())
}
