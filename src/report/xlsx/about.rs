//! The first sheet: what this workbook is about, how the delivery fared, and how to use the other sheets.

use rust_xlsxwriter::{Worksheet, XlsxError};

use crate::model::{AgeCounts, Finding, Level, Verdict};

use super::book::{Book, Cell, SheetRows};
use super::content::Content;
use crate::report::formatting::{self, grouped};
use crate::report::language::Language;

/// Findings of which it is said one by one that not all of their lines are listed.
const CUT_SHOWN: usize = 20;

pub(super) fn write(book: &Book, content: &Content<'_>) -> Result<Vec<Worksheet>, XlsxError> {
    let language = content.language;
    let report = content.report;
    let mut rows = book.text(language.choose("说明", "About"))?;
    let title = language.choose("交付数据问题清单", "Findings of a delivery");
    rows.row([Cell::Title(title)])?;
    let provider = report.provider().map(|(id, name)| match name {
        Some(name) => format!("{name} {id}"),
        None => id.to_owned(),
    });
    let date = report.business_date.to_string();
    let result = formatting::verdict(language, report.verdict.name());
    let generated = format!("orgsnap {}", env!("CARGO_PKG_VERSION"));
    if let Some(provider) = &provider {
        let label = language.choose("数据提供方", "provider");
        rows.row([Cell::Text(label), Cell::Text(provider)])?;
    }
    for (label, value) in [
        (language.choose("业务日期", "business date"), date.as_str()),
        (language.choose("结果", "result"), result),
        (language.choose("运行编号", "run"), &report.run.0),
        (language.choose("生成程序", "made by"), &generated),
    ] {
        rows.row([Cell::Text(label), Cell::Text(value)])?;
    }
    if report.verdict == Verdict::Refused || report.approval.is_some() {
        let label = match report.verdict {
            Verdict::Refused => language.choose("未发布的原因", "why nothing is published"),
            _ => language.choose("人工放行", "approved"),
        };
        for reason in &report.noted_reasons() {
            rows.row([Cell::Text(label), Cell::Text(language.of(&reason.message))])?;
        }
    }
    rows.row([])?;
    counts(&mut rows, content)?;
    rows.row([])?;
    files(&mut rows, content)?;
    cut_short(&mut rows, content)?;
    rows.row([])?;
    rows.row([Cell::Title(language.choose("如何使用", "How to use this workbook"))])?;
    for (sheet, what) in guide(content) {
        rows.row([Cell::Text(sheet), Cell::Text(what)])?;
    }
    rows.finish()
}

fn counts(rows: &mut SheetRows, content: &Content<'_>) -> Result<(), XlsxError> {
    let (language, report) = (content.language, content.report);
    let (listed, total) = (report.findings.len() as u64, report.total());
    rows.row([Cell::Title(language.choose("问题数", "Findings"))])?;
    let mut counts = vec![(language.choose("全部", "all"), total)];
    if total > listed {
        counts.push((language.choose("本工作簿列出", "listed in this workbook"), listed));
    }
    if let Some(AgeCounts { new, persisting, unknown }) = report.ages() {
        counts.push((language.choose("新出现", "new"), new));
        counts.push((language.choose("持续", "persisting"), persisting));
        if unknown > 0 {
            let label = language.choose("不能确定是否新出现", "new or not is not known");
            counts.push((label, unknown));
        }
        let mended = report.mended_totals.mended.values().sum();
        counts.push((language.choose("已整改", "mended"), mended));
    }
    for (label, count) in counts {
        rows.row([Cell::Text(label), Cell::Number(count)])?;
    }
    Ok(())
}

