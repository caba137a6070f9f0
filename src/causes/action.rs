//! The sentence that says what to do.

use crate::model::{Feed, Level, Message};
use crate::rules;

use super::event::{Event, FieldCount, Missing};
use super::words::{Facts, en, names, zh};

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
        Event::Missing(missing) if missing.lacking().len() > 1 => {
            let names = names(&missing.lacking(), facts);
            Message::new(
                format!("请提供方在 {} 中补回该机构的全部记录后重新导出", names.zh),
                format!("ask the provider to add all records of this organisation to {}", names.en),
            )
        }
        Event::Missing(missing) if !missing.had_before => Message::new(
            format!("请提供方在 {file} 中补充缺少的{}记录，或改正引用", zh(missing.feed)),
            format!(
                "ask the provider to add the missing {} to {file}, or to correct what refers to them",
                en(missing.feed, 2)
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
        Event::FieldCount(count) => mended_count(count),
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
        let en = of(&page.en, ". ");
        let mut letters = en.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        let en: String = first.into_iter().chain(letters).collect();
        Message::new(zh, format!("ask the provider to mend it: {en}"))
    })
}

fn mended_count(count: &FieldCount) -> Message {
    let (near_zh, near_en) = match &count.between {
        Some((one, other)) if one == other => (format!("（{one} 附近）"), format!(" near {one}")),
        Some((one, other)) => {
            (format!("（{one} 至 {other} 之间）"), format!(" between {one} and {other}"))
        }
        None => Default::default(),
    };
    match count.found > count.wanted {
        true => Message::new(
            format!(
                "请提供方检查这些行{near_zh}是值中混入了分隔符，还是多导出了列，更正后重新导出"
            ),
            format!(
                "ask the provider whether on these lines{near_en} a value holds the delimiter or a column was added"
            ),
        ),
        false => Message::new(
            format!(
                "请提供方检查这些行{near_zh}是少导出了列，还是值中的换行截断了记录，更正后重新导出"
            ),
            format!(
                "ask the provider whether on these lines{near_en} a column was left out or a line break cut the records"
            ),
        ),
    }
}
