//! PostgreSQL servers of our own on the loopback interface, alone or as a primary with its standby.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use crate::peers;

/// How long a server may take, on a machine that does much else.
pub(super) const TIMEOUT: Duration = Duration::from_secs(240);

/// A running server; it ends with this value.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
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

/// The server does not run as root: root starts it as the user of the package.
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    if let Some((user, group)) = user() {
        command.uid(user).gid(group);
    }
    command
}

fn user() -> Option<(u32, u32)> {
    let id = |option: &str| peers::output("id", &[option, "postgres"]).parse().ok();
    match peers::output("id", &["-u"]).as_str() {
        "0" => Some((id("-u")?, id("-g")?)),
        _ => None,
    }
}

fn new_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    if let Some((user, group)) = user() {
        std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).unwrap();
    }
    folder
}

impl Server {
    /// Starts a server, or tells why the test is skipped.
    pub(super) fn start(test: &str) -> Option<Server> {
        let Some(programs) = programs() else {
            peers::skip(test, "PostgreSQL is not installed");
            return None;
        };
        let folder = new_folder();
        let data = folder.path().join("data");
        let made = command(&programs.join("initdb"))
            .args(["--username=orgsnap", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .args(["--auth=trust", "--pgdata"])
            .arg(&data)
            .status();
        assert!(made.unwrap().success(), "initdb failed");
        let settings = "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n\
                        max_locks_per_transaction = 256\n";
        fs::write(data.join("postgresql.auto.conf"), settings).unwrap();
        Some(Server::run(programs, folder))
    }

    fn run(programs: PathBuf, folder: tempfile::TempDir) -> Server {
        let port = peers::free_port();
        let child = command(&programs.join("postgres"))
            .arg("-D")
            .arg(folder.path().join("data"))
            .args(["-p", &port.to_string()])
            .spawn()
            .unwrap();
        let mut server = Server { child, port, programs, folder };
        let begun = Instant::now();
        while server.try_client().is_none() {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < TIMEOUT, "nobody listens");
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn try_client(&self) -> Option<Client> {
        let url = format!("postgresql://orgsnap@127.0.0.1:{}/postgres", self.port);
        Client::connect(&url, NoTls).ok()
    }

    /// A connection for questions of a test.
    pub(super) fn client(&self) -> Client {
        self.try_client().unwrap()
    }

    /// Makes a standby, for which each commit of this server waits from here on.
    pub(super) fn standby(&self) -> Server {
        let folder = new_folder();
        let made = command(&self.programs.join("pg_basebackup"))
            .args(["-h", "127.0.0.1", "-U", "orgsnap", "-p", &self.port.to_string()])
            .args(["--checkpoint=fast", "--no-sync", "--write-recovery-conf", "--pgdata"])
            .arg(folder.path().join("data"))
            .status();
        assert!(made.unwrap().success(), "pg_basebackup failed");
        let standby = Server::run(self.programs.clone(), folder);
        let mut client = self.client();
        client.batch_execute("alter system set synchronous_standby_names = '*'").unwrap();
        client.batch_execute("select pg_reload_conf()").unwrap();
        wait_for("a synchronous standby", || {
            let sql = "select count(*) from pg_stat_replication where sync_state = 'sync'";
            client.query_one(sql, &[]).unwrap().get::<_, i64>(0) == 1
        });
        standby
    }

    /// Ends it as a power cut would.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Makes a standby the primary.
    pub(super) fn promote(&self) {
        let promoted = command(&self.programs.join("pg_ctl"))
            .args(["promote", "--wait", "--pgdata"])
            .arg(self.folder.path().join("data"))
            .status();
        assert!(promoted.unwrap().success(), "pg_ctl promote failed");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already, if the test has killed it.
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).output();
        let _ = self.child.wait();
    }
}

/// Waits for a condition.
#[track_caller]
pub(super) fn wait_for(what: &str, mut is_true: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_true() {
        assert!(begun.elapsed() < TIMEOUT, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
