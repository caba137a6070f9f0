//! Lines that all have as many delimiters too many, or too few.

use std::collections::{BTreeMap, BTreeSet};

use crate::delivery::Readable;
use crate::model::{Feed, Finding};
use crate::parse::RaggedWhy;

use super::claims::Claims;
use super::columns::{Columns, LOOKED_AT};
use super::event::{Event, FieldCount};
use super::known::Known;

/// Fewest lines with the same number of fields that show a fault of the export.
const FEWEST: usize = 10;
/// The same where most lines with a wrong number of fields have this one.
const FEWEST_OF_MOST: usize = 3;

/// Claims, for each wrong number of fields that many lines have, what is found on these lines.
pub(super) fn claim(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    for feed in Feed::ALL {
        let Some(file) = known.places.file(feed) else { continue };
        for (found, lines) in by_count(&file, claims) {
            let is_of = |line: u64| lines.binary_search(&line).is_ok();
            let follows = |finding: &Finding| {
                finding.feed == feed
                    && finding.code.starts_with('R')
                    && finding.line.is_some_and(is_of)
            };
            let findings: Vec<u32> =
                claims.free().filter(|(_, f)| follows(f)).map(|(at, _)| at).collect();
            let layout = &file.parsed.layout;
            let event = FieldCount {
                feed,
                first: lines[0],
                last: lines[lines.len() - 1],
                lines: lines.len() as u64,
                // A delimiter that ends every line ends a field, and begins none.
                found: u64::from(found) - u64::from(layout.trailing),
                wanted: layout.width as u64 - u64::from(layout.trailing),
                between: between(&file, &lines, found),
            };
            if let Some(draft) = claims.claim(Event::FieldCount(event), findings) {
                let of_feed = |line: &u64| Some((feed, u32::try_from(*line).ok()?));
                draft.lines = lines.iter().filter_map(of_feed).collect();
            }
        }
    }
}

/// The wrong numbers of fields that many lines have, with these lines (1-based, in order).
fn by_count(file: &Readable<'_, '_>, claims: &Claims<'_>) -> BTreeMap<u32, Vec<u64>> {
    let parsed = file.parsed;
    // Where the file breaks off, the last line has lost its end.
    let torn = (!parsed.lines.terminated()).then_some(parsed.lines.len() as u64);
    let other_encoding = |line: u64| {
        claims.drafts.iter().any(|draft| {
            matches!(draft.event, Event::OtherEncoding { feed, first, last, .. }
                if feed == file.feed && (first..=last).contains(&line))
        })
    };
    let of_count = parsed.ragged.iter().filter(|ragged| ragged.why == RaggedWhy::Count);
    let lines = of_count.map(|ragged| (ragged.found, u64::from(ragged.line) + 1));
    let lines: Vec<(u32, u64)> =
        lines.filter(|(_, line)| Some(*line) != torn && !other_encoding(*line)).collect();
    let all = lines.len();
    let mut by_count: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for (found, line) in lines {
        by_count.entry(found).or_default().push(line);
    }
    by_count.retain(|_, lines| {
        lines.len() >= FEWEST || (lines.len() >= FEWEST_OF_MOST && lines.len() * 2 > all)
    });
    by_count
}

/// The first and the last field before which the delimiter may be too much or missing, as the values of the other fields
/// tell; `None` where they do not tell.
fn between(file: &Readable<'_, '_>, lines: &[u64], found: u32) -> Option<(String, String)> {
    let columns = Columns::of(file);
    let mut fits: BTreeMap<usize, usize> = BTreeMap::new();
    let step = lines.len().div_ceil(LOOKED_AT);
    let mut looked_at = 0;
    for line in lines.iter().step_by(step) {
        let cells = file.parsed.cells(usize::try_from(*line).ok()?.checked_sub(1)?);
        looked_at += 1;
        for column in columns.breaks(&cells, found as usize) {
            *fits.entry(column).or_default() += 1;
        }
    }
    // Nearly all, as one of these lines may have another fault as well.
    fits.retain(|_, lines| *lines * 10 >= looked_at * 9);
    let at: BTreeSet<usize> = fits.into_keys().collect();
    let (first, last) = (*at.first()?, *at.last()?);
    let tells = last - first < columns.len() / 2;
    let name = |column: usize| columns.name(column).map(str::to_owned);
    if tells { Some((name(first)?, name(last)?)) } else { None }
}
