//! Which events are alerted: the changes between one condition and the next.
//!
//! Pure. A condition is alerted once: not again at the next poll, nor when the same delivery is refused for the
//! same reasons. On the next business date it is. The first publication after it ends it, together with those of
//! earlier dates, and that is alerted again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use xxhash_rust::xxh3::xxh3_64;

use super::{AlertKind, EventKind, RunEvent};

/// The conditions of a tenant that were alerted and are not over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenConditions {
    /// By business date; no set is empty.
    pub dates: BTreeMap<NaiveDate, BTreeSet<OpenCondition>>,
    /// What was wrong with the job file when it was last alerted.
    pub job_file: Option<String>,
    /// The day for which it was last alerted that members of WeCom could not be compared with the roster.
    pub members: Option<String>,
    /// Why messages of the session archive could not be pulled or decrypted when it was last alerted.
    pub session_archive: Option<String>,
    /// That it was alerted that the library could not decrypt messages of the session archive.
    pub undecrypted: Option<String>,
}

/// A condition as it was alerted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenCondition {
    /// Refused, failed or late.
    pub kind: AlertKind,
    /// Distinguishes conditions of one kind that are each worth an alert.
    pub why: String,
}

/// An alert to be raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertDecision {
    /// Of what kind.
    pub kind: AlertKind,
    /// Distinguishes it from other alerts of the kind and date.
    pub why: String,
    /// The conditions that are over, by business date; only if recovered.
    pub ended: Vec<(NaiveDate, AlertKind)>,
}

/// Number of dates with open conditions that are kept: an insurer that never delivers must not fill the ledger.
const MAX_DATES: usize = 60;

/// Decides whether an event is alerted. `conditions` becomes what is not over after it.
pub fn decide(conditions: &mut OpenConditions, event: &RunEvent) -> Option<AlertDecision> {
    let date = event.business_date;
    match &event.what {
        EventKind::Published(_) => {
            let ended = end(conditions, date);
            let recovered = |ended| AlertDecision {
                kind: AlertKind::Recovered,
                why: "published".into(),
                ended,
            };
            (!ended.is_empty()).then(|| recovered(ended))
        }
        EventKind::Refused(facts) => {
            let reasons: Vec<&str> = facts.reasons.iter().map(|r| r.message.en.as_ref()).collect();
            open_condition(conditions, date, AlertKind::Refused, text_hash(&reasons.join("\n")))
        }
        EventKind::Failed { cause, .. } => {
            open_condition(conditions, date, AlertKind::Failed, cause.name().to_owned())
        }
        EventKind::Late { .. } => {
            open_condition(conditions, date, AlertKind::Late, "late".to_owned())
        }
        EventKind::JobFileBroken { message } => {
            let why = text_hash(&message.en);
            let new = conditions.job_file.as_ref() != Some(&why);
            conditions.job_file = Some(why.clone());
            new.then(|| AlertDecision { kind: AlertKind::Failed, why, ended: Vec::new() })
        }
        EventKind::JobFileRead => {
            let why = conditions.job_file.take()?;
            Some(AlertDecision { kind: AlertKind::Recovered, why, ended: Vec::new() })
        }
        // Once a day, whatever the reasons: they change with every attempt at a service that is out of order.
        EventKind::MembersUnchecked { .. } => {
            let why = date.to_string();
            let new = conditions.members.as_ref() != Some(&why);
            conditions.members = Some(why.clone());
            new.then(|| AlertDecision { kind: AlertKind::Failed, why, ended: Vec::new() })
        }
        EventKind::MembersChecked => {
            let why = conditions.members.take()?;
            Some(AlertDecision { kind: AlertKind::Recovered, why, ended: Vec::new() })
        }
        EventKind::ArchiveFailing { condition, .. } => {
            let why = text_hash(condition);
            let new = conditions.session_archive.as_ref() != Some(&why);
            conditions.session_archive = Some(why.clone());
            new.then(|| AlertDecision { kind: AlertKind::Failed, why, ended: Vec::new() })
        }
        EventKind::ArchivePulled => {
            let why = conditions.session_archive.take()?;
            Some(AlertDecision { kind: AlertKind::Recovered, why, ended: Vec::new() })
        }
        // However many more follow: their number is in the summary of each pull.
        EventKind::ArchiveUndecrypted { .. } => {
            let why = "undecrypted".to_owned();
            let new = conditions.undecrypted.replace(why.clone()).is_none();
            new.then(|| AlertDecision { kind: AlertKind::Failed, why, ended: Vec::new() })
        }
        EventKind::ArchiveDecrypted => {
            let why = conditions.undecrypted.take()?;
            Some(AlertDecision { kind: AlertKind::Recovered, why, ended: Vec::new() })
        }
        // What is lost does not come back: there is no recovery.
        EventKind::ArchiveGap { message } => {
            let why = text_hash(&message.en);
            Some(AlertDecision { kind: AlertKind::Failed, why, ended: Vec::new() })
        }
        // Whoever reports it keeps count of what is new.
        EventKind::MembersDiffer { differences } => {
            let lines: Vec<&str> = differences.iter().map(|line| line.en.as_ref()).collect();
            let why = text_hash(&lines.join("\n"));
            Some(AlertDecision { kind: AlertKind::Members, why, ended: Vec::new() })
        }
    }
}

