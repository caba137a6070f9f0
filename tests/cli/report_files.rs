//! The report files that an import leaves: which, where, for how long, and whose names are in them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use orgsnap::sample::{self, Charset, Defects, Options};

use super::{CommandOutput, Workspace, date};

const JOB: &str = "tenant = \"t\"\n[source]\nkind = \"dir\"\npath = \"in/{date:%Y%m%d}\"\n";

/// The names of the files in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The folders of the runs so far, oldest first.
fn runs(reports: &Path) -> Vec<PathBuf> {
    names(reports).into_iter().map(|name| reports.join(name)).collect()
}

/// All text of a workbook.
fn workbook(path: &Path) -> String {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    for at in 0..archive.len() {
        archive.by_index(at).unwrap().read_to_string(&mut text).unwrap();
    }
    text
}

/// Delivers a day with all defects in UTF-8.
fn deliver(workspace: &Workspace, day: u32) -> PathBuf {
    let folder = workspace.path(&format!("in/202411{day:02}"));
    let charset = Charset::Utf8;
    let options =
        Options { agents: 3_000, defects: Defects::All, charset, ..Options::new(date(day)) };
    sample::write(&options, &folder).unwrap();
    folder
}

/// The names of people in a delivery.
fn people(folder: &Path) -> BTreeSet<String> {
    let mut people = BTreeSet::new();
    for file in names(folder) {
        let text = String::from_utf8_lossy(&fs::read(folder.join(file)).unwrap()).into_owned();
        let mut lines = text.lines();
        let titles: Vec<&str> = lines.next().unwrap_or_default().split('|').collect();
        let of_people = |title: &&str| ["agentName", "principalName", "leaderName"].contains(title);
        let columns: Vec<usize> =
            (0..titles.len()).filter(|column| of_people(&titles[*column])).collect();
        for line in lines {
            let cells: Vec<&str> = line.split('|').collect();
            // A line whose cells have moved has other texts there.
            if cells.len() == titles.len() {
                people.extend(columns.iter().map(|column| cells[*column].trim().to_owned()));
            }
        }
    }
    // 锟斤拷 is a trace of double decoding, which rules name.
    people.retain(|name| {
        name.chars().count() > 1 && name.chars().all(|c| !c.is_ascii()) && !name.contains('锟')
    });
    people
}

#[track_caller]
fn holds_no_name(people: &BTreeSet<String>, what: &str, text: &str) {
    for name in people {
        if let Some(at) = text.find(name.as_str()) {
            let start = text[..at].char_indices().rev().nth(30).map_or(0, |(start, _)| start);
            let around: String = text[start..].chars().take(80).collect();
            panic!("{what} holds the name {name}: {around}");
        }
    }
}

fn spoken(output: &CommandOutput) -> String {
    format!("{}{}", output.out, output.err)
}

