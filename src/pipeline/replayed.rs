//! What is made anew from the archive, and what came of it.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::job::Job;
use crate::model::{Cancel, Feed, GateReason, Message, RunId};
use crate::store::TableDifference;

/// By which settings the deliveries are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayRules {
    /// Those with which each was read; what was found then stays as it was recorded.
    Then,
    /// Those of the job as it is.
    Now,
}

/// What to make anew.
#[derive(Debug, Clone, Copy)]
pub struct ReplayRequest<'a> {
    /// The folder of the tenant.
    pub tenant_dir: &'a Path,
    /// The job: its settings hold for deliveries that were archived without any, and by [`ReplayRules::Now`].
    pub job: &'a Job,
    /// The database to make; `None` to compare with the present one.
    pub target: Option<&'a Path>,
    /// The run after which the database is wanted; the last one by default.
    pub until: Option<&'a RunId>,
    /// By which settings.
    pub rules: ReplayRules,
    /// When.
    pub now: DateTime<Utc>,
    /// Ends it between two deliveries when it is asked.
    pub cancel: &'a Cancel,
}

/// What is told meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayStep<'a> {
    /// The delivery of a date is being read.
    Delivery {
        /// Deliveries that are done.
        done: u64,
        /// All deliveries.
        all: u64,
        /// The date.
        date: NaiveDate,
    },
    /// A table is being compared.
    Table {
        /// Its name.
        name: &'a str,
        /// Rows that are done.
        rows: u64,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replayed {
    /// Number of deliveries in the database that was made.
    pub deliveries: u64,
    /// The oldest and the newest date.
    pub dates: Option<(NaiveDate, NaiveDate)>,
    /// Whether the archive has no journal, so that what counts is assumed.
    pub assumed: bool,
    /// Deliveries that were archived without their settings, so that those of the job were taken.
    pub without_settings: u64,
    /// Deliveries that are not in the archive any more, and whether the job had them removed.
    pub missing: Vec<(NaiveDate, RunId, bool)>,
    /// Keys of the newest snapshot of which all good rows were in deliveries that are missing.
    pub lacking: Vec<(Feed, String)>,
    /// Deliveries that cannot be read, and why.
    pub unreadable: Vec<(NaiveDate, RunId, Message)>,
    /// Deliveries that are refused now, and why.
    pub refused: Vec<(NaiveDate, RunId, Vec<GateReason>)>,
    /// Deliveries of which other rows are accepted than were then.
    pub read_otherwise: Vec<(NaiveDate, RunId)>,
    /// How the present database differs from the one that was made; `None` if they were not compared.
    pub differences: Option<Vec<TableDifference>>,
    /// How much of them was compared.
    pub newest_snapshot_only: bool,
}

impl Replayed {
    /// Whether all deliveries that count are in the database as they were then, and nothing differs.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty()
            && self.unreadable.is_empty()
            && self.refused.is_empty()
            && self.differences.as_ref().is_none_or(Vec::is_empty)
    }
}
