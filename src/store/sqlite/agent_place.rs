//! Who an agent is and where: one row of the newest snapshot.

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::model::Feed;
use crate::store::error::StoreError;
use crate::store::identifier::quoted;
use crate::store::sqlite::account_index::AccountIndex;
use crate::store::sqlite::layout::{columns_of, key_column};
use crate::store::sqlite::reader::Reader;
use crate::store::sqlite::snapshots;
use crate::store::sqlite::views::AGENT_NOW;

/// How an account tells whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountOwner<'a> {
    /// The column of the agents that holds it; their key if there is none.
    pub column: Option<&'a str>,
    /// What the column holds.
    pub value: &'a str,
    /// Whether it may be in other letter case, if no agent has it exactly.
    pub ignores_case: bool,
}

/// An agent of the newest snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentPlace {
    /// Its key.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Whether it has not left.
    pub is_active: bool,
    /// Its team.
    pub team: Option<NamedPlace>,
    /// Its organisation.
    pub organ: Option<NamedPlace>,
}

/// A team or an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPlace {
    /// Its key.
    pub id: String,
    /// Its name, as the agent's row has it.
    pub name: Option<String>,
    /// The names from the top down to it, a slash between; none below the levels that the database names.
    pub path_name: Option<String>,
}

/// Columns of the wide row that are read, with the contract's names. A job's own schema may lack some.
const COLUMNS: [&str; 8] = [
    "agent_name",
    "agent_status",
    "working_node_id",
    "working_node_name",
    "team_path_name",
    "working_organ_id",
    "working_organ_name",
    "organ_path_name",
];

/// The status of an agent who has not left.
const ACTIVE: i64 = 1;

impl Reader {
    /// The agent of an account in the newest snapshot, and the date of that. There is none if several would do.
    /// `accounts` is made anew where it is not of that snapshot.
    ///
    /// # Errors
    /// [`StoreError::NothingPublished`]; any fault of the database.
    pub fn agent_place(
        &self,
        owner: AccountOwner<'_>,
        accounts: &AccountIndex,
    ) -> Result<(NaiveDate, Option<AgentPlace>), StoreError> {
        let nothing = || StoreError::NothingPublished { path: self.path().to_path_buf() };
        if self.is_blank()? {
            return Err(nothing());
        }
        self.require_newest_format()?;
        let read = || -> rusqlite::Result<Option<(NaiveDate, Option<AgentPlace>)>> {
            // One transaction, so that the date is that of the row.
            let conn = self.connection().unchecked_transaction()?;
            let Some(newest) = snapshots::newest(&conn, None)? else { return Ok(None) };
            let Some(key) = key_column(&conn, Feed::Agent)? else { return Ok(None) };
            let agent = match id_of(&conn, &key, owner, accounts)? {
                Some(id) => agent(&conn, &key, &id)?,
                None => None,
            };
            Ok(Some((newest.date, agent)))
        };
        read().map_err(|error| self.fault(error))?.ok_or_else(nothing)
    }
}

/// The key of the one agent that has the account.
fn id_of(
    conn: &Connection,
    key: &str,
    owner: AccountOwner<'_>,
    accounts: &AccountIndex,
) -> rusqlite::Result<Option<String>> {
    let AccountOwner { column, value, ignores_case } = owner;
    if value.is_empty() {
        // An agent who has no account.
        return Ok(None);
    }
    // Most accounts are the agents' keys as they are, for which nothing has to be made.
    if column.is_none() {
        let sql = format!("select 1 from agent where {} = ?1", quoted(key));
        if conn.prepare(&sql)?.exists([value])? {
            return Ok(Some(value.to_owned()));
        }
        if !ignores_case {
            return Ok(None);
        }
    }
    let mut owners = accounts.owners(conn, key, column.unwrap_or(key), value)?;
    let exact: Vec<String> =
        owners.iter().filter(|(_, is_exact)| *is_exact).map(|(id, _)| id.clone()).collect();
    match (exact.as_slice(), owners.len()) {
        ([id], _) => Ok(Some(id.clone())),
        ([], 1) if ignores_case => Ok(owners.pop().map(|(id, _)| id)),
        _ => Ok(None),
    }
}

fn agent(conn: &Connection, key: &str, id: &str) -> rusqlite::Result<Option<AgentPlace>> {
    let stored = columns_of(conn, AGENT_NOW)?;
    let has_status = stored.iter().any(|column| column == "agent_status");
    let columns = COLUMNS.map(|column| match stored.iter().any(|known| known == column) {
        true => quoted(column),
        false => "null".to_owned(),
    });
    let key = quoted(key);
    let sql = format!("select {key}, {} from {AGENT_NOW} where {key} = ?1", columns.join(", "));
    let read = |row: &Row<'_>| {
        let status: Option<i64> = row.get(2)?;
        Ok(AgentPlace {
            id: row.get(0)?,
            name: row.get(1)?,
            // A feed without a status has active agents only.
            is_active: !has_status || status == Some(ACTIVE),
            team: place(row, 3)?,
            organ: place(row, 6)?,
        })
    };
    conn.query_row(&sql, [id], read).optional()
}

/// The place whose key, name and path begin at a column.
fn place(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<NamedPlace>> {
    let Some(id) = row.get::<_, Option<String>>(at)? else { return Ok(None) };
    Ok(Some(NamedPlace { id, name: row.get(at + 1)?, path_name: row.get(at + 2)? }))
}
