//! `orgsnap sql` and `tree`, as of any date: what is shown is what the dates up to it give, and nothing can be changed.

use std::fs;
use std::io::Read as _;
use std::process::Stdio;

use super::Workspace;
use super::back_dated::delivered;
use crate::schemas::assert_valid;

/// What is of the date that is shown.
const DATED: [&str; 11] = [
    "organ",
    "node",
    "principal",
    "agent",
    "organ_tree",
    "node_tree",
    "recruit_tree",
    "mentor_tree",
    "agent_now",
    "recruit_line",
    "team_check",
];

impl Workspace {
    pub(super) fn rows(&self, arguments: &[&str], sql: &str) -> String {
        let output = self.run(&[&["sql", "--format", "csv"], arguments, &[sql]].concat());
        assert_eq!(output.code, Some(0), "{sql}: {output:?}");
        output.out
    }
}

#[test]
fn a_database_as_of_a_date_is_what_an_import_of_the_dates_up_to_it_gives() {
    let workspace = delivered();
    let import = |data: &str, day: u32| {
        let date = super::date(day).to_string();
        let output = workspace.run(&["import", "job.toml", "--date", &date, "--data", data]);
        assert_eq!(output.code, Some(0), "{output:?}");
    };
    for day in [24, 22, 25, 23] {
        import("data", day);
    }
    for until in 22..=25 {
        let only = format!("until{until}");
        (22..=until).for_each(|day| import(&only, day));
        let date = super::date(until).to_string();
        for table in DATED {
            let sql = format!("select * from {table} order by 1, 2");
            let shown = workspace.rows(&["--as-of", &date], &sql);
            let expected = workspace.rows(&["--data", &only], &sql);
            assert!(shown.lines().count() > 1, "{table} has rows on {date}");
            assert!(shown == expected, "{table} on {date}");
        }
        let tree = |more: &[&str]| {
            let output =
                workspace.run(&[&["tree", "node", "--json", "--limit", "5000"], more].concat());
            assert_eq!(output.code, Some(0), "{output:?}");
            output.out
        };
        assert_eq!(tree(&["--as-of", &date]), tree(&["--data", &only]), "{date}");
    }
    // A day without a snapshot has the one before it; before the first there is none.
    let output = workspace.run(&["sql", "--as-of", "2024-12-24", "select count(*) from agent"]);
    assert!(output.err.contains("当日有效的是 2024-11-25"), "{output:?}");
    let output = workspace.run(&["sql", "--as-of", "2024-11-21", "select 1"]);
    assert_eq!(output.code, Some(2), "{output:?}");
    assert!(output.err.contains("2024-11-22"), "{output:?}");
}

#[test]
fn a_statement_can_only_read_and_its_faults_are_told_with_their_place() {
    let workspace = Workspace::new();
    workspace.deliver(22, 200, orgsnap::sample::Defects::None);
    workspace.deliver(23, 200, orgsnap::sample::Defects::None);
    workspace.import(22);
    workspace.import(23);
    workspace.write("q.sql", "select count(*) as n\nfrom agent");
    let before = fs::read(workspace.database()).unwrap();
    let past = &["--as-of", "2024-11-22"][..];
    for (arguments, sql, words) in [
        (&[][..], "delete from agent", "只能查询"),
        (past, "delete from agent", "只能查询"),
        (past, "drop view agent", "只能查询"),
        (&[], "insert into agent (id) values ('x') returning id", "只能查询"),
        (&[], "create temp table x (a)", "只能查询"),
        (&[], "vacuum into 'copy.db'", "只能查询"),
        (&[], "commit", "只能查询"),
        (&[], "attach 'other.db' as o", "其他文件"),
        (&[], "pragma query_only = 0", "pragma query_only"),
        (&[], "pragma user_version = 1", "pragma user_version"),
        (&[], "select load_extension('x')", "扩展"),
        (&[], "select 1; select 2", "一条语句"),
        (&[], "  ", "没有查询语句"),
        (&[], "select nmae from agent", "agent_name"),
        (&[], "select 1\nfrom agnet", "相近的名称：agent"),
        (&[], "select 1,\n  from agent", "第 2 行第 3 列"),
        (&[], "select :a", "--param a="),
        (&["--param", "b=1"], "select 1", ":b"),
        (&[], "select ?", "--param 1=值"),
        (&[], "select ?2", "--param 1=值"),
        (&["--param", "a=1", "--param", ":a=2"], "select :a", "只能写一次"),
        (&["--limit-time", "abc"], "select 1", "应为不小于 0 的整数"),
        (&["--limit-time", "abc", "--lang", "en"], "select 1", "it is a whole number from 0 on"),
        (&[], "select length(zeroblob(20000000))", "16 MB"),
        (&[], "select printf('%20000000d', 1)", "16 MB"),
        (
            &["--limit-time", "1"],
            "with recursive x (n) as (select 1 union all select n + 1 from x) select max(n) from x",
            "--limit-time",
        ),
    ] {
        let output = workspace.run(&[&["sql"], arguments, &[sql]].concat());
        assert_eq!(output.code, Some(2), "{sql}: {output:?}");
        assert!(output.err.contains(words), "{sql}: {words}: {output:?}");
        assert_eq!(output.out, "", "{sql}");
    }
    assert!(!workspace.path("copy.db").exists() && !workspace.path("other.db").exists());
    assert!(fs::read(workspace.database()).unwrap() == before, "the file is as it was");

    let output = workspace.run(&["sql", "--file", "q.sql", "--lang", "en"]);
    assert_eq!((output.code, output.out.lines().next()), (Some(0), Some("n")), "{output:?}");
}

