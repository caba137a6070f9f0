//! Fetching from vsftpd: plain and with explicit TLS, under its default of required session reuse.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use orgsnap::config::job::Source;
use orgsnap::fetch::{FetchError, Fetched};
use orgsnap::model::Feed;

use super::vsftpd::{Vsftpd, available};
use super::{NAMES, account, fetch_into, file, patience};

/// Files that a server in ASCII mode or a client that splits lines would change.
fn deliver(server: &Vsftpd, folder: &str) {
    let large: Vec<u8> = (0..5_000_000_u32).map(|i| (i % 253) as u8).collect();
    server.put(&format!("{folder}/{}", NAMES[0]), large);
    server.put(&format!("{folder}/{}", NAMES[1]), "a\r\nb\n\n\x1a");
    server.put(&format!("{folder}/{}", NAMES[2]), "");
    server.put(&format!("{folder}/{}", NAMES[3]), "last");
}

/// Fetches the whole delivery and compares it with what the server holds.
#[track_caller]
fn comes_whole(server: &Vsftpd, source: &Source) {
    let dir = tempfile::tempdir().unwrap();
    let workdir = dir.path().join("incoming");
    let delivery = fetch_into(&workdir, source).unwrap();
    for (feed, name) in Feed::ALL.into_iter().zip(NAMES) {
        let content = fs::read(server.root.join("20261124").join(name)).unwrap();
        let fetched = file(&delivery, feed);
        assert!(fetched.bytes() == content, "{name}");
        assert_eq!(fetched.size, content.len() as u64);
        assert!(fetched.mtime.is_some());
        let kept = workdir.join(name);
        assert_eq!(fs::read(&kept).unwrap(), content);
        assert_eq!(fs::metadata(kept).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(&workdir).unwrap().count(), 4, "something else stays behind");
    assert!(delivery.source.contains("anonymous@127.0.0.1"), "{}", delivery.source);
    assert!(!format!("{delivery:?}").contains("right"), "the password shows");
}

#[test]
fn plain_ftp() {
    if !available("plain_ftp") {
        return;
    }
    let server = Vsftpd::plain();
    deliver(&server, "20261124");
    let dated = "path = '{date:%Y%m%d}'";
    comes_whole(&server, &account("ftp", server.port, "right", dated));

    // The dated directory is not there yet.
    let dir = tempfile::tempdir().unwrap();
    let late = account("ftp", server.port, "right", "path = 'late/{date:%Y%m%d}'");
    let error = fetch_into(dir.path(), &late).unwrap_err();
    let FetchError::NothingThere { place } = &error else { panic!("{error}") };
    assert_eq!(*place, format!("ftp://anonymous@127.0.0.1:{}/late/20261124", server.port),);
    assert!(error.is_transient());

    // It is there, and empty; then one file comes.
    fs::create_dir_all(server.root.join("late/20261124")).unwrap();
    let error = fetch_into(dir.path(), &late).unwrap_err();
    assert!(matches!(error, FetchError::NothingThere { .. }), "{error}");
    server.put("late/20261124/temp_agent.txt", "x");
    let delivery = fetch_into(dir.path(), &late).unwrap();
    assert_eq!(file(&delivery, Feed::Agent).bytes(), b"x");
    assert!(matches!(delivery.file(Feed::Node), Fetched::Missing { .. }));

    // A file beyond the limit is not fetched.
    let large = server.root.join("late/20261124/temp_agent.txt");
    fs::File::create(large).unwrap().set_len(5 << 30).unwrap();
    let delivery = fetch_into(dir.path(), &late).unwrap();
    assert!(
        matches!(delivery.file(Feed::Agent), Fetched::Oversized { size, .. } if *size == 5 << 30)
    );
}

#[test]
fn a_wrong_password_is_tried_once() {
    if !available("a_wrong_password_is_tried_once") {
        return;
    }
    let server = Vsftpd::plain();
    deliver(&server, "20261124");
    let dir = tempfile::tempdir().unwrap();
    let error = fetch_into(dir.path(), &account("ftp", server.port, "wr0ng", "")).unwrap_err();
    assert!(matches!(error, FetchError::LoginRefused { .. }), "{error}");
    let message = error.message();
    for text in [&message.zh, &message.en] {
        assert!(text.contains("anonymous") && text.contains("530"), "{text}");
        assert!(!text.contains("wr0ng"), "the password shows");
    }
    assert!(!error.is_transient());
}

#[test]
fn explicit_tls() {
    if !available("explicit_tls") {
        return;
    }
    let server = Vsftpd::with_tls();
    deliver(&server, "20261124");
    let certificate = server.certificate.as_ref().unwrap();
    let account = |trust: &str| {
        let more = format!("path = '20261124'\n{trust}");
        account("ftps", server.port, "right", &more)
    };
    comes_whole(
        &server,
        &account(&format!("tls = {{ pin_sha256 = '{}' }}", certificate.fingerprint)),
    );
    comes_whole(&server, &account(&format!("tls = {{ ca = '{}' }}", certificate.ca.display())));

    let dir = tempfile::tempdir().unwrap();
    let wrong_pin = format!("tls = {{ pin_sha256 = '{}' }}", "ab".repeat(32));
    for (trust, said) in [(wrong_pin.as_str(), "not the pinned one"), ("", "UnknownIssuer")] {
        let error = fetch_into(dir.path(), &account(trust)).unwrap_err();
        assert!(matches!(error, FetchError::NotTrusted { .. }), "{error}");
        assert!(error.to_string().contains(said), "{error}");
        assert!(!error.is_transient());
    }
    let no_ca = account("tls = { ca = '/nowhere/ca.pem' }");
    let error = fetch_into(dir.path(), &no_ca).unwrap_err();
    assert!(matches!(error, FetchError::TlsSetup { .. }), "{error}");
}

#[test]
fn a_server_without_tls_does_not_get_the_password() {
    if !available("a_server_without_tls_does_not_get_the_password") {
        return;
    }
    let server = Vsftpd::plain();
    let dir = tempfile::tempdir().unwrap();
    let error = fetch_into(dir.path(), &account("ftps", server.port, "right", "")).unwrap_err();
    assert!(matches!(error, FetchError::TlsRefused { .. }), "{error}");
}

#[test]
fn a_port_where_nobody_listens_is_tried_again() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let dir = tempfile::tempdir().unwrap();
    let source = patience(account("ftp", port, "right", ""), Duration::from_secs(2), 3);
    let error = fetch_into(dir.path(), &source).unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("connection refused"), "{error}");
    assert!(error.is_transient());
}
