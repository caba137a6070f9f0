//! Rows of the database or of a former delivery, in memory.

/// Rows of one feed as the database or a former delivery holds them, by key, with some of their fields.
///
/// All cells stand in one text, as whole companies may be among them.
#[derive(Debug)]
pub struct StoredRows {
    fields: Vec<String>,
    text: String,
    /// Where each cell ends; a row has its key and one cell a field.
    ends: Vec<usize>,
}

impl StoredRows {
    /// No rows, with these fields.
    pub fn new(fields: &[&str]) -> StoredRows {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        StoredRows { fields, text: String::new(), ends: Vec::new() }
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

    /// Adds rows that have these fields, among others or not.
    pub fn append(&mut self, other: &StoredRows) {
        let columns: Vec<Option<usize>> = self
            .fields
            .iter()
            .map(|field| other.fields.iter().position(|known| known == field))
            .collect();
        for row in 0..other.len() {
            self.push(other.key(row));
            for column in &columns {
                self.push(column.map_or("", |column| other.at(row * other.width() + 1 + column)));
            }
        }
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
    fn rows_with_other_fields_beside_are_added_by_the_names_of_the_fields() {
        let (mut rows, mut other) =
            (StoredRows::new(&["status"]), StoredRows::new(&["name", "status"]));
        rows.push("a1");
        rows.push("1");
        for cell in ["a2", "王", "2", "a3", "李", ""] {
            other.push(cell);
        }
        rows.append(&other);
        let listed: Vec<_> =
            (0..rows.len()).map(|row| (rows.key(row), rows.cell(row, "status"))).collect();
        assert_eq!(listed, [("a1", Some("1")), ("a2", Some("2")), ("a3", None)]);
    }

    #[test]
    fn cells_are_found_by_row_and_field() {
        let mut rows = StoredRows::new(&["name", "status"]);
        for cell in ["a1", "王", "1", "a2", "", "2"] {
            rows.push(cell);
        }
        assert_eq!((rows.len(), rows.key(0), rows.key(1)), (2, "a1", "a2"));
        assert_eq!((rows.cell(0, "name"), rows.cell(1, "name")), (Some("王"), None));
        assert_eq!((rows.cell(1, "status"), rows.cell(1, "other")), (Some("2"), None));
    }
}
