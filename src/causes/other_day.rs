//! A file of another day than the others.

use std::collections::BTreeSet;

use crate::model::{Feed, Finding};

use super::claims::Claims;
use super::event::Event;
use super::known::Known;

/// Keys that do not fit, at least: one alone may be a slip.
const FEWEST: usize = 2;

/// Claims what does not fit between files that are to the byte those of the delivery before and files that are not.
pub(super) fn claim(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    let old = |feed: Feed| known.unchanged[feed];
    if !Feed::ALL.into_iter().any(old) || Feed::ALL.into_iter().all(old) {
        return;
    }
    let mut keys: BTreeSet<(Feed, &str)> = BTreeSet::new();
    let mut files: BTreeSet<Feed> = BTreeSet::new();
    let mut findings = Vec::new();
    for (at, finding) in claims.free() {
        let Some(other) = other_feed(finding, known) else { continue };
        if old(finding.feed) == old(other) {
            continue;
        }
        // A new file that lacks what an old one refers to shows it only if the delivery before had it.
        let missing = known.unknown.missing(finding);
        if let Some((target, key)) = missing
            && old(finding.feed)
            && !known.gone.has(target, key)
        {
            continue;
        }
        if let Some((target, key)) = missing.or(finding.key.as_deref().map(|k| (finding.feed, k))) {
            keys.insert((target, key));
        }
        files.extend([finding.feed, other].into_iter().filter(|feed| old(*feed)));
        findings.push(at);
    }
    let shows = claims.free().any(|(at, finding)| {
        known.unknown.missing(finding).is_some() && findings.binary_search(&at).is_ok()
    });
    let Some(feed) = files.iter().next_back().copied() else { return };
    if keys.len() < FEWEST || !shows {
        return;
    }
    let unchanged = claims.free().filter(|(_, f)| f.code == "F109" && files.contains(&f.feed));
    findings.extend(unchanged.map(|(at, _)| at).collect::<Vec<u32>>());
    let keys = keys.len() as u64;
    claims.claim(Event::OtherDay { feed, files: files.into_iter().collect(), keys }, findings);
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
