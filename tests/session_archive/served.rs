//! `orgsnap serve` pulls at its times, and whatever the library does is a line of its log.

use std::fs::File;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// How long to wait for what should take seconds, on a machine that does much else.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A running daemon, killed when dropped.
struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Waits for a text in the log.
    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        let log = || String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned();
        let began = Instant::now();
        while !log().contains(text) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < TIMEOUT, "no {text:?}: {}", log());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn serve_pulls_by_its_schedule_and_outlives_a_library_that_crashes() {
    if !has_sdk("serve_pulls_by_its_schedule_and_outlives_a_library_that_crashes") {
        return;
    }
    let mut place = Place::new(1);
    // A channel that nobody answers at: what is alerted stays in the ledger.
    place.write_job(
        "timeout = \"1s\"\nschedule = \"* * * * * *\"\n[[alert]]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:9/\"",
    );
    fs::create_dir(place.folder.path().join("jobs")).unwrap();
    fs::copy(place.folder.path().join("secret"), place.folder.path().join("jobs/secret")).unwrap();
    fs::copy(place.job_file(), place.folder.path().join("jobs/t.toml")).unwrap();
    place.send(1, now(), "x");
    place.faults("chat * crash");
    let log = place.folder.path().join("log");
    let child = place
        .command(&["serve", "jobs"])
        .stdout(Stdio::null())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut daemon = Daemon { child, log };
    daemon.wait_for("WeCom's library crashed");
    place.faults("");
    daemon.wait_for("1 new message,");
    place.send(1, now(), "y");
    let began = Instant::now();
    while place.stored() != place.sent() {
        assert!(began.elapsed() < TIMEOUT && daemon.child.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(50));
    }
    // The failures are one alert, and the first pull after them is its recovery.
    let ledger = place.tenant().join("alerts.json");
    let alerted = || {
        let text = fs::read_to_string(&ledger).unwrap_or_default();
        let ledger: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let outbox = ledger["outbox"].as_array().cloned().unwrap_or_default();
        let kind = |entry: serde_json::Value| {
            let alert = &entry["alert"];
            assert_eq!(alert["cause"], "session-archive", "{alert}");
            alert["kind"].as_str().unwrap_or_default().to_owned()
        };
        outbox.into_iter().map(kind).collect::<Vec<_>>()
    };
    while alerted().len() < 2 {
        assert!(began.elapsed() < TIMEOUT && daemon.child.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(alerted(), ["failed", "recovered"]);
    let pid = daemon.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(daemon.child.wait().unwrap().code(), Some(0));
}
