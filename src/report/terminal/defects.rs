//! The middle part of the report: what was found, rule by rule, with the delivered lines.

use annotate_snippets::Renderer;
use anstyle::Style;

use crate::model::Level;
use crate::report::layout::{visible, wrap};
use crate::report::snippet::{self, Marked};
use crate::report::view::{Cause, FiredRule, RuleTitle};

use super::{BAD, DIM, DOUBTFUL, Drawing, PLAIN};

impl Drawing<'_> {
    pub(super) fn rules(&mut self) {
        // A check and a dry run write no report.
        let written = self.view.report.report_dir.is_some();
        for rule in &self.view.rules {
            self.text.push('\n');
            self.rule_title(rule);
            for cause in rule.causes.iter().take(self.options.per_rule) {
                self.cause(cause);
            }
            if let Some(text) = rule.not_shown(self.options.per_rule, written, self.language())
                && self.options.per_rule > 0
            {
                self.paragraph(2, &text);
            }
        }
    }

    fn rule_title(&mut self, rule: &FiredRule<'_>) {
        let RuleTitle { label, text } = rule.title(self.language());
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
        let file = self.view.report.file(finding.feed);
        let file = visible(file.map_or(finding.feed.name(), |f| f.name.as_str())).into_owned();
        let message = visible(language.of(&finding.message)).into_owned();
        let note = language.choose("说明", "note");
        let mut notes: Vec<(&str, String)> =
            cause.notes(language).into_iter().map(|text| (note, text)).collect();
        if let Some(hint) = cause.hint {
            let name = language.choose("提示", "hint");
            notes.push((name, visible(language.of(hint)).into_owned()));
        }
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
        let sentences = self.view.rules_not_run(self.language());
        if !sentences.is_empty() {
            self.text.push('\n');
        }
        for sentence in sentences {
            self.paragraph(2, &sentence);
        }
    }

    pub(super) fn totals(&mut self) {
        self.text.push('\n');
        self.paragraph(2, &self.view.totals(self.language()));
        if let Some(text) = self.view.life(self.language()) {
            self.paragraph(2, &text);
        }
    }
}

fn loudness(level: Level) -> Style {
    match level {
        Level::Fatal | Level::Error => BAD,
        Level::Warning => DOUBTFUL,
        Level::Info | Level::Off => PLAIN,
    }
}
