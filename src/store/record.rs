//! What is recorded of a run: the run itself, its files, findings and quarantined lines. Nothing is deleted later.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::model::{Feed, Finding, GateReason, Message, RunReport};

/// A run, as it is to be recorded.
pub struct RunRecord<'a, 'q> {
    /// Its report.
    pub report: &'a RunReport,
    /// When it ended.
    pub finished: DateTime<Utc>,
    /// Version of the program.
    pub tool_version: &'a str,
    /// What makes each finding of the report the same in another delivery, in their order.
    pub identities: &'a [i64],
    /// The quarantined lines of all files, in the order in which they are to be stored.
    pub quarantine: Box<dyn Iterator<Item = QuarantinedLine<'q>> + 'q>,
}

impl fmt::Debug for RunRecord<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunRecord").field("run", &self.report.run).finish_non_exhaustive()
    }
}

/// A delivered line that was not published as new data.
#[derive(Debug, Clone)]
pub struct QuarantinedLine<'a> {
    /// The feed.
    pub feed: Feed,
    /// Name of the file as delivered.
    pub file: &'a str,
    /// Physical line, 1-based.
    pub line: u64,
    /// The line's bytes as delivered, without the line end.
    pub raw: &'a [u8],
    /// The line decoded, undecodable bytes replaced.
    pub text: Cow<'a, str>,
    /// Codes of the rules that put it there, sorted.
    pub rules: Cow<'a, [&'static str]>,
    /// The key of the record on the line; `None` if the line has none that can be read.
    pub key: Option<String>,
}

/// An instant as a store holds it: UTC, to the millisecond.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The reasons of a refusal, as they are recorded.
pub(super) fn reasons(reasons: &[GateReason]) -> Value {
    let of = |message: &Message| (message.zh.to_string(), message.en.to_string());
    let reasons = reasons.iter().map(|reason| {
        let (zh, en) = of(&reason.message);
        json!({ "limit": reason.limit, "zh": zh, "en": en })
    });
    reasons.collect()
}

/// The stages with their times, as they are recorded.
pub(super) fn timings(report: &RunReport) -> Value {
    let timings = report.timings.iter().map(|timing| {
        let ms = u64::try_from(timing.took.as_millis()).unwrap_or(u64::MAX);
        json!({ "stage": timing.stage, "ms": ms })
    });
    timings.collect()
}

/// Stores hold 63-bit counts; no delivered count comes near the limit.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The related lines of a finding, as they are recorded.
pub(super) fn related(finding: &Finding) -> Value {
    let related = finding.related.iter();
    related.map(|r| json!({ "feed": r.feed.name(), "line": r.line, "key": r.key })).collect()
}
