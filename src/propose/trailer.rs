//! The form of control records, from the last lines of several files.

use crate::config::dialect::Trailer;

/// A last line that is no record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LastLine {
    pub(super) text: String,
    /// 1-based.
    pub(super) line: usize,
    /// Number of records above it.
    pub(super) records: u64,
}

/// Words in the first cell of control records.
const NAMES: [&str; 12] = [
    "TRL", "TRAILER", "TRAIL", "EOF", "END", "FOOTER", "TOTAL", "合计", "总计", "总数", "共计",
    "结束",
];

/// Words in the first cell of control records above the records.
const HEADINGS: [&str; 7] = ["HDR", "HEADER", "HEAD", "BOF", "BEGIN", "START", "开始"];

/// Whether a first cell is the name of a control record above the records.
pub(super) fn is_heading(cell: &str) -> bool {
    let cell = cell.trim().trim_matches('*').to_uppercase();
    HEADINGS.contains(&cell.as_str())
}

/// Whether a first cell is the name of a control record.
pub(super) fn is_named(cell: &str) -> bool {
    let cell = cell.trim().trim_matches('*').to_uppercase();
    NAMES.contains(&cell.as_str())
}

/// What the numbers of control records are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Count {
    /// Each states the number of its records, or nothing in them can be that number.
    Right,
    /// So many of the lines state the number of their records, the others another number.
    Wrong { right: usize },
    /// A number changes from file to file and is never that of the records. With it, where it can be told, the form in
    /// which it would be the number of records.
    Unknown { counting: Option<String> },
}

/// The form of control records.
pub(super) struct Form {
    /// As a job says it.
    pub(super) text: String,
    pub(super) trailer: Trailer,
    pub(super) count: Count,
}

/// The form that all these lines have. Where they state the number of records, that is `{rows}`; whatever else changes,
/// or is a number that may change, is `{*}`.
pub(super) fn form(lines: &[&LastLine]) -> Option<Form> {
    let found = rows_at(lines);
    let (text, count) = match &found {
        Some((at, right)) if *right == lines.len() => (counting(lines, at), Count::Right),
        Some((at, right)) if *right > 0 => (counting(lines, at), Count::Wrong { right: *right }),
        found => {
            let ends: Vec<&str> = lines.iter().map(|line| line.text.trim_end()).collect();
            let count = match found {
                None => Count::Right,
                Some((at, _)) => {
                    let text = counting(lines, at);
                    let fits = Trailer::parse(&text).is_some_and(|form| {
                        lines.iter().all(|line| form.read(&line.text).is_some())
                    });
                    Count::Unknown { counting: fits.then_some(text) }
                }
            };
            (without_adjoining(&in_common(&ends)), count)
        }
    };
    let trailer = Trailer::parse(&text)?;
    lines.iter().all(|line| trailer.read(&line.text).is_some()).then_some(Form {
        text,
        trailer,
        count,
    })
}

/// The form in which the numbers at these places are those of records.
fn counting(lines: &[&LastLine], at: &[(usize, usize)]) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = lines
        .iter()
        .zip(at)
        .map(|(line, (start, end))| (&line.text[..*start], line.text[*end..].trim_end()))
        .unzip();
    without_adjoining(&format!("{}{{rows}}{}", in_common(&before), in_common(&after)))
}

/// The number in each line that may be that of its records, and in how many lines it is: of the places at which all
/// have a number, and not the same one, the one that is right most often.
fn rows_at(lines: &[&LastLine]) -> Option<(Vec<(usize, usize)>, usize)> {
    let numbers: Vec<Vec<(usize, usize)>> = lines.iter().map(|line| numbers(&line.text)).collect();
    let most = numbers.iter().map(Vec::len).min()?;
    let number =
        |line: &LastLine, (start, end): (usize, usize)| line.text[start..end].parse::<u64>().ok();
    // Counted from the left, then from the right, since file names may hold numbers.
    let from_left = |nth: usize| numbers.iter().map(|all| all[nth]).collect::<Vec<_>>();
    let from_right = |nth: usize| numbers.iter().map(|all| all[all.len() - 1 - nth]).collect();
    let mut best: Option<(Vec<(usize, usize)>, usize)> = None;
    for at in (0..most).map(from_left).chain((0..most).map(from_right)) {
        let stated: Vec<Option<u64>> =
            lines.iter().zip(&at).map(|(line, at)| number(line, *at)).collect();
        let right = lines.iter().zip(&stated).filter(|(l, n)| **n == Some(l.records)).count();
        // A day is the same in every file.
        let differs = lines.len() == 1 || stated.iter().any(|number| *number != stated[0]);
        if (differs || right == lines.len()) && best.as_ref().is_none_or(|(_, most)| right > *most)
        {
            best = Some((at, right));
        }
    }
    best
}

