//! Which cells of an export are names of people.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::request::Source;
use super::table::Table;
use crate::config::schema::{Holds, NameColumns};
use crate::model::{Feed, may_be_name};
use crate::report::mask::masked;
use crate::store::{CellValue, Reader};

/// Columns of views that hold names of people under names of their own.
const NAMES: [&str; 3] = ["recruiter_name", "leader_name", "mentor_name"];
/// Columns that every snapshot table has beside those of the schema.
const SNAPSHOT: [&str; 2] = ["valid_from", "carried_since"];
/// Tables that describe tables.
const DESCRIPTIONS: [&str; 4] = ["code_label", "data_dictionary", "forest", "snapshot"];

/// Masks the names in the rows of a tenant.
#[derive(Debug)]
pub(super) struct Masking<'s> {
    reader: &'s Reader,
    columns: NameColumns,
    /// Columns of any feed that hold names of people, and those that hold none.
    people: BTreeSet<String>,
    others: BTreeSet<String>,
}

impl<'s> Masking<'s> {
    pub(super) fn of(source: &'s Source) -> Masking<'s> {
        let schema = &source.schema;
        let fields = || Feed::ALL.into_iter().flat_map(|feed| &schema.feed(feed).fields);
        let of = |person: bool| {
            fields().filter(|f| f.person == person).map(|f| f.column.clone()).collect()
        };
        let columns = NameColumns::of(schema);
        Masking { reader: &source.reader, columns, people: of(true), others: of(false) }
    }

    /// Masks the rows of a table.
    pub(super) fn rows(&self, table: &Table) -> RowMask<'_> {
        let own = || table.columns.iter().filter(|column| !column.is_tenant);
        let event = match table.name.as_str() {
            "agent_event" => Some(Feed::Agent),
            "node_event" => Some(Feed::Node),
            _ => None,
        };
        let columns = own().map(|column| match (event, column.name.as_str()) {
            (Some(feed), "from_value" | "to_value") => Hidden::ByKind(feed),
            (_, name) => self.hidden(&table.name, name),
        });
        let kind_at = own().position(|column| column.name == "kind").unwrap_or_default();
        RowMask { columns: columns.collect(), kind_at, masking: self }
    }

    fn hidden(&self, table: &str, column: &str) -> Hidden {
        if let Some(feed) = Feed::from_name(table) {
            return match self.columns.holds(feed, column) {
                Some(Holds::Names) => Hidden::All,
                Some(Holds::Keys) => Hidden::NoKey,
                Some(Holds::Others) => Hidden::Nothing,
                None if SNAPSHOT.contains(&column) => Hidden::Nothing,
                None => Hidden::WhatMayBeName,
            };
        }
        if self.people.contains(column) || NAMES.contains(&column) {
            return Hidden::All;
        }
        if self.columns.refers(column) || column == "id" || column.ends_with("_id") {
            return Hidden::NoKey;
        }
        let is_known = self.others.contains(column)
            || is_of_places(column)
            || DESCRIPTIONS.contains(&table) && column != "example";
        // Columns that nobody declared are not known.
        if is_known { Hidden::Nothing } else { Hidden::WhatMayBeName }
    }

    fn shown<'t>(&self, hidden: Hidden, kind: &str, text: &'t str) -> Cow<'t, str> {
        let is_hidden = match hidden {
            Hidden::Nothing => false,
            Hidden::All => true,
            Hidden::WhatMayBeName => may_be_name(text),
            Hidden::NoKey => may_be_name(text) && !self.reader.is_key(text),
            Hidden::ByKind(feed) => match kind {
                "changed" => return Cow::Owned(self.changed(feed, text)),
                _ => return self.shown(of_event(feed, kind), kind, text),
            },
        };
        if is_hidden { Cow::Owned(masked(text)) } else { Cow::Borrowed(text) }
    }

    /// The columns of an event with their values, `column=value; column=value`.
    fn changed(&self, feed: Feed, text: &str) -> String {
        let mut parts: Vec<(&str, String)> = Vec::new();
        for part in text.split("; ") {
            // What does not begin with a column belongs to the value before it.
            let is_column =
                |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            match (part.split_once('=').filter(|(name, _)| is_column(name)), parts.last_mut()) {
                (Some((column, value)), _) => parts.push((column, value.to_owned())),
                (None, Some((_, value))) => value.push_str(&format!("; {part}")),
                (None, None) => parts.push(("", part.to_owned())),
            }
        }
        let shown = parts.iter().map(|(column, value)| {
            let value = self.shown(self.hidden(feed.name(), column), "", value);
            if column.is_empty() { value.into_owned() } else { format!("{column}={value}") }
        });
        shown.collect::<Vec<String>>().join("; ")
    }
}

/// What is hidden of the values of an event.
fn of_event(feed: Feed, kind: &str) -> Hidden {
    match (feed, kind) {
        (Feed::Agent, "renamed") => Hidden::All,
        // Grades, and names of teams.
        (_, "regraded" | "renamed") => Hidden::Nothing,
        (_, "recruiter_changed" | "leader_changed") => Hidden::NoKey,
        (_, "moved_organ" | "moved_team" | "moved_parent") => Hidden::NoKey,
        _ => Hidden::WhatMayBeName,
    }
}

/// Masks the rows of a table.
#[derive(Debug)]
pub(super) struct RowMask<'m> {
    columns: Vec<Hidden>,
    /// The column that tells the kind of an event.
    kind_at: usize,
    masking: &'m Masking<'m>,
}

impl RowMask<'_> {
    /// The text of a cell as it may be shown.
    pub(super) fn shown<'t>(
        &self,
        cells: &[CellValue<'_>],
        at: usize,
        text: &'t str,
    ) -> Cow<'t, str> {
        let hidden = self.columns.get(at).copied().unwrap_or(Hidden::WhatMayBeName);
        let kind = match cells.get(self.kind_at) {
            Some(CellValue::Text(kind)) => kind,
            _ => "",
        };
        self.masking.shown(hidden, kind, text)
    }
}

/// What is hidden of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Nothing,
    All,
    /// Nobody has said what the column holds.
    WhatMayBeName,
    /// What may be a name and is no key of a record, in a column of keys.
    NoKey,
    /// What the kind of an event of this feed says.
    ByKind(Feed),
}

/// Whether a column holds a label, a date, or the name of an organisation or team by what it is called.
fn is_of_places(column: &str) -> bool {
    let levels = ["organ_", "team_", "level_"];
    ["_label", "_date", "path_name"].iter().any(|end| column.ends_with(end))
        || levels.iter().any(|start| column.starts_with(start))
        || ["path", "kind", "problem"].contains(&column)
}
