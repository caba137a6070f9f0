//! After any fault the last snapshot is unchanged and the message says what to do.

use std::fs;

use rusqlite::Connection;

use super::fixture::*;
use super::importing::*;
use crate::gate::Approved;
use crate::model::{Feed, Verdict};
use crate::store::{NewRows, Reader, Store, StoreError, fold_log, is_log_pending};

fn open_error(path: &std::path::Path) -> StoreError {
    Store::open(path, &schema()).unwrap_err()
}

#[test]
fn a_date_that_is_not_there_cannot_be_taken_back_and_those_that_are_there_are_named() {
    let database = TestDatabase::new();
    let mut store = database.open();
    let error = retract(&mut store, 4).unwrap_err();
    assert!(error.to_string().ends_with("nothing is published yet"), "{error}");
    import(&mut store, 5, &delivery("A1|a|1"));
    import(&mut store, 3, &delivery("A1|a|1"));
    let error = retract(&mut store, 4).unwrap_err();
    let words = "there is no snapshot of 2026-11-04: those that there are: 2026-11-03, 2026-11-05";
    assert_eq!(error.to_string(), words);
    for n in 6..20 {
        import(&mut store, n, &delivery("A1|a|1"));
    }
    let error = retract(&mut store, 4).unwrap_err().message();
    assert!(
        error
            .en
            .contains("there are 16, from 2026-11-03 to 2026-11-19; nearest to it: 2026-11-03, ")
    );
    assert!(error.zh.contains("共有 16 个日期的快照（2026-11-03 至 2026-11-19）"), "{}", error.zh);
    assert!(!error.en.contains("2026-11-18"), "{}", error.en);
}

#[test]
fn a_newer_database_is_left_as_it_is() {
    let database = TestDatabase::new();
    import(&mut database.open(), 1, &delivery("A1|a|1"));
    let newer = Connection::open(database.db()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let before = fs::read(database.db()).unwrap();
    for error in [open_error(&database.db()), Reader::open_existing(&database.db()).unwrap_err()] {
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    }
    assert!(fs::read(database.db()).unwrap() == before);
}

#[test]
fn other_files_are_refused_and_left_as_they_are() {
    let database = TestDatabase::new();
    fs::write(
        database.db(),
        b"this is no database, whatever its name says, and long enough to tell",
    )
    .unwrap();
    let before = fs::read(database.db()).unwrap();
    assert!(matches!(open_error(&database.db()), StoreError::NotADatabase { .. }));
    assert!(fs::read(database.db()).unwrap() == before);

    let foreign = database.folder.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("create table t (x)").unwrap();
    let before = fs::read(&foreign).unwrap();
    assert!(matches!(open_error(&foreign), StoreError::Foreign { .. }));
    assert!(fs::read(&foreign).unwrap() == before);

    let missing = database.folder.path().join("missing/org.db");
    assert!(matches!(open_error(&missing), StoreError::CannotOpen { .. }));
    assert!(matches!(open_error(database.folder.path()), StoreError::CannotOpen { .. }));
    let error = Reader::open_existing(&missing).unwrap_err();
    assert!(error.to_string().contains("nothing was imported"), "{error}");
    assert!(!missing.exists());
}

#[test]
fn a_damaged_file_is_reported_as_corrupt() {
    let database = TestDatabase::new();
    import(&mut database.open(), 1, &delivery("A1|a|1"));
    let mut bytes = fs::read(database.db()).unwrap();
    for byte in bytes.iter_mut().skip(200) {
        *byte = 0xEE;
    }
    fs::write(database.db(), bytes).unwrap();
    assert!(matches!(open_error(&database.db()), StoreError::Corrupt { .. }));
}

#[test]
fn a_full_disk_leaves_the_last_snapshot() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 1, &delivery("A1|a|1"));
    let before = content(store.conn());
    let pages = count(&store, "pragma page_count");
    store.conn().pragma_update(None, "max_page_count", pages).unwrap();
    let many: Vec<String> = (0..5_000).map(|n| format!("A{n:05}|name {n}|1")).collect();
    let mut publication = store.begin(day(2)).unwrap();
    let error = stage(&mut publication, &schema(), &delivery(&many.join("\n"))).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    drop(publication);
    assert_eq!(content(store.conn()), before);
}

#[test]
fn a_locked_database_is_reported_as_locked() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 1, &delivery("A1|a|1"));
    let other = Connection::open(database.db()).unwrap();
    other.execute_batch("begin immediate").unwrap();
    assert!(matches!(store.begin(day(2)).unwrap_err(), StoreError::Locked { .. }));
}

#[test]
fn a_log_that_a_reader_keeps_is_told_and_folded_back_at_the_next_chance() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 1, &delivery("A1|a|1"));
    assert!(!is_log_pending(&database.db()));
    let reader = Connection::open(database.db()).unwrap();
    reader.execute_batch("begin").unwrap();
    assert_eq!(rows(&reader, "select agent_name from agent"), ["a"]);
    import(&mut store, 2, &delivery("A1|b|1"));
    assert!(is_log_pending(&database.db()));
    // The reader still has its snapshot, so there is no chance yet.
    assert!(fold_log(&database.db()).unwrap());
    assert_eq!(rows(&reader, "select agent_name from agent"), ["a"]);
    reader.execute_batch("commit").unwrap();
    assert!(!fold_log(&database.db()).unwrap());
    assert!(!is_log_pending(&database.db()));
    let copy = database.folder.path().join("copy.db");
    std::fs::copy(database.db(), &copy).unwrap();
    assert_eq!(rows(&Connection::open(copy).unwrap(), "select agent_name from agent"), ["b"]);
}

