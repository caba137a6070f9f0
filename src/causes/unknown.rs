//! The records that a delivery refers to and does not hold, with the rows that refer to them.

use std::collections::BTreeMap;

use crate::config::schema::Reference;
use crate::model::{Feed, Finding};
use crate::rules::RowContext;

use super::places::{Places, organ_field};

/// The rows that refer to each missing key, by reference.
pub(super) struct UnknownKeys<'d> {
    references: Vec<(&'d Reference, BTreeMap<&'d str, Vec<u32>>)>,
}

impl<'d> UnknownKeys<'d> {
    pub(super) fn new(rows: &RowContext<'d, '_>) -> UnknownKeys<'d> {
        let of_link = |link: &'d crate::links::Link<'d>| {
            let reference = link.reference;
            let file = rows.delivery.readable(reference.feed)?;
            let cells = file.parsed.table.text(&reference.field)?;
            let mut by_key: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
            for row in link.unknown() {
                by_key.entry(cells.get(*row as usize)?).or_default().push(*row);
            }
            Some((reference, by_key))
        };
        UnknownKeys { references: rows.links.iter().filter_map(of_link).collect() }
    }

    /// The reference that a finding is about, if it is about a missing key.
    pub(super) fn reference(&self, finding: &Finding) -> Option<&'d Reference> {
        let same = |r: &Reference| {
            r.feed == finding.feed
                && Some(r.field.as_str()) == finding.field.as_deref()
                && r.rule == finding.code
        };
        self.references.iter().map(|(reference, _)| *reference).find(|r| same(r))
    }

    /// The key that is missing, and the feed that lacks it, for a finding that is about one.
    pub(super) fn missing<'f>(&self, finding: &'f Finding) -> Option<(Feed, &'f str)> {
        Some((self.reference(finding)?.target, finding.key.as_deref()?))
    }

    /// The rows that a finding about a missing key is about, all of them.
    pub(super) fn rows(&self, reference: &Reference, key: &str) -> &[u32] {
        let found = self.references.iter().find(|(other, _)| std::ptr::eq(*other, reference));
        found.and_then(|(_, by_key)| by_key.get(key)).map_or(&[], Vec::as_slice)
    }

    /// The name of a missing record as a row that refers to it says it.
    pub(super) fn copied_name(&self, places: &Places<'_, '_>, finding: &Finding) -> Option<String> {
        let reference = self.reference(finding)?;
        let copies = &places.delivery.schema.copies;
        let copy = copies.iter().find(|c| c.feed == reference.feed && c.via == reference.field)?;
        let row = self.rows(reference, finding.key.as_deref()?).first()?;
        let names = places.file(reference.feed)?.parsed.table.text(&copy.field)?;
        names.get(*row as usize).map(str::to_owned)
    }

    /// The organisation that the first row with a missing key names beside it.
    pub(super) fn organ_named_beside<'p>(
        &self,
        places: &'p Places<'_, '_>,
        finding: &Finding,
    ) -> Option<&'p str> {
        let reference = self.reference(finding)?;
        let field = organ_field(places.delivery.schema, reference.feed)?;
        let row = self.rows(reference, finding.key.as_deref()?).first()?;
        places.text(reference.feed, field)?.get(*row as usize)
    }
}
