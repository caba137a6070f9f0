//! A delivery that the archive does not take. It is read while it is archived, and must not be published without.

use std::fs;

use rusqlite::Connection;

use super::{Defects, Workspace};

#[test]
fn a_delivery_that_cannot_be_archived_is_not_published_and_its_run_is_recorded_as_failed() {
    let workspace = Workspace::new();
    workspace.deliver(22, 500, Defects::None);
    workspace.deliver(23, 500, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    // A file stands where the folder of the date belongs.
    let in_the_way = workspace.path("data/t/archive/2024-11-23");
    fs::write(&in_the_way, "").unwrap();
    let refused = workspace.import(23);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("archive/2024-11-23"), "{refused:?}");
    let db = Connection::open(workspace.database()).unwrap();
    let list = |sql: &str| -> Vec<String> {
        let mut statement = db.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(list("select business_date from snapshot"), ["2024-11-22"]);
    assert_eq!(
        list("select business_date || ' ' || verdict from run order by 1"),
        ["2024-11-22 published", "2024-11-23 failed"]
    );
    fs::remove_file(in_the_way).unwrap();
    assert_eq!(workspace.import(23).code, Some(0));
    assert_eq!(list("select business_date from snapshot order by 1"), ["2024-11-22", "2024-11-23"]);
}