#[test]
fn a_dropped_publication_changes_nothing() {
    let database = TestDatabase::new();
    let mut store = database.open();
    let empty = content(store.conn());
    for n in [1, 2] {
        // On day 1 the tables are empty, so the load makes their indexes; the rollback must take them away.
        let mut publication = store.begin(day(n)).unwrap();
        stage(&mut publication, &schema(), &delivery("A1|x|1\nA2|y|1")).unwrap();
        drop(publication);
        if n == 1 {
            assert_eq!(content(store.conn()), empty);
            assert!(store.latest().unwrap().is_none());
        }
        import(&mut store, n, &delivery("A1|a|1"));
    }
    assert_eq!(
        rows(store.conn(), "select id, agent_name, valid_from from agent"),
        ["A1|a|2026-11-01"]
    );
    // That of its key and three of its columns.
    assert_eq!(count(&store, "select count(*) from pragma_index_list('agent')"), 4);
}

#[test]
fn a_killed_import_leaves_the_old_snapshot() {
    let many: Vec<String> = (0..5_000).map(|n| format!("A{n:05}|name {n}|1")).collect();
    let database = TestDatabase::new();
    let mut store = database.open();
    // A small cache makes the transaction spill into the file before the commit, as a large load does.
    store.conn().pragma_update(None, "cache_size", 10).unwrap();
    for n in [1, 2] {
        let before = content(store.conn());
        let mut publication = store.begin(day(n)).unwrap();
        stage(&mut publication, &schema(), &delivery(&many.join("\n"))).unwrap();
        let killed = copy_folder(database.folder.path());
        drop(publication);
        let size = |database: &TestDatabase, name: &str| {
            fs::metadata(database.folder.path().join(name)).map_or(0, |file| file.len())
        };
        let journal = if n == 1 { "org.db-journal" } else { "org.db-wal" };
        assert!(size(&killed, journal) > 0, "day {n}: nothing was under way");
        let reader = Reader::open_existing(&killed.db()).unwrap();
        assert_eq!(reader.latest().unwrap().map(|s| s.date), (n == 2).then(|| day(1)));
        drop(reader);
        let mut revived = killed.open();
        assert_eq!(content(revived.conn()), before);
        assert_eq!(rows(revived.conn(), "pragma integrity_check"), ["ok"]);
        import(&mut revived, n, &delivery("A1|a|1"));
        import(&mut store, n, &delivery("A1|a|1"));
        assert_eq!(content(revived.conn()), content(store.conn()));
    }
}

#[test]
fn readers_see_the_old_snapshot_until_the_commit() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 1, &delivery("A1|a|1"));
    let reader = Connection::open(database.db()).unwrap();
    let mut publication = store.begin(day(2)).unwrap();
    stage(&mut publication, &schema(), &delivery("A1|b|1")).unwrap();
    assert_eq!(rows(&reader, "select agent_name from agent"), ["a"]);
    let report = report("second", day(2), Verdict::Published);
    publication.commit(Approved::for_tests(), record(&report)).unwrap();
    assert_eq!(rows(&reader, "select agent_name from agent"), ["b"]);
    // The checkpoint emptied the log: the file alone is the whole database.
    assert_eq!(fs::metadata(database.folder.path().join("org.db-wal")).unwrap().len(), 0);
}

#[test]
fn an_incomplete_publication_cannot_be_committed() {
    let database = TestDatabase::new();
    let (mut store, schema) = (database.open(), schema());
    let parsed = delivery("A1|a|1\nA2|b|1").parse(&schema, Feed::Agent);
    let unsorted: [[u32; 2]; 2] = [[1, 0], [1, 1]];
    let rows = |accepted| NewRows { table: &parsed.table, accepted, quarantined: &[] };

    let mut publication = store.begin(day(1)).unwrap();
    assert!(publication.carried(Feed::Agent, &[]).is_err());
    for unsorted in &unsorted {
        let error = publication.write_rows(Feed::Agent, &rows(unsorted)).unwrap_err();
        assert!(error.to_string().contains("not in key order"), "{error}");
    }
    assert!(publication.write_rows(Feed::Organ, &rows(&[0, 1])).is_err());
    publication.write_rows(Feed::Agent, &rows(&[0, 1])).unwrap();
    assert!(publication.write_rows(Feed::Agent, &rows(&[0, 1])).is_err());
    assert!(publication.carried(Feed::Agent, &["noSuchField"]).is_err());
    let parents = [("A1".to_owned(), None)].into();
    assert!(
        publication.change().write_tree(&schema.forests[0], &tree(false, &parents), None).is_err()
    );
    let report = report("first", day(1), Verdict::Published);
    let error = publication.commit(Approved::for_tests(), record(&report)).unwrap_err();
    let expected = "not written: node, organ, principal, forest recruit";
    assert!(error.to_string().contains(expected), "{error}");
    assert!(store.latest().unwrap().is_none());
}

#[test]
fn a_schema_that_cannot_be_stored_is_refused() {
    let cases = [
        ("Valid_From", "adds itself"),
        ("valid_to", "adds itself"),
        ("RowId", "row number"),
        ("ID", "twice"),
    ];
    for (column, why) in cases {
        let database = TestDatabase::new();
        let mut schema = schema();
        schema.feeds[Feed::Agent].fields[1].column = column.to_owned();
        let error = Store::open(&database.db(), &schema).unwrap_err();
        assert!(matches!(error, StoreError::Column { feed: Feed::Agent, .. }));
        assert!(error.to_string().contains(why), "{error}");
        assert!(!database.db().exists());
    }
}