#[test]
fn an_import_leaves_a_page_a_workbook_and_a_document_and_names_are_in_the_workbook_alone() {
    let workspace = Workspace::new();
    workspace.write(
        "job.toml",
        format!(
            "{JOB}[[alert]]\nkind = \"command\"\ncommand = [\"tee\", \"-a\", \"alerts.txt\"]\n"
        ),
    );
    let mut people_of_all = people(&deliver(&workspace, 22));
    people_of_all.extend(people(&deliver(&workspace, 23)));
    assert!(people_of_all.len() > 1_000);
    for day in [22, 23] {
        for language in ["zh", "en"] {
            for form in [&["--findings", "all"][..], &["--json"]] {
                let day = date(day).to_string();
                let mut arguments = vec!["--lang", language, "import", "job.toml", "--date", &day];
                arguments.extend(form);
                let output = workspace.run(&arguments);
                assert_eq!(output.code, Some(3), "{output:?}");
                holds_no_name(&people_of_all, "the terminal", &spoken(&output));
                arguments.push("--dry-run");
                let output = workspace.run(&arguments);
                holds_no_name(&people_of_all, "a dry run", &spoken(&output));
            }
        }
    }
    for folder in runs(&workspace.path("data/t/reports")) {
        assert_eq!(names(&folder), ["findings.xlsx", "report.html", "report.json"]);
        for name in ["report.html", "report.json"] {
            let text = fs::read_to_string(folder.join(name)).unwrap();
            holds_no_name(&people_of_all, name, &text);
        }
        let text = workbook(&folder.join("findings.xlsx"));
        let held = people_of_all.iter().filter(|name| text.contains(name.as_str())).count();
        assert!(held > 10, "the workbook holds what was delivered: {held} names");
        assert!(text.contains("需更正清单-代理人") && text.contains("汇总（按原因）"));
    }
    let alerts = fs::read_to_string(workspace.path("alerts.txt")).unwrap_or_default();
    holds_no_name(&people_of_all, "an alert", &alerts);
    let files = ["--output", "report.txt", "--csv", "findings.csv", "--html", "page.html"];
    let check = [&["check", "in/20241123", "--job", "job.toml", "--findings", "all"][..], &files];
    let output = workspace.run(&check.concat());
    holds_no_name(&people_of_all, "a check", &spoken(&output));
    for name in ["report.txt", "findings.csv", "page.html"] {
        let text = fs::read_to_string(workspace.path(name)).unwrap();
        holds_no_name(&people_of_all, name, &text);
    }

    workspace.write("job.toml", format!("{JOB}[report]\nmask_names = false\n"));
    let shown = workspace.run(&["import", "job.toml", "--date", "2024-11-23", "--findings", "all"]);
    let held = people_of_all.iter().filter(|name| shown.out.contains(name.as_str())).count();
    assert!(held > 0, "names are shown where the job says so");
}

