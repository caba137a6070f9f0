//! Fetching from an SFTP server that misbehaves, and from ones that log in their own way.

use std::fs;

use orgsnap::config::job::Source;
use orgsnap::fetch::{FetchError, NoProgress, RawDelivery};

use super::faulty_sftp::{Fault, FaultySftp, Login, Manners, private_key};
use super::sftp::{fetch, source};
use super::waiting_helps;

/// Larger than what is under way at once, and such that every part differs.
fn content() -> Vec<u8> {
    (0..1_400_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn account(server: &FaultySftp, more: &str) -> Source {
    source(server.port, &server.fingerprint, more)
}

/// Fetches; what stands there then is the file or, after an error, nothing that passes for it.
#[track_caller]
fn fetch_from(server: &FaultySftp, attempts: u32) -> Result<RawDelivery, FetchError> {
    let dir = tempfile::tempdir().unwrap();
    let more = format!("password = 'right'\nattempts = {attempts}");
    let mut source = account(server, &more);
    source.fetching_mut().timeout = std::time::Duration::from_secs(3);
    let result = fetch(dir.path(), &source, &NoProgress);
    let file = dir.path().join("temp_agent.txt");
    assert_eq!(result.is_ok(), file.exists());
    result
}

#[test]
fn every_transfer_fault_is_detected_and_the_next_attempt_succeeds() {
    let cases = [
        (Fault::EndsEarly, "of 5600000 bytes came"),
        (Fault::HangsUp, "the server broke the connection"),
        (Fault::Stalls, "no answer within the timeout"),
        (Fault::Fails, "Failure"),
        (Fault::Endless, "more came than the 5600000 bytes"),
        (Fault::Denies, "Permission denied"),
    ];
    for (fault, said) in cases {
        let manners = |faults| Manners { faults, ..Manners::default() };
        let server = FaultySftp::start(&content(), manners(vec![fault]));
        let error = fetch_from(&server, 2).unwrap_err();
        assert!(error.to_string().contains(said), "{fault:?}: {error}");
        assert!(error.to_string().contains("temp_agent.txt"), "{fault:?}: {error}");
        assert_eq!(waiting_helps(&error), fault != Fault::Denies, "{fault:?}: {error}");
        assert_eq!(server.downloads(), 2, "{fault:?}");

        let server = FaultySftp::start(&content(), manners(vec![fault, Fault::None]));
        fetch_from(&server, 2).unwrap();
        assert_eq!(server.downloads(), 2, "{fault:?}");
    }
}

#[test]
fn an_sftp_file_that_changes_is_fetched_again() {
    for fault in [Fault::Changes, Fault::Replaced] {
        let manners = Manners { faults: vec![fault, Fault::None], ..Manners::default() };
        let server = FaultySftp::start(&content(), manners);
        fetch_from(&server, 2).unwrap();
        assert_eq!(server.downloads(), 2, "{fault:?}");

        let manners = Manners { faults: vec![fault], ..Manners::default() };
        let server = FaultySftp::start(&content(), manners);
        let error = fetch_from(&server, 2).unwrap_err();
        assert!(matches!(error, FetchError::Changing { .. }), "{fault:?}: {error}");
    }
}

#[test]
fn short_reads_of_an_sftp_server_are_completed() {
    let manners = Manners { faults: vec![Fault::Drips], ..Manners::default() };
    let server = FaultySftp::start(&content(), manners);
    let dir = tempfile::tempdir().unwrap();
    fetch(dir.path(), &account(&server, "password = 'right'"), &NoProgress).unwrap();
    assert!(fs::read(dir.path().join("temp_agent.txt")).unwrap() == content());
}

/// What comes of a login: words of the fault, and how many wrong passwords the server saw.
struct Outcome {
    said: &'static str,
    wrong_passwords: usize,
}

#[test]
fn an_sftp_login_is_tried_once_by_each_method() {
    let good = None;
    let refused = |said, wrong_passwords| Some(Outcome { said, wrong_passwords });
    let cases: [(Login, &str, Option<Outcome>); 11] = [
        (Login::Password, "password = 'right'", good),
        (Login::Password, "password = 'hunter2'", refused("Permission denied", 1)),
        (Login::Question, "password = 'right'", None),
        (Login::Question, "password = 'hunter2'", refused("Permission denied", 1)),
        (Login::TwoQuestions, "password = 'right'", refused("Code sent to your phone", 0)),
        (Login::HangsUp, "password = 'right'", None),
        (Login::HangsUp, "password = 'hunter2'", refused("refuses the login", 1)),
        (Login::Key, "KEY", None),
        (
            Login::Key,
            "password = 'right'",
            refused("accepts only these authentication methods: publickey", 0),
        ),
        (Login::KeyAndPassword, "KEY\npassword = 'right'", None),
        (Login::KeyAndPassword, "KEY", refused("Permission denied (password)", 0)),
    ];
    for (login, more, expected) in cases {
        let server = FaultySftp::start(b"x", Manners { login, ..Manners::default() });
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("key");
        fs::write(&key, private_key()).unwrap();
        let more = more.replace("KEY", &format!("key = {{ file = '{}' }}", key.display()));
        let result = fetch(&dir.path().join("in"), &account(&server, &more), &NoProgress);
        let Some(expected) = expected else {
            result.unwrap_or_else(|error| panic!("{login:?} {more}: {error}"));
            continue;
        };
        let error = result.unwrap_err();
        assert!(error.to_string().contains(expected.said), "{login:?} {more}: {error}");
        assert!(!waiting_helps(&error), "{login:?} {more}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "the password shows");
        assert_eq!(server.wrong_passwords(), expected.wrong_passwords, "{login:?} {more}");
        assert_eq!(server.connections(), 1, "{login:?} {more}");
    }
}

#[test]
fn an_sftp_server_without_a_needed_feature_is_named_in_the_error() {
    let cases = [
        (Manners { no_sftp: true, ..Manners::default() }, "gives this account no SFTP"),
        (Manners { old: true, ..Manners::default() }, "for encryption: it offers only aes128-cbc"),
    ];
    for (manners, said) in cases {
        let server = FaultySftp::start(b"x", manners);
        let dir = tempfile::tempdir().unwrap();
        let source = account(&server, "password = 'right'");
        let error = fetch(dir.path(), &source, &NoProgress).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert!(!waiting_helps(&error), "{error}");
    }
}

#[test]
fn a_server_that_is_no_ssh_server_is_unreachable() {
    use std::io::Write;
    // An FTP server's greeting, many lines of something else, and silence.
    let cases: [(&'static [u8], &str); 3] = [
        (b"220 ready\r\n", "the server broke the connection"),
        (&[b'\n'; 100_000], "no SSH server"),
        (b"", "the server broke the connection"),
    ];
    for (greeting, said) in cases {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                // A client that has read enough hangs up, as it may.
                _ = client.write_all(greeting);
            }
        });
        let dir = tempfile::tempdir().unwrap();
        let pin = format!("SHA256:{}", "A".repeat(43));
        let source = source(port, &pin, "password = 'x'\nattempts = 2");
        let error = fetch(dir.path(), &source, &NoProgress).unwrap_err();
        assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(waiting_helps(&error));
    }
}
