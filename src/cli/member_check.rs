//! A check of WeCom's members, as the command line and `serve` do it: done, and told in alerts.

use chrono::{DateTime, Utc};
use orgsnap::alert::{EventKind, RunEvent};
use orgsnap::config::job::Job;
use orgsnap::model::{Cancel, Message};
use orgsnap::pipeline;
use orgsnap::wecom::api::{self, ApiError, Client, Fault};
use orgsnap::wecom::roster::{
    DifferenceKind, Reconciled, Reconciliation, RosterError, RosterStore, Unalerted,
};
use orgsnap::wecom::store::WecomStoreError;
use std::path::Path;

use super::exit::Exit;
use super::failure::Failure;

/// What a check is done with.
pub(super) struct MemberCheck<'c> {
    /// The job.
    pub job: &'c Job,
    /// The data folder.
    pub data: &'c Path,
    /// The time.
    pub now: DateTime<Utc>,
    /// Whether a list that is smaller than before is taken for true.
    pub accept_smaller: bool,
    /// Ends it.
    pub cancel: &'c Cancel,
}

impl MemberCheck<'_> {
    /// Checks, and reports what there is to alert of. `report` returns whether somebody is alerted.
    ///
    /// # Errors
    /// Why it could not be done; that was reported, too, unless it was cancelled.
    pub(super) fn run(&self, report: &dyn Fn(&RunEvent) -> bool) -> Result<Reconciled, Failure> {
        let job = self.job;
        let event = |what| RunEvent::of_job(job, job.business_date(self.now), what);
        let outcome = self.check();
        match &outcome {
            Ok(_) => {
                report(&event(EventKind::MembersChecked));
                if let Err(error) = self.report_new(&|what| report(&event(what))) {
                    tracing::warn!(tenant = %job.tenant, "{error}");
                }
            }
            Err(CheckError::Failed(failure)) => {
                let message = failure.message.clone();
                report(&event(EventKind::MembersUnchecked { message }));
            }
            Err(CheckError::Cancelled(_)) => {}
        }
        outcome.map_err(|error| match error {
            CheckError::Failed(failure) | CheckError::Cancelled(failure) => failure,
        })
    }

    fn check(&self) -> Result<Reconciled, CheckError> {
        let schema = pipeline::schema_of(Some(self.job))
            .map_err(|error| CheckError::Failed(error.into()))?;
        let tenant_dir = self.data.join(&self.job.tenant);
        let client = Client::of(&self.job.wecom).map_err(RosterError::from)?;
        let reconciliation = Reconciliation {
            job: self.job,
            schema: &schema,
            tenant_dir: &tenant_dir,
            now: self.now,
            accept_smaller: self.accept_smaller,
        };
        Ok(api::block_on(self.cancel, reconciliation.run(&client))?)
    }

    /// Reports differences of which nobody was alerted yet. Without a channel for them, or with a ledger that cannot be
    /// written, they stay so until a later check that still finds them.
    fn report_new(&self, report: &dyn Fn(EventKind) -> bool) -> Result<(), WecomStoreError> {
        let store = RosterStore::open(&self.data.join(&self.job.tenant))?;
        if let Some(unalerted) = store.unalerted()?
            && report(EventKind::MembersDiffer { differences: lines(&unalerted) })
        {
            store.mark_alerted(&unalerted)?;
        }
        Ok(())
    }
}

/// A line a kind: how many are new, and some of them by id.
fn lines(unalerted: &Unalerted) -> Vec<Message> {
    let line = |(kind, count, ids): &(DifferenceKind, u64, Vec<String>)| {
        let Message { zh, en } = kind.title();
        let more = *count > ids.len() as u64;
        let (zh_ids, en_ids) = (ids.join("、"), ids.join(", "));
        let (zh_more, en_more) = if more { (" 等", " and others") } else { ("", "") };
        Message::new(
            format!("{zh}：新增 {count} 条（{zh_ids}{zh_more}）"),
            format!("{en}: {count} new ({en_ids}{en_more})"),
        )
    };
    unalerted.kinds.iter().map(line).collect()
}

/// Why a check was not done.
enum CheckError {
    Failed(Failure),
    /// The program ends; the next one does it.
    Cancelled(Failure),
}

impl From<RosterError> for CheckError {
    fn from(error: RosterError) -> CheckError {
        let cancelled =
            matches!(&error, RosterError::Api(ApiError { fault: Fault::Cancelled, .. }));
        let failure = Failure::from(error);
        if cancelled { CheckError::Cancelled(failure) } else { CheckError::Failed(failure) }
    }
}

impl From<RosterError> for Failure {
    fn from(error: RosterError) -> Failure {
        match error {
            RosterError::Config(error) => error.into(),
            RosterError::Store(error) => error.into(),
            RosterError::Wecom(error) => error.into(),
            RosterError::Narrowed(_) => Failure { exit: Exit::Refused, message: error.message() },
            RosterError::TimedOut(_) => {
                Failure { exit: Exit::Unavailable, message: error.message() }
            }
            RosterError::Api(ref fault) if fault.fault.passes() => {
                Failure { exit: Exit::Unavailable, message: error.message() }
            }
            RosterError::Api(_)
            | RosterError::NoApplication { .. }
            | RosterError::UnknownField { .. }
            | RosterError::NoSnapshot { .. }
            | RosterError::TooMany { .. } => Failure::usage(error.message()),
        }
    }
}
