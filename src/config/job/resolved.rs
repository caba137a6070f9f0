//! A job with every value checked and every default filled in.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use chrono::{DateTime, NaiveDate, Utc};

use crate::model::Message;

use super::alert::AlertChannel;
use super::archive::ArchiveSettings;
use super::codes::CodeWords;
use super::format::Format;
use super::gate::GateLimits;
use super::lake::LakeSettings;
use super::limits;
use super::report::ReportSettings;
use super::rules::RuleSetting;
use super::schedule::Schedule;
use super::site::Site;
use super::source::Source;
use super::store_section::StoreSettings;
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
    /// The layout of the files, as far as the job pins it.
    pub format: Format,
    /// Words for codes, by field or `feed.field`.
    pub codes: BTreeMap<String, CodeWords>,
    /// Limits of the gate.
    pub gate: GateLimits,
    /// Levels that the job sets, by rule name, with the line where it does.
    pub rules: BTreeMap<String, RuleSetting>,
    /// A folder that replaces the built-in schema.
    pub schema: Option<PathBuf>,
    /// Largest file taken, in bytes (F111).
    pub max_file_size: u64,
    /// The report files of its runs.
    pub report: ReportSettings,
    /// How long archived deliveries are kept.
    pub archive: ArchiveSettings,
    /// A database server for its snapshots, in place of a file in the data folder.
    pub store: Option<StoreSettings>,
    /// Where published snapshots are exported to.
    pub lake: Option<LakeSettings>,
    /// When to run unattended.
    pub schedule: Option<Schedule>,
    /// The channels for alerts about refused, failed, late and recovered deliveries.
    pub alerts: Vec<AlertChannel>,
    /// The insurer's WeCom, whose callbacks are received.
    pub wecom: Wecom,
    /// The domains from which its pages may be opened.
    pub site: Site,
    /// The tables of the file that say how deliveries are read and checked, as TOML: what is kept beside a delivery. There are
    /// no secrets in them.
    pub reading: ReadingTables,
    /// Settings that work but should be changed, such as a password written in the file.
    pub warnings: Vec<Message>,
}

/// Some tables of a job file, as TOML.
#[derive(Clone, PartialEq, Eq)]
pub struct ReadingTables(pub String);

impl fmt::Debug for ReadingTables {
    /// Without the text: what it says is in the other fields of the job.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadingTables")
    }
}

impl Job {
    /// The default size limit of a file: 4 GiB.
    pub const MAX_FILE_SIZE: u64 = limits::MAX_FILE_SIZE;

    /// The business date of a delivery fetched at `now`, unless the caller gives another: the
    /// calendar date in the job's time zone.
    pub fn business_date(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.timezone).date_naive()
    }
}
