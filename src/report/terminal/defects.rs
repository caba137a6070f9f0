//! The middle part of the report: what was found, first by cause, then rule by rule, with the delivered lines.

use annotate_snippets::Renderer;
use anstyle::Style;

use crate::model::{Finding, Level};
use crate::report::layout::{visible, wrap};
use crate::report::snippet::{self, Marked};
use crate::report::view::{CauseRow, EqualFindings, RuleTitle};

use super::{BAD, DIM, DOUBTFUL, Drawing, PLAIN};

impl Drawing<'_> {
    pub(super) fn causes(&mut self) {
        let events = self.view.events();
        let shown = self.options.per_rule;
        for row in events.iter().take(shown) {
            self.text.push('\n');
            self.title(&row.title(self.language()), row.cause.level);
            self.cause(row);
        }
        if let Some(text) = self.view.events_not_shown(shown, self.language())
            && shown > 0
        {
            self.text.push('\n');
            self.paragraph(2, &text);
        }
    }

    pub(super) fn rules(&mut self) {
        // A check and a dry run write no report.
        let written = self.view.report.report_files.dir.is_some();
        for rule in &self.view.rules {
            self.text.push('\n');
            self.title(&rule.title(self.language()), rule.level);
            for group in rule.groups.iter().take(self.options.per_rule) {
                self.group(group);
            }
            if let Some(text) = rule.not_shown(self.options.per_rule, written, self.language())
                && self.options.per_rule > 0
            {
                self.paragraph(2, &text);
            }
        }
    }

    fn title(&mut self, title: &RuleTitle, level: Level) {
        let RuleTitle { label, text } = title;
        let wrapped = wrap(text, self.options.width);
        for (at, line) in wrapped.iter().enumerate() {
            let line = match line.strip_prefix(label.as_str()).filter(|_| at == 0) {
                Some(rest) => format!("{}{rest}", self.paint(style_of(level), label)),
                None => line.clone(),
            };
            self.line(&line);
        }
    }

    fn cause(&mut self, row: &CauseRow<'_>) {
        let language = self.language();
        let notes = [
            (language.choose("说明", "note"), row.explains(language)),
            (language.choose("建议", "help"), row.action(language)),
        ];
        match row.finding {
            Some(finding) => self.finding(finding, &notes),
            None => self.notes(&notes),
        }
    }

    fn group(&mut self, group: &EqualFindings<'_>) {
        let language = self.language();
        let note = language.choose("说明", "note");
        let mut notes: Vec<(&str, String)> =
            group.notes(language).into_iter().map(|text| (note, text)).collect();
        if let Some(hint) = group.hint {
            let name = language.choose("提示", "hint");
            notes.push((name, visible(language.of(hint)).into_owned()));
        }
        self.finding(group.finding, &notes);
    }

    fn finding(&mut self, finding: &Finding, notes: &[(&str, String)]) {
        let language = self.language();
        let file = self.view.report.file(finding.feed);
        let file = visible(file.map_or(finding.feed.name(), |f| f.name.as_str())).into_owned();
        let message = visible(language.of(&finding.message)).into_owned();
        match (finding.line, &finding.excerpt) {
            (Some(line), Some(excerpt)) => {
                let marked = Marked {
                    file: &file,
                    line,
                    excerpt,
                    label: &message,
                    level: finding.level,
                    notes,
                };
                let note = language.choose("说明", "note");
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
                self.notes(notes);
            }
        }
    }

    fn notes(&mut self, notes: &[(&str, String)]) {
        for (name, text) in notes {
            self.paragraph(6, &format!("= {name}: {text}"));
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

fn style_of(level: Level) -> Style {
    match level {
        Level::Fatal | Level::Error => BAD,
        Level::Warning => DOUBTFUL,
        Level::Info | Level::Off => PLAIN,
    }
}