/// The runs of ASCII digits in a text.
fn numbers(text: &str) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, c.is_ascii_digit()) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                runs.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    runs
}

/// What texts have in common at both ends, and `{*}` between.
fn in_common(texts: &[&str]) -> String {
    let Some((first, rest)) = texts.split_first() else { return String::new() };
    if rest.iter().all(|text| text == first) {
        return without_numbers(first);
    }
    let shared = |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let prefix = rest.iter().map(|text| shared(first, text)).min().unwrap_or(0);
    let reversed = |text: &str| {
        text.chars().skip(prefix).collect::<Vec<_>>().into_iter().rev().collect::<String>()
    };
    let end = reversed(first);
    let suffix = rest.iter().map(|text| shared(&end, &reversed(text))).min().unwrap_or(0);
    let head: String = first.chars().take(prefix).collect();
    let tail: String = end.chars().take(suffix).collect::<Vec<_>>().into_iter().rev().collect();
    format!("{}{{*}}{}", without_numbers(&head), without_numbers(&tail))
}

/// A text with `{*}` for its numbers: days and totals change every night.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut end = 0;
    for (start, stop) in numbers(text) {
        out.push_str(&braceless(&text[end..start]));
        out.push_str("{*}");
        end = stop;
    }
    out.push_str(&braceless(&text[end..]));
    out
}

/// Braces mean placeholders in a form.
fn braceless(text: &str) -> String {
    text.replace(['{', '}'], "{*}")
}

/// Placeholders that adjoin, or that only one mark of a date or time stands between, become one.
fn without_adjoining(text: &str) -> String {
    let mut text = text.to_owned();
    for between in ["", "-", "/", ".", ":", " ", "年", "月", "日 ", "T"] {
        let (twice, once) = (format!("{{*}}{between}{{*}}"), "{*}");
        while text.contains(&twice) {
            text = text.replace(&twice, once);
        }
    }
    text.replace("{*}{rows}", "{rows}").replace("{rows}{*}", "{rows}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_control_records_is_what_they_have_in_common() {
        let cases: [(&[(&str, u64)], Option<&str>); 11] = [
            (&[("TRL|60", 60), ("TRL|7", 7)], Some("TRL|{rows}")),
            (
                &[("TRL|0000000060|20241122", 60), ("TRL|0000000007|20241122", 7)],
                Some("TRL|{rows}|{*}"),
            ),
            (&[("合计：60 条", 60), ("合计：7 条", 7)], Some("合计：{rows} 条")),
            (&[("***END***", 60), ("***END***", 7)], Some("***END***")),
            (
                &[("END temp_agent.txt 60", 60), ("END temp_organ.txt 7", 7)],
                Some("END temp_{*}n{*}t.txt {rows}"),
            ),
            (
                &[("2024-11-22 10:00:00|60|EOF", 60), ("2024-11-22 10:00:01|7|EOF", 7)],
                Some("{*}|{rows}|EOF"),
            ),
            // The number counts the header too, so it is no number of records.
            (&[("TRL|61", 60), ("TRL|8", 7)], Some("TRL|{*}")),
            (&[("TRL|600", 60), ("TRL|7", 7)], Some("TRL|{rows}")),
            (&[("END 20241122", 60), ("END 20241122", 7)], Some("END {*}")),
            (&[("60", 60), ("7", 7)], None),
            (&[("abc", 60), ("xyz", 7)], None),
        ];
        for (lines, expected) in cases {
            let lines: Vec<LastLine> = lines
                .iter()
                .map(|(text, records)| LastLine {
                    text: (*text).to_owned(),
                    line: 9,
                    records: *records,
                })
                .collect();
            let found = form(&lines.iter().collect::<Vec<_>>()).map(|form| form.text);
            if lines[0].text.starts_with("END temp") {
                assert!(found.is_some_and(|form| form.ends_with(".txt {rows}")), "{lines:?}");
                continue;
            }
            assert_eq!(found.as_deref(), expected, "{lines:?}");
        }
    }
}
