//! `orgsnap replay`: the archive alone gives the database, row for row.

use std::fs;
use std::path::Path;

use orgsnap::sample::Defects;
use rusqlite::Connection;

use super::approve::refused;
use super::back_dated::STATUS;
use super::{CommandOutput, Workspace, date, dump};

impl Workspace {
    fn replay(&self, more: &[&str]) -> CommandOutput {
        self.run(&[&["replay", "job.toml", "--lang", "en"], more].concat())
    }
}

/// All rows of the records of runs.
fn records(database: &Path) -> Vec<Vec<rusqlite::types::Value>> {
    let db = Connection::open(database).unwrap();
    let mut rows = Vec::new();
    for table in
        ["run", "source_file", "finding", "quarantine", "run_rule", "retraction", "approval"]
    {
        let mut statement = db.prepare(&format!("select * from {table} order by 1, 2, 3")).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|c| row.get(c)).collect();
        rows.extend(statement.query_map([], row).unwrap().map(Result::unwrap));
    }
    rows
}

/// Published, refused, approved, repeated with other content and taken back; an older date last.
fn eventful() -> Workspace {
    let (workspace, run) = refused();
    assert_eq!(workspace.approve(&run, &["--by", "li", "--yes"]).code, Some(0));
    workspace.edit_agents(24, &[(100, STATUS, "x"), (101, STATUS, "x")]);
    assert_eq!(workspace.import(24).code, Some(0));
    assert_eq!(workspace.import(22).code, Some(0));
    workspace.deliver(25, 600, Defects::None);
    assert_eq!(workspace.import(25).code, Some(0));
    let day = date(25).to_string();
    let retract = ["retract", "job.toml", "--date", &day, "--reason", "wrong file", "--yes"];
    assert_eq!(workspace.run(&retract).code, Some(0));
    workspace.deliver(21, 600, Defects::None);
    assert_eq!(workspace.import(21).code, Some(0));
    workspace
}

#[test]
fn the_database_is_what_the_archive_gives_and_a_changed_row_is_named() {
    let workspace = eventful();
    let before = workspace.dump();
    let equal = workspace.replay(&[]);
    assert_eq!(equal.code, Some(0), "{equal:?}");
    assert!(
        equal.out.contains("org.db is what the archive gives: snapshots of 4 dates"),
        "{equal:?}"
    );
    assert!(workspace.dump() == before);
    let by_tenant = workspace.run(&["replay", "t", "--lang", "en"]);
    assert_eq!(by_tenant.code, Some(0), "{by_tenant:?}");
    let left = fs::read_dir(workspace.path("data/t")).unwrap().flatten();
    let left = left.filter(|file| file.file_name().to_string_lossy().starts_with("replay"));
    assert_eq!(left.count(), 0);

    let db = Connection::open(workspace.database()).unwrap();
    let (id, name): (String, String) = db
        .query_row("select id, agent_name from agent order by 1 limit 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    db.execute("update agent set agent_name = agent_name || 'x' where id = ?1", [&id]).unwrap();
    db.execute("delete from recruit_tree where id = (select max(id) from recruit_tree)", [])
        .unwrap();
    drop(db);
    let differs = workspace.replay(&[]);
    assert_eq!(differs.code, Some(3), "{differs:?}");
    for words in [
        "agent: 0 rows in org.db alone, 0 in the archive alone, 1 with other content",
        &format!("  {id}: agent_name"),
        "recruit_tree: 0 rows in org.db alone, 1 in the archive alone, 0 with other content",
    ] {
        assert!(differs.out.contains(words), "{words}: {differs:?}");
    }
    assert!(!differs.out.contains(&name), "{differs:?}");
}

#[test]
fn a_lost_database_comes_back_from_the_archive_with_its_records_where_they_can_be_read() {
    let workspace = eventful();
    let (before, of_runs) = (workspace.dump(), records(&workspace.database()));
    // While the present one is there its records are taken over.
    let copy = workspace.replay(&["--to", "copy.db"]);
    assert_eq!(copy.code, Some(0), "{copy:?}");
    assert!(dump(&workspace.path("copy.db")) == before);
    assert!(records(&workspace.path("copy.db")) == of_runs);
    let there = workspace.replay(&["--to", "data/t/org.db"]);
    assert!(there.code == Some(2) && there.err.contains("move it away"), "{there:?}");

    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(workspace.path(&format!("data/t/org.db{suffix}")));
    }
    fs::write(workspace.database(), "what is left of a database").unwrap();
    let beside = workspace.replay(&["--to", "beside.db"]);
    assert_eq!(beside.code, Some(0), "{beside:?}");
    assert!(dump(&workspace.path("beside.db")) == before, "it is damaged");
    fs::remove_file(workspace.database()).unwrap();
    let back = workspace.replay(&["--to", "data/t/org.db"]);
    assert_eq!(back.code, Some(0), "{back:?}");
    assert!(workspace.dump() == before, "it is gone");
    let db = Connection::open(workspace.database()).unwrap();
    let counts = "select (select count(*) from retraction), (select count(*) from approval where approved_by = 'li')";
    let counts: [i64; 2] = db.query_row(counts, [], |row| Ok([row.get(0)?, row.get(1)?])).unwrap();
    assert_eq!(counts, [1, 1]);
    drop(db);
    // It goes on from there.
    assert_eq!(workspace.import(25).code, Some(0));
    assert_eq!(workspace.replay(&[]).code, Some(0));
}

