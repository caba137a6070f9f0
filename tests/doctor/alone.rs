//! A job file beside others, and what the command line names.

use std::fs;

use super::absent::{doctor, document};

fn step(folder: &std::path::Path, arguments: &[&str], id: &str) -> serde_json::Value {
    of_id(&steps(folder, arguments), id).clone()
}

fn steps(folder: &std::path::Path, arguments: &[&str]) -> Vec<serde_json::Value> {
    let document = document(&doctor(folder, arguments));
    document["checklists"][0]["steps"].as_array().unwrap().clone()
}

fn of_id<'s>(steps: &'s [serde_json::Value], id: &str) -> &'s serde_json::Value {
    steps.iter().find(|step| step["id"] == id).unwrap()
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

#[test]
fn lines_that_a_job_file_is_refused_with_alone_name_the_step_whose_lines_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    for (id, lines, first) in [
        ("schedule", "[schedule]", vec!["五.1"]),
        ("reconciliation", "[wecom]", vec!["二.2a"]),
        ("login", "[wecom.login]", vec!["0.8", "二.1"]),
        ("archive-settings", "[wecom.archive]", vec!["二.0"]),
    ] {
        let begun = "tenant = \"t\"\n";
        fs::write(&path, begun).unwrap();
        let found = step(folder.path(), &["--json", "x.toml"], id);
        let (advice, zh) = (found["advice"]["en"].as_str(), found["advice"]["zh"].as_str());
        for number in first {
            let words = format!("put the lines of {number} there first");
            assert!(advice.unwrap().contains(&words), "{found:#}");
            assert!(zh.unwrap().contains(&format!("先填写 {number} 的内容")), "{found:#}");
        }
        // It is true that they are refused without the others.
        let paste = found["paste"][0]["value"].as_str().unwrap();
        assert!(paste.starts_with(lines), "{paste}");
        fs::write(&path, format!("{begun}{paste}\n")).unwrap();
        let refused = step(folder.path(), &["--json", "x.toml"], "job-file");
        assert_eq!(refused["state"], "failed", "{refused:#}");
    }
    // Where what they need is there, nothing has to come first.
    let whole = "tenant = \"t\"\ncorp_id = \"ww1\"\npublic_url = \"http://127.0.0.1:9\"\n[source]\nkind = \"dir\"\npath = \"in\"\n[wecom]\napi_url = \"http://127.0.0.1:9\"\n[[wecom_app]]\nagent_id = 7\nsecret = \"x\"\n";
    fs::write(&path, whole).unwrap();
    let whole = steps(folder.path(), &["--json", "x.toml"]);
    for id in ["schedule", "reconciliation", "login", "archive-settings"] {
        let found = of_id(&whole, id);
        assert_eq!(found["state"], "not-configured", "{found:#}");
        assert!(!found["advice"]["en"].as_str().unwrap().contains("there first"), "{found:#}");
    }
}

#[test]
fn the_path_of_a_public_url_is_named_where_nothing_answers_below_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("WW_verify_OTLPha66qJcN7Wpf.txt"), "OTLPha66qJcN7Wpf").unwrap();
    let job = |path: &str| {
        format!(
            "tenant = \"t\"\ncorp_id = \"ww1\"\npublic_url = \"http://127.0.0.1:9{path}\"\n[wecom]\napi_url = \"http://127.0.0.1:9\"\n[wecom.login]\nagent_id = 7\n[[wecom_app]]\nagent_id = 7\nsecret = \"x\"\n[[wecom_app]]\nagent_id = \"chengyuan\"\nsecret = \"y\"\ntoken = \"QDG6eK\"\naes_key = \"jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C\"\n[[domain_verification]]\nfile = \"WW_verify_OTLPha66qJcN7Wpf.txt\"\n"
        )
    };
    let found = |path: &str| {
        fs::write(folder.path().join("x.toml"), job(path)).unwrap();
        steps(folder.path(), &["--json", "x.toml"])
    };
    let (below, at_root) = (found("/wecom"), found(""));
    for id in ["contacts-callback", "domain-verification", "login"] {
        for (found, is_named) in [(of_id(&below, id), true), (of_id(&at_root, id), false)] {
            assert_eq!(found["state"], "failed", "{found:#}");
            let seen = found["seen"]["en"].as_str().unwrap();
            assert_eq!(seen.contains("public_url has the path /wecom"), is_named, "{found:#}");
        }
    }
    let first = of_id(&below, "contacts-callback");
    assert_eq!(first["paste"][0]["value"], "public_url = \"http://127.0.0.1:9\"", "{first:#}");
    assert!(first["paste"][0]["place"]["en"].as_str().unwrap().contains("in place of public_url"));
}
