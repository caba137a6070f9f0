//! The program itself, as people and schedulers call it: every verb, in both languages, with its exit code.

mod against;
mod analyst;
mod asking;
mod approve;
mod archive_keep;
mod back_dated;
mod backup;
mod bad_input;
mod comparing;
mod completions;
mod config;
mod crash;
mod exporting;
pub(crate) mod former_format;
mod mistakes;
mod own_schema;
mod proposed;
mod replay;
mod report_files;
mod terminal;
mod unarchived;

use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use chrono::NaiveDate;
use orgsnap::{
    report::json,
    sample::{self, Defects, Options},
};
use rusqlite::{Connection, types::Value};

/// Tables that hold nothing of runs: the same deliveries fill them with the same rows.
const SNAPSHOT: [&str; 19] = [
    "agent",
    "agent_history",
    "carry",
    "code_label",
    "data_dictionary",
    "forest",
    "mentor_tree",
    "node",
    "node_history",
    "node_tree",
    "organ",
    "organ_history",
    "organ_tree",
    "principal",
    "principal_history",
    "quarantined_key",
    "recruit_tree",
    "agent_version",
    "node_version",
];

/// A folder with a job, its deliveries by day, and its data; commands run in it.
struct Workspace {
    folder: tempfile::TempDir,
}

/// What a command said, and how it ended.
#[derive(Debug)]
struct CommandOutput {
    /// The exit code; none if a signal ended it.
    code: Option<i32>,
    out: String,
    err: String,
}

fn date(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 11, day).unwrap()
}

fn orgsnap() -> PathBuf {
    assert_cmd::cargo::cargo_bin!("orgsnap").to_path_buf()
}

