//! `orgsnap approve`: what a limit refused is published once, as it is in the archive, with who answers for it.

use std::fs;
use std::path::PathBuf;

use orgsnap::sample::Defects;
use rusqlite::Connection;

use super::{CommandOutput, Workspace, date};

const AGENTS: usize = 600;

/// Days 22 to 24; on the 23rd half of the agents are missing, so that it was refused. Returns that run, too.
pub(super) fn refused() -> (Workspace, String) {
    let workspace = Workspace::new();
    for day in 22..=24 {
        workspace.deliver(day, AGENTS, Defects::None);
    }
    assert_eq!(workspace.import(22).code, Some(0));
    halve(&workspace.path("in/20241123/temp_agent.txt"));
    assert_eq!(workspace.import(23).code, Some(3));
    let run = workspace.newest_run();
    (workspace, run)
}

/// Cuts a file off behind a whole line, half way.
fn halve(path: &PathBuf) {
    let bytes = fs::read(path).unwrap();
    let half = bytes.len() / 2;
    let end = half + bytes[half..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(path, &bytes[..end]).unwrap();
}

impl Workspace {
    /// The id of the run that was recorded last.
    pub(super) fn newest_run(&self) -> String {
        let db = Connection::open(self.database()).unwrap();
        let sql = "select id from run order by started desc, id desc limit 1";
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub(super) fn approve(&self, run: &str, more: &[&str]) -> CommandOutput {
        let fixed = ["approve", "job.toml", run, "--lang", "en", "--reason", "branch was closed"];
        self.run(&[&fixed[..], more].concat())
    }
}

#[test]
fn an_approval_publishes_the_refused_files_once_and_is_recorded() {
    let (workspace, run) = refused();
    let before = workspace.dump();
    let unasked = workspace.approve(&run, &[]);
    assert!(unasked.code == Some(2) && unasked.err.contains("add --yes"), "{unasked:?}");
    assert!(workspace.dump() == before);
    // What is delivered now does not count.
    fs::remove_dir_all(workspace.path("in/20241123")).unwrap();
    let done = workspace.approve(&run, &["--by", "li", "--yes"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    for words in
        ["approved by li", "branch was closed", "waived: agent rows gone", "RESULT published"]
    {
        assert!(done.out.contains(words), "{words}: {done:?}");
    }
    assert!(workspace.dump() != before);
    let approving = workspace.newest_run();
    let again = workspace.approve(&run, &["--yes"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains(&format!("approved by li already (run {approving})")), "{again:?}");

    let runs = workspace.run(&["runs", "t", "--lang", "en"]);
    assert!(runs.out.contains("published, approved"), "{runs:?}");
    assert!(runs.out.contains("refused, then approved"), "{runs:?}");
    let json = workspace.run(&["runs", "t", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    crate::schemas::assert_valid("runs", &document);
    let listed = &document["runs"];
    assert_eq!(listed[0]["approval"]["refused_run"], run.as_str());
    assert_eq!(listed[1]["approved_as"], approving.as_str());
    let report = fs::read(workspace.path(&format!("data/t/reports/{approving}/report.json")));
    let report: serde_json::Value = serde_json::from_slice(&report.unwrap()).unwrap();
    assert_eq!(report["approval"]["waived"][0]["limit"], "vanished", "{report}");
    // The approved delivery is a date like any other.
    assert_eq!(workspace.import(24).code, Some(0));
    assert!(
        workspace.path(&format!("data/t/archive/2024-11-23/{approving}/settings.json")).exists()
    );
}

#[test]
fn an_approval_publishes_what_an_import_without_the_limit_would() {
    let (workspace, run) = refused();
    assert_eq!(workspace.approve(&run, &["--yes"]).code, Some(0));
    let approved = workspace.dump();
    let job = fs::read_to_string(workspace.path("job.toml")).unwrap();
    let lenient = "[gate]\nmax_vanished = '100%'\nmax_vanished_in_organ = '100%'\n";
    workspace.write("job.toml", job + lenient);
    fs::remove_dir_all(workspace.path("data")).unwrap();
    for day in [22, 23] {
        assert_eq!(workspace.import(day).code, Some(0));
    }
    assert!(workspace.dump() == approved);
}

#[test]
fn a_run_that_is_published_superseded_fatal_unknown_or_changed_is_not_approved() {
    let (workspace, run) = refused();
    let not = |run: &str, code: i32, words: &str| {
        let before = workspace.dump();
        let output = workspace.approve(run, &["--yes"]);
        assert!(output.code == Some(code) && output.err.contains(words), "{words}: {output:?}");
        assert!(workspace.dump() == before, "{words}");
    };
    not("20240101-000000-0000", 2, &format!("those that can be approved: {run}"));
    // Another file in the archive.
    let file = workspace.path(&format!("data/t/archive/2024-11-23/{run}/temp_agent.txt.zst"));
    let other = workspace.path(&format!(
        "data/t/archive/2024-11-22/{}/temp_agent.txt.zst",
        fs::read_dir(workspace.path("data/t/archive/2024-11-22"))
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .file_name()
            .display()
    ));
    let kept = fs::read(&file).unwrap();
    fs::copy(other, &file).unwrap();
    not(&run, 2, "is not what the run has recorded");
    fs::write(&file, kept).unwrap();
    let manifest = file.with_file_name("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replacen("\"sha256\": \"", "\"sha256\": \"0", 1)).unwrap();
    not(&run, 2, "is not what the run has recorded");
    fs::write(&manifest, text).unwrap();
    // A fatal finding.
    fs::remove_file(workspace.path("in/20241124/temp_organization.txt")).unwrap();
    assert_eq!(workspace.import(24).code, Some(3));
    not(&workspace.newest_run(), 3, "fatal findings");
    // A corrected delivery was published meanwhile.
    workspace.deliver(23, AGENTS, Defects::None);
    assert_eq!(workspace.import(23).code, Some(0));
    not(&workspace.newest_run(), 2, "nothing to approve");
    not(&run, 2, "cannot be approved any more");
    let taken_back =
        ["retract", "job.toml", "--date", &date(23).to_string(), "--reason", "x", "--yes"];
    assert_eq!(workspace.run(&taken_back).code, Some(0));
    assert_eq!(workspace.approve(&run, &["--yes"]).code, Some(0), "nothing supersedes it any more");
}

#[test]
fn a_run_whose_files_are_not_archived_any_more_is_not_approved() {
    let (workspace, run) = refused();
    fs::remove_dir_all(workspace.path(&format!("data/t/archive/2024-11-23/{run}"))).unwrap();
    let gone = workspace.approve(&run, &["--yes"]);
    assert!(gone.code == Some(2) && gone.err.contains("[archive] keep"), "{gone:?}");
}
