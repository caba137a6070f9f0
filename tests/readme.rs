//! What the READMEs say works: job files parse, queries answer on the demo, and both languages show the same.

use std::{fs, path::Path};

use orgsnap::{config::job, rules};
use rusqlite::Connection;

const READMES: [&str; 2] = ["README.md", "README.zh-CN.md"];

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn job_files_in_the_readmes_resolve() {
    for name in READMES {
        let jobs = blocks(&read(name), "toml");
        assert_eq!(jobs.len(), 3, "{name}");
        for text in jobs {
            let job = job::parse(Path::new("README.toml"), &text, &|_| Some("secret".to_owned()));
            let job = job.unwrap_or_else(|error| panic!("{name}: {error}"));
            rules::Levels::of(&job).unwrap();
        }
    }
}

#[test]
fn queries_in_the_readmes_return_rows_on_the_demo() {
    let data = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("orgsnap"))
        .args(["import", "jobs/demo.toml", "--data"])
        .arg(data.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let db = Connection::open(data.path().join("demo/org.db")).unwrap();
    let without_titles = |sql: &str| sql.replace("title_zh, meaning_zh", "title_en, meaning_en");
    let [english, chinese] = READMES.map(|name| blocks(&read(name), "sql"));
    assert!(english.len() >= 7);
    let same: Vec<String> = chinese.iter().map(|sql| without_titles(sql)).collect();
    assert_eq!(english, same, "both languages show the same queries");
    for sql in english.iter().chain(&chinese) {
        let mut statement = db.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let rows = statement.query_map([], |_| Ok(())).unwrap().count();
        // On the first day nothing is carried yet.
        assert_eq!(rows == 0, sql.contains("carried_since is not null"), "{sql}");
    }
}
