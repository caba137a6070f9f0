//! The sentences of a cause: what happened and whom it concerns, and what to do. No names of people are in them.

use crate::model::{Feed, Level, Message, grouped};
use crate::rules;

use super::event::{Event, FieldCount, Missing};
use super::reach::Reach;

/// What the sentences need beside the event.
pub(super) struct Facts<'w> {
    pub(super) reach: &'w Reach,
    pub(super) findings: u64,
    /// The rule of the first finding.
    pub(super) code: &'static str,
    /// The highest level of the findings.
    pub(super) level: Level,
    /// The name of the file to look at first.
    pub(super) file: &'w str,
    /// The name of the file of each feed.
    pub(super) file_of: &'w dyn Fn(Feed) -> &'w str,
}

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
                    "{} came unchanged from the delivery before and not of the day of the other files: {keys} ids do not fit together",
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

/// What to do.
pub(super) fn action(event: &Event, facts: &Facts<'_>) -> Message {
    let file = facts.file;
    match event {
        Event::Missing(missing) if missing.quarantined.is_some() => Message::new(
            format!("请提供方更正 {file} 中的这些行后重新导出；在此之前沿用其上一次的有效版本"),
            format!(
                "ask the provider to correct these lines of {file}; until then their last good version is used"
            ),
        ),
        Event::Missing(Missing { feed: Feed::Agent, had_before: true, .. }) => Message::new(
            format!("请提供方核对导出条件并补回这些代理人；离职的代理人也应保留在 {file} 中"),
            format!(
                "ask the provider to look at what was exported and to deliver these agents again; those who left stay in {file} too"
            ),
        ),
        Event::Missing(missing) => Message::new(
            format!("请提供方在 {file} 中补回缺少的{}记录后重新导出", zh(missing.feed)),
            format!("ask the provider to add the missing {} to {file}", en(missing.feed, 2)),
        ),
        Event::CutShort { .. } => Message::new(
            format!("请提供方重新上传完整的 {file}"),
            format!("ask the provider to upload the whole {file} again"),
        ),
        Event::Shifted { field, .. } => Message::new(
            format!("请提供方核对导出程序在 {field} 附近是否多出或缺少一列，更正后重新导出"),
            format!("ask the provider whether the export adds or leaves out a column near {field}"),
        ),
        Event::FieldCount(count) => {
            let (near_zh, near_en) = match &count.between {
                Some((first, _)) => (format!(" {first} 附近"), format!(" near {first}")),
                None => Default::default(),
            };
            let (fault_zh, fault_en) = match count.found > count.wanted {
                true => (
                    "值中混入了分隔符或多导出了列",
                    "a value holds the delimiter or a column was added",
                ),
                false => (
                    "少导出了列或字段中的换行截断了记录",
                    "a column was left out or a line break cut the records",
                ),
            };
            Message::new(
                format!("请提供方核对导出程序在这些行{near_zh}是否{fault_zh}，更正后重新导出"),
                format!("ask the provider whether on these lines{near_en} {fault_en}"),
            )
        }
        Event::Uniform { field, values, .. } => match values.as_slice() {
            [value] if !value.is_empty() => Message::new(
                format!(
                    "请提供方核对 {field} 的取数逻辑；若“{value}”有约定的含义，可在任务文件中声明"
                ),
                format!(
                    "ask the provider where {field} is taken from; if \"{value}\" has an agreed meaning, the job file can say it"
                ),
            ),
            _ => Message::new(
                format!("请提供方核对 {field} 的取数逻辑后重新导出"),
                format!("ask the provider where {field} is taken from"),
            ),
        },
        Event::OtherEncoding { file_is, .. } => Message::new(
            format!("请提供方将整个 {file} 统一为 {file_is} 后重新导出"),
            format!("ask the provider to write all of {file} in {file_is}"),
        ),
        Event::Renumbered { feed, .. } => Message::new(
            format!("请提供方恢复{}的原编号，或将所有引用一并改为新编号", zh(*feed)),
            format!(
                "ask the provider to keep the id of the {}, or to change all references to it",
                en(*feed, 1)
            ),
        ),
        Event::OtherDay { files, .. } => {
            let names = names(files, facts);
            Message::new(
                format!("请提供方重新导出当天的 {}，四个文件应取自同一时点", names.zh),
                format!(
                    "ask the provider for {} of the day: the four files must be of one moment",
                    names.en
                ),
            )
        }
        Event::SameRule { .. } => mending(facts),
    }
}

