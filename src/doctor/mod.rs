//! `orgsnap doctor`: the onboarding document as a checklist, walked in its order.
//!
//! A step is data ([`Step`]); [`render`] makes text, JSON, a page or Markdown of it. Each file here has one subject: what is
//! asked, and a pure judgement of the answer. Nothing is changed anywhere: the data folder is only looked at, servers are
//! asked with `GET`, `SIZE` and the beginnings of files. The one exception is a test alert, and only when it is asked for.

mod accounts;
mod applications;
mod archive;
mod callbacks;
mod certificate;
mod channels;
mod checklist;
mod clock;
mod content;
mod enterprise;
mod job_file;
mod login;
mod machine;
pub mod render;
mod schedule;
mod site;
mod source;
mod step;
mod subject;
mod surroundings;
mod visitor;
mod who;

use std::path::Path;

use crate::config::job::{ConfigError, Job};
use crate::config::schema::Schema;
use crate::model::Message;

pub use checklist::Checklist;
pub use step::{Paste, State, Step};
pub use subject::Subject;
pub use surroundings::Surroundings;
pub use who::Who;

use site::Asked;
use visitor::Visitor;

/// Looks at the machine alone.
pub fn machine(around: &Surroundings<'_>) -> Checklist {
    let steps = vec![
        machine::time_zone(around, None),
        clock::judge(&[]),
        machine::disk(around.data, None),
        machine::permissions(around.data, None),
    ];
    Checklist::new(None, steps)
}

/// A job file that cannot be read.
pub fn broken_job(path: &Path, error: &ConfigError) -> Checklist {
    Checklist::new(Some(path), vec![job_file::broken(error)])
}

/// Looks at a job, step by step. `shared` says that another tenant has an AppID of its accounts.
///
/// # Errors
/// If the job's schema cannot be read.
pub fn job(
    job: &Job,
    shared: Option<&Message>,
    around: &Surroundings<'_>,
) -> Result<Checklist, Message> {
    let schema = schema(job)?;
    let secrets = job_file::secrets(job, &schema);
    let looked = source::look(job, &schema, around);
    let delivery = looked.as_ref().and_then(source::delivery_size);
    let (asked, me, certificate) = match Visitor::new(around.authorities, around.clock) {
        Ok(visitor) => {
            let (asked, me) = (site::ask(job, &visitor), login::ask(job, &visitor));
            (asked, me, visitor.shown.get().cloned())
        }
        Err(reason) => (Asked::not_asked(reason.clone()), Some(Err(reason)), None),
    };
    let enterprise = enterprise::ask(job, around);
    let clocks: Vec<_> = site::clock(&asked).into_iter().chain(enterprise.clock.clone()).collect();
    let mut steps = vec![
        job_file::read(job, &schema),
        machine::time_zone(around, Some(job)),
        clock::judge(&clocks),
        machine::disk(around.data, delivery),
        machine::permissions(around.data, Some((&job.path, &secrets))),
        schedule::judge(job, around.now),
        channels::look(job, around),
        login::judge(job, me.as_ref()),
        accounts::judge(job, &enterprise, shared),
    ];
    steps.extend(applications::judge(job, &enterprise));
    steps.extend(callbacks::look(job, around));
    steps.extend(source::judge(job, looked.as_ref(), around.now));
    steps.extend(archive::judge(job, archive::look(job, around).as_ref()));
    steps.extend(site::judge(job, &asked, certificate.as_ref(), around.now));
    steps.extend(content::judge(job, &schema, looked.as_ref()));
    let checklist = Checklist::new(Some(&job.path), steps);
    Ok(Checklist { tenant: Some(job.tenant.clone()), insurer: job.name.clone(), ..checklist })
}

fn schema(job: &Job) -> Result<Schema, Message> {
    let schema = match &job.schema {
        Some(folder) => Schema::from_dir(folder),
        None => Schema::builtin(),
    };
    schema.map_err(|error| error.message())?.adapted(job).map_err(|error| error.message())
}
