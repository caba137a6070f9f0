//! One look at the source of a job, which several steps are judged by.

use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};

use crate::config::job::Job;
use crate::config::schema::Schema;
use crate::fetch::{self, Request, SourceLook, Stage};
use crate::model::Message;

use super::step::Step;
use super::subject::Subject;
use super::surroundings::Surroundings;

/// How long a whole look may take, of one date or two: it is nine steps, and four of them log in again to a server that
/// may take ten seconds for it. Nobody waits for a doctor as long as for a delivery.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one answer may take. Some servers take ten seconds for a login.
const ANSWER: Duration = Duration::from_secs(20);

/// The stages, each with the step that it is.
pub(super) const STAGES: [(Stage, Subject); 6] = [
    (Stage::Name, Subject::SourceName),
    (Stage::Port, Subject::SourcePort),
    (Stage::Security, Subject::SourceSecurity),
    (Stage::Login, Subject::SourceLogin),
    (Stage::Folder, Subject::SourceFolder),
    (Stage::Files, Subject::SourceFiles),
];

/// What was seen of the source of a job, and on which date's delivery.
pub(super) struct Looked {
    /// The business date.
    pub(super) date: NaiveDate,
    /// What was seen.
    pub(super) look: SourceLook,
}

/// What is waited for when the source is looked at.
pub(super) fn part(job: &Job, around: &Surroundings<'_>) -> Message {
    let place = job.source.as_ref().map(|source| source.describe(job.business_date(around.now)));
    let place = place.unwrap_or_default();
    Message::new(
        format!("五、附 文件服务器 {place}"),
        format!("五 and 附 (the file server {place})"),
    )
}

/// Looks at the delivery of today or, where a date is part of the path or the names and nothing is there yet, of yesterday.
pub(super) fn look(job: &Job, schema: &Schema, around: &Surroundings<'_>) -> Option<Looked> {
    let mut source = job.source.clone()?;
    let fetching = source.fetching_mut();
    let allowed = fetching.deadline.min(PATIENCE);
    fetching.timeout = fetching.timeout.min(ANSWER);
    let (begun, today) = (Instant::now(), job.business_date(around.now));
    let on = |date| {
        let mut source = source.clone();
        // Whole seconds, as they are told.
        let left = allowed.saturating_sub(Duration::from_secs(begun.elapsed().as_secs()));
        source.fetching_mut().deadline = left;
        let look = fetch::look(&Request {
            source: &source,
            schema,
            date,
            max_file_size: job.max_file_size,
            workdir: around.data,
            cancel: around.cancel,
            caller_polls: true,
            earlier: &[],
        });
        Looked { date, look }
    };
    let looked = on(today);
    let nothing = match (&looked.look.failed, &looked.look.files) {
        (Some((stage, _)), _) => *stage == Stage::Folder,
        (None, Some(files)) => files.iter().all(|file| file.seen.is_none()),
        (None, None) => true,
    };
    if !(nothing && source.is_dated()) {
        return Some(looked);
    }
    let yesterday = on(today - Days::new(1));
    let found =
        yesterday.look.files.as_ref().is_some_and(|files| files.iter().any(|f| f.seen.is_some()));
    Some(if found { yesterday } else { looked })
}

/// The size of a delivery, as far as it is known.
pub(super) fn delivery_size(looked: &Looked) -> Option<u64> {
    let files = looked.look.files.as_ref()?;
    let sizes = files.iter().filter_map(|file| file.seen.as_ref()?.size);
    sizes.fold(None, |sum, size| Some(sum.unwrap_or(0_u64).saturating_add(size)))
}

/// A step that was not come to.
pub(super) fn not_reached(subject: Subject, at: Stage) -> Step {
    let before = STAGES.iter().find(|(stage, _)| *stage == at).map_or("五", |(_, s)| s.number());
    Step::not_checkable(
        subject,
        Message::new(
            format!("{before} 未通过，未执行到这一步"),
            format!("not come to: {before} failed"),
        ),
        Message::new(format!("请先解决 {before}"), format!("settle {before} first")),
    )
}
