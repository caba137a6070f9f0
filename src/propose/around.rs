//! Lines around the records of a sample: titles above, comments, a control record below.

use crate::config::dialect::Trailer;
use crate::config::schema::{FeedSchema, Schema};
use crate::decode::{Lines, detect};
use crate::model::{Feed, Message, PerFeed};
use crate::parse::{self, Layout, is_blank};

use super::proposal::{Change, Proposal, shown};
use super::sample::Sample;
use super::trailer::{self, Count, LastLine};

/// Number of lines that a title may take.
const MAX_TITLE: usize = 10;

/// What comment lines begin with.
const COMMENTS: [&str; 7] = ["#", "//", "--", ";", "!", "*", "%"];

/// What the records of one file stand between.
pub(super) struct Around {
    file: String,
    /// Whether there is a header with the columns of the schema.
    pub(super) header: bool,
    /// Number of fields of a record.
    pub(super) fields: usize,
    pub(super) skip: usize,
    pub(super) comment: Option<&'static str>,
    /// Lines that are comments, and the first of them, 1-based.
    pub(super) comments: (u64, usize),
    /// What comments may begin with, and the first line (1-based) that begins so and has as many fields as a record.
    record_like: Vec<(&'static str, usize)>,
    /// The last line, if it is no record.
    pub(super) last: Option<LastLine>,
    /// The line above the last one, if neither is a record, and its number.
    above: Option<(String, usize)>,
    /// The first line of a title.
    pub(super) title: String,
}

/// How well a reading explains a file; of equal ones the simplest counts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    /// 2 with a known header, 1 if the first line is a record.
    first_line: u8,
    misfits: std::cmp::Reverse<usize>,
    skip: std::cmp::Reverse<usize>,
    plain: bool,
}

/// Proposes `skip_lines`, `comment` and `trailer`, and writes them into the schema. A job says them for all files at once.
pub(super) fn propose(
    schema: &mut Schema,
    samples: &PerFeed<Option<Sample<'_>>>,
    proposal: &mut Proposal,
) {
    let found: Vec<(Feed, Around)> = Feed::ALL
        .into_iter()
        .filter_map(|feed| Some((feed, look(samples[feed].as_ref()?, schema.feed(feed))?)))
        .collect();
    // Even where the files differ, so that no title is taken for a record.
    for (feed, around) in &found {
        schema.feeds[*feed].dialect.skip_lines = around.skip;
    }
    let around: Vec<&Around> = found.iter().map(|(_, around)| around).collect();
    // What a job says holds for all files, so nothing is certain of those that could not be looked at.
    let all = samples.iter().flatten().count() == around.len();
    titles(&around, all, proposal);
    comments(schema, &around, proposal);
    let last: Vec<&LastLine> = around.iter().filter_map(|around| around.last.as_ref()).collect();
    let file = |line: &LastLine| {
        let of = |around: &&&Around| around.last.as_ref() == Some(line);
        around.iter().find(of).map(|around| around.file.clone()).unwrap_or_default()
    };
    let Some(first) = last.first() else { return };
    two_at_the_end(&around, proposal);
    let example = shown(&first.text);
    let evidence = Message::new(
        format!(
            "{} 个文件的末行不是记录，如 {} 第 {} 行“{example}”",
            last.len(),
            file(first),
            first.line
        ),
        format!(
            "the last line of {} file(s) is no record, such as line {} of {}: \"{example}\"",
            last.len(),
            first.line,
            file(first)
        ),
    );
    let Message { zh, en } = evidence;
    let of_all = all && last.len() == around.len() && last.len() > 1;
    let Some(form) = trailer::form(&last).filter(|_| of_all) else {
        proposal.ask(
            Message::new(
                format!("{zh}；是否每个文件都有同样写法的末行（trailer）？"),
                format!("{en}; does every file end with such a line (trailer)?"),
            ),
            [],
        );
        return;
    };
    set_trailer(schema, &form.trailer);
    let change = Change::Trailer(form.text);
    match form.count {
        Count::Right => proposal.set(change, Message::new(zh, en)),
        // The files that state another number are told by F112.
        Count::Wrong { right } => {
            let files = last.len();
            proposal.set(
                change,
                Message::new(
                    format!("{zh}；{files} 个文件中有 {right} 个文件末行的数字等于记录数"),
                    format!("{en}; in {right} of {files} files the number is that of the records"),
                ),
            );
        }
        Count::Unknown { counting } => {
            let counting = counting.map(|text| vec![Change::Trailer(text)]);
            proposal.ask(
                Message::new(
                    format!(
                        "{zh}；其中的数字与任何文件的记录数（如 {} 条）都不相等：它是否应为记录数（{{rows}}，不等则拒收），还是另有含义（{{*}}，不校验）？",
                        first.records
                    ),
                    format!(
                        "{en}; its number is that of the records in no file ({} in this one): should it be their number \
                         ({{rows}}, another refuses the file), or does it mean something else ({{*}}, not checked)?",
                        first.records
                    ),
                ),
                counting.into_iter().chain([vec![change]]).collect::<Vec<_>>(),
            );
        }
    }
}