/// A command with an environment of its own, so that the machine's locale and variables decide nothing.
fn clean(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

fn output(output: Output) -> CommandOutput {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("orgsnap writes UTF-8");
    CommandOutput { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

impl Workspace {
    /// A workspace with a job whose deliveries lie in `in/<yyyymmdd>`, and nothing delivered yet.
    fn new() -> Workspace {
        let workspace = Workspace { folder: tempfile::tempdir().unwrap() };
        workspace.write(
            "job.toml",
            "tenant = \"t\"\n[source]\nkind = \"dir\"\npath = \"in/{date:%Y%m%d}\"\n",
        );
        workspace
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Delivers a day of the same company, with one per cent of it changed every day.
    fn deliver(&self, day: u32, agents: usize, defects: Defects) -> PathBuf {
        let folder = self.path(&format!("in/202411{day:02}"));
        let since = Some(date(21));
        let options = Options { agents, churn: 0.01, since, defects, ..Options::new(date(day)) };
        sample::write(&options, &folder).unwrap();
        folder
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = clean(orgsnap(), self.folder.path());
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> CommandOutput {
        output(self.command(arguments).output().unwrap())
    }

    fn import(&self, day: u32) -> CommandOutput {
        self.run(&["import", "job.toml", "--date", &date(day).to_string()])
    }

    fn database(&self) -> PathBuf {
        self.path("data/t/org.db")
    }

    /// All rows of the snapshot.
    fn dump(&self) -> Vec<Vec<Value>> {
        dump(&self.database())
    }
}

fn dump(database: &Path) -> Vec<Vec<Value>> {
    let db = Connection::open(database).unwrap();
    let mut rows = Vec::new();
    let dates = "select business_date, agent_rows, node_rows from snapshot order by 1".to_owned();
    for sql in SNAPSHOT
        .iter()
        .map(|table| format!("select * from {table} order by 1, 2, 3"))
        .chain([dates])
    {
        let mut statement = db.prepare(&sql).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|c| row.get(c)).collect();
        rows.extend(statement.query_map([], row).unwrap().map(Result::unwrap));
        rows.push(vec![Value::Text(sql)]);
    }
    rows
}

#[test]
fn every_verb_ends_with_its_exit_code() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    workspace.deliver(23, 2_000, Defects::All);
    fs::create_dir(workspace.path("empty")).unwrap();
    fs::create_dir_all(workspace.path("foreign/t")).unwrap();
    Connection::open(workspace.path("foreign/t/org.db"))
        .unwrap()
        .execute("create table x (y)", [])
        .unwrap();
    fs::create_dir_all(workspace.path("broken/t")).unwrap();
    workspace.write("broken/t/org.db", [b"SQLite format 3\0".as_slice(), &[7; 4096]].concat());
    workspace.write("typo.toml", "tenant = \"t\"\nnmae = \"x\"\n");
    workspace.write("floor.toml", "tenant = \"t\"\n[rules]\nwrong-field-count = \"info\"\n");
    workspace.write("nosource.toml", "tenant = \"t\"\n");
    let first = ["import", "job.toml", "--date", "2024-11-22"];
    let cases: &[(&[&str], i32, &str)] = &[
        (&[], 2, "用法：orgsnap"),
        (&["--help"], 0, "退出码："),
        (&["--version"], 0, "orgsnap "),
        (&["frobnicate"], 2, "错误：没有命令 frobnicate"),
        (&["frobnicate", "--lang", "en"], 2, "unrecognized subcommand"),
        (&["chek", "in"], 2, "check？"),
        (&["import", "job.toml", "--dat", "x"], 2, "没有参数 --dat"),
        (&["check", "in", "--header", "maybe"], 2, "可用的值：true、false"),
        (&["check", "in", "--header"], 2, "缺少取值"),
        (&["check", "in", "--delimiter", "", "--lang=en"], 2, "at least one character"),
        (&["sample", "s", "--no-header", "--header-titles", "zh"], 2, "同用"),
        (&["import"], 2, "<JOB>"),
        (&["import", "--help"], 0, "--dry-run"),
        (&["import", "job.toml", "--date", "2024-02-30"], 2, "2024-02-30"),
        (&["runs"], 2, "data"),
        (&["tree", "organ"], 2, "data"),
        (&[&first[..], &["--dry-run"]].concat(), 0, "可发布"),
        (&first, 0, "RESULT published exit=0 run="),
        (&first, 0, "RESULT published exit=0 run="),
        (&["import", "job.toml", "--date", "2024-11-23"], 3, "RESULT refused exit=3 run="),
        (
            &["import", "job.toml", "--date", "2024-11-24"],
            4,
            "RESULT failed exit=4 tenant=t job=job.toml",
        ),
        (&["import", "job.toml", "--from", "empty"], 4, "没有任何数据文件"),
        (&["import", "job.toml", "--from", "absent"], 2, "--from absent：目录不存在"),
        (&["import", "absent.toml"], 2, "absent.toml"),
        (&["import", "typo.toml"], 2, "typo.toml:2"),
        (&["import", "floor.toml"], 2, "floor.toml:3"),
        (&["import", "nosource.toml"], 2, "[source]"),
        (
            &["import", "typo.toml", "job.toml", "--date", "2024-11-22"],
            2,
            "RESULT published exit=0",
        ),
        (&[&first[..], &["--data", "foreign"]].concat(), 2, "其他程序"),
        (&[&first[..], &["--data", "broken"]].concat(), 2, "不是 SQLite"),
        (&[&first[..], &["--data", "job.toml"]].concat(), 2, "不是目录"),
        (&["check", "in/20241122"], 0, "RESULT passed exit=0"),
        (&["check", "in/20241123"], 3, "RESULT refused exit=3"),
        (&["check", "empty"], 3, "F101"),
        (&["check", "absent"], 2, "check absent：目录不存在"),
        (&["check", "in/20241122", "--delimiter", ";"], 2, "delimiter 固定为 ;"),
        (&["check", "in/20241122", "--encoding", "latin1"], 2, "gb18030"),
        (&["sample", "s", "--agents", "50"], 0, "temp_agent.txt"),
        (&["sample", "s", "--agents", "60"], 2, "--force"),
        (&["sample", "s", "--agents", "60", "--force"], 0, "temp_agent.txt"),
        (&["sample", "s3", "--agents", "50", "--defects"], 2, "1000 名代理人"),
        (&["sample", "s3", "--agents", "1000", "--defects=few"], 0, "planted.json"),
        (&["sample", "--agents", "1000", "--defects", "s2"], 0, "s2"),
        (&["sample", "job.toml/s"], 2, "不是目录"),
        (&["runs"], 0, "2024-11-22"),
        (&["runs", "job.toml"], 0, "2024-11-22"),
        (&["runs", "nobody"], 2, "nobody"),
        (&["tree", "organ"], 0, "总公司"),
        (&["tree", "organ", "86"], 0, "86 "),
        (&["tree", "organ", "nowhere"], 2, "nowhere"),
        (&["tree", "family"], 2, "recruit"),
        (&["tree", "organ", "--as-of", "2024-11-21"], 2, "2024-11-22"),
        (&["sql", "select business_date from snapshot"], 0, "2024-11-22"),
        (&["sql"], 2, "缺少参数 <SQL>"),
        (&["rules"], 0, "unknown-recruiter"),
        (&["rules", "X409"], 0, "unknown-recruiter"),
        (&["rules", "unknown-recruiter"], 0, "X409"),
        (&["rules", "X999"], 2, "X999"),
        (&["completions", "tcsh"], 2, "bash"),
    ];
    for (arguments, code, words) in cases {
        let output = workspace.run(arguments);
        assert_eq!(output.code, Some(*code), "{arguments:?}: {output:?}");
        assert!(
            output.out.contains(words) || output.err.contains(words),
            "{arguments:?}: {words}: {output:?}"
        );
        // A result goes to standard output, a complaint to standard error.
        assert!(*code != 2 || !output.err.is_empty(), "{arguments:?}: {output:?}");
        assert!(!output.err.contains("panic at"), "{arguments:?}: {output:?}");
    }
}

#[test]
fn a_held_lock_is_exit_code_5_and_names_its_holder() {
    let workspace = Workspace::new();
    workspace.deliver(22, 100, Defects::None);
    fs::create_dir_all(workspace.path("data/t")).unwrap();
    let lock = File::create(workspace.path("data/t/lock")).unwrap();
    lock.lock().unwrap();
    let output = workspace.import(22);
    assert_eq!(output.code, Some(5), "{output:?}");
    assert!(output.err.contains("已被占用"), "{output:?}");
    drop(lock);
    assert_eq!(workspace.import(22).code, Some(0));
}

#[test]
fn a_damaged_database_is_exit_code_70_and_is_left_as_it_is() {
    let workspace = Workspace::new();
    workspace.deliver(22, 500, Defects::None);
    workspace.deliver(23, 500, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    let mut bytes = fs::read(workspace.database()).unwrap();
    // Every page but the first, which holds the format.
    bytes[8_192..].fill(0xA5);
    fs::write(workspace.database(), &bytes).unwrap();
    let output = workspace.import(23);
    assert_eq!(output.code, Some(70), "{output:?}");
    assert!(output.err.contains("已损坏"), "{output:?}");
    assert_eq!(fs::read(workspace.database()).unwrap(), bytes);
}

#[test]
fn json_output_is_valid_and_the_report_follows_its_schema() {
    let workspace = Workspace::new();
    workspace.deliver(22, 2_000, Defects::Few);
    let bad = workspace.deliver(23, 2_000, Defects::All);
    let schema: serde_json::Value = serde_json::from_str(json::SCHEMA).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let bad = bad.display().to_string();
    let cases: &[(&[&str], i32, bool)] = &[
        (&["import", "job.toml", "--date", "2024-11-22", "--json", "--dry-run"], 0, true),
        (&["import", "job.toml", "--date", "2024-11-22", "--json"], 0, true),
        (&["import", "job.toml", "--date", "2024-11-23", "--json"], 3, true),
        (&["import", "job.toml", "--date", "2024-11-21", "--from", &bad, "--json"], 3, true),
        (&["check", "in/20241122", "--json"], 3, true),
        (&["check", &bad, "--json", "--lang", "en"], 3, true),
        (&["check", "in", "--json"], 3, true),
        (&["runs", "--json"], 0, false),
        (&["tree", "organ", "--json"], 0, false),
        (&["tree", "recruit", "--json", "--limit", "3"], 0, false),
        (&["rules", "--json"], 0, false),
        (&["rules", "T601", "--json"], 0, false),
        (&["sample", "s", "--agents", "50", "--json"], 0, false),
    ];
    for (arguments, code, is_report) in cases {
        let output = workspace.run(arguments);
        assert_eq!(output.code, Some(*code), "{arguments:?}: {}", output.err);
        let document: serde_json::Value = serde_json::from_str(&output.out).unwrap();
        if *is_report {
            let faults: Vec<String> =
                schema.iter_errors(&document).map(|fault| fault.to_string()).collect();
            assert_eq!(faults, Vec::<String>::new(), "{arguments:?}");
        } else {
            crate::schemas::assert_valid(arguments[0], &document);
        }
    }
    // What stands beside the database is the document that was printed.
    let kept: Vec<PathBuf> = fs::read_dir(workspace.path("data/t/reports"))
        .unwrap()
        .map(|run| run.unwrap().path().join("report.json"))
        .collect();
    assert_eq!(kept.len(), 3);
    for path in kept {
        let document: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        assert!(schema.is_valid(&document));
    }
    // Of several jobs each report is one line.
    let twice = ["import", "job.toml", "job.toml", "--date", "2024-11-22", "--json"];
    let lines = workspace.run(&twice).out;
    assert_eq!(lines.lines().count(), 2);
    for line in lines.lines() {
        assert!(schema.is_valid(&serde_json::from_str(line).unwrap()), "{line}");
    }
}

#[test]
fn the_language_comes_from_the_option_or_the_locale() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    let cases: &[(&[&str], &[(&str, &str)], &str)] = &[
        (&[], &[], "业务日期"),
        (&["--lang", "zh"], &[("LANG", "en_US.UTF-8")], "业务日期"),
        (&["--lang", "en"], &[("LANG", "zh_CN.UTF-8")], "business date"),
        (&[], &[("LANG", "en_US.UTF-8")], "business date"),
        (&[], &[("LANG", "en_US.UTF-8"), ("LC_ALL", "zh_CN.UTF-8")], "业务日期"),
        (&[], &[("LANG", "C.UTF-8")], "业务日期"),
    ];
    for (arguments, variables, words) in cases {
        let mut command = workspace.command(&[&["check", "in/20241122"][..], arguments].concat());
        let output = output(command.envs(variables.iter().copied()).output().unwrap());
        assert_eq!(output.code, Some(0), "{output:?}");
        assert!(output.out.contains(words), "{arguments:?} {variables:?}: {output:?}");
    }
    let is_chinese = |text: &str| text.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
    for arguments in [
        ["import", "absent.toml"],
        ["check", "absent"],
        ["check", "job.toml"],
        ["runs", "nobody"],
        ["tree", "organ"],
        ["rules", "X999"],
        ["sample", "job.toml/s"],
    ] {
        for (language, chinese) in [("zh", true), ("en", false)] {
            let output = workspace.run(&[&arguments[..], &["--lang", language]].concat());
            assert_eq!(is_chinese(&output.err), chinese, "{arguments:?} {language}: {output:?}");
            assert!(!output.err.contains("os error") || !chinese, "{output:?}");
        }
    }
}

#[test]
fn the_queries_that_an_import_prints_work_as_pasted() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    let output = workspace.import(22);
    let commands: Vec<&str> =
        output.out.lines().map(str::trim).filter(|line| line.starts_with("sqlite3 ")).collect();
    assert_eq!(commands.len(), 2, "{output:?}");
    for command in commands {
        let shell = clean("sh", workspace.folder.path()).args(["-c", command]).output().unwrap();
        if shell.status.code() == Some(127) {
            crate::peers::skip(
                "the_queries_that_an_import_prints_work_as_pasted",
                "sqlite3 is not installed",
            );
            return;
        }
        assert!(shell.status.success(), "{command}: {shell:?}");
        assert!(shell.stdout.iter().filter(|byte| **byte == b'\n').count() > 3, "{command}");
    }
}

#[test]
fn runs_and_tree_say_that_nothing_is_published_after_a_refused_first_import() {
    let workspace = Workspace::new();
    let folder = workspace.deliver(22, 300, Defects::None);
    fs::remove_file(folder.join("temp_agent.txt")).unwrap();
    assert_eq!(workspace.import(22).code, Some(3));
    for (language, words) in [("en", "no snapshot is published yet"), ("zh", "尚未发布任何快照")]
    {
        let runs = workspace.run(&["runs", "t", "--lang", language]);
        assert_eq!(runs.code, Some(0), "{runs:?}");
        assert!(runs.out.contains(words), "{runs:?}");
        let tree = workspace.run(&["tree", "organ", "--lang", language]);
        assert_eq!(tree.code, Some(2), "{tree:?}");
        assert!(tree.err.contains(words), "{tree:?}");
    }
}

#[test]
fn check_selects_rules_counts_warnings_and_writes_text_and_csv() {
    let workspace = Workspace::new();
    workspace.deliver(22, 2_000, Defects::Few);
    let check = |more: &[&str]| {
        workspace.run(&[&["check", "in/20241122", "--lang", "zh"][..], more].concat())
    };
    let all = check(&["--findings", "all"]);
    assert!(!all.out.contains("--findings all"), "{}", all.out);
    let one = check(&["--only", "T601"]);
    assert!(one.out.contains("T601") && !one.out.contains("V203"), "{}", one.out);
    let without = check(&["--ignore", "not-a-date,T601"]);
    assert!(!without.out.contains("T601") && !without.out.contains("V203"), "{}", without.out);
    workspace.deliver(23, 2_000, Defects::All);
    let some = workspace.run(&["check", "in/20241123", "--lang", "zh", "--findings", "1"]);
    assert!(some.out.contains("可用 --findings all 显示"), "{}", some.out);
    let unknown = check(&["--only", "X999"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    // A delivery whose worst finding is a warning passes, unless warnings count.
    assert_eq!(check(&["--only", "X409"]).code, Some(0));
    assert_eq!(check(&["--only", "X409", "--strict"]).code, Some(3));

    let written = check(&["--output", "report.txt", "--csv", "findings.csv", "--findings", "all"]);
    assert_eq!(written.code, all.code);
    // A mark of success does not stand beside an exit code of failure.
    assert_eq!((all.code, all.out.contains('✓')), (Some(3), false), "{}", all.out);
    assert!(all.out.contains("! 可发布，但有问题须处理"), "{}", all.out);
    let text = fs::read_to_string(workspace.path("report.txt")).unwrap();
    assert!(text.contains("T601") && !text.contains('\u{1b}'), "{text}");
    let table = fs::read(workspace.path("findings.csv")).unwrap();
    assert!(table.starts_with(b"\xef\xbb\xbf"));
    let document: serde_json::Value =
        serde_json::from_str(&check(&["--json"]).out).expect("a document");
    let rows = String::from_utf8(table).unwrap().matches("\r\n").count() - 1;
    assert_eq!(rows, document["findings"].as_array().unwrap().len());
}

#[test]
fn help_is_in_one_language_and_has_examples() {
    let workspace = Workspace::new();
    let verbs = [
        "init", "import", "check", "sample", "serve", "runs", "retract", "tree", "rules",
        "schemas", "export", "sql", "diff",
    ];
    for verb in verbs {
        let chinese = workspace.run(&[verb, "--help", "--lang", "zh"]);
        assert_eq!(chinese.code, Some(0), "{chinese:?}");
        assert!(
            chinese.out.contains("用法：") && chinese.out.contains("示例："),
            "{}",
            chinese.out
        );
        for english in ["Usage:", "Options:", "Arguments:", "[default:", "possible values", "Print"]
        {
            assert!(!chinese.out.contains(english), "{english} in {}", chinese.out);
        }
        assert!(!chinese.out.contains("For "), "{}", chinese.out);
        let english = workspace.run(&[verb, "--help", "--lang", "en"]);
        assert!(english.out.contains("Examples:"), "{}", english.out);
        assert!(english.out.is_ascii(), "{}", english.out);
    }
}

#[test]
fn a_wrong_pin_in_the_job_is_a_fault_of_the_set_up_and_names_its_line() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    let job = fs::read_to_string(workspace.path("job.toml")).unwrap();
    let line = job.lines().count() + 2;
    for (pin, pinned, found) in [
        ("encoding = \"utf-8\"", "utf-8", "gb18030"),
        ("encoding = \"utf-16le\"", "utf-16le", "gb18030"),
        ("delimiter = \";\"", ";", "|"),
    ] {
        workspace.write("pinned.toml", format!("{job}[format]\n{pin}\n"));
        for verb in [
            &["import", "pinned.toml", "--date", "2024-11-22"][..],
            &["check", "in/20241122", "--job", "pinned.toml"],
        ] {
            let english = workspace.run(&[verb, &["--lang", "en"]].concat());
            assert_eq!(english.code, Some(2), "{pin}: {english:?}");
            let key = pin.split(' ').next().unwrap();
            let words = format!("pinned.toml:{line}: {key} is pinned to {pinned}, but ");
            assert!(english.err.contains(&words), "{pin}: {english:?}");
            assert!(english.err.contains(&format!("has {found}")), "{pin}: {english:?}");
            assert!(!(english.out.clone() + &english.err).contains("F104"), "{pin}: {english:?}");
        }
    }
    // An argument is named as one.
    let argument = workspace.run(&["check", "in/20241122", "--delimiter", ";", "--lang", "en"]);
    assert_eq!(argument.code, Some(2), "{argument:?}");
    assert!(argument.err.contains("--delimiter: delimiter is pinned to ;"), "{argument:?}");
}
