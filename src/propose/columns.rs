//! The facts about the columns of a sample: cells that their field does not read, references that name no record.

use std::collections::{BTreeMap, HashSet};

use chrono::{Datelike, NaiveDate};

use crate::config::schema::{Field, Kind, Required, Schema};
use crate::model::{Feed, Message, PerFeed};
use crate::parse::CellReader;

use super::proposal::shown;
use super::sample::TextFile;
use super::words;

/// Number of distinct words of a column that are looked at.
const MAX_WORDS: usize = 10_000;

/// Years of dates that can be real ones.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

/// What is known of a sample.
pub(super) struct Facts<'s> {
    /// Columns with words, in report order of the feed, then in field order.
    pub(super) columns: Vec<Column<'s>>,
    /// The keys of each feed.
    pub(super) keys: PerFeed<HashSet<String>>,
    /// Cells of other text columns that hold a word for no value.
    pub(super) in_texts: Vec<Word>,
    /// Those of them that are in columns without empty cells by the contract.
    pub(super) in_required: Vec<Word>,
}

/// A column, and the cells in it that cannot be what the field wants.
pub(super) struct Column<'s> {
    pub(super) feed: Feed,
    pub(super) field: &'s Field,
    /// By number of cells, the most frequent first.
    pub(super) words: Vec<Word>,
    /// Dates of years in which nothing real happened.
    pub(super) far_dates: Vec<Word>,
    /// Days that systems use for no date, and on which something can have happened.
    pub(super) odd_dates: Vec<Word>,
}

/// A text that stands in cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Number of cells.
    pub(super) cells: u64,
    pub(super) file: String,
    /// 1-based line of the first cell.
    pub(super) line: u64,
    pub(super) field: String,
}

/// Counts words.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<String, (u64, u64)>);

impl Tally {
    pub(super) fn add(&mut self, text: &str, line: u32) {
        self.add_many(text, line, 1);
    }

    pub(super) fn add_many(&mut self, text: &str, line: u32, more: u64) {
        if let Some((cells, _)) = self.0.get_mut(text) {
            *cells += more;
        } else if self.0.len() < MAX_WORDS {
            self.0.insert(text.to_owned(), (more, u64::from(line)));
        }
    }

    pub(super) fn words(self, file: &str, field: &str) -> Vec<Word> {
        let word = |(text, (cells, line))| Word {
            text,
            cells,
            file: file.to_owned(),
            line,
            field: field.to_owned(),
        };
        let mut words: Vec<Word> = self.0.into_iter().map(word).collect();
        words.sort_by(|a, b| b.cells.cmp(&a.cells).then(a.line.cmp(&b.line)));
        words
    }
}

impl<'s> Facts<'s> {
    pub(super) fn of(schema: &'s Schema, files: &[TextFile<'_>]) -> Facts<'s> {
        let mut keys: PerFeed<HashSet<String>> = PerFeed::default();
        for file in files {
            let key = &schema.feed(file.feed).key_field().name;
            let cells = file.parsed.table.text(key).into_iter().flat_map(|cells| cells.iter());
            keys[file.feed].extend(cells.flatten().map(str::to_owned));
        }
        let mut facts =
            Facts { columns: Vec::new(), keys, in_texts: Vec::new(), in_required: Vec::new() };
        for file in files {
            for field in &schema.feed(file.feed).fields {
                facts.column(schema, file, field);
            }
        }
        facts
    }

    fn column(&mut self, schema: &'s Schema, file: &TextFile<'_>, field: &'s Field) {
        let Some(cells) = file.parsed.table.text(&field.name) else { return };
        let lines = file.parsed.table.lines();
        let filled = || {
            let cells = cells.iter().zip(lines);
            cells.filter_map(|(cell, line)| Some((cell.filter(|cell| !cell.is_empty())?, *line)))
        };
        let reference =
            schema.references.iter().find(|r| r.feed == file.feed && r.field == field.name);
        let is_key = schema.feed(file.feed).key_field().name == field.name;
        let (mut words, mut far_dates, mut odd_dates) =
            (Tally::default(), Tally::default(), Tally::default());
        match (&field.kind, reference) {
            (Kind::Text, Some(reference)) => {
                let known = &self.keys[reference.target];
                // Without the file that is referred to nothing can be said.
                if known.is_empty() {
                    return;
                }
                let unknown = filled().filter(|(cell, _)| !known.contains(*cell));
                unknown.for_each(|(cell, line)| words.add(cell, line));
            }
            (Kind::Text, None) => {
                let mut found = Tally::default();
                for (cell, line) in filled().filter(|_| !is_key) {
                    if words::NO_VALUE.contains(&cell) {
                        found.add(cell, line);
                    }
                }
                let found = found.words(file.name, &field.name);
                if field.required == Required::Yes {
                    self.in_required.extend(found.iter().cloned());
                }
                self.in_texts.extend(found);
                return;
            }
            (Kind::Integer, _) => {
                let reader = CellReader::of(field);
                let unread = filled().filter(|(cell, _)| !reader.reads(cell));
                unread.for_each(|(cell, line)| words.add(cell, line));
            }
            (Kind::Date(_), _) => {
                let reader = CellReader::of(field);
                for (cell, line) in filled() {
                    match reader.date(cell) {
                        None => words.add(cell, line),
                        Some(date) if is_odd(date) => odd_dates.add(cell, line),
                        Some(date) if is_real(date) => {}
                        Some(_) => far_dates.add(cell, line),
                    }
                }
            }
        }
        self.columns.push(Column {
            feed: file.feed,
            field,
            words: words.words(file.name, &field.name),
            far_dates: far_dates.words(file.name, &field.name),
            odd_dates: odd_dates.words(file.name, &field.name),
        });
    }
}

/// Whether something can have happened on a day.
pub(super) fn is_real(date: NaiveDate) -> bool {
    YEARS.contains(&date.year())
}

/// Whether a day is the first or last of a calendar of some system, which writes it where there is no date.
fn is_odd(date: NaiveDate) -> bool {
    const DAYS: [(i32, u32, u32); 5] =
        [(1900, 1, 1), (1900, 1, 2), (1970, 1, 1), (2099, 12, 31), (2199, 12, 31)];
    DAYS.contains(&(date.year(), date.month(), date.day()))
}

/// The cells of a word in several columns: their number, and the first place.
pub(super) fn together<'w>(words: impl Iterator<Item = &'w Word>) -> Option<Word> {
    words.fold(None, |sum, word| match sum {
        None => Some(word.clone()),
        Some(sum) => Some(Word { cells: sum.cells + word.cells, ..sum }),
    })
}

impl Word {
    /// How many cells hold it, with an example.
    pub(super) fn evidence(&self) -> Message {
        let Word { cells, file, line, field, text } = self;
        let text = shown(text);
        Message::new(
            format!("{cells} 个单元格为“{text}”，如 {file} 第 {line} 行的 {field}"),
            format!("{cells} cell(s) are \"{text}\", such as {field} on line {line} of {file}"),
        )
    }
}
