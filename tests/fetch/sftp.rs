//! Fetching from OpenSSH: keys and host keys, broken connections, connections side by side.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use orgsnap::config::job::{self, Source};
use orgsnap::fetch::{self, FetchError, Fetched, NoProgress, Progress, RawDelivery, Request};
use orgsnap::model::{Cancel, Feed};
use orgsnap::sample::{self, Options};

use super::sshd::{self, Sshd, available, user};
use super::{NAMES, date, schema, waiting_helps};

/// The source of a job file with short waits; `more` are further lines of its `[source]`.
pub(super) fn source(port: u16, host_key: &str, more: &str) -> Source {
    let user = user();
    let wait = if more.contains("retry_wait") { "" } else { "retry_wait = '10ms'\n" };
    let text = format!(
        "tenant = 't'\n[source]\nkind = 'sftp'\nhost = '127.0.0.1'\nport = {port}\n\
         username = '{user}'\nhost_key = '{host_key}'\nready = 'now'\ntimeout = '20s'\n\
         deadline = '120s'\n{wait}{more}\n"
    );
    job::parse(Path::new("/nowhere/x.toml"), &text, &|_| None).unwrap().source.unwrap()
}

/// Fetches with somebody looking on.
pub(super) fn fetch(
    workdir: &Path,
    source: &Source,
    progress: &dyn Progress,
) -> Result<RawDelivery, FetchError> {
    let (schema, cancel) = (schema(), Cancel::new());
    let (date, max_file_size) = (date(), 1 << 30);
    let request = Request {
        source,
        schema: &schema,
        date,
        max_file_size,
        workdir,
        cancel: &cancel,
        caller_polls: false,
        earlier: &[],
    };
    fetch::fetch(&request, progress)
}

/// The key that logs in, and further lines.
fn with_key(server: &Sshd, more: &str) -> Source {
    let key = format!("key = {{ file = '{}' }}\n{more}", server.key.display());
    source(server.port, &server.ed25519, &key)
}

fn content() -> Vec<u8> {
    (0..1_500_000_u32).flat_map(u32::to_le_bytes).collect()
}

/// Files that a client which splits lines or takes two requests for one would change.
fn deliver(server: &Sshd, folder: &str) {
    server.put(&format!("{folder}/{}", NAMES[0]), content());
    server.put(&format!("{folder}/{}", NAMES[1]), "a\r\nb\n\n\x1a");
    server.put(&format!("{folder}/{}", NAMES[2]), "");
    server.put(&format!("{folder}/{}", NAMES[3]), "last");
}

/// Fetches the whole delivery and compares it with what the server holds.
#[track_caller]
fn comes_whole(server: &Sshd, folder: &str, source: &Source, progress: &dyn Progress) {
    let dir = tempfile::tempdir().unwrap();
    let delivery = fetch(dir.path(), source, progress).unwrap();
    for (feed, name) in Feed::ALL.into_iter().zip(NAMES) {
        let content = fs::read(server.root.join(folder).join(name)).unwrap();
        assert!(fs::read(dir.path().join(name)).unwrap() == content, "{name}");
        let fetched = super::file(&delivery, feed);
        assert_eq!(fetched.size, content.len() as u64);
        assert!(fetched.mtime.is_some());
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4, "something else stays behind");
}

#[test]
fn sftp_logs_in_by_key_and_reads_a_dated_directory() {
    if !available("sftp_logs_in_by_key_and_reads_a_dated_directory") {
        return;
    }
    let server = Sshd::start();
    deliver(&server, "交付/20261124");
    let dated = with_key(&server, "path = '交付/{date:%Y%m%d}'");
    comes_whole(&server, "交付/20261124", &dated, &NoProgress);
    let absolute = format!("path = '{}/交付/20261124/'", server.root.display());
    comes_whole(&server, "交付/20261124", &with_key(&server, &absolute), &NoProgress);

    // The dated directory is not there yet; then it is, with one file.
    let dir = tempfile::tempdir().unwrap();
    let late = with_key(&server, "path = 'late/{date:%Y%m%d}'");
    let error = fetch(dir.path(), &late, &NoProgress).unwrap_err();
    let FetchError::NothingThere { place, .. } = &error else { panic!("{error}") };
    let (user, port) = (user(), server.port);
    assert_eq!(*place, format!("sftp://{user}@127.0.0.1:{port}/late/20261124"));
    assert!(waiting_helps(&error));
    server.put("late/20261124/temp_agent.txt", "x");
    let delivery = fetch(dir.path(), &late, &NoProgress).unwrap();
    assert_eq!(super::file(&delivery, Feed::Agent).size, 1);
    assert!(matches!(delivery.file(Feed::Node), Fetched::Missing { .. }));

    // A file beyond the limit is not fetched.
    let large = server.root.join("late/20261124/temp_agent.txt");
    fs::File::create(&large).unwrap().set_len(5 << 30).unwrap();
    let delivery = fetch(dir.path(), &late, &NoProgress).unwrap();
    let oversized = delivery.file(Feed::Agent);
    assert!(matches!(oversized, Fetched::Oversized { size, .. } if *size == 5 << 30));

    // A path that is a file is none that a delivery will come to.
    server.put("a-file", "x");
    let error = fetch(dir.path(), &with_key(&server, "path = 'a-file'"), &NoProgress).unwrap_err();
    assert!(matches!(error, FetchError::NotAFolder { .. }), "{error}");
    assert!(!waiting_helps(&error));

    // What bears the name of a file is none.
    fs::remove_file(&large).unwrap();
    fs::create_dir(&large).unwrap();
    let error = fetch(dir.path(), &late, &NoProgress).unwrap_err();
    assert!(matches!(error, FetchError::NotAFile { .. }), "{error}");
}

