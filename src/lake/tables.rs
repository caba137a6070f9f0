//! The tables of the lake: the four feeds, their trees, and what happened or was counted on a date.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::dated;
use crate::export::{Column, Kind, Source, Table, quoted};
use crate::model::{Feed, Language};

use super::error::LakeError;
use super::publication::{PublishedColumn, Scope};

/// The tables whose rows are of one date.
const OF_THE_DATE: [&str; 3] = ["agent_event", "node_event", "headcount"];

/// The column of the tenant.
pub(super) const TENANT: &str = "lake_tenant";
/// The column of the date of the publication that a row was written for.
pub(super) const DATE: &str = "lake_date";
/// The column of the folder of that publication's files.
pub(super) const RUN: &str = "lake_run";
/// The column that says, with 1, that a row is gone from this date on.
pub(super) const REMOVED: &str = "lake_removed";
/// The columns that every file of the lake has before those of its table.
const OWN: [(&str, Kind); 4] =
    [(TENANT, Kind::Text), (DATE, Kind::Date), (RUN, Kind::Text), (REMOVED, Kind::Integer)];

/// A table of a date.
#[derive(Debug, Clone)]
pub(super) struct LakeTable {
    pub table: Table,
    pub scope: Scope,
}

/// The tables of a source, its trees filled.
pub(super) fn of(source: &mut Source) -> Result<Vec<LakeTable>, LakeError> {
    let feeds = [Feed::Organ, Feed::Principal, Feed::Node, Feed::Agent];
    let trees: BTreeSet<String> =
        source.reader.forests()?.iter().map(|forest| format!("{forest}_tree")).collect();
    dated::fill_trees(&mut source.reader, &trees)?;
    let state = feeds.map(|feed| feed.name().to_owned()).into_iter().chain(trees);
    let of_the_date = OF_THE_DATE.map(|name| (name.to_owned(), Scope::Date));
    let mut tables = Vec::new();
    for (name, scope) in state.map(|name| (name, Scope::State)).chain(of_the_date) {
        let table = Table::of(&name, source, Language::English)?;
        // A database of an earlier format has no events.
        if !table.columns.is_empty() {
            tables.push(LakeTable { table, scope });
        }
    }
    Ok(tables)
}

impl LakeTable {
    pub(super) fn name(&self) -> &str {
        &self.table.name
    }

    /// The columns of its key, in order of the key.
    pub(super) fn key(&self) -> Vec<&Column> {
        let mut key: Vec<&Column> =
            self.table.columns.iter().filter(|column| column.key_place.is_some()).collect();
        key.sort_by_key(|column| column.key_place);
        key
    }

    /// The columns as a publication has them.
    pub(super) fn columns(&self) -> Vec<PublishedColumn> {
        let column = |column: &Column| PublishedColumn {
            name: column.name.clone(),
            kind: kind_name(column.kind).to_owned(),
        };
        self.table.columns.iter().map(column).collect()
    }

    /// The statement that reads its rows of the date that the source shows, in order of the key.
    pub(super) fn select(&self, date: NaiveDate) -> String {
        let names: Vec<String> = self.table.columns.iter().map(|c| quoted(&c.name)).collect();
        let mut sql = format!("select {} from {}", names.join(", "), quoted(&self.table.name));
        if self.scope == Scope::Date {
            sql.push_str(&format!(" where business_date = '{date}'"));
        }
        let key: Vec<String> = self.key().iter().map(|column| quoted(&column.name)).collect();
        sql.push_str(&format!(" order by {}", key.join(", ")));
        sql
    }

    /// The table as its files have it: the columns of the lake first.
    pub(super) fn in_files(&self) -> Table {
        let own = OWN.map(|(name, kind)| Column {
            name: name.to_owned(),
            title: name.to_owned(),
            kind,
            key_place: Some(0),
            references: None,
            is_tenant: false,
        });
        let columns = own.into_iter().chain(self.table.columns.iter().cloned()).collect();
        Table { columns, ..self.table.clone() }
    }
}

/// Whether a column is one of the lake and none of the table.
pub(super) fn is_own(name: &str) -> bool {
    OWN.iter().any(|(own, _)| *own == name)
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Integer => "integer",
        Kind::Real => "real",
        Kind::Date => "date",
    }
}
