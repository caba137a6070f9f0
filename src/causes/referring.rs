//! Who refers to lines that are quarantined: what is wrong with these lines concerns them too.

use std::collections::{BTreeSet, HashMap};

use crate::model::{Feed, Finding};

use super::claims::Draft;
use super::places::{Places, places};
use super::unknown::UnknownKeys;

/// A row that refers to a line, and whether it hangs from it with all below.
struct Referring {
    feed: Feed,
    row: u32,
    hangs: bool,
}

/// Adds to each cause those who refer to the lines that it is about.
pub(super) fn add(
    drafts: &mut [Draft],
    findings: &[Finding],
    known: &Places<'_, '_>,
    unknown: &UnknownKeys<'_>,
) {
    let schema = known.delivery.schema;
    let mut referring: HashMap<(Feed, u32), Vec<Referring>> = HashMap::new();
    for (reference, row, line) in unknown.presumed() {
        let (feed, hangs) = (reference.feed, places(schema, reference));
        let of_line = referring.entry((reference.target, line)).or_default();
        of_line.push(Referring { feed, row, hangs });
    }
    if referring.is_empty() {
        return;
    }
    for draft in drafts {
        let of_draft = draft.findings.iter().map(|at| &findings[*at as usize]);
        let found = of_draft.flat_map(|f| f.lines.iter().map(|line| (f.feed, *line)));
        let found = found.filter_map(|(feed, line)| Some((feed, u32::try_from(line).ok()?)));
        let lines: BTreeSet<(Feed, u32)> = found.chain(draft.lines.iter().copied()).collect();
        for referring in lines.iter().filter_map(|line| referring.get(line)).flatten() {
            let Referring { feed, row, hangs } = *referring;
            if hangs && matches!(feed, Feed::Node | Feed::Organ) {
                draft.below.push((feed, row));
            } else if let Some(file) = known.file(feed) {
                draft.lines.extend(u32::try_from(file.line(row)).ok().map(|line| (feed, line)));
            }
        }
    }
}
