//! Who works for the insurer as of the newest snapshot: agents with their standing, and office staff.

use chrono::NaiveDate;
use rusqlite::{Connection, Row};

use crate::model::Feed;
use crate::store::error::StoreError;
use crate::store::identifier::quoted;
use crate::store::sqlite::layout::{columns_of, key_column};
use crate::store::sqlite::reader::Reader;
use crate::store::sqlite::snapshots;

/// Somebody on the roster, as of the newest snapshot or of an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterPerson<'r> {
    /// Agents or office staff.
    pub feed: Feed,
    /// The id in that feed.
    pub id: &'r str,
    /// Of an agent the value of the column that was asked for; the id if none was, and of office staff.
    pub account: Option<&'r str>,
    /// Whether the newest snapshot has the person.
    pub is_delivered: bool,
    /// Whether the person has not left; somebody of a feed without a status has not.
    pub is_active: bool,
    /// The name.
    pub name: Option<&'r str>,
    /// Name of the organisation.
    pub organ_name: Option<&'r str>,
    /// Name of the team.
    pub team_name: Option<&'r str>,
    /// Day of leaving.
    pub leave_date: Option<&'r str>,
}

/// What is read of people beside key and account: status, name, organisation, team, day of leaving. A feed, or a
/// schema, may lack any of them.
type Details = [Option<&'static str>; 5];

const AGENT_DETAILS: Details = [
    Some("agent_status"),
    Some("agent_name"),
    Some("working_organ_name"),
    Some("working_node_name"),
    Some("leave_company_date"),
];

const STAFF_DETAILS: Details =
    [Some("principal_status"), Some("principal_name"), Some("organ_name"), None, None];

impl Reader {
    /// Tells of everybody on the roster, one by one; returns the date of the newest snapshot, none before the first
    /// publication. `account_column` is a column of the agents.
    ///
    /// # Errors
    /// What `tell` fails with; any fault of the database.
    pub fn roster<E: From<StoreError>>(
        &self,
        account_column: Option<&str>,
        mut tell: impl FnMut(RosterPerson<'_>) -> Result<(), E>,
    ) -> Result<Option<NaiveDate>, E> {
        if self.is_blank()? {
            return Ok(None);
        }
        let conn = self.connection();
        // A publication meanwhile must not be seen by half.
        let view = conn.unchecked_transaction().map_err(|error| self.fault(error))?;
        let newest = snapshots::newest(&view, None).map_err(|error| self.fault(error))?;
        let Some(newest) = newest else { return Ok(None) };
        let read = |sql: &str,
                    tell: &mut dyn FnMut(&Row<'_>) -> Result<Result<(), E>, rusqlite::Error>|
         -> Result<(), E> {
            let mut statement = view.prepare(sql).map_err(|error| self.fault(error))?;
            let mut rows = statement.query([]).map_err(|error| self.fault(error))?;
            while let Some(row) = rows.next().map_err(|error| self.fault(error))? {
                tell(row).map_err(|error| self.fault(error))??;
            }
            Ok(())
        };
        for (feed, account, details) in
            [(Feed::Principal, None, STAFF_DETAILS), (Feed::Agent, account_column, AGENT_DETAILS)]
        {
            let statements = statements(&view, feed, account, details);
            let statements = statements.map_err(|error| self.fault(error))?;
            for (sql, is_delivered) in statements.into_iter().flatten().zip([true, false]) {
                read(&sql, &mut |row| {
                    let text = |at| text(row, at);
                    let Some(id) = text(0)? else { return Ok(Ok(())) };
                    let status: Option<i64> = row.get(2)?;
                    Ok(tell(RosterPerson {
                        feed,
                        id,
                        account: text(1)?,
                        is_delivered,
                        is_active: status.is_none_or(|status| status == 1),
                        name: text(3)?,
                        organ_name: text(4)?,
                        team_name: text(5)?,
                        leave_date: text(6)?,
                    }))
                })?;
            }
        }
        Ok(Some(newest.date))
    }
}

/// The statements that read a feed: those who are delivered, then those who are no longer; none where there is no such
/// table.
fn statements(
    conn: &Connection,
    feed: Feed,
    account_column: Option<&str>,
    details: Details,
) -> rusqlite::Result<Option<[String; 2]>> {
    let Some(key) = key_column(conn, feed)? else { return Ok(None) };
    let table = feed.name();
    let stored = columns_of(conn, table)?;
    let key = quoted(&key);
    let account = account_column.map_or_else(|| key.clone(), quoted);
    let details = details.map(|name| match name {
        Some(name) if stored.iter().any(|column| column == name) => quoted(name),
        _ => "null".to_owned(),
    });
    let [status, others @ ..] = details;
    let others = others.map(|column| format!("cast({column} as text)")).join(", ");
    let columns = format!(
        "cast({key} as text), cast({account} as text), cast({status} as integer), {others}"
    );
    let gone = format!(
        "select {columns} from {table}_history as h \
         where not exists (select 1 from {table} as a where a.{key} = h.{key}) \
         and h.valid_from = (select max(x.valid_from) from {table}_history as x where x.{key} = h.{key})"
    );
    Ok(Some([format!("select {columns} from {table}"), gone]))
}

fn text<'r>(row: &'r Row<'_>, at: usize) -> rusqlite::Result<Option<&'r str>> {
    Ok(row.get_ref(at)?.as_str_or_null()?)
}
