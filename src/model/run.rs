//! A run and what there is to say of it.

use super::PerFeed;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};

use super::approval::{Approval, GateReason};
use super::cause::{Cause, OrganFindings};
use super::run_id::RunId;
use super::{
    feed::Feed,
    finding::{Disposition, Finding, Level, Message},
};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The snapshot is in the database.
    Published,
    /// It could be published; a check or a dry run publishes nothing.
    Passed,
    /// The gate said no.
    Refused,
    /// A fault of the machine, the network or the configuration ended the run.
    Failed,
}

impl Verdict {
    /// The name in reports and in `run.verdict`.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Published => "published",
            Verdict::Passed => "passed",
            Verdict::Refused => "refused",
            Verdict::Failed => "failed",
        }
    }

    /// The verdict of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Verdict> {
        [Verdict::Published, Verdict::Passed, Verdict::Refused, Verdict::Failed]
            .into_iter()
            .find(|verdict| verdict.name() == name)
    }
}

/// What is known of one delivered file. All that could not be found out is `None` or 0.
///
/// `lines == rows + quarantined + repeated + header_lines + blank + other` whenever the file was parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// The feed.
    pub feed: Feed,
    /// The file's name as delivered.
    pub name: String,
    /// SHA-256 of the raw bytes, lowercase hex.
    pub sha256: Option<String>,
    /// Size in bytes.
    pub size: u64,
    /// Modification time at the source.
    pub mtime: Option<DateTime<Utc>>,
    /// `utf-8`, `utf-8-bom`, `gb18030`, `utf-16le`, `utf-16be`.
    pub encoding: Option<String>,
    /// The delimiter verbatim (may be a control character).
    pub delimiter: Option<String>,
    /// Whether the first line is a header.
    pub header: Option<bool>,
    /// Physical lines.
    pub lines: u64,
    /// Rows accepted, to be published as delivered.
    pub rows: u64,
    /// Lines put into quarantine.
    pub quarantined: u64,
    /// Lines that repeat an accepted row.
    pub repeated: u64,
    /// 0 or 1.
    pub header_lines: u64,
    /// Lines with nothing on them (a lone 0x1A at the end counts as one).
    pub blank: u64,
    /// Lines that the job or the schema declares to be no data: those above, comments, the control record.
    pub other: u64,
    /// What quotes mean: `none` (text), `needed`, `always`.
    pub quotes: Option<String>,
    /// Rows of this feed in the snapshot before, where there is one.
    pub previous_rows: Option<u64>,
}

/// What publishing did, or would do, to one snapshot table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeedChanges {
    /// Keys that were not there before.
    pub added: u64,
    /// Keys whose content changed.
    pub changed: u64,
    /// Keys that are gone.
    pub removed: u64,
    /// Rows of which the last good version is carried, a bad row having been delivered.
    pub carried: u64,
    /// Rows that were left as they were.
    pub unchanged: u64,
}

/// Why a rule was not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRunWhy {
    /// The job sets its level to `off`.
    Off,
    /// A file that it reads could not be read.
    FeedUnreadable(Feed),
    /// It compares with the last snapshot, and there is none.
    NoPreviousSnapshot,
}

/// A rule that was not run, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRun {
    /// The rule's code.
    pub code: &'static str,
    /// Why.
    pub why: NotRunWhy,
}

/// A former delivery with which a check compared the delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerDelivery {
    /// Its folder.
    pub folder: String,
    /// What became of its records, by feed; only feeds of which both files could be read.
    pub feeds: BTreeMap<Feed, FormerFeed>,
}

/// The records of one former file that the delivery no longer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerFeed {
    /// The name of the former file.
    pub file: String,
    /// They, by line.
    pub vanished: Vec<VanishedRecord>,
    /// Whether they are the last records of the former file, so that the new one may have been cut off.
    pub at_end: bool,
}

/// A record that is in the former delivery only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VanishedRecord {
    /// Its key.
    pub key: String,
    /// Its physical line in the former file, 1-based.
    pub line: u64,
}

/// How long a stage took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageTiming {
    /// `fetch`, `parse`, `check`, `publish`.
    pub stage: &'static str,
    /// Wall time.
    pub took: Duration,
}

