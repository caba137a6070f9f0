//! The first sheet: what this workbook is about, how the delivery fared, and how to use the other sheets.

use rust_xlsxwriter::{Worksheet, XlsxError};

use crate::model::{Finding, RunReport, Verdict};

use super::book::{Book, Cell, SheetRows};
use super::content::Content;
use crate::report::formatting;

pub(super) fn write(book: &Book, content: &Content<'_>) -> Result<Vec<Worksheet>, XlsxError> {
    let language = content.language;
    let report = content.report;
    let mut rows = book.text(language.choose("说明", "About"))?;
    let title = language.choose("交付数据问题清单", "Findings of a delivery");
    rows.row([Cell::Title(title)])?;
    let tenant = match &report.tenant_name {
        Some(name) => format!("{name} {}", report.tenant),
        None => report.tenant.clone(),
    };
    let date = report.business_date.to_string();
    let result = formatting::verdict(language, report.verdict.name());
    let generated = format!("orgsnap {}", env!("CARGO_PKG_VERSION"));
    for (label, value) in [
        (language.choose("数据提供方", "provider"), tenant.as_str()),
        (language.choose("业务日期", "business date"), &date),
        (language.choose("结果", "result"), result),
        (language.choose("运行编号", "run"), &report.run.0),
        (language.choose("生成程序", "made by"), &generated),
    ] {
        rows.row([Cell::Text(label), Cell::Text(value)])?;
    }
    if report.verdict == Verdict::Refused {
        for reason in &report.reasons {
            let label = language.choose("未发布的原因", "why nothing is published");
            rows.row([Cell::Text(label), Cell::Text(language.of(&reason.message))])?;
        }
    }
    rows.row([])?;
    counts(&mut rows, content)?;
    rows.row([])?;
    files(&mut rows, content)?;
    rows.row([])?;
    rows.row([Cell::Title(language.choose("如何使用", "How to use this workbook"))])?;
    for (sheet, what) in guide(content) {
        rows.row([Cell::Text(sheet), Cell::Text(what)])?;
    }
    rows.finish()
}

fn counts(rows: &mut SheetRows<'_>, content: &Content<'_>) -> Result<(), XlsxError> {
    let (language, report) = (content.language, content.report);
    let listed = report.findings.len() as u64;
    let total: u64 = report.totals.values().sum();
    let aged = |wanted: fn(&Finding) -> bool| {
        report.findings.iter().filter(|finding| wanted(finding)).count() as u64
    };
    rows.row([Cell::Title(language.choose("问题数", "Findings"))])?;
    let mut counts = vec![(language.choose("全部", "all"), total.max(listed))];
    if total > listed {
        counts.push((language.choose("本工作簿列出", "listed in this workbook"), listed));
    }
    if has_ages(report) {
        counts.extend([
            (
                language.choose("新出现", "new"),
                aged(|finding| finding.age.is_some_and(|age| age.is_new())),
            ),
            (
                language.choose("仍存在", "persisting"),
                aged(|finding| finding.age.is_some_and(|age| !age.is_new())),
            ),
        ]);
    }
    if let Some(mended) = &report.mended {
        counts.push((language.choose("已更正", "mended"), mended.len() as u64));
    }
    for (label, count) in counts {
        rows.row([Cell::Text(label), Cell::Number(count)])?;
    }
    Ok(())
}

fn has_ages(report: &RunReport) -> bool {
    report.findings.iter().any(|finding| finding.age.is_some())
}

fn files(rows: &mut SheetRows<'_>, content: &Content<'_>) -> Result<(), XlsxError> {
    let language = content.language;
    let headings = language.choose(
        ["文件", "行数", "接受", "隔离", "编码"],
        ["file", "lines", "accepted", "quarantined", "encoding"],
    );
    rows.row(headings.map(Cell::Title))?;
    for file in &content.report.files {
        rows.row([
            Cell::Text(&file.name),
            Cell::Number(file.lines),
            Cell::Number(file.rows),
            Cell::Number(file.quarantined),
            file.encoding.as_deref().into(),
        ])?;
    }
    Ok(())
}

fn guide(content: &Content<'_>) -> [(&'static str, &'static str); 5] {
    content.language.choose(
        [
            ("汇总（按原因）", "先看这里：同一原因的问题合为一行，按涉及人数排列。"),
            ("问题明细", "每个问题一行；“原因序号”对应汇总中的序号。可按列筛选。"),
            (
                "需更正清单",
                "每个文件一张表：原样列出需要更正的行，出错的字段有底色，右侧是问题和建议。提示级的问题不在其中。",
            ),
            ("数据字典", "四个文件的字段约定，以及本次出现的规则。"),
            (
                "请注意",
                "本工作簿含有交付数据原文（包括姓名），请按贵司的规定保管。编号均为文本，请勿改为数字格式。请更正源数据后重新上传数据文件，不必回传本工作簿。",
            ),
        ],
        [
            ("Summary by cause", "Begin here: findings with one cause are one row, those that concern most people first."),
            ("Findings", "One row each; its cause no. is that of the summary. Every column can be filtered."),
            (
                "To correct",
                "One sheet a file: the lines to be corrected as delivered, the cells at fault coloured, with what is wrong and \
                 what to do at the right. Findings of level info are left out.",
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
