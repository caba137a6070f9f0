//! A file whose end is not there.

use std::collections::BTreeSet;

use crate::model::{Feed, Finding};

use super::claims::Claims;
use super::event::Event;
use super::known::Known;

/// Missing keys that, beside a last line without its end, show that lines are gone.
const MISSING_KEYS: usize = 3;

/// Claims what follows from the end of a file being gone.
pub(super) fn claim(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    for feed in Feed::ALL {
        let Some(file) = known.places.file(feed) else { continue };
        let last = file.parsed.lines.len() as u64;
        let gone = known.cut_off[feed];
        let missing_here = |finding: &Finding| {
            known.unknown.missing(finding).is_some_and(|(target, _)| target == feed)
        };
        let mut missing: BTreeSet<&str> = BTreeSet::new();
        let (mut open, mut torn, mut short) = (false, false, false);
        for (_, finding) in claims.free() {
            if missing_here(finding) {
                missing.extend(finding.key.as_deref());
            }
            if finding.feed == feed {
                open |= finding.code == "F108";
                short |= finding.code == "F112";
                torn |= finding.code == "R201" && finding.line == Some(last);
            }
        }
        let shows = gone.is_some()
            || (open && torn)
            || (open && missing.len() >= MISSING_KEYS)
            || (short && !missing.is_empty());
        if !shows {
            continue;
        }
        let on_last = |finding: &Finding| {
            finding.line == Some(last) && finding.code.starts_with(['R', 'V', 'K'])
        };
        let follows = |finding: &Finding| match finding.code {
            "F108" | "F112" => finding.feed == feed,
            "S801" => feed == Feed::Agent && gone.is_some(),
            // Teams whose own teams were at the end.
            "T606" => feed == Feed::Node && finding.feed == feed && gone.is_some(),
            _ => missing_here(finding) || (finding.feed == feed && on_last(finding)),
        };
        let follow = claims.free().filter(|(_, finding)| follows(finding));
        let findings: Vec<u32> = follow.map(|(at, _)| at).collect();
        let event = Event::CutShort { feed, gone, torn, line: Some(last) };
        let draft = match findings.is_empty() && known.lacking[feed] && gone.is_some() {
            true => claims.note(event),
            false => claims.claim(event, findings),
        };
        if let (Some(draft), Some(_), Feed::Agent) = (draft, gone, feed) {
            draft.absent = known.gone.keys(feed).map(str::to_owned).collect();
        }
    }
}