/// All there is to say of a run. Reports are made of it and of nothing else.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// The run's id.
    pub run: RunId,
    /// The tenant; for a check without a job [`RunReport::CHECK`].
    pub tenant: String,
    /// The insurer's name, where a job gives it.
    pub tenant_name: Option<String>,
    /// The delivery's business date.
    pub business_date: NaiveDate,
    /// When the run started.
    pub started: DateTime<Utc>,
    /// The time zone in which people read that.
    pub timezone: chrono_tz::Tz,
    /// How it ended.
    pub verdict: Verdict,
    /// Why it was refused; empty unless it was.
    pub reasons: Vec<GateReason>,
    /// Who answers for it, if it publishes what another run had refused.
    pub approval: Option<Approval>,
    /// The business date of the snapshot before, where there is one.
    pub previous_date: Option<NaiveDate>,
    /// The newest business date with a snapshot when the run began, where there is one.
    pub newest_date: Option<NaiveDate>,
    /// One a feed, in report order.
    pub files: Vec<FileFacts>,
    /// What publishing did, by feed, or for a check the differences from a former delivery; empty for any other check
    /// and a run that never came so far.
    pub changes: BTreeMap<Feed, FeedChanges>,
    /// The former delivery of which these are the differences, for a check that was given one.
    pub former: Option<FormerDelivery>,
    /// Codes of the rules that were run, in order.
    pub rules_run: Vec<&'static str>,
    /// Rules that were not run.
    pub rules_not_run: Vec<NotRun>,
    /// Findings sorted by code, feed, line; at most 100,000 a code.
    pub findings: Vec<Finding>,
    /// True number of findings by code; only codes that fired.
    pub totals: BTreeMap<&'static str, u64>,
    /// What explains the findings: fatal ones first, then by people concerned, those only worth knowing last.
    pub causes: Vec<Cause>,
    /// Findings of the published date before that this delivery does not have any more; `None` where there is none
    /// to compare with. At most [`RunReport::MAX_MENDED`] a code.
    pub mended: Option<Vec<MendedFinding>>,
    /// True numbers of what became of the findings of the date before that this delivery does not have.
    pub mended_totals: MendedTotals,
    /// The head offices and the two levels of organisations below them, a parent before its children; empty if the
    /// organisations could not be read.
    pub organs: Vec<OrganFindings>,
    /// The runs before this one, newest first, at most [`RunReport::MAX_RECENT`].
    pub recent: Vec<RecentRun>,
    /// Stage timings in order.
    pub timings: Vec<StageTiming>,
    /// Where the database is, if the run has one.
    pub database: Option<PathBuf>,
    /// The files that were made of this report.
    pub report_files: ReportFiles,
    /// Whether a program that reads an earlier snapshot keeps what was published in the log of the database, so that a
    /// copy of the file alone does not have it.
    pub is_log_pending: bool,
}

impl RunReport {
    /// What stands for the tenant where a check has no job.
    pub const CHECK: &str = "check";
    /// Maximum number of earlier runs in a report.
    pub const MAX_RECENT: usize = 30;
    /// Maximum number of mended findings a code.
    pub const MAX_MENDED: usize = 1_000;

    /// Whose delivery it is, as far as it is known: id, and the name where a job gives it.
    pub fn provider(&self) -> Option<(&str, Option<&str>)> {
        let is_known = self.tenant_name.is_some() || self.tenant != RunReport::CHECK;
        is_known.then_some((&self.tenant, self.tenant_name.as_deref()))
    }

    /// What happens to data of a disposition in this run; `None` for rows that would be published as delivered where
    /// nothing is published.
    pub fn happens(&self, disposition: Disposition) -> Option<Disposition> {
        let withheld = matches!(self.verdict, Verdict::Refused | Verdict::Failed);
        (!withheld || disposition != Disposition::Keep).then_some(disposition)
    }

    /// Why it was refused; of a delivery that somebody answers for, who that is and which limits are broken.
    pub fn noted_reasons(&self) -> Vec<GateReason> {
        let Some(approval) = self.approval.as_ref().filter(|_| self.verdict == Verdict::Published)
        else {
            return self.reasons.clone();
        };
        let approved = GateReason { limit: "approved", message: approval.message() };
        let waived = approval.waived.iter().map(|GateReason { limit, message }| GateReason {
            limit,
            message: Message::new(
                format!("已放行：{}", message.zh),
                format!("waived: {}", message.en),
            ),
        });
        std::iter::once(approved).chain(waived).collect()
    }

    /// Business date of the snapshot in use after the run, where there is one.
    pub fn date_in_use(&self) -> Option<NaiveDate> {
        match self.verdict {
            Verdict::Published => self.newest_date.max(Some(self.business_date)),
            Verdict::Passed | Verdict::Refused | Verdict::Failed => self.newest_date,
        }
    }

