//! What the doctor says to paste, pasted where it says, one block after the other.

use std::path::Path;

use orgsnap::config::job;
use serde_json::Value;

use super::absent::{doctor, document};

/// A job with this value at this place, as somebody does it who reads what the doctor says.
fn pasted(job: &str, place: &str, value: &str) -> String {
    if place == "the top of the job file, before its first [" {
        return format!("{value}\n{job}");
    }
    if place == "the end of the job file" {
        return format!("{job}\n{value}\n");
    }
    let (table, changed) = match place.split_once(", in place of ") {
        Some((table, rest)) => (table, rest.strip_suffix(" there")),
        None => (place, None),
    };
    let table = table.strip_prefix("the existing ").unwrap();
    let table = table.strip_suffix(" of the job file").unwrap();
    // `[[wecom_app]] agent_id = "kehu"`: behind that line, which is behind its header.
    let line = table.split_once("]] ").map_or(table, |(_, key)| key);
    assert_eq!(job.lines().filter(|other| *other == line).count(), 1, "{line} in {job}");
    let (before, behind) = job.split_once(&format!("{line}\n")).unwrap();
    let is_changed = |line: &str| {
        changed.is_some_and(|key| line.split_once(" = ").is_some_and(|(found, _)| found == key))
    };
    let behind: String =
        behind.lines().filter(|line| !is_changed(line)).map(|line| format!("{line}\n")).collect();
    format!("{before}{line}\n{value}\n{behind}")
}

#[test]
fn all_that_the_doctor_says_to_paste_makes_a_job_file_when_it_is_pasted_as_it_says() {
    for (begun, says) in [
        ("tenant = \"t\"\n", "the end of the job file"),
        ("tenant = \"t\"\n[wecom]\n", "the existing [wecom] of the job file"),
        (
            "tenant = \"t\"\ncorp_id = \"ww1\"\n[[wecom_app]]\nagent_id = \"kehu\"\nsecret = \"x\"\n[wecom]\napi_url = \"http://127.0.0.1:9\"\n",
            "the existing [[wecom_app]] agent_id = \"kehu\" of the job file",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.toml"), begun).unwrap();
        let document = document(&doctor(folder.path(), &["--json", "x.toml"]));
        let steps = document["checklists"][0]["steps"].as_array().unwrap();
        let pastes: Vec<&Value> =
            steps.iter().flat_map(|step| step["paste"].as_array().unwrap()).collect();
        assert!(pastes.iter().any(|paste| paste["place"]["en"] == says), "{says}: {pastes:#?}");
        let mut text = begun.to_owned();
        for paste in pastes {
            let place = paste["place"]["en"].as_str().unwrap();
            text = pasted(&text, place, paste["value"].as_str().unwrap());
            let parsed: Result<toml::Table, _> = toml::from_str(&text);
            assert!(parsed.is_ok(), "{}: {text}", parsed.unwrap_err());
        }
        let job = job::parse(Path::new("x.toml"), &text, &|_| None);
        let job = job.unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(job.wecom.apps.len(), 3, "{text}");
        assert!(job.source.is_some() && job.schedule.is_some() && job.wecom.archive.is_some());
        assert!(job.wecom.public_url.is_some() && !job.site.domains.is_empty());
    }
}

#[test]
fn settings_that_the_content_shows_are_pasted_into_the_sections_that_are_there_and_make_it_right() {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export");
    std::fs::create_dir(&export).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dialects/oracle-sqlplus");
    for name in ["agent", "base_node", "organization", "principal"] {
        let name = format!("temp_{name}.txt");
        std::fs::write(export.join(&name), std::fs::read(root.join(&name)).unwrap()).unwrap();
    }
    let mut text = "tenant = \"t\"\n[source]\nkind = \"dir\"\npath = \"export\"\n[format]\nnull = [\"NULL\"]\n".to_owned();
    let contents = |text: &str| {
        std::fs::write(folder.path().join("x.toml"), text).unwrap();
        let document = document(&doctor(folder.path(), &["--json", "x.toml"]));
        let steps = document["checklists"][0]["steps"].as_array().unwrap().clone();
        let is_content = |step: &Value| step["id"].as_str().unwrap().ends_with("-content");
        steps.into_iter().filter(is_content).collect::<Vec<Value>>()
    };
    let before = contents(&text);
    assert!(before.iter().any(|step| step["state"] == "failed"), "{before:#?}");
    let pastes = before.iter().flat_map(|step| step["paste"].as_array().unwrap());
    for paste in pastes {
        let place = paste["place"]["en"].as_str().unwrap();
        text = pasted(&text, place, paste["value"].as_str().unwrap());
    }
    let after = contents(&text);
    assert!(after.iter().all(|step| step["state"] == "ok"), "{text}: {after:#?}");
}
