//! The resolved schema: feeds, fields, references, forests and copied names.

use std::collections::BTreeMap;

use crate::config::dialect::{DatePattern, Dialect};
use crate::model::{Feed, Message, PerFeed};

/// The contract of the four files, resolved from `schemas/datapackage.json` and its Table Schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// One a feed.
    pub feeds: PerFeed<FeedSchema>,
    /// All references, in report order of the referring feed, then in field order.
    pub references: Vec<Reference>,
    /// All forests, in declaration order.
    pub forests: Vec<ForestSchema>,
    /// All copied names, in report order of the feed, then in field order.
    pub copies: Vec<Copy>,
}

/// One file of the delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSchema {
    /// The feed.
    pub feed: Feed,
    /// The file's name on the server, such as `temp_agent.txt`.
    pub file_name: String,
    /// Title of the feed.
    pub title: Message,
    /// The fields in contract order.
    pub fields: Vec<Field>,
    /// Position in `fields` of the primary key (one field).
    pub key: usize,
    /// What the file has around and between its records.
    pub dialect: Dialect,
}

/// One field of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name of the contract, such as `agentName`.
    pub name: String,
    /// Column in `org.db`: the name in snake_case, such as `agent_name`.
    pub column: String,
    /// Title (Chinese as in the contract, English).
    pub title: Message,
    /// What it means.
    pub description: Message,
    /// Other titles that a header may use.
    pub aliases: Vec<String>,
    /// Type.
    pub kind: Kind,
    /// Whether it holds names of people: declared, or a copy of a field of which it is declared.
    pub person: bool,
    /// Whether an empty cell is a defect.
    pub required: Required,
    /// The allowed values with what they mean; empty where any value goes.
    pub allowed: Vec<(i64, Message)>,
    /// Longest allowed text, in characters.
    pub max_length: Option<usize>,
    /// Texts besides the empty one that mean: no value.
    pub no_value: Vec<String>,
    /// Words that stand for integers.
    pub codes: BTreeMap<String, i64>,
    /// A made-up value, as the database shows it.
    pub example: Option<String>,
}

impl Field {
    /// A word that stands for an integer and also means: no value.
    pub fn word_without_value(&self) -> Option<&str> {
        self.codes.keys().map(String::as_str).find(|word| self.no_value.iter().any(|v| v == word))
    }
}

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A date.
    Date(DateForms),
}

/// How dates are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DateForms {
    /// Declared forms, tried first. None of `forms` reads what they write as another day.
    pub patterns: Vec<DatePattern>,
    /// The forms of the contract; the first is the usual one.
    pub forms: Vec<DateForm>,
    /// Texts that mean: no date.
    pub no_date: Vec<String>,
}

impl From<Vec<DateForm>> for DateForms {
    fn from(forms: Vec<DateForm>) -> DateForms {
        DateForms { forms, ..DateForms::default() }
    }
}

/// A written form of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateForm {
    /// `YYYY-MM-DD`
    Iso,
    /// `YYYYMMDD`
    Compact,
    /// `YYYY/M/D`
    Slash,
    /// `YYYY-MM-DD HH:MM:SS`
    DateTime,
}

/// Whether a cell must be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Required {
    /// It may be empty.
    No,
    /// It must be filled.
    Yes,
    /// It must be filled unless the named field of the same row is empty (a top has no parent's name).
    Unless(String),
}

/// A field that names a record of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Code of the rule that reports a missing target, such as `X404`.
    pub rule: String,
    /// The referring feed.
    pub feed: Feed,
    /// The referring field.
    pub field: String,
    /// The feed whose key it names.
    pub target: Feed,
}

/// A forest over the records of one feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForestSchema {
    /// Name, such as `organ`; the derived table is `<name>_tree`.
    pub name: String,
    /// Title.
    pub title: Message,
    /// The feed.
    pub feed: Feed,
    /// The field that names the parent (a reference to the same feed).
    pub parent: String,
    /// The field that holds the level, and how it runs.
    pub level: Option<LevelSchema>,
    /// How many tops there may be.
    pub tops: Tops,
    /// What stands in the parent's place of a top, besides nothing.
    pub top_markers: TopMarkers,
}

/// What stands in the parent's place of a top.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopMarkers {
    /// Any of these texts.
    pub texts: Vec<String>,
    /// The record's own key.
    pub own_key: bool,
}

/// How the level of a record follows from its parent's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelSchema {
    /// The field.
    pub field: String,
    /// What to add to the parent's level: `1` where levels grow going down, `-1` where they grow going up.
    pub step: i64,
    /// The level that every top has, where the contract fixes it.
    pub top: Option<i64>,
}

/// How many tops a forest may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tops {
    /// Exactly one.
    One,
    /// Any number.
    Many,
}

/// A field that repeats a name of the record that another field refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The feed.
    pub feed: Feed,
    /// The field that holds the copy.
    pub field: String,
    /// The field of the same row that names the original's record.
    pub via: String,
    /// The original's feed.
    pub target: Feed,
    /// The original's field.
    pub target_field: String,
}

impl Schema {
    /// The schema of one feed.
    pub fn feed(&self, feed: Feed) -> &FeedSchema {
        &self.feeds[feed]
    }

    /// The field that names a record: its first text that is neither key, reference nor copy.
    pub fn name_field(&self, feed: Feed) -> Option<&Field> {
        let of = self.feed(feed);
        let refers = |name: &str| {
            self.references.iter().any(|r| r.feed == feed && r.field == name)
                || self.copies.iter().any(|c| c.feed == feed && c.field == name)
        };
        let fields = of.fields.iter().enumerate();
        let mut texts = fields.filter(|(at, field)| *at != of.key && field.kind == Kind::Text);
        texts.find(|(_, field)| !refers(&field.name)).map(|(_, field)| field)
    }

    /// The forest with levels over the records of a feed.
    pub fn levels(&self, feed: Feed) -> Option<&ForestSchema> {
        self.forests.iter().find(|forest| forest.feed == feed && forest.has_levels())
    }
}

impl ForestSchema {
    /// Whether the records have levels. Their paths are short then and are stored; a forest without
    /// levels may have chains as long as the feed, and its rows name their top instead.
    pub fn has_levels(&self) -> bool {
        self.level.is_some()
    }
}

impl FeedSchema {
    /// The key field.
    pub fn key_field(&self) -> &Field {
        &self.fields[self.key]
    }

    /// Whether a field holds names of people.
    pub fn is_person(&self, field: &str) -> bool {
        self.fields.iter().any(|f| f.person && f.name == field)
    }

    /// Position of a field by its name.
    pub fn position(&self, field: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == field)
    }
}
