//! Fetching from vsftpd and proftpd: plain and with TLS of both kinds and versions, under their defaults of
//! required session reuse.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use orgsnap::config::job::Source;
use orgsnap::fetch::{FetchError, Fetched};
use orgsnap::model::Feed;

use super::proftpd::Proftpd;
use super::security::{Security, Version};
use super::vsftpd::{Vsftpd, available};
use super::{NAMES, account, fetch_into, file, waiting_helps, with_retries};
use crate::peers;

/// Whether the server shakes hands in that version of TLS, as OpenSSL's client sees it.
fn speaks(port: u16, security: Security, version: &str) -> bool {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), version]);
    if let Security::Explicit(_) = security {
        command.args(["-starttls", "ftp"]);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).contains("Cipher is TLS")
        || String::from_utf8_lossy(&output.stdout).contains("Cipher is ECDHE")
}

/// A delivery before any server, ten connections in a row, and four files side by side.
#[track_caller]
fn comes_whole_by_all_ways(root: &Path, port: u16, trust: &str, security: Security) {
    let kind = security.kind();
    for (connections, rounds) in [(1, 10), (4, 3)] {
        let more = format!("path = '20261124'\nconnections = {connections}\n{trust}");
        let source = account(kind, port, "right", &more);
        // Four logins at once take some servers their time.
        let source = with_retries(source, Duration::from_secs(30), 3);
        for _ in 0..rounds {
            comes_whole_from(root, &source);
        }
    }
}

/// The ways of securing that real servers are tried in.
const WAYS: [Security; 5] = [
    Security::Plain,
    Security::Explicit(Version::Tls12),
    Security::Explicit(Version::Tls13),
    Security::Implicit(Version::Tls12),
    Security::Implicit(Version::Tls13),
];

fn speaks_one_version(port: u16, security: Security) {
    if security != Security::Plain {
        let (spoken, other) =
            if security.is_tls12() { ("-tls1_2", "-tls1_3") } else { ("-tls1_3", "-tls1_2") };
        assert!(speaks(port, security, spoken), "{security:?} does not speak {spoken}");
        assert!(!speaks(port, security, other), "{security:?} speaks {other}");
    }
}

#[test]
fn vsftpd_is_read_in_every_tls_mode() {
    if !available("vsftpd_is_read_in_every_tls_mode") {
        return;
    }
    for security in WAYS {
        let server = Vsftpd::secured(security);
        deliver(&server.root, "20261124");
        speaks_one_version(server.port, security);
        let trust = server.certificate.as_ref().map_or(String::new(), |certificate| {
            format!("tls = {{ ca = '{}' }}", certificate.ca.display())
        });
        comes_whole_by_all_ways(&server.root, server.port, &trust, security);
    }
}

#[test]
fn proftpd_is_read_in_every_tls_mode() {
    let Some(installed) = peers::proftpd_with("mod_tls.so") else {
        peers::skip(
            "proftpd_is_read_in_every_tls_mode",
            "proftpd with mod_tls is not installed, nor unpacked where ORGSNAP_PROFTPD says",
        );
        return;
    };
    for security in WAYS {
        let server = Proftpd::start(&installed, security);
        deliver(&server.root, "20261124");
        speaks_one_version(server.port, security);
        let trust = match security {
            Security::Plain => String::new(),
            _ => format!("tls = {{ ca = '{}' }}", server.certificate.ca.display()),
        };
        comes_whole_by_all_ways(&server.root, server.port, &trust, security);
        // The name is as open as the password is secret.
        assert!(!server.log().contains("right"));
    }
}

#[test]
fn proftpd_without_permission_is_left_to_a_person() {
    let Some(installed) = peers::proftpd_with("mod_tls.so") else {
        peers::skip(
            "proftpd_without_permission_is_left_to_a_person",
            "proftpd is not installed, nor unpacked where ORGSNAP_PROFTPD says",
        );
        return;
    };
    let server = Proftpd::start(&installed, Security::Plain);
    deliver(&server.root, "20261124");
    let file = server.root.join("20261124").join(NAMES[0]);
    let folder = server.root.join("20261124");
    for path in [file, folder] {
        // Whoever owns it, nobody may read it or enter it.
        let before = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        let source = account("ftp", server.port, "right", "path = '20261124'\nattempts = 1");
        let dir = tempfile::tempdir().unwrap();
        let error = fetch_into(dir.path(), &source).unwrap_err();
        fs::set_permissions(&path, before).unwrap();
        assert!(matches!(error, FetchError::NoPermission { .. }), "{}: {error}", path.display());
        assert!(!waiting_helps(&error));
    }
}

