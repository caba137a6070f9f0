//! Masking the names in all that a run has to say, for whatever is made of it afterwards.

use std::borrow::Cow;

use crate::model::{Message, RunReport, may_be_name};

use super::mask::{Names, masked};

/// What texts are quoted with in messages, by language.
const QUOTES: [(char, char); 2] = [('“', '”'), ('"', '"')];

/// Masks the names in the findings of a run, in those that are mended, in its causes and in vanished records.
pub fn mask_run(report: &mut RunReport) {
    let names = Names::Masked;
    // While the findings still say which of their texts are names.
    let causes = names.causes(report).into_owned();
    report.causes = causes;
    for finding in &mut report.findings {
        if let Cow::Owned(masked) = names.finding(finding) {
            *finding = masked;
        }
    }
    let hide = |key: &mut String| {
        if let Cow::Owned(masked) = names.key(key) {
            *key = masked;
        }
    };
    for finding in report.mended.iter_mut().flatten() {
        finding.key.as_mut().map(hide);
        // Which of its texts are names is not known any more.
        mask_quoted(&mut finding.message);
    }
    let former = report.former.iter_mut().flat_map(|former| former.feeds.values_mut());
    former.flat_map(|feed| &mut feed.vanished).for_each(|record| hide(&mut record.key));
}

pub(super) fn mask_quoted(message: &mut Message) {
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