#[test]
fn only_the_pinned_host_key_is_trusted_whatever_the_server_prefers() {
    if !available("only_the_pinned_host_key_is_trusted_whatever_the_server_prefers") {
        return;
    }
    let server = Sshd::start();
    deliver(&server, ".");
    let key = format!("key = {{ file = '{}' }}", server.key.display());
    for pin in [&server.ed25519, &server.rsa] {
        comes_whole(&server, ".", &source(server.port, pin, &key), &NoProgress);
    }

    let wrong = source(server.port, &format!("SHA256:{}", "A".repeat(43)), &key);
    let mut none = wrong.clone();
    if let Source::Sftp(account) = &mut none {
        account.host_key = None;
    }
    for (source, why) in [(wrong, "does not match host_key"), (none, "has no host_key")] {
        let dir = tempfile::tempdir().unwrap();
        let error = fetch(dir.path(), &source, &NoProgress).unwrap_err();
        assert!(matches!(error, FetchError::HostKey { .. }), "{error}");
        assert!(!waiting_helps(&error));
        let message = error.message();
        assert!(message.en.contains(why), "{error}");
        for text in [&message.zh, &message.en] {
            // Both are shown, so that the one the insurer names is found among them.
            assert!(text.contains(&server.ed25519) && text.contains(&server.rsa), "{text}");
        }
    }
    // Nobody has tried to log in.
    assert!(!server.log().contains("Failed"), "{}", server.log());
}

#[test]
fn refused_sftp_logins_say_why() {
    if !available("refused_sftp_logins_say_why") {
        return;
    }
    let server = Sshd::start();
    deliver(&server, ".");
    let dir = tempfile::tempdir().unwrap();
    let make = |name: &str, kind, passphrase| {
        let path = dir.path().join(name);
        sshd::make_key(&path, kind, passphrase);
        path
    };
    let stranger = make("stranger", "ed25519", "");
    let stranger_rsa = make("stranger_rsa", "rsa", "");
    let locked = make("locked", "ed25519", "open sesame");
    let no_key = dir.path().join("no_key");
    fs::write(&no_key, "-----BEGIN NONSENSE-----\n").unwrap();
    let key = |path: &PathBuf| format!("key = {{ file = '{}' }}\n", path.display());
    let locked_with = |word: &str| format!("{}key_passphrase = '{word}'", key(&locked));
    let cases: [(String, fn(&FetchError) -> bool, &str); 8] = [
        (key(&stranger), is_login_refused, "Permission denied (publickey)"),
        (key(&stranger_rsa), is_login_refused, "Permission denied (publickey)"),
        (
            "password = 'hunter2'".to_owned(),
            is_login_method,
            "accepts only these authentication methods: publickey",
        ),
        (key(&locked), is_private_key, "no key_passphrase"),
        (locked_with("wr0ng"), is_private_key, "or not of this passphrase"),
        // The right passphrase opens it; the server does not know it.
        (locked_with("open sesame"), is_login_refused, "Permission denied (publickey)"),
        (key(&no_key), is_private_key, "no private key known here"),
        (key(&dir.path().join("nowhere")), is_private_key, "cannot be read"),
    ];
    for (more, is_expected, said) in cases {
        let workdir = tempfile::tempdir().unwrap();
        let source = source(server.port, &server.ed25519, &more);
        let error = fetch(workdir.path(), &source, &NoProgress).unwrap_err();
        assert!(is_expected(&error), "{more}: {error:?}");
        assert!(!waiting_helps(&error), "{more}: {error}");
        assert!(error.to_string().contains(said), "{more}: {error}");
        for secret in ["hunter2", "wr0ng", "open sesame"] {
            assert!(!format!("{error} {error:?} {}", error.message().zh).contains(secret));
        }
    }
}

