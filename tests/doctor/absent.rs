//! A job that asks for nothing, and no job.

use std::process::{Command, Output};

use serde_json::Value;

use crate::schemas::assert_valid;

pub(super) fn doctor(folder: &std::path::Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_orgsnap"))
        .current_dir(folder)
        .env_remove("ORGSNAP_DATA")
        .arg("doctor")
        .args(arguments)
        .output()
        .unwrap()
}

pub(super) fn document(output: &Output) -> Value {
    let document = serde_json::from_slice(&output.stdout).unwrap();
    assert_valid("doctor", &document);
    document
}

#[test]
fn a_job_that_asks_for_nothing_has_no_failed_step() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.toml"), "tenant = \"t\"\n").unwrap();
    let output = doctor(folder.path(), &["--json", "x.toml"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let document = document(&output);
    let steps = document["checklists"][0]["steps"].as_array().unwrap();
    for step in steps {
        let number = step["number"].as_str().unwrap();
        let of_machine = ["0.1", "0.2", "0.4", "0.5"].contains(&number);
        let expected: &[&str] =
            if of_machine { &["ok"] } else { &["not-configured", "not-checkable"] };
        assert!(expected.contains(&step["state"].as_str().unwrap()), "{step:#}");
    }
    assert!(!folder.path().join("data").exists(), "no data folder is made");
}

#[test]
fn without_a_job_the_machine_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let output = doctor(folder.path(), &["--json"]);
    assert_eq!(output.status.code(), Some(0));
    let document = document(&output);
    let steps = document["checklists"][0]["steps"].as_array().unwrap();
    let ids: Vec<&str> = steps.iter().map(|step| step["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["time-zone", "clock", "disk", "permissions"]);
    let output = doctor(folder.path(), &["--data", "/proc/version"]);
    assert_eq!(output.status.code(), Some(3), "a data folder that is a file");
}

#[test]
fn an_app_id_of_two_tenants_is_told_of_both() {
    let folder = tempfile::tempdir().unwrap();
    for tenant in ["a", "b"] {
        let text = format!(
            "tenant = \"{tenant}\"\n[wecom]\nmp_api_url = \"http://127.0.0.1:9\"\n[[official_account]]\nappid = \"wx0123456789abcdef\"\nsecret = {{ env = \"NOT_SET\" }}\n"
        );
        std::fs::write(folder.path().join(format!("{tenant}.toml")), text).unwrap();
    }
    let output = doctor(folder.path(), &["--json", "a.toml", "b.toml"]);
    let document = document(&output);
    let said = |at: usize| document["checklists"][at]["steps"].to_string();
    assert!(
        said(0).contains("belongs to the tenant b") && said(1).contains("belongs to the tenant a")
    );
}