#[test]
fn the_database_as_it_was_known_after_a_run_has_what_was_known_then() {
    let workspace = Workspace::new();
    for day in 22..=24 {
        workspace.deliver(day, 1_500, Defects::Few);
    }
    let mut known = Vec::new();
    for day in [22, 24, 23, 22] {
        assert_eq!(workspace.import(day).code, Some(0));
        known.push((workspace.newest_run(), workspace.dump()));
    }
    for (at, (run, then)) in known.iter().enumerate() {
        let file = format!("{at}.db");
        let made = workspace.replay(&["--to", &file, "--until", run]);
        assert_eq!(made.code, Some(0), "{made:?}");
        assert!(dump(&workspace.path(&file)) == *then, "{at}");
        let db = Connection::open(workspace.path(&file)).unwrap();
        let runs: i64 = db.query_row("select count(*) from run", [], |row| row.get(0)).unwrap();
        assert_eq!(runs, at as i64 + 1);
    }
    let unknown = workspace.replay(&["--to", "x.db", "--until", "20240101-000000-0000"]);
    assert!(unknown.code == Some(2) && unknown.err.contains("published nothing"), "{unknown:?}");
    assert!(!workspace.path("x.db").exists());
    let without = workspace.replay(&["--until", &known[0].0]);
    assert_eq!(without.code, Some(2), "{without:?}");
}

#[test]
fn a_delivery_is_read_by_the_settings_of_then_and_by_those_of_now_when_asked() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    let job = fs::read_to_string(workspace.path("job.toml")).unwrap();
    workspace.write(
        "job.toml",
        format!("{job}[format]\nnull = ['张伟']\n[codes]\nagentStatus = {{ 'x' = 1 }}\n"),
    );
    workspace.edit_agents(22, &[(5, STATUS, "x"), (6, 1, "张伟")]);
    let published = workspace.import(22);
    assert_eq!(published.code, Some(0), "{published:?}");
    let then = workspace.dump();
    workspace.write("job.toml", &job);
    let same = workspace.replay(&["--to", "then.db"]);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(dump(&workspace.path("then.db")) == then);
    let now = workspace.replay(&["--to", "now.db", "--rules", "now"]);
    assert_eq!(now.code, Some(0), "{now:?}");
    assert!(now.out.contains("other numbers of rows are accepted"), "{now:?}");
    assert!(dump(&workspace.path("now.db")) != then);
    let no_job = workspace.run(&["replay", "t", "--rules", "now", "--to", "x.db", "--lang", "en"]);
    assert!(no_job.code == Some(2) && no_job.err.contains("needs the job file"), "{no_job:?}");
}

#[test]
fn an_archive_of_an_earlier_version_and_missing_or_damaged_deliveries_are_told_of() {
    let workspace = eventful();
    let before = workspace.dump();
    let archive = workspace.path("data/t/archive");
    let journal = archive.join("journal.jsonl");
    fs::remove_file(&journal).unwrap();
    for day in fs::read_dir(&archive).unwrap().flatten() {
        for run in fs::read_dir(day.path()).unwrap().flatten() {
            fs::remove_file(run.path().join("settings.json")).unwrap();
        }
    }
    // The database knows what the journal lacks.
    let completed = workspace.replay(&[]);
    assert_eq!(completed.code, Some(0), "{completed:?}");
    assert!(
        completed.out.contains("4 deliveries were archived without their settings"),
        "{completed:?}"
    );
    fs::remove_file(&journal).unwrap();
    let kept = workspace.path("kept.db");
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::rename(
            workspace.path(&format!("data/t/org.db{suffix}")),
            workspace.path(&format!("kept.db{suffix}")),
        );
    }
    let assumed = workspace.replay(&["--to", "assumed.db"]);
    assert_eq!(assumed.code, Some(0), "{assumed:?}");
    assert!(assumed.out.contains("is assumed to count"), "{assumed:?}");
    let db = Connection::open(workspace.path("assumed.db")).unwrap();
    let dates: String =
        db.query_row("select group_concat(business_date) from snapshot", [], |r| r.get(0)).unwrap();
    // The 23rd was approved and the 25th taken back, which nothing says any more.
    assert_eq!(dates, "2024-11-21,2024-11-22,2024-11-24,2024-11-25");
    drop(db);
    fs::rename(&kept, workspace.database()).unwrap();
    assert!(workspace.dump() == before);

    fs::remove_dir_all(archive.join("2024-11-22")).unwrap();
    let missing = workspace.replay(&[]);
    assert_eq!(missing.code, Some(3), "{missing:?}");
    for words in [
        "not in the archive, so that these dates cannot be made anew: 2024-11-22",
        "not the history",
    ] {
        assert!(missing.out.contains(words), "{words}: {missing:?}");
    }
}

