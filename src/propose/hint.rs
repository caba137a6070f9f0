//! Hints: what a job could say so that a finding would not be one, from the findings alone.

use std::collections::BTreeMap;

use crate::config::dialect::DatePattern;
use crate::config::schema::{Copy, Schema};
use crate::model::{Feed, Finding, Message, PerFeed};
use crate::parse::trim;

use super::columns::{Column, Facts, Tally};
use super::proposal::{Change, Proposal, shown};
use super::{cells, codes, dates, words};

/// What is known beside the findings.
pub struct Background<'b> {
    /// The names of the files.
    pub names: &'b PerFeed<String>,
    /// Whether a record of a feed has a key.
    pub is_key: &'b dyn Fn(Feed, &str) -> bool,
    /// How many cells of a text field hold a text, in lines that are quarantined too.
    pub count: &'b dyn Fn(Feed, &str, &str) -> u64,
}

/// Adds hints. The first finding of a rule to which a hint applies gets it; it tells the number of all.
pub fn add_hints(schema: &Schema, findings: &mut [Finding], background: &Background<'_>) {
    if findings.is_empty() {
        return;
    }
    for (change, evidence) in cell_changes(schema, findings, background) {
        let hint = wording(&evidence, &change);
        attach(findings, &hint, |finding| concerns(finding, &change[0]));
    }
    tops(schema, findings, background);
    // Keys that a spreadsheet has rounded are unknown to those who refer to them, or are the same all of a sudden.
    let about_key = |f: &Finding| is_reference(f) || matches!(f.code, "K302" | "K303");
    for finding in findings.iter_mut().filter(|f| f.hint.is_none() && about_key(f)) {
        finding.hint = lost_key(schema, finding, background);
    }
}

/// The changes that would read faulty cells, each with its evidence. Words of one field are one change.
fn cell_changes(
    schema: &Schema,
    findings: &[Finding],
    background: &Background<'_>,
) -> Vec<(Vec<Change>, Message)> {
    let facts = facts(schema, findings, background.names);
    let mut proposal = Proposal::default();
    let null = cells::no_values(&facts, &mut proposal);
    let no_date = cells::no_dates(&facts, &null, &mut proposal);
    dates::forms(&facts, &[null.as_slice(), &no_date].concat(), &mut proposal);
    codes::words(schema, &facts, &null, &mut proposal);
    let settings = proposal.settings.into_iter().map(|s| (vec![s.change], s.evidence));
    let asked = proposal.questions.into_iter().flat_map(|question| {
        // Of two answers the first shows how one is written; the text asks which it is.
        let answer = question.choices.into_iter().next();
        answer.map(|changes| (changes, question.text))
    });
    let mut together: Vec<(Vec<Change>, Message)> = Vec::new();
    for (changes, evidence) in settings.chain(asked) {
        let same = together.iter_mut().find(|(others, _)| {
            others[0].key() == "codes"
                && changes[0].key() == "codes"
                && others[0].field() == changes[0].field()
        });
        match same {
            Some((others, _)) => others.extend(changes),
            None => together.push((changes, evidence)),
        }
    }
    together
}

fn facts<'s>(schema: &'s Schema, findings: &[Finding], names: &PerFeed<String>) -> Facts<'s> {
    let mut tallies: BTreeMap<(Feed, usize), Tally> = BTreeMap::new();
    for finding in findings.iter().filter(|f| is_cell(f) || is_reference(f)) {
        let (Some(field), Some(value)) = (&finding.field, &finding.value) else { continue };
        let Some(position) = schema.feed(finding.feed).position(field) else { continue };
        let line = finding.line.and_then(|line| u32::try_from(line).ok()).unwrap_or_default();
        let tally = tallies.entry((finding.feed, position)).or_default();
        tally.add_many(trim(value), line, finding.affected.max(1));
    }
    let column = |((feed, position), tally): ((Feed, usize), Tally)| {
        let field = &schema.feed(feed).fields[position];
        let words = tally.words(&names[feed], &field.name);
        Column { feed, field, words, far_dates: Vec::new(), odd_dates: Vec::new() }
    };
    let columns = tallies.into_iter().map(column).collect();
    Facts { columns, keys: PerFeed::default(), in_texts: Vec::new(), in_required: Vec::new() }
}

/// The evidence, and the line of a job file.
fn wording(evidence: &Message, changes: &[Change]) -> Message {
    let Message { zh, en } = evidence;
    let line = Change::together(changes);
    if zh.ends_with('？') {
        return Message::new(
            format!("{zh}任务文件中的写法如：{line}"),
            format!("{en} The job file can say, for example: {line}"),
        );
    }
    Message::new(
        format!("{zh}；若确为此意，可在任务文件中写：{line}"),
        format!("{en}; if that is what it means, the job file can say: {line}"),
    )
}

/// Gives a hint to the first finding of each rule that it applies to.
fn attach(findings: &mut [Finding], hint: &Message, applies: impl Fn(&Finding) -> bool) {
    let mut given = Vec::new();
    for finding in findings {
        if finding.hint.is_none() && !given.contains(&finding.code) && applies(finding) {
            given.push(finding.code);
            finding.hint = Some(hint.clone());
        }
    }
}

fn is_cell(finding: &Finding) -> bool {
    matches!(finding.code, "V202" | "V203" | "V204")
}

fn is_reference(finding: &Finding) -> bool {
    finding.code.starts_with('X')
}

