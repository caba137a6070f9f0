//! The sheet of causes: what explains the findings, in the order of the report.

use rust_xlsxwriter::{Worksheet, XlsxError};

use crate::model::Cause;

use super::book::{Book, Cell};
use super::content::Content;

pub(super) fn write(book: &Book, content: &Content<'_>) -> Result<Vec<Worksheet>, XlsxError> {
    let language = content.language;
    let headings = language.choose(
        [
            "序号",
            "原因",
            "建议",
            "涉及人数",
            "涉及机构数",
            "问题数",
            "所属机构",
            "文件",
            "行号",
            "主键",
            "规则代码",
        ],
        [
            "no.",
            "what happened",
            "what to do",
            "people",
            "organisations",
            "findings",
            "below",
            "file",
            "line",
            "key",
            "rules",
        ],
    );
    let mut rows = book.table(
        language.choose("汇总（按原因）", "Summary by cause"),
        &headings.map(str::to_owned),
        0,
    )?;
    for (at, cause) in content.report.causes.iter().enumerate() {
        let below = below(cause);
        rows.row([
            Cell::Number(at as u64 + 1),
            Cell::Wrapped(language.of(&cause.what)),
            Cell::Wrapped(language.of(&cause.action)),
            Cell::Number(cause.people),
            Cell::Number(cause.organs),
            Cell::Number(cause.findings),
            Cell::Text(&below),
            Cell::Text(content.file(cause.feed)),
            cause.line.into(),
            cause.key.as_deref().into(),
            Cell::Text(&cause.codes.join(" ")),
        ])?;
    }
    rows.finish()
}

fn below(cause: &Cause) -> String {
    cause.organ.as_ref().map(|(id, name)| format!("{name} {id}")).unwrap_or_default()
}
