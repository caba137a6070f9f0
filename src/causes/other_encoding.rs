//! A run of lines in another encoding than their file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::model::{Feed, Finding};

use super::claims::Claims;
use super::event::Event;
use super::known::Known;

/// Claims what is found on the lines of each run.
pub(super) fn claim(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    for feed in Feed::ALL {
        let Some(file) = known.places.file(feed) else { continue };
        let line = |finding: &Finding| usize::try_from(finding.line?).ok()?.checked_sub(1);
        // A line may decode all the same: as other characters, some of which take a delimiter with them.
        let at_fault = claims.free().filter(|(_, f)| f.feed == feed && explained(f));
        let at_fault: BTreeSet<usize> = at_fault.filter_map(|(_, f)| line(f)).collect();
        let at_fault: Vec<usize> = at_fault.into_iter().collect();
        let lines = &file.parsed.lines;
        let runs = lines.other_encodings(&at_fault);
        if runs.is_empty() {
            continue;
        }
        let ranges = |at: usize| runs[at].lines.start as u64 + 1..=runs[at].lines.end as u64;
        let run_of = |line: u64| {
            let at = runs.partition_point(|run| (run.lines.end as u64) < line);
            (at < runs.len() && ranges(at).contains(&line)).then_some(at)
        };
        let mut of_run: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (at, finding) in claims.free() {
            if let Some(run) = line_of_fault(finding, feed, known).and_then(run_of) {
                of_run.entry(run).or_default().push(at);
            }
        }
        let file_is = lines.detected().name();
        for (run, findings) in of_run {
            let (range, lines_are) = (ranges(run), runs[run].encoding);
            let (first, last) = RangeInclusive::into_inner(range);
            claims.claim(Event::OtherEncoding { feed, first, last, lines_are, file_is }, findings);
        }
    }
}

/// The line of a feed that a finding comes from, if wrong characters on it explain the finding.
fn line_of_fault(finding: &Finding, feed: Feed, known: &Known<'_, '_, '_>) -> Option<u64> {
    // Whoever refers to a record that is nowhere does not say on which line it was.
    if known.unknown.missing(finding).is_some_and(|(target, _)| target == feed) {
        return None;
    }
    if finding.feed == feed && explained(finding) {
        return finding.line;
    }
    // A name that was copied right from a record that reads wrong.
    let copied = finding.related.iter().find(|related| related.feed == feed);
    copied.filter(|_| finding.code == "N501").map(|related| related.line)
}

/// Whether wrong characters on its line may explain a finding.
fn explained(finding: &Finding) -> bool {
    finding.code.starts_with(['R', 'V', 'K', 'X']) || finding.code == "N501"
}
