//! Checks under `orgsnap serve`: at their times, beside runs, told in alerts.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::insurer::{CONTACTS, Insurer};
use crate::wecom_api::server::{CONTACTS_SECRET, Misbehaviour};

const TIMEOUT: Duration = Duration::from_secs(120);

/// Ends the daemon when dropped.
struct Served(std::process::Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until it holds, or fails with the log.
fn wait_for(log: &Path, what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        let text = fs::read_to_string(log).unwrap_or_default();
        assert!(began.elapsed() < TIMEOUT, "not within time: {what}\n{text}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn serve_checks_at_its_time_and_alerts_of_new_differences_failures_and_their_end() {
    let insurer = Insurer::new(300);
    insurer.set_members(|members| members.push("stranger".to_owned()));
    let alerts = insurer.path("alerts");
    let script = insurer.path("keep.sh");
    fs::write(&script, format!("cat >> {0}; echo >> {0}\n", alerts.display())).unwrap();
    let channel =
        format!("[[alert]]\nkind = \"command\"\ncommand = [\"sh\", \"{}\"]\n", script.display());
    insurer.write_job("reconcile = \"* * * * * *\"", &format!("{CONTACTS}{channel}"));
    let (child, log) = insurer.serve();
    let _served = Served(child);
    let sent = || -> Vec<serde_json::Value> {
        let text = fs::read_to_string(&alerts).unwrap_or_default();
        // The last line may be half written.
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let kinds = || -> Vec<String> {
        sent().iter().map(|alert| alert["kind"].as_str().unwrap().to_owned()).collect()
    };
    wait_for(&log, "the alert of the stranger", || kinds() == ["members"]);
    let alert = sent().remove(0);
    crate::schemas::assert_valid("alert", &alert);
    assert!(alert["reasons"][0]["en"].as_str().unwrap().contains("1 new (stranger)"), "{alert}");
    // Check after check finds the same, and nobody is told again.
    let before = insurer.server.count("user/list_id");
    wait_for(&log, "two more checks", || insurer.server.count("user/list_id") > before + 2);
    assert_eq!(kinds(), ["members"]);
    let denied = Misbehaviour::Code(48_002, "api forbidden".to_owned());
    insurer.server.always("user/list_id", Some(denied));
    wait_for(&log, "the alert of a failure", || kinds() == ["members", "failed"]);
    insurer.server.always("user/list_id", None);
    wait_for(&log, "the alert of its end", || kinds() == ["members", "failed", "recovered"]);
    let text = fs::read_to_string(&log).unwrap() + &fs::read_to_string(&alerts).unwrap();
    for secret in ["T0KEN-", CONTACTS_SECRET] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_check_that_hangs_holds_up_no_run() {
    let insurer = Insurer::new(300);
    // The list of departments never comes.
    insurer.server.always("department/simplelist", Some(Misbehaviour::Stall));
    let schedule = "[schedule]\ncron = \"*/5 * * * * *\"\n";
    insurer.write_job("reconcile = \"* * * * * *\"", &format!("{CONTACTS}{schedule}"));
    let (child, log) = insurer.serve();
    let mut served = Served(child);
    wait_for(&log, "the check", || insurer.server.count("department/simplelist") > 0);
    let snapshots = || {
        let db = rusqlite::Connection::open(insurer.data().join("org.db")).unwrap();
        let sql = "select count(*) from run";
        db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let before = snapshots();
    wait_for(&log, "a run beside it", || snapshots() > before);
    // It holds up the end neither.
    let pid = served.0.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    wait_for(&log, "the end", || fs::read_to_string(&log).unwrap_or_default().contains("stopped"));
    assert!(served.0.wait().unwrap().success());
}
