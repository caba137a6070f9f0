//! The records that a delivery refers to and does not hold, with the rows that refer to them.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::config::schema::Reference;
use crate::links::Link;
use crate::model::{Feed, Finding};
use crate::rules::RowContext;

use super::places::{Places, organ_field};

/// What the findings about missing keys are about.
pub(super) struct UnknownKeys<'d> {
    links: Vec<&'d Link<'d>>,
    references: Vec<Unknown<'d>>,
}

/// The missing keys of one reference.
struct Unknown<'d> {
    reference: &'d Reference,
    /// The rows that refer to a key, where a finding does not list all of them.
    rows: HashMap<&'d str, Vec<u32>>,
}

impl<'d> UnknownKeys<'d> {
    pub(super) fn new(rows: &RowContext<'d, '_>, findings: &[Finding]) -> UnknownKeys<'d> {
        let links: Vec<&'d Link<'d>> = rows.links.iter().collect();
        let none =
            |link: &&'d Link<'d>| Unknown { reference: link.reference, rows: HashMap::new() };
        let references = links.iter().map(none).collect();
        let mut unknown = UnknownKeys { links: links.clone(), references };
        let mut long: Vec<HashSet<&str>> = vec![HashSet::new(); links.len()];
        for finding in findings.iter().filter(|f| f.affected > f.lines.len() as u64) {
            let of = unknown.references.iter().position(|of| of.is_of(finding));
            if let (Some(of), Some(key)) = (of, finding.key.as_deref()) {
                long[of].insert(key);
            }
        }
        for ((link, long), unknown) in links.iter().zip(long).zip(&mut unknown.references) {
            let reference = link.reference;
            let cells = rows.delivery.readable(reference.feed);
            let cells = cells.and_then(|file| file.parsed.table.text(&reference.field));
            let Some(cells) = cells.filter(|_| !long.is_empty()) else { continue };
            for row in link.unknown() {
                if let Some(key) = cells.get(*row as usize).filter(|key| long.contains(*key)) {
                    unknown.rows.entry(key).or_default().push(*row);
                }
            }
        }
        unknown
    }

    /// For each row of a feed whether others refer to it by its key.
    pub(super) fn referred(&self, feed: Feed, rows: usize) -> Vec<bool> {
        let mut referred = vec![false; rows];
        for link in self.links.iter().filter(|link| link.reference.target == feed) {
            let itself = link.reference.feed == feed;
            for (_, to) in link.targets().filter(|(from, to)| !(itself && from == to)) {
                referred[to as usize] = true;
            }
        }
        referred
    }

    /// The quarantined lines of a feed of which others name the presumed key, 1-based.
    pub(super) fn named_lines(&self, feed: Feed) -> BTreeSet<u64> {
        let of_feed = self.links.iter().filter(|link| link.reference.target == feed);
        of_feed.flat_map(|link| link.presumed()).map(|(_, line)| u64::from(*line)).collect()
    }

    /// The reference that a finding is about, if it is about a missing key.
    pub(super) fn reference(&self, finding: &Finding) -> Option<&'d Reference> {
        self.references.iter().find(|of| of.is_of(finding)).map(|of| of.reference)
    }

    /// The key that is missing, and the feed that lacks it, for a finding that is about one.
    pub(super) fn missing<'f>(&self, finding: &'f Finding) -> Option<(Feed, &'f str)> {
        Some((self.reference(finding)?.target, finding.key.as_deref()?))
    }

    /// The rows that a finding about a missing key is about, all of them.
    pub(super) fn rows(&self, places: &Places<'_, '_>, finding: &Finding) -> Vec<u32> {
        let of = self.references.iter().find(|of| of.is_of(finding));
        let all = of.and_then(|of| of.rows.get(finding.key.as_deref()?));
        let listed = || finding.lines.iter().filter_map(|line| places.row(finding.feed, *line));
        all.cloned().unwrap_or_else(|| listed().collect())
    }

    /// The name of a missing record as a row that refers to it says it.
    pub(super) fn copied_name(&self, places: &Places<'_, '_>, finding: &Finding) -> Option<String> {
        let reference = self.reference(finding)?;
        let copies = &places.delivery.schema.copies;
        let copy = copies.iter().find(|c| c.feed == reference.feed && c.via == reference.field)?;
        let row = places.row(finding.feed, finding.line?)?;
        let names = places.file(reference.feed)?.parsed.table.text(&copy.field)?;
        names.get(row as usize).map(str::to_owned)
    }

    /// The organisation that the first row with a missing key names beside it.
    pub(super) fn organ_named_beside<'p>(
        &self,
        places: &'p Places<'_, '_>,
        finding: &Finding,
    ) -> Option<&'p str> {
        let reference = self.reference(finding)?;
        let field = organ_field(places.delivery.schema, reference.feed)?;
        let row = places.row(finding.feed, finding.line?)?;
        places.text(reference.feed, field)?.get(row as usize)
    }
}

impl Unknown<'_> {
    fn is_of(&self, finding: &Finding) -> bool {
        self.reference.rule == finding.code
            && self.reference.feed == finding.feed
            && Some(self.reference.field.as_str()) == finding.field.as_deref()
    }
}
