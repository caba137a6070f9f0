//! Why a refused run cannot be approved.

use std::path::PathBuf;

use chrono::NaiveDate;

use crate::model::{GateReason, Message, RunId};
use crate::store::RunRow;

/// Why a run cannot be approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotApprovable {
    /// The run.
    pub run: RunId,
    /// Why.
    pub why: WhyNot,
}

/// Why a run cannot be approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNot {
    /// No such run is recorded. These were refused and can be approved.
    Unknown(Vec<RunId>),
    /// It was not refused; this is its verdict.
    NotRefused(String),
    /// It was approved already.
    Approved {
        /// The run that published it.
        run: RunId,
        /// Who approved it.
        by: String,
    },
    /// A later run has published the same date.
    Superseded {
        /// The date.
        date: NaiveDate,
        /// The run.
        run: RunId,
    },
    /// It has findings that are fatal.
    Fatal,
    /// The files are not in the archive any more.
    Gone(PathBuf),
    /// The archived files are not those that the run has recorded.
    OtherFiles(PathBuf),
}

/// Why a run of all those that are recorded cannot be approved, as far as the database tells; `None` if it can.
pub(super) fn why_not(row: &RunRow, runs: &[RunRow]) -> Option<WhyNot> {
    if row.verdict != "refused" {
        return Some(WhyNot::NotRefused(row.verdict.clone()));
    }
    if let Some(approved_as) = &row.approved_as {
        let approval = runs.iter().find(|other| other.run == *approved_as)?.approval.as_ref();
        let by = approval.map(|approval| approval.by.clone()).unwrap_or_default();
        return Some(WhyNot::Approved { run: approved_as.clone(), by });
    }
    let same_date = runs.iter().filter(|other| other.business_date == row.business_date);
    // The runs of a tenant do not overlap.
    let mut later = same_date.filter(|other| other.current && other.started > row.started);
    if let Some(other) = later.next() {
        let date = row.business_date.parse().unwrap_or_default();
        return Some(WhyNot::Superseded { date, run: other.run.clone() });
    }
    row.reasons.iter().any(|reason| reason.limit == GateReason::FATAL).then_some(WhyNot::Fatal)
}

impl NotApprovable {
    /// What keeps it from being approved, and what to do, in both languages.
    pub fn message(&self) -> Message {
        let run = &self.run;
        let (zh, en) = match &self.why {
            WhyNot::Unknown(open) if open.is_empty() => (
                "没有这次运行的记录，也没有可放行的运行".to_owned(),
                "no such run is recorded, and there is none that could be approved".to_owned(),
            ),
            WhyNot::Unknown(open) => {
                let list = |between| {
                    let ids = open.iter().map(|run| run.0.as_str());
                    ids.take(MOST_LISTED).collect::<Vec<_>>().join(between)
                };
                (
                    format!("没有这次运行的记录；可放行的运行：{}", list("、")),
                    format!("no such run is recorded; those that can be approved: {}", list(", ")),
                )
            }
            WhyNot::NotRefused(verdict) if verdict == "published" => (
                "该运行已发布，无需放行".to_owned(),
                "it has published its delivery: there is nothing to approve".to_owned(),
            ),
            WhyNot::NotRefused(_) => (
                "该运行没有得出结论，无可放行；请重新导入".to_owned(),
                "it came to no verdict: there is nothing to approve; import again".to_owned(),
            ),
            WhyNot::Approved { run, by } => (
                format!("已由 {by} 放行（运行 {run}）；每次运行只能放行一次"),
                format!("it was approved by {by} already (run {run}); a run is approved once"),
            ),
            WhyNot::Superseded { date, run } => (
                format!("之后的运行 {run} 已发布 {date} 的数据，不能再放行"),
                format!("run {run}, which came after it, has published {date}; it cannot be approved any more"),
            ),
            WhyNot::Fatal => (
                "有致命问题，不能放行；请由提供方更正后重新导入".to_owned(),
                "it has fatal findings and cannot be approved; have the delivery corrected, and import it again"
                    .to_owned(),
            ),
            WhyNot::Gone(path) => (
                format!("归档 {} 已不存在（可能已按 [archive] keep 删除），不能放行；请重新导入", path.display()),
                format!(
                    "the archive {} is not there any more (removed by [archive] keep, perhaps), so it cannot be \
                     approved; import the delivery again",
                    path.display()
                ),
            ),
            WhyNot::OtherFiles(path) => (
                format!("归档 {} 与运行记录的 SHA-256 不符，不能放行；请重新导入", path.display()),
                format!(
                    "the archive {} is not what the run has recorded (SHA-256), so it cannot be approved; import the \
                     delivery again",
                    path.display()
                ),
            ),
        };
        Message::new(format!("运行 {run}：{zh}"), format!("run {run}: {en}"))
    }
}

/// Runs that are named at most.
const MOST_LISTED: usize = 10;
