//! What the snapshot before the business date holds, as far as a delivery differs from it.

use chrono::NaiveDate;

use super::PerFeed;

/// The snapshot before the business date of a delivery.
#[derive(Debug)]
pub struct Previous {
    /// Its business date.
    pub date: NaiveDate,
    /// Its rows that the delivery does not bring again as they were; none for a feed whose file could not be read.
    pub rows: PerFeed<Option<PreviousRows>>,
}

/// Rows of one feed of the snapshot before, by key: those whose key the delivery lacks, and those for which it has an
/// accepted row with other content. Rows that are only quarantined now are not among them.
///
/// All cells stand in one text, as whole companies may be among them.
#[derive(Debug)]
pub struct PreviousRows {
    fields: Vec<String>,
    text: String,
    /// Where each cell ends; a row has its key and one cell a field.
    ends: Vec<usize>,
}

impl PreviousRows {
    /// No rows, with these fields.
    pub fn new(fields: &[&str]) -> PreviousRows {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        PreviousRows { fields, text: String::new(), ends: Vec::new() }
    }

    /// The fields that each row has beside its key.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Adds the next cell of a row: first its key, then one cell a field, as the database shows them; empty where there
    /// is no value.
    pub fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len() / self.width()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key of a row.
    pub fn key(&self, row: usize) -> &str {
        self.at(row * self.width())
    }

    /// The cell of a row; none where it has no value, or where there is no such field.
    pub fn cell(&self, row: usize, field: &str) -> Option<&str> {
        let column = self.fields.iter().position(|known| known == field)?;
        Some(self.at(row * self.width() + 1 + column)).filter(|cell| !cell.is_empty())
    }

    fn width(&self) -> usize {
        self.fields.len() + 1
    }

    fn at(&self, cell: usize) -> &str {
        let start = cell.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(cell).copied().unwrap_or_default();
        self.text.get(start.unwrap_or_default()..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_row_and_field() {
        let mut rows = PreviousRows::new(&["name", "status"]);
        for cell in ["a1", "王", "1", "a2", "", "2"] {
            rows.push(cell);
        }
        assert_eq!((rows.len(), rows.key(0), rows.key(1)), (2, "a1", "a2"));
        assert_eq!((rows.cell(0, "name"), rows.cell(1, "name")), (Some("王"), None));
        assert_eq!((rows.cell(1, "status"), rows.cell(1, "other")), (Some("2"), None));
    }
}
