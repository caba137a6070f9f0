//! The gate: findings and the snapshot before become a verdict. Pure, and the sole maker of [`Approved`].

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::config::job::GateLimits;
use crate::model::{Disposition, Feed, FileFacts, Finding, GateReason, Level, Message};

/// The proof that the gate said yes. Committing takes one, and nothing else can make it.
#[derive(Debug)]
pub struct Approved {
    // Private: only `judge` fills it.
    waived: Vec<GateReason>,
}

impl Approved {
    /// The limits that are broken and were waived.
    pub fn waived(&self) -> &[GateReason] {
        &self.waived
    }
}

/// Whether limits hold. Fatal findings refuse a delivery in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// A broken limit refuses the delivery.
    Hold,
    /// Somebody who answers for it has waived them, or had, when the delivery was published that is read again.
    Waived,
}

#[cfg(test)]
impl Approved {
    /// A proof for tests of what comes after the gate.
    pub(crate) fn for_tests() -> Approved {
        Approved { waived: Vec::new() }
    }
}

/// Rows that must be gone before a share of them counts: a small table moves by large shares.
const VANISHED_ROWS: u64 = 50;
/// The same within one level-2 organ, in agents.
const VANISHED_AGENTS: u64 = 50;

/// All that the gate looks at.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What the rules found.
    pub findings: &'a [Finding],
    /// True number of findings by code.
    pub totals: &'a BTreeMap<&'static str, u64>,
    /// What became of the delivered lines.
    pub files: &'a [FileFacts],
    /// The edges of every forest.
    pub edges: &'a [Edges<'a>],
    /// What the snapshot before had and this delivery has not; empty without a snapshot before.
    pub vanished: &'a [Vanished],
    /// Agents gone by level-2 organ of the snapshot before.
    pub branches: &'a [Branch<'a>],
    /// The date of the snapshot before, where it is not the newest snapshot.
    pub before: Option<NaiveDate>,
}

impl Facts<'_> {
    /// The words for the snapshot that rows are gone since: in Chinese, and in English.
    fn since(&self) -> (String, String) {
        match self.before {
            None => ("上次".to_owned(), "the last snapshot".to_owned()),
            Some(date) => (format!("此前快照（{date}）"), format!("the snapshot before ({date})")),
        }
    }
}

/// The edges of one forest.
#[derive(Debug, Clone, Copy)]
pub struct Edges<'a> {
    /// The forest's name.
    pub forest: &'a str,
    /// Its title.
    pub title: &'a Message,
    /// Edges that accepted rows deliver.
    pub delivered: u64,
    /// Edges that were detached.
    pub detached: u64,
}

/// Rows of one feed that are gone.
#[derive(Debug, Clone, Copy)]
pub struct Vanished {
    /// The feed.
    pub feed: Feed,
    /// Rows in the snapshot before.
    pub before: u64,
    /// Those of them that are gone.
    pub gone: u64,
    /// Whether they are known to be the last rows of the file from which that snapshot was made.
    pub at_end: bool,
}

impl Vanished {
    /// Whether more rows are gone than may be.
    pub fn is_over(&self, limits: &GateLimits) -> bool {
        self.gone > VANISHED_ROWS && self.gone as f64 > self.before as f64 * limits.max_vanished
    }
}

/// Agents of one level-2 organ that are gone.
#[derive(Debug, Clone, Copy)]
pub struct Branch<'a> {
    /// The organ's id.
    pub organ: &'a str,
    /// Its agents in the snapshot before.
    pub before: u64,
    /// Those of them that are gone.
    pub gone: u64,
}

