//! A job file beside others, and what the command line names.

use std::fs;

use super::absent::{doctor, document};

fn step(folder: &std::path::Path, arguments: &[&str], id: &str) -> serde_json::Value {
    let document = document(&doctor(folder, arguments));
    let steps = document["checklists"][0]["steps"].as_array().unwrap();
    steps.iter().find(|step| step["id"] == id).unwrap().clone()
}

#[test]
fn a_job_that_is_looked_at_alone_is_compared_with_the_job_files_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = folder.path().join("jobs");
    fs::create_dir(&jobs).unwrap();
    let write = |name: &str, tenant: &str| {
        let text = format!(
            "tenant = \"{tenant}\"\n[wecom]\nmp_api_url = \"http://127.0.0.1:9\"\n[[official_account]]\nappid = \"wx0123456789abcdef\"\nsecret = {{ env = \"NOT_SET\" }}\n"
        );
        fs::write(jobs.join(name), text).unwrap();
    };
    write("b.toml", "b");
    let run = ["--json", "jobs/b.toml"];
    let account = |text: &serde_json::Value| text["seen"]["en"].as_str().unwrap().to_owned();
    assert!(!account(&step(folder.path(), &run, "platform-accounts")).contains("belongs to"));
    write("a.toml", "a");
    let told = account(&step(folder.path(), &run, "platform-accounts"));
    assert!(told.contains("belongs to the tenant a"), "{told}");
    write("a.toml", "b");
    fs::write(jobs.join("notes.toml"), "no = 1\n").unwrap();
    fs::write(jobs.join(".hidden.toml"), "tenant = \"b\"\n").unwrap();
    let job_file = step(folder.path(), &run, "job-file");
    assert_eq!(job_file["state"], "failed");
    let told = job_file["seen"]["en"].as_str().unwrap();
    assert!(told.ends_with("another job file: jobs/a.toml"), "{told}");
    // What is no job file hinders nothing.
    fs::write(jobs.join("a.toml"), "tenant = \"a\"\n").unwrap();
    fs::write(jobs.join("b.toml"), "tenant = \"b\"\n").unwrap();
    let job_file = step(folder.path(), &run, "job-file");
    assert_eq!(job_file["state"], "ok", "{job_file:#}");
    assert!(job_file["seen"]["en"].as_str().unwrap().contains("jobs/notes.toml beside it"));
}

#[test]
fn a_file_of_authorities_that_cannot_be_read_is_the_callers_mistake() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.toml"), "tenant = \"t\"\n").unwrap();
    let output = doctor(folder.path(), &["--ca", "nope.pem", "x.toml"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("nope.pem"), "{output:?}");
}

#[test]
fn a_data_folder_that_can_never_be_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.toml"), "tenant = \"t\"\n").unwrap();
    let step = step(folder.path(), &["--json", "--data", "/proc/x", "x.toml"], "permissions");
    assert_eq!(step["state"], "failed", "{step:#}");
    assert!(step["seen"]["en"].as_str().unwrap().contains("/proc/x"), "{step:#}");
}

#[test]
fn the_clock_has_none_to_be_compared_with_where_no_server_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (job, words) in [
        ("tenant = \"t\"\n", "neither public_url nor a [[wecom_app]]"),
        ("tenant = \"t\"\npublic_url = \"http://127.0.0.1:9\"\n", "did not answer"),
    ] {
        fs::write(folder.path().join("x.toml"), job).unwrap();
        let step = step(folder.path(), &["--json", "x.toml"], "clock");
        assert!(step["seen"]["en"].as_str().unwrap().contains(words), "{step:#}");
    }
}
