//! The sentences of a report in both languages, so that every form of it says the same.
//!
//! What comes from a delivery (names of files, delimiters, messages) has its control characters made visible.

use std::collections::BTreeMap;

use crate::model::{AgeCounts, Feed, GateReason, Verdict};
use crate::report::formatting::{self, count, grouped};
use crate::report::language::Language;
use crate::report::layout::visible;

use super::{EqualFindings, FileRow, FiredRule, RuleTitle, Stage, View, was_read};

impl View<'_> {
    /// Whose delivery it is, of which business date, and the run.
    pub fn header(&self, language: Language) -> String {
        let report = self.report;
        let who = match &report.tenant_name {
            Some(name) => format!("{} ({})", visible(name), report.tenant),
            None => report.tenant.clone(),
        };
        let date = report.business_date;
        match language {
            Language::Chinese => format!("{who}  业务日期 {date}  运行 {}", report.run),
            Language::English => format!("{who}  business date {date}  run {}", report.run),
        }
    }

    /// The name of a stage, how it went, what it did, and how long it took.
    pub fn stage_row(&self, stage: &Stage<'_>, language: Language) -> [String; 4] {
        let state = match (stage.timing.stage, stage.complete) {
            (_, true) => language.choose("正常", "ok"),
            ("publish", false) => language.choose("未发布", "withheld"),
            (_, false) => language.choose("部分", "partial"),
        };
        [
            formatting::stage(language, stage.timing.stage).to_owned(),
            state.to_owned(),
            self.stage_facts(stage, language),
            formatting::duration(stage.timing.took),
        ]
    }

    fn stage_facts(&self, stage: &Stage<'_>, language: Language) -> String {
        let report = self.report;
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
                        Language::Chinese => format!("；未读取 {names}"),
                        Language::English => format!("; without {names}"),
                    });
                }
                text
            }
            "parse" => self.layouts(language),
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
    fn layouts(&self, language: Language) -> String {
        let mut layouts: Vec<String> = Vec::new();
        for file in &self.report.files {
            let (Some(encoding), Some(delimiter)) = (&file.encoding, &file.delimiter) else {
                continue;
            };
            let header = match file.header {
                Some(true) => language.choose("，有表头", ", header"),
                Some(false) => language.choose("，无表头", ", no header"),
                None => "",
            };
            let quotes = match file.quotes.as_deref() {
                Some("needed") => language.choose("，必要时加引号", ", quotes where needed"),
                Some("always") => language.choose("，一律加引号", ", quotes throughout"),
                _ => "",
            };
            let other = match (file.other, language) {
                (0, _) => String::new(),
                (n, Language::Chinese) => format!("，{} 行不单独成为记录", grouped(n)),
                (n, Language::English) => {
                    format!(", {} lines that are no records of their own", grouped(n))
                }
            };
            let delimiter = visible(delimiter);
            let layout = match language {
                Language::Chinese => {
                    format!("{encoding}，分隔符 {delimiter}{header}{quotes}{other}")
                }
                Language::English => {
                    format!("{encoding}, delimiter {delimiter}{header}{quotes}{other}")
                }
            };
            if !layouts.contains(&layout) {
                layouts.push(layout);
            }
        }
        layouts.join(language.choose("；", "; "))
    }

    /// The headings of the columns of [`View::file_row`].
    pub fn file_headings(&self, language: Language) -> [&'static str; 7] {
        language.choose(
            ["文件", "行数", "上次", "增减", "隔离", "重复", "问题"],
            ["file", "rows", "before", "change", "quarantined", "repeats", "found"],
        )
    }

    /// A delivered file: name, rows, rows before, their difference, lines quarantined and repeated, findings.
    pub fn file_row(&self, row: &FileRow<'_>) -> [String; 7] {
        let facts = row.facts;
        let (before, change) = match facts.previous_rows {
            Some(before) => (grouped(before), formatting::difference(facts.rows, before)),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let numbers = [facts.rows, facts.quarantined, facts.repeated, row.findings];
        let [rows, quarantined, repeated, findings] = numbers.map(grouped);
        [visible(&facts.name).into_owned(), rows, before, change, quarantined, repeated, findings]
    }

    /// The headings of the columns of [`View::change_rows`].
    pub fn change_headings(&self, language: Language) -> [&'static str; 6] {
        match self.report.former {
            None => language.choose(
                ["快照", "新增", "变更", "移除", "沿用旧值", "不变"],
                ["snapshot", "added", "changed", "removed", "carried", "unchanged"],
            ),
            Some(_) => language.choose(
                ["与上一批次相比", "新增", "变更", "消失", "沿用旧值", "不变"],
                ["since the former", "added", "changed", "vanished", "carried", "unchanged"],
            ),
        }
    }

    /// What publishing did to each table, or how the delivery differs from a former one: its name, rows added, changed, removed, carried and unchanged.
    pub fn change_rows(&self, language: Language) -> Vec<[String; 6]> {
        let row = |(feed, c): (&Feed, &crate::model::FeedChanges)| {
            let name = match language {
                Language::Chinese => format!("{feed} {}", feed.title_zh()),
                Language::English => feed.name().to_owned(),
            };
            let numbers = [c.added, c.changed, c.removed, c.carried, c.unchanged];
            let [added, changed, removed, carried, unchanged] = numbers.map(grouped);
            [name, added, changed, removed, carried, unchanged]
        };
        self.report.changes.iter().map(row).collect()
    }

    /// What is known of the rules that were not run, one sentence a reason.
    pub fn rules_not_run(&self, language: Language) -> Vec<String> {
        let sentence = |(why, codes): &(crate::model::NotRunWhy, Vec<&'static str>)| {
            let (listed, why) = (codes.join(" "), formatting::why_not_run(language, *why));
            match language {
                Language::Chinese => format!("未执行 {} 项规则（{why}）: {listed}", codes.len()),
                Language::English => {
                    let rules = count(language, codes.len() as u64, "", "rule", "rules");
                    format!("{rules} not run ({why}): {listed}")
                }
            }
        };
        self.not_run.iter().map(sentence).collect()
    }

    /// How many findings there are, by level.
    pub fn totals(&self, language: Language) -> String {
        if self.levels.is_empty() {
            // A delivery may be refused for rows that are gone, of which no rule says anything.
            return match self.report.verdict {
                Verdict::Published | Verdict::Passed => {
                    language.choose("未发现问题", "nothing found")
                }
                Verdict::Refused | Verdict::Failed => {
                    language.choose("没有规则报告问题", "no rule has a finding")
                }
            }
            .to_owned();
        }
        let parts: Vec<String> = self
            .levels
            .iter()
            .map(|(level, n)| format!("{} {}", formatting::level(language, *level), grouped(*n)))
            .collect();
        let total: u64 = self.levels.iter().map(|(_, n)| n).sum();
        let all = count(language, total, "处问题", "finding", "findings");
        format!("{all}{}{}", language.choose("：", ": "), parts.join(language.choose("，", ", ")))
    }

    /// How many findings are new, how many were there before, and how many of the published date before are mended;
    /// `None` where there is no date before to compare with.
    pub fn life(&self, language: Language) -> Option<String> {
        let AgeCounts { new, persisting, unknown } = self.report.ages()?;
        let totals = &self.report.mended_totals;
        let sum = |counts: &BTreeMap<String, u64>| grouped(counts.values().sum());
        let (mended, unsettled) = (sum(&totals.mended), sum(&totals.unsettled));
        let (new, persisting) = (grouped(new), grouped(persisting));
        let before = self.report.previous_date.map(|date| date.to_string()).unwrap_or_default();
        let mut text = match language {
            Language::Chinese => {
                format!("与 {before} 相比：新出现 {new}，持续 {persisting}，已整改 {mended}")
            }
            Language::English => {
                format!(
                    "compared with {before}: new {new}, persisting {persisting}, mended {mended}"
                )
            }
        };
        if unknown > 0 {
            let unknown = grouped(unknown);
            text.push_str(&match language {
                Language::Chinese => format!("，不能确定是否新出现 {unknown}"),
                Language::English => format!(", new or not is not known {unknown}"),
            });
        }
        if !totals.unsettled.is_empty() {
            text.push_str(&match language {
                Language::Chinese => {
                    format!("；另有 {unsettled} 处本次未核对（规则未执行、文件无法读取或问题过多），不计为已整改")
                }
                Language::English => format!(
                    "; {unsettled} more were not looked at this time (rule not run, file not readable, or too many \
                     findings) and do not count as mended"
                ),
            });
        }
        Some(text)
    }

    /// The verdict in a word or two, with a mark before it. A delivery that could be published and yet has an exit code
    /// has findings that the caller does not let pass.
    pub fn verdict(&self, language: Language, exit_code: u8) -> &'static str {
        let stored = self.report.database.is_some();
        match self.report.verdict {
            Verdict::Published => language.choose("✓ 已发布", "✓ published"),
            Verdict::Passed if exit_code != 0 => language.choose(
                "! 可发布，但有问题须处理",
                "! would be published, but has findings to correct",
            ),
            Verdict::Passed => language.choose("✓ 可发布", "✓ would be published"),
            Verdict::Refused if stored => language.choose("✗ 未发布", "✗ not published"),
            Verdict::Refused => language.choose("✗ 不可发布", "✗ would not be published"),
            Verdict::Failed => language.choose("✗ 未完成", "✗ not finished"),
        }
    }

    /// Which snapshot the verdict is about, with the exit code unless it is 0.
    pub fn verdict_subject(&self, language: Language, exit_code: u8) -> String {
        let code = match exit_code {
            0 => String::new(),
            code => match language {
                Language::Chinese => format!("（退出码 {code}）"),
                Language::English => format!(" (exit code {code})"),
            },
        };
        let date = self.report.business_date;
        match language {
            Language::Chinese => format!("{date} 的快照{code}"),
            Language::English => format!("the snapshot of {date}{code}"),
        }
    }

    /// Why the delivery was refused, or who answers for it, one sentence a reason.
    pub fn reasons(&self, language: Language) -> Vec<String> {
        let reasons = self.report.noted_reasons();
        reasons.iter().map(|reason| visible(language.of(&reason.message)).into_owned()).collect()
    }

    /// Which snapshot stays in use after a refusal; `None` if the delivery was not refused or nothing is stored.
    pub fn snapshot_in_use(&self, language: Language) -> Option<String> {
        let report = self.report;
        if report.verdict != Verdict::Refused || report.database.is_none() {
            return None;
        }
        Some(match (language, report.date_in_use()) {
            (Language::Chinese, Some(date)) => format!("当前快照仍为 {date}"),
            (Language::Chinese, None) => "尚未发布任何快照".to_owned(),
            (Language::English, Some(date)) => {
                format!("the snapshot in use is still that of {date}")
            }
            (Language::English, None) => "there is no snapshot yet".to_owned(),
        })
    }

    /// What to do if a refused delivery is right as it is; `None` if it was not refused, or cannot be approved.
    pub fn advice_if_right(&self, language: Language) -> Option<String> {
        let report = self.report;
        let is_fatal = report.reasons.iter().any(|reason| reason.limit == GateReason::FATAL);
        if report.verdict != Verdict::Refused || report.database.is_none() || is_fatal {
            return None;
        }
        let run = &report.run;
        Some(match language {
            Language::Chinese => {
                format!("如属实，由数据负责人放行：orgsnap approve 任务文件 {run} --reason 原因")
            }
            Language::English => format!(
                "if it is right as it is, whoever answers for the data publishes it: orgsnap approve JOB {run} --reason WHY"
            ),
        })
    }

    /// What to do next; `None` if nothing.
    pub fn advice(&self, language: Language) -> Option<&'static str> {
        match self.report.verdict {
            Verdict::Refused => Some(language.choose(
                "请将本报告转交提供方，更正后重新导出；新文件到达后重新运行即可",
                "forward this report to the provider; once the corrected files are there, run it again",
            )),
            Verdict::Passed if self.has_errors() => Some(language.choose(
                "有错误的行不会作为新数据发布；请将本报告转交提供方更正",
                "rows with errors are not published as new data; forward this report to the provider",
            )),
            _ => None,
        }
    }
}

