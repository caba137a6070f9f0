//! The sentence that says what happened and whom it concerns. No names of people are in it.

use crate::model::{Feed, Message, grouped};
use crate::rules;

use super::event::{Event, FieldCount, Missing};
use super::reach::Reach;
use super::words::{Facts, en, joined, named, names, organ_named, zh};

/// What happened, with the facts.
pub(super) fn what(event: &Event, facts: &Facts<'_>) -> Message {
    let file = facts.file;
    let happened = match event {
        Event::Missing(missing) => self::missing(missing, facts),
        Event::CutShort { feed, gone, torn, .. } => match gone {
            Some(gone) => Message::new(
                format!(
                    "{file} 不完整，缺少结尾：上一批次末尾的 {} 条{}记录不在其中",
                    grouped(*gone),
                    zh(*feed)
                ),
                format!(
                    "{file} has been cut off: the last {} {} of the delivery before are not in it",
                    grouped(*gone),
                    en(*feed, *gone)
                ),
            ),
            None if *torn => Message::new(
                format!("{file} 不完整，缺少结尾：末行没有写完"),
                format!("{file} has been cut off: its last line breaks off"),
            ),
            None => Message::new(
                format!("{file} 不完整，缺少结尾：末行没有换行符，且其他记录所引用的编号不在其中"),
                format!(
                    "{file} has been cut off: its last line has no end, and ids that others refer to are not in it"
                ),
            ),
        },
        Event::Shifted { field, right, first, last, lines, .. } => {
            let (side_zh, side_en) = if *right { ("右", "right") } else { ("左", "left") };
            let lines = grouped(*lines);
            Message::new(
                format!(
                    "{file} 第 {first} 至 {last} 行中有 {lines} 行，从 {field} 起的列向{side_zh}错位"
                ),
                format!(
                    "on {lines} lines of {file}, from line {first} to {last}, the columns from {field} on are shifted to the {side_en}"
                ),
            )
        }
        Event::FieldCount(count) => field_count(count, facts),
        Event::Uniform { field, values, cells, .. } => uniform(field, values, *cells, facts),
        Event::OtherEncoding { first, last, lines_are, file_is, .. } => Message::new(
            format!("{file} 第 {first} 至 {last} 行的编码是 {lines_are}，文件其余部分是 {file_is}"),
            format!(
                "lines {first} to {last} of {file} are {lines_are}, the rest of the file is {file_is}"
            ),
        ),
        Event::Renumbered { feed, records: 1, old, new, name, .. } => Message::new(
            format!("{}“{name}”的编号由 {old} 改为 {new}，仍有记录引用原编号", zh(*feed)),
            format!(
                "the {} \"{name}\" has been renumbered from {old} to {new}, and records still refer to the former id",
                en(*feed, 1)
            ),
        ),
        Event::Renumbered { feed, records, old, new, .. } => Message::new(
            format!(
                "{} 个{}的编号变更，如 {old} 改为 {new}，仍有记录引用原编号",
                grouped(*records),
                zh(*feed)
            ),
            format!(
                "{} {} have been renumbered, such as {old} to {new}, and records still refer to the former ids",
                grouped(*records),
                en(*feed, *records)
            ),
        ),
        Event::OtherDay { files, keys, .. } => {
            let (names, keys) = (names(files, facts), grouped(*keys));
            Message::new(
                format!(
                    "{} 与上一批次完全相同，与其他文件不是同一天的数据：{keys} 个编号对不上",
                    names.zh
                ),
                format!(
                    "{} came unchanged from the delivery before and not of the day of the other files; ids that do not fit together: {keys}",
                    names.en
                ),
            )
        }
        Event::SameRule { field, value, .. } => {
            same_rule(field.as_deref(), value.as_deref(), facts)
        }
    };
    let Message { zh, en } = concerned(facts.reach);
    Message::new(format!("{}{zh}", happened.zh), format!("{}{en}", happened.en))
}

