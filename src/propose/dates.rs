//! Further forms of dates. The order of day and month is taken from cells that read in one order only.

use std::collections::BTreeSet;

use crate::config::dialect::DatePattern;
use crate::config::schema::Kind;
use crate::model::Message;

use super::columns::{Facts, Word, is_real, together};
use super::proposal::{Change, Proposal, shown};

/// Forms that differ in the order of day and month.
const PAIRS: [[&str; 2]; 6] = [
    ["%d/%m/%Y", "%m/%d/%Y"],
    ["%d-%m-%Y", "%m-%d-%Y"],
    ["%d.%m.%Y", "%m.%d.%Y"],
    ["%d%m%Y", "%m%d%Y"],
    ["%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S"],
    ["%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"],
];

/// Forms that mean one day only.
const PLAIN: [&str; 9] = [
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d %Y",
    "%d/%b/%Y",
    "%Y-%b-%d",
    "%Y%m%d%H%M%S",
    "%Y%m%d %H:%M:%S",
    "%Y_%m_%d",
    "%Y年%m月%d",
];

/// Proposes `dates`. `no_dates` are cells that have no date.
pub(super) fn forms(facts: &Facts<'_>, no_dates: &[String], proposal: &mut Proposal) {
    let dates = facts.columns.iter().filter(|column| matches!(column.field.kind, Kind::Date(_)));
    let mut unread: Vec<&Word> = dates
        .flat_map(|column| &column.words)
        .filter(|word| !no_dates.contains(&word.text))
        .collect();
    for pair in PAIRS {
        let [Some(day_first), Some(month_first)] = pair.map(DatePattern::parse) else { continue };
        let reads =
            |pattern: &DatePattern, word: &Word| pattern.read(&word.text).is_some_and(is_real);
        let (mut days, mut months, mut both) = (Vec::new(), Vec::new(), Vec::new());
        unread.retain(|word| {
            match (reads(&day_first, word), reads(&month_first, word)) {
                (true, true) => both.push(*word),
                (true, false) => days.push(*word),
                (false, true) => months.push(*word),
                (false, false) => return true,
            }
            false
        });
        let sum = |words: &[&Word]| together(words.iter().copied());
        let all = together(days.iter().chain(&months).chain(&both).copied());
        let Some(all) = all else { continue };
        let proof = match (sum(&days), sum(&months)) {
            (Some(proof), None) => Some((pair[0], proof)),
            (None, Some(proof)) => Some((pair[1], proof)),
            _ => None,
        };
        // Of real days six in ten are behind the twelfth; where next to none is, those may be mistyped.
        let proof = proof.filter(|(_, proof)| proof.cells * 10 >= all.cells);
        match proof {
            Some((form, proof)) => {
                let Word { cells, file, line, field, text } = &proof;
                let (text, total) = (shown(text), all.cells);
                proposal.set(
                    Change::DateForm(form.to_owned()),
                    Message::new(
                        format!(
                            "{total} 个日期按此写法读取，其中 {cells} 个没有别的读法，如 {file} 第 {line} 行 {field} 的“{text}”"
                        ),
                        format!(
                            "{total} date(s) read so, {cells} of them in no other order, such as \"{text}\", {field} \
                             on line {line} of {file}"
                        ),
                    ),
                );
            }
            None => {
                let Message { zh, en } = all.evidence();
                let choice = |form: &str| vec![Change::DateForm(form.to_owned())];
                proposal.ask(
                    Message::new(
                        format!("{zh}（共 {} 个此类日期）；日在前还是月在前？", all.cells),
                        format!(
                            "{en} ({} such dates in all); is it day or month first?",
                            all.cells
                        ),
                    ),
                    pair.map(choice),
                );
            }
        }
    }
    for form in PLAIN {
        let Some(pattern) = DatePattern::parse(form) else { continue };
        let mut read = Vec::new();
        unread.retain(|word| {
            let reads = pattern.read(&word.text).is_some_and(is_real);
            if reads {
                read.push(*word);
            }
            !reads
        });
        if let (Some(word), Some(first)) = (together(read.iter().copied()), read.first()) {
            let Word { file, line, field, .. } = first;
            let (cells, text) = (word.cells, shown(&first.text));
            proposal.set(
                Change::DateForm(form.to_owned()),
                Message::new(
                    format!("{cells} 个日期按此写法读取，如 {file} 第 {line} 行 {field} 的“{text}”"),
                    format!("{cells} date(s) read so, such as \"{text}\", {field} on line {line} of {file}"),
                ),
            );
        }
    }
    ask_about_the_rest(&unread, proposal);
}

fn ask_about_the_rest(unread: &[&Word], proposal: &mut Proposal) {
    let digits = |word: &Word| word.text.chars().filter(char::is_ascii_digit).count();
    let is_serial = |word: &Word| digits(word) == 5 && word.text.len() == 5;
    let of_two_digits = |word: &Word| {
        let parts: BTreeSet<usize> =
            word.text.split(['-', '/', '.', ' ']).map(|part| part.chars().count()).collect();
        digits(word) >= 4 && parts.iter().all(|length| *length <= 3) && parts.len() <= 3
    };
    let serials = together(unread.iter().copied().filter(|word| is_serial(word)));
    if let Some(Message { zh, en }) = serials.map(|word| word.evidence()) {
        proposal.ask(
            Message::new(
                format!("{zh}；像电子表格的日期序号，请提供方按 YYYY-MM-DD 导出"),
                format!("{en}; this looks like a spreadsheet's serial number of a day: ask for YYYY-MM-DD"),
            ),
            [],
        );
    }
    let short =
        together(unread.iter().copied().filter(|word| !is_serial(word) && of_two_digits(word)));
    if let Some(Message { zh, en }) = short.map(|word| word.evidence()) {
        proposal.ask(
            Message::new(
                format!("{zh}；两位年份不猜，请提供方按 YYYY-MM-DD 导出"),
                format!("{en}; a year of two digits is not guessed: ask for YYYY-MM-DD"),
            ),
            [],
        );
    }
}
