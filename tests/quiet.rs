//! Progress that nobody looks at, and a check of a folder.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use orgsnap::{
    config::job::{self, Format, Job},
    fetch,
    model::{Cancel, Feed, RunReport, Verdict},
    pipeline::{self, CheckRequest, ImportRequest, NoReports, Progress, Stage},
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
    let request =
        CheckRequest { dir, format: &format, job: job.as_ref(), date, against: None, now };
    pipeline::check(&request, &Quiet, &NoReports).unwrap()
}

/// Checks a folder against that of a former delivery.
pub(crate) fn check_against(former: &Path, dir: &Path) -> RunReport {
    let (now, format) = ("2024-11-24T00:00:00Z".parse().unwrap(), Format::default());
    let (date, against) = (NaiveDate::from_ymd_opt(2024, 11, 23), Some(former));
    let request = CheckRequest { dir, format: &format, job: None, date, against, now };
    pipeline::check(&request, &Quiet, &NoReports).unwrap()
}

/// Publishes the delivery of a folder for one day, and checks that of another for the next.
pub(crate) fn check_after(before: &Path, dir: &Path) -> RunReport {
    let data = tempfile::tempdir().unwrap();
    let job = job::parse(Path::new("fixture.toml"), "tenant = 'fixture'", &|_| None).unwrap();
    let published = import(&job, data.path(), (before, "2024-11-22"), false);
    assert_eq!(published.verdict, Verdict::Published);
    import(&job, data.path(), (dir, "2024-11-23"), true)
}

/// Imports the delivery of a folder for a business date.
pub(crate) fn import(
    job: &Job,
    data_dir: &Path,
    (from, date): (&Path, &str),
    dry_run: bool,
) -> RunReport {
    import_at("2024-11-24T00:00:00Z".parse().unwrap(), job, data_dir, (from, date), dry_run)
}

/// As [`import`], at a time; no two runs of a date begin at the same.
pub(crate) fn import_at(
    now: DateTime<Utc>,
    job: &Job,
    data_dir: &Path,
    (from, date): (&Path, &str),
    dry_run: bool,
) -> RunReport {
    let request = ImportRequest {
        job,
        date: Some(date.parse().unwrap()),
        from: Some(from),
        dry_run,
        data_dir,
        now,
        cancel: &Cancel::new(),
        wait_policy: orgsnap::pipeline::WaitPolicy::WaitForFiles,
        accept_unchanged: false,
        backup: true,
        refused: None,
    };
    pipeline::import(&request, &Quiet, &NoReports).unwrap()
}