/// Closes the conditions up to a date.
fn end(conditions: &mut OpenConditions, date: NaiveDate) -> Vec<(NaiveDate, AlertKind)> {
    let mut ended = Vec::new();
    conditions.dates.retain(|of, recorded| {
        if *of <= date {
            let kinds: BTreeSet<AlertKind> =
                recorded.iter().map(|condition| condition.kind).collect();
            ended.extend(kinds.into_iter().map(|kind| (*of, kind)));
        }
        *of > date
    });
    ended
}

fn open_condition(
    conditions: &mut OpenConditions,
    date: NaiveDate,
    kind: AlertKind,
    why: String,
) -> Option<AlertDecision> {
    let condition = OpenCondition { kind, why: why.clone() };
    let new = conditions.dates.entry(date).or_default().insert(condition);
    while conditions.dates.len() > MAX_DATES {
        conditions.dates.pop_first();
    }
    new.then(|| AlertDecision { kind, why, ended: Vec::new() })
}

/// The hash of a text, which may be long.
fn text_hash(text: &str) -> String {
    format!("{:016x}", xxh3_64(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::{Cause, RunFacts};
    use super::*;
    use crate::model::{GateReason, Message, RunId};

    fn facts(reasons: &[&'static str]) -> RunFacts {
        let reason = |text: &&'static str| GateReason {
            limit: "quarantined",
            message: Message::fixed(text, text),
        };
        RunFacts {
            run: RunId("r".into()),
            reasons: reasons.iter().map(reason).collect(),
            causes: Vec::new(),
            all_causes: 0,
            findings: Vec::new(),
            rows: 0,
            quarantined: 0,
            snapshot_date: None,
            report: None,
        }
    }

    fn published() -> EventKind {
        EventKind::Published(facts(&[]))
    }

    fn refused(reason: &'static str) -> EventKind {
        EventKind::Refused(facts(&[reason]))
    }

    fn failed(cause: Cause) -> EventKind {
        EventKind::Failed { cause, message: Message::fixed("x", "x"), run: None }
    }

    fn late() -> EventKind {
        let since = "2024-11-23T02:30:00Z".parse().unwrap();
        EventKind::Late { since, until: None, message: Message::fixed("x", "x") }
    }

    fn broken(text: &'static str) -> EventKind {
        EventKind::JobFileBroken { message: Message::fixed(text, text) }
    }

    fn unchecked(text: &'static str) -> EventKind {
        EventKind::MembersUnchecked { message: Message::fixed(text, text) }
    }

    fn archive_failing(condition: &str) -> EventKind {
        let message = Message::fixed("x", "x");
        EventKind::ArchiveFailing { condition: condition.to_owned(), message }
    }

    fn undecrypted(text: &'static str) -> EventKind {
        EventKind::ArchiveUndecrypted { message: Message::fixed(text, text) }
    }

    fn differ() -> EventKind {
        EventKind::MembersDiffer { differences: vec![Message::fixed("x", "x")] }
    }

    #[test]
    fn an_open_condition_is_alerted_once_and_its_recovery_once() {
        use AlertKind::{Failed, Late, Members, Recovered, Refused};
        // Each line: the day of the delivery, what happens, what is alerted.
        let histories: Vec<Vec<(u32, EventKind, Option<AlertKind>)>> = vec![
            vec![(1, published(), None), (2, published(), None), (2, published(), None)],
            vec![
                (1, late(), Some(Late)),
                (1, late(), None),
                (1, published(), Some(Recovered)),
                (1, published(), None),
                (2, late(), Some(Late)),
            ],
            vec![
                (1, refused("a"), Some(Refused)),
                (1, refused("a"), None),
                (1, refused("b"), Some(Refused)),
                (1, refused("a"), None),
                (1, refused("b"), None),
                (2, refused("a"), Some(Refused)),
                (2, published(), Some(Recovered)),
                (3, published(), None),
                (3, refused("a"), Some(Refused)),
            ],
            vec![
                (1, failed(Cause::Source), Some(Failed)),
                (1, failed(Cause::Source), None),
                (1, failed(Cause::Internal), Some(Failed)),
                (1, failed(Cause::Source), None),
                (1, late(), Some(Late)),
                (1, refused("a"), Some(Refused)),
                (1, published(), Some(Recovered)),
            ],
            // A date that is imported later closes no condition of a newer one.
            vec![
                (2, refused("a"), Some(Refused)),
                (1, published(), None),
                (2, refused("a"), None),
                (3, published(), Some(Recovered)),
                (2, published(), None),
            ],
            vec![
                (1, EventKind::JobFileRead, None),
                (1, broken("a"), Some(Failed)),
                (1, broken("a"), None),
                (2, broken("a"), None),
                (2, published(), None),
                (2, broken("b"), Some(Failed)),
                (2, EventKind::JobFileRead, Some(Recovered)),
                (2, EventKind::JobFileRead, None),
                (3, broken("b"), Some(Failed)),
            ],
            // A publication says nothing of members, and a failure is told once a day.
            vec![
                (1, EventKind::MembersChecked, None),
                (1, unchecked("a"), Some(Failed)),
                (1, unchecked("a"), None),
                (1, unchecked("b"), None),
                (2, unchecked("a"), Some(Failed)),
                (2, published(), None),
                (2, differ(), Some(Members)),
                (2, EventKind::MembersChecked, Some(Recovered)),
                (2, EventKind::MembersChecked, None),
                (3, differ(), Some(Members)),
            ],
            // A gap of the session archive is no condition that ends.
            vec![
                (1, EventKind::ArchivePulled, None),
                (1, archive_failing("a"), Some(Failed)),
                (2, archive_failing("a"), None),
                (2, archive_failing("b"), Some(Failed)),
                (2, published(), None),
                (2, EventKind::MembersChecked, None),
                (3, EventKind::ArchiveGap { message: Message::fixed("x", "x") }, Some(Failed)),
                (3, EventKind::ArchivePulled, Some(Recovered)),
                (3, EventKind::ArchivePulled, None),
            ],
            // Messages that the library cannot decrypt are a condition beside it.
            vec![
                (1, EventKind::ArchiveDecrypted, None),
                (1, undecrypted("1 message"), Some(Failed)),
                (1, undecrypted("2 messages"), None),
                (2, archive_failing("a"), Some(Failed)),
                (2, EventKind::ArchivePulled, Some(Recovered)),
                (2, undecrypted("2 messages"), None),
                (3, EventKind::ArchiveDecrypted, Some(Recovered)),
                (3, EventKind::ArchiveDecrypted, None),
            ],
        ];
        for history in histories {
            let mut conditions = OpenConditions::default();
            for (at, (day, what, expected)) in history.into_iter().enumerate() {
                let event = RunEvent {
                    tenant: "t".into(),
                    insurer: None,
                    business_date: NaiveDate::from_ymd_opt(2024, 11, day).unwrap(),
                    what,
                };
                let decision = decide(&mut conditions, &event);
                assert_eq!(decision.map(|decision| decision.kind), expected, "{at}: {event:?}");
            }
        }
    }

    #[test]
    fn a_recovery_lists_the_conditions_it_ends_and_open_conditions_are_bounded() {
        let mut conditions = OpenConditions::default();
        let first = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
        let mut event =
            RunEvent { tenant: "t".into(), insurer: None, business_date: first, what: late() };
        for day in first.iter_days().take(400) {
            event.business_date = day;
            decide(&mut conditions, &event);
        }
        assert_eq!(conditions.dates.len(), MAX_DATES);
        event.what = published();
        let decision = decide(&mut conditions, &event).unwrap();
        assert_eq!(decision.ended.len(), MAX_DATES);
        assert_eq!(decision.ended.last(), Some(&(event.business_date, AlertKind::Late)));
        assert_eq!(conditions, OpenConditions::default());
    }
}
