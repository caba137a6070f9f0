//! A file of another day than the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Feed, Finding};

use super::claims::Claims;
use super::event::Event;
use super::known::Known;

/// Keys that do not fit, or files that lost records, at least: one alone may be a slip.
const FEWEST: usize = 2;

/// What shows that a file is of another day.
#[derive(Default)]
struct Signs<'f> {
    /// Keys that only new files know.
    new: BTreeSet<(Feed, &'f str)>,
    /// Feeds from which single records are gone.
    lost: BTreeSet<Feed>,
    /// Records that new files call by another name than old files do: each one whose former name an old file still has,
    /// and each pair of a new file with an old one that holds the records.
    renamed: BTreeSet<(Feed, Feed, Option<&'f str>)>,
}

impl Signs<'_> {
    /// A file that lost records to which old files refer may as well be at fault itself, so that alone shows nothing.
    fn suffice(&self) -> bool {
        let (new, lost, renamed) = (self.new.len(), self.lost.len(), self.renamed.len());
        new >= FEWEST || lost >= FEWEST || renamed >= FEWEST || (renamed > 0 && new + lost > 0)
    }
}

/// Claims what does not fit between files that are those of the delivery before and files that are not.
pub(super) fn claim(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    let old = |feed: Feed| known.unchanged[feed];
    if !Feed::ALL.into_iter().any(old) || Feed::ALL.into_iter().all(old) {
        return;
    }
    let copied = copied_names(claims, known);
    let mut keys: BTreeSet<(Feed, &str)> = BTreeSet::new();
    let mut files: BTreeSet<Feed> = BTreeSet::new();
    let mut signs = Signs::default();
    let mut findings = Vec::new();
    for (at, finding) in claims.free() {
        let Some(other) = other_feed(finding, known) else { continue };
        if old(finding.feed) == old(other) {
            continue;
        }
        if let Some((target, key)) = known.unknown.missing(finding) {
            if old(target) {
                signs.new.insert((target, key));
            } else if known.gone.has(target, key) {
                signs.lost.extend(Some(target).filter(|_| is_alone(known, target, key)));
            } else {
                continue;
            }
            keys.insert((target, key));
        } else if finding.code == "N501" {
            let Some(key) = original(finding) else { continue };
            let Some(names) = copied.get(&(other, key)) else { continue };
            // New files that all use one other name know a newer one; an old file that has the former name knows it not.
            if old(other) {
                if names.len() != 1 {
                    continue;
                }
                signs.renamed.insert((finding.feed, other, None));
            } else {
                let former = known.gone.former_name(known.places, other, key);
                if !names.is_empty() || former.is_none() || former != finding.value.as_deref() {
                    continue;
                }
                signs.renamed.insert((finding.feed, other, Some(key)));
            }
            keys.insert((other, key));
        } else if let Some(key) = finding.key.as_deref() {
            keys.insert((finding.feed, key));
        }
        files.extend([finding.feed, other].into_iter().filter(|feed| old(*feed)));
        findings.push(at);
    }
    if !signs.suffice() {
        return;
    }
    let Some(feed) = files.iter().next_back().copied() else { return };
    let unchanged = claims.free().filter(|(_, f)| f.code == "F109" && files.contains(&f.feed));
    findings.extend(unchanged.map(|(at, _)| at).collect::<Vec<u32>>());
    let keys = keys.len() as u64;
    claims.claim(Event::OtherDay { feed, files: files.into_iter().collect(), keys }, findings);
}

/// For each record whose name is copied wrongly the names that new files have for it.
fn copied_names<'f>(
    claims: &Claims<'f>,
    known: &Known<'_, '_, '_>,
) -> BTreeMap<(Feed, &'f str), BTreeSet<&'f str>> {
    let mut names: BTreeMap<(Feed, &str), BTreeSet<&str>> = BTreeMap::new();
    for (_, finding) in claims.free().filter(|(_, finding)| finding.code == "N501") {
        if let (Some(other), Some(key)) = (other_feed(finding, known), original(finding)) {
            let of_key = names.entry((other, key)).or_default();
            let value = finding.value.as_deref().filter(|_| !known.unchanged[finding.feed]);
            of_key.extend(value.filter(|value| !value.is_empty()));
        }
    }
    names
}

/// The key of the record whose name a finding compares.
fn original(finding: &Finding) -> Option<&str> {
    Some(finding.related.first()?.key.as_str())
}

/// Whether a record is gone, and not with the one above it.
fn is_alone(known: &Known<'_, '_, '_>, feed: Feed, key: &str) -> bool {
    let is_there = |feed: Feed, key: Option<&str>| {
        let found = |key| known.places.file(feed)?.find(key);
        key.is_none_or(|key| found(key).is_some())
    };
    let (gone, places) = (known.gone, known.places);
    is_there(feed, gone.parent(places, feed, key))
        && (feed == Feed::Organ || is_there(Feed::Organ, gone.organ(places, feed, key)))
}

/// The other feed that a finding compares its own with.
fn other_feed(finding: &Finding, known: &Known<'_, '_, '_>) -> Option<Feed> {
    if let Some((target, _)) = known.unknown.missing(finding) {
        return Some(target);
    }
    match finding.code {
        "N501" => {
            let copies = &known.places.delivery.schema.copies;
            let is_copy = |c: &&crate::config::schema::Copy| {
                c.feed == finding.feed && Some(c.field.as_str()) == finding.field.as_deref()
            };
            copies.iter().find(is_copy).map(|copy| copy.target)
        }
        "B708" | "B709" | "B711" | "B714" => Some(Feed::Node),
        "B710" | "T607" => Some(Feed::Organ),
        "B712" | "B713" if finding.feed == Feed::Node => Some(Feed::Agent),
        _ => None,
    }
}
