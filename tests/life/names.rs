//! Names of people in lists of findings: masked unless the job shows them.

use std::fs;
use std::process::Command;

use super::{ENTERED, Insurer, deliver, edit, set};
use crate::naive::FEEDS;

fn print(insurer: &Insurer, tenant: &str, more: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_orgsnap"))
        .args(["findings", tenant, "--data"])
        .arg(insurer.data())
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn names_in_lists_of_findings_are_masked_unless_the_job_shows_them() {
    let folder = tempfile::tempdir().unwrap();
    let day = folder.path().join("1");
    deliver(&day, "2024-11-20");
    let (_, file, fields) = FEEDS.into_iter().find(|(feed, ..)| *feed == "organ").unwrap();
    let leader = fields.split_whitespace().position(|field| field == "leaderName").unwrap();
    edit(&day, file, |lines| {
        let at = lines
            .iter()
            .skip(1)
            .position(|line| line.split('|').nth(leader).is_some_and(|name| !name.is_empty()));
        set(lines, at.unwrap() + 1, leader, "欧阳锋");
    });
    // A name where a date belongs.
    edit(&day, "temp_agent.txt", |lines| set(lines, 5, ENTERED, "张三丰"));
    let mut insurer = Insurer::new("");
    insurer.import(&day, "2024-11-20");
    let names = ["张三丰", "欧阳锋"];
    let clean = folder.path().join("2");
    deliver(&clean, "2024-11-20");
    insurer.import(&clean, "2024-11-21");

    let shown = folder.path().join("shown.toml");
    fs::write(&shown, "tenant = 't'\n[report]\nmask_names = false\n").unwrap();
    let hidden = folder.path().join("hidden.toml");
    fs::write(&hidden, "tenant = 't'\n").unwrap();
    let (shown, hidden) = (shown.to_str().unwrap(), hidden.to_str().unwrap());
    for list in [&["--date", "2024-11-20"][..], &["--mended"]] {
        for form in [&["--lang", "zh"][..], &["--lang", "en"], &["--csv"], &["--json"]] {
            let arguments = [list, form].concat();
            let open = print(&insurer, shown, &arguments);
            assert!(names.iter().all(|name| open.contains(name)), "{arguments:?}: {open}");
            for tenant in ["t", hidden] {
                let masked = print(&insurer, tenant, &arguments);
                assert!(!names.iter().any(|name| masked.contains(name)), "{arguments:?}: {masked}");
                assert!(
                    masked.contains("张*") && masked.contains("欧*"),
                    "{arguments:?}: {masked}"
                );
            }
        }
    }
}
