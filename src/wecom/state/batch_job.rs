//! `batch_job`: the results of batch jobs, `batch_job_result`.

use std::borrow::Cow;

use rusqlite::Connection;

use super::Step;
use super::row::{self, Field, Lifecycle, Table};
use super::state_descriptor::State;

const TABLE: Table = Table { name: "batch_job", key: &["job_id"], has_lifecycle: false };

/// How events change a batch job.
pub(super) static STATE: State = State { table: &TABLE, links: &[], fold };

const FIELDS: [(&str, &str); 3] =
    [("job_type", "JobType"), ("err_code", "ErrCode"), ("err_msg", "ErrMsg")];

fn fold(conn: &Connection, step: Step<'_>) -> rusqlite::Result<()> {
    let Some(object) = &step.event.object else { return Ok(()) };
    let fields = &step.event.fields;
    // The fields stand within `BatchJob`; a flat form is taken as well.
    let job = fields.get("BatchJob").filter(|job| !job.children.is_empty()).unwrap_or(fields);
    let mut columns: Vec<Field<'_>> = FIELDS
        .iter()
        .map(|(column, name)| (*column, job.text_of(name).map(Cow::Borrowed)))
        .collect();
    columns.push(("finished_at", Some(Cow::Borrowed(step.at))));
    row::write(conn, &TABLE, &[&object.id], &columns, Lifecycle::Updated, &step)
}
