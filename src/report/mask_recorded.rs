//! Masking the names in recorded findings.

use crate::model::{ListedFinding, Message, may_be_name};

use super::mask::{longest_first, masked, masked_in, masked_message};

/// What texts are quoted with in messages, by language.
const QUOTES: [(char, char); 2] = [('“', '”'), ('"', '"')];

/// Masks the names in a finding of the database: its key, value and message.
pub fn mask_listed(finding: &mut ListedFinding) {
    let texts = [&mut finding.key, &mut finding.value];
    mask_recorded(finding.names.take(), texts, &mut finding.message);
}

/// Masks these names in the texts of a finding. Of one that an earlier version recorded it is not known which texts are
/// names; then all are masked that may be.
pub(super) fn mask_recorded<const N: usize>(
    names: Option<Vec<String>>,
    texts: [&mut Option<String>; N],
    message: &mut Message,
) {
    let is_known = names.is_some();
    let names = names.unwrap_or_else(|| {
        let texts = texts.iter().filter_map(|text| text.as_ref());
        texts.filter(|text| may_be_name(text)).cloned().collect()
    });
    let names = longest_first(names.iter().map(String::as_str));
    for text in texts.into_iter().flatten() {
        *text = masked_in(text, &names).into_owned();
    }
    *message = masked_message(message, &names);
    if !is_known {
        mask_quoted(message);
    }
}

/// Masks what stands in quotes and may be a name.
fn mask_quoted(message: &mut Message) {
    for text in [&mut message.zh, &mut message.en] {
        for (open, close) in QUOTES {
            let mut shown = String::with_capacity(text.len());
            let mut rest: &str = text;
            while let Some((before, quoted, after)) = next_quoted(rest, open, close) {
                shown.push_str(before);
                shown.push(open);
                match may_be_name(quoted) {
                    true => shown.push_str(&masked(quoted)),
                    false => shown.push_str(quoted),
                }
                shown.push(close);
                rest = after;
            }
            shown.push_str(rest);
            *text = shown.into();
        }
    }
}

/// What is before a quoted text, the text, and what is behind it.
fn next_quoted(text: &str, open: char, close: char) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(open)?;
    let (quoted, after) = rest.split_once(close)?;
    Some((before, quoted, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(names: Option<&[&str]>) -> ListedFinding {
        ListedFinding {
            code: "N501".to_owned(),
            name: "name-mismatch".to_owned(),
            level: "warning".to_owned(),
            disposition: "keep".to_owned(),
            feed: "organ".to_owned(),
            file: None,
            line: Some(2),
            key: Some("8601".to_owned()),
            field: Some("leaderName".to_owned()),
            value: Some(" 张三 ".to_owned()),
            message: Message::fixed("leaderName 为“张三”，应为“刘”", "\"张三\", not \"刘\""),
            affected: 1,
            first_seen: None,
            deliveries: None,
            names: names.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
        }
    }

    #[test]
    fn the_names_that_a_recorded_finding_has_are_masked_and_other_texts_are_not() {
        let mut exact = finding(Some(&["张三", "刘"]));
        mask_listed(&mut exact);
        assert_eq!(exact.value.as_deref(), Some(" 张* "));
        assert_eq!(
            exact.message,
            Message::fixed("leaderName 为“张*”，应为“*”", "\"张*\", not \"*\"")
        );
        assert_eq!(exact.key.as_deref(), Some("8601"));
        let mut none = finding(Some(&[]));
        mask_listed(&mut none);
        assert_eq!(none.value.as_deref(), Some(" 张三 "));
        // Of an earlier version.
        let mut unknown = finding(None);
        mask_listed(&mut unknown);
        assert!(!format!("{unknown:?}").contains("张三"), "{unknown:?}");
    }

    #[test]
    fn quoted_texts_of_a_message_that_may_be_names_are_masked() {
        let mut message = Message::fixed(
            "leaderName 是“张三”，id 为“A0012”的记录中是“李四光”",
            "leaderName is \"Zhang San\", in the record \"A0012\" it is \"Li Si\"",
        );
        mask_quoted(&mut message);
        assert_eq!(message.zh, "leaderName 是“张*”，id 为“A0012”的记录中是“李*”");
        assert_eq!(message.en, "leaderName is \"Z*\", in the record \"A0012\" it is \"L*\"");
    }
}
