//! A PostgreSQL server of our own on the loopback interface, for tests of the store on a server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::store::Store;

use super::fixture::schema;

/// The password of a server that asks for one.
pub(super) const PASSWORD: &str = "pa55-w0rd";

/// How long a server may take to start, on a machine that does much else.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A running server; it ends with this value.
pub(super) struct Server {
    child: Child,
    pub port: u16,
    programs: PathBuf,
    folder: tempfile::TempDir,
}

/// Where the programs of the newest PostgreSQL are, as Debian installs them.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|programs| programs.join("initdb").exists())
        .collect();
    found.sort();
    found.pop()
}

fn id(option: &str, user: &str) -> Option<u32> {
    let output = Command::new("id").args([option, user]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// The server does not run as root: root starts it as the user of the package.
fn user() -> Option<(u32, u32)> {
    let own = Command::new("id").arg("-u").output().ok()?;
    match own.stdout.trim_ascii() {
        b"0" => Some((id("-u", "postgres")?, id("-g", "postgres")?)),
        _ => None,
    }
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    if let Some((user, group)) = user() {
        command.uid(user).gid(group);
    }
    command
}

/// A port taken from the system and given back: it hands out others first.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Server {
    /// Starts a server, or tells why the test is skipped.
    pub(super) fn start(test: &str) -> Option<Server> {
        Server::start_as(test, false)
    }

    /// Starts a server that asks for a password and knows TLS; its certificate names 127.0.0.1 and has signed itself.
    pub(super) fn start_secured(test: &str) -> Option<Server> {
        Server::start_as(test, true)
    }

    fn start_as(test: &str, is_secured: bool) -> Option<Server> {
        let Some(programs) = programs() else {
            skip(test);
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        if let Some((user, group)) = user() {
            std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        let auth = match is_secured {
            true => vec!["--auth=scram-sha-256".into(), format!("--pwfile={}", password.display())],
            false => vec!["--auth=trust".to_owned()],
        };
        fs::set_permissions(&password, fs::Permissions::from_mode(0o644)).unwrap();
        let made = command(&programs.join("initdb"))
            .args(["--username=orgsnap", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .args(auth)
            .arg("--pgdata")
            .arg(&data)
            .status();
        assert!(made.unwrap().success(), "initdb failed");
        let more = format!(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n\
             max_locks_per_transaction = 256\nssl = {}\n",
            if is_secured { "on" } else { "off" }
        );
        if is_secured {
            let files = ["-keyout", "server.key", "-out", "server.crt"];
            let made = command(Path::new("/usr/bin/openssl"))
                .current_dir(&data)
                .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"])
                .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
                .args(files)
                .status();
            assert!(made.unwrap().success(), "openssl failed");
        }
        fs::write(data.join("postgresql.auto.conf"), more).unwrap();
        let port = free_port();
        let mut server = Server { child: run(&programs, &data, port), port, programs, folder };
        server.wait_until_up();
        Some(server)
    }

    /// The URL of its only database.
    pub(super) fn url(&self) -> String {
        format!(
            "postgresql://orgsnap@127.0.0.1:{}/postgres?sslmode=disable&hash_partitions=2",
            self.port
        )
    }

    /// The certificate of a server that knows TLS, in a file that whoever runs the test can read.
    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.path().join("data").join("server.crt")
    }

    /// The store of a tenant, with the small company's schema.
    pub(super) fn open(&self, tenant: &str) -> Store {
        Store::open_server(&self.url(), tenant, &schema()).unwrap()
    }

    /// Kills it as a power cut would, and starts it again.
    pub(super) fn crash(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let data = self.folder.path().join("data");
        let begun = Instant::now();
        // Its processes end once they find it gone.
        loop {
            self.child = run(&self.programs, &data, self.port);
            thread::sleep(Duration::from_millis(200));
            if self.child.try_wait().unwrap().is_none() {
                break;
            }
            assert!(begun.elapsed() < TIMEOUT, "the server does not start again");
        }
        self.wait_until_up();
    }

    fn wait_until_up(&mut self) {
        let begun = Instant::now();
        let is_up = || {
            let asked = command(&self.programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status();
            asked.is_ok_and(|status| status.success())
        };
        while !is_up() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < TIMEOUT, "nobody listens");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn run(programs: &Path, data: &Path, port: u16) -> Child {
    command(&programs.join("postgres"))
        .arg("-D")
        .arg(data)
        .args(["-p", &port.to_string()])
        .spawn()
        .unwrap()
}

#[expect(clippy::disallowed_methods, reason = "what must not be skipped is asked for")]
fn skip(test: &str) {
    let required = std::env::var_os("ORGSNAP_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required, "{test} cannot run: PostgreSQL is not installed");
    eprintln!("skipped: {test}, because PostgreSQL is not installed");
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}
