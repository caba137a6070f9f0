//! `docs/onboarding.md` and the doctor have the same steps: numbers, order, titles, who does them.

use std::fs;
use std::path::Path;

use orgsnap::config::job;
use orgsnap::doctor::{State, Subject};
use orgsnap::model::Language;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap()
}

#[test]
fn the_onboarding_document_has_the_steps_of_the_doctor_with_the_line_that_proves_each() {
    for (name, language, who, proof) in [
        ("onboarding.zh-CN.md", Language::Chinese, "- 由谁：", "- 证明："),
        ("onboarding.md", Language::English, "- who: ", "- proof: "),
    ] {
        let text = read(name);
        let found: Vec<&str> = text
            .lines()
            .filter(|line| {
                line.starts_with("### ") || line.starts_with(who) || line.starts_with(proof)
            })
            .collect();
        let expected: Vec<String> = Subject::ALL
            .iter()
            .flat_map(|subject| {
                let (number, id, title) = (subject.number(), subject.id(), subject.title());
                let (title, ok) = (language.of(&title), State::Ok.title());
                [
                    format!("### {number} {title} (`{id}`)"),
                    format!("{who}{}", language.of(&subject.who().title())),
                    format!("{proof}`{number} {} {title}`", language.of(&ok)),
                ]
            })
            .collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn what_the_onboarding_document_says_to_paste_is_part_of_a_job_file() {
    for name in ["onboarding.zh-CN.md", "onboarding.md"] {
        let text = read(name);
        let blocks: Vec<String> = text
            .split("```toml\n")
            .skip(1)
            .map(|rest| rest.split("  ```").next().unwrap().replace("\n  ", "\n"))
            .collect();
        assert!(blocks.len() >= 14, "{name}");
        for block in blocks {
            // A schedule is for a source; the rest stands for itself.
            let source = "[source]\nkind = \"dir\"\npath = \"x\"\n";
            let mut job = block.trim_start().to_owned();
            for (key, line) in [("corp_id", "corp_id = \"ww1\"\n"), ("tenant", "tenant = \"t\"\n")]
            {
                if !job.contains(&format!("{key} = ")) {
                    job = format!("{line}{job}");
                }
            }
            if job.contains("[schedule]") {
                job.push_str(source);
            }
            let parsed = job::parse(Path::new("x.toml"), &job, &|_| None);
            assert!(parsed.is_ok(), "{name}: {}\n{job}", parsed.unwrap_err());
        }
    }
}
