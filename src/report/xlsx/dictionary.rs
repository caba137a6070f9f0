//! The sheet of meanings: the fields of the four files, and the rules that fired.

use rust_xlsxwriter::{Worksheet, XlsxError};

use crate::model::Feed;

use super::book::{Book, Cell};
use super::content::Content;

pub(super) fn write(book: &Book, content: &Content<'_>) -> Result<Vec<Worksheet>, XlsxError> {
    let language = content.language;
    let headings = language.choose(
        ["文件或规则", "序号", "名称", "标题", "类型", "是否必填", "含义"],
        ["file or rule", "no.", "name", "title", "type", "required", "meaning"],
    );
    let name = language.choose("数据字典", "Data dictionary");
    let mut rows = book.table(name, &headings.map(str::to_owned), 0)?;
    for feed in Feed::ALL {
        for (at, field) in content.delivered.fields(feed).iter().enumerate() {
            rows.row([
                Cell::Text(content.file(feed)),
                Cell::Number(at as u64 + 1),
                Cell::Text(&field.name),
                Cell::Text(language.of(&field.title)),
                Cell::Text(language.of(&field.kind)),
                Cell::Text(language.of(&field.required)),
                Cell::Text(language.of(&field.meaning)),
            ])?;
        }
    }
    for code in content.report.totals.keys() {
        let rule = content.rule(code);
        rows.row([
            Cell::Text(code),
            Cell::Empty,
            Cell::Empty,
            Cell::Text(rule.summary),
            Cell::Text(language.choose("规则", "rule")),
            Cell::Empty,
            Cell::Text(rule.mend),
        ])?;
    }
    rows.finish()
}
