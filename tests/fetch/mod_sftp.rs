//! A proftpd of our own on the loopback interface that speaks SFTP, and what comes from it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use orgsnap::config::job::Source;
use orgsnap::fetch::{FetchError, NoProgress};
use orgsnap::model::Feed;
use tempfile::TempDir;

use super::sftp::{fetch, source};
use super::sshd::{make_key, user};
use super::{NAMES, file};
use crate::peers;

/// A running server; it ends with this value. Its account bears the name of whoever runs the tests,
/// with the password `right` or the key at `key`.
struct Proftpd {
    child: Child,
    port: u16,
    root: PathBuf,
    key: PathBuf,
    fingerprint: String,
    dir: TempDir,
}

impl Proftpd {
    fn start(installed: &Path, settings: &str) -> Proftpd {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        let fingerprint = make_key(&dir.path().join("host"), "rsa", "");
        let key = dir.path().join("user");
        make_key(&key, "ed25519", "");
        let public = peers::output("ssh-keygen", &["-e", "-f", &key.display().to_string()]);
        fs::write(dir.path().join("authorized"), public + "\n").unwrap();
        // Where it runs as root, it serves as nobody.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (user, nobody) = (user(), ["nobody".to_owned(), "nogroup".to_owned()]);
        let [name, group] = match user.as_str() {
            "root" => nobody,
            _ => [user.clone(), peers::output("id", &["-gn"])],
        };
        let (uid, gid) = (peers::output("id", &["-u", &name]), peers::output("id", &["-g", &name]));
        let hash = peers::output("openssl", &["passwd", "-6", "right"]);
        let passwords = dir.path().join("passwords");
        let line = format!("orgsnap:{hash}:{uid}:{gid}::{}:/bin/false\n", root.display());
        fs::write(&passwords, line).unwrap();
        fs::set_permissions(&passwords, fs::Permissions::from_mode(0o600)).unwrap();
        let port = peers::free_port();
        let text = format!(
            "ModulePath {modules}\nLoadModule mod_sftp.c\nServerType standalone\n\
             DefaultAddress 127.0.0.1\nSocketBindTight on\nPort {port}\nUser {name}\n\
             Group {group}\nPidFile {at}/pid\nScoreboardFile {at}/scoreboard\nWtmpLog off\n\
             TransferLog none\nUseReverseDNS off\nSystemLog {at}/log\nDelayTable none\n\
             AuthUserFile {at}/passwords\nAuthOrder mod_auth_file.c\nRequireValidShell off\n\
             SFTPEngine on\nSFTPHostKey {at}/host\nSFTPAuthorizedUserKeys file:{at}/authorized\n\
             SFTPLog {at}/sftplog\n{settings}\n",
            modules = installed.join("usr/lib/proftpd").display(),
            at = dir.path().display(),
        );
        let config = dir.path().join("proftpd.conf");
        fs::write(&config, text).unwrap();
        let child = Command::new(installed.join("usr/sbin/proftpd"))
            .args(["-n", "-c"])
            .arg(&config)
            .env("LD_LIBRARY_PATH", installed.join("usr/lib/x86_64-linux-gnu"))
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.path().join("said")).unwrap())
            .spawn()
            .unwrap();
        let mut server = Proftpd { child, port, root, key, fingerprint, dir };
        peers::wait_until_up(&mut server.child, port, || log_of(&server.dir));
        server
    }

    /// The account that the server knows; `more` are further lines of `[source]`.
    fn account(&self, more: &str) -> Source {
        let mut source = source(self.port, &self.fingerprint, more);
        if let Source::Sftp(account) = &mut source {
            account.username = "orgsnap".to_owned();
        }
        source
    }

    fn log(&self) -> String {
        log_of(&self.dir)
    }
}

impl Drop for Proftpd {
    fn drop(&mut self) {
        peers::end(&mut self.child);
    }
}

fn log_of(dir: &TempDir) -> String {
    let read = |name| fs::read_to_string(dir.path().join(name)).unwrap_or_default();
    ["said", "log", "sftplog"].map(read).concat()
}

/// Whether the tests can run; tells why not on standard error.
fn available(test: &str) -> Option<PathBuf> {
    let installed =
        peers::proftpd_with("mod_sftp.so").filter(|_| Path::new("/usr/bin/ssh-keygen").exists());
    if installed.is_none() {
        peers::skip(test, "proftpd with mod_sftp or ssh-keygen is not installed");
    }
    installed
}

#[test]
fn a_server_limited_to_one_connection_delivers_four_files() {
    let Some(installed) = available("a_server_limited_to_one_connection_delivers_four_files")
    else {
        return;
    };
    let server = Proftpd::start(&installed, "MaxClientsPerUser 1 \"one is enough: too many\"");
    for name in NAMES {
        fs::write(server.root.join(name), vec![b'x'; 3_000_000]).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let more = "connections = 4\npassword = 'right'\nattempts = 8\nretry_wait = '500ms'";
    let delivery = fetch(dir.path(), &server.account(more), &NoProgress)
        .unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
    for feed in Feed::ALL {
        assert_eq!(file(&delivery, feed).size, 3_000_000);
    }
}

#[test]
fn proftpd_takes_the_password_or_the_key() {
    let Some(installed) = available("proftpd_takes_the_password_or_the_key") else { return };
    let server = Proftpd::start(&installed, "SFTPAuthMethods password publickey");
    let content: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    for name in NAMES {
        fs::write(server.root.join(name), &content).unwrap();
    }
    let account = |proof: &str| server.account(&format!("connections = 4\n{proof}"));
    let key = format!("key = {{ file = '{}' }}", server.key.display());
    for proof in ["password = 'right'", &key] {
        for _ in 0..5 {
            let dir = tempfile::tempdir().unwrap();
            let delivery = fetch(dir.path(), &account(proof), &NoProgress)
                .unwrap_or_else(|error| panic!("{proof}: {error}\n{}", server.log()));
            for (feed, name) in Feed::ALL.into_iter().zip(NAMES) {
                assert!(fs::read(dir.path().join(name)).unwrap() == content, "{name}");
                assert_eq!(file(&delivery, feed).size, 4_000_000);
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(dir.path(), &account("password = 'hunter2'"), &NoProgress).unwrap_err();
    assert!(matches!(error, FetchError::LoginRefused { .. }), "{error}");
    assert!(!error.to_string().contains("hunter2"), "the password shows");
    assert_eq!(server.log().matches("sending userauth failure").count(), 1, "{}", server.log());
}
