//! The copy of the rows that a publication leaves beside the database. That it equals the tables is held against every import of
//! all tests here.

use std::fs;
use std::path::PathBuf;

use super::fixture::*;
use super::importing::*;
use crate::model::Feed;
use crate::store::sqlite::current_rows_copy;

fn copy_of(database: &TestDatabase) -> PathBuf {
    database.folder.path().join("org.db-keys")
}

#[test]
fn a_publication_leaves_a_copy_of_its_rows_which_the_next_one_reads() {
    let database = TestDatabase::new();
    import(&mut database.open(), 1, &delivery("A1|a|1|||860101\nA2|b|1|||8602\nA3|c|1"));
    let rows = current_rows_copy::read(&database.db(), &schema()).unwrap();
    let listed = rows[Feed::Agent].list();
    let organs: Vec<_> = listed.iter().map(|(id, _, from, organ)| (*id, *from, *organ)).collect();
    assert_eq!(
        organs,
        [("A1", day(1), Some("860101")), ("A2", day(1), Some("8602")), ("A3", day(1), None)]
    );
    // Another organisation, a changed row, a new one, one that is gone and one that is quarantined.
    let mut store = database.open();
    import(&mut store, 2, &delivery("A1|a|1|||8601\n!A2|b|1|||8602\nA4|d|1|||8602"));
    drop(store);
    let rows = current_rows_copy::read(&database.db(), &schema()).unwrap();
    let listed = rows[Feed::Agent].list();
    let organs: Vec<_> = listed.iter().map(|(id, _, from, organ)| (*id, *from, *organ)).collect();
    assert_eq!(
        organs,
        [("A1", day(2), Some("8601")), ("A2", day(1), Some("8602")), ("A4", day(2), Some("8602"))]
    );
}

#[test]
fn a_copy_of_a_database_that_somebody_has_written_since_is_not_used() {
    let database = TestDatabase::new();
    import(&mut database.open(), 1, &delivery("A1|a|1\nA2|b|1"));
    assert!(current_rows_copy::read(&database.db(), &schema()).is_some());
    let other = rusqlite::Connection::open(database.db()).unwrap();
    other.execute("update agent set content_hash = 7 where id = 'A1'", []).unwrap();
    assert!(current_rows_copy::read(&database.db(), &schema()).is_none(), "it is in the log");
    drop(other);
    assert!(current_rows_copy::read(&database.db(), &schema()).is_none(), "it is in the file");
    let outcome = import(&mut database.open(), 2, &delivery("A1|a|1\nA2|b|1"))[Feed::Agent];
    assert_eq!((outcome.table_changes.changed, outcome.table_changes.unchanged), (1, 1));
}

#[test]
fn a_damaged_copy_is_not_used() {
    let database = TestDatabase::new();
    import(&mut database.open(), 1, &delivery("A1|a|1\nA2|b|1"));
    let whole = fs::read(copy_of(&database)).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        fs::write(copy_of(&database), &bytes).unwrap();
        assert!(current_rows_copy::read(&database.db(), &schema()).is_none(), "byte {at}");
        fs::write(copy_of(&database), &whole[..at]).unwrap();
        assert!(current_rows_copy::read(&database.db(), &schema()).is_none(), "cut off at {at}");
    }
    fs::write(copy_of(&database), &whole).unwrap();
    assert!(current_rows_copy::read(&database.db(), &schema()).is_some());
}

#[test]
fn a_copy_of_the_rows_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let database = TestDatabase::new();
    import(&mut database.open(), 1, &delivery("A1|a|1"));
    let mode = fs::metadata(copy_of(&database)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
