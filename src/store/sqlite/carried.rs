//! The rows of the newest snapshot whose last good version is carried, and those for which there is none to carry.

use chrono::NaiveDate;

use crate::model::Feed;
use crate::store::error::StoreError;
use crate::store::identifier::quoted;
use crate::store::sqlite::date_reader::DateReader;
use crate::store::sqlite::layout::key_column;
use crate::store::sqlite::reader::Reader;

/// A row of the newest snapshot of which later deliveries brought bad rows alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedRow {
    /// The feed.
    pub feed: Feed,
    /// The key.
    pub key: String,
    /// The date of the delivery with which its content began.
    pub valid_from: NaiveDate,
}

impl Reader {
    /// The rows of the newest snapshot that are carried, by feed, then key.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn carried(&self) -> Result<Vec<CarriedRow>, StoreError> {
        let read = || -> rusqlite::Result<Vec<CarriedRow>> {
            let conn = self.connection();
            let (mut carried, mut reader) = (Vec::new(), DateReader::default());
            for feed in Feed::ALL {
                let Some(key) = key_column(conn, feed)? else { continue };
                let key = quoted(&key);
                let mut statement = conn.prepare(&format!(
                    "select {key}, valid_from from {feed} where carried_since is not null order by {key}"
                ))?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let valid_from = reader.read(row.get_ref(1)?)?;
                    let key: String = row.get(0)?;
                    carried.extend(valid_from.map(|valid_from| CarriedRow {
                        feed,
                        key,
                        valid_from,
                    }));
                }
            }
            Ok(carried)
        };
        read().map_err(|error| self.fault(error))
    }

    /// The keys of which the newest delivery has bad rows alone, and the snapshot no row, by feed, then key.
    ///
    /// # Errors
    /// Any fault of the database.
    pub fn quarantined_without_content(&self) -> Result<Vec<(Feed, String)>, StoreError> {
        let read = || -> rusqlite::Result<Vec<(Feed, String)>> {
            let conn = self.connection();
            let mut found = Vec::new();
            for feed in Feed::ALL {
                let Some(key) = key_column(conn, feed)? else { continue };
                let mut statement = conn.prepare(&format!(
                    "select distinct line.key from quarantine as line \
                     where line.run = (select run from snapshot order by business_date desc limit 1) \
                     and line.feed = ?1 and line.key is not null \
                     and not exists (select 1 from {feed} where {} = line.key) order by 1",
                    quoted(&key)
                ))?;
                let keys = statement.query_map([feed.name()], |row| row.get(0))?;
                for key in keys {
                    found.push((feed, key?));
                }
            }
            Ok(found)
        };
        read().map_err(|error| self.fault(error))
    }
}