/// An organisation that is gone with records of several files.
fn gone_with_all(missing: &Missing, facts: &Facts<'_>) -> Message {
    let which = named(missing.key.as_deref(), missing.name.as_deref());
    let part = |feed: Feed| {
        let (file, number) = ((facts.file_of)(feed), missing.below[feed]);
        let shown = grouped(number);
        let counter = if matches!(feed, Feed::Agent | Feed::Principal) { "名" } else { "个" };
        (
            joined(&[file, "缺", &shown, counter, zh(feed)]),
            format!("{shown} {} from {file}", en(feed, number)),
        )
    };
    let (of_zh, of_en): (Vec<String>, Vec<String>) =
        missing.lacking().into_iter().map(part).unzip();
    let gone = joined(&["上一批次中的机构", &which.zh, "及其以下的记录不在本批次中："]);
    Message::new(
        format!("{gone}{}", of_zh.join("、")),
        format!(
            "the organisation {} and what is below it, which the delivery before had, are gone: {}",
            which.en,
            of_en.join(", ")
        ),
    )
}

fn missing(missing: &Missing, facts: &Facts<'_>) -> Message {
    let Missing { feed, records, key, name, organ, had_before, .. } = missing;
    let (feed, file, number) = (*feed, facts.file, grouped(*records));
    if let Some(line) = missing.quarantined {
        return match records {
            1 => {
                let which = named(key.as_deref(), name.as_deref());
                Message::new(
                    joined(&[
                        zh(feed),
                        &which.zh,
                        &format!("（{file} 第 {line} 行）有误，已被隔离"),
                    ]),
                    format!(
                        "the {} {} (line {line} of {file}) is in quarantine",
                        en(feed, 1),
                        which.en
                    ),
                )
            }
            _ => Message::new(
                format!("{file} 中有 {number} 行{}记录有误，已被隔离，如第 {line} 行", zh(feed)),
                format!(
                    "{number} {} of {file} are in quarantine, such as line {line}",
                    en(feed, *records)
                ),
            ),
        };
    }
    if missing.lacking().len() > 1 {
        return gone_with_all(missing, facts);
    }
    let (organ_zh, organ_en) = organ.as_ref().map(organ_named).unzip();
    let of_zh = match (organ_zh, had_before) {
        (Some(organ), true) => format!("{organ}在上一批次中的"),
        (Some(organ), false) => format!("{organ}的"),
        (None, true) => "上一批次中的".to_owned(),
        (None, false) => String::new(),
    };
    let mut of_en = organ_en.map_or_else(String::new, |organ| format!(" of {organ}"));
    if *had_before {
        of_en.push_str(" that the delivery before had");
    }
    let named_at = missing.named_at.map(|(feed, line)| ((facts.file_of)(feed), line));
    let (at_zh, at_en) = match named_at {
        Some((file, line)) => (
            format!("（{file} 第 {line} 行引用了它）"),
            format!(" (line {line} of {file} refers to it)"),
        ),
        None => Default::default(),
    };
    let which = named(key.as_deref(), name.as_deref());
    let (such_zh, such_en) = match key {
        Some(key) => (format!("，如 {key}"), format!(", such as {key}")),
        None => Default::default(),
    };
    match (records, name) {
        (1, _) => Message::new(
            joined(&[&of_zh, zh(feed), &which.zh, "不在", file, "中", &at_zh]),
            format!("the {} {}{of_en} is not in {file}{at_en}", en(feed, 1), which.en),
        ),
        // From one record hang the others.
        (_, Some(_)) => Message::new(
            joined(&[
                &of_zh,
                zh(feed),
                &which.zh,
                "及其以下共",
                &number,
                "个",
                zh(feed),
                "不在",
                file,
                "中",
            ]),
            format!(
                "the {} {} and those below it, {number} in all, are not in {file}",
                en(feed, 1),
                which.en
            ),
        ),
        (_, None) => Message::new(
            joined(&[&of_zh, &number, "个", zh(feed), "不在", file, "中", &such_zh, &at_zh]),
            format!("{number} {}{of_en} are not in {file}{such_en}{at_en}", en(feed, *records)),
        ),
    }
}

fn field_count(count: &FieldCount, facts: &Facts<'_>) -> Message {
    let FieldCount { first, last, lines, found, wanted, between, .. } = count;
    let file = facts.file;
    let (from_zh, from_en) = match between {
        Some((one, other)) if one == other => {
            (format!("，从 {one} 起的列错位"), format!("; the columns from {one} on are shifted"))
        }
        Some((one, other)) => (
            format!("，错位始于 {one} 至 {other} 之间"),
            format!("; the columns are shifted from somewhere between {one} and {other} on"),
        ),
        None => Default::default(),
    };
    let all = *last - *first + 1 == *lines;
    let lines = grouped(*lines);
    let (which_zh, which_en) = match all {
        true => (
            format!("第 {first} 至 {last} 行（共 {lines} 行）"),
            format!("lines {first} to {last} of {file} ({lines} lines)"),
        ),
        false => (
            format!("第 {first} 至 {last} 行中有 {lines} 行，"),
            format!("{lines} lines of {file}, from line {first} to {last},"),
        ),
    };
    Message::new(
        format!("{file} {which_zh}有 {found} 个字段，应为 {wanted} 个{from_zh}"),
        format!("{which_en} have {found} fields instead of {wanted}{from_en}"),
    )
}

