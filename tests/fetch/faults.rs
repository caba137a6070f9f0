//! Fetching from a server that misbehaves: what is tried again, what is refused, and how soon.

use std::time::{Duration, Instant};

use orgsnap::fetch::{FetchError, RawDelivery};
use orgsnap::model::Feed;

use super::faulty_server::{Fault, FaultyServer, Quirks};
use super::{account, fetch_into, file, waiting_helps, with_retries};

/// Larger than one read, and such that every part differs.
fn content() -> Vec<u8> {
    (0..700_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn fetch(server: &FaultyServer, attempts: u32) -> Result<RawDelivery, FetchError> {
    let dir = tempfile::tempdir().unwrap();
    let source = account("ftp", server.port, "hunter2", "");
    let result =
        fetch_into(dir.path(), &with_retries(source, Duration::from_millis(500), attempts));
    if result.is_err() {
        let finished = std::fs::read_dir(dir.path())
            .unwrap()
            .filter(|entry| !entry.as_ref().unwrap().path().display().to_string().contains(".part"))
            .count();
        assert_eq!(finished, 0, "a bad download passes for a good one");
    }
    result
}

#[test]
fn every_transfer_fault_is_detected_and_the_next_attempt_succeeds() {
    let cases = [
        (Fault::CutShort(50), "1400000 of 2800000 bytes came"),
        (Fault::Aborted("426 aborted"), "426 aborted"),
        (Fault::Stall, "no answer within the timeout"),
        (Fault::TooLong, "more came than the 2800000 bytes"),
    ];
    for (fault, said) in cases {
        let server = FaultyServer::start(&content(), &[fault], Quirks::default());
        let error = fetch(&server, 2).unwrap_err();
        assert!(matches!(error, FetchError::Interrupted { .. }), "{fault:?}: {error}");
        assert!(error.to_string().contains(said), "{fault:?}: {error}");
        assert!(error.to_string().contains("temp_agent.txt"), "{fault:?}: {error}");
        assert!(waiting_helps(&error));
        assert_eq!((server.seen("RETR"), server.seen("USER")), (2, 2), "{fault:?}");

        let server = FaultyServer::start(&content(), &[fault, Fault::None], Quirks::default());
        let delivery = fetch(&server, 2).unwrap();
        assert!(file(&delivery, Feed::Agent).bytes() == content(), "{fault:?}");
        assert_eq!(server.seen("RETR"), 2, "{fault:?}");
    }
}

#[test]
fn a_file_in_use_is_waited_for_and_a_missing_permission_is_not() {
    let cases = [
        (Fault::Refused("550 The process cannot access the file because it is being used"), true),
        (Fault::Refused("550 temp_agent.txt: Permission denied"), false),
    ];
    for (fault, waits) in cases {
        let server = FaultyServer::start(&content(), &[fault], Quirks::default());
        let error = fetch(&server, 2).unwrap_err();
        assert_eq!(matches!(error, FetchError::NoPermission { .. }), !waits, "{error}");
        assert_eq!(waiting_helps(&error), waits, "{error}");
        // Some servers set the permissions only after the upload.
        assert_eq!(server.seen("RETR"), 2, "{error}");
    }
}

#[test]
fn a_download_resumes_after_the_connection_drops() {
    for (quirks, rests, retrs) in [
        (Quirks::default(), 2, 2),
        // Refused: begun anew over the same connection. Ignored: noticed by the overlap, and begun anew.
        (Quirks { no_rest: true, ..Quirks::default() }, 1, 2),
        (Quirks { ignores_rest: true, ..Quirks::default() }, 2, 3),
    ] {
        let faults = [Fault::CutShort(50), Fault::None];
        let server = FaultyServer::start(&content(), &faults, quirks);
        let delivery = fetch(&server, 3).unwrap();
        assert!(file(&delivery, Feed::Agent).bytes() == content(), "{quirks:?}");
        assert_eq!((server.seen("REST"), server.seen("RETR")), (rests, retrs), "{quirks:?}");
    }
}

#[test]
fn a_download_resumes_in_the_next_run_if_the_file_is_unchanged() {
    for (changed, rests) in [(false, 2), (true, 0)] {
        let dir = tempfile::tempdir().unwrap();
        let faults = [Fault::CutShort(50), Fault::None];
        let server = FaultyServer::start(&content(), &faults, Quirks::default());
        let source = with_retries(account("ftp", server.port, "x", ""), Duration::from_secs(2), 1);
        fetch_into(dir.path(), &source).unwrap_err();
        if changed {
            server.replace("temp_agent.txt", b"another");
        }
        let delivery = fetch_into(dir.path(), &source).unwrap();
        assert!(file(&delivery, Feed::Agent).bytes() == server.files()["temp_agent.txt"]);
        assert_eq!(server.seen("REST"), rests);
    }
}

#[test]
fn a_download_without_the_final_reply_is_verified_again() {
    for fault in [Fault::NoReply, Fault::ControlClosed] {
        let server = FaultyServer::start(&content(), &[fault], Quirks::default());
        let delivery = fetch(&server, 1).unwrap();
        assert!(file(&delivery, Feed::Agent).bytes() == content(), "{fault:?}");
        assert_eq!((server.seen("RETR"), server.seen("USER")), (1, 2), "{fault:?}");
    }
}

#[test]
fn a_file_that_changes_during_the_download_is_fetched_again() {
    let server = FaultyServer::start(&content(), &[Fault::Changes, Fault::None], Quirks::default());
    let delivery = fetch(&server, 2).unwrap();
    assert_eq!(file(&delivery, Feed::Agent).size, 2_800_001);
    let server = FaultyServer::start(&content(), &[Fault::Changes], Quirks::default());
    assert!(matches!(fetch(&server, 2), Err(FetchError::Changing { .. })));
}

#[test]
fn a_stall_costs_one_timeout_an_attempt() {
    let server = FaultyServer::start(&content(), &[Fault::Stall], Quirks::default());
    let started = Instant::now();
    fetch(&server, 1).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn a_server_without_size_needs_two_equal_downloads() {
    let quirks = Quirks { no_size: true, ..Quirks::default() };
    let server = FaultyServer::start(&content(), &[Fault::None], quirks);
    let delivery = fetch(&server, 1).unwrap();
    let agent = file(&delivery, Feed::Agent);
    assert!(agent.bytes() == content() && agent.mtime.is_none());
    // The other three files are found missing by RETR alone.
    assert_eq!(server.seen("RETR"), 5);

    let server = FaultyServer::start(&content(), &[Fault::CutShort(50), Fault::None], quirks);
    assert!(matches!(fetch(&server, 1), Err(FetchError::Changing { .. })));
}

#[test]
fn the_address_in_a_pasv_reply_is_ignored() {
    for (pasv, asked) in [
        // The folder is listed before and after the transfer, for the files that are missing.
        (None, 3),
        // These suppaftp does not understand: the first is asked again, and all are read by ourselves.
        (Some(&b"227 ={}"[..]), 4),
        (Some(b"227 spaced ({})"), 4),
        (Some(b"227 \xbd\xf8\xc8\xeb\xb1\xbb\xb6\xaf\xc4\xa3\xca\xbd ({})"), 4),
    ] {
        let quirks = Quirks { no_epsv: true, pasv, ..Quirks::default() };
        let server = FaultyServer::start(&content(), &[Fault::None], quirks);
        let delivery = fetch(&server, 1).unwrap();
        assert!(file(&delivery, Feed::Agent).bytes() == content());
        assert_eq!((server.seen("EPSV"), server.seen("PASV")), (1, asked), "{pasv:?}");
    }
}

#[test]
fn a_refused_login_is_not_retried_and_its_reply_is_shown_without_secrets() {
    let quirks = Quirks { refuses: true, ..Quirks::default() };
    let server = FaultyServer::start(&content(), &[], quirks);
    let error = fetch(&server, 5).unwrap_err();
    assert!(matches!(error, FetchError::LoginRefused { .. }), "{error}");
    assert!(error.to_string().contains("530 登录失败 ***"), "{error}");
    assert_eq!(server.seen("PASS"), 1);
}

#[test]
fn the_fetch_deadline_ends_the_attempts() {
    let server = FaultyServer::start(&content(), &[Fault::Stall], Quirks::default());
    let dir = tempfile::tempdir().unwrap();
    let mut source =
        with_retries(account("ftp", server.port, "x", ""), Duration::from_millis(400), 100);
    source.fetching_mut().deadline = Duration::from_secs(1);
    let started = Instant::now();
    let error = fetch_into(dir.path(), &source).unwrap_err();
    assert!(matches!(error, FetchError::Deadline { .. }), "{error}");
    assert!(waiting_helps(&error));
    // A hundred attempts would take forty seconds.
    assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());
}