fn set_trailer(schema: &mut Schema, trailer: &Trailer) {
    for feed in &mut schema.feeds {
        feed.dialect.trailer = Some(trailer.clone());
    }
}

/// Of two control records only the last one can be declared.
fn two_at_the_end(around: &[&Around], proposal: &mut Proposal) {
    let above = |around: &&Around| around.above.clone().map(|above| (around.file.clone(), above));
    let Some((file, (text, line))) = around.iter().find_map(above) else { return };
    let text = shown(&text);
    proposal.ask(
        Message::new(
            format!(
                "{file} 末行之上的第 {line} 行“{text}”也不是记录；trailer 只能说明末行，这一行会被隔离：能否请提供方只保留一行？"
            ),
            format!(
                "line {line} of {file}, \"{text}\", above the last one is no record either; trailer says the last line only, \
                 so this one is quarantined: can the provider leave one out?"
            ),
        ),
        [],
    );
}

fn titles(around: &[&Around], all: bool, proposal: &mut Proposal) {
    let Some(titled) = around.iter().find(|around| around.skip > 0) else { return };
    let (lines, file, title) = (titled.skip, &titled.file, shown(&titled.title));
    if all && around.iter().all(|other| other.skip == lines) {
        proposal.set(
            Change::SkipLines(lines),
            Message::new(
                format!("每个文件的前 {lines} 行不是数据，如 {file} 的“{title}”"),
                format!("the first {lines} line(s) of every file are no data, such as \"{title}\" in {file}"),
            ),
        );
        return;
    }
    let each = |zh: bool| {
        let one = |around: &&Around| match zh {
            true => format!("{} {} 行", around.file, around.skip),
            false => format!("{} in {}", around.skip, around.file),
        };
        around.iter().map(one).collect::<Vec<_>>().join(if zh { "、" } else { ", " })
    };
    let (zh, en) = (each(true), each(false));
    proposal.ask(
        Message::new(
            format!("各文件中数据之前的行数不同（{zh}），如 {file} 的“{title}”；能否请提供方统一？"),
            format!("the number of title lines differs ({en}), such as \"{title}\" in {file}: can the provider make them the same?"),
        ),
        [],
    );
}

fn comments(schema: &mut Schema, around: &[&Around], proposal: &mut Proposal) {
    let marks: Vec<&Around> = around.iter().copied().filter(|a| a.comment.is_some()).collect();
    let Some((first, comment)) = marks.first().and_then(|first| Some((first, first.comment?)))
    else {
        return;
    };
    if marks.iter().any(|other| other.comment != Some(comment)) {
        return;
    }
    let lines: u64 = marks.iter().map(|around| around.comments.0).sum();
    let (file, line) = (&first.file, first.comments.1);
    let Message { zh, en } = Message::new(
        format!("{lines} 行以此开头且不是记录，如 {file} 第 {line} 行"),
        format!("{lines} line(s) begin so and are no records, such as line {line} of {file}"),
    );
    let record_like = around.iter().find_map(|around| {
        let (_, line) = around.record_like.iter().find(|(mark, _)| *mark == comment)?;
        Some((&around.file, line))
    });
    let change = Change::Comment(comment.to_owned());
    if let Some((file, line)) = record_like {
        proposal.ask(
            Message::new(
                format!(
                    "“{comment}”：{zh}；但 {file} 第 {line} 行也以此开头，其字段数与记录相同：它是否为注释？"
                ),
                format!(
                    "\"{comment}\": {en}; but line {line} of {file} begins so too and has as many fields as a record: \
                     is that a comment?"
                ),
            ),
            [vec![change]],
        );
        return;
    }
    for feed in &mut schema.feeds {
        feed.dialect.comment = Some(comment.to_owned());
    }
    proposal.set(change, Message::new(zh, en));
}

