//! A run that is killed: afterwards stands the old snapshot or the new one, whole, and the next run makes up
//! for what was lost.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use orgsnap::sample::Defects;
use rusqlite::Connection;

use super::back_dated::{RECRUITER, STATUS};
use super::{Workspace, date, dump};

const AGENTS: usize = 20_000;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl Workspace {
    /// Which runs the journal of the archive says to have published, in order.
    fn journal(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("data/t/archive/journal.jsonl")).unwrap();
        let run = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["event"], "published");
            line["run"].as_str().unwrap().to_owned()
        };
        text.lines().map(run).collect()
    }

    /// Which runs the database says to have published, in order.
    fn recorded_events(&self) -> Vec<String> {
        let db = Connection::open(self.database()).unwrap();
        let sql = "select id from run where verdict = 'published' order by finished";
        let mut statement = db.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

#[test]
fn a_journal_that_lacks_the_last_publication_or_everything_is_completed_by_the_next_run() {
    let workspace = Workspace::new();
    for day in [22, 23, 24, 25] {
        workspace.deliver(day, 300, Defects::None);
    }
    for day in [22, 24] {
        assert_eq!(workspace.import(day).code, Some(0));
    }
    let path = workspace.path("data/t/archive/journal.jsonl");
    let whole = fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for (left, day) in [(first, 23), (first + 20, 23), (0, 25)] {
        fs::write(&path, &whole[..left]).unwrap();
        assert_eq!(workspace.import(day).code, Some(0));
        assert_eq!(workspace.journal(), workspace.recorded_events(), "{left}");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(workspace.import(25).code, Some(0));
    assert_eq!(
        workspace.journal(),
        workspace.recorded_events(),
        "an archive of an earlier version"
    );
}

/// The stages of an import; each is a line on standard error when it begins.
const STAGES: usize = 4;

/// Starts an import of a day and ends it by a signal at the beginning of a stage (from 0). Returns how it ended.
fn import_ended_at(workspace: &Workspace, day: u32, stage: usize, signal: &str) -> ExitStatus {
    let mut child = workspace
        .command(&["import", "job.toml", "--date", &date(day).to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let last = lines.take(stage + 1).last().unwrap().unwrap();
    let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
    assert!(sent.unwrap().success(), "stage {stage}: {last}");
    child.wait().unwrap()
}

/// Ends an import of a day at every stage, on data as they are, and sees to it that the old state stands or the new one.
fn end_at_every_stage(workspace: &Workspace, day: u32, signals: &[&str]) {
    let old = workspace.dump();
    copy(&workspace.path("data"), &workspace.path("kept"));
    assert_eq!(workspace.import(day).code, Some(0));
    let new = workspace.dump();
    assert!(old != new);

    let mut interrupted = [0; STAGES];
    for (stage, signal) in (0..STAGES).flat_map(|s| signals.iter().map(move |signal| (s, *signal)))
    {
        fs::remove_dir_all(workspace.path("data")).unwrap();
        copy(&workspace.path("kept"), &workspace.path("data"));
        let ended = import_ended_at(workspace, day, stage, signal);
        let context = format!("stage {stage} ({signal}, {ended})");
        interrupted[stage] += usize::from(!ended.success());

        let database = workspace.database();
        let whole: String = Connection::open(&database)
            .unwrap()
            .query_row("pragma integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(whole, "ok", "{context}");
        let now = dump(&database);
        assert!(now == old || now == new, "{context}: neither the old snapshot nor the new one");
        assert!(now == new || !ended.success(), "{context}: it said that it published");
        let again = workspace.import(day);
        assert_eq!(again.code, Some(0), "{context}: {again:?}");
        assert!(dump(&database) == new, "{context}: the next run gives other rows");
        assert_eq!(workspace.journal(), workspace.recorded_events(), "{context}");
    }
    // The signals did come in the middle of runs.
    assert!(interrupted[..3].iter().all(|n| *n > 0), "runs interrupted by stage: {interrupted:?}");
}

#[test]
fn a_killed_import_leaves_the_old_snapshot_or_the_new_one() {
    let workspace = Workspace::new();
    workspace.deliver(22, AGENTS, Defects::None);
    workspace.deliver(23, AGENTS, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    // `INT` and `TERM` are what a person and a machine that shuts down send.
    end_at_every_stage(&workspace, 23, &["KILL", "INT", "TERM"]);
}

#[test]
fn a_killed_import_of_an_older_date_leaves_all_dates_old_or_new() {
    let workspace = Workspace::new();
    for day in [22, 23, 24] {
        workspace.deliver(day, AGENTS, Defects::None);
    }
    // The newest snapshot carries what the older date is going to bring, so that its trees are made anew.
    workspace.edit_agents(23, &[(700, RECRUITER, "")]);
    workspace.edit_agents(24, &[(700, STATUS, "x")]);
    for day in [22, 24] {
        assert_eq!(workspace.import(day).code, Some(0));
    }
    end_at_every_stage(&workspace, 23, &["KILL"]);
}

#[test]
fn a_killed_first_import_does_not_block_the_next_one() {
    let workspace = Workspace::new();
    workspace.deliver(22, AGENTS, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    let new = workspace.dump();
    let mut interrupted = 0;
    for stage in 0..STAGES {
        fs::remove_dir_all(workspace.path("data")).unwrap();
        let ended = import_ended_at(&workspace, 22, stage, "KILL");
        interrupted += usize::from(!ended.success());
        let again = workspace.import(22);
        assert_eq!(again.code, Some(0), "stage {stage}: {again:?}");
        assert!(workspace.dump() == new, "stage {stage}: the next run gives other rows");
    }
    assert!(interrupted >= 3, "only {interrupted} runs were interrupted");
}
