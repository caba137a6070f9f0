//! Which cells of an export are names of people.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::table::Table;
use crate::config::schema::{NameColumns, Schema};
use crate::model::{Feed, may_be_name};
use crate::report::mask::masked;

/// Columns of views that hold names of people under names of their own.
const NAMES: [&str; 3] = ["recruiter_name", "leader_name", "mentor_name"];
/// Columns that every snapshot table has beside those of the schema.
const SNAPSHOT: [&str; 2] = ["valid_from", "carried_since"];
/// Tables that describe tables.
const DESCRIPTIONS: [&str; 4] = ["code_label", "data_dictionary", "forest", "snapshot"];

/// Masks the names in the rows of a tenant.
#[derive(Debug)]
pub(super) struct Masking {
    columns: NameColumns,
    /// Columns of any feed that hold names of people, and those that hold none.
    people: BTreeSet<String>,
    others: BTreeSet<String>,
}

impl Masking {
    pub(super) fn of(schema: &Schema) -> Masking {
        let fields = || Feed::ALL.into_iter().flat_map(|feed| &schema.feed(feed).fields);
        let of = |person: bool| {
            fields().filter(|f| f.person == person).map(|f| f.column.clone()).collect()
        };
        Masking { columns: NameColumns::of(schema), people: of(true), others: of(false) }
    }

    /// What is hidden of the columns of a table.
    pub(super) fn columns(&self, table: &Table) -> Vec<Hidden> {
        let own = table.columns.iter().filter(|column| !column.is_tenant);
        own.map(|column| self.hidden(&table.name, &column.name)).collect()
    }

    fn hidden(&self, table: &str, column: &str) -> Hidden {
        if let Some(feed) = Feed::from_name(table) {
            return match self.columns.holds_names(feed, column) {
                Some(true) => Hidden::All,
                Some(false) => Hidden::Nothing,
                None if SNAPSHOT.contains(&column) => Hidden::Nothing,
                None => Hidden::WhatMayBeName,
            };
        }
        if self.people.contains(column) || NAMES.contains(&column) {
            return Hidden::All;
        }
        let is_known = self.others.contains(column)
            || is_of_places(column)
            || DESCRIPTIONS.contains(&table) && column != "example";
        // Values of events and columns that nobody declared are not known.
        if is_known { Hidden::Nothing } else { Hidden::WhatMayBeName }
    }
}

/// What is hidden of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    Nothing,
    All,
    /// Nobody has said what the column holds.
    WhatMayBeName,
}

impl Hidden {
    /// The text as it may be shown.
    pub(super) fn shown(self, text: &str) -> Cow<'_, str> {
        match self {
            Hidden::All => Cow::Owned(masked(text)),
            Hidden::WhatMayBeName if may_be_name(text) => Cow::Owned(masked(text)),
            Hidden::Nothing | Hidden::WhatMayBeName => Cow::Borrowed(text),
        }
    }
}

/// Whether a column holds a key, a label, or the name of an organisation or team by what it is called.
fn is_of_places(column: &str) -> bool {
    let levels = ["organ_", "team_", "level_"];
    ["_id", "_label", "_date", "path_name"].iter().any(|end| column.ends_with(end))
        || levels.iter().any(|start| column.starts_with(start))
        || ["id", "path", "kind", "problem"].contains(&column)
}
