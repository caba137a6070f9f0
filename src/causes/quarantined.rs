//! Records that were delivered and put into quarantine, and from which others hang.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Disposition, Feed, Finding, PerFeed};

use super::claims::Claims;
use super::event::{Event, Missing};
use super::known::{Known, is_plain};

/// Claims the findings that keep out one record with others below it, and those on lines that are no rows and whose keys
/// others refer to.
pub(super) fn claim(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    single_records(claims, known);
    for feed in Feed::ALL {
        lines_named_by_others(claims, known, feed);
    }
}

fn single_records(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    // What befalls many records alike is no matter of one of them.
    let mut alike: BTreeMap<(&str, Feed, Option<&str>), BTreeSet<u64>> = BTreeMap::new();
    let mut lines: BTreeMap<(Feed, u64), Vec<u32>> = BTreeMap::new();
    let keeps_out = |finding: &Finding| {
        finding.disposition == Disposition::Quarantine
            && matches!(finding.feed, Feed::Organ | Feed::Node)
    };
    for (at, finding) in claims.free().filter(|(_, finding)| keeps_out(finding)) {
        let rule = (finding.code, finding.feed, finding.field.as_deref());
        let of_rule = alike.entry(rule).or_default();
        if of_rule.len() < 2 {
            of_rule.extend(finding.lines.iter().take(2));
        }
        if let Some(line) = finding.line {
            lines.entry((finding.feed, line)).or_default().push(at);
        }
    }
    for ((feed, line), findings) in lines {
        let alone = findings.iter().all(|at| {
            let finding = &claims.findings[*at as usize];
            let rule = (finding.code, finding.feed, finding.field.as_deref());
            alike.get(&rule).is_some_and(|lines| lines.len() == 1)
        });
        let row = known.places.row(feed, line).filter(|row| alone && has_below(known, feed, *row));
        let Some((key, name)) = row.and_then(|row| known.places.named(feed, row)) else { continue };
        let name = Some(name).filter(|name| !name.is_empty());
        claims.claim(Event::Missing(quarantined(feed, 1, key, name, line)), findings);
    }
}

fn has_below(known: &Known<'_, '_, '_>, feed: Feed, row: u32) -> bool {
    let places = known.places;
    let tree = match feed {
        Feed::Organ => &places.organs,
        Feed::Node => &places.nodes,
        Feed::Agent | Feed::Principal => return false,
    };
    tree.subtree(row).len() > 1
        || !places.agents(feed, row).is_empty()
        || (feed == Feed::Organ && !places.nodes_of(row).is_empty())
}

/// Lines that are no rows, and whose keys others refer to.
fn lines_named_by_others(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>, feed: Feed) {
    let named = known.unknown.named_lines(feed);
    let on_line = |finding: &Finding| {
        finding.feed == feed
            && finding.disposition == Disposition::Quarantine
            && finding.line.is_some_and(|line| named.contains(&line))
    };
    let findings: Vec<(u32, &Finding)> = claims.free().filter(|(_, f)| on_line(f)).collect();
    let lines: BTreeSet<u64> = findings.iter().filter_map(|(_, finding)| finding.line).collect();
    let Some(first) = lines.first().copied() else { return };
    let presumed = &known.places.accepted[feed].presumed;
    let key = presumed.iter().find(|(_, line)| u64::from(**line) == first).map(|(key, _)| key);
    let key = key.cloned().unwrap_or_default();
    let event = quarantined(feed, lines.len() as u64, key, None, first);
    claims.claim(Event::Missing(event), findings.into_iter().map(|(at, _)| at));
}

fn quarantined(feed: Feed, records: u64, key: String, name: Option<String>, line: u64) -> Missing {
    Missing {
        feed,
        records,
        key: Some(key).filter(|key| is_plain(key)),
        name,
        quarantined: Some(line),
        had_before: false,
        organ: None,
        named_at: None,
        below: PerFeed::default(),
    }
}
