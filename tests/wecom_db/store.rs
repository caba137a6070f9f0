//! The event store: each event once, many in one commit, faults reported and recovered from.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use orgsnap::wecom::store::{
    Endpoint, EventQuery, EventReader, EventStore, ReceivedEvent, Stored, WecomStoreError,
};
use rusqlite::Connection;

use super::{open, received, rows, runtime, store_all};

fn body(n: usize) -> Vec<u8> {
    format!(
        "<xml><CreateTime>1403610513</CreateTime><Event>change_contact</Event><ChangeType>create_user</ChangeType>\
         <UserID>u{n}</UserID></xml>"
    )
    .into_bytes()
}

#[test]
fn the_first_event_creates_the_files_readable_by_their_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = dir.path().join("data/t");
    runtime().block_on(async {
        let store = EventStore::open(&tenant).unwrap();
        assert!(!tenant.exists(), "opening makes nothing");
        store.store(received(&body(1))).await.unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&tenant), 0o700);
        for file in ["wecom.db", "wecom.db-wal"] {
            assert_eq!(mode(&tenant.join(file)), 0o600, "{file}");
        }
        assert_eq!(store.path(), tenant.join("wecom.db"));
    });
}

#[test]
fn concurrent_events_are_each_answered_with_their_own_row() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = dir.path().to_path_buf();
    let ids = runtime().block_on(async {
        let store = EventStore::open(&tenant).unwrap();
        let tasks: Vec<_> = (0..2_000)
            .map(|n| {
                let store = store.clone();
                // Every event is delivered twice at the same time.
                tokio::spawn(
                    async move { (n / 2, store.store(received(&body(n / 2))).await.unwrap()) },
                )
            })
            .collect();
        let mut ids = Vec::new();
        for task in tasks {
            ids.push(task.await.unwrap());
        }
        ids
    });
    let conn = open(&tenant);
    let (mut new, mut repeated) = (0, 0);
    for (n, stored) in ids {
        let id = match stored {
            Stored::New(id) => {
                new += 1;
                id
            }
            Stored::Repeated(id) => {
                repeated += 1;
                id
            }
        };
        let user: String = conn
            .query_row("select user_id from callback_event where id = ?1", [id], |row| row.get(0))
            .unwrap();
        assert_eq!(user, format!("u{n}"));
    }
    assert_eq!((new, repeated), (1_000, 1_000));
    assert_eq!(rows(&conn, "select count(*) as n from member"), ["n=1000"]);
}

#[test]
fn an_event_is_identified_by_its_address_and_text() {
    let dir = tempfile::tempdir().unwrap();
    let first = received(&body(1));
    let later = first.received_at + chrono::Duration::seconds(7);
    let cases: [(ReceivedEvent, bool); 5] = [
        (ReceivedEvent { timestamp: Some(1), nonce: "other".to_owned(), ..first.clone() }, true),
        (ReceivedEvent { received_at: later, receive_id: String::new(), ..first.clone() }, true),
        (ReceivedEvent { body: body(2), ..first.clone() }, false),
        (ReceivedEvent { agent_id: "1000008".to_owned(), ..first.clone() }, false),
        (ReceivedEvent { endpoint: Endpoint::External, ..first.clone() }, false),
    ];
    runtime().block_on(async {
        let store = EventStore::open(dir.path()).unwrap();
        assert_eq!(store.store(first).await.unwrap(), Stored::New(1));
        for (at, (event, repeated)) in cases.into_iter().enumerate() {
            let stored = store.store(event).await.unwrap();
            assert_eq!(stored == Stored::Repeated(1), repeated, "case {at}: {stored:?}");
        }
    });
    let query = EventQuery { since: Some(later), limit: 10 };
    let reader = EventReader::open(dir.path()).unwrap();
    // Only the first arrival counts for `since`.
    assert!(reader.events(query).unwrap().is_empty());
    let all = reader.events(EventQuery { since: None, limit: 10 }).unwrap();
    assert_eq!(all.len(), 4);
    assert_eq!(all[3].deliveries, 3);
    assert_eq!(all[3].last_received_at, "2026-11-18T11:06:47.005Z");
}

