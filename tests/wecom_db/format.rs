//! A database of an earlier format gets the newest one, and state tables as this version derives them, when it is opened.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use orgsnap::wecom::store::{EventStore, Stored};
use rusqlite::Connection;

use super::{open, received, rows, runtime, state, store_all};

fn member(change: &str, fields: &str) -> Vec<u8> {
    format!(
        "<xml><CreateTime>1403610513</CreateTime><Event>change_contact</Event><ChangeType>{change}</ChangeType>\
         <UserID>u</UserID>{fields}</xml>"
    )
    .into_bytes()
}

/// A database of format 2 with the events of another one, and state as format 2 had it.
fn of_format_2(tenant: &Path, from: &Path) {
    fs::create_dir_all(tenant).unwrap();
    let conn = Connection::open(tenant.join("wecom.db")).unwrap();
    for step in [
        include_str!("../../src/wecom/store/migrations/0001.sql"),
        include_str!("../../src/wecom/store/migrations/0002.sql"),
    ] {
        conn.execute_batch(step).unwrap();
    }
    conn.pragma_update(None, "user_version", 2).unwrap();
    conn.execute("attach ?1 as source", [from.join("wecom.db").display().to_string()]).unwrap();
    conn.execute_batch(
        "insert into callback_event select * from source.callback_event; \
         update callback_event set object_kind = 'member', problem = null where problem = 'other_corp'; \
         insert into member (user_id, changed_at, event_id) values ('u', '2014-06-24T11:48:33Z', 1), \
           ('gone', '2014-06-24T11:48:33Z', 1); \
         insert into tag_member (tag_id, user_id, added_at, changed_at, event_id) \
           values ('1', 'u', '2014-06-24T11:48:33Z', '2014-06-24T11:48:33Z', 4);",
    )
    .unwrap();
}

#[test]
fn a_database_of_an_earlier_format_is_migrated_and_rebuilt_when_it_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let (newest, earlier) = (dir.path().join("newest"), dir.path().join("earlier"));
    let mut bodies = vec![
        member("update_user", "<Name>n</Name>"),
        member("create_user", "<Alias>a</Alias>"),
        member("update_user", "<NewUserID>v</NewUserID>"),
        member("update_user", "<AuthCorpId>wwother</AuthCorpId><Name>of another</Name>"),
    ];
    bodies.push(
        b"<xml><CreateTime>1403610513</CreateTime><Event>change_contact</Event><ChangeType>update_tag</ChangeType>\
          <TagId>1</TagId><AddUserItems>u</AddUserItems></xml>"
            .to_vec(),
    );
    store_all(&newest, &bodies).unwrap();
    of_format_2(&earlier, &newest);
    let conn = open(&earlier);
    let format = || rows(&conn, "select format as f from state_format");
    runtime().block_on(async {
        let store = EventStore::open(&earlier).unwrap();
        // Callbacks are stored meanwhile.
        let last = member("delete_user", "");
        assert_eq!(store.store(received(&last)).await.unwrap(), Stored::New(6));
        let begun = Instant::now();
        while format() != ["f=3"] {
            assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", format());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        store_one(&newest, last).await;
    });
    assert_eq!(state(&conn, false), state(&open(&newest), false));
    assert_eq!(rows(&conn, "select user_id as u from tag_member"), ["u=\"v\""]);
    // Opened again, nothing is left to do.
    let conn = open(&newest);
    assert_eq!(rows(&conn, "select format as f from state_format"), ["f=3"]);
}

async fn store_one(tenant: &Path, body: Vec<u8>) {
    EventStore::open(tenant).unwrap().store(received(&body)).await.unwrap();
}