impl FiredRule<'_> {
    /// Level, code, name, meaning, how many findings, and what becomes of the rows.
    pub fn title(&self, language: Language) -> RuleTitle {
        let mut facts = count(language, self.total, "处", "finding", "findings");
        if self.affected > self.total {
            facts.push_str(&match language {
                Language::Chinese => format!("，涉及 {} 行", grouped(self.affected)),
                Language::English => {
                    format!(
                        ", {}",
                        count(language, self.affected, "", "row concerned", "rows concerned")
                    )
                }
            });
        }
        if let Some(disposition) = self.disposition {
            facts.push_str(language.choose("，", "; "));
            facts.push_str(formatting::disposition(language, disposition));
        }
        let label = format!("{}[{}]", formatting::level(language, self.level), self.code);
        let name = self.name;
        let summary = self.summary.map(|summary| language.of(summary));
        let text = match (language, summary) {
            (Language::Chinese, Some(summary)) => {
                format!("{label} {name}: {summary}（{facts}）")
            }
            (Language::Chinese, None) => format!("{label} {name}（{facts}）"),
            (Language::English, Some(summary)) => {
                format!("{label} {name}: {summary} ({facts})")
            }
            (Language::English, None) => format!("{label} {name} ({facts})"),
        };
        RuleTitle { label, text }
    }

    /// How many findings are not shown if `shown` groups of equal ones are, and where they are: in the report that was written, or
    /// shown by an option; `None` if all are shown.
    pub fn not_shown(&self, shown: usize, written: bool, language: Language) -> Option<String> {
        let listed: u64 = self.groups.iter().take(shown).map(|group| group.count).sum();
        let left = self.total.saturating_sub(listed);
        (left > 0).then(|| match (language, written) {
            (Language::Chinese, true) => format!("其余 {} 处见报告", grouped(left)),
            (Language::Chinese, false) => {
                format!("其余 {} 处可用 --findings all 显示", grouped(left))
            }
            (Language::English, true) => format!("{} more in the report", grouped(left)),
            (Language::English, false) => {
                format!("{} more, shown by --findings all", grouped(left))
            }
        })
    }
}

