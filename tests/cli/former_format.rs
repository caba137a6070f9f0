//! A database of an earlier format: what only reads leaves it as it is, and says so where that is not enough.

use std::fs;
use std::path::Path;

use orgsnap::sample::Defects;
use rusqlite::Connection;

use super::approve::refused;
use super::{Workspace, date, dump};

/// Brings a database back to format 6: without approvals, derived tables and labels of codes.
pub(crate) fn to_former(database: &Path) {
    let db = Connection::open(database).unwrap();
    let list = |sql: &str| -> Vec<String> {
        let mut statement = db.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut sql = String::from("pragma user_version = 6; alter table forest drop column made_by;");
    let views = "select name from sqlite_schema where type = 'view' and name not glob '*_version'";
    for view in list(views) {
        sql += &format!("drop view {view};");
    }
    for table in ["agent_event", "node_event", "headcount", "code_label", "approval"] {
        sql += &format!("drop table {table};");
    }
    for column in ["type", "nullable", "example"] {
        sql += &format!("alter table data_dictionary drop column {column};");
    }
    db.execute_batch(&format!("begin; {sql} commit; pragma wal_checkpoint(truncate)")).unwrap();
}

/// Days 22 to 24, the 23rd refused, in a database of the former format, without a journal. Returns the refused run.
fn former() -> (Workspace, String) {
    let (workspace, run) = refused();
    assert_eq!(workspace.import(24).code, Some(0));
    to_former(&workspace.database());
    fs::remove_file(workspace.path("data/t/archive/journal.jsonl")).unwrap();
    (workspace, run)
}

fn bytes(workspace: &Workspace) -> Vec<u8> {
    fs::read(workspace.database()).unwrap()
}

#[test]
fn replay_takes_what_counts_from_a_database_of_an_earlier_format_and_leaves_it_as_it_is() {
    let (workspace, _) = refused();
    for day in [24, 25] {
        workspace.deliver(day, 600, Defects::None);
        assert_eq!(workspace.import(day).code, Some(0));
    }
    let day = date(24).to_string();
    let retract = ["retract", "job.toml", "--date", &day, "--reason", "wrong", "--yes"];
    assert_eq!(workspace.run(&retract).code, Some(0));
    let whole = workspace.dump();
    to_former(&workspace.database());
    let journal = workspace.path("data/t/archive/journal.jsonl");
    fs::remove_file(&journal).unwrap();
    let before = bytes(&workspace);

    let compared = workspace.run(&["replay", "job.toml", "--lang", "en"]);
    assert!(compared.code == Some(2) && compared.err.contains("earlier format"), "{compared:?}");
    assert!(compared.err.contains("the next import"), "{compared:?}");
    let made = workspace.run(&["replay", "job.toml", "--to", "made.db", "--lang", "en"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(!made.out.contains("assumed"), "{made:?}");
    assert!(dump(&workspace.path("made.db")) == whole, "the date that was taken back is not there");
    assert_eq!(fs::read_to_string(&journal).unwrap().lines().count(), 4);
    let run = workspace.newest_run();
    let until = ["replay", "t", "--to", "until.db", "--until", &run, "--lang", "en"];
    let until = workspace.run(&until);
    assert_eq!(until.code, Some(0), "{until:?}");
    assert!(bytes(&workspace) == before);
}

#[test]
fn verbs_that_read_say_that_a_database_has_an_earlier_format_where_they_need_the_newest() {
    let (workspace, run) = former();
    let before = bytes(&workspace);
    let runs = workspace.run(&["runs"]);
    assert!(runs.code == Some(0) && runs.out.contains(&run), "{runs:?}");
    let needing: [&[&str]; 3] = [
        &["datasette-metadata", "t"],
        &["sql", "select count(*) from agent_event"],
        &["sql", "select type from data_dictionary"],
    ];
    for arguments in needing {
        for (language, words) in
            [("zh", ["旧格式", "备份"]), ("en", ["earlier format", "keeps a copy"])]
        {
            let output = workspace.run(&[arguments, &["--lang", language]].concat());
            assert_eq!(output.code, Some(2), "{arguments:?}: {output:?}");
            for word in words {
                assert!(output.err.contains(word), "{arguments:?}: {output:?}");
            }
        }
    }
    // The others answer from what is there, or say the same.
    let others: [&[&str]; 7] = [
        &["export", "out.xlsx"],
        &["sql", "select count(*) from agent"],
        &["diff", "2024-11-22", "2024-11-24"],
        &["tree", "organ"],
        &["findings", "t"],
        &["tree", "organ", "--as-of", "2024-11-22"],
        &["explain", "organ", "86"],
    ];
    for arguments in others {
        let output = workspace.run(&[arguments, &["--lang", "en"]].concat());
        let is_told = output.code == Some(2) && output.err.contains("earlier format");
        assert!(output.code == Some(0) || is_told, "{arguments:?}: {output:?}");
    }
    let typo = workspace.run(&["sql", "selec 1", "--lang", "en"]);
    assert!(!typo.err.contains("earlier format"), "{typo:?}");
    assert!(bytes(&workspace) == before);
}

#[test]
fn a_refused_run_of_an_earlier_format_is_approved() {
    let (workspace, run) = former();
    let done = workspace.approve(&run, &["--yes"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(workspace.path("data/t/org-format6.db").exists());
}

#[test]
fn a_dry_run_leaves_a_database_of_an_earlier_format_and_an_empty_data_folder_as_they_are() {
    let (workspace, _) = former();
    let before = bytes(&workspace);
    let day = date(24).to_string();
    let dry = ["import", "job.toml", "--date", &day, "--dry-run", "--lang", "en"];
    let output = workspace.run(&dry);
    assert!(output.code == Some(2) && output.err.contains("earlier format"), "{output:?}");
    assert!(bytes(&workspace) == before);
    let output = workspace.run(&[&dry[..], &["--data", "none"]].concat());
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(!workspace.path("none/t").exists());
}

#[test]
fn a_retraction_says_that_a_reader_keeps_it_in_the_log() {
    let (workspace, _) = refused();
    let reader = Connection::open(workspace.database()).unwrap();
    reader.execute_batch("begin; select count(*) from agent").unwrap();
    let day = date(22).to_string();
    let retract = ["retract", "job.toml", "--date", &day, "--reason", "wrong", "--yes"];
    let output = workspace.run(&retract);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.out.contains("org.db-wal"), "{output:?}");
    assert!(!output.err.contains("folded back"), "{output:?}");
}