fn is_login_refused(error: &FetchError) -> bool {
    matches!(error, FetchError::LoginRefused { .. })
}

fn is_login_method(error: &FetchError) -> bool {
    matches!(error, FetchError::LoginMethod { .. })
}

fn is_private_key(error: &FetchError) -> bool {
    matches!(error, FetchError::PrivateKey { .. })
}

/// Does something once, when so many bytes have come.
struct After<F: Fn() + Sync> {
    bytes: u64,
    so_far: AtomicU64,
    act: F,
}

impl<F: Fn() + Sync> After<F> {
    fn new(bytes: u64, act: F) -> After<F> {
        After { bytes, so_far: AtomicU64::new(0), act }
    }
}

impl<F: Fn() + Sync> Progress for After<F> {
    fn file(&self, _: Feed, _: Option<u64>) {}

    fn bytes(&self, _: Feed, n: u64) {
        let before = self.so_far.fetch_add(n, Ordering::Relaxed);
        if before < self.bytes && before + n >= self.bytes {
            (self.act)();
        }
    }
}

#[test]
fn an_sftp_download_resumes_after_the_connection_drops() {
    if !available("an_sftp_download_resumes_after_the_connection_drops") {
        return;
    }
    let server = Sshd::start();
    deliver(&server, ".");
    let cut = After::new(2_000_000, || assert!(server.cut() > 0, "nothing was cut"));
    comes_whole(&server, ".", &with_key(&server, "connections = 1"), &cut);
    // 6 MB, of which a third came before. What comes twice is the overlap; progress counts what an
    // earlier attempt brought once more.
    let logins = server.log().matches("Accepted publickey").count();
    assert!(logins >= 2, "{}", server.log());

    // One attempt is not enough; what came stays for the next fetch.
    let dir = tempfile::tempdir().unwrap();
    let cut = After::new(2_000_000, || assert!(server.cut() > 0, "nothing was cut"));
    let once = with_key(&server, "connections = 1\nattempts = 1");
    let error = fetch(dir.path(), &once, &cut).unwrap_err();
    assert!(matches!(error, FetchError::Interrupted { .. }), "{error}");
    assert!(error.to_string().contains("the server broke the connection"), "{error}");
    assert!(waiting_helps(&error));
    let part = fs::metadata(dir.path().join("temp_agent.txt.part")).unwrap().len();
    assert!(part >= 1_900_000, "only {part} bytes stay");
    let resumed = After::new(u64::MAX, || ());
    fetch(dir.path(), &once, &resumed).unwrap();
    assert!(fs::read(dir.path().join("temp_agent.txt")).unwrap() == content());
}

#[test]
fn an_sftp_file_replaced_during_the_download_is_fetched_again() {
    if !available("an_sftp_file_replaced_during_the_download_is_fetched_again") {
        return;
    }
    let server = Sshd::start();
    deliver(&server, ".");
    // The new one has the same size, as tomorrow's delivery might.
    let path = server.root.join(NAMES[0]);
    let replace = After::new(2_000_000, || {
        fs::write(path.with_extension("new"), vec![b'n'; content().len()]).unwrap();
        let time =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_760_000_000);
        fs::File::options()
            .append(true)
            .open(path.with_extension("new"))
            .and_then(|file| file.set_modified(time))
            .unwrap();
        fs::rename(path.with_extension("new"), &path).unwrap();
    });
    comes_whole(&server, ".", &with_key(&server, ""), &replace);
}

#[test]
fn sftp_fetches_over_four_connections_ten_times_in_a_row() {
    if !available("sftp_fetches_over_four_connections_ten_times_in_a_row") {
        return;
    }
    let server = Sshd::start();
    for name in NAMES {
        server.put(name, content());
    }
    comes_whole(&server, ".", &with_key(&server, "connections = 4"), &NoProgress);
    for name in NAMES {
        server.put(name, name);
    }
    for _ in 0..10 {
        comes_whole(&server, ".", &with_key(&server, "connections = 1"), &NoProgress);
    }
    assert!(server.log().matches("Accepted publickey").count() >= 14);
}

