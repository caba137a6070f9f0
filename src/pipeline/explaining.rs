//! Where a record comes from, to the byte: what the database holds of it, and its lines in the archived deliveries.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::Path;

use chrono::NaiveDate;

use crate::config::job::{Encoding, Format, Job};
use crate::config::schema::Schema;
use crate::decode::Lines;
use crate::fetch::{Fetched, archive};
use crate::model::{
    ArchiveState, DeliveryTrace, Explanation, Feed, LineFate, Message, RowCounter, TraceRole,
    TracedField, TracedLine,
};
use crate::parse::{self, Parsed};
use crate::store::{Reader, RecordView};

use super::error::RunError;
use super::job_schema::schema_of;

/// Which record, and on which date.
#[derive(Debug, Clone, Copy)]
pub struct ExplainRequest<'a> {
    /// The folder of the tenant.
    pub tenant_dir: &'a Path,
    /// Its database, or a copy of what a server has of it.
    pub database: &'a Path,
    /// The tenant's job, if it is at hand: its schema and what it says of the export.
    pub job: Option<&'a Job>,
    /// The feed.
    pub feed: Feed,
    /// The record's key, as text.
    pub id: &'a str,
    /// The newest published date that is not after this one; the newest of all if `None`.
    pub date: Option<NaiveDate>,
}

/// What there is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explained {
    /// Nothing is published yet.
    NothingPublished,
    /// Nothing was published before this date.
    NotBefore(NaiveDate),
    /// No published delivery has had the key.
    Unknown {
        /// Keys that look like it, the nearest first.
        near: Vec<String>,
        /// Other feeds that have it.
        feeds: Vec<Feed>,
    },
    /// The record.
    Record(Box<Explanation>),
}

/// Keys that are named in the place of an unknown one.
const MOST_NEAR: usize = 5;

/// Explains a record. Nothing is written.
///
/// # Errors
/// Any fault of the configuration or of the database. An archived file that is gone, or cannot be used, is part of the
/// answer.
pub fn explain(request: &ExplainRequest<'_>) -> Result<Explained, RunError> {
    let schema = schema_of(request.job)?;
    let reader = Reader::open_existing(request.database)?;
    let (feed, id) = (request.feed, request.id);
    let mut explanation = match reader.record(&schema, feed, id, request.date)? {
        RecordView::NothingPublished => return Ok(Explained::NothingPublished),
        RecordView::NotBefore(date) => return Ok(Explained::NotBefore(date)),
        RecordView::Unknown => return unknown(&reader, feed, id),
        RecordView::Known(explanation) => explanation,
    };
    for delivery in &mut explanation.deliveries {
        read_lines(request, &schema, delivery);
    }
    // Some findings name no key, or another one: those that stand on its lines are its findings too.
    if let Some(of_date) =
        explanation.deliveries.iter().find(|delivery| delivery.role == TraceRole::OfDate)
    {
        let lines: Vec<u64> = of_date.lines.iter().map(|line| line.line).collect();
        for finding in reader.findings_on_lines(&of_date.run, feed, &lines)? {
            if !explanation.findings.contains(&finding) {
                explanation.findings.push(finding);
            }
        }
        explanation.findings.sort_by(|a, b| (&a.code, a.line).cmp(&(&b.code, b.line)));
    }
    Ok(Explained::Record(explanation))
}

/// Reads the lines of the record from the archived file of a delivery. Without it the lines that the database keeps stay:
/// the quarantined ones.
fn read_lines(request: &ExplainRequest<'_>, schema: &Schema, delivery: &mut DeliveryTrace) {
    let folder = request.tenant_dir.join("archive").join(delivery.date.to_string());
    let folder = folder.join(&delivery.run.0);
    let feed = request.feed;
    // A manifest that cannot be read is told of below.
    delivery.file.container = archive::container(&folder, feed).ok().flatten();
    let unusable = |zh: String, en: String| ArchiveState::Unusable(Message::new(zh, en));
    let mut raw = match archive::read_only(&folder, &[feed]) {
        Ok(raw) => raw,
        Err(error) => {
            delivery.archive = match error.gone() {
                Some(path) => ArchiveState::Gone(path.to_path_buf()),
                None => ArchiveState::Unusable(error.message()),
            };
            return;
        }
    };
    if let Err(error) = raw.load(request.job.map_or(Job::MAX_FILE_SIZE, |job| job.max_file_size)) {
        delivery.archive = ArchiveState::Unusable(error.message());
        return;
    }
    let Fetched::File(file) = raw.file(feed) else {
        delivery.archive = unusable(
            "该批次没有这个文件，或文件过大".to_owned(),
            "the delivery does not have this file, or it is too large".to_owned(),
        );
        return;
    };
    // The archive's own list agrees with its bytes; the database must agree as well.
    if delivery.file.sha256.as_ref() != Some(&file.sha256) {
        delivery.archive = unusable(
            format!("归档文件的 SHA-256（{}）与数据库中的记录不符，未予采用", file.sha256),
            format!(
                "the archived file is not the recorded one (its SHA-256 is {}), and was not used",
                file.sha256
            ),
        );
        return;
    }
    let pinned = pinned(request.job, delivery);
    match parse::parse(file.bytes(), schema, feed, &pinned, RowCounter::default()) {
        Ok(Ok(parsed)) => {
            delivery.lines = traced(&parsed, schema, feed, request.id, &delivery.lines);
            delivery.archive = ArchiveState::Read { expanded: file.expanded.is_some() };
        }
        Ok(Err(_)) | Err(_) => {
            delivery.archive = unusable(
                "归档文件无法按当前结构解析；如该保险公司有自己的结构或格式，请用 --tenant 指定其任务文件".to_owned(),
                "the archived file cannot be parsed by the schema at hand; if the insurer has a schema or format of its \
                 own, name its job file with --tenant"
                    .to_owned(),
            );
        }
    }
}

