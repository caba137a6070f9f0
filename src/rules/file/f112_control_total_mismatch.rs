//! F112 control-total-mismatch: the count in a declared control record is not the number of records.

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "F112",
        name: "control-total-mismatch",
        level: Level::Fatal,
        floor: Level::Off,
        disposition: Disposition::Refuse,
        group: Group::File,
        summary: Message::fixed("控制记录中的记录数与文件不符", "the count in a declared control record is not the number of records"),
        example: Example { header: "", defect: "TRAILER|1000\n（999 行）", mended: "TRAILER|999\n（999 行）" },
        docs: Message::fixed(
            "\
## 检查内容
任务文件声明了末行的控制记录（[format] trailer）时：末行是否为该记录，其中的记录数是否等于文件中的记录数。

## 影响
控制记录缺失或数目不符，文件通常没有传完，或导出时丢了记录。

## 修正方法
请检查导出与上传是否完整；如控制记录的写法或计数口径有变，请通知集成方。",
            "\
## What it checks
Where the job declares a control record at the end (`[format] trailer`): whether the last line is one, and whether its count is the number of records of the file.

## Why it matters
A missing control record or another count means, as a rule, that the upload was cut off or records were lost in the export.

## How the provider fixes it
Make sure that export and upload are complete; tell the integrator if the form of the record or its way of counting has changed.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    for file in context.readable() {
        let (Some(trailer), Some(form)) = (file.parsed.trailer, &file.schema.dialect.trailer)
        else {
            continue;
        };
        let (records, form) = (file.parsed.records(), form.text());
        let line = [trailer.last as u64 + 1];
        if !trailer.found {
            sink.report(file.feed, &line, || {
                NewFinding::new(
                    format!(
                        "末行不是声明的控制记录“{form}”；文件可能没有传完，或任务文件的 [format] trailer 与实际写法不符"
                    ),
                    format!(
                        "the last line is not the declared control record \"{form}\"; the upload may have been cut off, or \
                         [format] trailer of the job does not fit the files"
                    ),
                )
            });
        } else if let Some(stated) = trailer.stated.filter(|stated| *stated != records) {
            sink.report(file.feed, &line, || {
                NewFinding::new(
                    format!("控制记录写明 {stated} 条记录，文件中有 {records} 条"),
                    format!("the control record states {stated} records; the file has {records}"),
                )
                .value(Some(stated.to_string()))
            });
        }
    }
}
