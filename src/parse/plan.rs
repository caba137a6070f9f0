//! What to do with the cells of a line, worked out once a file.

use std::ops::Range;

use crate::config::schema::{FeedSchema, Required, Schema, TopMarkers};
use crate::model::Feed;

use super::cast;
use super::clean::DecodedTwice;
use super::frame::Frame;
use super::meaning::CellMeaning;
use super::quotes::{Quoting, SEPARATOR};
use super::sniff::Layout;

/// What to do with the cells of a line.
pub(super) struct Plan<'a> {
    /// What stands between the fields as delivered.
    pub(super) delimiter: Splitter<'a>,
    /// What stands between them once the quotes are off.
    pub(super) separator: Splitter<'a>,
    pub(super) quotes: Quoting,
    /// Whether the last of `width` cells is the empty one behind the last delimiter.
    pub(super) trailing: bool,
    pub(super) width: usize,
    pub(super) frame: Frame<'a>,
    pub(super) fields: Vec<FieldPlan<'a>>,
    pub(super) decoded_twice: DecodedTwice,
}

pub(super) struct FieldPlan<'a> {
    pub(super) meaning: CellMeaning<'a>,
    pub(super) column: Option<usize>,
    pub(super) is_key: bool,
    pub(super) required: bool,
    pub(super) max_length: usize,
    /// The field that excuses an empty cell by being empty itself, where the file has it.
    unless: Option<usize>,
    /// Whether any text besides the empty one may mean no value here; nearly always none does.
    declares: bool,
    /// What marks a top in this field, if it names a parent.
    top: Option<&'a TopMarkers>,
    copy: Option<ParentCopy>,
}

/// A field that repeats a name of the parent; both numbers are positions of fields.
struct ParentCopy {
    /// The field that names the parent.
    via: usize,
    /// The field of the same feed that holds the name itself.
    original: usize,
}

/// What a line is split at.
pub(super) struct Splitter<'a> {
    pub(super) text: &'a str,
    finder: memchr::memmem::Finder<'a>,
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str) -> Splitter<'a> {
        Splitter { text, finder: memchr::memmem::Finder::new(text) }
    }

    /// The cells of a line as byte ranges.
    #[inline]
    pub(super) fn split(&self, text: &str, cells: &mut Vec<(u32, u32)>) {
        cells.clear();
        let mut start = 0;
        let mut cell = |at: usize| {
            cells.push((start as u32, at as u32));
            start = at + self.text.len();
        };
        match self.text.as_bytes() {
            [byte] => memchr::memchr_iter(*byte, text.as_bytes()).for_each(&mut cell),
            _ => self.finder.find_iter(text.as_bytes()).for_each(&mut cell),
        }
        cells.push((start as u32, text.len() as u32));
    }
}

/// The cells of one line.
#[derive(Clone, Copy)]
pub(super) struct LineCells<'l> {
    pub(super) text: &'l str,
    pub(super) cells: &'l [(u32, u32)],
}

impl<'l> LineCells<'l> {
    pub(super) fn range(self, column: usize) -> Range<usize> {
        let (start, end) = self.cells[column];
        start as usize..end as usize
    }

    /// The trimmed cell of a field; empty where the file lacks it.
    fn value(self, field: &FieldPlan<'_>) -> &'l str {
        field.column.map_or("", |column| cast::trim(&self.text[self.range(column)]))
    }
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        layout: &'a Layout,
        frame: Frame<'a>,
        schema: &'a Schema,
        feed: Feed,
    ) -> Plan<'a> {
        let FeedSchema { fields, key, .. } = schema.feed(feed);
        let position = |name: &str| schema.feed(feed).position(name);
        let forest_of = |field: &str| {
            let declared = |markers: &TopMarkers| markers.own_key || !markers.texts.is_empty();
            schema
                .forests
                .iter()
                .find(|f| f.feed == feed && f.parent == field && declared(&f.top_markers))
        };
        let copy_of = |field: &str| {
            let copy = schema.copies.iter().find(|c| c.feed == feed && c.field == field)?;
            forest_of(&copy.via)?;
            Some(ParentCopy { via: position(&copy.via)?, original: position(&copy.target_field)? })
        };
        let fields = fields.iter().enumerate().map(|(at, field)| FieldPlan {
            declares: CellMeaning::of(field).declares_any()
                || forest_of(&field.name).is_some()
                || copy_of(&field.name).is_some(),
            meaning: CellMeaning::of(field),
            column: layout.columns[at],
            is_key: at == *key,
            required: field.required != Required::No,
            max_length: field.max_length.unwrap_or(usize::MAX),
            unless: match &field.required {
                Required::Unless(other) => {
                    position(other).filter(|field| layout.columns[*field].is_some())
                }
                Required::No | Required::Yes => None,
            },
            top: forest_of(&field.name).map(|forest| &forest.top_markers),
            copy: copy_of(&field.name),
        });
        Plan {
            delimiter: Splitter::new(&layout.delimiter),
            separator: Splitter::new(SEPARATOR),
            quotes: layout.quotes,
            trailing: layout.trailing,
            width: layout.width,
            frame,
            fields: fields.collect(),
            decoded_twice: DecodedTwice::new(),
        }
    }

    /// Whether a trimmed cell that is not empty is declared to mean: no value.
    #[inline]
    pub(super) fn declares_no_value(
        &self,
        field: &FieldPlan<'_>,
        value: &str,
        cells: LineCells<'_>,
    ) -> bool {
        field.declares && self.is_declared(field, value, cells)
    }

    #[inline(never)]
    fn is_declared(&self, field: &FieldPlan<'_>, value: &str, cells: LineCells<'_>) -> bool {
        field.meaning.declares_no_value(value)
            || field.top.is_some_and(|top| self.marks_top(top, value, cells))
            || field.copy.as_ref().is_some_and(|copy| self.copies_no_parent(copy, value, cells))
    }

    /// Whether a required field may be empty on this line.
    pub(super) fn is_excused(&self, field: &FieldPlan<'_>, cells: LineCells<'_>) -> bool {
        field.unless.is_some_and(|other| {
            let other = &self.fields[other];
            let value = cells.value(other);
            value.is_empty() || self.declares_no_value(other, value, cells)
        })
    }

    fn marks_top(&self, top: &TopMarkers, value: &str, cells: LineCells<'_>) -> bool {
        let is_own_key = || {
            let key = self.fields.iter().find(|field| field.is_key);
            key.is_some_and(|key| cells.value(key) == value)
        };
        top.texts.iter().any(|text| text == value) || (top.own_key && is_own_key())
    }

    /// Whether the name of a parent is none: the line names no parent, and what stands in the name's place marks a
    /// top too.
    fn copies_no_parent(&self, copy: &ParentCopy, value: &str, cells: LineCells<'_>) -> bool {
        let parent = &self.fields[copy.via];
        let Some(top) = parent.top else { return false };
        let named = cells.value(parent);
        let is_top = parent.meaning.is_no_value(named) || self.marks_top(top, named, cells);
        let is_own_name = || cells.value(&self.fields[copy.original]) == value;
        is_top
            && (top.texts.iter().any(|text| text == value)
                || parent.meaning.declares_no_value(value)
                || (top.own_key && is_own_name()))
    }
}
