//! `orgsnap serve` as it is run: the real program, real time, real signals.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{NaiveDate, TimeDelta, Utc};
use orgsnap::sample::{self, Options};
use rusqlite::Connection;

/// How long to wait for what should take seconds, on a machine that does much else.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Comes round often: a start that takes long misses none of its times for good.
const OFTEN: &str = "*/5 * * * * *";
/// Does not come round during a test.
const SELDOM: &str = "0 0 0 29 2 *";

/// A folder with jobs, deliveries and data.
struct Place(tempfile::TempDir);

impl Place {
    fn new(agents: usize) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        fs::create_dir(place.path("jobs")).unwrap();
        fs::create_dir(place.path("in")).unwrap();
        let date = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        let options = Options { agents, ..Options::new(date) };
        sample::write(&options, &place.path("in")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn job(&self, tenant: &str, source: &str, cron: &str) -> PathBuf {
        let path = self.path(&format!("jobs/{tenant}.toml"));
        let text = format!(
            "tenant = \"{tenant}\"\n[source]\n{source}\n[schedule]\ncron = \"{cron}\"\nwait_until = \"23:59\"\n"
        );
        fs::write(&path, text).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgsnap"));
        command.args(["--lang", "en", "--data"]).arg(self.path("data")).args(arguments);
        command.current_dir(self.0.path());
        command
    }

    fn serve(&self, more: &[&str]) -> Daemon {
        let log = self.path("log");
        let child = self
            .command(&["serve", "jobs"])
            .args(more)
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Daemon { child, log }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn snapshots(&self, tenant: &str) -> i64 {
        let path = self.path("data").join(tenant).join("org.db");
        if !path.exists() {
            return 0;
        }
        let db = Connection::open(path).unwrap();
        let whole: String = db.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok");
        // SQLite makes the file before the transaction that makes the tables is committed.
        let made = db.table_exists(None, "snapshot").unwrap();
        if !made {
            return 0;
        }
        db.query_row("select count(*) from snapshot", [], |row| row.get(0)).unwrap()
    }

    fn ledger(&self, tenant: &str) -> serde_json::Value {
        let path = self.path("data").join(tenant).join("schedule.json");
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }
}

const FOLDER: &str = "kind = \"dir\"\npath = \"../in\"";

/// A running daemon, killed when dropped.
struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    /// Waits for a text in the log.
    fn wait_for(&mut self, text: &str) {
        let began = Instant::now();
        while !self.log().contains(text) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < TIMEOUT, "no {text:?}: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks it to end. Returns how it did, and how long that took.
    fn terminate(&mut self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        (status, asked.elapsed())
    }

    #[track_caller]
    fn ends_well(&mut self) {
        let (status, took) = self.terminate();
        assert_eq!(status.code(), Some(0), "{}", self.log());
        assert!(took < Duration::from_secs(10), "took {took:?}: {}", self.log());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Ended already, as a rule.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that accepts and says nothing, and the source of a job that asks it.
fn mute_server() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let source = format!(
        "kind = \"ftp\"\nhost = \"127.0.0.1\"\nport = {}\nusername = \"u\"\npassword = {{ file = \"../secret\" }}\n\
         timeout = \"60s\"",
        listener.local_addr().unwrap().port()
    );
    (listener, source)
}

fn http_get(address: &str, path: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn serve_runs_a_job_at_its_time_and_alerts() {
    let place = Place::new(300);
    place.job("a", FOLDER, OFTEN);
    fs::write(place.path("jobs/broken.toml"), "tenant = \n").unwrap();
    let mut daemon = place.serve(&["--listen", "127.0.0.1:0", "--metrics-file", "metrics.prom"]);
    daemon.wait_for("broken.toml:1");
    daemon.wait_for("published");

    let log = daemon.log();
    let address = log.split("http://").nth(1).unwrap().lines().next().unwrap();
    assert!(http_get(address, "/healthz").starts_with("HTTP/1.1 200"));
    // The metrics are updated at the next tick.
    let verdict = "orgsnap_last_run_verdict{tenant=\"a\",verdict=\"published\"} 1";
    let began = Instant::now();
    while !http_get(address, "/metrics").contains(verdict) {
        assert!(began.elapsed() < TIMEOUT, "{}", http_get(address, "/metrics"));
        thread::sleep(Duration::from_millis(50));
    }

    // A second daemon over the same data is refused, with the process id of the first.
    let second = place.run(&["serve", "jobs"]);
    assert_eq!(second.status.code(), Some(5));
    let pid = format!("pid {}", daemon.child.id());
    assert!(String::from_utf8_lossy(&second.stderr).contains(&pid), "{second:?}");

    let runs = place.run(&["runs", "--json"]);
    let runs: serde_json::Value = serde_json::from_slice(&runs.stdout).unwrap();
    crate::schemas::assert_valid("runs", &runs);
    assert_eq!(runs["runs"][0]["verdict"], "published");
    assert_eq!(runs["schedules"][0]["tenant"], "a");
    assert!(runs["schedules"][0]["next"].is_string(), "{runs}");
    let drawn = String::from_utf8(place.run(&["runs"]).stdout).unwrap();
    assert!(drawn.contains("next run"), "{drawn}");

    daemon.ends_well();
    assert_eq!(place.snapshots("a"), 1);
    let metrics = fs::read_to_string(place.path("metrics.prom")).unwrap();
    assert!(metrics.contains("tenant=\"a\""), "{metrics}");
    assert!(!daemon.log().contains("panic"), "{}", daemon.log());
}

#[test]
fn serve_loads_changed_new_and_removed_job_files_without_restart() {
    let place = Place::new(200);
    place.job("a", FOLDER, SELDOM);
    place.job("b", FOLDER, SELDOM);
    let mut daemon = place.serve(&[]);
    daemon.wait_for("b.toml taken up");
    // A broken file is logged and the last good version stays; then a changed, a new and a removed file.
    fs::write(place.path("jobs/a.toml"), "tenant = \"a\"\n[schedule]\ncorn = 1\n").unwrap();
    daemon.wait_for("did you mean \"cron\"?; its last good version stays in use");
    place.job("a", FOLDER, OFTEN);
    place.job("c", FOLDER, OFTEN);
    fs::remove_file(place.path("jobs/b.toml")).unwrap();
    daemon.wait_for("the job file is gone");
    daemon.wait_for("c.toml taken up");
    let began = Instant::now();
    while (place.snapshots("a"), place.snapshots("c")) != (1, 1) {
        assert!(began.elapsed() < TIMEOUT, "{}", daemon.log());
        thread::sleep(Duration::from_millis(100));
    }
    daemon.ends_well();
    assert_eq!(place.snapshots("b"), 0);
    assert_eq!(place.ledger("b")["next"], serde_json::Value::Null);
}

#[test]
fn a_run_waiting_for_a_server_stops_at_once_and_the_lock_names_its_holder() {
    let place = Place::new(200);
    fs::write(place.path("secret"), "p").unwrap();
    let (_listener, source) = mute_server();
    let job = place.job("m", &source, OFTEN);
    let mut daemon = place.serve(&[]);
    daemon.wait_for("begins");
    // A manual import is refused, and its message names the process that holds the lock.
    let lock = place.path("data/m/lock");
    let began = Instant::now();
    while fs::read_to_string(&lock).unwrap_or_default().is_empty() {
        assert!(began.elapsed() < TIMEOUT);
        thread::sleep(Duration::from_millis(20));
    }
    let manual = place.run(&["import", job.to_str().unwrap(), "--from", "in"]);
    assert_eq!(manual.status.code(), Some(5), "{manual:?}");
    let stderr = String::from_utf8_lossy(&manual.stderr).into_owned();
    assert!(stderr.contains(&format!("pid {}, import ", daemon.child.id())), "{stderr}");
    daemon.ends_well();
    // The run is repeated at the next start, so there is no alert.
    let ledger = place.ledger("m");
    assert_eq!(ledger["errand"]["phase"], "due", "{ledger}");
    assert!(!daemon.log().contains("secret"), "{}", daemon.log());
    // Once the daemon has ended, the manual import runs.
    let manual = place.run(&["import", job.to_str().unwrap(), "--from", "in"]);
    assert_eq!(manual.status.code(), Some(0), "{manual:?}");
}

#[test]
fn sigterm_during_an_import_leaves_the_old_or_the_new_snapshot() {
    let place = Place::new(60_000);
    place.job("big", FOLDER, OFTEN);
    let mut interrupted = 0;
    for stage in ["fetch", "parse", "check", "publish"] {
        _ = fs::remove_dir_all(place.path("data/big"));
        let mut daemon = place.serve(&["-vv"]);
        daemon.wait_for(&format!("stage=\"{stage}\""));
        daemon.ends_well();
        let snapshots = place.snapshots("big");
        assert!((0..=1).contains(&snapshots), "after {stage}");
        interrupted += usize::from(snapshots == 0);
    }
    assert!(interrupted > 0, "no SIGTERM came before the publication");
    let mut daemon = place.serve(&[]);
    daemon.wait_for("published");
    daemon.ends_well();
    assert_eq!(place.snapshots("big"), 1);
}

#[test]
fn serve_repeats_a_run_that_was_killed() {
    let place = Place::new(200);
    fs::write(place.path("secret"), "p").unwrap();
    let (listener, source) = mute_server();
    place.job("k", &source, OFTEN);
    let mut daemon = place.serve(&[]);
    daemon.wait_for("begins");
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    assert_eq!(place.ledger("k")["errand"]["phase"], "running");
    drop(listener);
    // The source has moved meanwhile; the run is made up.
    place.job("k", FOLDER, SELDOM);
    let mut daemon = place.serve(&[]);
    daemon.wait_for("was cut short");
    daemon.wait_for("published");
    daemon.ends_well();
    assert_eq!(place.snapshots("k"), 1);
}

#[test]
fn serve_makes_up_a_missed_date_after_it_has_published_a_newer_one() {
    let place = Place::new(200);
    let job = place.job("m", "kind = \"dir\"\npath = \"../in/{date:%Y%m%d}\"", OFTEN);
    let today = Utc::now().with_timezone(&chrono_tz::Asia::Shanghai).date_naive();
    let day = |back: i64| today - TimeDelta::days(back);
    // Of tomorrow too, in case that the day ends meanwhile.
    for date in [day(2), day(1), today, day(-1)] {
        let folder = place.path(&format!("in/{}", date.format("%Y%m%d")));
        sample::write(&Options { agents: 200, ..Options::new(date) }, &folder).unwrap();
    }
    let first = day(2).to_string();
    let imported = place.run(&["import", &job.display().to_string(), "--date", &first]);
    assert_eq!(imported.status.code(), Some(0), "{imported:?}");
    let mut daemon = place.serve(&[]);
    daemon.wait_for(&format!("looks for the missed delivery of {}", day(1)));
    daemon.wait_for(&format!("published {}", day(1)));
    daemon.ends_well();
    assert!(place.snapshots("m") >= 3);
    assert!(!daemon.log().contains(&format!("missed delivery of {first}")), "{}", daemon.log());
}

#[test]
fn serve_reports_unusable_arguments_at_once() {
    let place = Place::new(200);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let cases: [(&[&str], &str); 3] = [
        (&["serve", "nowhere"], "cannot read the folder of job files nowhere"),
        (&["serve", "jobs", "--listen", &address], "cannot listen at"),
        (&["serve", "jobs", "--max-running", "0"], "from 1 on"),
    ];
    for (arguments, said) in cases {
        let output = place.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}

#[test]
fn serve_migrates_a_database_of_an_earlier_format_when_it_takes_the_job_up() {
    let place = Place::new(300);
    let job = place.job("a", FOLDER, "0 0 0 29 2 *");
    let published = place.run(&["import", &job.to_string_lossy(), "--date", "2026-11-24"]);
    assert_eq!(published.status.code(), Some(0), "{published:?}");
    crate::cli::former_format::to_former(&place.path("data/a/org.db"));
    let mut daemon = place.serve(&[]);
    daemon.wait_for("the database is migrated");
    daemon.ends_well();
    let log = daemon.log();
    assert!(
        log.contains("the database has an earlier format") && log.contains("history of agent"),
        "{log}"
    );
    assert!(place.path("data/a/org-format6.db").exists());
    assert_eq!(place.snapshots("a"), 1);
    let db = Connection::open(place.path("data/a/org.db")).unwrap();
    let runs: i64 = db.query_row("select count(*) from run", [], |row| row.get(0)).unwrap();
    assert_eq!(runs, 1);
}