/// Findings of which the sheets of lines to be corrected do not have all lines.
fn cut_short(rows: &mut SheetRows, content: &Content<'_>) -> Result<(), XlsxError> {
    let language = content.language;
    let is_cut = |f: &&Finding| {
        f.level >= Level::Warning
            && f.lines.len() == Finding::MAX_LINES
            && f.affected > Finding::MAX_LINES as u64
    };
    let mut cut = content.report.findings.iter().filter(is_cut);
    let shown: Vec<&Finding> = cut.by_ref().take(CUT_SHOWN).collect();
    if shown.is_empty() {
        return Ok(());
    }
    rows.row([])?;
    let title = language.choose("未逐行列出的问题", "Findings with more lines than listed");
    rows.row([Cell::Title(title)])?;
    for finding in shown {
        let place = [Some(finding.code), finding.field.as_deref(), finding.key.as_deref()];
        let place: Vec<&str> = place.into_iter().flatten().collect();
        let (file, all) = (content.file(finding.feed), grouped(finding.affected));
        let most = grouped(Finding::MAX_LINES as u64);
        let what = match language {
            Language::Chinese => {
                format!(
                    "{file} 中涉及 {all} 行，需更正清单只列出前 {most} 行；其余各行问题相同，请一并更正"
                )
            }
            Language::English => format!(
                "{all} rows of {file} are concerned, the first {most} of them listed; the others have the same fault"
            ),
        };
        rows.row([Cell::Text(&place.join(" ")), Cell::Text(&what)])?;
    }
    let more = cut.count() as u64;
    if more > 0 {
        let more = match language {
            Language::Chinese => format!("另有 {} 处同样只列出一部分", grouped(more)),
            Language::English => format!("{} more of this kind", grouped(more)),
        };
        rows.row([Cell::Empty, Cell::Text(&more)])?;
    }
    Ok(())
}

fn files(rows: &mut SheetRows, content: &Content<'_>) -> Result<(), XlsxError> {
    let language = content.language;
    let headings = language.choose(
        ["文件", "物理行数（含表头、空行）", "数据行数", "接受", "隔离", "重复", "编码"],
        [
            "file",
            "lines (with header and blank ones)",
            "rows",
            "accepted",
            "quarantined",
            "repeated",
            "encoding",
        ],
    );
    rows.row(headings.map(Cell::Title))?;
    for file in &content.report.files {
        rows.row([
            Cell::Text(&file.name),
            Cell::Number(file.lines),
            Cell::Number(file.rows + file.quarantined + file.repeated),
            Cell::Number(file.rows),
            Cell::Number(file.quarantined),
            Cell::Number(file.repeated),
            file.encoding.as_deref().into(),
        ])?;
    }
    Ok(())
}

fn guide(content: &Content<'_>) -> [(&'static str, &'static str); 5] {
    content.language.choose(
        [
            ("汇总（按原因）", "先看这里：同一原因的问题合为一行；依次按级别、涉及人数、问题数从高到低排列。"),
            ("问题明细", "每个问题一行；“原因序号”对应汇总中的序号。可按列筛选。"),
            (
                "需更正清单",
                "每个文件一张表：原样列出需要更正的行，出错的字段有底色，右侧是问题、建议和汇总中的原因序号。提示级的问题不在其中。",
            ),
            ("数据字典", "四个文件的字段约定，以及本次出现的规则。"),
            (
                "请注意",
                "本工作簿含有交付数据原文（包括姓名），请按贵司的规定保管。编号均为文本，请勿改为数字格式。请更正源数据后重新上传数据文件，不必回传本工作簿。",
            ),
        ],
        [
            ("Summary by cause", "Begin here: findings with one cause are one row, the gravest level first, then by people concerned, then by number of findings."),
            ("Findings", "One row each; its cause no. is that of the summary. Every column can be filtered."),
            (
                "To correct",
                "One sheet a file: the lines to be corrected as delivered, the cells at fault coloured, with what is wrong and \
                 what to do and its cause no. at the right. Findings of level info are left out.",
            ),
            ("Data dictionary", "The fields that were agreed on for the four files, and the rules that fired."),
            (
                "Please note",
                "This workbook holds delivered data, names included: keep it accordingly. Ids are text; do not turn them into \
                 numbers. Correct the source and deliver the files again; this workbook need not come back.",
            ),
        ],
    )
}
