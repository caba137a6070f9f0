//! `roster_check`: one row a difference, with its first and last day.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{Days, NaiveDate};
use orgsnap::model::Feed;
use orgsnap::wecom::roster::{
    Changed, Check, Difference, DifferenceKind, RosterStore, Scope, StoredDifference,
};
use orgsnap::wecom::store::WecomStoreError;
use proptest::prelude::*;

fn day(n: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 1).unwrap() + Days::new(n)
}

fn unknown(user_id: &str) -> Difference {
    Difference {
        kind: DifferenceKind::UnknownMember,
        subject: user_id.to_owned(),
        user_id: Some(user_id.to_owned()),
        person: None,
    }
}

fn check(folder: &Path, day: NaiveDate, found: &BTreeSet<String>) -> Changed {
    let mut store = RosterStore::open(folder).unwrap();
    let mut collected = store.collect().unwrap();
    for user_id in found {
        collected.add(&unknown(user_id)).unwrap();
    }
    collected.finish().unwrap();
    let started_at = day.and_hms_opt(6, 0, 0).unwrap().and_utc();
    let scope = Scope { members: 10, departments: 1, ..Scope::default() };
    let check = Check { day, started_at, snapshot_date: day, scope, accepted_smaller: false };
    store.commit(&check).unwrap()
}

/// Subject, first and last day.
fn rows(folder: &Path) -> Vec<(String, String, Option<String>)> {
    let store = RosterStore::open_existing(folder).unwrap().unwrap();
    let mut rows = Vec::new();
    let tell = |row: StoredDifference| {
        rows.push((row.difference.subject, row.first_day, row.last_day));
        Ok::<(), WecomStoreError>(())
    };
    store.differences(true, tell).unwrap();
    rows
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn differences_open_close_with_their_last_day_and_open_anew() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    assert_eq!(RosterStore::open_existing(folder).unwrap().map(|_| ()), None);
    let text = |n: u64| day(n).to_string();
    let first = check(folder, day(0), &set(&["a", "b"]));
    assert_eq!(first, Changed { opened: 2, closed: 0, open: 2 });
    let third = check(folder, day(2), &set(&["b", "c"]));
    assert_eq!(third, Changed { opened: 1, closed: 1, open: 2 });
    // No check of the second day: the last that found `a` is that of the first.
    let expected = vec![
        ("a".to_owned(), text(0), Some(text(0))),
        ("b".to_owned(), text(0), None),
        ("c".to_owned(), text(2), None),
    ];
    assert_eq!(rows(folder), expected);
    for _ in 0..3 {
        let again = check(folder, day(2), &set(&["b", "c"]));
        assert_eq!(again, Changed { opened: 0, closed: 0, open: 2 });
        assert_eq!(rows(folder), expected, "a repeated check of the day changes nothing");
    }
    check(folder, day(3), &set(&["a", "b"]));
    assert_eq!(
        rows(folder),
        [
            ("a".to_owned(), text(0), Some(text(0))),
            ("a".to_owned(), text(3), None),
            ("b".to_owned(), text(0), None),
            ("c".to_owned(), text(2), Some(text(2))),
        ]
    );
}

#[test]
fn a_difference_that_comes_back_on_the_same_day_never_ended() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    check(folder, day(0), &set(&["a"]));
    check(folder, day(1), &set(&["a"]));
    check(folder, day(1), &set(&[]));
    assert_eq!(rows(folder), [("a".to_owned(), day(0).to_string(), Some(day(1).to_string()))]);
    check(folder, day(1), &set(&["a"]));
    assert_eq!(rows(folder), [("a".to_owned(), day(0).to_string(), None)]);
    // A clock that was set back ends nothing before it began.
    check(folder, day(0), &set(&[]));
    assert_eq!(rows(folder), [("a".to_owned(), day(0).to_string(), Some(day(1).to_string()))]);
}

