//! The end of the report: the verdict, why, where things are, and what to do next.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::model::Verdict;
use crate::report::{formatting, queries, xlsx};

use super::{BAD, DIM, DOUBTFUL, Drawing, GOOD};

impl Drawing<'_> {
    pub(super) fn verdict(&mut self) {
        let language = self.language();
        let style = match self.view.report.verdict {
            Verdict::Passed if self.options.exit_code != 0 => DOUBTFUL,
            Verdict::Published | Verdict::Passed => GOOD,
            Verdict::Refused | Verdict::Failed => BAD,
        };
        self.text.push('\n');
        let painted = self.paint(style, self.view.verdict(language, self.options.exit_code));
        let subject = self.view.verdict_subject(language, self.options.exit_code);
        self.line(&format!("{painted}  {subject}"));
        let reasons = self.view.reasons(language);
        for text in reasons.into_iter().chain(self.view.snapshot_in_use(language)) {
            self.paragraph(2, &text);
        }
    }

    pub(super) fn next_steps(&mut self) {
        let language = self.language();
        let report = self.view.report;
        let files = &report.report_files;
        let shown = |path: PathBuf| path.display().to_string();
        let workbook = files.names.iter().skip(1).find(|name| **name == xlsx::FILE_NAME);
        let workbook = workbook.zip(files.dir.as_ref()).map(|(name, dir)| dir.join(name));
        let mut places = vec![
            (language.choose("数据库", "database"), report.database.clone().map(shown)),
            (language.choose("报告  ", "report  "), files.first().map(shown)),
            (language.choose("工作簿", "workbook"), workbook.map(shown)),
        ];
        let sent = language.choose("已回传", "sent    ");
        places.extend(files.copies.iter().map(|copy| (sent, Some(copy.clone()))));
        for (name, place) in places {
            if let Some(place) = place {
                let place = self.paint(DIM, &place);
                self.line(&format!("  {name}  {place}"));
            }
        }
        if report.is_log_pending {
            let (name, pending) =
                (language.choose("注意", "note"), formatting::log_pending(language));
            self.paragraph(2, &format!("{name}  {pending}"));
        }
        if let Some(advice) = self.view.advice(language) {
            let name = language.choose("下一步", "next");
            self.paragraph(2, &format!("{name}  {advice}"));
        }
        if let Some(advice) = self.view.advice_if_right(language) {
            self.paragraph(2, &advice);
        }
        if let (Verdict::Published, Some(database)) = (report.verdict, &report.database) {
            let heading = language.choose("下一步  可以这样查询：", "next  ask it:");
            self.text.push('\n');
            self.line(&format!("  {heading}"));
            for query in queries::to_try(database) {
                let _ = writeln!(self.text, "\n  # {}", language.of(&query.question));
                // Never wrapped: a command must survive being pasted.
                let _ = writeln!(self.text, "  {}", query.command);
            }
        }
    }
}
