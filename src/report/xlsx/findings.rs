//! The sheet of findings: one row each.

use std::fmt::Write as _;

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::book::{Book, Cell};
use super::content::Content;
use crate::report::formatting;

pub(super) fn write(book: &Book, content: &Content<'_>) -> Result<Vec<Worksheet>, XlsxError> {
    let language = content.language;
    let headings = language.choose(
        [
            "代码",
            "级别",
            "文件",
            "行号",
            "主键",
            "字段",
            "值",
            "问题",
            "建议",
            "处置",
            "影响行数",
            "其余行号",
            "原因序号",
            "状态",
            "首次出现",
            "连续批次",
        ],
        [
            "code",
            "level",
            "file",
            "line",
            "key",
            "field",
            "value",
            "what is wrong",
            "what to do",
            "disposition",
            "rows concerned",
            "further lines",
            "cause no.",
            "status",
            "first seen",
            "deliveries",
        ],
    );
    let name = language.choose("问题明细", "Findings");
    let mut rows = book.table(name, &headings.map(str::to_owned), 0)?;
    let (mut further, mut first_seen) = (String::new(), String::new());
    for finding in &content.report.findings {
        further.clear();
        for line in finding.lines.iter().skip(1) {
            // Writing to a String cannot fail.
            let _ = write!(further, "{line} ");
        }
        first_seen.clear();
        if let Some(age) = finding.age {
            let _ = write!(first_seen, "{}", age.first_seen);
        }
        let disposition = content.report.happens(finding.disposition);
        rows.row([
            Cell::Text(finding.code),
            Cell::Text(content.level(finding)),
            Cell::Text(content.file(finding.feed)),
            finding.line.into(),
            finding.key.as_deref().into(),
            finding.field.as_deref().into(),
            finding.value.as_deref().into(),
            Cell::Text(language.of(&finding.message)),
            Cell::Text(content.rule(finding.code).mend),
            disposition.map(|then| formatting::disposition_word(language, then)).into(),
            Cell::Number(finding.affected),
            Cell::Text(further.trim_end()),
            content.cause(finding).into(),
            Cell::Text(content.status(finding)),
            Cell::Text(&first_seen),
            finding.age.map(|age| age.deliveries).into(),
        ])?;
    }
    rows.finish()
}