fn concerns(finding: &Finding, change: &Change) -> bool {
    let value = finding.value.as_deref().map(trim).unwrap_or_default();
    match change {
        Change::Null(text) => (is_cell(finding) || is_reference(finding)) && value == text,
        Change::NoDate(text) => finding.code == "V203" && value == text,
        Change::DateForm(form) => {
            finding.code == "V203"
                && DatePattern::parse(form).is_some_and(|pattern| pattern.read(value).is_some())
        }
        Change::Code { field, word, .. } => {
            let bare = field.split_once('.').map_or(field.as_str(), |(_, bare)| bare);
            matches!(finding.code, "V202" | "V204")
                && finding.field.as_deref() == Some(bare)
                && value == word
        }
        _ => false,
    }
}

/// Hints about parents that may mean a top.
fn tops(schema: &Schema, findings: &mut [Finding], background: &Background<'_>) {
    for forest in &schema.forests {
        let is_parent = |finding: &Finding| {
            finding.feed == forest.feed && finding.field.as_deref() == Some(forest.parent.as_str())
        };
        let top = |marker: &str| {
            let (forest, marker) = (forest.name.clone(), marker.to_owned());
            Change::Top { forest, marker }.line()
        };
        let parent = &forest.parent;
        let is_copy = |finding: &Finding| {
            let is_of = |copy: &Copy| {
                copy.feed == forest.feed
                    && copy.via == *parent
                    && finding.field.as_deref() == Some(copy.field.as_str())
            };
            finding.code == "V201" && finding.feed == forest.feed && schema.copies.iter().any(is_of)
        };
        let is_concerned = |finding: &Finding| {
            is_copy(finding)
                || (is_parent(finding) && (finding.code == "T603" || is_reference(finding)))
        };
        let markers = words::TOPS.iter().filter(|marker| !(background.is_key)(forest.feed, marker));
        let found =
            markers.map(|marker| (*marker, (background.count)(forest.feed, parent, marker)));
        let marker = match findings.iter().any(is_concerned) {
            true => found.filter(|(_, rows)| *rows > 0).max_by_key(|(_, rows)| *rows),
            false => None,
        };
        if let Some((value, rows)) = marker {
            let line = top(value);
            let hint = Message::new(
                format!(
                    "{rows} 行的 {parent} 为“{value}”，且没有此编码的记录；若表示没有上级：{line}"
                ),
                format!(
                    "{rows} row(s) have \"{value}\" as {parent}, which is no record; if that means a top: {line}"
                ),
            );
            attach(findings, &hint, |finding| {
                is_concerned(finding)
                    && (!is_reference(finding) || finding.value.as_deref() == Some(value))
            });
        }
        let cycles: Vec<&Finding> =
            findings.iter().filter(|f| f.code == "T601" && is_parent(f)).collect();
        if !cycles.is_empty() && cycles.iter().all(|cycle| cycle.lines.len() == 1) {
            let (records, line) = (cycles.len(), top("self"));
            let hint = Message::new(
                format!(
                    "{records} 条记录的 {parent} 是自己的编码，没有其他的环；若表示没有上级：{line}"
                ),
                format!(
                    "{records} record(s) name themselves in {parent}, and there is no other cycle; if that means a top: {line}"
                ),
            );
            let is_cycle =
                |finding: &Finding| is_parent(finding) && matches!(finding.code, "T601" | "T603");
            attach(findings, &hint, is_cycle);
        }
    }
}

/// What became of a key on its way: a spreadsheet wrote it as a number, or took its leading zeros.
fn lost_key(schema: &Schema, finding: &Finding, background: &Background<'_>) -> Option<Message> {
    let key = finding.key.as_deref()?;
    if is_scientific(key) {
        return Some(Message::new(
            format!("“{}”是科学计数法，编码在电子表格写出时已丢失，请提供方重新导出", shown(key)),
            format!(
                "\"{}\" is scientific notation: the ids were lost when a spreadsheet wrote them; they have to be exported anew",
                shown(key)
            ),
        ));
    }
    let field = finding.field.as_deref()?;
    let reference =
        schema.references.iter().find(|r| r.feed == finding.feed && r.field == field)?;
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    const LONGEST: usize = 12;
    let padded = (1..=LONGEST).map(|zeros| format!("{}{key}", "0".repeat(zeros)));
    let found = padded.into_iter().find(|padded| (background.is_key)(reference.target, padded));
    let stripped = || {
        let bare = key.trim_start_matches('0');
        (bare != key && !bare.is_empty() && (background.is_key)(reference.target, bare))
            .then(|| bare.to_owned())
    };
    let target = &background.names[reference.target];
    if let Some(padded) = found {
        return Some(Message::new(
            format!("{target} 中有 {padded}；{field} 可能丢失了前导零"),
            format!("{target} has {padded}: {field} may have lost its leading zeros"),
        ));
    }
    stripped().map(|bare| {
        Message::new(
            format!("{target} 中有 {bare}；{target} 的主键可能丢失了前导零"),
            format!("{target} has {bare}: its key may have lost its leading zeros"),
        )
    })
}

/// `1.00E+09`, as spreadsheets write long numbers.
fn is_scientific(text: &str) -> bool {
    let Some((number, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let exponent = exponent.strip_prefix('+');
    exponent.is_some_and(digits)
        && number.split('.').all(digits)
        && number.matches('.').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scientific_notation_is_a_number_with_a_positive_exponent() {
        for text in ["1.00E+09", "8.6E+10", "1e+12"] {
            assert!(is_scientific(text), "{text}");
        }
        for text in ["1E09", "E+09", "1.0.0E+9", "ABE+1", "1.00E+", "100"] {
            assert!(!is_scientific(text), "{text}");
        }
    }
}
