//! Progress that nobody looks at, and a check of a folder.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use orgsnap::{
    config::job::{self, Format},
    fetch,
    model::{Feed, RunReport},
    pipeline::{self, CheckRequest, Progress, Stage},
};

pub(crate) struct Quiet;

impl fetch::Progress for Quiet {
    fn file(&self, _feed: Feed, _total: Option<u64>) {}
    fn bytes(&self, _feed: Feed, _n: u64) {}
}

impl Progress for Quiet {
    fn stage(&self, _stage: Stage) {}
}

/// Checks a folder, by the `job.toml` in it if there is one.
pub(crate) fn check(dir: &Path) -> RunReport {
    let file = dir.join("job.toml");
    let job = file.exists().then(|| job::load(&file, &|_| None).unwrap());
    let now: DateTime<Utc> = "2024-11-24T00:00:00Z".parse().unwrap();
    let date = NaiveDate::from_ymd_opt(2024, 11, 23);
    let format = Format::default();
    let request = CheckRequest { dir, format: &format, job: job.as_ref(), date, now };
    pipeline::check(&request, &Quiet).unwrap()
}