/// Judges a delivery.
///
/// # Errors
/// The reasons why it must not be published, one a limit that is broken; never empty.
pub fn judge(
    facts: &Facts<'_>,
    limits: &GateLimits,
    hold: Limits,
) -> Result<Approved, Vec<GateReason>> {
    let mut reasons = Vec::new();
    fatal(facts, &mut reasons);
    for file in facts.files {
        let all = file.rows + file.quarantined + file.repeated;
        let name = &file.name;
        let parts = Parts { part: file.quarantined, all, limit: limits.max_quarantined };
        parts.judge("quarantined", "max_quarantined", &mut reasons, || {
            (format!("{name} 被隔离的行"), format!("quarantined lines of {name}"))
        });
    }
    for edges in facts.edges {
        let (name, title) = (edges.forest, &edges.title.zh);
        let parts =
            Parts { part: edges.detached, all: edges.delivered, limit: limits.max_detached };
        parts.judge("detached", "max_detached", &mut reasons, || {
            (format!("{title}中断开的上级关系"), format!("detached edges of the {name} forest"))
        });
    }
    vanished(facts, limits, &mut reasons);
    let is_fatal = |reason: &GateReason| reason.limit == GateReason::FATAL;
    match hold {
        Limits::Hold if reasons.is_empty() => Ok(Approved { waived: reasons }),
        Limits::Waived if !reasons.iter().any(is_fatal) => Ok(Approved { waived: reasons }),
        Limits::Hold | Limits::Waived => Err(reasons),
    }
}

fn fatal(facts: &Facts<'_>, reasons: &mut Vec<GateReason>) {
    let refuses = |f: &&Finding| {
        f.level == Level::Fatal
            || (f.disposition == Disposition::Refuse
                && f.level > Level::Off
                && f.code.starts_with('F'))
    };
    let found: Vec<&Finding> = facts.findings.iter().filter(refuses).collect();
    // Findings come sorted by code.
    for of_rule in found.chunk_by(|a, b| a.code == b.code) {
        let (code, name) = (of_rule[0].code, of_rule[0].name);
        let count = facts.totals.get(code).copied().unwrap_or(0);
        let concerned = |file: &&FileFacts| of_rule.iter().any(|f| f.feed == file.feed);
        let files: Vec<&str> =
            facts.files.iter().filter(concerned).map(|file| file.name.as_str()).collect();
        let (zh, en) = match files[..] {
            [] => (String::new(), String::new()),
            _ => (format!("（{}）", files.join("、")), format!(" ({})", files.join(", "))),
        };
        reasons.push(GateReason {
            limit: GateReason::FATAL,
            message: Message::new(
                format!("{code} {name}{zh}：{count} 处致命问题"),
                format!("{count} fatal finding(s) of {code} {name}{en}"),
            ),
        });
    }
}

fn vanished(facts: &Facts<'_>, limits: &GateLimits, reasons: &mut Vec<GateReason>) {
    let at_end = |feed: Feed| facts.vanished.iter().find(|v| v.feed == feed && v.at_end);
    let mut cut_off = at_end(Feed::Agent);
    let (since_zh, since_en) = facts.since();
    for feed in facts.vanished.iter().filter(|v| v.is_over(limits)) {
        let before = reasons.len();
        let (name, title) = (feed.feed.name(), feed.feed.title_zh());
        let parts = Parts { part: feed.gone, all: feed.before, limit: limits.max_vanished };
        parts.judge("vanished", "max_vanished", reasons, || {
            (format!("{title}较{since_zh}减少的行"), format!("{name} rows gone since {since_en}"))
        });
        if reasons.len() > before {
            note_cut_off(at_end(feed.feed), reasons);
            cut_off = cut_off.filter(|agents| agents.feed != feed.feed);
        }
    }
    for branch in facts.branches.iter().filter(|b| b.gone > VANISHED_AGENTS) {
        let before = reasons.len();
        let organ = branch.organ;
        let parts =
            Parts { part: branch.gone, all: branch.before, limit: limits.max_vanished_in_organ };
        parts.judge("vanished-in-organ", "max_vanished_in_organ", reasons, || {
            (
                format!("二级机构 {organ} 较{since_zh}减少的代理人"),
                format!("agents of level-2 organ {organ} gone since {since_en}"),
            )
        });
        if reasons.len() > before {
            note_cut_off(cut_off.take(), reasons);
        }
    }
}

/// Says in the newest reason that the missing rows are the end of the former file.
fn note_cut_off(at_end: Option<&Vanished>, reasons: &mut [GateReason]) {
    let (Some(Vanished { feed, gone, .. }), Some(reason)) = (at_end, reasons.last_mut()) else {
        return;
    };
    let title = feed.title_zh();
    let Message { zh, en } = &reason.message;
    let things = match feed {
        Feed::Agent => "agents",
        Feed::Node => "teams",
        Feed::Organ => "organisations",
        Feed::Principal => "members of staff",
    };
    reason.message = Message::new(
        format!("{zh}；减少的 {gone} 个{title}恰为上一批次文件末尾的 {gone} 个，文件可能被截断"),
        format!(
            "{en}; the {gone} missing {things} are the last {gone} of the former file: the file may have been cut off"
        ),
    );
}

