//! The program itself with alerts, as cron calls it.

use std::{fs, path::Path, process::Command};

use chrono::NaiveDate;
use orgsnap::sample::{self, Charset, Options};
use serde_json::Value;

use super::receiver::{Behaviour, Receiver};
use crate::metrics::samples;

struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new(alerts: &str) -> Folder {
        let folder = tempfile::tempdir().unwrap();
        let job = format!(
            "tenant = \"t\"\nname = \"示例人寿\"\n[source]\nkind = \"dir\"\npath = \"{{date:%Y%m%d}}\"\n{alerts}"
        );
        fs::write(folder.path().join("job.toml"), job).unwrap();
        Folder { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn deliver(&self, day: u32) {
        let date = NaiveDate::from_ymd_opt(2024, 12, day).unwrap();
        let dir = self.path().join(date.format("%Y%m%d").to_string());
        fs::create_dir_all(&dir).unwrap();
        let options = Options { agents: 200, charset: Charset::Utf8, ..Options::new(date) };
        sample::write(&options, &dir).unwrap();
    }

    /// Imports a day; the exit code, and what was said on standard error besides the stages.
    fn import(&self, day: u32) -> (Option<i32>, String) {
        let output = Command::new(assert_cmd::cargo::cargo_bin!("orgsnap"))
            .current_dir(self.path())
            .args(["import", "job.toml", "--lang", "en", "--metrics-file", "orgsnap.prom"])
            .args(["--date", &format!("2024-12-{day:02}")])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        // Lines that tell the stages begin with the time.
        let said = said.lines().filter(|line| !line.starts_with("20")).collect::<Vec<_>>();
        (output.status.code(), said.join("\n"))
    }

    fn metric(&self, name: &str, labels: &str) -> Option<f64> {
        let text = fs::read_to_string(self.path().join("orgsnap.prom")).unwrap();
        samples(&text).get(&format!("{name}{{tenant=\"t\"{labels}}}")).copied()
    }
}

#[test]
fn an_unreachable_alert_server_does_not_fail_an_import_and_receives_the_alert_later() {
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = dead.local_addr().unwrap().port();
    drop(dead);
    let alert = |port| {
        format!("[[alert]]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/?key=S3CRET\"\n")
    };
    let folder = Folder::new(&alert(port));
    folder.deliver(1);
    // No condition changed: no alert is sent, and nothing waits for one.
    let (code, said) = folder.import(1);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert_eq!(folder.metric("orgsnap_last_run_verdict", ",verdict=\"published\""), Some(1.0));
    assert_eq!(folder.metric("orgsnap_alerts_unsent", ""), Some(0.0));

    folder.deliver(2);
    fs::remove_file(folder.path().join("20241202/temp_base_node.txt")).unwrap();
    let (code, said) = folder.import(2);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("was not sent on webhook: the server cannot be reached"), "{said}");
    assert!(
        said.contains("1 alert(s) could not be sent; they are kept for the next run"),
        "{said}"
    );
    assert!(!said.contains("S3CRET"), "{said}");
    assert_eq!(folder.metric("orgsnap_alerts_unsent", ""), Some(1.0));
    assert_eq!(folder.metric("orgsnap_last_run_verdict", ",verdict=\"refused\""), Some(1.0));

    // Now somebody listens, at an address that only the job file knows.
    let server = Receiver::new(vec![Behaviour::Answer("200 OK", "")]);
    let job = fs::read_to_string(folder.path().join("job.toml")).unwrap();
    let job = job.replace(&port.to_string(), &server.port.to_string());
    fs::write(folder.path().join("job.toml"), job).unwrap();
    folder.deliver(2);
    for _ in 0..2 {
        let (code, said) = folder.import(2);
        assert_eq!((code, said.as_str()), (Some(0), ""));
    }
    // Not there yet: late, once.
    for _ in 0..2 {
        let (code, _) = folder.import(3);
        assert_eq!(code, Some(4));
    }
    let documents: Vec<Value> = server
        .received()
        .iter()
        .map(|request| serde_json::from_str(&request.body).unwrap())
        .collect();
    let kinds: Vec<&str> = documents.iter().map(|d| d["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["refused", "recovered", "late"]);
    assert_eq!(documents[0]["findings"][0]["code"], "F101");
    assert_eq!(documents[0]["causes"][0]["kind"], "same-rule");
    let what = documents[0]["causes"][0]["what"]["zh"].as_str().unwrap();
    assert!(what.contains("temp_base_node.txt"), "{what}");
    let report = documents[0]["report"].as_str().unwrap();
    assert!(folder.path().join(report).exists(), "{report}");
    assert_eq!(documents[1]["ended"][0]["kind"], "refused");
}

#[test]
fn a_dry_run_sends_no_alert() {
    let folder = Folder::new("[[alert]]\nkind = \"command\"\ncommand = [\"false\"]\n");
    folder.deliver(1);
    fs::remove_file(folder.path().join("20241201/temp_base_node.txt")).unwrap();
    let output = Command::new(assert_cmd::cargo::cargo_bin!("orgsnap"))
        .current_dir(folder.path())
        .args(["import", "job.toml", "--dry-run", "--date", "2024-12-01"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(!folder.path().join("data/t/alerts.json").exists());
}
