//! The desk: takes happenings, keeps the news among them, has them sent.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::config::job::Job;

use super::{AlertKind, Happening};

/// Takes happenings of all tenants. Shared by whoever runs jobs, from any thread.
#[derive(Debug)]
pub struct Desk {
    data: PathBuf,
}

impl Desk {
    /// A desk that keeps its ledgers below the data folder.
    pub fn new(data: &Path) -> Desk {
        Desk { data: data.to_path_buf() }
    }

    /// Learns a job's channels, so that what an earlier process left unsent goes out. To be told at start
    /// and whenever a job file was read anew.
    pub fn watch(&self, _job: &Job) {}

    /// Decides whether a happening is news, and keeps it durably if it is; returns what it is an alert of.
    /// Never waits for the network.
    ///
    /// # Errors
    /// If the ledger cannot be read or written. The run that is told of is not to be failed for it.
    pub fn report(
        &self,
        _job: &Job,
        _happening: &Happening,
        _now: DateTime<Utc>,
    ) -> std::io::Result<Option<AlertKind>> {
        let _ = &self.data;
        Ok(None)
    }

    /// Sends what is due now, and waits for it at most so long. Returns the number of alerts that are still
    /// unsent, over all tenants and channels.
    pub fn flush(&self, _within: Duration) -> u64 {
        0
    }
}
