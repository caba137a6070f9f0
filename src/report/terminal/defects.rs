//! The middle part of the report: what was found, rule by rule, with the delivered lines.

use annotate_snippets::Renderer;
use anstyle::Style;

use crate::model::Level;
use crate::report::formatting::{self, count, grouped};
use crate::report::language::Language;
use crate::report::layout::{visible, wrap};
use crate::report::snippet::{self, Marked};
use crate::report::view::{Cause, FiredRule};

use super::{BAD, DIM, DOUBTFUL, Drawing, PLAIN};

impl Drawing<'_> {
    pub(super) fn rules(&mut self) {
        for rule in &self.view.rules {
            self.text.push('\n');
            self.rule_title(rule);
            for cause in rule.causes.iter().take(self.options.per_rule) {
                self.cause(cause);
            }
            let shown: u64 =
                rule.causes.iter().take(self.options.per_rule).map(|cause| cause.count).sum();
            let left = rule.total.saturating_sub(shown);
            if left > 0 && self.options.per_rule > 0 {
                let text = match self.language() {
                    Language::Chinese => format!("其余 {} 处见报告", grouped(left)),
                    Language::English => format!("{} more in the report", grouped(left)),
                };
                self.paragraph(2, &text);
            }
        }
    }

    fn rule_title(&mut self, rule: &FiredRule<'_>) {
        let language = self.language();
        let mut facts = count(language, rule.total, "处", "finding", "findings");
        if rule.affected > rule.total {
            facts.push_str(&match language {
                Language::Chinese => format!("，涉及 {} 行", grouped(rule.affected)),
                Language::English => {
                    format!(
                        ", {}",
                        count(language, rule.affected, "", "row concerned", "rows concerned")
                    )
                }
            });
        }
        let then = formatting::disposition(language, rule.disposition);
        let label = format!("{}[{}]", formatting::level(language, rule.level), rule.code);
        let name = rule.name;
        let summary = rule.summary.map(|summary| language.of(summary));
        let text = match (language, summary) {
            (Language::Chinese, Some(summary)) => {
                format!("{label} {name}: {summary}（{facts}，{then}）")
            }
            (Language::Chinese, None) => format!("{label} {name}（{facts}，{then}）"),
            (Language::English, Some(summary)) => {
                format!("{label} {name}: {summary} ({facts}; {then})")
            }
            (Language::English, None) => format!("{label} {name} ({facts}; {then})"),
        };
        let wrapped = wrap(&text, self.options.width);
        for (at, line) in wrapped.iter().enumerate() {
            let line = match line.strip_prefix(&label).filter(|_| at == 0) {
                Some(rest) => format!("{}{rest}", self.paint(loudness(rule.level), &label)),
                None => line.clone(),
            };
            self.line(&line);
        }
    }

    fn cause(&mut self, cause: &Cause<'_>) {
        let language = self.language();
        let finding = cause.finding;
        let file = self.view.report.files.iter().find(|f| f.feed == finding.feed);
        let file = visible(file.map_or(finding.feed.name(), |f| f.name.as_str())).into_owned();
        let message = visible(language.of(&finding.message)).into_owned();
        let note = language.choose("说明", "note");
        let notes: Vec<(&str, String)> =
            self.notes(cause).into_iter().map(|text| (note, text)).collect();
        match (finding.line, &finding.excerpt) {
            (Some(line), Some(excerpt)) => {
                let marked = Marked {
                    file: &file,
                    line,
                    excerpt,
                    label: &message,
                    level: finding.level,
                    notes: &notes,
                };
                let drawn = snippet::draw(&marked, &self.renderer(), self.options.width, note);
                for line in drawn.lines() {
                    self.line(line.trim_end());
                }
            }
            (line, _) => {
                let place = match line {
                    Some(line) => format!("{file}:{line}"),
                    None => file,
                };
                self.paragraph(2, &format!("--> {place}"));
                self.paragraph(6, &message);
                for (name, text) in notes {
                    self.paragraph(6, &format!("= {name}: {text}"));
                }
            }
        }
    }

    /// What is told of a cause besides its line and message.
    fn notes(&self, cause: &Cause<'_>) -> Vec<String> {
        let language = self.language();
        let finding = cause.finding;
        let mut notes = Vec::new();
        if cause.count > 1 {
            let others = grouped(cause.count - 1);
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
        if cause.affected > cause.count.max(finding.lines.len() as u64) {
            notes.push(match language {
                Language::Chinese => format!("涉及 {} 行", grouped(cause.affected)),
                Language::English => {
                    count(language, cause.affected, "", "row concerned", "rows concerned")
                }
            });
        }
        notes
    }

    fn renderer(&self) -> Renderer {
        if !self.options.colour {
            return Renderer::plain();
        }
        // The compiler's palette has blue and green as well; here colour means severity.
        Renderer::styled()
            .hyperlink(false)
            .error(BAD)
            .warning(DOUBTFUL)
            .info(PLAIN)
            .note(PLAIN)
            .help(PLAIN)
            .line_num(DIM)
            .emphasis(PLAIN)
            .context(PLAIN)
            .none(PLAIN)
    }

    pub(super) fn not_run(&mut self) {
        if self.view.not_run.is_empty() {
            return;
        }
        self.text.push('\n');
        for (why, codes) in &self.view.not_run {
            let language = self.language();
            let (listed, why) = (codes.join(" "), formatting::why_not_run(language, *why));
            let text = match language {
                Language::Chinese => format!("未执行 {} 项规则（{why}）: {listed}", codes.len()),
                Language::English => {
                    let rules = count(language, codes.len() as u64, "", "rule", "rules");
                    format!("{rules} not run ({why}): {listed}")
                }
            };
            self.paragraph(2, &text);
        }
    }

    pub(super) fn totals(&mut self) {
        let language = self.language();
        let text = if self.view.levels.is_empty() {
            language.choose("未发现问题", "nothing found").to_owned()
        } else {
            let parts: Vec<String> = self
                .view
                .levels
                .iter()
                .map(|(level, n)| {
                    format!("{} {}", formatting::level(language, *level), grouped(*n))
                })
                .collect();
            let total: u64 = self.view.levels.iter().map(|(_, n)| n).sum();
            let all = count(language, total, "处问题", "finding", "findings");
            format!(
                "{all}{}{}",
                language.choose("：", ": "),
                parts.join(language.choose("，", ", "))
            )
        };
        self.text.push('\n');
        self.paragraph(2, &text);
    }
}

fn loudness(level: Level) -> Style {
    match level {
        Level::Fatal | Level::Error => BAD,
        Level::Warning => DOUBTFUL,
        Level::Info | Level::Off => PLAIN,
    }
}
