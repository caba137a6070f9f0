//! A pull of the session archive, as the command line and `serve` do it: done, and told in alerts.

use chrono::{DateTime, Utc};
use orgsnap::alert::{EventKind, RunEvent};
use orgsnap::config::job::Job;
use orgsnap::model::Cancel;
use orgsnap::wecom::archive::{
    self, ArchiveError, PullRequest, PullSummary, UndecryptedGroup, UndecryptedWhy,
};

use super::environment::Environment;

/// What is pulled.
pub(super) struct ArchivePull<'p> {
    /// Where the reader is, and the data.
    pub environment: &'p Environment,
    /// The job.
    pub job: &'p Job,
    /// The time.
    pub now: DateTime<Utc>,
}

impl ArchivePull<'_> {
    /// Pulls, and reports what there is to alert of.
    ///
    /// # Errors
    /// Why the pull ended early; that was reported, too.
    pub(super) fn run(&self, report: &dyn Fn(&RunEvent)) -> Result<PullSummary, ArchiveError> {
        let ArchivePull { environment, job, now } = *self;
        let (reader, variables) = (environment.archive_reader(), environment.archive_variables());
        let pulled = archive::pull(PullRequest {
            job,
            tenant_dir: &environment.data.join(&job.tenant),
            reader: &reader,
            environment: &variables,
            now,
            cancel: &Cancel::new(),
        });
        for what in events(&pulled) {
            report(&RunEvent::of_job(job, job.business_date(now), what));
        }
        pulled
    }
}

/// What a pull means for alerts. That another pull is active, that it was asked to end, or that the job has no archive
/// means nothing.
fn events(pulled: &Result<PullSummary, ArchiveError>) -> Vec<EventKind> {
    let summary = match pulled {
        Ok(summary) => summary,
        Err(ArchiveError::Lock(_) | ArchiveError::Stopped | ArchiveError::NotConfigured { .. }) => {
            return Vec::new();
        }
        Err(error) => {
            let message = error.message();
            let condition = format!("failed {}", message.en);
            return vec![EventKind::ArchiveFailing { condition, message }];
        }
    };
    let gap = summary.gap.as_ref().map(|gap| EventKind::ArchiveGap { message: gap.message() });
    gap.into_iter().chain([keys(summary), library(summary)]).collect()
}

/// Whether all keys are there.
fn keys(summary: &PullSummary) -> EventKind {
    if let Some(message) = summary.no_keys.clone() {
        return EventKind::ArchiveFailing { condition: "no keys".to_owned(), message };
    }
    let groups = summary.undecrypted.iter().filter(|group| group.why.lacks_key());
    let groups: Vec<&UndecryptedGroup> = groups.collect();
    match groups.first() {
        None => EventKind::ArchivePulled,
        Some(first) => {
            let named = groups.iter().map(|group| (group.why.name(), group.key_version));
            let condition = format!("keys {:?}", named.collect::<Vec<_>>());
            EventKind::ArchiveFailing { condition, message: first.message() }
        }
    }
}

/// Whether the library decrypted everything whose key is there. What lacks a field is no matter of the library's.
fn library(summary: &PullSummary) -> EventKind {
    let of_library = |why: &UndecryptedWhy| {
        matches!(why, UndecryptedWhy::Code(_) | UndecryptedWhy::Empty | UndecryptedWhy::Reader)
    };
    match summary.undecrypted.iter().find(|group| of_library(&group.why)) {
        Some(group) => EventKind::ArchiveUndecrypted { message: group.message() },
        None => EventKind::ArchiveDecrypted,
    }
}
