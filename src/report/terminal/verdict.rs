//! The end of the report: the verdict, why, where things are, and what to do next.

use std::fmt::Write as _;

use crate::model::Verdict;
use crate::report::json;
use crate::report::language::Language;
use crate::report::layout::visible;
use crate::report::queries;

use super::{BAD, DIM, Drawing, GOOD};

impl Drawing<'_> {
    pub(super) fn verdict(&mut self) {
        let language = self.language();
        let report = self.view.report;
        let stored = report.database.is_some();
        let (style, word) = match report.verdict {
            Verdict::Published => (GOOD, language.choose("✓ 已发布", "✓ published")),
            Verdict::Passed => (GOOD, language.choose("✓ 可发布", "✓ would be published")),
            Verdict::Refused if stored => (BAD, language.choose("✗ 未发布", "✗ not published")),
            Verdict::Refused => (BAD, language.choose("✗ 不可发布", "✗ would not be published")),
            Verdict::Failed => (BAD, language.choose("✗ 未完成", "✗ not finished")),
        };
        let code = match self.options.exit_code {
            0 => String::new(),
            code => match language {
                Language::Chinese => format!("（退出码 {code}）"),
                Language::English => format!(" (exit code {code})"),
            },
        };
        let date = report.business_date;
        let what = match language {
            Language::Chinese => format!("{date} 的快照{code}"),
            Language::English => format!("the snapshot of {date}{code}"),
        };
        self.text.push('\n');
        let painted = self.paint(style, word);
        self.line(&format!("{painted}  {what}"));
        for reason in &report.reasons {
            let text = visible(language.of(&reason.message)).into_owned();
            self.paragraph(2, &text);
        }
        if report.verdict == Verdict::Refused && stored {
            let text = match (language, report.previous_date) {
                (Language::Chinese, Some(date)) => format!("对外快照仍为 {date}"),
                (Language::Chinese, None) => "对外尚无快照".to_owned(),
                (Language::English, Some(date)) => {
                    format!("the snapshot in use is still that of {date}")
                }
                (Language::English, None) => "there is no snapshot yet".to_owned(),
            };
            self.paragraph(2, &text);
        }
    }

    pub(super) fn next_steps(&mut self) {
        let language = self.language();
        let report = self.view.report;
        let paths = [
            (language.choose("数据库", "database"), report.database.clone()),
            (
                language.choose("报告  ", "report  "),
                report.report_dir.as_ref().map(|dir| dir.join(json::FILE_NAME)),
            ),
        ];
        for (name, path) in paths {
            if let Some(path) = path {
                let path = self.paint(DIM, &path.display().to_string());
                self.line(&format!("  {name}  {path}"));
            }
        }
        // Of a date that cannot be imported the provider has nothing to mend.
        let is_date = report.reasons.iter().any(|reason| reason.limit == "older-date");
        let advice = match report.verdict {
            Verdict::Refused if is_date => None,
            Verdict::Refused => Some(language.choose(
                "请将本报告转交提供方更正后重新导出；新文件到达后再次执行即可",
                "forward this report to the provider; once the corrected files are there, run it again",
            )),
            Verdict::Passed if self.view.has_errors() => Some(language.choose(
                "有错误的行不会作为新数据发布；请将本报告转交提供方更正",
                "rows with errors are not published as new data; forward this report to the provider",
            )),
            _ => None,
        };
        if let Some(advice) = advice {
            let name = language.choose("下一步", "next");
            self.paragraph(2, &format!("{name}  {advice}"));
        }
        if let (Verdict::Published, Some(database)) = (report.verdict, &report.database) {
            let heading = language.choose("下一步  可以这样查询：", "next  ask it:");
            self.text.push('\n');
            self.line(&format!("  {heading}"));
            for query in queries::to_try(database, report.business_date) {
                let _ = writeln!(self.text, "\n  # {}", language.of(&query.question));
                // Never wrapped: a command must survive being pasted.
                let _ = writeln!(self.text, "  {}", query.command);
            }
        }
    }
}
