//! Where a record comes from, as text for a terminal.

mod delivered;

use std::fmt::Write as _;

use crate::model::{
    DeliveryTrace, Explanation, Level, LineFate, ListedFinding, RecordState, TraceRole, TracedLine,
    TreeEnd, TreePlace, TreeStep,
};

use super::formatting::{self, grouped};
use super::language::Language;
use super::layout::{Column, table, visible, wrap};

/// Records of a way up a tree that are shown before its top.
const SHOWN_STEPS: usize = 12;

/// Draws the explanation, at most `width` columns wide but for delivered lines. Ends with a line break.
pub fn render(explanation: &Explanation, language: Language, width: usize) -> String {
    let mut drawing = Drawing { language, width, text: String::new() };
    drawing.head(explanation);
    for delivery in &explanation.deliveries {
        // The findings are those of the date.
        let findings = match delivery.role {
            TraceRole::OfDate => explanation.findings.as_slice(),
            TraceRole::LastGood | TraceRole::LastSeen => &[],
        };
        drawing.delivery(delivery, findings);
    }
    drawing.values(explanation);
    drawing.places(&explanation.places);
    drawing.history(explanation);
    drawing.findings(explanation);
    drawing.text
}

struct Drawing {
    language: Language,
    width: usize,
    text: String,
}

impl Drawing {
    fn say(&mut self, indent: usize, text: &str) {
        for line in wrap(text, self.width.saturating_sub(indent)) {
            let _ = writeln!(self.text, "{}{line}", " ".repeat(indent));
        }
    }

    fn title(&mut self, zh: &str, en: &str) {
        let title = self.language.choose(zh, en);
        let _ = writeln!(self.text, "\n{title}");
    }

    fn head(&mut self, explanation: &Explanation) {
        let id = visible(&explanation.id);
        let date = explanation.date;
        let feed = match self.language {
            Language::Chinese => explanation.feed.title_zh(),
            Language::English => explanation.feed.name(),
        };
        let text = self.language.choose(
            format!("{feed} {id}，{date} 的快照"),
            format!("{feed} {id}, in the snapshot of {date}"),
        );
        self.say(0, &text);
        let state = match (explanation.state, self.language) {
            (RecordState::Published { since }, Language::Chinese) => {
                format!("已发布：与提供的一致，自 {since} 起未变")
            }
            (RecordState::Published { since }, Language::English) => {
                format!("published as delivered, unchanged since {since}")
            }
            (RecordState::Carried { since }, Language::Chinese) => {
                format!("沿用：自 {since} 起提供的行不合格，沿用此前最后一个合格版本")
            }
            (RecordState::Carried { since }, Language::English) => {
                format!("carried: since {since} bad rows have been delivered, and the last good version is published")
            }
            (RecordState::Quarantined, Language::Chinese) => {
                "隔离：提供的行不合格，此前也没有合格版本，快照中没有这条记录".to_owned()
            }
            (RecordState::Quarantined, Language::English) => {
                "quarantined: only bad rows were delivered and there is no good version, so the snapshot does not have it"
                    .to_owned()
            }
            (RecordState::Absent { since: Some(since) }, Language::Chinese) => {
                format!("快照中没有：自 {since} 起不再提供")
            }
            (RecordState::Absent { since: Some(since) }, Language::English) => {
                format!("not in the snapshot: not delivered any more since {since}")
            }
            (RecordState::Absent { since: None }, Language::Chinese) => {
                "快照中没有：该日尚未发布过这条记录".to_owned()
            }
            (RecordState::Absent { since: None }, Language::English) => {
                "not in the snapshot: it was never published up to that date".to_owned()
            }
        };
        self.say(2, &state);
    }

    /// The values of the snapshot, where no delivered line shows them.
    fn values(&mut self, explanation: &Explanation) {
        let shown = |delivery: &DeliveryTrace| {
            let published =
                |line: &TracedLine| line.fate == LineFate::Published && !line.fields.is_empty();
            delivery.lines.iter().any(published)
        };
        if explanation.values.is_empty() || explanation.deliveries.iter().any(shown) {
            return;
        }
        self.title("快照中的值", "the values of the snapshot");
        let language = self.language;
        let header = language.choose(["列", "名称", "值"], ["column", "title", "value"]);
        let row = |value: &crate::model::ColumnValue| {
            let text = visible(value.value.as_deref().unwrap_or_default()).into_owned();
            vec![value.column.clone(), language.of(&value.title).to_owned(), text]
        };
        let rows: Vec<Vec<String>> = explanation.values.iter().map(row).collect();
        self.text.push_str(&table(&[Column::Text; 3], &header, &rows, 2, self.width));
    }

    fn places(&mut self, places: &[TreePlace]) {
        if places.is_empty() {
            return;
        }
        self.title("在各棵树中的位置（由近及远）", "its places in the trees, nearest first");
        for place in places {
            let title = self.language.of(&place.title).to_owned();
            let by = place.by.as_ref().map(|(_, by)| match self.language {
                Language::Chinese => format!("（按{}）", by.zh),
                Language::English => format!(" (by {})", by.en),
            });
            let text = format!("{title}{}  {}", by.unwrap_or_default(), self.way(place));
            self.say(2, &text);
        }
    }

