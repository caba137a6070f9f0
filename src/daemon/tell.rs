//! What the scheduler tells of a run: a line for the log, and a happening for the people.

use chrono::{DateTime, NaiveDate, Utc};

use crate::alert::{Cause, Happening, What};
use crate::config::job::Job;
use crate::model::{Message, RunReport};

use super::notes::{self, Note, Tone};
use super::observer::Observer;
use super::plan::{Errand, Lack, Phase};

pub(super) fn happening(job: &Job, date: NaiveDate, what: What) -> Happening {
    Happening { tenant: job.tenant.clone(), insurer: job.name.clone(), business_date: date, what }
}

/// Tells of a run that came to a verdict.
pub(super) fn verdict(observer: &dyn Observer, job: &Job, report: &RunReport, now: DateTime<Utc>) {
    if let Some(happening) = Happening::of_report(report) {
        happened(observer, job, &happening, now);
    }
}

/// Tells of a happening that a verdict is.
pub(super) fn happened(
    observer: &dyn Observer,
    job: &Job,
    happening: &Happening,
    now: DateTime<Utc>,
) {
    let (tenant, date) = (&job.tenant, happening.business_date);
    match &happening.what {
        What::Published(facts) => {
            observer.note(&Note::published(tenant, date, &facts.run, facts.rows));
        }
        What::Refused(facts) => {
            let reasons: Vec<Message> = facts.reasons.iter().map(|r| r.message.clone()).collect();
            let report = facts.report.as_ref();
            observer.note(&Note::refused(tenant, date, &facts.run, &reasons, report));
        }
        What::Failed { .. }
        | What::Late { .. }
        | What::JobFileBroken { .. }
        | What::JobFileRead => {}
    }
    observer.happened(job, happening, now);
}

/// Tells of an errand that was given up.
pub(super) fn gave_up(observer: &dyn Observer, job: &Job, errand: &Errand, now: DateTime<Utc>) {
    let message =
        errand.message.clone().unwrap_or_else(|| notes::never_came_to_it(job, errand.date));
    let late = errand.phase == Phase::Late;
    observer.note(&Note::gave_up(&job.tenant, errand.date, late, &message));
    let what = match late {
        true => What::Late { since: errand.scheduled, until: Some(errand.until), message },
        false => {
            let cause = match errand.lack {
                Some(Lack::Source | Lack::Files) => Cause::Source,
                Some(Lack::Setup | Lack::Lock) | None => Cause::Setup,
                Some(Lack::Machine) => Cause::Internal,
            };
            What::Failed { cause, message, run: errand.run.clone() }
        }
    };
    observer.happened(job, &happening(job, errand.date, what), now);
}

/// Tells of a scheduled time that was missed for good.
pub(super) fn missed(
    observer: &dyn Observer,
    job: &Job,
    date: NaiveDate,
    message: Message,
    now: DateTime<Utc>,
) {
    observer.note(&Note::told(Tone::Error, Some(&job.tenant), message.clone()));
    let what = What::Failed { cause: Cause::Setup, message, run: None };
    observer.happened(job, &happening(job, date, what), now);
}
