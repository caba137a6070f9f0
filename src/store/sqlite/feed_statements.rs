//! The statements that read and write the rows of one feed.
//!
//! A row of the snapshot table is addressed by its key, one of the history by its key and its first date.

use crate::store::feed_table::FeedTable;
use crate::store::identifier::quoted;

impl FeedTable {
    /// Parameter of the business date in [`FeedTable::insert`] and [`FeedTable::overwrite`]; parameters
    /// before it are the schema's fields in order, the content hash follows.
    pub(super) fn date_parameter(&self) -> usize {
        self.names.len() + 1
    }

    /// Inserts a delivered row.
    pub(super) fn insert(&self) -> String {
        let columns: Vec<String> = self.delivered().map(|(column, _)| quoted(column)).collect();
        let parameters: Vec<String> = (1..=self.names.len() + 2).map(|n| format!("?{n}")).collect();
        format!(
            "insert into {} ({}, valid_from, content_hash) values ({})",
            self.name(),
            columns.join(", "),
            parameters.join(", ")
        )
    }

    /// Writes a delivered row over the row with its key.
    pub(super) fn overwrite(&self) -> String {
        self.overwrite_where(&[])
    }

    /// As [`FeedTable::overwrite`], but only if no indexed column changes. SQLite writes every index anew of which a
    /// column is set, though it be to what it is.
    pub(super) fn overwrite_unless_indexed(&self, indexed: &[String]) -> String {
        self.overwrite_where(indexed)
    }

    fn overwrite_where(&self, same: &[String]) -> String {
        let (mut sets, mut conditions) = (Vec::new(), Vec::new());
        let others = self.columns.iter().zip(&self.fields);
        for (column, field) in others.filter(|(column, _)| **column != self.key) {
            let value = field.map_or_else(|| "null".to_owned(), |field| format!("?{}", field + 1));
            match same.contains(column) {
                true => conditions.push(format!(" and {} is {value}", quoted(column))),
                false => sets.push(format!("{} = {value}", quoted(column))),
            }
        }
        let date = self.date_parameter();
        format!(
            "update {} set {}{}valid_from = ?{date}, carried_since = null, content_hash = ?{} where {} = ?{}{}",
            self.name(),
            sets.join(", "),
            if sets.is_empty() { "" } else { ", " },
            date + 1,
            self.quoted_key(),
            self.key_at + 1,
            conditions.concat()
        )
    }

    /// Inserts a delivered row into the history: parameters as in [`FeedTable::insert`], then its end and since when it
    /// was carried when it ended.
    pub(super) fn insert_ended(&self) -> String {
        let columns: Vec<String> = self.delivered().map(|(column, _)| quoted(column)).collect();
        let parameters: Vec<String> = (1..=self.names.len() + 4).map(|n| format!("?{n}")).collect();
        format!(
            "insert into {} ({}, valid_from, content_hash, valid_to, carried_since) values ({})",
            self.history(),
            columns.join(", "),
            parameters.join(", ")
        )
    }

    /// Copies the row of the key `?1` into the history, valid from `?2` to `?3`, carried since `?4`.
    pub(super) fn current_to_history(&self) -> String {
        self.to_history(self.name(), "")
    }

    /// Copies the history row of the key `?1` that begins on `?5` to another first date: valid from `?2` to `?3`, carried
    /// since `?4`.
    pub(super) fn history_to_history(&self) -> String {
        self.to_history(&self.history(), " and valid_from = ?5")
    }

    fn to_history(&self, source: &str, further: &str) -> String {
        let columns = self.all();
        format!(
            "insert into {} ({columns}, valid_from, valid_to, carried_since, content_hash) \
             select {columns}, ?2, ?3, ?4, content_hash from {source} where {} = ?1{further}",
            self.history(),
            self.quoted_key()
        )
    }

    /// Copies the history row of the key `?1` that begins on `?4` into the snapshot, valid from `?2`, carried since `?3`.
    pub(super) fn history_to_current(&self) -> String {
        let columns = self.all();
        format!(
            "insert into {} ({columns}, valid_from, carried_since, content_hash) \
             select {columns}, ?2, ?3, content_hash from {} where {} = ?1 and valid_from = ?4",
            self.name(),
            self.history(),
            self.quoted_key()
        )
    }

    /// Writes the history row of the key `?1` that begins on `?4` over its row in the snapshot, valid from `?2`, carried
    /// since `?3`.
    pub(super) fn history_over_current(&self) -> String {
        let (columns, key) = (self.all(), self.quoted_key());
        format!(
            "update {} set ({columns}, valid_from, carried_since, content_hash) = \
             (select {columns}, ?2, ?3, content_hash from {} where {key} = ?1 and valid_from = ?4) \
             where {key} = ?1",
            self.name(),
            self.history()
        )
    }

    /// Sets the first date of the row of the key `?1` to `?2`, and since when it is carried to `?3`.
    pub(super) fn set_dates(&self) -> String {
        format!(
            "update {} set valid_from = ?2, carried_since = ?3 where {} = ?1",
            self.name(),
            self.quoted_key()
        )
    }

    /// Sets the end of the history row of the key `?1` that begins on `?2` to `?3`, and since when it was carried then to
    /// `?4`.
    pub(super) fn set_end(&self) -> String {
        format!(
            "update {} set valid_to = ?3, carried_since = ?4 where {} = ?1 and valid_from = ?2",
            self.history(),
            self.quoted_key()
        )
    }

    /// Deletes the row of the key `?1`.
    pub(super) fn delete(&self) -> String {
        format!("delete from {} where {} = ?1", self.name(), self.quoted_key())
    }

    /// The history rows of the key `?1` that begin after `?2`, in order: first date, end, content hash.
    pub(super) fn later_versions(&self) -> String {
        format!(
            "select valid_from, valid_to, content_hash from {} \
             where {} = ?1 and valid_from > ?2 order by valid_from",
            self.history(),
            self.quoted_key()
        )
    }

    /// Deletes the history row of the key `?1` that begins on `?2`.
    pub(super) fn delete_history(&self) -> String {
        let key = self.quoted_key();
        format!("delete from {} where {key} = ?1 and valid_from = ?2", self.history())
    }
}
