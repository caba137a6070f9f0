//! Makes the tables of the feeds and of the forests anew, as they are since format 7: with declared keys and references.

use rusqlite::{Connection, Transaction, params};

use crate::config::schema::{FeedSchema, Schema};
use crate::model::MigrationStep;
use crate::store::feed_table::{FeedTable, is_snapshot_column};
use crate::store::identifier::quoted;
use crate::store::sqlite::layout;
use crate::store::sqlite::tree_tables;

/// Copies all rows into new tables, within the transaction of the migration.
pub(super) fn rebuild(
    transaction: &Transaction<'_>,
    schema: &Schema,
    told: &dyn Fn(MigrationStep),
) -> rusqlite::Result<()> {
    for feed in &schema.feeds {
        let stored = layout::columns_of(transaction, feed.feed.name())?;
        if stored.is_empty() {
            // The file was only just created.
            return Ok(());
        }
        rebuild_feed(transaction, schema, feed, &stored, told)?;
    }
    for forest in &schema.forests {
        tree_tables::rebuild(transaction, schema, forest)?;
    }
    Ok(())
}

fn rebuild_feed(
    conn: &Connection,
    schema: &Schema,
    feed: &FeedSchema,
    stored: &[String],
    told: &dyn Fn(MigrationStep),
) -> rusqlite::Result<()> {
    let table = FeedTable::new(feed, stored);
    let (name, history) = (table.name(), table.history());
    conn.execute_batch(&format!(
        "drop view {name}_version; \
         alter table {name} rename to {name}_former; \
         alter table {history} rename to {history}_former"
    ))?;
    conn.execute_batch(&layout::create_feed(schema, feed, &table))?;
    // Columns of an earlier schema stay.
    let of_schema = layout::columns_of(conn, name)?;
    for column in stored.iter().filter(|column| !is_snapshot_column(column)) {
        if of_schema.iter().any(|known| known.eq_ignore_ascii_case(column)) {
            continue;
        }
        let sql = "select type from pragma_table_info(?1) where name = ?2";
        let former = format!("{name}_former");
        let kind: String = conn.query_row(sql, params![former, column], |row| row.get(0))?;
        for table in [name, &history] {
            let column = quoted(column);
            conn.execute_batch(&format!("alter table {table} add column {column} {kind}"))?;
        }
    }
    let (columns, key) =
        (FeedTable::new(feed, &layout::columns_of(conn, name)?).all(), table.quoted_key());
    let own = "valid_from, carried_since, content_hash";
    told(MigrationStep::Rows(feed.feed));
    // In the order of the keys every row is written behind the last.
    conn.execute_batch(&format!(
        "insert into {name} ({columns}, {own}) select {columns}, {own} from {name}_former order by {key}; \
         drop table {name}_former"
    ))?;
    told(MigrationStep::History(feed.feed));
    conn.execute_batch(&format!(
        "insert into {history} ({columns}, {own}, valid_to) select {columns}, {own}, valid_to \
         from {history}_former order by {key}, valid_from; \
         drop table {history}_former"
    ))
}