#[test]
fn a_cancelled_sftp_fetch_ends_soon() {
    if !available("a_cancelled_sftp_fetch_ends_soon") {
        return;
    }
    let server = Sshd::start();
    deliver(&server, ".");
    let dir = tempfile::tempdir().unwrap();
    let (schema, cancel) = (schema(), Cancel::new());
    let request = Request {
        source: &with_key(&server, "bandwidth = '1MiB'"),
        schema: &schema,
        date: date(),
        max_file_size: 1 << 30,
        workdir: dir.path(),
        cancel: &cancel,
        caller_polls: false,
        earlier: &[],
    };
    let ask = After::new(1_000_000, || cancel.ask());
    let error = fetch::fetch(&request, &ask).unwrap_err();
    assert!(matches!(error, FetchError::Cancelled), "{error}");
    assert!(!dir.path().join(NAMES[0]).exists());
}

#[test]
fn the_program_imports_a_delivery_over_sftp() {
    if !available("the_program_imports_a_delivery_over_sftp") {
        return;
    }
    let server = Sshd::start();
    let options = Options { agents: 300, ..Options::new(date()) };
    sample::write(&options, &server.root.join("20261124")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let job = dir.path().join("job.toml");
    let text = format!(
        "tenant = 'x'\n[source]\nkind = 'sftp'\nhost = '127.0.0.1'\nport = {}\n\
         username = '{}'\nkey = {{ file = '{}' }}\nhost_key = '{}'\n\
         path = '{{date:%Y%m%d}}'\nready = {{ stable = '100ms' }}\n",
        server.port,
        user(),
        server.key.display(),
        server.ed25519,
    );
    fs::write(&job, text).unwrap();
    // At the most verbose level, to see that no part of the key is logged.
    let output = assert_cmd::Command::cargo_bin("orgsnap")
        .unwrap()
        .args(["-vvv", "--lang", "en", "import", "--date", "2026-11-24", "--data"])
        .arg(dir.path().join("data"))
        .arg(&job)
        .output()
        .unwrap();
    let output_text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{output_text}");
    let key = fs::read_to_string(&server.key).unwrap();
    let secret = key.lines().nth(3).unwrap();
    assert!(!output_text.contains(secret), "the key shows");
    let data = rusqlite::Connection::open(dir.path().join("data/x/org.db")).unwrap();
    let agents: i64 = data.query_row("select count(*) from agent", [], |row| row.get(0)).unwrap();
    assert!(agents > 100, "{agents} agents are published");
}

#[test]
fn a_server_of_old_algorithms_is_read_where_the_job_names_each() {
    if !available("a_server_of_old_algorithms_is_read_where_the_job_names_each") {
        return;
    }
    // The last are those of OpenSSH 5 and what came before.
    for (kex, cipher, mac) in [
        ("diffie-hellman-group14-sha1", "aes128-cbc", "hmac-sha1"),
        ("diffie-hellman-group-exchange-sha1", "aes256-cbc", "hmac-sha1-etm@openssh.com"),
        ("diffie-hellman-group1-sha1", "aes192-cbc", "hmac-sha1"),
    ] {
        let server = Sshd::with(&format!(
            "KexAlgorithms {kex}\nHostKeyAlgorithms ssh-rsa\nCiphers {cipher}\nMACs {mac}\n\
             PubkeyAcceptedAlgorithms +ssh-rsa"
        ));
        deliver(&server, "20261124");
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("rsa");
        sshd::make_key(&key, "rsa", "");
        server.authorize(&key.with_extension("pub"));
        let with = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| format!("'+{name}'")).collect();
            let more = format!(
                "key = {{ file = '{}' }}\npath = '20261124'\nalgorithms = [{}]",
                key.display(),
                names.join(", ")
            );
            source(server.port, &server.rsa, &more)
        };
        // One by one: each refusal names the next.
        let needed = [kex, "ssh-rsa", cipher, mac];
        for count in 0..needed.len() {
            let error = fetch(dir.path(), &with(&needed[..count]), &NoProgress).unwrap_err();
            assert!(matches!(error, FetchError::NoSharedAlgorithm { .. }), "{error}");
            let expected = format!("add \"+{}\" to algorithms", needed[count]);
            assert!(error.to_string().contains(&expected), "{error}");
        }
        comes_whole(&server, "20261124", &with(&needed), &NoProgress);
    }
}