pub(super) fn look(sample: &Sample<'_>, schema: &FeedSchema) -> Option<Around> {
    let lines = Lines::new(sample.bytes, detect(sample.bytes, None).ok()?);
    let texts = |line: usize| lines.decode(line).text;
    let last = (0..lines.len()).rev().find(|line| !is_blank(&texts(*line)))?;
    let begins = |mark: &'static str| (0..last).any(|line| texts(line).starts_with(mark));
    let marks = COMMENTS.into_iter().filter(|mark| begins(mark)).map(Some);
    let mut best: Option<(Fit, usize, Option<&'static str>, Layout)> = None;
    // The last line may be a control record, which would spoil the picture of a short file.
    let detected = lines.detected();
    let without_last = detected.bom + usize::try_from(lines.raw_size(0..last)).ok()?;
    let bytes = if last >= 3 { &sample.bytes[..without_last] } else { sample.bytes };
    let mut delimiter = String::new();
    for comment in [None].into_iter().chain(marks) {
        // A line that begins with the delimiter is a record without its first value.
        if comment.is_some_and(|mark| delimiter.starts_with(mark)) {
            continue;
        }
        let mut schema = schema.clone();
        schema.dialect.comment = comment.map(str::to_owned);
        let Some((skip, first_line, layout)) = skip_of(&lines, bytes, &mut schema) else {
            continue;
        };
        if comment.is_none() {
            delimiter.clone_from(&layout.delimiter);
        }
        let is_comment = |text: &str| comment.is_some_and(|mark| text.starts_with(mark));
        let first = layout.header.as_ref().map_or(skip, |header| header.line + 1);
        let mut misfits = 0;
        let mut is_sound = true;
        for line in skip..last {
            let text = texts(line);
            let fits = layout.cells(&text).len() == layout.width;
            if is_comment(&text) {
                is_sound &= !fits;
            } else if line >= first && !fits && !is_blank(&text) {
                misfits += 1;
            }
        }
        let fit = Fit {
            first_line,
            misfits: std::cmp::Reverse(misfits),
            skip: std::cmp::Reverse(skip),
            plain: comment.is_none(),
        };
        if is_sound && best.as_ref().is_none_or(|(best, ..)| fit > *best) {
            best = Some((fit, skip, comment, layout));
        }
    }
    let (_, skip, comment, layout) = best?;
    let mut record_like: Vec<(&'static str, usize)> = Vec::new();
    for line in skip..=last {
        let text = texts(line);
        for mark in COMMENTS.into_iter().filter(|mark| text.starts_with(mark)) {
            let is_new = !record_like.iter().any(|(other, _)| *other == mark);
            if is_new && layout.cells(&text).len() == layout.width {
                record_like.push((mark, line + 1));
            }
        }
    }
    let is_comment = |text: &str| comment.is_some_and(|mark| text.starts_with(mark));
    let first = layout.header.as_ref().map_or(skip, |header| header.line + 1);
    let (mut records, mut comments) = (0, (0, 0));
    for line in 0..last {
        let text = texts(line);
        if is_comment(&text) {
            comments = (comments.0 + 1, if comments.0 == 0 { line + 1 } else { comments.1 });
        } else if line >= first && !is_blank(&text) {
            records += 1;
        }
    }
    let text = texts(last).into_owned();
    let cells = layout.cells(&text);
    let is_record = is_comment(&text)
        || (cells.len() == layout.width && !trailer::is_named(cells.first().map_or("", |c| &c.1)));
    let is_control = !is_record && last >= first;
    let above = (first..last).rev().find(|line| !is_blank(&texts(*line)));
    let above = above.filter(|line| {
        let text = texts(*line);
        is_control && !is_comment(&text) && layout.cells(&text).len() != layout.width
    });
    let records = records - u64::from(above.is_some());
    let last = is_control.then(|| LastLine { text, line: last + 1, records });
    let above = above.map(|line| (texts(line).into_owned(), line + 1));
    let title = texts(0).into_owned();
    let file = sample.name.to_owned();
    let (header, fields) = (layout.header.is_some(), layout.width - usize::from(layout.trailing));
    Some(Around { file, header, fields, skip, comment, comments, record_like, last, above, title })
}

/// The number of lines above the header or, without one, above the first record; how good the first line is; the layout.
fn skip_of(
    lines: &Lines<'_>,
    bytes: &[u8],
    schema: &mut FeedSchema,
) -> Option<(usize, u8, Layout)> {
    let mut headless = None;
    for skip in 0..MAX_TITLE.min(lines.len()) {
        if skip > 0 && is_blank(&lines.decode(skip - 1).text) {
            continue;
        }
        schema.dialect.skip_lines = skip;
        let Some((_, layout)) = parse::detect_layout(bytes, schema) else { continue };
        if layout.header.is_some() {
            return Some((skip, 2, layout));
        }
        let is_data = |text: &str| {
            let comment = schema.dialect.comment.as_deref();
            !is_blank(text) && comment.is_none_or(|mark| !text.starts_with(mark))
        };
        let first = (skip..lines.len()).map(|line| lines.decode(line).text).find(|t| is_data(t))?;
        let cells = layout.cells(&first);
        let is_record = cells.len() == layout.width
            && !cells.first().is_some_and(|cell| trailer::is_heading(&cell.1));
        if headless.is_none() && is_record {
            headless = Some((skip, 1, layout));
        }
    }
    headless
}
