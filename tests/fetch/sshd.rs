//! An sshd of our own on the loopback interface, as whoever runs the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::peers;

const SSHD: &str = "/usr/sbin/sshd";

/// A running server; it ends with this value. It takes the key at `key`, and no password.
pub(super) struct Sshd {
    child: Child,
    pub(super) port: u16,
    /// The directory after login.
    pub(super) root: PathBuf,
    /// A private key that logs in, without passphrase.
    pub(super) key: PathBuf,
    /// Fingerprints of the server's keys, as `ssh-keygen -lf` prints them.
    pub(super) ed25519: String,
    pub(super) rsa: String,
    dir: TempDir,
}

/// Whether the tests against a real server can run; tells why not on standard error.
pub(super) fn available(test: &str) -> bool {
    peers::are_installed(&[SSHD, "/usr/bin/ssh-keygen"], test)
}

impl Sshd {
    /// Starts a server with safe algorithms.
    pub(super) fn start() -> Sshd {
        Sshd::with("")
    }

    /// Starts a server with more settings.
    pub(super) fn with(settings: &str) -> Sshd {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        let ed25519 = make_key(&dir.path().join("host_ed25519"), "ed25519", "");
        let rsa = make_key(&dir.path().join("host_rsa"), "rsa", "");
        let key = dir.path().join("user");
        make_key(&key, "ed25519", "");
        fs::copy(dir.path().join("user.pub"), dir.path().join("authorized")).unwrap();
        let port = peers::free_port();
        let config = dir.path().join("sshd_config");
        let text = format!(
            "{settings}\nListenAddress 127.0.0.1:{port}\nHostKey {at}/host_ed25519\n\
             HostKey {at}/host_rsa\nAuthorizedKeysFile {at}/authorized\nStrictModes no\n\
             PidFile none\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PermitRootLogin yes\nMaxStartups 100\nForceCommand internal-sftp -d {root}\n\
             Subsystem sftp internal-sftp\n",
            at = dir.path().display(),
            root = root.display(),
        );
        fs::write(&config, text).unwrap();
        // Where it runs as root it wants this directory, which its start script makes.
        _ = fs::create_dir("/run/sshd");
        let child = Command::new(SSHD)
            .args(["-D", "-e", "-f"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut server = Sshd { child, port, root, key, ed25519, rsa, dir };
        let log = || fs::read_to_string(server.dir.path().join("log")).unwrap();
        peers::wait_until_up(&mut server.child, port, log);
        server
    }

    /// Lets another key log in as well.
    pub(super) fn authorize(&self, public: &Path) {
        let authorized = self.dir.path().join("authorized");
        let keys = [authorized.as_path(), public].map(|path| fs::read_to_string(path).unwrap());
        fs::write(authorized, keys.concat()).unwrap();
    }

    /// What the server has logged so far.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    /// Puts a file before the server.
    pub(super) fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Breaks all connections as a crash would; the server takes new ones. Returns their number.
    pub(super) fn cut(&self) -> usize {
        let children = children(self.child.id());
        for child in &children {
            // With separated privileges the child of the child has the socket.
            for pid in children_and(*child) {
                // It may have ended with the one before.
                _ = Command::new("kill").args(["-KILL", &pid.to_string()]).output();
            }
        }
        children.len()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.cut();
        // It may have ended by itself, which is as good.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Makes a key pair and returns the fingerprint.
pub(super) fn make_key(path: &Path, kind: &str, passphrase: &str) -> String {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-f"])
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
    let output = Command::new("ssh-keygen").arg("-lf").arg(path).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.split(' ').nth(1).unwrap().to_owned()
}

/// Whoever runs the tests.
pub(super) fn user() -> String {
    peers::output("id", &["-un"])
}

fn children_and(pid: u32) -> Vec<u32> {
    let mut all = children(pid);
    all.push(pid);
    all
}

/// The processes whose parent is `pid`.
fn children(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(child) = entry.file_name().to_string_lossy().parse() else { continue };
        // It may end while we look.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name in parentheses may hold anything; the parent is the second word after it.
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        if parent == Some(&pid.to_string()) {
            found.push(child);
        }
    }
    found
}
