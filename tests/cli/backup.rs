//! `orgsnap backup`: a whole copy of one moment, closed to others.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use orgsnap::sample::Defects;
use rusqlite::Connection;

use super::{Workspace, dump};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_backup_is_the_database_and_never_overwrites_a_file_by_itself() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    let backup = |more: &[&str]| workspace.run(&[&["backup", "t", "--lang", "en"], more].concat());
    let nothing = backup(&["copy.db"]);
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
    assert!(!workspace.path("copy.db").exists());
    assert_eq!(workspace.import(22).code, Some(0));
    let made = backup(&["copy.db"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.out.contains("its newest snapshot is that of 2024-11-22"), "{made:?}");
    let copy = workspace.path("copy.db");
    assert!(dump(&copy) == workspace.dump());
    assert_eq!(mode(&copy), 0o600);
    let again = backup(&["copy.db"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("--force"), "{again:?}");
    assert_eq!(backup(&["copy.db", "--force"]).code, Some(0));
    let itself = backup(&["data/t/org.db", "--force"]);
    assert!(itself.code == Some(2) && itself.err.contains("data folder"), "{itself:?}");
    let no_folder = backup(&["none/copy.db"]);
    assert!(no_folder.code == Some(2) && no_folder.err.contains("none"), "{no_folder:?}");
    let files = fs::read_dir(workspace.path(".")).unwrap().flatten();
    let left = files.filter(|file| file.file_name().to_string_lossy().contains(".part"));
    assert_eq!(left.count(), 0);
}

#[test]
fn a_backup_made_while_a_transaction_is_open_is_whole_and_of_what_was_published() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    let before = workspace.dump();
    let writer = Connection::open(workspace.database()).unwrap();
    writer
        .execute_batch("pragma foreign_keys = off; begin immediate; delete from agent; update snapshot set run = 'x'")
        .unwrap();
    assert_eq!(workspace.run(&["backup", "t", "copy.db"]).code, Some(0));
    writer.execute_batch("commit").unwrap();
    assert!(dump(&workspace.path("copy.db")) == before);
    assert!(workspace.dump() != before);
}

#[test]
fn a_damaged_database_is_no_backup() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    let mut bytes = fs::read(workspace.database()).unwrap();
    let at = bytes.len() / 2;
    bytes[at - 20_000..at + 20_000].fill(0x5a);
    fs::write(workspace.database(), bytes).unwrap();
    let refused = workspace.run(&["backup", "t", "copy.db", "--lang", "en"]);
    assert_eq!(refused.code, Some(70), "{refused:?}");
    assert!(!workspace.path("copy.db").exists());
}

#[test]
fn the_database_and_its_log_are_closed_to_others_and_corrected_when_they_are_opened() {
    let workspace = Workspace::new();
    for day in [22, 23] {
        workspace.deliver(day, 300, Defects::None);
    }
    assert_eq!(workspace.import(22).code, Some(0));
    assert_eq!(mode(&workspace.database()), 0o600);
    fs::set_permissions(workspace.database(), fs::Permissions::from_mode(0o644)).unwrap();
    // A reader keeps the log there.
    let reader = Connection::open(workspace.database()).unwrap();
    reader.execute_batch("begin; select count(*) from agent").unwrap();
    let log = workspace.path("data/t/org.db-wal");
    assert_eq!(mode(&log), 0o644);
    assert_eq!(workspace.import(23).code, Some(0));
    for path in [workspace.database(), log, workspace.path("data/t/org.db-shm")] {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
