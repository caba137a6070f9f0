//! What the scheduler reports of a run: a log entry, and an event for the alerts.

use chrono::{DateTime, NaiveDate, Utc};

use crate::alert::{Cause, EventKind, RunEvent};
use crate::config::job::Job;
use crate::model::{Message, RunReport};

use super::log_entry::{self, LogEntry, Severity};
use super::observer::Observer;
use super::plan::{MissingPrecondition, NextStep, Phase, RunOutcome, ScheduleState, ScheduledRun};

pub(super) fn event(job: &Job, date: NaiveDate, what: EventKind) -> RunEvent {
    RunEvent { tenant: job.tenant.clone(), insurer: job.name.clone(), business_date: date, what }
}

/// Reports a run that came to a verdict.
pub(super) fn verdict(observer: &dyn Observer, job: &Job, report: &RunReport, now: DateTime<Utc>) {
    if let Some(event) = RunEvent::of_report(report) {
        on_event(observer, job, &event, report.is_log_pending, now);
    }
}

/// Reports the event of a verdict.
pub(super) fn on_event(
    observer: &dyn Observer,
    job: &Job,
    event: &RunEvent,
    is_log_pending: bool,
    now: DateTime<Utc>,
) {
    let (tenant, date) = (&job.tenant, event.business_date);
    match &event.what {
        EventKind::Published(facts) => {
            let (run, rows) = (&facts.run, facts.rows);
            observer.log(&LogEntry::published(tenant, date, run, rows, is_log_pending));
        }
        EventKind::Refused(facts) => {
            let reasons: Vec<Message> = facts.reasons.iter().map(|r| r.message.clone()).collect();
            let report = facts.report.as_ref();
            observer.log(&LogEntry::refused(tenant, date, &facts.run, &reasons, report));
        }
        EventKind::Failed { .. }
        | EventKind::Late { .. }
        | EventKind::JobFileBroken { .. }
        | EventKind::JobFileRead
        | EventKind::MembersUnchecked { .. }
        | EventKind::MembersChecked
        | EventKind::MembersDiffer { .. }
        | EventKind::ArchiveFailing { .. }
        | EventKind::ArchivePulled
        | EventKind::ArchiveUndecrypted { .. }
        | EventKind::ArchiveDecrypted
        | EventKind::ArchiveGap { .. } => {}
    }
    observer.on_event(job, event, now);
}

/// Reports what follows for a scheduled run after an attempt.
pub(super) fn next_step(
    observer: &dyn Observer,
    job: &Job,
    (after, outcome): (NextStep, &RunOutcome),
    state: &ScheduleState,
    now: DateTime<Utc>,
) {
    match (after, outcome) {
        (NextStep::RetryAt(at), RunOutcome::Without { missing, message, .. }) => {
            observer.log(&LogEntry::retry(job, *missing, message, at));
        }
        (NextStep::RetryAt(at), RunOutcome::Refused) => {
            observer.log(&LogEntry::waits_for_corrected_delivery(job, at));
        }
        (NextStep::GivenUp, _) => {
            if let Some(scheduled_run) = &state.scheduled_run {
                gave_up(observer, job, scheduled_run, now);
            }
        }
        (NextStep::Done | NextStep::RetryAt(_), _) => {}
    }
}

/// Reports a scheduled run that was given up.
pub(super) fn gave_up(
    observer: &dyn Observer,
    job: &Job,
    scheduled_run: &ScheduledRun,
    now: DateTime<Utc>,
) {
    let message = scheduled_run
        .message
        .clone()
        .unwrap_or_else(|| log_entry::never_attempted(job, scheduled_run.date));
    let late = scheduled_run.phase == Phase::Late;
    observer.log(&LogEntry::gave_up(&job.tenant, scheduled_run.date, late, &message));
    let what = match late {
        true => EventKind::Late {
            since: scheduled_run.scheduled,
            until: Some(scheduled_run.until),
            message,
        },
        false => {
            let cause = match scheduled_run.missing {
                Some(MissingPrecondition::Source | MissingPrecondition::Files) => Cause::Source,
                Some(MissingPrecondition::Setup | MissingPrecondition::Lock) | None => Cause::Setup,
                Some(MissingPrecondition::Machine) => Cause::Internal,
            };
            EventKind::Failed { cause, message, run: scheduled_run.run.clone() }
        }
    };
    observer.on_event(job, &event(job, scheduled_run.date, what), now);
}

/// Reports a scheduled time that was missed for good.
pub(super) fn missed(
    observer: &dyn Observer,
    job: &Job,
    date: NaiveDate,
    message: Message,
    now: DateTime<Utc>,
) {
    observer.log(&LogEntry::reports(Severity::Error, Some(&job.tenant), message.clone()));
    let what = EventKind::Failed { cause: Cause::Setup, message, run: None };
    observer.on_event(job, &event(job, date, what), now);
}
