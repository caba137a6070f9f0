//! The words of which the sentences of a cause are made.

use crate::model::{Feed, Level, Message};

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

pub(super) fn names(files: &[Feed], facts: &Facts<'_>) -> Message {
    let names: Vec<&str> = files.iter().map(|feed| (facts.file_of)(*feed)).collect();
    Message::new(names.join("、"), names.join(", "))
}

pub(super) fn named(key: Option<&str>, name: Option<&str>) -> Message {
    let Some(key) = key else { return Message::fixed("", "") };
    match name {
        Some(name) => Message::new(format!("{key}（{name}）"), format!("{key} ({name})")),
        None => Message::new(key.to_owned(), key.to_owned()),
    }
}

/// An organisation by its name and id, in Chinese and English.
pub(super) fn organ_named((id, name): &(String, String)) -> (String, String) {
    match name.as_str() {
        "" => (joined(&[zh(Feed::Organ), id]), format!("{} {id}", en(Feed::Organ, 1))),
        name => (format!("{name}（{id}）"), format!("{name} ({id})")),
    }
}

/// Parts of a Chinese sentence, with a space where letters or digits meet Chinese characters, and nowhere else.
pub(super) fn joined(parts: &[&str]) -> String {
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

/// The word for records of a feed.
pub(super) fn zh(feed: Feed) -> &'static str {
    match feed {
        Feed::Organ => "机构",
        Feed::Node => "团队",
        Feed::Agent => "代理人",
        Feed::Principal => "内勤人员",
    }
}

pub(super) fn en(feed: Feed, number: u64) -> &'static str {
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
