//! From a folder with a sample delivery to the settings of a job.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::config::job::{Job, Source};
use crate::config::schema::Schema;
use crate::fetch::{self, Fetched};
use crate::model::{Cancel, Feed, PerFeed};
use crate::propose::{self, Proposal, Sample};

use super::error::RunError;
use super::intake::Files;
use super::stage::{Progress, Stage};

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
    let source = Source::dir(dir);
    progress.stage(Stage::Fetch);
    let request = fetch::Request {
        source: &source,
        schema: &schema,
        date: now.with_timezone(&chrono_tz::Asia::Shanghai).date_naive(),
        max_file_size: Job::MAX_FILE_SIZE,
        workdir: dir,
        cancel: &Cancel::new(),
        caller_polls: false,
        earlier: &[],
    };
    let raw = fetch::fetch(&request, &Files(progress))?;
    progress.stage(Stage::Parse);
    let samples: PerFeed<Option<Sample<'_>>> =
        PerFeed::from_fn(|feed: Feed| match raw.file(feed) {
            Fetched::File(file) => Some(Sample { name: &file.name, bytes: file.bytes() }),
            Fetched::Missing { .. } | Fetched::Oversized { .. } => None,
        });
    Ok(propose::propose(&schema, &samples)?)
}
