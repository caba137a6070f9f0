//! A rule that fired: what it is, how it is mended, and its first findings with their lines.

use std::fmt;

use askama::filters::HtmlSafe;

use crate::model::{Finding, Language, Message, RuleMeta, RunReport};
use crate::report::formatting::{self, count, grouped};
use crate::report::layout::visible;
use crate::report::rule_page;
use crate::report::view::FiredRule;

use super::both::{Both, both, escaped};
use super::options::{Options, SAMPLES};
use super::tiles::age;

/// The section of a rule.
pub(super) struct RuleSection {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) level: &'static str,
    pub(super) level_text: Both,
    pub(super) summary: Option<Both>,
    pub(super) facts: Both,
    pub(super) chapters: Vec<Chapter>,
    /// How it is mended, in short: what a printed page has instead of the chapters.
    pub(super) mend: Option<Both>,
    pub(super) hints: Vec<Both>,
    pub(super) samples: Vec<Sample>,
    pub(super) shown: Both,
    /// Whether the list of all findings has more of it.
    pub(super) has_more: bool,
}

/// A part of a rule's page, in one language.
pub(super) struct Chapter {
    pub(super) language: &'static str,
    pub(super) title: String,
    pub(super) prose: Prose,
}

/// A finding with its line.
pub(super) struct Sample {
    pub(super) place: String,
    pub(super) key: String,
    pub(super) message: Both,
    pub(super) more: Option<Both>,
    pub(super) age: Option<Both>,
    pub(super) line: Option<MarkedLine>,
}

/// A delivered line, in three parts.
pub(super) struct MarkedLine {
    pub(super) before: String,
    pub(super) marked: String,
    pub(super) after: String,
}

impl RuleSection {
    pub(super) fn of(
        report: &RunReport,
        rule: &FiredRule<'_>,
        meta: Option<&RuleMeta>,
        options: &Options,
    ) -> RuleSection {
        let findings: &[Finding] = report
            .findings
            .chunk_by(|a, b| a.code == b.code)
            .find(|findings| findings.first().is_some_and(|f| f.code == rule.code))
            .unwrap_or_default();
        let shown = findings.len().min(SAMPLES) as u64;
        let mut hints: Vec<Both> = Vec::new();
        for finding in findings.iter().filter(|finding| finding.hint.is_some()) {
            let hint = options.names.finding(finding).hint.as_ref().map(Both::message);
            hints.extend(hint.filter(|hint| !hints.contains(hint)));
            if hints.len() == 3 {
                break;
            }
        }
        RuleSection {
            code: rule.code,
            name: rule.name,
            level: rule.level.name(),
            level_text: Both::of(|language| formatting::level(language, rule.level).to_owned()),
            summary: rule.summary.map(Both::message),
            facts: Both::of(|language| facts(rule, language)),
            chapters: meta.map(chapters).unwrap_or_default(),
            mend: meta.map(|meta| {
                Both::of(|language| rule_page::how_to_mend(language, meta).replace('`', ""))
            }),
            hints,
            samples: findings.iter().take(SAMPLES).map(|f| sample(report, f, options)).collect(),
            shown: both(
                format!("列出 {} 处，共 {} 处", grouped(shown), grouped(rule.total)),
                format!("{} of {} shown", grouped(shown), grouped(rule.total)),
            ),
            has_more: findings.len() > SAMPLES,
        }
    }
}

fn facts(rule: &FiredRule<'_>, language: Language) -> String {
    let mut facts = vec![count(language, rule.total, "处", "finding", "findings")];
    if rule.affected > rule.total {
        facts.push(match language {
            Language::Chinese => format!("涉及 {} 行", grouped(rule.affected)),
            Language::English => {
                count(language, rule.affected, "", "row concerned", "rows concerned")
            }
        });
    }
    let then = rule.disposition.map(|then| formatting::disposition(language, then).to_owned());
    facts.extend(then);
    facts.join(language.choose("，", "; "))
}

fn sample(report: &RunReport, finding: &Finding, options: &Options) -> Sample {
    let shown = options.names.finding(finding);
    let file = report.file(finding.feed).map_or(finding.feed.name(), |file| file.name.as_str());
    let file = visible(file);
    let line = shown.excerpt.as_ref().filter(|_| options.raw_lines).and_then(|excerpt| {
        let part = |range: std::ops::Range<usize>| excerpt.text.get(range).map(str::to_owned);
        Some(MarkedLine {
            before: part(0..excerpt.mark.start)?,
            marked: part(excerpt.mark.clone())?,
            after: part(excerpt.mark.end..excerpt.text.len())?,
        })
    });
    let rows = finding.affected.max(finding.lines.len() as u64);
    Sample {
        place: match finding.line {
            Some(line) => format!("{file}:{line}"),
            None => file.into_owned(),
        },
        key: visible(shown.key.as_deref().unwrap_or_default()).into_owned(),
        message: Both::message(&shown.message),
        more: (rows > 1 && !says(&shown.message, rows)).then(|| {
            both(
                format!("涉及 {} 行", grouped(rows)),
                count(Language::English, rows, "", "row concerned", "rows concerned"),
            )
        }),
        age: age(finding),
        line,
    }
}

/// Whether a message has a number already.
fn says(message: &Message, number: u64) -> bool {
    message.zh.contains(&number.to_string())
}

/// The parts of a rule's page: a line that begins with `##` is the title of what follows it.
fn chapters(meta: &RuleMeta) -> Vec<Chapter> {
    let of = |language: Language, tag: &'static str| {
        language.of(&meta.docs).split("## ").skip(1).map(move |part| {
            let (title, text) = part.split_once('\n').unwrap_or((part, ""));
            let (title, prose) = (title.trim().to_owned(), Prose(text.trim().to_owned()));
            Chapter { language: tag, title, prose }
        })
    };
    of(Language::Chinese, "zh-CN").chain(of(Language::English, "en")).collect()
}

/// A text in which backquotes stand round code.
pub(super) struct Prose(String);

impl fmt::Display for Prose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.split('`').enumerate() {
            let is_code = at % 2 == 1;
            f.write_str(if is_code { "<code>" } else { "" })?;
            escaped(f, part)?;
            f.write_str(if is_code { "</code>" } else { "" })?;
        }
        Ok(())
    }
}

// What it writes is escaped.
impl HtmlSafe for Prose {}
