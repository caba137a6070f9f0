//! The keys that stand on lines with the wrong number of fields.

use std::collections::{BTreeSet, HashMap};

use crate::model::{Feed, Finding, PerFeed};
use crate::parse::{trim, without_controls};

use super::places::Places;
use super::unknown::UnknownKeys;

/// Lines that have a key in its place and are no records all the same, for keys that others refer to.
pub(super) struct RaggedKeys {
    lines: PerFeed<HashMap<String, u64>>,
}

impl RaggedKeys {
    pub(super) fn new(
        places: &Places<'_, '_>,
        unknown: &UnknownKeys<'_>,
        findings: &[Finding],
    ) -> RaggedKeys {
        let mut wanted: PerFeed<BTreeSet<&str>> = PerFeed::default();
        for (feed, key) in findings.iter().filter_map(|finding| unknown.missing(finding)) {
            wanted[feed].insert(key);
        }
        let vanished = findings.iter().filter(|finding| finding.code == "S801");
        wanted[Feed::Agent].extend(vanished.filter_map(|finding| finding.key.as_deref()));
        let lines = PerFeed::from_fn(|feed| {
            let Some(file) = places.file(feed).filter(|_| !wanted[feed].is_empty()) else {
                return HashMap::new();
            };
            let keyed = file.parsed.ragged.iter().filter_map(|ragged| {
                let cell = file.parsed.cell(ragged.line as usize, file.schema.key)?;
                let cell = without_controls(&cell);
                let key = trim(&cell);
                let line = u64::from(ragged.line) + 1;
                wanted[feed].contains(key).then(|| (key.to_owned(), line))
            });
            keyed.collect()
        });
        RaggedKeys { lines }
    }

    /// The line on which a key stands that no record has.
    pub(super) fn line(&self, feed: Feed, key: &str) -> Option<u64> {
        self.lines[feed].get(key).copied()
    }
}
