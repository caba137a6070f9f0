//! `orgsnap init --from`: from sample files to an import without writing a line of TOML.

use std::fs;

use orgsnap::sample::Defects;

use super::Workspace;
use super::terminal::typed;

/// The delivery of a day, its empty cells `NULL` and its genders letters.
fn export(workspace: &Workspace) {
    let change = |name: &str, column: usize, cell: &str| {
        match (name, column, cell) {
            (_, _, "") => "NULL",
            ("temp_agent.txt", 3, "1") => "M",
            ("temp_agent.txt", 3, "2") => "F",
            _ => cell,
        }
        .to_owned()
    };
    export_with(workspace, change);
}

/// The delivery of a day with other cells below its headers.
fn export_with(workspace: &Workspace, change: impl Fn(&str, usize, &str) -> String) {
    let folder = workspace.deliver(22, 300, Defects::None);
    for name in
        ["temp_agent.txt", "temp_base_node.txt", "temp_organization.txt", "temp_principal.txt"]
    {
        let path = folder.join(name);
        let bytes = fs::read(&path).unwrap();
        let (text, ..) = encoding_rs::GB18030.decode(&bytes);
        let lines = text.lines().enumerate().map(|(at, line)| {
            let changed = |(column, cell): (usize, &str)| match at {
                0 => cell.to_owned(),
                _ => change(name, column, cell),
            };
            line.split('|').enumerate().map(changed).collect::<Vec<_>>().join("|") + "\n"
        });
        let text: String = lines.collect();
        fs::write(&path, encoding_rs::GB18030.encode(&text).0).unwrap();
    }
}

#[test]
fn dated_names_of_sample_files_become_patterns_of_the_job() {
    let workspace = Workspace::new();
    let folder = workspace.deliver(22, 300, Defects::None);
    for name in ["temp_agent", "temp_base_node", "temp_organization", "temp_principal"] {
        let there = folder.join(format!("{name}.txt"));
        fs::rename(there, folder.join(format!("{}_20241122.csv", name.to_uppercase()))).unwrap();
    }
    let written = workspace.run(&["init", "new.toml", "--from", "in/20241122"]);
    assert_eq!(written.code, Some(0), "{written:?}");
    assert!(written.out.contains("--from in/20241122 --date 2024-11-22"), "{}", written.out);
    let job = fs::read_to_string(workspace.path("new.toml")).unwrap();
    assert!(job.contains("agent = \"TEMP_AGENT_{date:%Y%m%d}.csv\""), "{job}");
    let imported =
        workspace.run(&["import", "new.toml", "--from", "in/20241122", "--date", "2024-11-22"]);
    assert!(imported.out.contains("RESULT published exit=0"), "{imported:?}");
}

