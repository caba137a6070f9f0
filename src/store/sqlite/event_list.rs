//! What was published, approved and taken back, in order: what the journal of the archive must have.

use rusqlite::types::Type;
use rusqlite::{Connection, Row};

use crate::model::RunId;
use crate::store::sqlite::later_tables::{APPROVAL, RETRACTION, table_or_none};
use crate::store::stored_event::{StoredEvent, StoredEventKind};

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
