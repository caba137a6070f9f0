//! The archive of raw deliveries.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrono::{DateTime, Utc};
use orgsnap::config::job::Source;
use orgsnap::fetch::archive::{self, ArchiveError, Label, MANIFEST};
use orgsnap::fetch::{Fetched, RawDelivery};
use orgsnap::model::{Feed, RunId};

use super::{NAMES, date, fetch_into, file};

/// A delivery with a file large enough for several zstd frames, an empty one, one of random
/// bytes and a missing one.
fn delivery(dir: &Path) -> RawDelivery {
    let large: String = (0..500_000).map(|i| format!("{i}|张三|2024-11-23\n")).collect();
    fs::write(dir.join(NAMES[0]), large).unwrap();
    fs::write(dir.join(NAMES[1]), "").unwrap();
    fs::write(dir.join(NAMES[2]), [0xff, 0x00, 0x1a, 0x0a]).unwrap();
    fetch_into(dir, &Source::dir(dir)).unwrap()
}

fn archive(tenant: &Path, delivery: &RawDelivery) -> Result<std::path::PathBuf, ArchiveError> {
    let run = RunId("20261124-023000-1f3a".to_owned());
    let label = Label {
        tenant: "t",
        run: &run,
        business_date: date(),
        fetched: DateTime::<Utc>::from_timestamp(1_795_000_000, 0).unwrap(),
    };
    archive::write(tenant, &label, delivery)
}

#[test]
fn an_archived_delivery_is_read_back_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let delivery = delivery(dir.path());
    let tenant = dir.path().join("data/t");
    let folder = archive(&tenant, &delivery).unwrap();
    assert_eq!(folder, tenant.join("archive/2026-11-24/20261124-023000-1f3a"));
    let back = archive::read(&folder).unwrap();
    assert_eq!(back.source, delivery.source);
    for feed in [Feed::Agent, Feed::Node, Feed::Organ] {
        let (old, new) = (file(&delivery, feed), file(&back, feed));
        assert!(old.bytes() == new.bytes(), "{feed}");
        assert_eq!((&old.sha256, old.size, old.mtime), (&new.sha256, new.size, new.mtime));
    }
    assert!(matches!(back.file(Feed::Principal), Fetched::Missing { .. }));
    for (path, mode) in [(folder.clone(), 0o700), (folder.join(MANIFEST), 0o600)] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
    }
    assert!(matches!(archive(&tenant, &delivery), Err(ArchiveError::Exists { .. })));
}

#[test]
fn a_damaged_archive_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let delivery = delivery(dir.path());
    let folder = archive(&dir.path().join("t"), &delivery).unwrap();
    let manifest = fs::read_to_string(folder.join(MANIFEST)).unwrap();
    let packed = folder.join(format!("{}.zst", NAMES[2]));
    let whole = fs::read(&packed).unwrap();

    let sha = &file(&delivery, Feed::Organ).sha256;
    for (changed, said) in [
        (manifest.replace(sha, &"0".repeat(64)), "not that of the manifest's SHA-256"),
        (manifest.replace("\"version\": 1", "\"version\": 2"), "manifest version 2"),
        (manifest.replace("\"organ\"", "\"node\""), "does not list the four files"),
        (manifest[..40].to_owned(), "no manifest"),
    ] {
        assert_ne!(changed, manifest);
        fs::write(folder.join(MANIFEST), changed).unwrap();
        let error = archive::read(&folder).unwrap_err();
        assert!(matches!(error, ArchiveError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    fs::write(folder.join(MANIFEST), manifest).unwrap();
    fs::write(&packed, &whole[..whole.len() - 1]).unwrap();
    let error = archive::read(&folder).unwrap_err();
    assert!(error.to_string().contains(NAMES[2]), "{error}");
    fs::write(&packed, &whole).unwrap();
    archive::read(&folder).unwrap();
    fs::remove_file(folder.join(MANIFEST)).unwrap();
    assert!(matches!(archive::read(&folder), Err(ArchiveError::Unreadable { .. })));
}

#[test]
fn a_full_disk_fails_the_archive_with_a_message() {
    let dir = tempfile::tempdir().unwrap();
    let delivery = delivery(dir.path());
    let file_in_the_way = dir.path().join("t");
    fs::write(&file_in_the_way, "").unwrap();
    let error = archive(&file_in_the_way, &delivery).unwrap_err();
    assert!(matches!(&error, ArchiveError::Disk(disk) if disk.path.starts_with(&file_in_the_way)));
    assert!(error.to_string().contains("cannot write"), "{error}");
}

#[test]
fn archived_files_are_readable_by_the_zstd_program() {
    let dir = tempfile::tempdir().unwrap();
    let delivery = delivery(dir.path());
    let folder = archive(&dir.path().join("t"), &delivery).unwrap();
    for feed in [Feed::Agent, Feed::Node, Feed::Organ] {
        let fetched = file(&delivery, feed);
        let packed = fs::read(folder.join(format!("{}.zst", fetched.name))).unwrap();
        let mut frames = packed.as_slice();
        let mut plain = Vec::new();
        while !frames.is_empty() {
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(frames).unwrap().single_frame();
            std::io::Read::read_to_end(&mut decoder, &mut plain).unwrap();
            frames = decoder.finish();
        }
        assert!(plain == fetched.bytes(), "{feed}");
    }
}