#[test]
fn the_workbook_of_a_check_has_headings_in_its_language_and_only_what_was_selected() {
    let workspace = Workspace::new();
    deliver(&workspace, 23);
    let check = ["check", "in/20241123", "--xlsx", "f.xlsx"];
    assert_eq!(workspace.run(&[&["--lang", "en"][..], &check].concat()).code, Some(3));
    let all = workbook(&workspace.path("f.xlsx"));
    assert!(all.contains("To correct - agents") && all.contains("<t>V203</t>"), "{:.300}", all);
    let mode = fs::metadata(workspace.path("f.xlsx")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds delivered lines");
    workspace.run(&[&["--lang", "zh"][..], &check, &["--only", "T601"]].concat());
    let one = workbook(&workspace.path("f.xlsx"));
    assert!(
        one.contains("问题明细") && one.contains("<t>T601</t>") && !one.contains("<t>V203</t>")
    );
    let refused = workspace.run(&["check", "in/20241123", "--xlsx", "none/f.xlsx"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
}

#[test]
fn a_job_chooses_folder_formats_and_how_long_reports_are_kept() {
    let workspace = Workspace::new();
    let settings =
        "[report]\ndir = \"out\"\nformats = [\"xlsx\"]\nlanguage = \"en\"\nkeep = \"90d\"\n";
    workspace.write("job.toml", format!("{JOB}{settings}"));
    workspace.deliver(22, 200, Defects::None);
    let out = workspace.path("out");
    let folder = |name: &str, files: &[(&str, &str)]| {
        fs::create_dir_all(out.join(name)).unwrap();
        for (file, text) in files {
            fs::write(out.join(name).join(file), text).unwrap();
        }
    };
    let document =
        |run: &str, tenant: &str| format!("{{\"run\":\"{run}\",\"tenant\":\"{tenant}\"}}");
    let old = "20200101-000000-1a2b";
    folder(
        old,
        &[("report.json", &document(old, "t")), ("findings.xlsx", ""), ("report.html.part", "")],
    );
    // All these look like it and are not ours, or not to be removed.
    let others =
        ["20200102-000000-1a2b", "20200103-000000-1a2b", "20200104-000000-1a2b", "20200105"];
    folder(others[0], &[("report.json", &document(others[0], "another"))]);
    folder(others[1], &[("report.json", &document(others[1], "t")), ("notes.txt", "mine")]);
    folder(others[2], &[("findings.xlsx", "")]);
    folder(others[3], &[("report.json", &document(others[3], "t"))]);
    let young = "20991231-000000-1a2b";
    folder(young, &[("report.json", &document(young, "t"))]);
    let elsewhere = workspace.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let link = "20200106-000000-1a2b";
    fs::write(elsewhere.join("report.json"), document(link, "t")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, out.join(link)).unwrap();

    let output = workspace.import(22);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(!workspace.path("data/t/reports").exists());
    let left = names(&out);
    assert!(!left.iter().any(|name| name == old), "{left:?}");
    for name in others.iter().chain([&young, &link]) {
        assert!(left.iter().any(|left| left == name), "{name} is gone: {left:?}");
    }
    assert!(elsewhere.join("report.json").exists());
    assert_eq!(names(&out.join(others[1])), ["notes.txt", "report.json"]);
    let mut new: Vec<&String> = left.iter().filter(|name| name.starts_with("202")).collect();
    new.retain(|name| !others.contains(&name.as_str()) && *name != link);
    let [run] = new[..] else { panic!("{left:?}") };
    assert_eq!(names(&out.join(run)), ["findings.xlsx", "report.json"]);
    assert!(workbook(&out.join(run).join("findings.xlsx")).contains("Summary by cause"));
    assert!(output.out.contains(&format!("{run}/findings.xlsx")), "{}", output.out);
}

#[test]
fn a_report_that_cannot_be_written_changes_neither_verdict_nor_exit_code() {
    let workspace = Workspace::new();
    workspace.write("out", "a file where the folder should be");
    workspace.write("job.toml", format!("{JOB}[report]\ndir = \"out\"\n"));
    workspace.deliver(22, 200, Defects::None);
    for language in ["zh", "en"] {
        let arguments = ["--lang", language, "import", "job.toml", "--date", "2024-11-22"];
        let output = workspace.run(&arguments);
        assert_eq!(output.code, Some(0), "{output:?}");
        assert!(output.out.contains("RESULT published exit=0"), "{}", output.out);
        let said = ["report.html", "findings.xlsx", "report.json"];
        assert!(said.iter().all(|name| output.err.contains(name)), "{}", output.err);
    }
}

#[test]
fn a_copy_is_put_where_deliveries_come_from_and_what_keeps_it_away_is_a_warning() {
    let workspace = Workspace::new();
    let reply = "[report.reply]\npath = \"back/{date:%Y%m%d}\"\nformats = [\"xlsx\", \"html\"]\n";
    workspace.write("job.toml", format!("{JOB}[report]\nformats = [\"html\"]\n{reply}"));
    workspace.deliver(22, 200, Defects::None);
    // The folder above is not there: it is not made.
    let output = workspace.run(&["--lang", "zh", "import", "job.toml", "--date", "2024-11-22"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.err.contains("[report.reply]") && output.err.contains("上级目录"), "{output:?}");

    for folder in runs(&workspace.path("data/t/reports")) {
        assert_eq!(names(&folder), ["report.html", "report.json"], "the workbook was for the copy");
    }
    fs::create_dir(workspace.path("back")).unwrap();
    let elsewhere =
        workspace.run(&["import", "job.toml", "--date", "2024-11-22", "--from", "in/20241122"]);
    assert_eq!(elsewhere.code, Some(0), "{elsewhere:?}");
    assert!(names(&workspace.path("back")).is_empty(), "nothing was delivered there");
    let output = workspace.import(22);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(names(&workspace.path("back/20241122")), ["findings.xlsx", "report.html"]);
    assert!(output.out.contains("back/20241122/findings.xlsx"), "{}", output.out);
}

#[test]
fn report_files_and_their_folders_are_closed_to_others_whatever_the_umask() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    workspace.write("job.toml", format!("{JOB}[report]\ndir = 'out/reports'\n"));
    let day = date(22).to_string();
    let script = "umask 000; exec \"$0\" import job.toml --date \"$1\"";
    let mut shell = super::clean("/bin/sh", &workspace.path("."));
    let program = super::orgsnap();
    let ended = shell.args(["-c", script]).arg(program).arg(day).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let reports = workspace.path("out/reports");
    let run = runs(&reports).remove(0);
    assert_eq!([mode(&workspace.path("out")), mode(&reports), mode(&run)], [0o700; 3]);
    let files = names(&run);
    assert!(files.len() > 1, "{files:?}");
    for file in files {
        assert_eq!(mode(&run.join(&file)), 0o600, "{file}");
    }
}
