//! Reads the stored rows of a feed: those around a date, and some fields of some of them.

use std::io;

use chrono::NaiveDate;

use crate::config::schema::{FeedSchema, Schema};
use crate::model::{Feed, StoredRows};
use crate::store::branches::{self, Branches};
use crate::store::current_rows::{CurrentRows, OrganNumbers};
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::identifier::quoted;
use crate::store::keys::KeyList;
use crate::store::postgres::session::Session;
use crate::store::postgres::staging::{self, STAGED};
use crate::store::postgres::tables::{TABLES, table};
use crate::store::stored_feed::{StoredFeed, is_before};
use crate::store::stored_key::{Content, Place, StoredVersion};
use crate::timeline::Interval;

/// Reads the rows of a feed around a date. `newest` is the newest date with a snapshot: nothing has ended after it.
pub(super) fn read(
    session: &mut Session,
    tenant: i32,
    of: &FeedTable,
    date: NaiveDate,
    newest: Option<NaiveDate>,
    mut branches: Option<&mut Branches>,
) -> Result<StoredFeed, StoreError> {
    let has_past = newest.is_some_and(|newest| date <= newest);
    let branch = branches.as_deref().and_then(Branches::column);
    let branch = branch.map_or_else(|| "null::text".to_owned(), quoted);
    let (key, from) = (of.quoted_key(), table(of.name()));
    let select = format!(
        "select {key}, valid_from, valid_to, content_hash, {branch} from {from} where tenant_id = {tenant}"
    );
    let current = format!("{select} and valid_to = 'infinity' order by {key}");
    let (mut rows, mut numbers) = (CurrentRows::default(), OrganNumbers::default());
    session.copy_out(&current, |row| {
        let organ = numbers.number(&mut rows.organs, row.text_or_null(4)?);
        rows.push(row.text(0)?, row.date(1)?, row.int(3)?, organ);
        Ok(())
    })?;
    let mut stored = StoredFeed::new(rows);
    if has_past {
        let past = format!(
            "{select} and valid_to <> 'infinity' and valid_to >= '{date}' and valid_from <= '{date}' \
             order by {key}, valid_from"
        );
        session.copy_out(&past, |row| {
            let from = row.date(1)?;
            let content = Content { hash: row.int(3)?, place: Place::History(from) };
            let valid = Interval { from, to: row.date_or_null(2)? };
            let version = StoredVersion { content, valid };
            stored.push_past(row.text(0)?, version);
            if let Some(branches) = branches.as_deref_mut() {
                let organ = row.text_or_null(4)?;
                stored.push_past_branch(branches.branch_of(organ, is_before(&version, date)));
            }
            Ok(())
        })?;
        let quarantined = format!(
            "select id, business_date from {TABLES}.quarantined_key \
             where tenant_id = {tenant} and feed = '{}' and business_date >= '{date}' \
             order by id, business_date",
            of.feed
        );
        session.copy_out(&quarantined, |row| {
            stored.push_quarantined(row.text(0)?, row.date(1)?);
            Ok(())
        })?;
    }
    let carried = format!(
        "select id, carried_from, carried_to from {TABLES}.carry where tenant_id = {tenant} and feed = '{}' \
         and (carried_to is null or carried_to >= '{date}') order by id, carried_from",
        of.feed
    );
    session.copy_out(&carried, |row| {
        let interval = Interval { from: row.date(1)?, to: row.date_or_null(2)? };
        stored.push_carried(row.text(0)?, interval);
        Ok(())
    })?;
    stored.count(date, branches);
    Ok(stored)
}

/// The branches of the snapshot before a date.
pub(super) fn read_branches(
    session: &mut Session,
    tenant: i32,
    schema: &Schema,
    date: NaiveDate,
) -> Result<Branches, StoreError> {
    let Some((column, columns)) = branches::columns(schema) else {
        return Ok(Branches::default());
    };
    let query = format!(
        "select {} from {} where tenant_id = {tenant} and valid_from < '{date}' and valid_to >= '{date}'",
        columns.map(|column| quoted(&column)).join(", "),
        table(Feed::Organ.name())
    );
    let mut organs = std::collections::BTreeMap::new();
    session.copy_out(&query, |row| {
        let organ = (row.text_or_null(1)?.map(str::to_owned), row.int_or_null(2)?);
        organs.insert(row.text(0)?.to_owned(), organ);
        Ok(())
    })?;
    Ok(Branches::with_column(&organs, column))
}

