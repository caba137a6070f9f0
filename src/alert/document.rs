//! An alert as it is kept, and as programs get it; its JSON Schema is `schemas/alert.schema.json`.
//!
//! What the document says is a promise to other programs: a key may be added, none changes its meaning or goes
//! away without a new `version`. It holds keys, codes, counts and names of organisations, and no names of agents.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::model::{Cause, Language, Message};
use crate::report::visible;

use super::event::{RunFacts, TopFinding};
use super::open_conditions::AlertDecision;
use super::{AlertKind, EventKind, RunEvent};

/// The JSON Schema (2020-12) of the document.
pub const SCHEMA: &str = include_str!("../../schemas/alert.schema.json");

/// The version of the document.
const VERSION: u32 = 1;
/// Number of rules and of reasons in an alert; the report has them all.
const MOST_LISTED: usize = 20;
/// Number of characters of a text in an alert.
const LONGEST_TEXT: usize = 600;
/// Number of characters of the insurer's name in a title.
const LONGEST_NAME: usize = 60;

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The version of the document.
    pub version: u32,
    /// What made it.
    pub tool: Tool,
    /// Its id: the same whenever and wherever it is sent, so that a receiver can tell a repetition.
    pub id: String,
    /// What it is about.
    #[serde(with = "kind_by_name")]
    pub kind: AlertKind,
    /// The tenant.
    pub tenant: String,
    /// The insurer's name, where the job gives it.
    pub insurer: Option<String>,
    /// Business date of the delivery, `YYYY-MM-DD`.
    pub business_date: String,
    /// When it happened, UTC, RFC 3339.
    pub at: String,
    /// One line that says it.
    pub title: Text,
    /// Of a failed run `source`, `setup` or `internal`; `job-file` where that is broken or repaired; `members` where it is about
    /// the members of WeCom; `session-archive` where it is about the session archive.
    pub cause: Option<String>,
    /// Why, in words: the gate's reasons, the error, what is wrong with the job file.
    pub reasons: Vec<Text>,
    /// What explains the findings, the gravest causes; at most three.
    #[serde(default)]
    pub causes: Vec<CauseOfFindings>,
    /// Number of causes, also of those that are not listed.
    #[serde(default)]
    pub all_causes: u64,
    /// Rules that fired, worst first; at most 20.
    pub findings: Vec<RuleCount>,
    /// Number of rules that fired, also of those that are not listed.
    pub rules_fired: u64,
    /// Rows accepted, of a run that came so far.
    pub rows: Option<u64>,
    /// Lines quarantined, of a run that came so far.
    pub quarantined: Option<u64>,
    /// Business date of the snapshot that is in use.
    pub snapshot_date: Option<String>,
    /// Since when the files are waited for, and until when; only if late.
    pub waiting: Option<Waiting>,
    /// Conditions that are over, by business date; only if recovered.
    pub ended: Vec<Ended>,
    /// The run's id.
    pub run: Option<String>,
    /// Where the report lies.
    pub report: Option<String>,
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// The program that made a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `orgsnap`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What explains some of the findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseOfFindings {
    /// What kind of event, such as `missing-record`.
    pub kind: String,
    /// `fatal`, `error`, `warning` or `info`.
    pub level: String,
    /// What happened, and whom it concerns.
    pub what: Text,
    /// What to do.
    pub action: Text,
    /// Agents concerned.
    pub people: u64,
    /// Number of findings that it explains.
    pub findings: u64,
}

/// A rule that fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCount {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it means.
    pub summary: Text,
    /// `fatal`, `error`, `warning` or `info`.
    pub level: String,
    /// True number of findings.
    pub count: u64,
}

/// A wait for files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Since when, in the job's time zone, RFC 3339.
    pub since: String,
    /// Until when, if there is an end.
    pub until: Option<String>,
}

/// A condition that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its business date.
    pub business_date: String,
    /// What it was.
    #[serde(with = "kind_by_name")]
    pub kind: AlertKind,
}