impl EqualFindings<'_> {
    /// What there is to say besides line and message: equal findings, further lines, rows concerned.
    pub fn notes(&self, language: Language) -> Vec<String> {
        let finding = self.finding;
        let mut notes = Vec::new();
        if self.count > 1 {
            let others = grouped(self.count - 1);
            notes.push(match language {
                Language::Chinese => format!("另有 {others} 处相同"),
                Language::English => format!("{others} more like this"),
            });
        }
        if finding.lines.len() > 1 {
            const SHOWN: usize = 5;
            let listed: Vec<String> =
                finding.lines.iter().skip(1).take(SHOWN).map(|line| line.to_string()).collect();
            let more = finding.lines.len() > SHOWN + 1;
            notes.push(match language {
                Language::Chinese => {
                    let more = if more { "等" } else { "" };
                    format!("还有第 {} {more}行", listed.join("、"))
                }
                Language::English => {
                    let lines = if listed.len() == 1 { "line" } else { "lines" };
                    let more = if more { " and more" } else { "" };
                    format!("also {lines} {}{more}", listed.join(", "))
                }
            });
        }
        if self.affected > self.count.max(finding.lines.len() as u64) {
            notes.push(match language {
                Language::Chinese => format!("涉及 {} 行", grouped(self.affected)),
                Language::English => {
                    count(language, self.affected, "", "row concerned", "rows concerned")
                }
            });
        }
        notes
    }
}
