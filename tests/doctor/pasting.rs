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
    let table = place.strip_prefix("the existing ").unwrap();
    let table = table.strip_suffix(" of the job file").unwrap();
    // `[[wecom_app]] agent_id = "kehu"`: behind that line, which is behind its header.
    let line = table.split_once("]] ").map_or(table, |(_, key)| key);
    assert_eq!(job.lines().filter(|other| *other == line).count(), 1, "{line} in {job}");
    job.replace(&format!("{line}\n"), &format!("{line}\n{value}\n"))
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
