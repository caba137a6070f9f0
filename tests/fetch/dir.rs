//! Fetching from a directory.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use orgsnap::config::job::{DatedPath, Fetching, Source};
use orgsnap::fetch::{FetchError, Fetched};
use orgsnap::model::Feed;

use super::{NAMES, fetch_into, file, waiting_helps};

/// A directory with the four files, each holding its own name.
fn delivery(dir: &Path) {
    for name in NAMES {
        fs::write(dir.join(name), name).unwrap();
    }
}

#[test]
fn files_of_a_folder_are_fetched_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    delivery(dir.path());
    // Larger than the pieces that are read and hashed, and not a multiple of them.
    let large: Vec<u8> = (0..3_500_000_u32).flat_map(|i| [(i % 251) as u8]).collect();
    fs::write(dir.path().join(NAMES[0]), &large).unwrap();
    fs::write(dir.path().join(NAMES[1]), "").unwrap();
    let delivery = fetch_into(dir.path(), &Source::dir(dir.path())).unwrap();
    assert_eq!(delivery.source, dir.path().display().to_string());
    let agent = file(&delivery, Feed::Agent);
    assert!(agent.bytes() == large && agent.size == 3_500_000 && agent.mtime.is_some());
    let sum = Command::new("sha256sum").arg(dir.path().join(NAMES[0])).output().unwrap();
    assert!(String::from_utf8(sum.stdout).unwrap().starts_with(&agent.sha256));
    let empty = file(&delivery, Feed::Node);
    assert_eq!((empty.size, empty.bytes().len()), (0, 0));
    assert_eq!(empty.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(file(&delivery, Feed::Organ).bytes(), NAMES[2].as_bytes());
    assert!(!format!("{delivery:?}").contains("bytes"), "Debug shows personal data");
}

#[test]
fn the_business_date_is_part_of_a_folder_path() {
    let dir = tempfile::tempdir().unwrap();
    let source = |pattern| Source::Dir {
        base: dir.path().to_path_buf(),
        path: DatedPath::parse(pattern).unwrap(),
        fetching: Box::new(Fetching::default_for_directories()),
    };
    fs::create_dir(dir.path().join("20261124")).unwrap();
    delivery(&dir.path().join("20261124"));
    assert!(fetch_into(dir.path(), &source("{date:%Y%m%d}")).is_ok());
    let error = fetch_into(dir.path(), &source("{date:%Y-%m-%d}")).unwrap_err();
    let FetchError::NothingThere { place, .. } = &error else { panic!("{error}") };
    assert!(place.ends_with("/2026-11-24"), "{place}");
    assert!(waiting_helps(&error));
}

#[test]
fn missing_files_are_a_value_and_an_empty_folder_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let error = fetch_into(dir.path(), &Source::dir(dir.path())).unwrap_err();
    assert!(matches!(error, FetchError::NothingThere { .. }), "{error}");
    fs::write(dir.path().join(NAMES[3]), "x").unwrap();
    let delivery = fetch_into(dir.path(), &Source::dir(dir.path())).unwrap();
    for feed in [Feed::Agent, Feed::Node, Feed::Organ] {
        assert!(matches!(delivery.file(feed), Fetched::Missing { .. }), "{feed}");
    }
    assert_eq!(file(&delivery, Feed::Principal).bytes(), b"x");
}

#[test]
fn an_oversized_file_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    delivery(dir.path());
    File::create(dir.path().join(NAMES[0])).unwrap().set_len(5 << 30).unwrap();
    let delivery = fetch_into(dir.path(), &Source::dir(dir.path())).unwrap();
    let Fetched::Oversized { name, size, limit, .. } = delivery.file(Feed::Agent) else {
        panic!("not oversized")
    };
    assert_eq!((name.as_str(), *size, *limit), (NAMES[0], 5 << 30, 1 << 30));
}

#[test]
fn a_pipe_or_a_directory_in_place_of_a_file_is_an_error_at_once() {
    let dir = tempfile::tempdir().unwrap();
    delivery(dir.path());
    let path = dir.path().join(NAMES[2]);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = fetch_into(dir.path(), &Source::dir(dir.path())).unwrap_err();
    assert!(matches!(error, FetchError::NotAFile { .. }), "{error}");
    fs::remove_dir(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let error = fetch_into(dir.path(), &Source::dir(dir.path())).unwrap_err();
    assert!(error.to_string().contains(NAMES[2]) && !waiting_helps(&error), "{error}");
}

#[test]
fn an_unreadable_file_is_named_in_the_error() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("in");
    fs::create_dir(&inner).unwrap();
    delivery(&inner);
    let closed = inner.join(NAMES[0]);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&closed).is_ok() {
        eprintln!("skipped: permissions do not bind root");
        return;
    }
    let error = fetch_into(dir.path(), &Source::dir(&inner)).unwrap_err();
    assert!(matches!(&error, FetchError::Denied { path } if *path == closed), "{error}");
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o000)).unwrap();
    let error = fetch_into(dir.path(), &Source::dir(&inner)).unwrap_err();
    assert!(matches!(&error, FetchError::Denied { path } if *path == inner), "{error}");
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_file_in_place_of_the_folder_is_named_in_the_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in");
    fs::write(&path, "").unwrap();
    let error = fetch_into(dir.path(), &Source::dir(&path)).unwrap_err();
    assert!(matches!(&error, FetchError::NotAFolder { path: p } if *p == path), "{error}");
    assert!(!waiting_helps(&error));
}
