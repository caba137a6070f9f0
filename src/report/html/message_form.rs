//! Messages as a form and what fills it, so that 100,000 messages of a rule are one text and short lists.
//!
//! Nothing is known of rules here: whatever looks like a number, an id or a quoted text is taken out of the text, and the
//! same text in the other language is taken from the same place. A message is always the one that goes in again.

use std::collections::BTreeMap;

/// Stands before the position of what fills the gap.
pub(super) const GAP: char = '\u{1}';

/// Stands behind [`GAP`] for the key of the finding.
pub(super) const KEY: char = 'k';

/// Position 0 as a character; the next ones follow.
pub(super) const FIRST: char = '0';

/// Gaps of a message that are filled from a list; later ones stay part of the form.
const MOST: usize = 40;

/// The forms of all messages of a page, numbered in the order in which they occur.
#[derive(Default)]
pub(super) struct Forms {
    known: BTreeMap<(String, String), usize>,
}

impl Forms {
    /// The number of the form of a message in both languages, and what fills it.
    pub(super) fn number<'m>(
        &mut self,
        (zh, en): (&'m str, &'m str),
        key: Option<&str>,
    ) -> (usize, Vec<&'m str>) {
        let mut fills = Vec::new();
        let forms = (form(zh, key, &mut fills), form(en, key, &mut fills));
        let next = self.known.len();
        (*self.known.entry(forms).or_insert(next), fills)
    }

    /// The forms by number.
    pub(super) fn texts(&self) -> Vec<(&str, &str)> {
        let mut texts = vec![("", ""); self.known.len()];
        for ((zh, en), number) in &self.known {
            texts[*number] = (zh, en);
        }
        texts
    }
}

fn form<'m>(text: &'m str, key: Option<&str>, fills: &mut Vec<&'m str>) -> String {
    let mut form = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (before, taken) = next(rest, first);
        form.push_str(before);
        rest = &rest[before.len() + taken.len()..];
        match fills.iter().position(|fill| *fill == taken) {
            _ if taken.is_empty() => {}
            _ if key == Some(taken) => form.extend([GAP, KEY]),
            Some(at) => form.extend([GAP, gap(at)]),
            None if fills.len() < MOST => {
                form.extend([GAP, gap(fills.len())]);
                fills.push(taken);
            }
            None => form.push_str(taken),
        }
        // So that a quote that closes is not taken for one that opens.
        if !taken.is_empty() && before.ends_with(['"', '“']) {
            let quote = rest.chars().next().map_or(0, char::len_utf8);
            form.push_str(&rest[..quote]);
            rest = &rest[quote..];
        }
    }
    form
}

fn gap(at: usize) -> char {
    u32::try_from(at).ok().and_then(|at| char::from_u32(FIRST as u32 + at)).unwrap_or(FIRST)
}

/// The beginning of a text that stays in the form, and what behind it fills a gap; one of both is not empty.
fn next(text: &str, first: char) -> (&str, &str) {
    let closing = match first {
        '"' => Some('"'),
        '“' => Some('”'),
        _ => None,
    };
    if let Some(closing) = closing {
        let inside = &text[first.len_utf8()..];
        let end = inside.find(closing).unwrap_or(0);
        return (&text[..first.len_utf8()], &inside[..end]);
    }
    let of_word =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | ',');
    let end = text.find(|c| !of_word(c)).unwrap_or(text.len());
    let word = text[..end].trim_end_matches(['-', '.', ':', '/', ',']);
    match word.contains(|c: char| c.is_ascii_digit()) {
        true => ("", word),
        false => (&text[..end.max(first.len_utf8())], ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the page's script does it.
    fn filled(form: &str, fills: &[&str], key: &str) -> String {
        let mut parts = form.split(GAP);
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let mut rest = part.chars();
            match rest.next() {
                Some(KEY) => text.push_str(key),
                Some(at) => text.push_str(fills[at as usize - FIRST as usize]),
                None => {}
            }
            text.push_str(rest.as_str());
        }
        text
    }

    #[test]
    fn messages_of_a_rule_share_a_form_and_are_what_they_were() {
        let messages = [
            ("主键 A01 的同一记录出现 2 次", "the same record of key A01 comes 2 times", "A01"),
            ("主键 A02 的同一记录出现 3 次", "the same record of key A02 comes 3 times", "A02"),
            ("名为“张三”，实为“李 四”", "is \"张三\", not \"李 四\"", "A03"),
            ("名为“王五”，实为“”", "is \"王五\", not \"\"", "A04"),
            ("缺引号“未闭合", "an open \"quote", "A05"),
            ("A1 -> A2 -> A1, 12,804.", "A1 -> A2 -> A1, 12,804.", "A1"),
        ];
        let mut forms = Forms::default();
        let made: Vec<_> =
            messages.iter().map(|(zh, en, key)| forms.number((zh, en), Some(key))).collect();
        assert_eq!(made[0].0, made[1].0);
        assert_eq!(made[1].1, ["3"]);
        let texts = forms.texts();
        for ((zh, en, key), (number, fills)) in messages.iter().zip(&made) {
            let (form_zh, form_en) = texts[*number];
            assert_eq!(filled(form_zh, fills, key), *zh);
            assert_eq!(filled(form_en, fills, key), *en);
        }
    }

    #[test]
    fn a_message_with_more_gaps_than_there_are_places_is_kept() {
        let long: Vec<String> = (0..200).map(|n| format!("A{n}")).collect();
        let long = long.join(" -> ");
        let mut forms = Forms::default();
        let (number, fills) = forms.number((&long, &long), None);
        assert_eq!(fills.len(), MOST);
        assert_eq!(filled(forms.texts()[number].0, &fills, ""), long);
    }
}
