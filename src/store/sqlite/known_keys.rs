//! The keys that were ever published.

use crate::model::Feed;
use crate::store::error::StoreError;
use crate::store::identifier::quoted;
use crate::store::sqlite::layout::key_column;
use crate::store::sqlite::reader::Reader;

impl Reader {
    /// Calls `each` with every key of a feed that was ever published.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn each_key(&self, feed: Feed, mut each: impl FnMut(&str)) -> Result<(), StoreError> {
        let mut read = || -> rusqlite::Result<()> {
            let conn = self.connection();
            let Some(key) = key_column(conn, feed)? else { return Ok(()) };
            for table in [feed.name().to_owned(), format!("{feed}_history")] {
                let mut statement =
                    conn.prepare(&format!("select {} from {table}", quoted(&key)))?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    each(row.get_ref(0)?.as_str()?);
                }
            }
            Ok(())
        };
        read().map_err(|error| self.fault(error))
    }

    /// Whether a text is a key that was ever published, of any feed. A key that cannot be looked up is none: whoever asks
    /// is to hide what is none.
    pub fn is_key(&self, id: &str) -> bool {
        Feed::ALL.into_iter().any(|feed| self.is_known(feed, id).unwrap_or(false))
    }

    /// Whether a key of a feed was ever published.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn is_known(&self, feed: Feed, id: &str) -> Result<bool, StoreError> {
        let read = || -> rusqlite::Result<bool> {
            let conn = self.connection();
            let Some(key) = key_column(conn, feed)? else { return Ok(false) };
            let sql =
                format!("select exists (select 1 from {feed}_version where {} = ?1)", quoted(&key));
            conn.query_row(&sql, [id], |row| row.get(0))
        };
        read().map_err(|error| self.fault(error))
    }
}
