//! On which dates only quarantined rows came for a key while there was no version of it to carry.

use rusqlite::Transaction;
use rusqlite_migration::HookResult;

use crate::model::Feed;
use crate::store::identifier::quoted;
use crate::store::sqlite::layout::key_column;

/// Fills the new table as far as the recorded lines of the published runs tell it. A key that had a version on the date
/// of its line was accepted or carried then.
pub(super) fn fill(transaction: &Transaction<'_>) -> HookResult {
    for feed in Feed::ALL {
        if let Some(key) = key_column(transaction, feed)? {
            let (table, key) = (feed.name(), quoted(&key));
            let versions = |table: &str, end: &str| {
                format!(
                    "select 1 from {table} where {key} = line.key \
                     and valid_from <= business_date{end}"
                )
            };
            transaction.execute(
                &format!(
                    "insert into quarantined_key (feed, id, business_date) \
                     select distinct line.feed, line.key, business_date \
                     from snapshot join quarantine as line on line.run = snapshot.run \
                     where line.feed = ?1 and line.key is not null and not exists ({}) and not exists ({})",
                    versions(table, ""),
                    versions(&format!("{table}_history"), " and business_date < valid_to"),
                ),
                [table],
            )?;
        }
    }
    Ok(())
}
