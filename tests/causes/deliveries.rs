//! A sample delivery that tests change, checked alone or after the delivery as it was.

use std::{collections::BTreeMap, fs, path::Path};

use chrono::NaiveDate;
use orgsnap::model::{Feed, PerFeed, RunReport};
use orgsnap::sample::{self, Charset, Options};

use crate::quiet::{check, check_after, check_against};

const NAMES: [(Feed, &str); 4] = [
    (Feed::Agent, "temp_agent.txt"),
    (Feed::Node, "temp_base_node.txt"),
    (Feed::Organ, "temp_organization.txt"),
    (Feed::Principal, "temp_principal.txt"),
];

/// A record by field.
pub(super) type Row = BTreeMap<String, String>;

/// The lines of the four files.
#[derive(Debug, Clone)]
pub(super) struct Files(PerFeed<Vec<Vec<u8>>>);

impl Files {
    /// A company without a fault, `churn` of which has changed since the day before.
    pub(super) fn new(churn: f64) -> Files {
        let folder = tempfile::tempdir().unwrap();
        let date = NaiveDate::from_ymd_opt(2024, 11, 23).unwrap();
        let (agents, charset) = (2_000, Charset::Utf8);
        let options = Options { agents, charset, churn, ..Options::new(date) };
        sample::write(&options, folder.path()).unwrap();
        let mut files = PerFeed::default();
        for (feed, name) in NAMES {
            let bytes = fs::read(folder.path().join(name)).unwrap();
            files[feed] = bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        }
        Files(files)
    }

    /// The lines of a file, the header first, to be changed.
    pub(super) fn lines(&mut self, feed: Feed) -> &mut Vec<Vec<u8>> {
        &mut self.0[feed]
    }

    /// Keeps the records for which it holds.
    pub(super) fn retain(&mut self, feed: Feed, keep: impl Fn(&Row) -> bool) {
        let header = self.header(feed);
        let mut first = true;
        self.0[feed].retain(|line| std::mem::take(&mut first) || keep(&row(&header, line)));
    }

    /// Writes a field of the records for which it holds.
    pub(super) fn set(&mut self, feed: Feed, field: &str, value: &str, of: impl Fn(&Row) -> bool) {
        let header = self.header(feed);
        let column = header.iter().position(|name| name == field).unwrap();
        for line in self.0[feed].iter_mut().skip(1) {
            if of(&row(&header, line)) {
                let mut cells = cells(line);
                value.clone_into(&mut cells[column]);
                *line = (cells.join("|") + "\n").into_bytes();
            }
        }
    }

    /// The records of a feed.
    pub(super) fn rows(&self, feed: Feed) -> Vec<Row> {
        let header = self.header(feed);
        self.0[feed].iter().skip(1).map(|line| row(&header, line)).collect()
    }

    /// Number of records for which it holds.
    pub(super) fn count(&self, feed: Feed, of: impl Fn(&Row) -> bool) -> u64 {
        self.rows(feed).iter().filter(|row| of(row)).count() as u64
    }

    fn header(&self, feed: Feed) -> Vec<String> {
        cells(&self.0[feed][0])
    }

    fn write(&self, dir: &Path) {
        for (feed, name) in NAMES {
            fs::write(dir.join(name), self.0[feed].concat()).unwrap();
        }
    }

    /// The report of a check of this delivery.
    pub(super) fn check(&self) -> RunReport {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path());
        check(folder.path())
    }

    /// The reports of this delivery one day after another was published, and of a check of it against that one.
    pub(super) fn check_after(&self, before: &Files) -> [RunReport; 2] {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        before.write(folders[0].path());
        self.write(folders[1].path());
        [check_after, check_against].map(|check| check(folders[0].path(), folders[1].path()))
    }
}

fn cells(line: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(line);
    text.trim_end_matches('\n').split('|').map(str::to_owned).collect()
}

fn row(header: &[String], line: &[u8]) -> Row {
    header.iter().cloned().zip(cells(line)).collect()
}
