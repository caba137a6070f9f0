//! The sheet of a feed's lines that are to be corrected: the line as delivered, what is wrong with it and what to do.

use std::fmt::Write as _;

use rust_xlsxwriter::{Worksheet, XlsxError};

use crate::model::{Feed, Finding, Level};

use super::book::{Book, Cell};
use super::content::Content;

/// Cells beyond the titles that have a column of their own; a line may have any number of delimiters too many.
const MAX_EXTRA: usize = 20;

/// The lines of a feed with findings that ask for a correction, each with its findings. A feed that has none has no sheet.
pub(super) fn write(
    book: &Book,
    content: &Content<'_>,
    feed: Feed,
) -> Result<Vec<Worksheet>, XlsxError> {
    let lines = lines(&content.report.findings, feed);
    let titles = content.delivered.titles(feed);
    if lines.is_empty() || titles.is_empty() {
        return Ok(Vec::new());
    }
    let language = content.language;
    let most = lines.chunk_by(|a, b| a.0 == b.0).map(|same| {
        let cells = content.delivered.cells(feed, same[0].0);
        cells.len()
    });
    let extra = most.max().unwrap_or_default().saturating_sub(titles.len()).min(MAX_EXTRA);
    let width = titles.len() + extra;
    let mut headings = vec![language.choose("行号", "line").to_owned()];
    headings.extend(titles);
    headings.resize(1 + width, language.choose("多出的字段", "cell too many").to_owned());
    let added = language.choose(
        ["代码", "级别", "问题", "建议", "原因序号"],
        ["code", "level", "what is wrong", "what to do", "cause no."],
    );
    headings.extend(added.map(str::to_owned));

    let mut rows = book.table(sheet_name(content, feed), &headings, 1)?;
    let (mut codes, mut what, mut action) = (String::new(), String::new(), String::new());
    let mut advice: Vec<&str> = Vec::new();
    let mut causes: Vec<u64> = Vec::new();
    for same in lines.chunk_by(|a, b| a.0 == b.0) {
        let mut cells = content.delivered.cells(feed, same[0].0);
        if cells.len() > width {
            let rest = cells.split_off(width - 1).join(" | ");
            cells.push(rest);
        }
        codes.clear();
        what.clear();
        action.clear();
        advice.clear();
        causes.clear();
        let mut marked = Vec::new();
        let mut gravest = same[0].1;
        for (at, (_, finding)) in same.iter().enumerate() {
            let repeated = same[..at].iter().any(|(_, other)| other.code == finding.code);
            if !repeated {
                add(&mut codes, " ", finding.code);
                // Rules may give the same advice.
                let mend = content.rule(finding.code).mend;
                if !advice.contains(&mend) {
                    advice.push(mend);
                    add(&mut action, language.choose("", " "), mend);
                }
            }
            causes.extend(content.cause(finding).filter(|cause| !causes.contains(cause)));
            // Writing to a String cannot fail.
            let between = if what.is_empty() { "" } else { language.choose("；", "; ") };
            let _ = write!(what, "{between}{}", language.of(&finding.message));
            marked.extend(finding.field.as_deref().and_then(|f| content.delivered.column(feed, f)));
            if finding.level > gravest.level {
                gravest = finding;
            }
        }
        let delivered = (0..width).map(|column| match cells.get(column) {
            None => Cell::Empty,
            Some(cell) if marked.contains(&column) => Cell::Marked(cell),
            Some(cell) => Cell::Text(cell),
        });
        let several = match causes[..] {
            [] | [_] => String::new(),
            _ => causes.iter().map(u64::to_string).collect::<Vec<_>>().join(" "),
        };
        let added = [
            Cell::Text(&codes),
            Cell::Text(content.level(gravest)),
            Cell::Text(&what),
            Cell::Text(&action),
            // One cause is a number, as in the sheet of causes.
            if let [cause] = causes[..] { Cell::Number(cause) } else { Cell::Text(&several) },
        ];
        rows.row([Cell::Number(same[0].0)].into_iter().chain(delivered).chain(added))?;
    }
    rows.finish()
}

fn add(text: &mut String, between: &str, part: &str) {
    if !text.is_empty() {
        text.push_str(between);
    }
    text.push_str(part);
}

/// The lines of a feed with their findings, by line; infos ask for no correction.
fn lines(findings: &[Finding], feed: Feed) -> Vec<(u64, &Finding)> {
    let wanted = findings.iter().filter(|f| f.feed == feed && f.level >= Level::Warning);
    let mut lines: Vec<(u64, &Finding)> =
        wanted.flat_map(|finding| finding.lines.iter().map(move |line| (*line, finding))).collect();
    // Stable: the findings of a line stay in the order of their codes.
    lines.sort_by_key(|(line, _)| *line);
    lines
}

fn sheet_name(content: &Content<'_>, feed: Feed) -> &'static str {
    let (zh, en) = match feed {
        Feed::Agent => ("需更正清单-代理人", "To correct - agents"),
        Feed::Node => ("需更正清单-外勤区部组", "To correct - teams"),
        Feed::Organ => ("需更正清单-内勤机构", "To correct - organisations"),
        Feed::Principal => ("需更正清单-内勤人员", "To correct - office staff"),
    };
    content.language.choose(zh, en)
}
