//! A file of another day than the others.

use std::collections::BTreeSet;

use crate::model::{Feed, Finding};

use super::claims::Claims;
use super::event::Event;
use super::known::Known;

/// Keys that do not fit, or files that lost records, at least: one alone may be a slip.
const FEWEST: usize = 2;

/// Claims what does not fit between files that are to the byte those of the delivery before and files that are not.
pub(super) fn claim(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    let old = |feed: Feed| known.unchanged[feed];
    if !Feed::ALL.into_iter().any(old) || Feed::ALL.into_iter().all(old) {
        return;
    }
    let mut keys: BTreeSet<(Feed, &str)> = BTreeSet::new();
    let mut files: BTreeSet<Feed> = BTreeSet::new();
    // Keys that only new files know, and feeds from which single records are gone.
    let mut new: BTreeSet<(Feed, &str)> = BTreeSet::new();
    let mut lost: BTreeSet<Feed> = BTreeSet::new();
    let mut findings = Vec::new();
    for (at, finding) in claims.free() {
        let Some(other) = other_feed(finding, known) else { continue };
        if old(finding.feed) == old(other) {
            continue;
        }
        if let Some((target, key)) = known.unknown.missing(finding) {
            if old(target) {
                new.insert((target, key));
            } else if known.gone.has(target, key) {
                lost.extend(Some(target).filter(|_| is_alone(known, target, key)));
            } else {
                continue;
            }
            keys.insert((target, key));
        } else if let Some(key) = finding.key.as_deref() {
            keys.insert((finding.feed, key));
        }
        files.extend([finding.feed, other].into_iter().filter(|feed| old(*feed)));
        findings.push(at);
    }
    // A file that lost records to which old files refer may as well be at fault itself.
    if new.len() < FEWEST && lost.len() < FEWEST {
        return;
    }
    let Some(feed) = files.iter().next_back().copied() else { return };
    let unchanged = claims.free().filter(|(_, f)| f.code == "F109" && files.contains(&f.feed));
    findings.extend(unchanged.map(|(at, _)| at).collect::<Vec<u32>>());
    let keys = keys.len() as u64;
    claims.claim(Event::OtherDay { feed, files: files.into_iter().collect(), keys }, findings);
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
