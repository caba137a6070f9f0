//! Exports that end before they are done: nothing of a date, or all of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::TimeDelta;

use super::{WithLake, files, naive, now};
use crate::life::random_days;

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => _ = fs::copy(entry.path(), target).unwrap(),
        }
    }
}

/// Two dates, the first of them exported.
fn begun() -> (WithLake, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let days = random_days(1, folder.path(), 2);
    let mut insurer = WithLake::new();
    insurer.insurer.import(&days[0].1, "2024-11-20");
    insurer.export();
    insurer.insurer.import(&days[1].1, "2024-11-21");
    (insurer, folder)
}

#[test]
fn an_export_that_is_ended_before_any_of_its_writes_leaves_the_old_state_and_the_next_one_completes_it()
 {
    let (insurer, _deliveries) = begun();
    let (root, kept) = (insurer.root(), insurer.root().with_file_name("kept"));
    copy(&root, &kept);
    let before = files(&root);
    insurer.export();
    // What an export writes, in its order: the note, the data, the publication, its rows; then the note goes.
    let mut written: Vec<_> =
        files(&root).into_iter().filter(|file| !before.contains(file)).collect();
    let stage = |path: &Path| {
        let path = path.display().to_string();
        (path.contains("/publication_table/"), path.contains("/publication/"))
    };
    written.sort_by_key(|path| {
        let (rows, publication) = stage(path);
        (if rows { 2 } else { u8::from(publication) }, path.clone())
    });
    assert!(written.len() > 5, "{written:?}");
    let done = insurer.root().with_file_name("done");
    fs::rename(&root, &done).unwrap();

    for ended in 0..=written.len() {
        let _ = fs::remove_dir_all(&root);
        copy(&kept, &root);
        let note = written.iter().find_map(|path| {
            let path = path.display().to_string();
            let (_, run) = path.split_once("/run=")?;
            Some(run.split('/').next().unwrap().to_owned())
        });
        let folders: Vec<String> = written
            .iter()
            .filter_map(|path| {
                let inside = path.strip_prefix(&root).unwrap().to_str().unwrap();
                inside.contains("/run=").then(|| inside.rsplit_once('/').unwrap().0.to_owned())
            })
            .collect();
        let unfinished = root.join("v1/unfinished/tenant=t_t");
        fs::create_dir_all(&unfinished).unwrap();
        fs::write(unfinished.join(format!("2024-11-21.{}", note.unwrap())), folders.join("\n"))
            .unwrap();
        for path in &written[..ended] {
            let inside = path.strip_prefix(&root).unwrap();
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(done.join(inside), path).unwrap();
        }
        let is_published = written[..ended].iter().any(|path| stage(path).1);
        let dates = naive::dates(&root, "t").len();
        assert_eq!(dates, 1 + usize::from(is_published), "after {ended} writes");

        // At once: what another export may be writing is left alone.
        let outcome = insurer.export();
        assert_eq!(outcome.dates.len(), usize::from(!is_published), "after {ended} writes");
        assert_eq!(outcome.under_way, u64::from(!is_published), "after {ended} writes");
        insurer.assert_equal(&format!("after {ended} writes"));
        let rows = root.join("v1/publication_table/tenant=t_t/date=2024-11-21");
        assert_eq!(files(&rows).len(), 1, "after {ended} writes");
        // A day later it is known to have ended.
        let outcome = insurer.export_at(now() + TimeDelta::days(36_500)).unwrap();
        assert_eq!(outcome.removed, u64::from(!is_published), "after {ended} writes");
        assert!(files(&root.join("v1/unfinished")).is_empty(), "after {ended} writes");
        assert_eq!(files(&root).len(), files(&done).len(), "after {ended} writes");
        insurer.assert_equal(&format!("a day after {ended} writes"));
    }
}

#[test]
fn a_killed_program_leaves_each_date_of_the_lake_whole_or_absent() {
    let (insurer, _deliveries) = begun();
    let root = insurer.root();
    fs::remove_dir_all(&root).unwrap();
    let program = assert_cmd::cargo::cargo_bin!("orgsnap").to_path_buf();
    let (data, lake) = (insurer.insurer.data(), root.display().to_string());
    let mut interrupted = 0;
    // It is killed as soon as so many files are there.
    for number in [1, 3, 6, 9, 12, 14, 18, 24] {
        let _ = fs::remove_dir_all(&root);
        let mut child = Command::new(&program)
            .args(["--data", data.to_str().unwrap(), "lake", "export", "t", "--lake", &lake])
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ended = loop {
            if files(&root).len() >= number {
                child.kill().unwrap();
                break child.wait().unwrap();
            }
            if let Some(ended) = child.try_wait().unwrap() {
                break ended;
            }
            std::thread::yield_now();
        };
        interrupted += usize::from(!ended.success());
        for date in naive::dates(&root, "t") {
            let found = naive::state(&root, "t", date).unwrap();
            assert_eq!(
                found["agent"].len(),
                insurer.stored(date)["agent"].len(),
                "{number}: {date}"
            );
        }
        insurer.export_at(now() + TimeDelta::days(36_500)).unwrap();
        insurer.assert_equal(&format!("killed at {number} files"));
    }
    assert!(interrupted > 2, "{interrupted}");
}

#[test]
fn a_lake_that_cannot_be_written_is_an_error_that_says_where_and_leaves_what_was_published() {
    let (insurer, _deliveries) = begun();
    let folder = insurer.root().join("v1/agent");
    // Root may write everywhere, but not below a file.
    fs::rename(&folder, insurer.root().join("aside")).unwrap();
    fs::write(&folder, "").unwrap();
    let error = insurer.export_at(now()).unwrap_err();
    assert!(error.message().en.contains(folder.to_str().unwrap()), "{error}");
    assert_eq!(naive::dates(&insurer.root(), "t").len(), 1);
    fs::remove_file(&folder).unwrap();
    fs::rename(insurer.root().join("aside"), &folder).unwrap();
    insurer.export();
    insurer.assert_equal("after the fault is mended");
    let file = &files(&insurer.root())[0];
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}
