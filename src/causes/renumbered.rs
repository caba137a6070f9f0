//! A team or an organisation that has come back under another key.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{Feed, Finding};

use super::claims::Claims;
use super::event::Event;
use super::known::{Known, is_plain};
use super::places::{name_field, organ_field, parent_field};

/// A new record with the name and the place of a missing one.
struct Found {
    new: String,
    line: u64,
    name: String,
}

/// Claims the findings about keys whose record has another key now.
pub(super) fn claim(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    for feed in [Feed::Organ, Feed::Node] {
        let mut about: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (at, finding) in claims.free() {
            if let Some((target, key)) = known.unknown.missing(finding)
                && target == feed
            {
                about.entry(key).or_default().push(at);
            }
        }
        if about.is_empty() {
            continue;
        }
        about.retain(|key, _| is_plain(key));
        let records = Records::of(known, feed);
        let rows = known.places.file(feed).map_or(0, |file| file.parsed.table.len());
        let referred = known.unknown.referred(feed, rows);
        let mut renumbered: Vec<(&str, Found, Vec<u32>)> = Vec::new();
        for (old, findings) in about {
            let of_key = findings.iter().filter_map(|at| claims.findings.get(*at as usize));
            let found = records.find(known, old, of_key, &referred);
            renumbered.extend(found.map(|found| (old, found, findings)));
        }
        let Some((old, found, _)) = renumbered.first() else { continue };
        let event = Event::Renumbered {
            feed,
            records: renumbered.len() as u64,
            old: (*old).to_owned(),
            new: found.new.clone(),
            name: found.name.clone(),
            line: found.line,
        };
        // Those below a renumbered record have moved with it.
        let new: BTreeSet<&str> =
            renumbered.iter().map(|(_, found, _)| found.new.as_str()).collect();
        let parent = parent_field(known.places.delivery.schema, feed);
        let moved = |finding: &Finding| {
            matches!(finding.code, "S804" | "S805")
                && finding.feed == feed
                && finding.field.as_deref() == parent
                && finding.value.as_deref().is_some_and(|value| new.contains(value))
        };
        let moved: Vec<u32> = claims.free().filter(|(_, f)| moved(f)).map(|(at, _)| at).collect();
        let findings = renumbered.into_iter().flat_map(|(_, _, findings)| findings).chain(moved);
        let findings: Vec<u32> = findings.collect();
        claims.claim(event, findings);
    }
}

/// The accepted records of a feed by name and place.
struct Records<'k> {
    feed: Feed,
    /// By name and parent, and by name and organisation; `None` where several have both.
    by_parent: HashMap<(&'k str, &'k str), Option<u32>>,
    by_organ: HashMap<(&'k str, &'k str), Option<u32>>,
}

impl<'k> Records<'k> {
    fn of(known: &Known<'k, '_, '_>, feed: Feed) -> Records<'k> {
        let places = known.places;
        let schema = places.delivery.schema;
        let cells = |field: Option<&str>| places.text(feed, field?);
        let names = cells(name_field(schema, feed));
        let parents = cells(parent_field(schema, feed));
        let organs = cells(organ_field(schema, feed).filter(|_| feed != Feed::Organ));
        let mut records = Records { feed, by_parent: HashMap::new(), by_organ: HashMap::new() };
        for row in &places.accepted[feed].order {
            let at = *row as usize;
            let Some(name) = names.and_then(|names| names.get(at)) else { continue };
            let cell = |cells: Option<&'k polars_arrow::array::Utf8ViewArray>| {
                cells.and_then(|cells| cells.get(at)).unwrap_or_default()
            };
            let alone = |slot: &mut Option<u32>| *slot = None;
            let by_parent = records.by_parent.entry((name, cell(parents)));
            by_parent.and_modify(alone).or_insert(Some(*row));
            let by_organ = records.by_organ.entry((name, cell(organs)));
            by_organ.and_modify(alone).or_insert(Some(*row));
        }
        records
    }

    /// The record that has the name and the place of a missing one.
    fn find<'f>(
        &self,
        known: &Known<'_, '_, '_>,
        old: &str,
        mut findings: impl Iterator<Item = &'f Finding> + Clone,
        referred: &[bool],
    ) -> Option<Found> {
        let (places, feed) = (known.places, self.feed);
        let file = places.file(feed)?;
        let row = match known.gone.name(places, feed, old) {
            Some(name) => {
                let parent = known.gone.parent(places, feed, old).unwrap_or_default();
                self.by_parent.get(&(name, parent)).copied().flatten()?
            }
            None => {
                // One row with an unknown key has it wrong, whatever name stands beside it.
                if findings.clone().map(|finding| finding.affected).sum::<u64>() < 2 {
                    return None;
                }
                let finding = findings
                    .find(|finding| known.unknown.copied_name(places, finding).is_some())?;
                let name = known.unknown.copied_name(places, finding)?;
                let organ = match feed {
                    Feed::Organ => "",
                    _ => known.unknown.organ_named_beside(places, finding)?,
                };
                self.by_organ.get(&(name.as_str(), organ)).copied().flatten()?
            }
        };
        // A record to which others refer by its key has the right one: only one to which nobody refers can be the new one.
        if referred[row as usize] {
            return None;
        }
        let (new, name) = places.named(feed, row)?;
        Some(Found { new, name, line: file.line(row) })
    }
}
