//! Words for codes.

use crate::config::schema::{Field, Kind, Schema};
use crate::model::{Feed, Message};
use crate::parse::integer;

use super::columns::{Column, Facts, Word};
use super::proposal::{Change, Proposal, shown};
use super::words;

/// Proposes `[codes]`: well-known words that the enumeration of their field allows.
pub(super) fn words(schema: &Schema, facts: &Facts<'_>, null: &[String], proposal: &mut Proposal) {
    for column in facts.columns.iter().filter(|column| column.field.kind == Kind::Integer) {
        let name = written_name(schema, column.feed, column.field);
        let mut unknown = Vec::new();
        for word in column.words.iter().filter(|word| !null.contains(&word.text)) {
            match code(column.field, &word.text) {
                Some(code) => set(&name, word, code, proposal),
                None => unknown.push(word),
            }
        }
        add_companions(&name, column, proposal);
        // A column full of distinct texts holds something else, and no one can map them.
        if !unknown.is_empty() && unknown.len() <= 20 {
            ask(&name, column, &unknown, proposal);
        }
    }
}

/// The code that a word certainly says.
fn code(field: &Field, word: &str) -> Option<i64> {
    if field.allowed.is_empty() {
        return words::level(word);
    }
    let says = |(_, title): &&(i64, Message)| words::says(word, &title.zh, &title.en);
    let mut codes = field.allowed.iter().filter(says);
    match (codes.next(), codes.next()) {
        (Some((code, _)), None) => Some(*code),
        _ => None,
    }
}

/// The name of a field in `[codes]`: the bare one where every feed that has it means the same by it.
fn written_name(schema: &Schema, feed: Feed, field: &Field) -> String {
    let same = schema
        .feeds
        .iter()
        .flat_map(|feed| &feed.fields)
        .filter(|other| other.name == field.name)
        .all(|other| other.kind == field.kind && other.allowed == field.allowed);
    if same { field.name.clone() } else { format!("{feed}.{}", field.name) }
}

fn set(name: &str, word: &Word, code: i64, proposal: &mut Proposal) {
    let change = Change::Code { field: name.to_owned(), word: word.text.clone(), code };
    // The same word of the same field in another file.
    if proposal.settings.iter().all(|setting| setting.change != change) {
        proposal.set(change, word.evidence());
    }
}

/// Adds the word that goes with one that was found, where the sample happens not to have it.
fn add_companions(name: &str, column: &Column<'_>, proposal: &mut Proposal) {
    for found in &column.words {
        if code(column.field, &found.text).is_none() {
            continue;
        }
        for word in words::companions(&found.text) {
            let Some(code) = code(column.field, word) else { continue };
            let is_set = proposal.settings.iter().any(|setting| {
                matches!(&setting.change, Change::Code { field, word: other, .. } if field == name && other == word)
            });
            if !is_set {
                proposal.set(
                    Change::Code { field: name.to_owned(), word: word.to_owned(), code },
                    Message::new(
                        format!("样本中没有“{word}”，它与“{}”成对", found.text),
                        format!("\"{word}\" is not in the sample; it goes with \"{}\"", found.text),
                    ),
                );
            }
        }
    }
}

fn ask(name: &str, column: &Column<'_>, unknown: &[&Word], proposal: &mut Proposal) {
    let Field { name: field, allowed, .. } = column.field;
    let list = |text: fn(&Message) -> &str, comma: &str| {
        let one = |(code, title): &(i64, Message)| format!("{code} {}", text(title));
        allowed.iter().map(one).collect::<Vec<_>>().join(comma)
    };
    let (zh, en) = (list(|m| &m.zh, "、"), list(|m| &m.en, ", "));
    let found = |quote: fn(&str) -> String, times: &str, comma: &str| {
        let one = |word: &&Word| format!("{}{times}{}", quote(&shown(&word.text)), word.cells);
        unknown.iter().take(8).map(one).collect::<Vec<_>>().join(comma)
    };
    let found_zh = found(|text| format!("“{text}”"), "×", "、");
    let found_en = found(|text| format!("\"{text}\""), " x ", ", ");
    let first = unknown[0];
    let (file, line) = (&first.file, first.line);
    let text = match allowed.is_empty() {
        true => Message::new(
            format!("{field} 应为整数，{file} 中有 {found_zh}（首见于第 {line} 行）；各代表什么？"),
            format!(
                "{field} must be an integer; {file} has {found_en} (first on line {line}): what do they stand for?"
            ),
        ),
        false => Message::new(
            format!(
                "{field} 可取 {zh}，{file} 中有 {found_zh}（首见于第 {line} 行）；各代表什么？"
            ),
            format!(
                "{field} is one of {en}; {file} has {found_en} (first on line {line}): what do they stand for?"
            ),
        ),
    };
    proposal.ask(text, choices(name, allowed, unknown));
}

/// The one certain shape of an answer: two words for two codes, of which the first may be either.
fn choices(name: &str, allowed: &[(i64, Message)], unknown: &[&Word]) -> Vec<Vec<Change>> {
    // Integers that are codes of something else could shift the allowed ones; that takes a person.
    let is_number = |word: &&Word| integer(&word.text).is_some();
    let ([first, second], [a, b]) = (unknown, allowed) else { return Vec::new() };
    if is_number(first) || is_number(second) {
        return Vec::new();
    }
    let map = |a: i64, b: i64| {
        [(first, a), (second, b)]
            .map(|(word, code)| Change::Code {
                field: name.to_owned(),
                word: word.text.clone(),
                code,
            })
            .to_vec()
    };
    vec![map(a.0, b.0), map(b.0, a.0)]
}
