//! Parses fetched files into a delivery, and reads quarantined lines and keys from it.

use polars::prelude::PolarsResult;

use crate::config::job::Format;
use crate::config::schema::Schema;
use crate::delivery::{Acceptance, Background, Delivery, FileInput, FileState, Readable};
use crate::fetch::{self, Fetched, RawDelivery};
use crate::keys::KeyIndex;
use crate::model::{Feed, PerFeed, RecordedFiles, RowCounter};
use crate::parse;
use crate::store::QuarantinedLine;

use super::stage::Progress;

/// Passes the progress of the fetch on to the progress of the run.
pub(super) struct Files<'p>(pub(super) &'p dyn Progress);

impl fetch::Progress for Files<'_> {
    fn file(&self, feed: Feed, total: Option<u64>) {
        self.0.file(feed, total);
    }

    fn bytes(&self, feed: Feed, n: u64) {
        self.0.bytes(feed, n);
    }
}

/// Whether every file is, to the byte, what it was in an earlier run. One that was not read then and is not now
/// counts as the same if it has the same size.
pub(super) fn is_unchanged(raw: &RawDelivery, before: &RecordedFiles) -> bool {
    raw.files.iter().zip(&before.files).all(|(fetched, before)| match fetched {
        Fetched::File(file) => Some(&file.sha256) == before.sha256.as_ref(),
        Fetched::Missing { .. } => before.sha256.is_none() && before.size == 0,
        Fetched::Oversized { size, .. } => before.sha256.is_none() && before.size == *size,
    })
}

/// Decodes and parses every file.
pub(super) fn parse<'a>(
    raw: &'a RawDelivery,
    schema: &'a Schema,
    pinned: &Format,
    background: Background,
    counter: RowCounter<'_>,
) -> PolarsResult<Delivery<'a>> {
    let files = PerFeed::try_from_fn(|feed| {
        let fetched = raw.file(feed);
        let state = match fetched {
            Fetched::Missing { near, .. } => FileState::Missing { near: near.clone() },
            Fetched::Oversized { size, limit, .. } => {
                FileState::Oversized { size: *size, limit: *limit }
            }
            Fetched::File(file) => {
                let feed_schema = schema.feed(feed);
                match parse::parse(file.bytes(), schema, feed, pinned, counter)? {
                    Err(unparsable) => FileState::Unparsable(unparsable),
                    Ok(parsed) => {
                        let keys = parsed.table.text(&feed_schema.key_field().name);
                        let index = keys.map(KeyIndex::new).unwrap_or_default();
                        FileState::Parsed(Box::new(parsed), index)
                    }
                }
            }
        };
        let (sha256, mtime) = match fetched {
            Fetched::File(file) => (Some(file.sha256.clone()), file.mtime),
            Fetched::Missing { .. } | Fetched::Oversized { .. } => (None, None),
        };
        PolarsResult::Ok(FileInput { feed, name: fetched.name().to_owned(), sha256, mtime, state })
    })?;
    Ok(Delivery { schema, files, background })
}

/// The keys of a feed for which a row was delivered and put into quarantine.
pub(super) fn quarantined_keys(
    delivery: &Delivery<'_>,
    accepted: &PerFeed<Acceptance>,
    feed: Feed,
) -> Vec<String> {
    let Some(file) = delivery.readable(feed) else { return Vec::new() };
    let read = accepted[feed].quarantined.iter().filter_map(|line| {
        let row = file.row(u64::from(line.line))?;
        file.key(row).map(str::to_owned)
    });
    read.chain(accepted[feed].presumed.keys().cloned()).collect()
}

/// The key of a quarantined line, or what stands in its place: it says where to look.
fn key(file: &Readable<'_, '_>, line: u64) -> Option<String> {
    match file.row(line) {
        Some(row) => file.key(row).map(str::to_owned),
        None => file.parsed.presumed_key(line as usize - 1, file.schema.key),
    }
}

/// Every quarantined line verbatim, by feed, then line.
pub(super) fn quarantined_lines<'d>(
    delivery: &'d Delivery<'_>,
    accepted: &'d PerFeed<Acceptance>,
) -> impl Iterator<Item = QuarantinedLine<'d>> {
    Feed::ALL.into_iter().flat_map(move |feed| {
        let file = delivery.readable(feed);
        file.into_iter().flat_map(move |file| {
            accepted[feed].quarantined.iter().map(move |line| QuarantinedLine {
                feed,
                file: &delivery.files[feed].name,
                line: u64::from(line.line),
                raw: file.parsed.lines.raw(line.line as usize - 1),
                text: file.parsed.lines.decode(line.line as usize - 1).text,
                rules: line.rules.as_slice().into(),
                key: key(&file, u64::from(line.line)),
            })
        })
    })
}