/// A part of a whole against the share that is allowed.
struct Parts {
    part: u64,
    all: u64,
    limit: f64,
}

impl Parts {
    fn judge(
        &self,
        limit: &'static str,
        key: &str,
        reasons: &mut Vec<GateReason>,
        what: impl FnOnce() -> (String, String),
    ) {
        let Parts { part, all, limit: share } = *self;
        if part == 0 || part as f64 <= all as f64 * share {
            return;
        }
        let (zh, en) = what();
        let measured = 100.0 * part as f64 / all.max(part) as f64;
        // As it is written in a job: a share is stored as a fraction of 1, which few percentages are to the last digit.
        let allowed = (100.0 * share * 1e9).round() / 1e9;
        reasons.push(GateReason {
            limit,
            message: Message::new(
                format!("{zh}：{part} / {all}（{measured:.2}%），超过上限 {allowed}%（{key}）"),
                format!(
                    "{en}: {part} of {all} ({measured:.2}%), over the limit of {allowed}% ({key})"
                ),
            ),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: u64, quarantined: u64) -> FileFacts {
        FileFacts {
            feed: Feed::Agent,
            name: "temp_agent.txt".into(),
            sha256: None,
            size: 0,
            mtime: None,
            encoding: None,
            delimiter: None,
            header: None,
            lines: rows + quarantined,
            rows,
            quarantined,
            repeated: 0,
            header_lines: 0,
            blank: 0,
            other: 0,
            quotes: None,
            previous_rows: None,
        }
    }

    fn limits_broken(
        file: FileFacts,
        edges: (u64, u64),
        vanished: (u64, u64),
        branch: (u64, u64),
    ) -> Vec<&'static str> {
        let title = Message::fixed("增员树", "recruitment");
        let facts = Facts {
            findings: &[],
            totals: &BTreeMap::new(),
            files: &[file],
            edges: &[Edges {
                forest: "recruit",
                title: &title,
                delivered: edges.0,
                detached: edges.1,
            }],
            vanished: &[Vanished {
                feed: Feed::Agent,
                before: vanished.0,
                gone: vanished.1,
                at_end: false,
            }],
            branches: &[Branch { organ: "8601", before: branch.0, gone: branch.1 }],
            before: None,
        };
        match judge(&facts, &GateLimits::default(), Limits::Hold) {
            Ok(Approved { .. }) => Vec::new(),
            Err(reasons) => reasons.into_iter().map(|r| r.limit).collect(),
        }
    }

    #[test]
    fn a_limit_is_printed_as_it_was_configured() {
        for percent in ["7", "0.1", "2.5", "33.333", "0.07", "14.29"] {
            let share = percent.parse::<f64>().unwrap() / 100.0;
            let mut reasons = Vec::new();
            let parts = Parts { part: 9, all: 10, limit: share };
            parts.judge("vanished", "max_vanished", &mut reasons, Default::default);
            let en = &reasons[0].message.en;
            assert!(en.contains(&format!("the limit of {percent}% ")), "{en}");
        }
    }

    #[test]
    fn a_gate_limit_refuses_above_its_value_and_not_at_it() {
        let none = (0, 0);
        let cases = [
            ((99, 1), none, none, none, vec![]),
            ((98, 2), none, none, none, vec!["quarantined"]),
            ((0, 1), none, none, none, vec!["quarantined"]),
            ((10, 0), (100, 1), none, none, vec![]),
            ((10, 0), (100, 2), none, none, vec!["detached"]),
            ((10, 0), none, (100, 50), none, vec![]),
            ((10, 0), none, (100, 51), none, vec!["vanished"]),
            ((10, 0), none, (2000, 100), none, vec![]),
            ((10, 0), none, (2000, 101), none, vec!["vanished"]),
            ((10, 0), none, none, (100, 50), vec![]),
            ((10, 0), none, none, (1000, 300), vec![]),
            ((10, 0), none, none, (1000, 301), vec!["vanished-in-organ"]),
        ];
        for ((rows, quarantined), edges, vanished, branch, expected) in cases {
            assert_eq!(limits_broken(file(rows, quarantined), edges, vanished, branch), expected);
        }
    }
}
