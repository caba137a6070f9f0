//! Uploads that break: nothing incomplete ever has the final name, and what is worth it is tried again.

use std::fs;
use std::time::Duration;

use orgsnap::fetch::FetchError;

use super::upload::{Files, put};
use super::upload_server::{Fault, UploadServer};
use super::{account, waiting_helps, with_retries};

/// Puts a large file on a server with these faults, in three attempts.
fn outcome(faults: &[Fault]) -> (UploadServer, Files, Result<Vec<String>, FetchError>) {
    let server = UploadServer::start(faults, true);
    server.hold("findings.xlsx", b"of yesterday");
    let files = Files::large();
    let source = account("ftp", server.port, "right", "");
    let source = with_retries(source, Duration::from_secs(5), 3);
    let done = put(&source, "reports", &files.paths);
    (server, files, done)
}

#[test]
fn a_broken_upload_is_tried_again_and_no_part_has_the_final_name() {
    for fault in [Fault::HangsUp, Fault::Aborts("426 aborted"), Fault::KeepsHalf] {
        let (server, files, done) = outcome(&[fault, fault, Fault::None]);
        done.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        let content = fs::read(&files.paths[0]).unwrap();
        assert_eq!(server.uploads(), 3, "{fault:?}");
        assert_eq!(server.sizes_of_whole_files(), [content.len()], "{fault:?}");
        let held = server.files();
        assert_eq!(held.keys().collect::<Vec<_>>(), ["findings.xlsx"], "{fault:?}");
        assert!(held["findings.xlsx"] == content, "{fault:?}");
    }
}

#[test]
fn an_upload_that_never_succeeds_leaves_the_file_of_before() {
    for fault in [Fault::HangsUp, Fault::Aborts("426 aborted"), Fault::KeepsHalf] {
        let (server, _, done) = outcome(&[fault]);
        let error = done.expect_err("never whole");
        assert!(matches!(error, FetchError::Interrupted { .. }), "{fault:?}: {error:?}");
        assert!(waiting_helps(&error));
        assert_eq!(server.uploads(), 3, "{fault:?}");
        assert_eq!(server.files()["findings.xlsx"], b"of yesterday", "{fault:?}");
    }
}

#[test]
fn a_server_without_space_is_told_of_at_once() {
    for fault in [
        Fault::Aborts("552 disk quota exceeded"),
        Fault::Refuses("552 disk quota exceeded"),
        Fault::Refuses("452 no space left"),
    ] {
        let (server, _, done) = outcome(&[fault]);
        let error = done.expect_err("no space");
        let FetchError::NotStored { what, reply } = &error else { panic!("{fault:?}: {error:?}") };
        assert_eq!(what, "findings.xlsx.part");
        assert!(reply.contains("quota") || reply.contains("space"), "{reply}");
        assert!(!waiting_helps(&error));
        assert!(server.uploads() <= 2, "{fault:?}: {}", server.uploads());
        assert_eq!(server.files()["findings.xlsx"], b"of yesterday", "{fault:?}");
    }
}

#[test]
fn a_server_that_renames_over_no_file_has_the_old_one_removed_first() {
    let server = UploadServer::start(&[Fault::None], false);
    server.hold("findings.xlsx", b"of yesterday");
    let files = Files::large();
    put(&account("ftp", server.port, "right", ""), "reports", &files.paths).unwrap();
    assert!(server.files()["findings.xlsx"] == fs::read(&files.paths[0]).unwrap());
    assert_eq!(server.files().len(), 1);
}
