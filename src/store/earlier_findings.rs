//! The findings of the published date before, as far as they are compared with those of a delivery.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::model::{Feed, FindingAge};

/// The findings of the published date before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierFindings {
    /// That date.
    pub date: NaiveDate,
    /// By code; only rules that found something.
    pub rules: BTreeMap<String, EarlierRule>,
    /// True number of findings of the rules that were run, by code; empty for a run of an earlier version.
    pub totals: BTreeMap<String, u64>,
}

/// What a later delivery has of one rule.
#[derive(Debug, Clone, Copy)]
pub struct LaterRule<'a> {
    /// Whether the rule was run.
    pub run: bool,
    /// Whether all that it found is known.
    pub complete: bool,
    /// Identities of its findings, sorted.
    pub identities: &'a [i64],
}

/// What became of the findings of a rule that a later delivery does not have, each finding once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GoneFindings {
    /// Those that are mended, in the order in which they were recorded.
    pub mended: Vec<EarlierFinding>,
    /// How many may be there still.
    pub unsettled: u64,
}

/// What a rule found on that date.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EarlierRule {
    /// Whether the run kept all that the rule found, and it is known what they are about.
    pub complete: bool,
    /// By identity, each once.
    pub findings: Vec<EarlierFinding>,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierFinding {
    /// What makes it the same in another delivery.
    pub identity: i64,
    /// The feed.
    pub feed: Feed,
    /// Its age; the date itself where no more is known.
    pub age: FindingAge,
    /// Where it is stored.
    pub(super) place: i64,
}

impl EarlierFindings {
    /// The age of a finding of the next published date. What a rule found on the date before is not known in full if it
    /// found more than its run kept: then a finding that is not among those kept may be new or not, and has no age.
    pub fn age_after(
        before: Option<&EarlierFindings>,
        code: &str,
        identity: i64,
        date: NaiveDate,
    ) -> Option<FindingAge> {
        let new = FindingAge { first_seen: date, deliveries: 1 };
        let Some(rule) = before.and_then(|before| before.rules.get(code)) else {
            return Some(new);
        };
        match rule.find(identity) {
            Some(EarlierFinding { age, .. }) => {
                Some(FindingAge { deliveries: age.deliveries + 1, ..*age })
            }
            None => rule.complete.then_some(new),
        }
    }
}

impl EarlierRule {
    /// The finding of that identity.
    pub fn find(&self, identity: i64) -> Option<&EarlierFinding> {
        let at = self.findings.binary_search_by_key(&identity, |finding| finding.identity).ok()?;
        self.findings.get(at)
    }

    /// What became of those that a later delivery does not have. A finding is not mended if its rule was not run then, if
    /// its file could not be read, or if the rule found more than is known.
    pub fn gone(&self, later: LaterRule<'_>, readable: impl Fn(Feed) -> bool) -> GoneFindings {
        let missing = self
            .findings
            .iter()
            .filter(|finding| later.identities.binary_search(&finding.identity).is_err());
        let (mut mended, unsettled): (Vec<EarlierFinding>, Vec<EarlierFinding>) =
            missing.partition(|finding| later.run && later.complete && readable(finding.feed));
        mended.sort_unstable_by_key(|finding| finding.place);
        GoneFindings { mended, unsettled: unsettled.len() as u64 }
    }
}

/// A run keeps this many findings a code at most; of runs whose true numbers are not recorded, a full list may not be
/// all.
pub(super) const FULL: usize = 100_000;
