//! A database of an earlier format becomes one of the newest.

use std::cell::RefCell;
use std::os::unix::fs::PermissionsExt as _;

use rusqlite::Connection;

use super::fixture::*;
use super::importing::*;
use crate::model::{Feed, MigrationStep};
use crate::store::{Migration, Store};

/// What a database holds besides the trees with names, which the forests of these tests do not have.
fn held(conn: &Connection) -> Vec<String> {
    let mut held = content(conn);
    held.retain(|line| !line.starts_with("organ_tree"));
    for table in ["agent_event", "node_event", "headcount"] {
        held.extend(rows(conn, &format!("select '{table}', * from {table} order by 2, 3, 4, 5")));
    }
    held
}

/// A database of format 6 with a history, and what it held before.
fn former(database: &TestDatabase) -> Vec<String> {
    let mut store = database.open();
    import(&mut store, 1, &delivery("A1|a|1||A2|86\nA2|b|1\n!A9|x"));
    import(&mut store, 2, &delivery("A1|c|1||A2|86\nA3|d|2"));
    import(&mut store, 3, &delivery("!A1|x\nA3|e|1"));
    let before = held(store.conn());
    to_format_6(store.conn());
    before
}

fn keys(conn: &Connection, table: &str) -> Vec<String> {
    let sql = format!("select name from pragma_table_info('{table}') where pk > 0 order by pk");
    rows(conn, &sql)
}

#[test]
fn a_migrated_database_holds_what_it_held_and_equals_a_new_one() {
    let database = TestDatabase::new();
    let before = former(&database);
    let told = RefCell::new(Vec::new());
    let note = |step| told.borrow_mut().push(step);
    let migration = Migration { backup: true, told: &note };
    let mut store = Store::open_by(&database.db(), &schema(), migration).unwrap();
    assert_eq!(held(store.conn()), before);
    assert_eq!(
        rows(store.conn(), "select path_name from organ_tree where id = '860101'"),
        ["总公司/北京/海淀"]
    );
    assert_eq!(told.borrow().last(), Some(&MigrationStep::Derived));
    assert!(told.borrow().contains(&MigrationStep::History(Feed::Agent)));

    let new = TestDatabase::new();
    let mut fresh = new.open();
    import(&mut fresh, 1, &delivery("A1|a|1"));
    let objects = "select type, name, tbl_name, sql from sqlite_schema order by 1, 2";
    assert_eq!(rows(store.conn(), objects), rows(fresh.conn(), objects));
    assert_eq!(keys(store.conn(), "agent_history"), ["id", "valid_from"]);
    assert_eq!(rows(store.conn(), "pragma integrity_check"), ["ok"]);
    // It goes on as ever.
    import(&mut store, 4, &delivery("A1|c|1||A2|86"));
    assert_eq!(rows(store.conn(), "select valid_from from agent where id = 'A1'"), ["2026-11-02"]);
}

#[test]
fn the_copy_of_the_former_database_is_private_and_whole_and_can_be_left_out() {
    let database = TestDatabase::new();
    former(&database);
    let copy = database.folder.path().join("org-format6.db");
    // What an interrupted migration has left.
    std::fs::write(copy.with_extension("db.part"), "half").unwrap();
    drop(database.open());
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let conn = Connection::open(&copy).unwrap();
    assert_eq!(rows(&conn, "pragma user_version"), ["6"]);
    assert_eq!(rows(&conn, "select id, agent_name from agent order by id"), ["A1|c", "A3|e"]);
    assert!(!copy.with_extension("db.part").exists());
    drop(conn);

    std::fs::remove_file(&copy).unwrap();
    to_format_6(database.open().conn());
    let migration = Migration { backup: false, ..Migration::default() };
    drop(Store::open_by(&database.db(), &schema(), migration).unwrap());
    assert!(!copy.exists());
}

#[test]
fn columns_of_an_earlier_schema_and_views_that_people_have_made_survive_a_migration() {
    let database = TestDatabase::new();
    former(&database);
    let conn = Connection::open(database.db()).unwrap();
    conn.execute_batch(
        "alter table agent add column phone integer; alter table agent_history add column phone integer; \
         drop view agent_version; create view agent_version as select id from agent; \
         update agent set phone = 7; create view mine as select id, phone from agent",
    )
    .unwrap();
    drop(conn);
    let store = database.open();
    assert_eq!(rows(store.conn(), "select id, phone from mine order by id"), ["A1|7", "A3|7"]);
    assert_eq!(
        rows(
            store.conn(),
            "select type from pragma_table_info('agent_history') where name = 'phone'"
        ),
        ["INTEGER"]
    );
    assert_eq!(rows(store.conn(), "select count(phone) from agent_version"), ["2"]);
}
