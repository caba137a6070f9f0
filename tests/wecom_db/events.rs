//! The documented sample events, a file each: how they are parsed, and the state derived from them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use orgsnap::wecom::store::{EventStore, ReceivedEvent, Stored, rebuild};

use super::{open, received, rows, state, store_all};

fn samples() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wecom/events");
    let mut files: Vec<PathBuf> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn documented_events_are_read_and_applied() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = dir.path().join("t");
    let files = samples();
    let bodies: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let stored = store_all(&tenant, &bodies).unwrap();
    let expected: Vec<Stored> = (1..=files.len()).map(|id| Stored::New(id as i64)).collect();
    assert_eq!(stored, expected);

    let conn = open(&tenant);
    let parsed = rows(
        &conn,
        "select occurred_at, msg_type, event, change_type, object_kind, object_id, user_id, new_user_id, from_user, \
         create_time, suite_id, auth_corp_id, problem from callback_event order by id",
    );
    let mut text = String::new();
    for (file, line) in files.iter().zip(&parsed) {
        writeln!(text, "{}\n  {line}", file.file_name().unwrap().to_str().unwrap()).unwrap();
    }
    insta::assert_snapshot!("documented_events", text);
    insta::assert_snapshot!("documented_events_state", state(&conn, false));

    // The bodies are stored byte for byte.
    let mut statement = conn.prepare("select body from callback_event order by id").unwrap();
    let kept: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(kept.iter().map(|body| body.as_bytes().to_vec()).collect::<Vec<_>>(), bodies);

    // Delivering the same events again changes only the count.
    let before = state(&conn, false);
    let again = store_all(&tenant, &bodies).unwrap();
    let expected: Vec<Stored> = (1..=files.len()).map(|id| Stored::Repeated(id as i64)).collect();
    assert_eq!(again, expected);
    assert_eq!(state(&conn, false), before);
    assert_eq!(
        rows(&conn, "select min(deliveries) as a, max(deliveries) as b from callback_event"),
        ["a=2 b=2"]
    );

    // The same events for another application are stored and change no state, in any order.
    super::runtime().block_on(async {
        let store = EventStore::open(&tenant).unwrap();
        for body in bodies.iter().rev() {
            let agent_id = "1000008".to_owned();
            let event = ReceivedEvent { agent_id, ..received(body) };
            assert!(matches!(store.store(event).await.unwrap(), Stored::New(_)));
        }
    });
    assert_eq!(state(&conn, false), before);

    // A rebuild restores damaged state tables from the events.
    conn.execute_batch(
        "update member set name = 'x'; delete from department; delete from external_contact; \
         insert into tag (tag_id, changed_at, event_id) values ('99', '2026-01-01T00:00:00Z', 1); \
         insert into tag_member (tag_id, user_id, added_at, removed_at, changed_at, event_id) \
         values ('99', 'x', null, null, '2026-01-01T00:00:00Z', 1); \
         update callback_event set change_type = null, object_kind = null, object_id = null where id in (3, 8);",
    )
    .unwrap();
    let rebuilt = rebuild(&tenant).unwrap();
    assert_eq!(state(&conn, false), before);
    assert_eq!((rebuilt.events, rebuilt.reread, rebuilt.removed), (2 * files.len() as u64, 2, 2));
    assert_eq!(rebuilt.failed, 0);
}

#[test]
fn every_documented_change_type_has_a_sample() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = dir.path().join("t");
    let bodies: Vec<Vec<u8>> = samples().iter().map(|file| fs::read(file).unwrap()).collect();
    store_all(&tenant, &bodies).unwrap();
    let found = rows(
        &open(&tenant),
        "select distinct event || coalesce('/' || change_type, '') as e from callback_event where event is not null",
    );
    let documented = [
        "change_contact/create_user",
        "change_contact/update_user",
        "change_contact/delete_user",
        "change_contact/create_party",
        "change_contact/update_party",
        "change_contact/delete_party",
        "change_contact/update_tag",
        "batch_job_result",
        "change_external_contact/add_external_contact",
        "change_external_contact/edit_external_contact",
        "change_external_contact/add_half_external_contact",
        "change_external_contact/del_external_contact",
        "change_external_contact/del_follow_user",
        "change_external_contact/transfer_fail",
        "change_external_contact/msg_audit_approved",
        "change_external_chat/create",
        "change_external_chat/update",
        "change_external_chat/dismiss",
        "change_external_tag/create",
        "change_external_tag/update",
        "change_external_tag/delete",
        "change_external_tag/shuffle",
        "customer_acquisition/balance_low",
        "customer_acquisition/balance_exhausted",
        "customer_acquisition/link_unavailable",
        "customer_acquisition/customer_start_chat",
        "customer_acquisition/delete_link",
        "customer_acquisition/friend_request",
        "customer_acquisition/open_profile",
        "msgaudit_notify",
    ];
    for event in documented {
        assert!(found.contains(&format!("e={event:?}")), "no sample of {event}");
    }
}

#[test]
fn unreadable_text_is_kept_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = dir.path().join("t");
    let cases: [(&[u8], &str); 5] = [
        (b"\xff\xfe<xml/>", "not_utf8"),
        (b"", "not_readable"),
        (b"<xml><Event>x</Event>", "not_readable"),
        (b"<xml><Event>&custom;</Event></xml>", "doctype"),
        (
            b"<xml><Event>change_external_contact</Event><ChangeType>del_follow_user</ChangeType>\
              <ExternalUserID>a</ExternalUserID></xml>",
            "missing_id",
        ),
    ];
    let bodies: Vec<Vec<u8>> = cases.iter().map(|(body, _)| body.to_vec()).collect();
    store_all(&tenant, &bodies).unwrap();
    let conn = open(&tenant);
    let mut statement =
        conn.prepare("select cast(body as blob), problem from callback_event order by id").unwrap();
    let kept: Vec<(Vec<u8>, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for ((body, problem), (kept, found)) in cases.iter().zip(&kept) {
        assert_eq!((*body, *problem), (kept.as_slice(), found.as_str()));
    }
    let types = rows(&conn, "select typeof(body) as t from callback_event order by id limit 2");
    assert_eq!(types, ["t=\"blob\"", "t=\"text\""]);
}