/// The layout that the file had when it was published; what only a job says is that of today.
fn pinned(job: Option<&Job>, delivery: &DeliveryTrace) -> Format {
    let mut pinned = job.map(|job| job.format.clone()).unwrap_or_default();
    let encoding = delivery.file.encoding.as_deref();
    let encoding = encoding.and_then(|name| Encoding::from_name(name.trim_end_matches("-bom")));
    pinned.encoding = encoding.or(pinned.encoding);
    pinned.delimiter = delivery.file.delimiter.clone().or(pinned.delimiter);
    pinned.header = delivery.file.header.or(pinned.header);
    pinned
}

/// The lines with the key, in file order. `quarantined` are those of them that the database keeps; of the others the first
/// is published and the rest repeat it.
fn traced(
    parsed: &Parsed<'_>,
    schema: &Schema,
    feed: Feed,
    id: &str,
    quarantined: &[TracedLine],
) -> Vec<TracedLine> {
    let schema = schema.feed(feed);
    let keys = parsed.table.text(&schema.key_field().name);
    let with_key = keys.into_iter().flat_map(|keys| keys.iter().zip(parsed.table.lines()));
    let mut numbers: BTreeSet<u64> =
        with_key.filter(|(key, _)| *key == Some(id)).map(|(_, line)| u64::from(*line)).collect();
    // Lines with another number of fields are no records, and still have a key.
    numbers.extend(quarantined.iter().map(|line| line.line));
    let mut published = false;
    let mut lines = Vec::with_capacity(numbers.len());
    for number in numbers {
        let Some(at) = usize::try_from(number).ok().and_then(|n| n.checked_sub(1)) else {
            continue;
        };
        if at >= parsed.lines.len() {
            continue;
        }
        let fate = match quarantined.iter().find(|line| line.line == number) {
            Some(line) => line.fate.clone(),
            None if std::mem::replace(&mut published, true) => LineFate::Repeated,
            None => LineFate::Published,
        };
        let text = parsed.lines.decode(at).text.into_owned();
        let name = |column: usize| {
            let field = parsed.layout.columns.iter().position(|at| *at == Some(column))?;
            let field = schema.fields.get(field)?;
            Some((field.name.clone(), field.title.clone()))
        };
        let cells = parsed.layout.cells(&text).into_iter().enumerate();
        let fields = cells
            .map(|(column, (at, value))| TracedField {
                name: name(column),
                at,
                value: value.into_owned(),
            })
            .collect();
        let bytes = Some(Lines::range(&parsed.lines, at));
        lines.push(TracedLine { line: number, bytes, text, fields, fate });
    }
    lines
}

/// A key that nothing has: the ones that look like it, and the feeds that have it.
fn unknown(reader: &Reader, feed: Feed, id: &str) -> Result<Explained, RunError> {
    let mut near: BTreeSet<(Reverse<u32>, String)> = BTreeSet::new();
    reader.each_key(feed, |key| {
        if let Some(likeness) = likeness(id, key) {
            near.insert((Reverse(likeness), key.to_owned()));
            if near.len() > MOST_NEAR {
                near.pop_last();
            }
        }
    })?;
    let mut feeds = Vec::new();
    for other in Feed::ALL.into_iter().filter(|other| *other != feed) {
        if reader.is_known(other, id)? {
            feeds.push(other);
        }
    }
    Ok(Explained::Unknown { near: near.into_iter().map(|(_, key)| key).collect(), feeds })
}

/// How much a key looks like another one; `None` if it does not.
fn likeness(wanted: &str, key: &str) -> Option<u32> {
    let plain = |text: &str| {
        let half = |c: char| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            c => c,
        };
        let text: String = text.trim().chars().map(|c| half(c).to_ascii_lowercase()).collect();
        text.trim_start_matches('0').to_owned()
    };
    if plain(wanted) == plain(key) {
        return Some(9);
    }
    if wanted.len().abs_diff(key.len()) <= 2 {
        let distance = strsim::osa_distance(wanted, key);
        if distance <= 2 {
            return Some(8 - distance as u32);
        }
    }
    let contains = wanted.len() >= 4 && (key.contains(wanted) || wanted.contains(key));
    contains.then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_look_alike_by_zeros_width_case_and_few_changes() {
        for (wanted, key, expected) in [
            ("7", "0007", Some(9)),
            ("A1234", "Ａ1234", Some(9)),
            ("a12345", "A12345", Some(9)),
            ("A12345", "A12354", Some(7)),
            ("A12345", "A99345", Some(6)),
            ("A12345", "B99999", None),
            ("A1234", "A1234567890", Some(1)),
            ("A1", "A1234567890", None),
        ] {
            assert_eq!(likeness(wanted, key), expected, "{wanted} {key}");
        }
    }
}