    fn way(&self, place: &TreePlace) -> String {
        let language = self.language;
        let step = |step: &TreeStep| match &step.name {
            Some(name) => format!("{} {}", visible(&step.id), visible(name)),
            None => visible(&step.id).into_owned(),
        };
        let mut parts: Vec<String> = place.above.iter().take(SHOWN_STEPS).map(step).collect();
        if let Some(last) = place.above.get(SHOWN_STEPS..).and_then(<[TreeStep]>::last) {
            let between = place.above.len() - SHOWN_STEPS - 1;
            if between > 0 {
                let between = grouped(between as u64);
                parts.push(
                    language
                        .choose(format!("... {between} 级 ..."), format!("... {between} more ...")),
                );
            }
            parts.push(step(last));
        }
        let end = match &place.end {
            TreeEnd::Top if place.above.is_empty() => {
                language.choose("顶层", "it is a top").to_owned()
            }
            TreeEnd::Top => language.choose("（顶层）", "(top)").to_owned(),
            TreeEnd::UnknownParent(id) => {
                let id = visible(id);
                language.choose(
                    format!("（快照中没有 {id}）"),
                    format!("({id} is not in the snapshot)"),
                )
            }
            TreeEnd::Cycle => language
                .choose("（成环，树在此断开）", "(a cycle; the tree begins anew here)")
                .to_owned(),
            TreeEnd::Cut => language.choose("（以上未显示）", "(more above)").to_owned(),
        };
        format!("{}{}{end}", parts.join(" > "), if parts.is_empty() { "" } else { " " })
    }

    fn history(&mut self, explanation: &Explanation) {
        if explanation.versions.is_empty() {
            return;
        }
        self.title("历史", "history");
        let language = self.language;
        let mut until = None;
        for version in &explanation.versions {
            let from = version.from;
            if let Some(gone) = until.filter(|gone| *gone < from) {
                self.say(
                    2,
                    &language.choose(
                        format!("{gone}  快照中没有，直到 {from}"),
                        format!("{gone}  not in the snapshot until {from}"),
                    ),
                );
            }
            let what = match (version.changes.is_empty(), until) {
                (true, None) => {
                    language.choose("首次发布", "published for the first time").to_owned()
                }
                (true, Some(_)) => {
                    language.choose("再次发布，内容未变", "published again, unchanged").to_owned()
                }
                (false, _) => {
                    let change = |change: &crate::model::ValueChange| {
                        let empty = language.choose("（空）", "(none)");
                        let text = |text: &Option<String>| {
                            text.as_deref()
                                .map_or_else(|| empty.to_owned(), |text| visible(text).into_owned())
                        };
                        let (from, to) = (text(&change.from), text(&change.to));
                        format!("{} {from} -> {to}", language.of(&change.title))
                    };
                    let changes: Vec<String> = version.changes.iter().map(change).collect();
                    changes.join(language.choose("；", "; "))
                }
            };
            self.say(2, &format!("{from}  {what}"));
            until = version.to;
        }
        if let Some(gone) = until {
            self.say(
                2,
                &language.choose(
                    format!("{gone}  快照中不再有"),
                    format!("{gone}  no longer in the snapshot"),
                ),
            );
        }
        for (from, to) in &explanation.carried {
            self.say(
                2,
                &match to {
                    Some(to) => language.choose(
                        format!("{from} 至 {to}（不含）沿用最后一个合格版本"),
                        format!("{from} until {to}: the last good version was carried"),
                    ),
                    None => language.choose(
                        format!("{from} 起沿用最后一个合格版本"),
                        format!("since {from}: the last good version is carried"),
                    ),
                },
            );
        }
    }

    fn findings(&mut self, explanation: &Explanation) {
        let language = self.language;
        self.title("问题", "findings");
        if explanation.findings.is_empty() {
            let date = explanation.date;
            self.say(2, &language.choose(format!("{date} 没有问题"), format!("none on {date}")));
        }
        for finding in &explanation.findings {
            let age = match (&finding.first_seen, finding.deliveries) {
                (Some(_), Some(1)) => language.choose("新出现", "new").to_owned(),
                (Some(first), Some(deliveries)) => {
                    let deliveries = grouped(deliveries);
                    language.choose(
                        format!("自 {first} 起连续 {deliveries} 个批次"),
                        format!("since {first}, {deliveries} deliveries"),
                    )
                }
                _ => language.choose("起始日不详", "since when is not known").to_owned(),
            };
            let text = self.finding(finding, &age);
            self.say(2, &text);
        }
        if explanation.earlier_findings.is_empty() {
            return;
        }
        self.title("以前的问题", "findings before");
        for (last, finding) in &explanation.earlier_findings {
            let first = finding.first_seen.clone().unwrap_or_else(|| "?".to_owned());
            let deliveries = grouped(finding.deliveries.unwrap_or(1));
            let age = language.choose(
                format!("{first} 至 {last}，连续 {deliveries} 个批次"),
                format!("{first} to {last}, deliveries: {deliveries}"),
            );
            let text = self.finding(finding, &age);
            self.say(2, &text);
        }
    }

    fn finding(&self, finding: &ListedFinding, age: &str) -> String {
        let language = self.language;
        let level = Level::from_name(&finding.level)
            .map_or(finding.level.as_str(), |level| formatting::level(language, level));
        let message = visible(language.of(&finding.message));
        let line = finding.line.map(|line| {
            language
                .choose(format!("第 {} 行，", grouped(line)), format!("line {}, ", grouped(line)))
        });
        let (code, line) = (&finding.code, line.unwrap_or_default());
        language.choose(
            format!("{level}[{code}] {line}{age}：{message}"),
            format!("{level}[{code}] {line}{age}: {message}"),
        )
    }
}