fn uniform(field: &str, values: &[String], cells: u64, facts: &Facts<'_>) -> Message {
    let (file, cells) = (facts.file, grouped(cells));
    match values {
        [value] if value.is_empty() => Message::new(
            format!("{file} 的 {field} 一列有 {cells} 行为空"),
            format!("the column {field} of {file} is empty on {cells} lines"),
        ),
        [value] => Message::new(
            format!("{file} 的 {field} 一列有 {cells} 行的值都是“{value}”"),
            format!("the column {field} of {file} holds \"{value}\" on {cells} lines"),
        ),
        values => Message::new(
            format!(
                "{file} 的 {field} 一列有 {cells} 行的值写法相同，都不合约定，如“{}”",
                values.join("”、“")
            ),
            format!(
                "the column {field} of {file} holds values of one form on {cells} lines, none of which is agreed, such as \"{}\"",
                values.join("\", \"")
            ),
        ),
    }
}

fn same_rule(field: Option<&str>, value: Option<&str>, facts: &Facts<'_>) -> Message {
    let summary = rules::find(facts.code).map(|rule| &rule.meta.summary);
    let (zh, en) = summary.map_or((facts.code, facts.code), |m| (m.zh.as_ref(), m.en.as_ref()));
    let number = grouped(facts.findings);
    let file = facts.file;
    let (of_zh, of_en) = match field {
        Some(field) => (joined(&[file, "的", field]), format!("{file}, {field}")),
        None => (file.to_owned(), file.to_owned()),
    };
    let (value_zh, value_en) = match value {
        Some(value) => (format!("（值为“{value}”）"), format!(" (the value \"{value}\")")),
        None => Default::default(),
    };
    let findings = if facts.findings == 1 { "finding" } else { "findings" };
    Message::new(
        format!("{of_zh}{value_zh}：{zh}，共 {number} 处"),
        format!("{of_en}{value_en}: {en}, {number} {findings}"),
    )
}

/// Whom it concerns.
fn concerned(reach: &Reach) -> Message {
    let Reach { people, organs, organ, .. } = reach;
    let (organ_zh, organ_en) = organ.as_ref().map(organ_named).unzip();
    let of_zh = organ_zh.map_or_else(String::new, |organ| format!("{organ}的"));
    let of_en = organ_en.map_or_else(String::new, |organ| format!(" of {organ}"));
    let people_en = if *people == 1 { "agent" } else { "agents" };
    let organs_en = if *organs == 1 { "organisation" } else { "organisations" };
    let (number, counted) = (grouped(*organs), grouped(*people));
    let (how_zh, how_en) = match reach {
        Reach { at_least: true, .. } => ("至少", "at least "),
        Reach { everybody: true, .. } => ("全部", "all "),
        _ => ("", ""),
    };
    let (people_zh, people) = (joined(&[how_zh, &counted]), format!("{how_en}{counted}"));
    match (reach.people, organs) {
        (0, 0) if reach.everybody => Message::fixed(
            "；涉及全部代理人，人数未知",
            "; it concerns all agents, their number is not known",
        ),
        (0, 0) => Message::fixed("", ""),
        (0, _) => Message::new(
            joined(&["；涉及", &of_zh, &number, "个机构"]),
            format!("; it concerns {number} {organs_en}{of_en}"),
        ),
        (_, 0) => Message::new(
            joined(&["；涉及", &of_zh, &people_zh, "名代理人"]),
            format!("; it concerns {people} {people_en}{of_en}"),
        ),
        _ => Message::new(
            joined(&["；涉及", &of_zh, &people_zh, "名代理人、", &number, "个机构"]),
            format!("; it concerns {people} {people_en} and {number} {organs_en}{of_en}"),
        ),
    }
}
