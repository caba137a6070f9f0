//! Completions as a bash gets them that sources the script.

use orgsnap::sample::Defects;

use super::{Workspace, clean, orgsnap};

/// What bash offers for the last of these words; `None`, and a word why, without bash.
fn offered(workspace: &Workspace, words: &[&str]) -> Option<Vec<String>> {
    let folder = orgsnap().parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let (last, before) = (words.last().unwrap(), words[words.len() - 2]);
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source <(orgsnap completions bash) && COMP_WORDS=({}) && COMP_CWORD={} && COMP_TYPE=9 && \
         _clap_complete_orgsnap orgsnap '{last}' '{before}' && printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        words.len() - 1
    );
    let mut command = clean("bash", workspace.folder.path());
    command.args(["-c", &script]).env("PATH", format!("{folder}:{path}"));
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            Some(text.lines().map(|line| line.trim_end().to_owned()).collect())
        }
        Err(error) => {
            eprintln!("skipped: completions, because there is no bash ({error})");
            None
        }
    }
}

#[test]
fn bash_offers_forests_rules_tenants_and_job_files() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    workspace.write("notes.txt", "");
    let offers = |words: &[&str], expected: &[&str], others: &[&str]| {
        let Some(values) = offered(&workspace, words) else { return };
        for value in expected {
            assert!(values.iter().any(|v| v == value), "{words:?}: {value} is not in {values:?}");
        }
        for value in others {
            assert!(!values.iter().any(|v| v == value), "{words:?}: {value} is in {values:?}");
        }
    };
    offers(&["orgsnap", "tree", ""], &["organ", "node", "recruit", "mentor"], &[]);
    offers(&["orgsnap", "rules", "V2"], &["V203"], &["X409", "unknown-recruiter"]);
    offers(&["orgsnap", "rules", "unknown-r"], &["unknown-recruiter"], &["V203"]);
    offers(&["orgsnap", "check", "in", "--only", "V203,X4"], &["V203,X409"], &["X409"]);
    offers(&["orgsnap", "runs", ""], &["t", "job.toml"], &["notes.txt"]);
    offers(&["orgsnap", "--data", "absent", "runs", ""], &["job.toml"], &["t"]);
    offers(&["orgsnap", "tree", "organ", "--tenant", ""], &["t"], &[]);
    offers(&["orgsnap", "import", "j"], &["job.toml"], &["notes.txt"]);
    offers(&["orgsnap", "config", ""], &["job.toml"], &["notes.txt", "t"]);
    offers(&["orgsnap", "wecom", "nginx", "j"], &["job.toml"], &["notes.txt"]);
    let verbs = ["import", "check", "config", "sample", "runs", "tree", "rules", "completions"];
    offers(&["orgsnap", ""], &verbs, &["job.toml"]);
}

#[test]
fn every_shell_has_a_completion_script() {
    let workspace = Workspace::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = workspace.run(&["completions", shell]);
        assert_eq!(output.code, Some(0), "{output:?}");
        assert!(output.out.contains("ORGSNAP_COMPLETE"), "{output:?}");
    }
}