    /// True number of findings of a level. Of those that the run does not hold, each rule's count as its highest.
    pub fn count_of(&self, level: Level) -> u64 {
        let of_rule = |findings: &[Finding]| {
            let held = findings.iter().filter(|finding| finding.level == level).count() as u64;
            let (first, highest) = (findings.first(), findings.iter().map(|f| f.level).max());
            let total = first.and_then(|first| self.totals.get(first.code)).copied();
            let more = total.unwrap_or_default().saturating_sub(findings.len() as u64);
            held + if highest == Some(level) { more } else { 0 }
        };
        self.findings.chunk_by(|a, b| a.code == b.code).map(of_rule).sum()
    }

    /// How many findings are new, were there before, or cannot be told apart; `None` where there is no date before to
    /// compare with.
    pub fn ages(&self) -> Option<AgeCounts> {
        self.mended.as_ref()?;
        let count = |new: bool| {
            let ages = self.findings.iter().filter_map(|finding| finding.age);
            ages.filter(|age| age.is_new() == new).count() as u64
        };
        let (new, persisting) = (count(true), count(false));
        let unknown = self.total().saturating_sub(new + persisting);
        Some(AgeCounts { new, persisting, unknown })
    }

    /// True number of findings.
    pub fn total(&self) -> u64 {
        self.totals.values().sum::<u64>().max(self.findings.len() as u64)
    }

    /// What is known of the file of a feed; `None` if the run ended before it was fetched.
    pub fn file(&self, feed: Feed) -> Option<&FileFacts> {
        self.files.iter().find(|file| file.feed == feed)
    }
}

/// Findings by what is known of them in the deliveries before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeCounts {
    /// No delivery before this one had them.
    pub new: u64,
    /// The delivery before had them.
    pub persisting: u64,
    /// One or the other: findings that the run does not hold, and those of rules that found more than was held before.
    pub unknown: u64,
}

/// The files that were made of the report of a run. What went wrong with them never changes the verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportFiles {
    /// The folder that they are in, if any was written.
    pub dir: Option<PathBuf>,
    /// Their names in it, the one to read first at the front.
    pub names: Vec<&'static str>,
    /// Where copies of them were put on the insurer's server, without secrets.
    pub copies: Vec<String>,
    /// What could not be written or sent, and what to do.
    pub faults: Vec<Message>,
}

impl ReportFiles {
    /// The file to read first.
    pub fn first(&self) -> Option<PathBuf> {
        Some(self.dir.as_ref()?.join(self.names.first()?))
    }
}

/// A finding of the published date before that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MendedFinding {
    /// The rule's code.
    pub code: String,
    /// The feed.
    pub feed: Feed,
    /// The record's key, where it had one.
    pub key: Option<String>,
    /// The field, where one was at fault.
    pub field: Option<String>,
    /// Its line in the delivery before.
    pub line: Option<u64>,
    /// What was wrong.
    pub message: Message,
    /// Which texts of key and message are names of people, or may be; none where an earlier version recorded it.
    pub names: Option<Vec<String>>,
    /// The first business date that had it.
    pub first_seen: NaiveDate,
    /// How many deliveries had it.
    pub deliveries: u64,
}

/// What became of the findings of the published date before that a delivery does not have any more, by code. Findings
/// that are the same one count once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MendedTotals {
    /// Those that are mended.
    pub mended: BTreeMap<String, u64>,
    /// Those that may be there still: their rule was not run, their file could not be read, or the rule found more
    /// than is held.
    pub unsettled: BTreeMap<String, u64>,
}

/// An earlier run in a few figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentRun {
    /// The run.
    pub run: RunId,
    /// Its business date.
    pub date: NaiveDate,
    /// How it ended.
    pub verdict: Verdict,
    /// Rows accepted, over all files.
    pub rows: u64,
    /// Findings of level error or fatal.
    pub errors: u64,
    /// Findings of level warning.
    pub warnings: u64,
}

/// The files of a recorded run, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFiles {
    /// The run.
    pub run: RunId,
    /// Its business date.
    pub date: NaiveDate,
    /// Its files.
    pub files: PerFeed<RecordedFile>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordedFile {
    /// SHA-256 of its bytes, lowercase hex; none if it was not there, or not read.
    pub sha256: Option<String>,
    /// Size in bytes; zero if it was not there.
    pub size: u64,
    /// Modification time at the source, to the millisecond, where it was known.
    pub mtime: Option<DateTime<Utc>>,
}
