//! Cells that say: no value, or no date.

use std::collections::BTreeSet;

use crate::config::schema::{Kind, Required};
use crate::model::Message;

use super::columns::{Facts, Word, together};
use super::proposal::{Change, Proposal, shown};
use super::words;

/// Proposes `null`: well-known words in places where they cannot be a value. Returns them.
pub(super) fn no_values(facts: &Facts<'_>, proposal: &mut Proposal) -> Vec<String> {
    let is_key = |word: &str| facts.keys.iter().any(|keys| keys.contains(word));
    let mut taken = Vec::new();
    for word in words::NO_VALUE.iter().filter(|word| !is_key(word)) {
        let found = facts.columns.iter().flat_map(|column| &column.words);
        let Some(sum) = together(found.filter(|found| found.text == *word)) else { continue };
        let in_texts = together(facts.in_texts.iter().filter(|found| found.text == *word));
        let Message { zh, en } = sum.evidence();
        let evidence = match in_texts {
            None => Message { zh, en },
            Some(also) => Message::new(
                format!(
                    "{zh}；另有 {} 个文本单元格，如第 {} 行的 {}",
                    also.cells, also.line, also.field
                ),
                format!(
                    "{en}; and {} cell(s) of text, such as {} on line {}",
                    also.cells, also.field, also.line
                ),
            ),
        };
        let change = Change::Null((*word).to_owned());
        let in_required = facts.in_required.iter().filter(|found| found.text == *word);
        match together(in_required) {
            None => proposal.set(change, evidence),
            Some(also) => {
                let (Message { zh, en }, place) = (evidence, also.evidence());
                proposal.ask(
                    Message::new(
                        format!("{zh}；必填字段中也有（{}），可能是真实内容；是否都表示没有值？", place.zh),
                        format!(
                            "{en}; required fields hold it too ({}), where it may be real: does it mean no value everywhere?",
                            place.en
                        ),
                    ),
                    [vec![change]],
                );
            }
        }
        // Whatever the answer is, these cells are no words of another kind.
        taken.push((*word).to_owned());
    }
    for word in words::STRICT_NO_VALUE.iter().filter(|word| !taken.iter().any(|t| t == *word)) {
        let found = facts.in_texts.iter().filter(|found| found.text == *word);
        if let Some(sum) = together(found).filter(|_| !is_key(word)) {
            let Message { zh, en } = sum.evidence();
            proposal.ask(
                Message::new(
                    format!("{zh}；是否表示没有值？"),
                    format!("{en}; does it mean no value?"),
                ),
                [vec![Change::Null((*word).to_owned())]],
            );
        }
    }
    taken
}

/// Proposes `no_date`: cells of date columns that are no day, or a day in a year in which nothing real happened. Returns
/// them.
pub(super) fn no_dates(facts: &Facts<'_>, null: &[String], proposal: &mut Proposal) -> Vec<String> {
    let dates = || facts.columns.iter().filter(|column| matches!(column.field.kind, Kind::Date(_)));
    let (mut certain, mut doubtful) = (BTreeSet::new(), BTreeSet::new());
    for column in dates() {
        let may_be_empty = column.field.required != Required::Yes;
        for word in column.words.iter().filter(|word| !null.contains(&word.text)) {
            if is_no_day(&word.text) {
                certain.insert(&word.text);
            } else if may_be_empty
                && word.cells > 1
                && !word.text.contains(|c: char| c.is_ascii_digit())
            {
                doubtful.insert(&word.text);
            }
        }
        // One odd year is a mistyped date, which the rules tell; a marker fills many cells, or says so by its form.
        if may_be_empty {
            let odd = column.odd_dates.iter().filter(|word| word.cells > 1);
            doubtful.extend(odd.map(|word| &word.text));
        }
        let markers =
            column.far_dates.iter().filter(|word| word.cells > 1 || is_marker(&word.text));
        certain.extend(markers.filter(|_| may_be_empty).map(|word| &word.text));
    }
    let sum = |text: &str| -> Option<Word> {
        let words = dates().flat_map(|column| {
            column.words.iter().chain(&column.far_dates).chain(&column.odd_dates)
        });
        together(words.filter(|word| word.text == text))
    };
    for text in &certain {
        if let Some(word) = sum(text) {
            proposal.set(Change::NoDate((*text).clone()), word.evidence());
        }
    }
    for text in doubtful {
        if let Some(Message { zh, en }) = sum(text).map(|word| word.evidence()) {
            proposal.ask(
                Message::new(
                    format!("{zh}；是否表示没有日期？"),
                    format!("{en}; does it mean no date?"),
                ),
                [vec![Change::NoDate(text.clone())]],
            );
        }
    }
    for column in dates().filter(|column| column.field.required == Required::Yes) {
        for word in &column.far_dates {
            let (Message { zh, en }, text) = (word.evidence(), shown(&word.text));
            proposal.ask(
                Message::new(
                    format!("{zh}；该字段必填，“{text}”是否真实日期？请向提供方核实"),
                    format!(
                        "{en}; the field is required: is \"{text}\" a real date? Ask the provider"
                    ),
                ),
                [],
            );
        }
    }
    certain.into_iter().cloned().collect()
}

/// Whether a text has the form of a date and is none in any order of its parts: `0000-00-00`, `1900-01-00`, `00000000`.
fn is_no_day(text: &str) -> bool {
    let date = text.split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = match date.bytes().all(|b| b.is_ascii_digit()) {
        true if date.len() == 8 => vec![&date[..4], &date[4..6], &date[6..]],
        true => return !date.is_empty() && date.bytes().all(|b| b == b'0'),
        false => date.split(['-', '/', '.']).collect(),
    };
    let is_zero = |part: &&str| part.bytes().all(|b| b == b'0');
    parts.len() == 3
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        // Without a year of four digits, a part of zeros may be the year 2000.
        && (parts.iter().all(is_zero)
            || (parts.iter().any(|part| part.len() == 4) && parts.iter().any(is_zero)))
}

/// Whether a date in an unreal year is one that systems use for no date: the last or first day of all.
fn is_marker(text: &str) -> bool {
    ["9999", "0001", "2999", "3000"].iter().any(|year| text.contains(year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_with_a_part_of_zeros_is_no_day_in_any_order() {
        for text in [
            "0000-00-00",
            "1900-01-00",
            "00000000",
            "0",
            "0000/00/00",
            "00/00/0000",
            "0000-00-00 00:00:00",
        ] {
            assert!(is_no_day(text), "{text}");
        }
        for text in [
            "2024-01-05",
            "05/01/2024",
            "20240105",
            "",
            "-",
            "2024-13-01",
            "00-05-01",
            "10/10/10",
            "x-0-1",
        ] {
            assert!(!is_no_day(text), "{text}");
        }
    }
}
