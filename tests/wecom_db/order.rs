//! The state depends neither on the order in which events come nor on repeated deliveries, and it equals a naive model
//! that sorts all events by second and meaning and applies them one after the other.

use orgsnap::wecom::store::rebuild;
use proptest::prelude::*;

use super::naive::{Naive, TestEvent};
use super::{open, rows, state, store_all};

fn test_events() -> impl Strategy<Value = Vec<TestEvent>> {
    let one = (0..7u8, 0..4u64, 0..9u8, 0..4u8, 0..4u8).prop_map(
        |(object, second, action, subject, value)| TestEvent {
            object: object.saturating_sub(1),
            second,
            action,
            subject,
            value,
            serial: 0,
        },
    );
    proptest::collection::vec(one, 1..24).prop_map(|mut events| {
        for (serial, event) in events.iter_mut().enumerate() {
            event.serial = serial;
        }
        events
    })
}

/// The events in any order of arrival, some of them again later.
fn arrivals() -> impl Strategy<Value = (Vec<TestEvent>, Vec<TestEvent>)> {
    test_events().prop_flat_map(|events| {
        let repeated = proptest::sample::subsequence(events.clone(), 0..=events.len());
        (Just(events.clone()), repeated).prop_flat_map(|(events, repeated)| {
            let all: Vec<TestEvent> = events.iter().chain(&repeated).cloned().collect();
            (Just(events), Just(all).prop_shuffle())
        })
    })
}

/// A query whose only column is the row as text, with `-` for null.
fn lines(table: &str, columns: &[&str]) -> String {
    let columns: Vec<String> =
        columns.iter().map(|column| format!("coalesce({column}, '-')")).collect();
    format!("select {} as r from {table} order by 1", columns.join(" || ' ' || "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn state_is_independent_of_the_order_of_arrival((events, shuffled) in arrivals()) {
        let naive = Naive::of(&events);
        let mut states = Vec::new();
        for arrived in [&events, &shuffled] {
            let dir = tempfile::tempdir().unwrap();
            let bodies: Vec<Vec<u8>> = arrived.iter().map(TestEvent::body).collect();
            store_all(dir.path(), &bodies).unwrap();
            let conn = open(dir.path());
            let own = state(&conn, false);
            states.push(state(&conn, true));
            for (table, columns, expected) in [
                (
                    "member",
                    &["user_id", "name", "alias", "created_at", "deleted_at", "renamed_to"][..],
                    naive.members(),
                ),
                (
                    "member_department",
                    &["user_id", "department_id", "is_leader"],
                    naive.member_departments(),
                ),
                ("department", &["name", "parent_id", "created_at", "deleted_at"], naive.department()),
                ("tag_member", &["user_id", "removed_at"], naive.tagged()),
                (
                    "external_contact",
                    &["user_id", "status", "state", "created_at", "deleted_at"],
                    naive.contacts(),
                ),
                ("customer_group", &["created_at", "deleted_at"], naive.group()),
                ("customer_group_member", &["member_id", "joined_at", "left_at"], naive.group_members()),
            ] {
                let found: Vec<String> = rows(&conn, &lines(table, columns))
                    .iter()
                    .map(|line| line.trim_start_matches("r=").trim_matches('"').to_owned())
                    .collect();
                prop_assert_eq!(found, expected, "{}", table);
            }
            // A rebuild from the whole history gives the same state as event by event.
            let rebuilt = rebuild(dir.path()).unwrap();
            prop_assert_eq!(state(&conn, false), own);
            prop_assert_eq!((rebuilt.removed, rebuilt.failed), (0, 0));
        }
        prop_assert_eq!(&states[0], &states[1]);
    }
}
