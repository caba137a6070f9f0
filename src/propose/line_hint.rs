//! Hints about lines: titles, comments and control records that a job could declare, lines in another encoding.

use crate::config::schema::Schema;
use crate::decode::Lines;
use crate::model::{Feed, Finding, Message, PerFeed, may_be_name};

use super::around;
use super::proposal::{Change, shown};
use super::sample::Sample;
use super::text_schema::as_text;
use super::trailer;

/// Lines from which a title may be expected at most.
const TOP: u64 = 10;
/// A control record is one line; a file with more faulty lines than these has other troubles.
const FEW: usize = 3;

/// Adds hints about the lines of files that were read, or could not be.
pub fn add_line_hints(
    schema: &Schema,
    samples: &PerFeed<Option<Sample<'_>>>,
    findings: &mut [Finding],
) {
    for feed in Feed::ALL {
        let Some(sample) = &samples[feed] else { continue };
        let ragged: Vec<u64> = findings
            .iter()
            .filter(|f| f.feed == feed && f.code == "R201")
            .filter_map(|f| f.line)
            .collect();
        let unread = findings.iter().any(|f| f.feed == feed && matches!(f.code, "F104" | "F105"));
        let at_an_end = ragged.first().is_some_and(|line| *line <= TOP)
            || (!ragged.is_empty() && ragged.len() <= FEW);
        if unread || at_an_end {
            around_records(schema, feed, sample, findings);
        }
    }
}

fn around_records(schema: &Schema, feed: Feed, sample: &Sample<'_>, findings: &mut [Finding]) {
    let declared = &schema.feed(feed).dialect;
    let text = as_text(schema);
    let Some(found) = around::look(sample, text.feed(feed)) else { return };
    let mut give =
        |change: Change, what: Message, line_text: &str, applies: &dyn Fn(&Finding) -> bool| {
            let line = change.line();
            let Message { zh, en } = what;
            let hint = Message::new(
                format!("{zh}；若不是数据，可在任务文件中写：{line}"),
                format!("{en}; if that is no data, the job file can say: {line}"),
            );
            let mut of_feed = findings.iter_mut().filter(|f| f.feed == feed && f.hint.is_none());
            if let Some(finding) = of_feed.find(|finding| applies(finding)) {
                finding.hint = Some(hint);
                // Whatever the line is, it can be a record with a name in it.
                finding
                    .names
                    .extend(Some(line_text).filter(|text| may_be_name(text)).map(str::to_owned));
            }
        };
    let is_ragged_at = |finding: &Finding, lines: std::ops::RangeInclusive<u64>| {
        finding.code == "R201" && finding.line.is_some_and(|line| lines.contains(&line))
    };
    if found.skip > 0 && declared.skip_lines != found.skip {
        let (lines, title) = (found.skip, shown(&found.title));
        give(
            Change::SkipLines(lines),
            Message::new(
                format!("表头或首条记录之前有 {lines} 行，如“{title}”"),
                format!(
                    "{lines} line(s) stand above the header or the first record, such as \"{title}\""
                ),
            ),
            &title,
            &|finding| {
                matches!(finding.code, "F104" | "F105") || is_ragged_at(finding, 1..=lines as u64)
            },
        );
    }
    if let (Some(mark), None) = (found.comment, &declared.comment) {
        let (lines, first) = found.comments;
        give(
            Change::Comment(mark.to_owned()),
            Message::new(
                format!("{lines} 行以“{mark}”开头，如第 {first} 行"),
                format!("{lines} line(s) begin with \"{mark}\", such as line {first}"),
            ),
            "",
            &|finding| is_ragged_at(finding, first as u64..=u64::MAX) || finding.code == "F104",
        );
    }
    if let (Some(last), None) = (&found.last, &declared.trailer)
        && let Some(form) = trailer::form(&[last])
    {
        let (text, line) = (shown(&last.text), last.line as u64);
        give(
            Change::Trailer(form.text),
            Message::new(
                format!("末行“{text}”不是记录"),
                format!("the last line, \"{text}\", is no record"),
            ),
            &text,
            &|finding| is_ragged_at(finding, line..=line),
        );
    }
}

/// What the first run of lines in another encoding is, given the lines that do not decode (0-based, in order).
pub fn other_encoding(lines: &Lines<'_>, undecodable: &[usize]) -> Option<Message> {
    let run = lines.other_encodings(undecodable).into_iter().next()?;
    let (begin, end, name) = (run.lines.start + 1, run.lines.end, run.encoding);
    let detected = lines.detected().name();
    Some(Message::new(
        format!(
            "第 {begin} 至 {end} 行可按 {name} 读出，文件其余部分为 {detected}；请提供方统一编码"
        ),
        format!(
            "lines {begin} to {end} read as {name}, the rest of the file is {detected}: ask the provider for one encoding"
        ),
    ))
}
