//! A run that is killed: afterwards stands the old snapshot or the new one, whole, and the next run makes up
//! for what was lost.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use orgsnap::sample::Defects;
use rusqlite::Connection;

use super::{Workspace, dump};

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

#[test]
fn a_killed_import_leaves_the_old_snapshot_or_the_new_one() {
    let workspace = Workspace::new();
    workspace.deliver(22, AGENTS, Defects::None);
    workspace.deliver(23, AGENTS, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    let old = workspace.dump();
    copy(&workspace.path("data"), &workspace.path("kept"));
    let began = Instant::now();
    assert_eq!(workspace.import(23).code, Some(0));
    let took = began.elapsed();
    let new = workspace.dump();
    assert!(old != new);

    // Most kills fall into the run of the undisturbed one's length; `INT` and `TERM` are what a person and a
    // machine that shuts down send.
    let kills = 9;
    for kill in 0..=kills {
        fs::remove_dir_all(workspace.path("data")).unwrap();
        copy(&workspace.path("kept"), &workspace.path("data"));
        let mut child = workspace
            .command(&["import", "job.toml", "--date", "2024-11-23"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(
            took.mul_f64(f64::from(kill) / f64::from(kills)).max(Duration::from_millis(3)),
        );
        let signal = ["KILL", "INT", "KILL", "TERM"][kill as usize % 4];
        let id = child.id().to_string();
        // It may be over already.
        let _ =
            Command::new("kill").args([&format!("-{signal}"), &id]).stderr(Stdio::null()).status();
        let ended = child.wait().unwrap();
        let told = format!("kill {kill} of {kills} ({signal}, {ended})");

        let database = workspace.database();
        let whole: String = Connection::open(&database)
            .unwrap()
            .query_row("pragma integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(whole, "ok", "{told}");
        let now = dump(&database);
        assert!(now == old || now == new, "{told}: neither the old snapshot nor the new one");
        assert!(now == new || !ended.success(), "{told}: it said that it published");
        let again = workspace.import(23);
        assert_eq!(again.code, Some(0), "{told}: {again:?}");
        assert!(dump(&database) == new, "{told}: the next run gives other rows");
    }
}

#[test]
fn a_killed_first_import_does_not_block_the_next_one() {
    let workspace = Workspace::new();
    workspace.deliver(22, AGENTS, Defects::None);
    let began = Instant::now();
    assert_eq!(workspace.import(22).code, Some(0));
    let took = began.elapsed();
    let new = workspace.dump();
    for part in 1..6 {
        fs::remove_dir_all(workspace.path("data")).unwrap();
        let mut child = workspace
            .command(&["import", "job.toml", "--date", "2024-11-22"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(took.mul_f64(f64::from(part) / 6.0));
        // It may be over already.
        let _ = child.kill();
        child.wait().unwrap();
        let again = workspace.import(22);
        assert_eq!(again.code, Some(0), "part {part}: {again:?}");
        assert!(workspace.dump() == new, "part {part}: the next run gives other rows");
    }
}
