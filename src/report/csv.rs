//! The findings of a run as a table for a spreadsheet: one row a finding, then one a vanished record.

use std::path::Path;

use crate::model::{Feed, Finding, FormerFeed, RunReport, VanishedRecord};

use super::formatting;
use super::language::Language;

/// Marks the text as UTF-8 for Excel, which takes the system's code page otherwise.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The findings of a report with headings in a language. Lines end with CRLF, as RFC 4180 has it.
///
/// # Errors
/// None in practice: the table is written to memory.
pub fn render(report: &RunReport, language: Language) -> Result<Vec<u8>, csv::Error> {
    let mut writer = writer();
    writer.write_record(language.choose(
        [
            "代码",
            "名称",
            "级别",
            "处置",
            "文件",
            "行号",
            "其余行号",
            "主键",
            "字段",
            "值",
            "说明",
            "提示",
        ],
        [
            "code",
            "name",
            "level",
            "disposition",
            "file",
            "line",
            "further lines",
            "key",
            "field",
            "value",
            "message",
            "hint",
        ],
    ))?;
    for finding in &report.findings {
        writer.write_record(row(report, finding, language))?;
    }
    for (feed, former) in report.former.iter().flat_map(|former| &former.feeds) {
        for record in &former.vanished {
            writer.write_record(vanished(report, former, record, *feed, language))?;
        }
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// A table with headings, in the same form.
///
/// # Errors
/// None in practice: the table is written to memory.
pub fn table<const N: usize>(
    headings: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = writer();
    writer.write_record(headings)?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BOM.to_vec())
}

fn row(report: &RunReport, finding: &Finding, language: Language) -> [String; 12] {
    let file = report.file(finding.feed).map_or(finding.feed.name(), |file| file.name.as_str());
    let (first, further) = match finding.lines.split_first() {
        Some((first, further)) => (first.to_string(), further),
        None => (String::new(), &[][..]),
    };
    let further: Vec<String> = further.iter().map(u64::to_string).collect();
    let text = |text: &Option<String>| as_text(text.as_deref().unwrap_or_default());
    [
        finding.code.to_owned(),
        finding.name.to_owned(),
        formatting::level(language, finding.level).to_owned(),
        finding.disposition.name().to_owned(),
        as_text(file),
        first,
        further.join(" "),
        text(&finding.key),
        text(&finding.field),
        text(&finding.value),
        as_text(language.of(&finding.message)),
        as_text(finding.hint.as_ref().map_or("", |hint| language.of(hint))),
    ]
}

/// A record of the former delivery that is not in this one. File and line are those of the former delivery.
fn vanished(
    report: &RunReport,
    former: &FormerFeed,
    record: &VanishedRecord,
    feed: Feed,
    language: Language,
) -> [String; 12] {
    let folder = report.former.as_ref().map_or("", |former| former.folder.as_str());
    let message = match language {
        Language::Chinese => format!("上一批次中有此{}，本次没有", feed.title_zh()),
        Language::English => format!("this {feed} is in the former delivery and not in this one"),
    };
    let mut row = <[String; 12]>::default();
    row[1] = "vanished".to_owned();
    row[4] = as_text(&Path::new(folder).join(&former.file).display().to_string());
    row[5] = record.line.to_string();
    row[7] = as_text(&record.key);
    row[10] = message;
    row
}

/// A delivered text that a spreadsheet must not take for a formula.
pub fn as_text(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivered_formulas_are_written_as_text() {
        for (text, written) in [("=1+1", "'=1+1"), ("@x", "'@x"), ("张三", "张三"), ("", "")] {
            assert_eq!(as_text(text), written);
        }
    }
}