#[test]
fn a_lost_database_is_not_replaced_by_an_empty_one_and_the_way_back_is_named() {
    let (workspace, run) = refused();
    let lose = || {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(workspace.path(&format!("data/t/org.db{suffix}")));
        }
    };
    lose();
    for (language, words) in
        [("en", "The way back: orgsnap replay"), ("zh", "恢复方法：orgsnap replay")]
    {
        let day = date(24).to_string();
        let lost = workspace.run(&["import", "job.toml", "--date", &day, "--lang", language]);
        assert_eq!(lost.code, Some(2), "{lost:?}");
        assert!(lost.err.contains(words) && lost.err.contains("--to data/t/org.db"), "{lost:?}");
    }
    assert!(!workspace.database().exists());
    assert_eq!(workspace.replay(&["--to", "data/t/org.db"]).code, Some(0));
    assert_eq!(workspace.import(24).code, Some(0));
    // What was only refused is no loss.
    fs::remove_dir_all(workspace.path("data")).unwrap();
    fs::remove_file(workspace.path("in/20241123/temp_organization.txt")).unwrap();
    assert_eq!(workspace.import(23).code, Some(3));
    assert_ne!(workspace.newest_run(), run);
    lose();
    assert_eq!(workspace.import(22).code, Some(0));
}

/// The recorded approvals.
fn approvals(database: &Path) -> Vec<String> {
    let db = Connection::open(database).unwrap();
    let sql = "select run || refused_run || approved || approved_by || reason || waived from approval order by 1";
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn an_approval_comes_back_as_it_was_recorded_also_of_a_date_that_was_taken_back_since() {
    let (workspace, run) = refused();
    assert_eq!(workspace.approve(&run, &["--by", "li", "--yes"]).code, Some(0));
    // An older date changes what the same files would break now.
    workspace.deliver(21, 600, Defects::None);
    assert_eq!(workspace.import(21).code, Some(0));
    let recorded = approvals(&workspace.database());
    assert!(recorded.len() == 1 && recorded[0].contains("vanished"), "{recorded:?}");
    let is_recorded = || {
        let kept = workspace.path("kept.db");
        fs::rename(workspace.database(), &kept).unwrap();
        assert_eq!(workspace.replay(&["--to", "made.db"]).code, Some(0));
        assert_eq!(approvals(&workspace.path("made.db")), recorded);
        fs::remove_file(workspace.path("made.db")).unwrap();
        fs::rename(&kept, workspace.database()).unwrap();
    };
    is_recorded();
    let day = date(23).to_string();
    let retract =
        ["retract", "job.toml", "--date", &day, "--by", "wang", "--reason", "no", "--yes"];
    assert_eq!(workspace.run(&retract).code, Some(0));
    is_recorded();
    let runs = workspace.run(&["runs", "t", "--lang", "en"]);
    for words in ["published, approved,", "taken back", " by wang: no\n"] {
        assert!(runs.out.contains(words), "{words}: {runs:?}");
    }
    let zh = workspace.run(&["runs", "t", "--lang", "zh"]);
    assert!(zh.out.contains("，已撤回") && zh.out.contains("由 wang 撤回：no"), "{zh:?}");
    let json = workspace.run(&["runs", "t", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    crate::schemas::assert_valid("runs", &document);
    let taken_back = document["runs"].as_array().unwrap().iter();
    let by: Vec<_> = taken_back.filter_map(|run| run["retracted"]["by"].as_str()).collect();
    assert_eq!(by, ["wang"]);
}

#[test]
fn a_wrong_line_of_the_journal_is_named_with_what_to_do() {
    let (workspace, _) = refused();
    let journal = workspace.path("data/t/archive/journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, format!("{text}{{\"event\":\n")).unwrap();
    let wrong = workspace.replay(&[]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.err.contains("line 2") && wrong.err.contains("restore the file"), "{wrong:?}");
}

#[test]
fn a_locked_database_is_no_reason_to_import_again() {
    let (workspace, _) = refused();
    let db = Connection::open(workspace.database()).unwrap();
    db.execute_batch("begin immediate").unwrap();
    let day = date(22).to_string();
    let retract = ["retract", "job.toml", "--date", &day, "--reason", "x", "--yes", "--lang", "en"];
    let locked = workspace.run(&retract);
    assert!(locked.code == Some(5) && locked.err.contains("then try again"), "{locked:?}");
}
