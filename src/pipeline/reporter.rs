//! Who makes the report files of a run, and what it is shown of the delivery.

use std::panic::{self, AssertUnwindSafe};

use crate::config::schema::{Field, Kind, Required, Schema};
use crate::delivery::Delivery;
use crate::model::{DeliveredFiles, Feed, FieldNote, Message, ReportFiles, RunReport};

/// Makes the report files of a run that has come to its verdict, while its delivery is still in memory.
pub trait Reporter {
    /// Makes them, and masks the names in the findings where nothing further may show them. What cannot be written or
    /// sent is a fault among those of the result.
    fn write(&self, report: &mut RunReport, delivered: &dyn DeliveredFiles) -> ReportFiles;
}

/// Makes no report files.
#[derive(Debug, Clone, Copy)]
pub struct NoReports;

impl Reporter for NoReports {
    fn write(&self, _: &mut RunReport, _: &dyn DeliveredFiles) -> ReportFiles {
        ReportFiles::default()
    }
}

/// Has the report files made. A panic meanwhile is a fault of theirs: the run has its verdict.
pub(super) fn report(
    mut report: RunReport,
    reporter: &dyn Reporter,
    delivered: &dyn DeliveredFiles,
) -> RunReport {
    // A panic leaves no more than names unmasked; nothing else of the report is changed.
    let written = AssertUnwindSafe(|| reporter.write(&mut report, delivered));
    let files = panic::catch_unwind(written).unwrap_or_else(|_| ReportFiles {
        faults: vec![Message::fixed(
            "生成报告文件时 orgsnap 内部错误；运行结果不受影响。请将日志中“panic at”一行反馈给开发者",
            "internal fault of orgsnap while it made the report files; the run is not affected. Please report the \
             line `panic at` of the log",
        )],
        ..ReportFiles::default()
    });
    report.report_files = files;
    report
}

impl DeliveredFiles for Delivery<'_> {
    fn titles(&self, feed: Feed) -> Vec<String> {
        let Some(file) = self.readable(feed) else { return Vec::new() };
        if let Some(header) = &file.parsed.layout.header {
            return file.parsed.cells(header.line);
        }
        let mut titles = vec![String::new(); file.parsed.layout.width];
        for (field, column) in file.schema.fields.iter().zip(&file.parsed.layout.columns) {
            if let Some(title) = column.and_then(|column| titles.get_mut(column)) {
                title.clone_from(&field.name);
            }
        }
        titles
    }

    fn cells(&self, feed: Feed, line: u64) -> Vec<String> {
        let line = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
        match self.readable(feed).zip(line) {
            Some((file, line)) if line < file.parsed.lines.len() => file.parsed.cells(line),
            _ => Vec::new(),
        }
    }

    fn column(&self, feed: Feed, field: &str) -> Option<usize> {
        let file = self.readable(feed)?;
        file.parsed.layout.columns.get(file.schema.position(field)?).copied().flatten()
    }

    fn fields(&self, feed: Feed) -> Vec<FieldNote> {
        notes(self.schema, feed)
    }
}

fn notes(schema: &Schema, feed: Feed) -> Vec<FieldNote> {
    let note = |field: &Field| FieldNote {
        name: field.name.clone(),
        title: field.title.clone(),
        kind: match field.kind {
            Kind::Text => Message::fixed("文本", "text"),
            Kind::Integer => Message::fixed("整数", "whole number"),
            Kind::Date(_) => Message::fixed("日期", "date"),
        },
        required: match &field.required {
            Required::No => Message::fixed("可为空", "may be empty"),
            Required::Yes => Message::fixed("必填", "required"),
            Required::Unless(other) => Message::new(
                format!("必填（{other} 为空时除外）"),
                format!("required unless {other} is empty"),
            ),
        },
        meaning: meaning(schema, feed, field),
    };
    schema.feed(feed).fields.iter().map(note).collect()
}

/// What a field means, which values it may have and which record it names.
fn meaning(schema: &Schema, feed: Feed, field: &Field) -> Message {
    let (mut zh, mut en) =
        (vec![field.description.zh.to_string()], vec![field.description.en.to_string()]);
    if !field.allowed.is_empty() {
        let list = |text: fn(&Message) -> &str| -> Vec<String> {
            field.allowed.iter().map(|(value, word)| format!("{value} {}", text(word))).collect()
        };
        zh.push(list(|word| &word.zh).join("，"));
        en.push(list(|word| &word.en).join(", "));
    }
    let reference = schema.references.iter().find(|r| r.feed == feed && r.field == field.name);
    if let Some(target) = reference.map(|reference| reference.target) {
        let name = &schema.feed(target).file_name;
        zh.push(format!("须是 {name} 中的主键"));
        en.push(format!("a key of {name}"));
    }
    let whole = |parts: Vec<String>, between| {
        let parts = parts.iter().map(|part| part.trim_end_matches(['。', '.']));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(between)
    };
    Message::new(whole(zh, "；"), whole(en, "; "))
}
