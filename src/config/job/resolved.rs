//! A job with every value checked and every default filled in.

use std::{collections::BTreeMap, path::PathBuf};

use chrono::{DateTime, NaiveDate, Utc};

use crate::model::{Level, Message};

use super::alert::AlertChannel;
use super::schedule::Schedule;
use super::source::Source;
use super::wecom::Wecom;

/// A resolved job: all paths absolute or relative to the working directory, all defaults filled in.
#[derive(Debug, Clone)]
pub struct Job {
    /// The job file itself.
    pub path: PathBuf,
    /// The tenant id; names the folder below the data folder.
    pub tenant: String,
    /// The insurer's name.
    pub name: Option<String>,
    /// Time zone of the business date.
    pub timezone: chrono_tz::Tz,
    /// Where deliveries come from. A tenant that only takes callbacks has none.
    pub source: Option<Source>,
    /// What the job pins of the files' layout.
    pub format: Format,
    /// Limits of the gate.
    pub gate: GateLimits,
    /// Levels that the job sets, by rule name, with the line where it does.
    pub rules: BTreeMap<String, RuleSetting>,
    /// A folder that replaces the built-in schema.
    pub schema: Option<PathBuf>,
    /// Largest file taken, in bytes (F111).
    pub max_file_size: u64,
    /// When to run unattended.
    pub schedule: Option<Schedule>,
    /// Whom to tell of refused, failed, late and recovered deliveries.
    pub alerts: Vec<AlertChannel>,
    /// The insurer's WeCom, whose callbacks are received.
    pub wecom: Wecom,
    /// What works but should not stay so, such as a password written in the file.
    pub warnings: Vec<Message>,
}

impl Job {
    /// The default size limit of a file: 4 GiB.
    pub const MAX_FILE_SIZE: u64 = 4 << 30;

    /// The business date of a delivery fetched at `now`, unless the caller is told another: the
    /// calendar date in the job's time zone.
    pub fn business_date(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.timezone).date_naive()
    }
}

/// A level set for a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSetting {
    /// The level.
    pub level: Level,
    /// Line in the job file, 1-based.
    pub line: usize,
}

/// Layout of the files, where the job pins it. `None` means: detect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Format {
    /// `utf-8`, `gb18030` (also `gbk`, `gb2312`), `utf-16le`, `utf-16be`.
    pub encoding: Option<Encoding>,
    /// The delimiter, one or more characters.
    pub delimiter: Option<String>,
    /// Whether the first line is a header.
    pub header: Option<bool>,
}

/// An encoding that orgsnap reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without BOM.
    Utf8,
    /// GB18030, of which GBK and GB2312 are parts.
    Gb18030,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
}

/// Limits of the gate, as shares of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateLimits {
    /// Quarantined share of a feed.
    pub max_quarantined: f64,
    /// Detached share of a forest's edges.
    pub max_detached: f64,
    /// Share of rows gone since the last snapshot, once more than 50 rows.
    pub max_vanished: f64,
    /// Share of agents gone within a level-2 organ, once more than 50 agents.
    pub max_vanished_in_organ: f64,
}

impl Default for GateLimits {
    fn default() -> Self {
        GateLimits {
            max_quarantined: 0.01,
            max_detached: 0.01,
            max_vanished: 0.05,
            max_vanished_in_organ: 0.30,
        }
    }
}
