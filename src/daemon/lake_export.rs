//! What follows a publication where the job has a lake: its export. No fault of it is one of the run.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::config::job::Job;
use crate::model::Message;

/// Exports the snapshots of a job to its lake, if it has one. Returns what went wrong, in words for whoever runs orgsnap;
/// the next export makes up for it.
pub fn export_to_lake(job: &Job, data: &Path, now: DateTime<Utc>) -> Option<Message> {
    let lake = job.lake.as_ref()?;
    let Message { zh, en } = export(job, lake, data, now)?;
    Some(Message::new(
        format!("快照已发布，但未能导出到数据湖：{zh}"),
        format!("the snapshot is published, but was not exported to the lake: {en}"),
    ))
}

#[cfg(feature = "lake")]
fn export(
    job: &Job,
    lake: &crate::config::job::LakeSettings,
    data: &Path,
    now: DateTime<Utc>,
) -> Option<Message> {
    use crate::lake::{Lake, Tenant, export};
    use crate::pipeline::schema_of;
    use crate::store::DATABASE;

    if job.store.is_some() {
        return Some(Message::fixed(
            "快照存放在数据库服务器中的租户还不能导出到数据湖；请删除 [lake]",
            "snapshots that are on a database server cannot be exported to a lake yet; take [lake] out",
        ));
    }
    let schema = match schema_of(Some(job)) {
        Ok(schema) => schema,
        Err(error) => return Some(error.message()),
    };
    let database = data.join(&job.tenant).join(DATABASE);
    let tenant = Tenant { id: &job.tenant, database: &database, schema: &schema };
    let exported =
        Lake::of_job(lake, &data.join(&job.tenant)).and_then(|lake| export(&lake, tenant, now));
    match exported {
        Ok(outcome) => {
            let dates = outcome.dates.len();
            tracing::info!(tenant = %job.tenant, dates, "exported to the lake");
            None
        }
        Err(error) => Some(error.message()),
    }
}

#[cfg(not(feature = "lake"))]
fn export(
    _: &Job,
    _: &crate::config::job::LakeSettings,
    _: &Path,
    _: DateTime<Utc>,
) -> Option<Message> {
    Some(Message::fixed(
        "此版本的 orgsnap 不含 lake 功能；请使用以 --features lake 构建的版本，或删除 [lake]",
        "this orgsnap was built without lake; use one built with --features lake, or take [lake] out",
    ))
}
