//! What no event explains: findings of one rule in one field.

use std::collections::BTreeMap;

use crate::model::Feed;

use super::claims::Claims;
use super::event::Event;
use super::known::{Known, is_plain};

/// Claims all findings that are left.
pub(super) fn claim(claims: &mut Claims<'_>, known: &Known<'_, '_, '_>) {
    let mut groups: BTreeMap<(&str, Feed, Option<&str>), Vec<u32>> = BTreeMap::new();
    for (at, finding) in claims.free() {
        groups.entry((finding.code, finding.feed, finding.field.as_deref())).or_default().push(at);
    }
    for ((_, feed, field), findings) in groups {
        let of_group = || findings.iter().filter_map(|at| claims.findings.get(*at as usize));
        let first = of_group().next();
        let value = first.and_then(|first| first.value.as_deref());
        let shared = value.filter(|value| of_group().all(|f| f.value.as_deref() == Some(value)));
        let event = Event::SameRule {
            feed,
            field: field.map(str::to_owned),
            value: shared
                .filter(|value| findings.len() > 1 && is_plain(value))
                .filter(|_| field.is_some_and(|field| known.is_shown(feed, field)))
                .map(str::to_owned),
            line: of_group().find_map(|finding| finding.line),
        };
        claims.claim(event, findings);
    }
}
