//! Accepted rows, their cells and what they refer to, for the rules that compare records with one another.

use polars_arrow::array::Array;

use crate::delivery::{Acceptance, Readable};
use crate::links::{Link, Target};
use crate::model::{Column, Feed, Related};

use super::context::RowContext;
use super::rule::Unreadable;

/// The accepted rows of one file.
#[derive(Clone, Copy)]
pub(in crate::rules) struct AcceptedRows<'d, 'a> {
    pub(in crate::rules) file: Readable<'d, 'a>,
    acceptance: &'d Acceptance,
}

/// The cells of one field. Those of a field that a job's own schema lacks are all empty, so that the rules which need
/// it find nothing.
#[derive(Clone, Copy)]
pub(in crate::rules) struct Cells<'d>(Option<Column<'d>>);

/// The records that the accepted rows of one feed refer to through one field, as far as these are accepted too.
#[derive(Clone, Copy)]
pub(in crate::rules) struct References<'d> {
    link: Option<&'d Link<'d>>,
    targets: Option<&'d Acceptance>,
}

impl<'d, 'a> RowContext<'d, 'a> {
    /// The accepted rows of a feed; `Err` if its file could not be read.
    pub(in crate::rules) fn rows(&self, feed: Feed) -> Result<AcceptedRows<'d, 'a>, Unreadable> {
        let file = self.delivery.readable(feed).ok_or(Unreadable(feed))?;
        Ok(AcceptedRows { file, acceptance: &self.accepted[feed] })
    }

    /// What the rows of a feed refer to through a field.
    pub(in crate::rules) fn references(&self, feed: Feed, field: &str) -> References<'d> {
        let link = self.links.of(feed, field);
        References { link, targets: link.map(|link| &self.accepted[link.reference.target]) }
    }
}

impl<'d, 'a> AcceptedRows<'d, 'a> {
    /// All rows, in the order of the file.
    pub(in crate::rules) fn iter(&self) -> impl Iterator<Item = u32> + use<'d> {
        let acceptance = self.acceptance;
        (0..acceptance.status.len() as u32).filter(move |row| acceptance.accepts(*row))
    }

    /// The cells of a field.
    pub(in crate::rules) fn cells(&self, field: &str) -> Cells<'d> {
        let parsed: &'d crate::parse::Parsed<'a> = self.file.parsed;
        Cells(parsed.table.column(field))
    }

    /// The row of a key, if it is accepted.
    pub(in crate::rules) fn find(&self, key: &str) -> Option<u32> {
        let row = self.file.index.find(self.file.keys, key)?;
        self.acceptance.accepts(row).then_some(row)
    }

    /// The position of a row by key, as in the forests of its feed.
    pub(in crate::rules) fn position(&self, row: u32) -> usize {
        self.acceptance.position[row as usize] as usize
    }

    /// A row as a record that a finding points to.
    pub(in crate::rules) fn related(&self, row: u32) -> Related {
        let key = self.file.key(row).unwrap_or_default().to_owned();
        Related { feed: self.file.feed, line: self.file.line(row), key }
    }

    /// The cell of a field as delivered.
    pub(in crate::rules) fn delivered(&self, row: u32, field: &str) -> Option<String> {
        self.file.delivered(row, self.file.schema.position(field)?)
    }
}

impl<'d> Cells<'d> {
    /// The whole number in it.
    pub(in crate::rules) fn int(self, row: u32) -> Option<i64> {
        match self.0 {
            Some(Column::Int(column)) => {
                column.is_valid(row as usize).then(|| column.value(row as usize))
            }
            _ => None,
        }
    }

    /// The date in it, as days since 1970-01-01.
    pub(in crate::rules) fn date(self, row: u32) -> Option<i32> {
        match self.0 {
            Some(Column::Date(column)) => {
                column.is_valid(row as usize).then(|| column.value(row as usize))
            }
            _ => None,
        }
    }

    /// The text in it.
    pub(in crate::rules) fn text(self, row: u32) -> Option<&'d str> {
        match self.0 {
            Some(Column::Text(column)) => column.get(row as usize),
            _ => None,
        }
    }

    /// Whether two cells that both have a value have different ones.
    pub(in crate::rules) fn differs(self, row: u32, other: Cells<'_>, other_row: u32) -> bool {
        fn differ<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
            matches!((a, b), (Some(a), Some(b)) if a != b)
        }
        match self.0 {
            Some(Column::Text(_)) => differ(self.text(row), other.text(other_row)),
            Some(Column::Int(_)) => differ(self.int(row), other.int(other_row)),
            Some(Column::Date(_)) => differ(self.date(row), other.date(other_row)),
            None => false,
        }
    }
}

impl References<'_> {
    /// The record that an accepted row refers to, whether it is accepted itself or not.
    pub(in crate::rules) fn row(self, row: u32) -> Option<u32> {
        match self.link?.target(row) {
            Target::Row(target) => Some(target),
            Target::Empty | Target::Unknown | Target::Presumed(_) => None,
        }
    }

    /// The accepted record that an accepted row refers to.
    pub(in crate::rules) fn target(self, row: u32) -> Option<u32> {
        let target = self.row(row)?;
        self.targets?.accepts(target).then_some(target)
    }
}