#[test]
fn a_job_is_written_from_a_sample_and_imports_it() {
    let workspace = Workspace::new();
    export(&workspace);
    let before = workspace.run(&["check", "in/20241122", "--lang", "en"]);
    assert_eq!(before.code, Some(3), "{before:?}");
    assert!(before.out.contains("hint: "), "{}", before.out);
    assert!(before.out.contains("[format] null = [\"NULL\"]"), "{}", before.out);
    workspace.run(&["check", "in/20241122", "--lang", "en", "--csv", "findings.csv"]);
    let table = fs::read_to_string(workspace.path("findings.csv")).unwrap();
    let hint = "the job file can say: [format] null = [\"\"NULL\"\"]\"\r\n";
    assert!(table.lines().next().unwrap().ends_with(",message,hint") && table.contains(hint));
    let written = workspace.run(&["init", "new.toml", "--from", "in/20241122", "--lang", "en"]);
    assert_eq!(written.code, Some(0), "{written:?}");
    assert!(written.out.contains("[format] null = [\"NULL\"]"), "{}", written.out);
    assert!(written.out.contains("RESULT passed exit=0"), "{}", written.out);
    let job = fs::read_to_string(workspace.path("new.toml")).unwrap();
    assert!(job.contains("null = [\"NULL\"]\n"), "{job}");
    assert!(job.contains("gender = { \"M\" = 1, \"F\" = 2 }\n"), "{job}");
    let again = workspace.run(&["init", "new.toml", "--from", "in/20241122"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert_eq!(fs::read_to_string(workspace.path("new.toml")).unwrap(), job);
    let imported =
        workspace.run(&["import", "new.toml", "--from", "in/20241122", "--date", "2024-11-22"]);
    assert!(imported.out.contains("RESULT published exit=0"), "{imported:?}");
    // Files that have none of the names are named.
    let folder = workspace.path("renamed");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("人员.csv"), "x").unwrap();
    let renamed = workspace.run(&["init", "other.toml", "--from", "renamed"]);
    assert!(renamed.code == Some(2) && renamed.err.contains("人员.csv"), "{renamed:?}");
    fs::create_dir(workspace.path("empty")).unwrap();
    for (folder, told) in [("absent", "there is no folder"), ("empty", "is empty")] {
        let none = workspace.run(&["init", "other.toml", "--from", folder, "--lang", "en"]);
        assert!(none.code == Some(2) && none.err.contains(told), "{none:?}");
    }
    assert!(!workspace.path("other.toml").exists());
}

#[test]
fn a_sample_is_fetched_once_from_the_source_of_a_job() {
    let workspace = Workspace::new();
    export(&workspace);
    workspace.write(
        "account.toml",
        "tenant = \"a\"\n[source]\nkind = \"dir\"\npath = \"in/20241122\"\n[gate]\nmax_vanished = \"1%\"\n",
    );
    workspace
        .write("late.toml", "tenant = \"a\"\n[source]\nkind = \"dir\"\npath = \"in/absent\"\n");
    let late = workspace.run(&["init", "new.toml", "--from-source", "late.toml"]);
    assert_eq!(late.code, Some(4), "{late:?}");
    assert!(!workspace.path("new-sample").exists(), "what failed can be tried again");
    let written =
        workspace.run(&["init", "new.toml", "--from-source", "account.toml", "--lang", "en"]);
    assert_eq!(written.code, Some(0), "{written:?}");
    assert!(written.out.contains("RESULT passed exit=0"), "{}", written.out);
    assert!(workspace.path("new-sample/temp_agent.txt").exists());
    let job = fs::read_to_string(workspace.path("new.toml")).unwrap();
    assert!(job.contains("path = \"in/20241122\"\n"), "{job}");
    assert!(job.contains("gender = { \"M\" = 1, \"F\" = 2 }\n"), "{job}");
    assert!(!job.contains("max_vanished = \"1%\""), "only the source is copied: {job}");
    let imported = workspace.run(&["import", "new.toml", "--date", "2024-11-22"]);
    assert!(imported.out.contains("RESULT published exit=0"), "{imported:?}");

    // Nothing is overwritten, and relative paths keep their meaning.
    let again = workspace.run(&["init", "new.toml", "--from-source", "account.toml"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    let elsewhere = workspace.run(&["init", "jobs/x.toml", "--from-source", "account.toml"]);
    assert_eq!(elsewhere.code, Some(2), "{elsewhere:?}");
    assert!(elsewhere.err.contains("同一目录"), "{elsewhere:?}");
}

#[test]
fn questions_are_asked_on_a_terminal_and_may_be_left_open() {
    let workspace = Workspace::new();
    export_with(&workspace, |name, column, cell| match (name, column, cell) {
        ("temp_agent.txt", 2, "1") => "A".to_owned(),
        ("temp_agent.txt", 2, "2") => "B".to_owned(),
        _ => cell.to_owned(),
    });
    let init = |job: &str, keys: &str| {
        typed(&workspace, &format!("init {job} --from in/20241122 --lang en"), keys)
    };
    let Some(answered) = init("answered.toml", "2\n") else { return };
    assert!(answered.out.contains("1 to 2, or Enter to leave it open: "), "{answered:?}");
    assert!(answered.out.contains("\n  2) [codes] agentStatus = { \"B\" = 1, \"A\" = 2 }\n"));
    assert!(answered.out.contains("1 setting(s) found, 0 question(s) open"), "{answered:?}");
    let job = fs::read_to_string(workspace.path("answered.toml")).unwrap();
    assert!(job.contains("agentStatus = { \"B\" = 1, \"A\" = 2 }\n"), "{job}");
    // Enter, a number that is no answer, words, and the end of input all leave the question open.
    for (job, keys) in [("enter", "\n"), ("beyond", "3\n"), ("words", "yes\n"), ("end", "")] {
        let file = format!("{job}.toml");
        let declined = init(&file, keys).unwrap();
        assert!(declined.out.contains("0 setting(s) found, 1 question(s) open"), "{declined:?}");
        assert_eq!(declined.code, Some(3), "{declined:?}");
        assert!(!declined.out.contains('✓'), "{declined:?}");
        let text = fs::read_to_string(workspace.path(&file)).unwrap();
        assert!(text.contains("\n#: agentStatus = { \"A\" = 1, \"B\" = 2 }\n"), "{text}");
    }
    let silent =
        typed(&workspace, "init silent.toml --from in/20241122 --lang en --yes", "1\n").unwrap();
    assert!(!silent.out.contains("Enter to leave it open"), "{silent:?}");
}
