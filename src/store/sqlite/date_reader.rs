//! Reads dates as the file holds them: ISO texts.

use chrono::NaiveDate;
use rusqlite::types::{FromSqlError, ValueRef};

/// Length of `YYYY-MM-DD`.
const WIDTH: usize = 10;

/// Parses dates of the database; caches the last one, because whole columns repeat it.
#[derive(Debug, Default)]
pub(super) struct DateReader {
    last: Option<([u8; WIDTH], NaiveDate)>,
}

impl DateReader {
    /// The date in a cell; `None` if it is null.
    ///
    /// # Errors
    /// If the cell holds anything but a date.
    pub(super) fn read(&mut self, cell: ValueRef<'_>) -> Result<Option<NaiveDate>, FromSqlError> {
        let bytes = match cell {
            ValueRef::Null => return Ok(None),
            ValueRef::Text(bytes) => bytes,
            _ => return Err(FromSqlError::InvalidType),
        };
        if let Some((text, date)) = &self.last
            && text == bytes
        {
            return Ok(Some(*date));
        }
        let text = std::str::from_utf8(bytes).map_err(FromSqlError::other)?;
        let date: NaiveDate = text.parse().map_err(FromSqlError::other)?;
        self.last = bytes.try_into().ok().map(|text| (text, date));
        Ok(Some(date))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_back() {
        let mut reader = DateReader::default();
        for text in ["2026-11-24", "2026-11-24", "1999-01-02"] {
            let date = reader.read(ValueRef::Text(text.as_bytes())).unwrap().unwrap();
            assert_eq!(date.to_string(), text);
        }
        assert_eq!(reader.read(ValueRef::Null).unwrap(), None);
        assert!(reader.read(ValueRef::Text(b"yesterday")).is_err());
        assert!(reader.read(ValueRef::Integer(7)).is_err());
    }
}