#[test]
fn newer_and_foreign_files_are_refused_unchanged() {
    let cases = [
        (
            "pragma application_id = 0x6f727765; pragma user_version = 99; create table t (a);",
            "newer",
        ),
        ("create table t (a);", "not a database of callbacks"),
        ("", "not a database of callbacks"),
    ];
    for (sql, words) in cases {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wecom.db");
        if sql.is_empty() {
            fs::write(
                &path,
                "no database at all, but text that is long enough to be looked at as one ......",
            )
            .unwrap();
        } else {
            Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        }
        let before = fs::read(&path).unwrap();
        let error = EventStore::open(dir.path()).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("wecom.db"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
    let dir = tempfile::tempdir().unwrap();
    let error = EventReader::open(dir.path()).unwrap_err();
    assert!(matches!(error, WecomStoreError::NotFound { .. }), "{error}");
}

#[test]
fn events_are_stored_again_after_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = dir.path().join("t");
    fs::write(&tenant, "not a folder").unwrap();
    runtime().block_on(async {
        let store = EventStore::open(&tenant).unwrap();
        let error = store.store(received(&body(1))).await.unwrap_err();
        assert!(matches!(error, WecomStoreError::CannotOpen { .. }), "{error}");
        fs::remove_file(&tenant).unwrap();
        assert_eq!(store.store(received(&body(1))).await.unwrap(), Stored::New(1));

        // A file that was moved away is no longer written: a new one is created at the path.
        let moved = dir.path().join("moved");
        fs::rename(&tenant, &moved).unwrap();
        assert_eq!(store.store(received(&body(2))).await.unwrap(), Stored::New(1));
        assert_eq!(rows(&open(&tenant), "select user_id as u from callback_event"), ["u=\"u2\""]);
        assert_eq!(rows(&open(&moved), "select user_id as u from callback_event"), ["u=\"u1\""]);
    });
}

#[test]
fn a_full_database_rejects_queued_events_and_accepts_them_later() {
    let dir = tempfile::tempdir().unwrap();
    store_all(dir.path(), &[body(1)]).unwrap();
    // A trigger simulates a full disk for every connection; a page limit would apply to one connection only.
    open(dir.path())
        .execute_batch(
            "create trigger full before insert on callback_event when new.user_id <> 'u1' \
             begin select raise(fail, 'full'); end",
        )
        .unwrap();
    runtime().block_on(async {
        let store = EventStore::open(dir.path()).unwrap();
        let tasks: Vec<_> = (2..40)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move {
                    // On a loaded machine the other may hold the file longer than a callback may wait: then WeCom
                    // sends again, as here.
                    loop {
                        match store.store(received(&body(n))).await {
                            Err(WecomStoreError::Locked { .. }) => {}
                            stored => break stored,
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap().is_err());
        }
        assert_eq!(rows(&open(dir.path()), "select count(*) as n from callback_event"), ["n=1"]);
        open(dir.path()).execute_batch("drop trigger full").unwrap();
        for n in 2..40 {
            assert!(matches!(store.store(received(&body(n))).await, Ok(Stored::New(_))));
        }
    });
    assert_eq!(rows(&open(dir.path()), "select count(*) as n from member"), ["n=39"]);
}

#[test]
fn an_event_whose_state_cannot_be_written_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    store_all(dir.path(), &[body(1)]).unwrap();
    open(dir.path())
        .execute_batch(
            "create trigger broken before insert on member when new.user_id = 'u2' \
             begin select raise(abort, 'broken'); end",
        )
        .unwrap();
    store_all(dir.path(), &[body(2), body(3)]).unwrap();
    let conn = open(dir.path());
    assert_eq!(
        rows(&conn, "select user_id as u, problem as p from callback_event order by id"),
        ["u=\"u1\"", "u=\"u2\" p=\"state_failed\"", "u=\"u3\""]
    );
    assert_eq!(rows(&conn, "select user_id as u from member"), ["u=\"u1\"", "u=\"u3\""]);
    conn.execute_batch("drop trigger broken").unwrap();
    let rebuilt = orgsnap::wecom::store::rebuild(dir.path()).unwrap();
    assert_eq!((rebuilt.failed, rebuilt.reread), (0, 1));
    assert_eq!(rows(&conn, "select count(*) as n from member"), ["n=3"]);
}

#[test]
fn two_programs_can_write_the_same_file() {
    let dir = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let stores = [EventStore::open(dir.path()).unwrap(), EventStore::open(dir.path()).unwrap()];
        let tasks: Vec<_> = (0..400)
            .map(|n| {
                let store = stores[n % 2].clone();
                tokio::spawn(async move {
                    // On a loaded machine the other may hold the file longer than a callback may wait: then WeCom
                    // sends again, as here.
                    loop {
                        match store.store(received(&body(n))).await {
                            Err(WecomStoreError::Locked { .. }) => {}
                            stored => break stored,
                        }
                    }
                })
            })
            .collect();
        let tenant = dir.path().to_path_buf();
        let rebuilding = tokio::task::spawn_blocking(move || {
            for _ in 0..5 {
                match orgsnap::wecom::store::rebuild(&tenant) {
                    Ok(_)
                    | Err(WecomStoreError::NotFound { .. } | WecomStoreError::Locked { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        rebuilding.await.unwrap();
    });
    assert_eq!(rows(&open(dir.path()), "select count(*) as n from member"), ["n=400"]);
}

#[test]
fn the_data_dictionary_documents_every_table_and_column() {
    let dir = tempfile::tempdir().unwrap();
    store_all(dir.path(), &[body(1)]).unwrap();
    let conn = open(dir.path());
    let existing = rows(
        &conn,
        "select s.name as t, '' as c from sqlite_schema s where s.type in ('table', 'view') and s.name not like 'sqlite%' \
         union select s.name, i.name from sqlite_schema s, pragma_table_info(s.name) i \
         where s.type in ('table', 'view') and s.name not like 'sqlite%' order by 1, 2",
    );
    let documented =
        rows(&conn, "select table_name as t, column_name as c from data_dictionary order by 1, 2");
    assert_eq!(documented, existing);
    assert!(
        rows(
            &conn,
            "select 1 from data_dictionary where '' in (title_zh, title_en, meaning_zh, meaning_en)"
        )
        .is_empty()
    );
}
