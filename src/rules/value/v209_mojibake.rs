//! V209 mojibake: U+FFFD or a trace of double decoding (锟斤拷, 烫烫烫, 屯屯屯, ï¿½) in a cell.

use crate::parse::CellFaultKind;

use super::cells::report_cells;

use crate::model::{Disposition, Example, Group, Level, Message, RuleMeta};
use crate::rules::{Check, LineContext, NewFinding, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        code: "V209",
        name: "mojibake",
        level: Level::Warning,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Value,
        summary: Message::fixed("疑似乱码", "U+FFFD or a trace of double decoding (锟斤拷, 烫烫烫, 屯屯屯, ï¿½) in a cell"),
        example: Example { header: "id|agentName|gender", defect: "A01|锟斤拷|1", mended: "A01|刘洋|1" },
        docs: Message::fixed(
            "\
## 检查内容
字段中是否有替换字符 U+FFFD，或两次转码留下的“锟斤拷”“烫烫烫”“屯屯屯”“ï¿½”。

## 影响
原来的文字在交给本程序之前就已丢失，无法恢复；姓名和名称会以乱码发布。

## 修正方法
请检查导出链路中的编码转换（常见的是把 GBK 当作 UTF-8 读取），并从源系统重新导出。",
            "\
## What it checks
Whether a cell holds the replacement character U+FFFD, or what decoding twice leaves: 锟斤拷, 烫烫烫, 屯屯屯, ï¿½.

## Why it matters
The text was lost before it was delivered and cannot be restored; names are published as noise.

## How the provider fixes it
Look at the conversions of the export (mostly GBK that was read as UTF-8), and export from the source system again.",
        ),
    },
    check: Check::Lines(check),
};

fn check(context: &LineContext<'_, '_>, sink: &mut Sink) {
    report_cells(context, sink, CellFaultKind::DecodedTwice, |field, value| {
        let (name, title) = (&field.name, &field.title.zh);
        NewFinding::new(
            format!("{name}（{title}）疑似乱码：“{value}”"),
            format!("{name} ({title}) looks like a text that was decoded wrongly: \"{value}\""),
        )
    });
}
