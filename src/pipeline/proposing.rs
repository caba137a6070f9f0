//! From a folder with a sample delivery to the settings of a job.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::job::{DatedPath, Job, Source};
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
    let mut source = Source::dir(dir);
    let (names, date) = names(dir, &schema);
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
    let raw = fetch::fetch(&request, &Files(progress))?;
    progress.stage(Stage::Parse);
    let samples: PerFeed<Option<Sample<'_>>> =
        PerFeed::from_fn(|feed: Feed| match raw.file(feed) {
            Fetched::File(file) => Some(Sample { name: &file.name, bytes: file.bytes() }),
            Fetched::Missing { .. } | Fetched::Oversized { .. } => None,
        });
    Ok(Proposal { names, date, ..propose::propose(&schema, &samples)? })
}

/// The names of files that are not there under their usual ones, where one alone is near, and the date in them.
fn names(dir: &Path, schema: &Schema) -> (Vec<(Feed, String)>, Option<NaiveDate>) {
    // A folder that cannot be read is told by the fetch.
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let there: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let near = |feed| Some((feed, fetch::only_near(&schema.feed(feed).file_name, &there)?));
    let found: Vec<(Feed, String)> = Feed::ALL.into_iter().filter_map(near).collect();
    let dates: BTreeSet<Option<NaiveDate>> =
        found.iter().map(|(_, name)| propose::dated_name(name).1).collect();
    // Dates that differ are no business date.
    match dates.iter().collect::<Vec<_>>().as_slice() {
        [Some(date)] => {
            let dated = |(feed, name): (Feed, String)| (feed, propose::dated_name(&name).0);
            (found.into_iter().map(dated).collect(), Some(*date))
        }
        _ => (found, None),
    }
}
