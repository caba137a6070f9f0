//! Which cells of an export are names of people.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::table::Column;
use crate::config::schema::{NameColumns, Schema};
use crate::model::{Feed, may_be_name};
use crate::report::mask::masked;

/// Columns of views that hold names of people under names of their own.
const NAMES: [&str; 3] = ["recruiter_name", "leader_name", "mentor_name"];
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

    /// The text as it may be shown.
    pub(super) fn shown<'t>(&self, table: &str, column: &Column, text: &'t str) -> Cow<'t, str> {
        match self.hides(table, &column.name, text) {
            true => Cow::Owned(masked(text)),
            false => Cow::Borrowed(text),
        }
    }

    fn hides(&self, table: &str, column: &str, text: &str) -> bool {
        if let Some(feed) = Feed::from_name(table) {
            return self.columns.hides(feed, column, text);
        }
        if self.people.contains(column) || NAMES.contains(&column) {
            return true;
        }
        let is_known = self.others.contains(column)
            || is_of_places(column)
            || DESCRIPTIONS.contains(&table) && column != "example";
        // Values of events and columns that nobody declared: whatever may be a name.
        !is_known && may_be_name(text)
    }
}

/// Whether a column holds a key, a label, or the name of an organisation or team by what it is called.
fn is_of_places(column: &str) -> bool {
    let levels = ["organ_", "team_", "level_"];
    ["_id", "_label", "_date", "path_name"].iter().any(|end| column.ends_with(end))
        || levels.iter().any(|start| column.starts_with(start))
        || ["id", "path", "kind", "problem"].contains(&column)
}