/// The history rows that begin after a date of these keys, by key and first date.
pub(super) fn read_later(
    session: &mut Session,
    tenant: i32,
    of: &FeedTable,
    date: NaiveDate,
    keys: &KeyList,
) -> Result<(KeyList, Vec<StoredVersion>), StoreError> {
    let mut later = (KeyList::default(), Vec::new());
    if keys.len() == 0 {
        return Ok(later);
    }
    staging::send_keys(session, (0..keys.len()).map(|at| keys.get(at)))?;
    let key = of.quoted_key();
    let query = format!(
        "select t.{key}, t.valid_from, t.valid_to, t.content_hash from {STAGED} s join {} t \
         on t.tenant_id = {tenant} and t.{key} = s.id \
         where t.valid_from > '{date}' and t.valid_to <> 'infinity' order by 1, 2",
        table(of.name())
    );
    session.copy_out(&query, |row| {
        let from = row.date(1)?;
        let content = Content { hash: row.int(3)?, place: Place::History(from) };
        let valid = Interval { from, to: row.date_or_null(2)? };
        later.0.push(row.text(0)?);
        later.1.push(StoredVersion { content, valid });
        Ok(())
    })?;
    Ok(later)
}

/// The key and other columns of a feed.
pub(super) struct Select<'f> {
    fields: Vec<&'f str>,
    /// Within SQL, each as a text.
    columns: String,
}

impl<'f> Select<'f> {
    /// The key, then these fields of the schema.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for an unknown field.
    pub(super) fn new(schema: &FeedSchema, fields: &[&'f str]) -> Result<Select<'f>, StoreError> {
        let text = |column: &str| format!("t.{}::text", quoted(column));
        let column = |field: &&str| {
            let position = schema.position(field);
            let known = position.and_then(|at| schema.fields.get(at)).map(|f| text(&f.column));
            known.ok_or_else(|| StoreError::Misuse(format!("{} has no field {field}", schema.feed)))
        };
        let mut columns = vec![text(&schema.key_field().column)];
        columns.extend(fields.iter().map(column).collect::<Result<Vec<_>, _>>()?);
        Ok(Select { fields: fields.to_vec(), columns: columns.join(", ") })
    }

    fn rows(&self, session: &mut Session, from: &str) -> Result<StoredRows, StoreError> {
        let mut rows = StoredRows::new(&self.fields);
        let query = format!("select {} from {from}", self.columns);
        session.copy_out(&query, |row| -> io::Result<()> {
            for at in 0..=self.fields.len() {
                rows.push(row.text_or_null(at)?.unwrap_or_default());
            }
            Ok(())
        })?;
        Ok(rows)
    }

    /// All rows of the newest snapshot, by key.
    pub(super) fn newest(
        &self,
        session: &mut Session,
        tenant: i32,
        of: &FeedTable,
    ) -> Result<StoredRows, StoreError> {
        let from = format!(
            "{} t where tenant_id = {tenant} and valid_to = 'infinity' order by t.{}",
            table(of.name()),
            of.quoted_key()
        );
        self.rows(session, &from)
    }

    /// The rows at these places, in their order.
    pub(super) fn at(
        &self,
        session: &mut Session,
        tenant: i32,
        of: &FeedTable,
        keys: &KeyList,
        places: &[Option<NaiveDate>],
    ) -> Result<StoredRows, StoreError> {
        if keys.len() == 0 {
            return Ok(StoredRows::new(&self.fields));
        }
        staging::send_places(session, keys, places)?;
        let (key, name) = (of.quoted_key(), table(of.name()));
        let from = format!(
            "(select s.place, t.* from {STAGED} s join {name} t on t.tenant_id = {tenant} and t.{key} = s.id \
             and t.valid_to = 'infinity' where s.at is null \
             union all select s.place, t.* from {STAGED} s join {name} t on t.tenant_id = {tenant} \
             and t.{key} = s.id and t.valid_from = s.at) t order by t.place"
        );
        self.rows(session, &from)
    }
}