/// How the provider mends what a rule finds, as the page of the rule says it.
fn mending(facts: &Facts<'_>) -> Message {
    if facts.level == Level::Info {
        return Message::fixed("仅供参考，无需处理", "for information; there is nothing to do");
    }
    let page = rules::find(facts.code).map(|rule| &rule.meta.docs);
    // The first sentence of the last section.
    let of = |page: &str, end: &str| {
        let section = page.rsplit("\n## ").next().and_then(|section| section.split_once('\n'));
        let text = section.map_or("", |(_, text)| text).trim();
        let sentence = text.split(end).next().unwrap_or_default();
        sentence.trim_end_matches(['。', '.']).replace('`', "")
    };
    page.map_or(Message::fixed("", ""), |page| {
        let zh = of(&page.zh, "。");
        let zh = zh.strip_prefix('请').map_or(zh.clone(), |rest| format!("请提供方{rest}"));
        Message::new(zh, format!("the provider: {}", of(&page.en, ". ")))
    })
}

fn names(files: &[Feed], facts: &Facts<'_>) -> Message {
    let names: Vec<&str> = files.iter().map(|feed| (facts.file_of)(*feed)).collect();
    Message::new(names.join("、"), names.join(", "))
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

fn named(key: Option<&str>, name: Option<&str>) -> Message {
    let Some(key) = key else { return Message::fixed("", "") };
    match name {
        Some(name) => Message::new(format!("{key}（{name}）"), format!("{key} ({name})")),
        None => Message::new(key.to_owned(), key.to_owned()),
    }
}

/// An organisation by its name and id, in Chinese and English.
fn organ_named((id, name): &(String, String)) -> (String, String) {
    match name.as_str() {
        "" => (joined(&[zh(Feed::Organ), id]), format!("{} {id}", en(Feed::Organ, 1))),
        name => (format!("{name}（{id}）"), format!("{name} ({id})")),
    }
}

/// Parts of a Chinese sentence, with a space where letters or digits meet Chinese characters, and nowhere else.
fn joined(parts: &[&str]) -> String {
    let is_chinese = |char: char| ('\u{4e00}'..='\u{9fff}').contains(&char);
    let mut sentence = String::new();
    for part in parts {
        if let (Some(last), Some(first)) = (sentence.chars().next_back(), part.chars().next())
            && ((last.is_ascii_graphic() && is_chinese(first))
                || (is_chinese(last) && first.is_ascii_graphic()))
        {
            sentence.push(' ');
        }
        sentence.push_str(part);
    }
    sentence
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
    let Reach { people, organs, organ } = reach;
    let (organ_zh, organ_en) = organ.as_ref().map(organ_named).unzip();
    let of_zh = organ_zh.map_or_else(String::new, |organ| format!("{organ}的"));
    let of_en = organ_en.map_or_else(String::new, |organ| format!(" of {organ}"));
    let people_en = if *people == 1 { "agent" } else { "agents" };
    let organs_en = if *organs == 1 { "organisation" } else { "organisations" };
    let (people, number) = (grouped(*people), grouped(*organs));
    match (reach.people, organs) {
        (0, 0) => Message::fixed("", ""),
        (0, _) => Message::new(
            joined(&["；涉及", &of_zh, &number, "个机构"]),
            format!("; it concerns {number} {organs_en}{of_en}"),
        ),
        (_, 0) => Message::new(
            joined(&["；涉及", &of_zh, &people, "名代理人"]),
            format!("; it concerns {people} {people_en}{of_en}"),
        ),
        _ => Message::new(
            joined(&["；涉及", &of_zh, &people, "名代理人、", &number, "个机构"]),
            format!("; it concerns {people} {people_en} and {number} {organs_en}{of_en}"),
        ),
    }
}

/// The word for records of a feed.
fn zh(feed: Feed) -> &'static str {
    match feed {
        Feed::Organ => "机构",
        Feed::Node => "团队",
        Feed::Agent => "代理人",
        Feed::Principal => "内勤人员",
    }
}

fn en(feed: Feed, number: u64) -> &'static str {
    match (feed, number) {
        (Feed::Organ, 1) => "organisation",
        (Feed::Organ, _) => "organisations",
        (Feed::Node, 1) => "team",
        (Feed::Node, _) => "teams",
        (Feed::Agent, 1) => "agent",
        (Feed::Agent, _) => "agents",
        (Feed::Principal, 1) => "member of staff",
        (Feed::Principal, _) => "members of staff",
    }
}