#[test]
fn people_are_alerted_of_a_difference_once() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    check(folder, day(0), &set(&["a", "b"]));
    let kinds = || {
        let store = RosterStore::open(folder).unwrap();
        let unalerted = store.unalerted().unwrap();
        if let Some(unalerted) = &unalerted {
            store.mark_alerted(unalerted).unwrap();
        }
        unalerted.map(|unalerted| unalerted.kinds)
    };
    let named = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let kind = DifferenceKind::UnknownMember;
    assert_eq!(kinds(), Some(vec![(kind, 2, named(&["a", "b"]))]));
    assert_eq!(kinds(), None);
    check(folder, day(1), &set(&["a", "b", "c"]));
    assert_eq!(kinds(), Some(vec![(kind, 1, named(&["c"]))]));
    // What is over is told no more; found again on its last day it never ended, and is told then.
    check(folder, day(2), &set(&["c", "d", "e"]));
    check(folder, day(2), &set(&["c", "e"]));
    assert_eq!(kinds(), Some(vec![(kind, 1, named(&["e"]))]));
    check(folder, day(2), &set(&["c", "d", "e"]));
    assert_eq!(kinds(), Some(vec![(kind, 1, named(&["d"]))]));
    check(folder, day(3), &set(&[]));
    assert_eq!(kinds(), None);
}

#[test]
fn a_database_of_the_format_before_office_staff_keeps_its_differences() {
    let dir = tempfile::tempdir().unwrap();
    let db = rusqlite::Connection::open(dir.path().join("wecom.db")).unwrap();
    for step in [
        include_str!("../../src/wecom/store/migrations/0001.sql"),
        include_str!("../../src/wecom/store/migrations/0002.sql"),
        include_str!("../../src/wecom/store/migrations/0003.sql"),
        include_str!("../../src/wecom/store/migrations/0004.sql"),
    ] {
        db.execute_batch(step).unwrap();
    }
    db.execute_batch(
        "insert into roster_check (kind, subject, user_id, agent_id, agent_name, first_day) values \
           ('departed_still_member', 'a', 'A', '1', 'n', '2026-11-01'); \
         insert into roster_check (kind, subject, user_id, first_day) values \
           ('unknown_member', 'b', 'b', '2026-11-01');",
    )
    .unwrap();
    db.pragma_update(None, "user_version", 4).unwrap();
    drop(db);
    let store = RosterStore::open_existing(dir.path()).unwrap().unwrap();
    let mut people = Vec::new();
    let tell = |row: StoredDifference| {
        people.push(row.difference.person.map(|person| (person.feed, person.id, person.name)));
        Ok::<(), WecomStoreError>(())
    };
    store.differences(false, tell).unwrap();
    assert_eq!(people, [Some((Feed::Agent, "1".to_owned(), Some("n".to_owned()))), None]);
}

/// The days of a difference, from the sets that each check found.
fn expected(checks: &[(u64, BTreeSet<String>)]) -> Vec<(String, String, Option<String>)> {
    // What the last check of each day found is what counts.
    let mut days: Vec<(u64, &BTreeSet<String>, BTreeSet<&str>)> = Vec::new();
    for (n, found) in checks {
        match days.last_mut().filter(|(last, ..)| last == n) {
            Some((_, final_set, seen)) => {
                *final_set = found;
                seen.extend(found.iter().map(String::as_str));
            }
            None => days.push((*n, found, found.iter().map(String::as_str).collect())),
        }
    }
    let ids: BTreeSet<&str> = checks.iter().flat_map(|(_, f)| f).map(String::as_str).collect();
    let mut rows = Vec::new();
    for id in ids {
        let mut open: Option<(u64, u64)> = None;
        for (n, found, seen) in &days {
            if seen.contains(id) {
                let first = open.map_or(*n, |(first, _)| first);
                open = Some((first, *n));
            }
            if !found.contains(id)
                && let Some((first, last)) = open.take()
            {
                rows.push((id.to_owned(), day(first).to_string(), Some(day(last).to_string())));
            }
        }
        if let Some((first, _)) = open {
            rows.push((id.to_owned(), day(first).to_string(), None));
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn first_and_last_days_follow_from_what_each_check_found(
        steps in proptest::collection::vec((0..2_u64, proptest::collection::btree_set("[abc]", 0..4)), 1..7)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut checks = Vec::new();
        let mut now = 0;
        for (later, found) in steps {
            now += later;
            check(dir.path(), day(now), &found);
            checks.push((now, found));
        }
        // `opened` of a day's first check and `last_day` of an earlier check of the day agree with the last one.
        prop_assert_eq!(rows(dir.path()), expected(&checks));
    }
}