/// Files that a server in ASCII mode or a client that splits lines would change.
fn deliver(root: &Path, folder: &str) {
    let put = |name: &str, content: &[u8]| {
        fs::create_dir_all(root.join(folder)).unwrap();
        fs::write(root.join(folder).join(name), content).unwrap();
    };
    let large: Vec<u8> = (0..5_000_000_u32).map(|i| (i % 253) as u8).collect();
    put(NAMES[0], &large);
    put(NAMES[1], b"a\r\nb\n\n\x1a");
    put(NAMES[2], b"");
    put(NAMES[3], b"last");
}

/// Fetches the whole delivery and compares it with what the server holds.
#[track_caller]
fn comes_whole(server: &Vsftpd, source: &Source) {
    comes_whole_from(&server.root, source);
}

#[track_caller]
fn comes_whole_from(root: &Path, source: &Source) {
    let dir = tempfile::tempdir().unwrap();
    let workdir = dir.path().join("incoming");
    let delivery = fetch_into(&workdir, source).unwrap();
    for (feed, name) in Feed::ALL.into_iter().zip(NAMES) {
        let content = fs::read(root.join("20261124").join(name)).unwrap();
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
fn plain_ftp_reports_missing_partial_and_oversized_files() {
    if !available("plain_ftp_reports_missing_partial_and_oversized_files") {
        return;
    }
    let server = Vsftpd::plain();
    deliver(&server.root, "20261124");
    let dated = "path = '{date:%Y%m%d}'";
    comes_whole(&server, &account("ftp", server.port, "right", dated));

    // The dated directory is not there yet.
    let dir = tempfile::tempdir().unwrap();
    let late = account("ftp", server.port, "right", "path = 'late/{date:%Y%m%d}'");
    let error = fetch_into(dir.path(), &late).unwrap_err();
    let FetchError::NothingThere { place, .. } = &error else { panic!("{error}") };
    assert_eq!(*place, format!("ftp://anonymous@127.0.0.1:{}/late/20261124", server.port),);
    assert!(waiting_helps(&error));

    // A path that is a file is none that a delivery will come to.
    server.put("a-file", "x");
    let error = fetch_into(dir.path(), &account("ftp", server.port, "right", "path = 'a-file'"));
    let error = error.unwrap_err();
    assert!(matches!(error, FetchError::NotAFolder { .. }), "{error}");
    assert!(!waiting_helps(&error));

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
fn a_wrong_password_is_not_retried() {
    if !available("a_wrong_password_is_not_retried") {
        return;
    }
    let server = Vsftpd::plain();
    deliver(&server.root, "20261124");
    let dir = tempfile::tempdir().unwrap();
    let error = fetch_into(dir.path(), &account("ftp", server.port, "wr0ng", "")).unwrap_err();
    assert!(matches!(error, FetchError::LoginRefused { .. }), "{error}");
    let message = error.message();
    for text in [&message.zh, &message.en] {
        assert!(text.contains("anonymous") && text.contains("530"), "{text}");
        assert!(!text.contains("wr0ng"), "the password shows");
    }
    assert!(!waiting_helps(&error));
}

#[test]
fn explicit_tls_verifies_the_certificate() {
    if !available("explicit_tls_verifies_the_certificate") {
        return;
    }
    let server = Vsftpd::with_tls();
    deliver(&server.root, "20261124");
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
        assert!(!waiting_helps(&error));
    }
    // Without TLS its login is refused, and not for its password.
    let plain = super::account("ftp", server.port, "right", "path = '20261124'");
    let error = fetch_into(dir.path(), &plain).unwrap_err();
    assert!(matches!(error, FetchError::TlsRequired { .. }), "{error}");
    assert!(!waiting_helps(&error));
    let no_ca = account("tls = { ca = '/nowhere/ca.pem' }");
    let error = fetch_into(dir.path(), &no_ca).unwrap_err();
    assert!(matches!(error, FetchError::TlsSetup { .. }), "{error}");
}

#[test]
fn a_self_signed_certificate_that_ca_names_is_trusted_for_its_names_and_dates() {
    if !available("a_self_signed_certificate_that_ca_names_is_trusted_for_its_names_and_dates") {
        return;
    }
    let san = ["-subj", "/CN=Example", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
    let other = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=DNS:ftp.example.com"];
    // Whether it is trusted, or why not. Dates are tested beside the verifier.
    for (more, refusal) in [
        (&san[..], None),
        (&["-subj", "/CN=127.0.0.1"], None),
        (&["-subj", "/CN=ftp.example.com"], Some("it is not for 127.0.0.1")),
        (&other, Some("not valid for name")),
    ] {
        let server = Vsftpd::self_signed(more);
        deliver(&server.root, "20261124");
        let certificate = server.certificate.as_ref().unwrap();
        let more = format!("path = '20261124'\ntls = {{ ca = '{}' }}", certificate.ca.display());
        let source = account("ftps", server.port, "right", &more);
        let Some(refusal) = refusal else {
            comes_whole(&server, &source);
            continue;
        };
        let error = fetch_into(tempfile::tempdir().unwrap().path(), &source).unwrap_err();
        assert!(matches!(error, FetchError::NotTrusted { .. }), "{error}");
        assert!(error.to_string().contains(refusal), "{error}");
    }
}

#[test]
fn an_untrusted_certificate_is_shown_with_the_line_that_pins_it() {
    if !available("an_untrusted_certificate_is_shown_with_the_line_that_pins_it") {
        return;
    }
    let server =
        Vsftpd::self_signed(&["-subj", "/O=示例/CN=ftp.example.com", "-utf8", "-days", "2"]);
    deliver(&server.root, "20261124");
    let dated = "path = '20261124'";
    let source = account("ftps", server.port, "right", dated);
    let error = fetch_into(tempfile::tempdir().unwrap().path(), &source).unwrap_err();
    let fingerprint = &server.certificate.as_ref().unwrap().fingerprint;
    let line = format!("tls = {{ pin_sha256 = \"{fingerprint}\" }}");
    let until = format!("{}", (chrono::Utc::now() + chrono::Days::new(2)).format("%Y-%m-%d"));
    let message = error.message();
    for text in [&message.zh, &message.en] {
        let expected = [line.as_str(), "O=示例, CN=ftp.example.com", &until];
        assert!(expected.iter().all(|expected| text.contains(expected)), "{text}");
    }
    comes_whole(&server, &account("ftps", server.port, "right", &format!("{dated}\n{line}")));
}

#[test]
fn a_password_is_sent_in_gbk_where_names_are() {
    if !available("a_password_is_sent_in_gbk_where_names_are") {
        return;
    }
    // The server holds the password 密码 in GBK.
    let server = Vsftpd::plain();
    deliver(&server.root, "20261124");
    let dated = "path = '20261124'";
    comes_whole(
        &server,
        &account("ftp", server.port, "密码", &format!("{dated}\nencoding = 'gbk'")),
    );
    let source = account("ftp", server.port, "密码", dated);
    let error = fetch_into(tempfile::tempdir().unwrap().path(), &source).unwrap_err();
    assert!(matches!(error, FetchError::LoginRefused { .. }), "{error}");
    let message = error.message();
    assert!(
        message.en.contains("encoding = \"gbk\"") && message.zh.contains("encoding = \"gbk\""),
        "{error}"
    );
}

#[test]
fn a_server_that_refuses_passive_mode_is_read_in_active_mode() {
    if !available("a_server_that_refuses_passive_mode_is_read_in_active_mode") {
        return;
    }
    let first = peers::free_port();
    let ports = format!("active_ports = '{first}-{}'", first.saturating_add(200));
    for security in WAYS {
        let server = Vsftpd::with_settings(security, "pasv_enable=NO\n");
        deliver(&server.root, "20261124");
        let trust = server.certificate.as_ref().map_or(String::new(), |certificate| {
            format!("tls = {{ ca = '{}' }}", certificate.ca.display())
        });
        let passive = format!("path = '20261124'\n{trust}");
        let source = account(security.kind(), server.port, "right", &passive);
        let error = fetch_into(tempfile::tempdir().unwrap().path(), &source).unwrap_err();
        assert!(matches!(error, FetchError::DataModeRefused { active: false, .. }), "{error}");
        let message = error.message();
        for text in [&message.zh, &message.en] {
            assert!(text.contains("550") && text.contains("mode = \"active\""), "{text}");
        }
        assert!(!waiting_helps(&error));
        for more in ["", &ports, "active_address = '127.0.0.1'\nconnections = 4"] {
            let active = format!("{passive}\nmode = 'active'\n{more}");
            let source = account(security.kind(), server.port, "right", &active);
            comes_whole(&server, &with_retries(source, Duration::from_secs(30), 3));
        }
    }
}

#[test]
fn faults_of_active_mode_say_what_to_change() {
    if !available("faults_of_active_mode_say_what_to_change") {
        return;
    }
    let refuses = Vsftpd::with_settings(Security::Plain, "port_enable=NO\n");
    let strict = Vsftpd::plain();
    for (server, more, said) in [
        (&refuses, "", "refuses active mode (550"),
        // vsftpd connects to the address of the control connection only.
        (&strict, "active_address = '203.0.113.7'", "refuses active mode (500 Illegal PORT"),
    ] {
        deliver(&server.root, "20261124");
        let more = format!("path = '20261124'\nmode = 'active'\n{more}");
        let source = account("ftp", server.port, "right", &more);
        let error = fetch_into(tempfile::tempdir().unwrap().path(), &source).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert!(!waiting_helps(&error));
    }
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
fn a_refused_connection_is_retried() {
    let port = peers::free_port();
    let dir = tempfile::tempdir().unwrap();
    let source = with_retries(account("ftp", port, "right", ""), Duration::from_secs(2), 3);
    let error = fetch_into(dir.path(), &source).unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("connection refused"), "{error}");
    assert!(waiting_helps(&error));
}
