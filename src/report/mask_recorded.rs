//! Masking the names in recorded findings.

use crate::model::{ListedFinding, Message, may_be_name};

use super::mask::{longest_first, masked_in, masked_message};
use super::mask_run::mask_quoted;

/// Masks the names in a finding of the database: its key, value and message. Of a finding that an earlier version recorded
/// it is not known which texts are names; then all are masked that may be.
pub fn mask_listed(finding: &mut ListedFinding) {
    let known = finding.names.take();
    let is_known = known.is_some();
    let names = known.unwrap_or_else(|| {
        let texts = [&finding.key, &finding.value].into_iter().flatten();
        texts.filter(|text| may_be_name(text)).cloned().collect()
    });
    let names = longest_first(names.iter().map(String::as_str));
    for text in [&mut finding.key, &mut finding.value].into_iter().flatten() {
        *text = masked_in(text, &names).into_owned();
    }
    let message: Message = masked_message(&finding.message, &names);
    finding.message = message;
    if !is_known {
        mask_quoted(&mut finding.message);
    }
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
}
