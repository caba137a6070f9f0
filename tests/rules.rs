//! The catalogue, and a pair of deliveries for every rule: `bad` fires it on exactly the lines stated in
//! `expected.txt`, `good` does not fire it.
//!
//! `ORGSNAP_UPDATE_FIXTURES=1 cargo test --release` writes `expected.txt` anew; read what it wrote.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use orgsnap::{
    model::{Finding, Level, RunReport},
    report::{Language, rule_page},
    rules::CATALOGUE,
};

use crate::quiet::{check, check_after};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules")
}

/// A finding: code, feed, lines, key, field and number of rows affected; below it the value and the message in both
/// languages.
fn written(finding: &Finding) -> String {
    let lines: Vec<String> = finding.lines.iter().map(u64::to_string).collect();
    let lines = if lines.is_empty() { "-".to_owned() } else { lines.join(",") };
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    format!(
        "{} {} {lines} {} {} {}\n  value {}\n  zh {}\n  en {}\n",
        finding.code,
        finding.feed,
        or_dash(&finding.key),
        or_dash(&finding.field),
        finding.affected,
        finding.value.as_ref().map_or("-".to_owned(), |value| format!("{value:?}")),
        finding.message.zh,
        finding.message.en,
    )
}

/// Checks a delivery of a fixture. Its files have the times that `mtimes.txt` in it gives them; where the
/// fixture has a delivery `before`, that one is published for the day before.
fn check_fixture(fixture: &Path, name: &str) -> RunReport {
    let (delivery, before) = (fixture.join(name), fixture.join("before"));
    if before.exists() {
        return check_after(&before, &delivery);
    }
    let Ok(times) = fs::read_to_string(delivery.join("mtimes.txt")) else {
        return check(&delivery);
    };
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(&delivery).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    for line in times.lines() {
        let (name, time) = line.split_once(' ').unwrap();
        let time: DateTime<Utc> = time.parse().unwrap();
        let file = fs::File::options().write(true).open(copy.path().join(name)).unwrap();
        file.set_modified(time.into()).unwrap();
    }
    check(copy.path())
}

#[test]
fn every_rule_fires_on_its_bad_delivery_and_is_silent_on_its_good_one() {
    let update = std::env::var_os("ORGSNAP_UPDATE_FIXTURES").is_some();
    let mut wrong = Vec::new();
    for rule in CATALOGUE {
        let code = rule.meta.code;
        let folder = fixtures().join(code);
        let check = |name: &str| check_fixture(&folder, name);
        let bad = check("bad");
        let found: String = bad.findings.iter().map(written).collect();
        let expected = folder.join("expected.txt");
        if update {
            fs::write(&expected, &found).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{code}/bad finds\n{found}"));
        }
        if !bad.totals.contains_key(code) {
            wrong.push(format!("{code}/bad does not fire it"));
        }
        let good = check("good");
        if let Some(finding) = good.findings.iter().find(|f| f.code == code) {
            wrong.push(format!("{code}/good finds {}", written(finding)));
        }
        // A rule that is not run is silent for the wrong reason.
        if !good.rules_run.contains(&code) {
            wrong.push(format!("{code}/good does not run it"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fixture_belongs_to_a_rule() {
    let codes: BTreeSet<&str> = CATALOGUE.iter().map(|rule| rule.meta.code).collect();
    for folder in fs::read_dir(fixtures()).unwrap() {
        let name = folder.unwrap().file_name();
        assert!(codes.contains(name.to_str().unwrap()), "{name:?}");
    }
}

#[test]
fn the_rule_catalogue_is_ordered_unique_and_documented() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let mut names = BTreeSet::new();
    let mut last = "";
    for rule in CATALOGUE {
        let meta = &rule.meta;
        let (code, name) = (meta.code, meta.name);
        assert!(last < code, "codes are unique and in order: {last} {code}");
        last = code;
        let (letter, digits) = code.split_at(1);
        assert!("FRVKXNTBS".contains(letter) && digits.len() == 3, "{code}");
        assert!(digits.bytes().all(|b| b.is_ascii_digit()), "{code}");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        assert!(names.insert(name), "{name} is taken");
        assert!(meta.floor <= meta.level && meta.level > Level::Off, "{code}");
        for (docs, heads) in [
            (&meta.docs.zh, ["## 检查内容", "## 影响", "## 修正方法"]),
            (
                &meta.docs.en,
                ["## What it checks", "## Why it matters", "## How the provider fixes it"],
            ),
        ] {
            let sections: Vec<&str> = docs.split("\n\n").collect();
            assert_eq!(sections.len(), 3, "{code}");
            for (section, head) in sections.iter().zip(heads) {
                let (title, body) = section.split_once('\n').unwrap();
                assert_eq!(title, head, "{code}");
                assert!(body.len() > 10, "{code}: {body}");
            }
        }
        let example = &meta.example;
        assert!(!example.mended.is_empty() && example.defect != example.mended, "{code}");
        assert!(!meta.summary.zh.is_empty() && !meta.summary.en.is_empty(), "{code}");
        // The rules of references are one table.
        if letter == "X" {
            continue;
        }
        let file = format!("{}_{}.rs", code.to_lowercase(), name.replace('-', "_"));
        let groups = ["file", "record", "value", "key", "name", "tree", "business", "snapshot"];
        assert!(groups.iter().any(|group| src.join(group).join(&file).exists()), "{file}");
    }
}

#[test]
fn the_documents_of_the_rules_are_those_of_the_catalogue() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let metas: Vec<_> = CATALOGUE.iter().map(|rule| &rule.meta).collect();
    for (language, name) in [(Language::English, "rules.md"), (Language::Chinese, "rules.zh-CN.md")]
    {
        let (made, path) = (rule_page::document(language, &metas), docs.join(name));
        if std::env::var_os("ORGSNAP_UPDATE_FIXTURES").is_some() {
            fs::write(&path, &made).unwrap();
        }
        assert!(
            fs::read_to_string(&path).unwrap_or_default() == made,
            "docs/{name} differs; ORGSNAP_UPDATE_FIXTURES=1 cargo test --release documents_of_the_rules makes it anew"
        );
    }
}
