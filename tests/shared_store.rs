//! Several processes that run what is due over one PostgreSQL server: real programs, real servers, real signals.

mod failover;
mod server;
mod workers;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use chrono::{NaiveDate, TimeDelta, Timelike as _, Utc};
use orgsnap::sample::{self, Options};
use postgres::Client;
use server::{Server, wait_for};

/// A folder with jobs and a delivery, and a data folder for each machine.
struct Place {
    folder: tempfile::TempDir,
    url: String,
}

/// A process that runs what is due, killed when dropped.
struct Worker {
    child: Child,
    output: PathBuf,
}

impl Place {
    fn new(servers: &[&Server]) -> Place {
        let hosts: Vec<String> =
            servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        let url = format!(
            "postgresql://orgsnap@{}/postgres?sslmode=disable&hash_partitions=2&target_session_attrs=read-write",
            hosts.join(",")
        );
        let place = Place { folder: tempfile::tempdir().unwrap(), url };
        fs::create_dir(place.path("jobs")).unwrap();
        fs::create_dir(place.path("in")).unwrap();
        let date = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        let options = Options { agents: 300, ..Options::new(date) };
        sample::write(&options, &place.path("in")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A job whose only time of the day was a second after midnight, in a time zone where midnight is far.
    fn job(&self, tenant: &str, source: &str) -> PathBuf {
        let zone = if (8..20).contains(&Utc::now().hour()) { "Etc/UTC" } else { "Asia/Tokyo" };
        let path = self.path(&format!("jobs/{tenant}.toml"));
        let text = format!(
            "tenant = \"{tenant}\"\ntimezone = \"{zone}\"\n[source]\n{source}\n[store]\nurl = {{ env = \"STORE\" }}\n\
             [schedule]\ncron = \"1 0 0 * * *\"\nwait_until = \"23:59\"\nretry_every = \"1s\"\n"
        );
        fs::write(&path, text).unwrap();
        path
    }

    /// The program on a machine.
    fn command(&self, machine: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgsnap"));
        command.args(["--lang", "en", "--data"]).arg(self.path(machine)).args(arguments);
        command.current_dir(self.folder.path()).env("STORE", &self.url);
        command
    }

    fn run(&self, machine: &str) -> Output {
        self.command(machine, &["run", "--claim", "2", "--lease", "3s"]).output().unwrap()
    }

    fn start(&self, machine: &str, claim: &str) -> Worker {
        let output = self.path(&format!("{machine}.out"));
        let child = self
            .command(machine, &["run", "--claim", claim, "--lease", "3s"])
            .stdout(fs::File::create(&output).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Worker { child, output }
    }

    /// Lets the schedules begin, as of yesterday: today's time is due.
    fn begin_schedules(&self, client: &mut Client) {
        let registered = self.run("first");
        assert_eq!(registered.status.code(), Some(0), "{registered:?}");
        assert!(registered.stdout.is_empty(), "nothing is due yet: {registered:?}");
        let yesterday = (Utc::now() - TimeDelta::days(1)).to_rfc3339();
        let sql = "update orgsnap_data.schedule_state \
                   set state = jsonb_set(state::jsonb, '{handled}', to_jsonb($1::text))::text";
        assert!(client.execute(sql, &[&yesterday]).unwrap() > 0);
    }
}

impl Worker {
    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    fn output(&self) -> String {
        fs::read_to_string(&self.output).unwrap()
    }

    /// Stops it while it has a claim, whose tenant is returned.
    fn stop_within_a_run(&mut self, client: &mut Client) -> String {
        let mut found = None;
        wait_for("a claim of the worker", || {
            assert!(self.child.try_wait().unwrap().is_none(), "it has ended: {}", self.output());
            if claimed(client, self.child.id()).is_none() {
                return false;
            }
            self.signal("-STOP");
            // Its run may have ended meanwhile.
            found = claimed(client, self.child.id());
            if found.is_none() {
                self.signal("-CONT");
            }
            found.is_some()
        });
        found.unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Ended already, as a rule.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The tenant that a process works at.
fn claimed(client: &mut Client, pid: u32) -> Option<String> {
    let sql = "select slug from orgsnap_data.run_claim join orgsnap_data.tenant on tenant.id = tenant_id \
               where state = 'running' and owner like $1";
    let found = client.query_opt(sql, &[&format!("%pid {pid}")]).unwrap();
    found.map(|row| row.get(0))
}

fn number(client: &mut Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).unwrap().get(0)
}

const PUBLISHED: &str = "select count(*) from orgsnap_data.run where verdict = 'published'";
const FOLDER: &str = "kind = \"dir\"\npath = \"../in\"";
