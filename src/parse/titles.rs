//! Headers: by which titles they name the fields of a schema.

use std::collections::BTreeSet;

use crate::config::schema::{FeedSchema, Field};

use super::cast::is_blank;

/// The schema fields that the cells of a line name, if it names enough of them to be a header.
pub(super) fn titles(
    line: &str,
    delimiter: &str,
    schema: &FeedSchema,
) -> Option<Vec<Option<usize>>> {
    let mut cells: Vec<&str> = line.split(delimiter).collect();
    if cells.len() > 1 && cells.last().is_some_and(|cell| is_blank(cell)) {
        cells.pop();
    }
    let titles: Vec<_> = cells.iter().map(|cell| field_of(cell, schema)).collect();
    let known = titles.iter().flatten().count();
    is_header(known, titles_fit(known, cells.len(), schema)).then_some(titles)
}

/// Share of the cells that are titles; a header may have any number of titles beyond those of the schema.
pub(super) fn titles_fit(known: usize, cells: usize, schema: &FeedSchema) -> f64 {
    known as f64 / cells.min(schema.fields.len()) as f64
}

/// Half the titles known is a header.
pub(super) fn is_header(known: usize, titles_fit: f64) -> bool {
    known >= 2 && titles_fit >= 0.5
}

/// The titles by which a header may name the fields of a schema.
#[derive(Debug)]
pub(super) struct Titles(BTreeSet<String>);

impl Titles {
    pub(super) fn of(schema: &FeedSchema) -> Titles {
        Titles(schema.fields.iter().flat_map(titles_of).map(plain).collect())
    }

    /// Whether these cells are a header: all of them that say anything are titles, and there are several.
    pub(super) fn are_in<'c>(&self, cells: impl Iterator<Item = &'c str>) -> bool {
        let mut known = 0;
        for cell in cells.map(plain).filter(|cell| !cell.is_empty()) {
            if !self.0.contains(&cell) {
                return false;
            }
            known += 1;
        }
        known >= 2
    }
}

/// Name, column, titles and aliases of a field.
fn titles_of(field: &Field) -> impl Iterator<Item = &str> {
    let titles = [&field.name, &field.column].into_iter().map(String::as_str);
    titles
        .chain([field.title.zh.as_ref(), field.title.en.as_ref()])
        .chain(field.aliases.iter().map(String::as_str))
}

/// The schema field that a header cell names, by name, column, title or alias, whatever its case.
pub(super) fn field_of(cell: &str, schema: &FeedSchema) -> Option<usize> {
    let wanted = plain(cell);
    if wanted.is_empty() {
        return None;
    }
    schema.fields.iter().position(|field| titles_of(field).any(|title| plain(title) == wanted))
}

/// A title without case, quotes, spaces and joiners.
fn plain(title: &str) -> String {
    title
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '"' | '\'' | '\u{feff}'))
        .flat_map(char::to_lowercase)
        .collect()
}
