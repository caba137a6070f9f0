//! The sentences of a cause: what happened and whom it concerns, and what to do. No names of people are in them.

use crate::model::{Feed, Message, grouped};
use crate::rules;

use super::event::{Event, Missing};
use super::reach::Reach;

/// What the sentences need beside the event.
pub(super) struct Facts<'w> {
    pub(super) reach: &'w Reach,
    pub(super) findings: u64,
    /// The rule of the first finding.
    pub(super) code: &'static str,
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
        Event::Uniform { field, value, cells, .. } if value.is_empty() => {
            let cells = grouped(*cells);
            Message::new(
                format!("{file} 的 {field} 一列有 {cells} 行为空"),
                format!("the column {field} of {file} is empty on {cells} lines"),
            )
        }
        Event::Uniform { field, value, cells, .. } => {
            let cells = grouped(*cells);
            Message::new(
                format!("{file} 的 {field} 一列有 {cells} 行的值都是“{value}”"),
                format!("the column {field} of {file} holds \"{value}\" on {cells} lines"),
            )
        }
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
        Event::Uniform { field, value, .. } if value.is_empty() => Message::new(
            format!("请提供方核对 {field} 的取数逻辑后重新导出"),
            format!("ask the provider where {field} is taken from"),
        ),
        Event::Uniform { field, value, .. } => Message::new(
            format!("请提供方核对 {field} 的取数逻辑；若“{value}”有约定的含义，可在任务文件中声明"),
            format!(
                "ask the provider where {field} is taken from; if \"{value}\" has an agreed meaning, the job file can say it"
            ),
        ),
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
        Event::SameRule { .. } => Message::new(
            format!("请提供方按 orgsnap rules {} 中的修正方法处理", facts.code),
            format!("ask the provider to correct it as orgsnap rules {} says", facts.code),
        ),
    }
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
                    format!("{}{}（{file} 第 {line} 行）有误，已被隔离", zh(feed), which.zh),
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
    let of_zh = match (organ, had_before) {
        (Some((id, name)), true) => format!("{name}（{id}）在上一批次中的 "),
        (Some((id, name)), false) => format!("{name}（{id}）的 "),
        (None, true) => "上一批次中的 ".to_owned(),
        (None, false) => String::new(),
    };
    let mut of_en = match organ {
        Some((id, name)) => format!(" of {name} ({id})"),
        None => String::new(),
    };
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
            format!("{of_zh}{}{}不在 {file} 中{at_zh}", zh(feed), which.zh),
            format!("the {} {}{of_en} is not in {file}{at_en}", en(feed, 1), which.en),
        ),
        // From one record hang the others.
        (_, Some(_)) => Message::new(
            format!(
                "{of_zh}{}{}及其以下共 {number} 个{}不在 {file} 中",
                zh(feed),
                which.zh,
                zh(feed)
            ),
            format!(
                "the {} {} and those below it, {number} in all, are not in {file}",
                en(feed, 1),
                which.en
            ),
        ),
        (_, None) => Message::new(
            format!("{of_zh}{number} 个{}不在 {file} 中{such_zh}{at_zh}", zh(feed)),
            format!("{number} {}{of_en} are not in {file}{such_en}{at_en}", en(feed, *records)),
        ),
    }
}

fn named(key: Option<&str>, name: Option<&str>) -> Message {
    let Some(key) = key else { return Message::fixed("", "") };
    match name {
        Some(name) => Message::new(format!(" {key}（{name}）"), format!("{key} ({name})")),
        None => Message::new(format!(" {key} "), key.to_owned()),
    }
}

fn same_rule(field: Option<&str>, value: Option<&str>, facts: &Facts<'_>) -> Message {
    let summary = rules::find(facts.code).map(|rule| &rule.meta.summary);
    let (zh, en) = summary.map_or((facts.code, facts.code), |m| (m.zh.as_ref(), m.en.as_ref()));
    let number = grouped(facts.findings);
    let (of_zh, of_en) = match field {
        Some(field) => (format!("的 {field}"), format!(", {field}")),
        None => Default::default(),
    };
    let (value_zh, value_en) = match value {
        Some(value) => (format!("（值为“{value}”）"), format!(" (the value \"{value}\")")),
        None => Default::default(),
    };
    let file = facts.file;
    let findings = if facts.findings == 1 { "finding" } else { "findings" };
    Message::new(
        format!("{file} {of_zh}{value_zh}：{zh}，共 {number} 处"),
        format!("{file}{of_en}{value_en}: {en}, {number} {findings}"),
    )
}

/// Whom it concerns.
fn concerned(reach: &Reach) -> Message {
    let Reach { people, organs, organ } = reach;
    let (of_zh, of_en) = match organ {
        Some((id, name)) => (format!(" {name}（{id}）的"), format!(" of {name} ({id})")),
        None => Default::default(),
    };
    let people_en = if *people == 1 { "agent" } else { "agents" };
    let organs_en = if *organs == 1 { "organisation" } else { "organisations" };
    let (people, number) = (grouped(*people), grouped(*organs));
    match (reach.people, organs) {
        (0, 0) => Message::fixed("", ""),
        (0, _) => Message::new(
            format!("；涉及{of_zh} {number} 个机构"),
            format!("; it concerns {number} {organs_en}{of_en}"),
        ),
        (_, 0) => Message::new(
            format!("；涉及{of_zh} {people} 名代理人"),
            format!("; it concerns {people} {people_en}{of_en}"),
        ),
        _ => Message::new(
            format!("；涉及{of_zh} {people} 名代理人、{number} 个机构"),
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
