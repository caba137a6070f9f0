//! The upper part of the report: whose delivery it is, how the stages went, what came and what changed.

use crate::model::{Feed, Verdict};
use crate::report::formatting::{self, count, grouped};
use crate::report::language::Language;
use crate::report::layout::{Column, visible};
use crate::report::view::{Stage, was_read};

use super::Drawing;

impl Drawing<'_> {
    pub(super) fn header(&mut self) {
        let report = self.view.report;
        let who = match &report.tenant_name {
            Some(name) => format!("{} ({})", visible(name), report.tenant),
            None => report.tenant.clone(),
        };
        let date = report.business_date;
        let text = match self.language() {
            Language::Chinese => format!("{who}  业务日期 {date}  运行 {}", report.run),
            Language::English => format!("{who}  business date {date}  run {}", report.run),
        };
        self.paragraph(0, &text);
    }

    pub(super) fn stages(&mut self) {
        let rows: Vec<Vec<String>> = self
            .view
            .stages
            .iter()
            .map(|stage| {
                let language = self.language();
                let state = match (stage.timing.stage, stage.complete) {
                    (_, true) => language.choose("正常", "ok"),
                    ("publish", false) => language.choose("未发布", "withheld"),
                    (_, false) => language.choose("部分", "partial"),
                };
                vec![
                    formatting::stage(language, stage.timing.stage).to_owned(),
                    state.to_owned(),
                    self.stage_facts(stage),
                    formatting::duration(stage.timing.took),
                ]
            })
            .collect();
        self.table(&[Column::Text, Column::Text, Column::Text, Column::Number], &[], &rows);
    }

    fn stage_facts(&self, stage: &Stage<'_>) -> String {
        let language = self.language();
        let report = self.view.report;
        match stage.timing.stage {
            "fetch" => {
                let there = report.files.iter().filter(|f| was_read(f));
                let (files, bytes) = there.fold((0, 0), |(n, sum), f| (n + 1, sum + f.size));
                let size = formatting::size(bytes);
                let mut text = match language {
                    Language::Chinese => format!("{files} 个文件，{size}"),
                    Language::English => {
                        format!("{}, {size}", count(language, files, "", "file", "files"))
                    }
                };
                let missing: Vec<&str> =
                    report.files.iter().filter(|f| !was_read(f)).map(|f| f.name.as_str()).collect();
                if !missing.is_empty() {
                    let names = visible(&missing.join(", ")).into_owned();
                    text.push_str(&match language {
                        Language::Chinese => format!("；未读到 {names}"),
                        Language::English => format!("; without {names}"),
                    });
                }
                text
            }
            "parse" => self.layouts(),
            "check" => {
                let run = report.rules_run.len();
                let all = run + report.rules_not_run.len();
                match language {
                    Language::Chinese => format!("{all} 项规则，完成 {run} 项"),
                    Language::English => format!("{run} of {all} rules run"),
                }
            }
            "publish" if report.verdict == Verdict::Published => {
                let written: u64 =
                    report.changes.values().map(|c| c.added + c.changed + c.removed).sum();
                match language {
                    Language::Chinese => format!("写入 {} 行变更", grouped(written)),
                    Language::English => {
                        count(language, written, "", "row changed", "rows changed")
                    }
                }
            }
            _ => String::new(),
        }
    }

    /// How the files are laid out; each layout once, because a delivery rarely has two.
    fn layouts(&self) -> String {
        let language = self.language();
        let mut layouts: Vec<String> = Vec::new();
        for file in &self.view.report.files {
            let (Some(encoding), Some(delimiter)) = (&file.encoding, &file.delimiter) else {
                continue;
            };
            let header = match file.header {
                Some(true) => language.choose("，有标题行", ", header"),
                Some(false) => language.choose("，无标题行", ", no header"),
                None => "",
            };
            let delimiter = visible(delimiter);
            let layout = match language {
                Language::Chinese => format!("{encoding}，分隔符 {delimiter}{header}"),
                Language::English => format!("{encoding}, delimiter {delimiter}{header}"),
            };
            if !layouts.contains(&layout) {
                layouts.push(layout);
            }
        }
        layouts.join(language.choose("；", "; "))
    }

    pub(super) fn files(&mut self) {
        if self.view.files.is_empty() {
            return;
        }
        let header = self.language().choose(
            ["文件", "行数", "上次", "增减", "隔离", "重复", "问题"],
            ["file", "rows", "before", "change", "quarantined", "repeats", "found"],
        );
        let rows: Vec<Vec<String>> = self
            .view
            .files
            .iter()
            .map(|row| {
                let facts = row.facts;
                let (before, change) = match facts.previous_rows {
                    Some(before) => (grouped(before), formatting::difference(facts.rows, before)),
                    None => ("-".to_owned(), "-".to_owned()),
                };
                let numbers = [facts.rows, facts.quarantined, facts.repeated, row.findings];
                let [rows, quarantined, repeated, findings] = numbers.map(grouped);
                vec![
                    visible(&facts.name).into_owned(),
                    rows,
                    before,
                    change,
                    quarantined,
                    repeated,
                    findings,
                ]
            })
            .collect();
        self.text.push('\n');
        let mut columns = [Column::Number; 7];
        columns[0] = Column::Text;
        self.table(&columns, &header, &rows);
    }

    pub(super) fn changes(&mut self) {
        if self.view.report.changes.is_empty() {
            return;
        }
        let header = self.language().choose(
            ["快照", "新增", "变更", "移除", "沿用旧值", "不变"],
            ["snapshot", "added", "changed", "removed", "carried", "unchanged"],
        );
        let rows: Vec<Vec<String>> = self
            .view
            .report
            .changes
            .iter()
            .map(|(feed, c)| {
                let numbers = [c.added, c.changed, c.removed, c.carried, c.unchanged];
                std::iter::once(self.table_name(*feed)).chain(numbers.map(grouped)).collect()
            })
            .collect();
        self.text.push('\n');
        let mut columns = [Column::Number; 6];
        columns[0] = Column::Text;
        self.table(&columns, &header, &rows);
    }

    fn table_name(&self, feed: Feed) -> String {
        match self.language() {
            Language::Chinese => format!("{feed} {}", feed.title_zh()),
            Language::English => feed.name().to_owned(),
        }
    }
}
