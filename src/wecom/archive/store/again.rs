//! Messages that could not be decrypted: which of them to try again, and why they wait.

use rusqlite::{Connection, params};

use super::batch::Reason;

/// The ids of all messages that waited for a key of one of these versions.
pub(super) fn waiting_for_key(
    conn: &Connection,
    versions: &[u32],
) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare(
        "select msgid from undecrypted where key_version in (select value from json_each(?1)) and reason = ?2 \
         order by seq, msgid",
    )?;
    let rows =
        statement.query_map(params![listed(versions), Reason::NoKey.name()], |row| row.get(0))?;
    rows.collect()
}

/// The ids of messages up to a number that were not decrypted although a key of their version was there.
pub(super) fn failed_before(
    conn: &Connection,
    versions: &[u32],
    up_to: i64,
    limit: u32,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare(
        "select msgid from undecrypted where key_version in (select value from json_each(?1)) and reason <> ?2 \
         and seq <= ?3 order by attempts, seq, msgid limit ?4",
    )?;
    let rows = statement
        .query_map(params![listed(versions), Reason::NoKey.name(), up_to, limit], |row| {
            row.get(0)
        })?;
    rows.collect()
}

/// WeCom's JSON of messages.
pub(super) fn items(conn: &Connection, msgids: &[String]) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare_cached("select item from undecrypted where msgid = ?1")?;
    msgids.iter().map(|msgid| statement.query_row([msgid], |row| row.get(0))).collect()
}

/// Messages of other versions wait for their key.
pub(super) fn set_without_key(conn: &Connection, versions: &[u32]) -> rusqlite::Result<()> {
    conn.execute(
        "update undecrypted set reason = ?2, code = null where reason <> ?2 and key_version is not null \
         and key_version not in (select value from json_each(?1))",
        params![listed(versions), Reason::NoKey.name()],
    )?;
    Ok(())
}

/// Messages of these versions wait for their key no longer, but for the library.
pub(super) fn set_waiting_for_reader(conn: &Connection, versions: &[u32]) -> rusqlite::Result<()> {
    conn.execute(
        "update undecrypted set reason = ?2 where reason = ?3 \
         and key_version in (select value from json_each(?1))",
        params![listed(versions), Reason::Reader.name(), Reason::NoKey.name()],
    )?;
    Ok(())
}

/// Numbers as a JSON array, for `json_each`.
fn listed(versions: &[u32]) -> String {
    serde_json::Value::from(versions).to_string()
}