#[test]
fn rows_are_printed_as_asked_and_a_cut_is_told() {
    let workspace = Workspace::new();
    workspace.deliver(22, 200, orgsnap::sample::Defects::None);
    workspace.import(22);
    let run = |arguments: &[&str]| {
        let output = workspace.run(&[&["sql"], arguments].concat());
        assert_eq!(output.code, Some(0), "{output:?}");
        output
    };
    let odd = "select '=1', null, 1.5, x'00ff', '含,\"引号' as quoted";
    assert_eq!(run(&[odd]).out.lines().nth(1), Some("=1,,1.5,00ff,\"含,\"\"引号\""));
    let json = run(&[
        "--format",
        "json",
        "--limit-rows",
        "2",
        "select id, channel from agent order by id",
    ]);
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_valid("sql", &document);
    assert_eq!((document["rows"].as_array().unwrap().len(), &document["cut"]), (2, &true.into()));
    assert!(json.err.contains("--limit-rows"), "{json:?}");
    let none: serde_json::Value = serde_json::from_str(
        &run(&["--format", "json", "select id from agent where id = 'no'"]).out,
    )
    .unwrap();
    assert_valid("sql", &none);
    let table = run(&["--format", "table", "select id, channel from agent"]);
    let count = run(&["select count(*) from agent"]).out.lines().nth(1).unwrap().parse::<usize>();
    assert_eq!(table.out.lines().count(), count.unwrap() + 2, "a header, the rows, their number");
    // Numbers in plain digits are numbers and ids are text all the same.
    let id =
        run(&["select id from agent order by id limit 1"]).out.lines().nth(1).unwrap().to_owned();
    assert_eq!(run(&["--param", "1=x", "select ?"]).out.lines().nth(1), Some("x"));
    let wide = format!("select '{0}' as a, '{0}' as b", "word ".repeat(30).trim());
    let table = run(&["--format", "table", &wide]).out;
    assert_eq!(table.lines().count(), 3, "nothing is wrapped without a terminal: {table}");
    let by_id = run(&[
        "--param",
        &format!("id={id}"),
        "--param",
        "n=1",
        "select id from agent where id = :id and :n + 1 = 2",
    ]);
    assert_eq!(by_id.out.lines().nth(1), Some(id.as_str()));
}

#[test]
fn several_tenants_answer_with_their_names_and_one_that_fails_is_named() {
    let workspace = Workspace::new();
    workspace.deliver(22, 200, orgsnap::sample::Defects::None);
    workspace.import(22);
    workspace
        .write("u.toml", "tenant = \"u\"\n[source]\nkind = \"dir\"\npath = \"in/{date:%Y%m%d}\"\n");
    workspace.run(&["import", "u.toml", "--date", "2024-11-22"]);
    let sql = "select business_date as d from snapshot";
    let row = "2024-11-22";
    let both = |first, second| format!("tenant,d\n{first},{row}\n{second},{row}\n");
    assert_eq!(workspace.rows(&["--tenant", "all"], sql), both("t", "u"));
    assert_eq!(workspace.rows(&["--tenant", "u", "--tenant", "t"], sql), both("u", "t"));
    assert_eq!(workspace.rows(&["--tenant", "u"], sql), format!("d\n{row}\n"));
    assert_eq!(workspace.run(&["sql", sql]).code, Some(2), "one of two has to be named");

    let dated = workspace.run(&["sql", "--tenant", "all", "--as-of", "2024-12-24", sql]);
    for tenant in ["租户 t：2024-12-24", "租户 u：2024-12-24"] {
        assert!(dated.err.contains(tenant), "{dated:?}");
    }
    fs::write(workspace.path("data/t/org.db"), "no database at all, but long enough").unwrap();
    let output = workspace.run(&["sql", "--format", "json", "--tenant", "all", sql]);
    assert_eq!(output.code, Some(2), "{output:?}");
    assert!(output.err.contains("租户 t："), "{output:?}");
    let document: serde_json::Value = serde_json::from_str(&output.out).unwrap();
    assert_valid("sql", &document);
    assert_eq!(document["rows"][0]["tenant"], "u");
    assert_eq!(document["failed"][0]["tenant"], "t");
}

#[test]
fn a_reader_that_goes_away_ends_the_answer_quietly() {
    let workspace = Workspace::new();
    workspace.deliver(22, 200, orgsnap::sample::Defects::None);
    workspace.import(22);
    let many = "with recursive x (n) as (select 1 union all select n + 1 from x where n < 1000000) select n from x";
    for format in ["csv", "json", "table"] {
        let mut command =
            workspace.command(&["sql", "--format", format, "--limit-rows", "300000", many]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}: {said}");
        assert!(!said.contains("错误"), "{format}: {said}");
    }
}

#[test]
fn a_tenant_with_nothing_published_says_so() {
    let workspace = Workspace::new();
    let folder = workspace.deliver(22, 200, orgsnap::sample::Defects::None);
    fs::write(folder.join("temp_agent.txt"), "").unwrap();
    assert_eq!(workspace.import(22).code, Some(3));
    for arguments in [
        &["sql", "select 1"][..],
        &["sql", "--as-of", "2024-11-22", "select 1"],
        &["export", "out.db"],
    ] {
        let output = workspace.run(arguments);
        assert_eq!(output.code, Some(2), "{arguments:?}: {output:?}");
        assert!(output.err.contains("尚未发布任何快照"), "{arguments:?}: {output:?}");
        assert!(!output.err.contains("1970"), "{arguments:?}: {output:?}");
    }
}
