//! Findings that one event explains become one cause: what happened, whom it concerns, what to do.
//!
//! Every finding belongs to exactly one cause. Each event looks at what the ones before it left; what none explains is
//! grouped by rule, feed and field. Whatever is claimed can be shown from the findings, the delivery and the delivery
//! before it. Time is linear in findings and records.

mod action;
mod before;
mod claims;
mod columns;
mod cut_short;
mod event;
mod field_count;
mod known;
mod missing;
mod organs;
mod other_day;
mod other_encoding;
mod places;
mod quarantined;
mod reach;
mod renumbered;
mod same_rule;
mod shifted;
mod uniform;
mod unknown;
mod what;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Cause, Feed, Finding, Level, OrganFindings, PerFeed, StoredRows};
use crate::rules::RowContext;

use before::Gone;
use claims::{Claims, Draft};
use event::{Event, Missing};
use known::Known;
use places::Places;
use reach::{Counter, Reach};
use unknown::UnknownKeys;

/// What causes are found in, beside the findings.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'d, 'a> {
    /// The delivery.
    pub rows: RowContext<'d, 'a>,
    /// What the delivery before had and this one has not, or has with other content.
    pub previous: Option<&'d PerFeed<Option<StoredRows>>>,
    /// The files that are to the byte those of the delivery before, or hold the same records.
    pub unchanged: &'d PerFeed<bool>,
    /// For each feed the number of records that are gone, where they are the last ones of the file before.
    pub cut_off: &'d PerFeed<Option<u64>>,
    /// The feeds that lack so many records that the delivery is refused. A cause may tell why even where no rule has a
    /// finding.
    pub lacking: PerFeed<bool>,
    /// Number of agents of the delivery before, where it is known.
    pub agents_before: Option<u64>,
}

/// What explains the findings, and where they are.
#[derive(Debug, Clone, Default)]
pub struct Explained {
    /// Fatal ones first, then by people concerned; those that are only worth knowing last.
    pub causes: Vec<Cause>,
    /// The head offices and two levels of organisations below them, a parent before its children.
    pub organs: Vec<OrganFindings>,
}

/// Explains the findings, and writes into each its cause. `totals` has the true number of findings by code.
pub fn explain(
    facts: &Facts<'_, '_>,
    findings: &mut [Finding],
    totals: &BTreeMap<&'static str, u64>,
) -> Explained {
    let places = Places::new(&facts.rows);
    let organs = organs::organs(&places, findings);
    if findings.is_empty() && !facts.lacking.iter().any(|lacking| *lacking) {
        return Explained { causes: Vec::new(), organs };
    }
    let unknown = UnknownKeys::new(&facts.rows, findings);
    let gone = Gone::new(&places, facts.previous);
    let known = Known {
        places: &places,
        unknown: &unknown,
        gone: &gone,
        unchanged: facts.unchanged,
        cut_off: facts.cut_off,
        lacking: facts.lacking,
        totals,
    };
    let mut claims = Claims::new(findings);
    other_encoding::claim(&mut claims, &known);
    field_count::claim(&mut claims, &known);
    shifted::claim(&mut claims, &known);
    uniform::claim(&mut claims, &known);
    cut_short::claim(&mut claims, &known);
    renumbered::claim(&mut claims, &known);
    other_day::claim(&mut claims, &known);
    quarantined::claim(&mut claims, &known);
    missing::claim(&mut claims, &known);
    same_rule::claim(&mut claims, &known);

    let drafts = claims.drafts;
    let unlisted = unlisted(&drafts, findings, totals);
    let mut counter =
        Counter::new((&places, &unknown, &gone), facts.rows.links, facts.agents_before);
    let mut causes: Vec<(Cause, Draft)> = drafts
        .into_iter()
        .zip(unlisted)
        .map(|(draft, unlisted)| {
            let at_least = unlisted > 0 && draft.lines.is_empty();
            let reach = Reach { at_least, ..counter.reach(&draft, findings) };
            let reach = reach_of(&draft, reach);
            (cause(&draft, findings, unlisted, reach, &places), draft)
        })
        .collect();
    let rank = |cause: &Cause| (urgency(cause.level), cause.people, cause.level, cause.findings);
    causes.sort_by(|(a, _), (b, _)| {
        rank(b).cmp(&rank(a)).then_with(|| (a.kind, a.feed, a.line).cmp(&(b.kind, b.feed, b.line)))
    });
    for (at, (_, draft)) in causes.iter().enumerate() {
        for finding in &draft.findings {
            findings[*finding as usize].cause = Some(at);
        }
    }
    Explained { causes: causes.into_iter().map(|(cause, _)| cause).collect(), organs }
}

/// What keeps the run from being published comes first, what is only worth knowing last.
fn urgency(level: Level) -> u8 {
    match level {
        Level::Fatal => 2,
        Level::Error | Level::Warning => 1,
        Level::Info | Level::Off => 0,
    }
}

/// An organisation that is missing is itself where everything lies that hangs from it.
fn reach_of(draft: &Draft, reach: Reach) -> Reach {
    match &draft.event {
        Event::Missing(Missing {
            feed: Feed::Organ, key: Some(key), name, organ: None, ..
        }) => Reach { organ: Some((key.clone(), name.clone().unwrap_or_default())), ..reach },
        _ => reach,
    }
}

/// For each draft the number of findings of its rules that the run does not hold. They are taken for those of the
/// cause that has most of the ones it holds.
fn unlisted(
    drafts: &[Draft],
    findings: &[Finding],
    totals: &BTreeMap<&'static str, u64>,
) -> Vec<u64> {
    let mut more = vec![0; drafts.len()];
    let mut held: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in findings {
        *held.entry(finding.code).or_default() += 1;
    }
    for (code, total) in totals {
        let left = total.saturating_sub(held.get(code).copied().unwrap_or_default());
        if left == 0 {
            continue;
        }
        let of_code = |draft: &Draft| {
            draft.findings.iter().filter(|at| findings[**at as usize].code == *code).count()
        };
        let most = drafts.iter().enumerate().rev().max_by_key(|(_, draft)| of_code(draft));
        if let Some((at, _)) = most {
            more[at] += left;
        }
    }
    more
}

fn cause(
    draft: &Draft,
    findings: &[Finding],
    unlisted: u64,
    reach: Reach,
    places: &Places<'_, '_>,
) -> Cause {
    let of_draft = || draft.findings.iter().map(|at| &findings[*at as usize]);
    let codes: BTreeSet<&'static str> = of_draft().map(|finding| finding.code).collect();
    let (feed, line) = draft.event.place();
    let file_of = |feed: Feed| places.delivery.files[feed].name.as_str();
    let number = draft.findings.len() as u64 + unlisted;
    let level = of_draft().map(|finding| finding.level).max().unwrap_or(Level::Error);
    let facts = words::Facts {
        level,
        reach: &reach,
        findings: number,
        code: codes.first().copied().unwrap_or_default(),
        file: file_of(feed),
        file_of: &file_of,
    };
    let (what, action) = (what::what(&draft.event, &facts), action::action(&draft.event, &facts));
    Cause {
        kind: draft.event.kind(),
        level,
        what,
        action,
        feed,
        line,
        key: draft.event.key().map(str::to_owned),
        people: reach.people,
        organs: reach.organs,
        organ: reach.organ,
        findings: number,
        codes: codes.into_iter().collect(),
    }
}
