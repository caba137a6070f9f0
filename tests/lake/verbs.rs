//! The verbs, and what follows a publication where the job has a lake.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use std::sync::Arc;

use orgsnap::config::job;
use orgsnap::daemon::{Purpose, RunRequest};
use orgsnap::lake;
use orgsnap::model::Cancel;
use orgsnap::pipeline::WaitPolicy;
use orgsnap::sample::{self, Charset, Options};

use super::{files, naive, now};
use crate::quiet::Quiet;

/// A folder with a job that has a lake, and deliveries.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(tenant: &str) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        let job = format!(
            "tenant = \"{tenant}\"\n[source]\nkind = \"dir\"\npath = \"in/{{date:%Y%m%d}}\"\n\
             [lake]\npath = \"lake\"\n"
        );
        fs::write(folder.path("job.toml"), job).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn deliver(&self, date: &str) {
        let date: chrono::NaiveDate = date.parse().unwrap();
        let since = Some("2024-11-20".parse().unwrap());
        let options = Options {
            agents: 300,
            churn: 0.02,
            since,
            charset: Charset::Utf8,
            ..Options::new(date)
        };
        let folder = self.path(&format!("in/{}", date.format("%Y%m%d")));
        fs::create_dir_all(&folder).unwrap();
        sample::write(&options, &folder).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let program = assert_cmd::cargo::cargo_bin!("orgsnap").to_path_buf();
        let Output { status, stdout, stderr } = Command::new(program)
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("LANG", "en_US.UTF-8")
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code(), text(stdout), text(stderr))
    }
}

#[test]
fn an_import_exports_to_the_lake_of_its_job_and_verify_finds_what_was_done_to_a_file() {
    let folder = Folder::new("00123");
    folder.deliver("2024-11-22");
    folder.deliver("2024-11-23");
    for date in ["2024-11-22", "2024-11-23"] {
        let (code, _, err) = folder.run(&["import", "job.toml", "--date", date]);
        assert_eq!((code, err.contains("lake")), (Some(0), false), "{err}");
    }
    let root = folder.path("lake");
    assert_eq!(naive::dates(&root, "00123").len(), 2);
    let (code, out, _) = folder.run(&["lake", "export", "job.toml"]);
    assert_eq!((code, out.contains("up to date")), (Some(0), true), "{out}");
    let (code, out, _) = folder.run(&["lake", "verify", "job.toml"]);
    assert_eq!((code, out.contains("0 differences")), (Some(0), true), "{out}");

    let (code, ..) =
        folder.run(&["retract", "job.toml", "--date", "2024-11-22", "--reason", "x", "--yes"]);
    assert_eq!(code, Some(0));
    assert_eq!(naive::dates(&root, "00123").len(), 1);
    let (code, out, _) = folder.run(&["lake", "verify", "job.toml"]);
    assert_eq!(code, Some(0), "{out}");

    // The files of the publication that holds.
    let published = naive::publications(&root, "00123").into_values().next_back().unwrap();
    let agents = published["tables"].as_array().unwrap().iter().find(|t| t["name"] == "agent");
    let file = root.join(agents.unwrap()["files"][0]["path"].as_str().unwrap());
    let content = fs::read(&file).unwrap();
    let mut changed = content.clone();
    changed[content.len() / 2] ^= 1;
    fs::write(&file, changed).unwrap();
    let (code, out, _) = folder.run(&["lake", "verify", "job.toml"]);
    assert_eq!(code, Some(3), "{out}");
    assert!(out.contains(file.to_str().unwrap().rsplit("/lake/").next().unwrap()), "{out}");
    fs::remove_file(&file).unwrap();
    let (code, out, _) = folder.run(&["lake", "verify", "job.toml", "--lang", "zh"]);
    assert_eq!((code, out.contains("文件不存在")), (Some(3), true), "{out}");
}

#[test]
fn a_lake_that_cannot_be_written_warns_and_the_next_publication_makes_up_for_it() {
    let folder = Folder::new("t");
    folder.deliver("2024-11-22");
    folder.deliver("2024-11-23");
    fs::write(folder.path("lake"), "no folder").unwrap();
    let (code, out, err) = folder.run(&["import", "job.toml", "--date", "2024-11-22", "--json"]);
    assert_eq!(code, Some(0), "the publication stands: {err}");
    assert!(out.contains("\"published\"") && err.contains("was not exported to the lake"), "{err}");
    let (code, _, err) = folder.run(&["lake", "export", "t", "--lake", "lake"]);
    assert!(matches!(code, Some(2 | 4)), "{code:?} {err}");
    fs::remove_file(folder.path("lake")).unwrap();
    let (code, _, err) = folder.run(&["import", "job.toml", "--date", "2024-11-23"]);
    assert_eq!((code, err.contains("lake")), (Some(0), false), "{err}");
    assert_eq!(naive::dates(&folder.path("lake"), "t").len(), 2);
    let (code, out, err) = folder.run(&["lake", "verify"]);
    assert_eq!(code, Some(2), "no lake is named: {out} {err}");
}

#[test]
fn a_scheduled_run_exports_what_it_publishes_and_a_fault_of_the_lake_is_none_of_the_run() {
    let folder = Folder::new("t");
    let job = Arc::new(job::load(&folder.path("job.toml"), &|_| None).unwrap());
    fs::write(folder.path("lake"), "no folder").unwrap();
    for (date, has_fault) in [("2024-11-22", true), ("2024-11-23", false)] {
        folder.deliver(date);
        let request = RunRequest {
            job: Arc::clone(&job),
            purpose: Purpose::Scheduled,
            date: date.parse().unwrap(),
            now: now(),
            wait_policy: WaitPolicy::WaitForFiles,
            refused: None,
            data: folder.path("data"),
            backup: false,
            cancel: Cancel::new(),
            claim: None,
        };
        let finished = request.execute(&Quiet);
        assert_eq!(finished.report.unwrap().verdict.name(), "published", "{date}");
        assert_eq!(finished.lake_fault.is_some(), has_fault, "{date}: {:?}", finished.lake_fault);
        let _ = fs::remove_file(folder.path("lake"));
    }
    assert_eq!(
        naive::dates(&folder.path("lake"), "t").len(),
        2,
        "the second export makes up for the first"
    );
}

#[test]
fn publications_fit_their_json_schema_and_paths_hold_no_number_as_a_tenant() {
    let folder = Folder::new("00123");
    for date in ["2024-11-22", "2024-11-23"] {
        folder.deliver(date);
        folder.run(&["import", "job.toml", "--date", date]);
    }
    folder.run(&["retract", "job.toml", "--date", "2024-11-23", "--reason", "x", "--yes"]);
    let schema: serde_json::Value = serde_json::from_str(lake::SCHEMA).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let mut publications = 0;
    for file in files(&folder.path("lake/v1")) {
        let path = file.display().to_string();
        for part in path.split('/').filter_map(|part| part.split_once('=')) {
            let (name, value) = part;
            assert!(value.parse::<f64>().is_err(), "{name}={value} is a number in {path}");
        }
        if is_publication(&file) {
            let document = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
            let errors: Vec<String> =
                schema.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{path}: {errors:?}");
            publications += 1;
        }
    }
    assert_eq!(publications, 3);
    assert!(files(&folder.path("lake/v1/unfinished")).is_empty());
}

fn is_publication(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "json")
}
