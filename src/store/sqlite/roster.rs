//! Who works for the insurer as of the newest snapshot: agents with their standing, and office staff.

use chrono::NaiveDate;
use rusqlite::{Connection, Row};

use crate::model::Feed;
use crate::store::error::StoreError;
use crate::store::identifier::quoted;
use crate::store::sqlite::layout::{columns_of, key_column};
use crate::store::sqlite::reader::Reader;
use crate::store::sqlite::snapshots;

/// Somebody on the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RosterPerson<'r> {
    /// An agent.
    Agent(RosterAgent<'r>),
    /// Somebody of the office staff, by id.
    Staff(&'r str),
}

/// An agent of the newest snapshot, or of an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterAgent<'r> {
    /// The agent's id.
    pub id: &'r str,
    /// The value of the column that was asked for; the id if none was.
    pub account: Option<&'r str>,
    /// Whether the newest snapshot has the agent.
    pub is_delivered: bool,
    /// Whether the agent has not left; an agent of a job without a status has not.
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

/// What is read of an agent beside key and account; a schema may lack any of them.
const DETAILS: [&str; 5] =
    ["agent_status", "agent_name", "working_organ_name", "working_node_name", "leave_company_date"];

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
        let read = |sql: Option<String>,
                    tell: &mut dyn FnMut(&Row<'_>) -> Result<Result<(), E>, rusqlite::Error>|
         -> Result<(), E> {
            let Some(sql) = sql else { return Ok(()) };
            let mut statement = view.prepare(&sql).map_err(|error| self.fault(error))?;
            let mut rows = statement.query([]).map_err(|error| self.fault(error))?;
            while let Some(row) = rows.next().map_err(|error| self.fault(error))? {
                tell(row).map_err(|error| self.fault(error))??;
            }
            Ok(())
        };
        let statements =
            Statements::new(&view, account_column).map_err(|error| self.fault(error))?;
        read(statements.staff, &mut |row| {
            Ok(text(row, 0)?.map_or(Ok(()), |id| tell(RosterPerson::Staff(id))))
        })?;
        for (sql, is_delivered) in [(statements.delivered, true), (statements.gone, false)] {
            read(sql, &mut |row| {
                let text = |at| text(row, at);
                let Some(id) = text(0)? else { return Ok(Ok(())) };
                let status: Option<i64> = row.get(2)?;
                Ok(tell(RosterPerson::Agent(RosterAgent {
                    id,
                    account: text(1)?,
                    is_delivered,
                    is_active: status.is_none_or(|status| status == 1),
                    name: text(3)?,
                    organ_name: text(4)?,
                    team_name: text(5)?,
                    leave_date: text(6)?,
                })))
            })?;
        }
        Ok(Some(newest.date))
    }
}

/// The statements that read the roster; none where there is no such table.
struct Statements {
    staff: Option<String>,
    delivered: Option<String>,
    gone: Option<String>,
}

impl Statements {
    fn new(conn: &Connection, account_column: Option<&str>) -> rusqlite::Result<Statements> {
        let staff = key_column(conn, Feed::Principal)?
            .map(|key| format!("select cast({} as text) from principal", quoted(&key)));
        let Some(key) = key_column(conn, Feed::Agent)? else {
            return Ok(Statements { staff, delivered: None, gone: None });
        };
        let stored = columns_of(conn, "agent")?;
        let key = quoted(&key);
        let account = account_column.map_or_else(|| key.clone(), quoted);
        let details = DETAILS.map(|name| match stored.iter().any(|column| column == name) {
            true => quoted(name),
            false => "null".to_owned(),
        });
        let [status, others @ ..] = details;
        let others = others.map(|column| format!("cast({column} as text)")).join(", ");
        let columns = format!(
            "cast({key} as text), cast({account} as text), cast({status} as integer), {others}"
        );
        let gone = format!(
            "select {columns} from agent_history as h \
             where not exists (select 1 from agent as a where a.{key} = h.{key}) \
             and h.valid_from = (select max(x.valid_from) from agent_history as x where x.{key} = h.{key})"
        );
        Ok(Statements {
            staff,
            delivered: Some(format!("select {columns} from agent")),
            gone: Some(gone),
        })
    }
}

fn text<'r>(row: &'r Row<'_>, at: usize) -> rusqlite::Result<Option<&'r str>> {
    Ok(row.get_ref(at)?.as_str_or_null()?)
}