#[test]
fn an_rsa_key_of_the_user_signs_over_sha_1_where_the_job_allows_it() {
    if !available("an_rsa_key_of_the_user_signs_over_sha_1_where_the_job_allows_it") {
        return;
    }
    let server = Sshd::with("PubkeyAcceptedAlgorithms ssh-rsa");
    deliver(&server, "20261124");
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("rsa");
    sshd::make_key(&key, "rsa", "");
    server.authorize(&key.with_extension("pub"));
    let with = |more: &str| {
        let more = format!("key = {{ file = '{}' }}\npath = '20261124'\n{more}", key.display());
        source(server.port, &server.ed25519, &more)
    };
    let error = fetch(dir.path(), &with(""), &NoProgress).unwrap_err();
    assert!(matches!(error, FetchError::LoginRefused { .. }), "{error}");
    comes_whole(&server, "20261124", &with("algorithms = ['+ssh-rsa']"), &NoProgress);
}

#[test]
fn old_algorithms_that_cannot_be_allowed_are_told_with_those_that_can() {
    let text =
        "tenant = 't'\n[source]\nkind = 'sftp'\nhost = 'h'\nusername = 'u'\npassword = 'p'\n";
    for name in ["+3des-cbc", "+ssh-dss"] {
        let text = format!("{text}algorithms = ['{name}']\n");
        let error = job::parse(Path::new("jobs/x.toml"), &text, &|_| None).unwrap_err();
        let message = error.message();
        for known in job::OLD_ALGORITHMS {
            assert!(message.zh.contains(known) && message.en.contains(known), "{known}: {error}");
        }
    }
    if !available("old_algorithms_that_cannot_be_allowed_are_told_with_those_that_can") {
        return;
    }
    let server = Sshd::with("Ciphers 3des-cbc");
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(dir.path(), &with_key(&server, ""), &NoProgress).unwrap_err();
    assert!(matches!(error, FetchError::NoSharedAlgorithm { .. }), "{error}");
    let message = error.message();
    for text in [&message.zh, &message.en] {
        assert!(text.contains("3des-cbc") && text.contains("+aes128-cbc"), "{text}");
    }
}

#[test]
fn old_algorithms_are_warned_about_at_every_run() {
    let text = "tenant = 't'\n[source]\nkind = 'sftp'\nhost = 'h'\nusername = 'u'\npassword = 'p'\n\
                algorithms = ['+ssh-rsa', '+aes128-cbc']\n";
    let parse = |text: &str| job::parse(Path::new("jobs/x.toml"), text, &|_| None);
    let warnings = parse(text).unwrap().warnings;
    let warned = |warning: &orgsnap::model::Message| {
        warning.en.starts_with("jobs/x.toml:7:") && warning.en.contains("(ssh-rsa, aes128-cbc)")
    };
    assert!(warnings.iter().any(warned), "{warnings:?}");
    for wrong in ["ssh-rsa", "+none", "+aes128-ctr"] {
        let error = parse(&text.replace("+ssh-rsa", wrong)).unwrap_err();
        assert!(error.to_string().contains("jobs/x.toml:7"), "{error}");
    }
}

/// The name as a server on Chinese Windows keeps it.
fn in_gbk(name: &str) -> std::ffi::OsString {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(encoding_rs::GB18030.encode(name).0.into_owned())
}

#[test]
fn sftp_reads_files_whose_names_are_in_gbk() {
    if !available("sftp_reads_files_whose_names_are_in_gbk") {
        return;
    }
    let server = Sshd::start();
    let folder = server.root.join(in_gbk("交付/20261124"));
    fs::create_dir_all(&folder).unwrap();
    let names = ["人员.txt", "团队.TXT", "机构.txt", "内勤.txt"];
    for name in names {
        fs::write(folder.join(in_gbk(name)), name).unwrap();
    }
    let with_encoding = |encoding: &str| {
        let more = format!(
            "path = '交付/{{date:%Y%m%d}}'\nencoding = '{encoding}'\n\
             files = {{ agent = '人员.txt', node = '团队.txt', organ = '机构.txt', principal = '内勤_{{date:%Y%m%d}}.txt' }}"
        );
        with_key(&server, &more)
    };
    for encoding in ["auto", "gbk", "GB18030"] {
        let dir = tempfile::tempdir().unwrap();
        let delivery = fetch(dir.path(), &with_encoding(encoding), &NoProgress).unwrap();
        for (feed, name) in [Feed::Agent, Feed::Node, Feed::Organ].into_iter().zip(names) {
            assert_eq!(super::file(&delivery, feed).size, name.len() as u64, "{encoding}: {name}");
        }
        // What the directory holds instead is shown as it is read.
        let Fetched::Missing { near, .. } = delivery.file(Feed::Principal) else {
            panic!("{encoding}")
        };
        assert_eq!(*near, ["内勤.txt"], "{encoding}");
    }
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(dir.path(), &with_encoding("utf-8"), &NoProgress).unwrap_err();
    assert!(matches!(error, FetchError::NothingThere { .. }), "{error}");
}
