//! What was published, approved and taken back, in order: what the journal of the archive must have.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, Row};
use serde_json::Value;

use crate::model::RunId;
use crate::store::later_tables::{APPROVAL, RETRACTION, table_or_none};

/// A recorded publication or retraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// What.
    pub what: StoredEventKind,
    /// The business date.
    pub date: NaiveDate,
    /// The run that published it.
    pub run: RunId,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredEventKind {
    /// A publication.
    Published,
    /// One by an approval.
    Approved {
        /// The run that had refused the same files.
        refused: RunId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// When; not known of what an earlier version noted.
        approved: Option<DateTime<Utc>>,
        /// The limits that were broken, as they are recorded; not known of what an earlier version noted.
        waived: Option<Value>,
    },
    /// A retraction.
    Retracted {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
}

/// All of them in order.
pub(super) fn read(conn: &Connection) -> rusqlite::Result<Vec<StoredEvent>> {
    let approval = table_or_none(conn, "approval", &APPROVAL)?;
    let retraction = table_or_none(conn, "retraction", &RETRACTION)?;
    let mut statement = conn.prepare(&format!(
        "select 0, run.business_date, run.id, finished, refused_run, approved_by, reason, approved, waived \
         from run left join {approval} as approval on approval.run = run.id where verdict = 'published' \
         union all \
         select 1, business_date, run, retracted, null, retracted_by, reason, null, null from {retraction} \
         order by 4, 1",
    ))?;
    statement.query_map([], event)?.collect()
}

fn event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    let text = |at| row.get::<_, Option<String>>(at).map(Option::unwrap_or_default);
    let wrong = |at, error: chrono::ParseError| {
        rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(error))
    };
    let what = match (row.get::<_, i64>(0)?, row.get::<_, Option<String>>(4)?) {
        (0, None) => StoredEventKind::Published,
        (0, Some(refused)) => StoredEventKind::Approved {
            refused: RunId(refused),
            by: text(5)?,
            reason: text(6)?,
            approved: Some(text(7)?.parse().map_err(|error| wrong(7, error))?),
            waived: serde_json::from_str(&text(8)?).ok(),
        },
        _ => StoredEventKind::Retracted { by: text(5)?, reason: text(6)? },
    };
    Ok(StoredEvent {
        what,
        date: row.get::<_, String>(1)?.parse().map_err(|error| wrong(1, error))?,
        run: RunId(row.get(2)?),
        at: row.get::<_, String>(3)?.parse().map_err(|error| wrong(3, error))?,
    })
}
