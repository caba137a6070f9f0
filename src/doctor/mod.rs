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
mod job_lines;
mod login;
mod machine;
mod neighbours;
mod public_url;
mod reconciliation;
mod referer;
pub mod render;
mod same_secrets;
mod schedule;
mod site;
mod source;
mod source_files;
mod source_look;
mod step;
mod subject;
mod surroundings;
mod visitor;
mod waiting;
mod who;

use std::path::Path;

use crate::config::job::{ConfigError, Job};
use crate::config::schema::Schema;
use crate::model::Message;

pub use checklist::Checklist;
pub use neighbours::{Neighbourhood, Neighbours};
pub use step::{Paste, Place, State, Step};
pub use subject::Subject;
pub use surroundings::Surroundings;
pub use who::Who;

use clock::NoClock;
use job_lines::JobLines;
use site::Asked;
use visitor::Visitor;

/// Looks at the machine alone.
pub fn machine(around: &Surroundings<'_>) -> Checklist {
    let steps = vec![
        machine::time_zone(around, None),
        clock::judge(&[], NoClock::NoneToAsk),
        machine::disk(around.data, None),
        machine::permissions(around.data, None),
    ];
    Checklist::new(None, steps)
}

/// A job file that cannot be read.
pub fn broken_job(path: &Path, error: &ConfigError) -> Checklist {
    Checklist::new(Some(path), vec![job_file::broken(error)])
}

/// Looks at a job, step by step, beside the job files of its folder.
///
/// # Errors
/// If the job's schema cannot be read.
pub fn job(
    job: &Job,
    neighbours: &Neighbours,
    around: &Surroundings<'_>,
) -> Result<Checklist, Message> {
    let schema = schema(job)?;
    let secrets = job_file::secrets(job, &schema);
    let looked = waiting::telling(around, &source_look::part(job, around), || {
        source_look::look(job, &schema, around)
    });
    let delivery = looked.as_ref().and_then(source_look::delivery_size);
    let (asked, me, certificate) = match Visitor::new(around.authorities, around.clock) {
        Ok(visitor) => waiting::telling(around, &site::part(job), || {
            let (asked, me) = (site::ask(job, &visitor), login::ask(job, &visitor));
            (asked, me, visitor.shown.get().cloned())
        }),
        Err(reason) => (Asked::not_asked(reason.clone()), Some(Err(reason)), None),
    };
    let enterprise = waiting::telling(around, &enterprise::part(), || enterprise::ask(job, around));
    let callbacks = waiting::telling(around, &callbacks::part(), || callbacks::look(job, around));
    let archive = waiting::telling(around, &archive::part(), || archive::look(job, around));
    let alerts = waiting::telling(around, &channels::part(), || channels::look(job, around));
    let clocks: Vec<_> = site::clock(&asked).into_iter().chain(enterprise.clock.clone()).collect();
    let no_clock = match job.wecom.public_url.is_none() && job.wecom.apps.is_empty() {
        true => NoClock::NoneToAsk,
        false if asked.is_answered() || enterprise.is_answered() => NoClock::NotTold,
        false => NoClock::NoAnswer,
    };
    let mut steps = vec![
        job_file::read(job, &schema, neighbours),
        machine::time_zone(around, Some(job)),
        clock::judge(&clocks, no_clock),
        machine::disk(around.data, delivery),
        machine::permissions(around.data, Some((&job.path, &secrets))),
        schedule::judge(job, around.now),
        alerts,
        login::judge(job, me.as_ref()),
        accounts::judge(job, &enterprise, neighbours.shared_app_id.as_ref()),
    ];
    steps.extend(applications::judge(job, &enterprise));
    steps.extend(callbacks);
    steps.push(reconciliation::look(job, around));
    steps.extend(source::judge(job, looked.as_ref(), around.now));
    steps.extend(archive::judge(job, archive.as_ref()));
    steps.extend(site::judge(job, &asked, certificate.as_ref(), around.now));
    steps.push(referer::judge(job, &asked));
    steps.extend(content::judge(job, &schema, looked.as_ref()));
    same_secrets::tell(job, &mut steps);
    let mut checklist = Checklist::new(Some(&job.path), steps);
    let mut lines = JobLines::of_file(&job.path);
    checklist.steps.iter_mut().for_each(|step| lines.place(step));
    Ok(Checklist { tenant: Some(job.tenant.clone()), insurer: job.name.clone(), ..checklist })
}

fn schema(job: &Job) -> Result<Schema, Message> {
    let schema = match &job.schema {
        Some(folder) => Schema::from_dir(folder),
        None => Schema::builtin(),
    };
    schema.map_err(|error| error.message())?.adapted(job).map_err(|error| error.message())
}
