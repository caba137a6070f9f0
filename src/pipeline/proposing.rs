//! From a folder with a sample delivery to the settings of a job.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::config::job::{DatedPath, Job, Source};
use crate::config::schema::Schema;
use crate::disk::{DiskError, create_private_dirs};
use crate::fetch::{self, Content, FetchError, Fetched};
use crate::model::{Cancel, Feed, PerFeed};
use crate::propose::{self, Proposal, Question, Sample};

use super::error::RunError;
use super::intake::Files;
use super::job_schema::schema_of;
use super::sample_files::{Names, file_names, names};
use super::stage::{Progress, Stage};

/// Most files of a folder that are named where none of the expected ones is there.
const MOST_NAMED: usize = 8;

/// Looks at a sample delivery in a folder and proposes what a job has to say so that it can be read. Nothing is
/// written. Files that are not there are left to the checks.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn propose(
    dir: &Path,
    now: DateTime<Utc>,
    progress: &dyn Progress,
) -> Result<Proposal, RunError> {
    let schema = Schema::builtin()?;
    let mut source = Source::dir(dir);
    let Names { names, date, question } = names(dir, &schema);
    for (feed, name) in &names {
        if let Some(name) = DatedPath::parse(name) {
            source.fetching_mut().files.name(*feed, name);
        }
    }
    progress.stage(Stage::Fetch);
    let request = fetch::Request {
        source: &source,
        schema: &schema,
        date: date.unwrap_or(now.with_timezone(&chrono_tz::Asia::Shanghai).date_naive()),
        max_file_size: Job::MAX_FILE_SIZE,
        workdir: dir,
        cancel: &Cancel::new(),
        caller_polls: false,
        earlier: &[],
    };
    let mut raw = fetch::fetch(&request, &Files(progress)).map_err(|error| match error {
        // A sample does not come later: whatever is there may be the files.
        FetchError::NothingThere { place, near } if near.is_empty() => {
            let mut near = file_names(dir);
            near.truncate(MOST_NAMED);
            FetchError::NothingThere { place, near }
        }
        error => error,
    })?;
    raw.load(Job::MAX_FILE_SIZE)?;
    progress.stage(Stage::Parse);
    let samples: PerFeed<Option<Sample<'_>>> =
        PerFeed::from_fn(|feed: Feed| match raw.file(feed) {
            Fetched::File(file) => Some(Sample { name: &file.name, bytes: file.bytes() }),
            Fetched::Missing { .. } | Fetched::Oversized { .. } => None,
        });
    let mut proposal = Proposal { names, date, ..propose::propose(&schema, &samples)? };
    let about_names = question.map(|text| Question { text, choices: Vec::new() });
    proposal.questions.splice(0..0, about_names);
    Ok(proposal)
}

/// Fetches the delivery of today once from the source of a job, each file as delivered, into a new folder. If it fails,
/// the folder is removed, so that it can be called again.
///
/// # Errors
/// A job without a source, a source that cannot be used, a delivery that is not complete, or a folder that cannot be
/// written to.
pub fn fetch_sample(
    job: &Job,
    folder: &Path,
    now: DateTime<Utc>,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<(), RunError> {
    let fetched = fetch_into(job, folder, now, cancel, progress);
    if fetched.is_err() {
        // The fault of the fetch is what has to be told; a folder that stays is named at the next attempt.
        _ = std::fs::remove_dir_all(folder);
    }
    fetched
}

fn fetch_into(
    job: &Job,
    folder: &Path,
    now: DateTime<Utc>,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<(), RunError> {
    let source = job.source.as_ref().ok_or_else(|| RunError::NoSource { job: job.path.clone() })?;
    let schema = schema_of(Some(job))?;
    let workdir = folder.join("incoming");
    progress.stage(Stage::Fetch);
    let request = fetch::Request {
        source,
        schema: &schema,
        date: job.business_date(now),
        max_file_size: job.max_file_size,
        workdir: &workdir,
        cancel,
        caller_polls: false,
        earlier: &[],
    };
    let mut raw = fetch::fetch(&request, &Files(progress))?;
    create_private_dirs(folder).map_err(FetchError::Disk)?;
    for file in &raw.files {
        let Fetched::File(file) = file else { continue };
        // Four files in one zip file are that file four times.
        let to = folder.join(file.container.as_ref().unwrap_or(&file.name));
        match &file.content {
            Content::Memory(bytes) => std::fs::write(&to, bytes.as_slice()),
            Content::Disk(from) => std::fs::copy(from, &to).map(|_| ()),
        }
        .map_err(|source| FetchError::Disk(DiskError::at(&to)(source)))?;
    }
    raw.remove_downloads();
    // A source that is a folder makes none.
    if workdir.exists() {
        std::fs::remove_dir_all(&workdir)
            .map_err(|e| FetchError::Disk(DiskError::at(&workdir)(e)))?;
    }
    Ok(())
}