impl Alert {
    /// The alert of an event. Times of waiting are given in the job's time zone.
    pub(super) fn new(
        event: &RunEvent,
        decision: &AlertDecision,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Alert {
        let date = event.business_date.to_string();
        let tenant = &event.tenant;
        let at = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let kind = decision.kind.name();
        let salt = xxh3_64(format!("{tenant}\n{date}\n{kind}\n{}\n{at}", decision.why).as_bytes());
        let id = format!("{tenant}-{date}-{kind}-{:08x}", salt >> 32);
        let title = title(event, decision.kind);
        let ended = decision
            .ended
            .iter()
            .map(|(date, kind)| Ended { business_date: date.to_string(), kind: *kind });
        let mut alert = Alert {
            ended: ended.collect(),
            ..Alert::without_facts(
                id,
                decision.kind,
                (tenant, event.insurer.as_deref()),
                date,
                at,
                title,
            )
        };
        alert.fill(&event.what, zone);
        alert
    }

    /// An alert that tells nothing: it shows that a channel works, and has a kind of its own.
    pub fn of_test(
        tenant: &str,
        insurer: Option<&str>,
        date: NaiveDate,
        now: DateTime<Utc>,
    ) -> Alert {
        let at = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (who_zh, who_en) = who(tenant, insurer);
        let id = format!("{tenant}-{date}-test-{:08x}", xxh3_64(at.as_bytes()) >> 32);
        let title = Text {
            zh: format!("{who_zh}测试告警，无需处理"),
            en: format!("{who_en}: a test alert, nothing to be done"),
        };
        let reason = Text {
            zh: "由 orgsnap doctor --send-test-alert 发出，用于验证此告警渠道".to_owned(),
            en: "sent by orgsnap doctor --send-test-alert to try this channel".to_owned(),
        };
        let (kind, of) = (AlertKind::Test, (tenant, insurer));
        let alert = Alert::without_facts(id, kind, of, date.to_string(), at, title);
        Alert { reasons: vec![reason], ..alert }
    }

    fn without_facts(
        id: String,
        kind: AlertKind,
        (tenant, insurer): (&str, Option<&str>),
        business_date: String,
        at: String,
        title: Text,
    ) -> Alert {
        Alert {
            version: VERSION,
            tool: Tool::this(),
            id,
            kind,
            tenant: tenant.to_owned(),
            insurer: insurer.map(str::to_owned),
            business_date,
            at,
            title,
            cause: None,
            reasons: Vec::new(),
            causes: Vec::new(),
            all_causes: 0,
            findings: Vec::new(),
            rules_fired: 0,
            rows: None,
            quarantined: None,
            snapshot_date: None,
            waiting: None,
            ended: Vec::new(),
            run: None,
            report: None,
        }
    }

    fn fill(&mut self, what: &EventKind, zone: Tz) {
        match what {
            EventKind::Published(facts) => {
                self.of_run(facts);
                // An older date may be published; texts of this form compare as dates do.
                let in_use = facts.snapshot_date.map(|date| date.to_string());
                self.snapshot_date = in_use.max(Some(self.business_date.clone()));
            }
            EventKind::Refused(facts) => {
                self.of_run(facts);
                self.snapshot_date = facts.snapshot_date.map(|date| date.to_string());
            }
            EventKind::Failed { cause, message, run } => {
                self.cause = Some(cause.name().to_owned());
                self.reasons = vec![text(message)];
                self.run = run.as_ref().map(|run| run.0.clone());
            }
            EventKind::Late { since, until, message } => {
                let instant = |at: &DateTime<Utc>| {
                    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
                };
                self.reasons = vec![text(message)];
                self.waiting =
                    Some(Waiting { since: instant(since), until: until.as_ref().map(instant) });
            }
            EventKind::JobFileBroken { message } => {
                self.cause = Some("job-file".to_owned());
                self.reasons = vec![text(message)];
            }
            EventKind::JobFileRead => self.cause = Some("job-file".to_owned()),
            EventKind::MembersUnchecked { message } => {
                self.cause = Some("members".to_owned());
                self.reasons = vec![text(message)];
            }
            EventKind::MembersChecked => self.cause = Some("members".to_owned()),
            EventKind::MembersDiffer { differences } => {
                self.cause = Some("members".to_owned());
                self.reasons = differences.iter().take(MOST_LISTED).map(text).collect();
            }
            EventKind::ArchiveFailing { message, .. }
            | EventKind::ArchiveUndecrypted { message }
            | EventKind::ArchiveGap { message } => {
                self.cause = Some("session-archive".to_owned());
                self.reasons = vec![text(message)];
            }
            EventKind::ArchivePulled | EventKind::ArchiveDecrypted => {
                self.cause = Some("session-archive".to_owned());
            }
        }
    }

    fn of_run(&mut self, facts: &RunFacts) {
        self.reasons = facts.reasons.iter().take(MOST_LISTED).map(|r| text(&r.message)).collect();
        self.findings = facts.findings.iter().take(MOST_LISTED).map(rule_count).collect();
        self.causes = facts.causes.iter().map(cause_of_findings).collect();
        self.all_causes = facts.all_causes;
        self.rules_fired = facts.findings.len() as u64;
        self.rows = Some(facts.rows);
        self.quarantined = Some(facts.quarantined);
        self.run = Some(facts.run.0.clone());
        self.report = facts.report.as_ref().map(|path| path.display().to_string());
    }
}

impl Tool {
    fn this() -> Tool {
        Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl Text {
    /// The text in a language.
    pub fn of(&self, language: Language) -> &str {
        language.choose(&self.zh, &self.en)
    }
}

fn title(event: &RunEvent, kind: AlertKind) -> Text {
    let (tenant, date) = (&event.tenant, event.business_date);
    let (zh, en) = match (&event.what, kind) {
        (EventKind::JobFileBroken { .. }, _) => (
            "任务文件有误，沿用上一个有效版本",
            "the job file is broken, its last good version stays in use",
        ),
        (EventKind::JobFileRead, _) => ("任务文件已恢复正常", "the job file is in order again"),
        (EventKind::MembersUnchecked { .. }, _) => {
            ("企业微信成员核对未完成", "WeCom's members could not be compared with the roster")
        }
        (EventKind::MembersChecked, _) => {
            ("企业微信成员核对已恢复", "WeCom's members are compared with the roster again")
        }
        (EventKind::MembersDiffer { .. }, _) | (_, AlertKind::Members) => (
            "企业微信成员与代理人有新的差异",
            "WeCom's members differ from the roster in a new way",
        ),
        (EventKind::ArchiveFailing { .. }, _) => {
            ("会话内容存档拉取异常", "the session archive cannot be pulled or decrypted")
        }
        (EventKind::ArchivePulled, _) => {
            ("会话内容存档已恢复", "the session archive is pulled and decrypted again")
        }
        (EventKind::ArchiveUndecrypted { .. }, _) => {
            ("会话内容存档有消息未能解密", "messages of the session archive could not be decrypted")
        }
        (EventKind::ArchiveDecrypted, _) => (
            "会话内容存档不再有未能解密的消息",
            "no message of the session archive is left undecrypted",
        ),
        (EventKind::ArchiveGap { .. }, _) => {
            ("会话内容存档有缺口", "the session archive has a gap")
        }
        (_, AlertKind::Refused) => ("未发布", "not published"),
        (_, AlertKind::Failed) => ("运行未完成", "the run failed"),
        (_, AlertKind::Late) => ("文件未到", "the files are late"),
        (_, AlertKind::Recovered) => ("已恢复发布", "published again"),
        (_, AlertKind::Test) => ("测试告警，无需处理", "a test alert, nothing to be done"),
    };
    let (who_zh, who_en) = who(tenant, event.insurer.as_deref());
    Text { zh: format!("{who_zh}{date} {zh}"), en: format!("{who_en} {date}: {en}") }
}

/// The insurer in a title, in Chinese and in English.
fn who(tenant: &str, insurer: Option<&str>) -> (String, String) {
    match insurer {
        Some(insurer) => {
            let insurer: String = visible(insurer).chars().take(LONGEST_NAME).collect();
            (format!("{insurer}（{tenant}）"), format!("{insurer} ({tenant})"))
        }
        None => (format!("{tenant} "), tenant.to_owned()),
    }
}

fn cause_of_findings(cause: &Cause) -> CauseOfFindings {
    CauseOfFindings {
        kind: cause.kind.name().to_owned(),
        level: cause.level.name().to_owned(),
        what: text(&cause.what),
        action: text(&cause.action),
        people: cause.people,
        findings: cause.findings,
    }
}

fn rule_count(finding: &TopFinding) -> RuleCount {
    RuleCount {
        code: finding.code.to_owned(),
        name: finding.name.to_owned(),
        summary: text(&finding.summary),
        level: finding.level.name().to_owned(),
        count: finding.count,
    }
}

/// A message as it may be passed on: what a server said may be in it, and must steer nothing.
fn text(message: &Message) -> Text {
    let fit = |text: &str| {
        let shown: Cow<'_, str> = visible(text);
        match shown.char_indices().nth(LONGEST_TEXT) {
            Some((end, _)) => format!("{}...", &shown[..end]),
            None => shown.into_owned(),
        }
    };
    Text { zh: fit(&message.zh), en: fit(&message.en) }
}

mod kind_by_name {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::AlertKind;

    pub(super) fn serialize<S: Serializer>(kind: &AlertKind, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(kind.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<AlertKind, D::Error> {
        let name = String::deserialize(from)?;
        AlertKind::from_name(&name).ok_or_else(|| D::Error::custom("no kind of alert"))
    }
}
