//! The commands `orgsnap wecom events`, `rebuild` and `queries`.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::{open, rows, store_all};

fn orgsnap(data: &Path, language: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_orgsnap"))
        .args(["--lang", language, "--data"])
        .arg(data)
        .arg("wecom")
        .args(arguments)
        .env_remove("ORGSNAP_DATA")
        .output()
        .unwrap()
}

fn exit_and_output(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

const CREATED: &str = "<xml><CreateTime>1403610513</CreateTime><Event>change_contact</Event>\
                       <ChangeType>create_user</ChangeType><UserID>zhangsan</UserID><Name>张三</Name></xml>";

#[test]
fn the_event_list_contains_no_personal_data() {
    let dir = tempfile::tempdir().unwrap();
    let bodies = [CREATED.as_bytes().to_vec(), b"\xff".to_vec(), CREATED.as_bytes().to_vec()];
    store_all(&dir.path().join("t"), &bodies).unwrap();

    let (code, out, _) = exit_and_output(&orgsnap(dir.path(), "en", &["events", "t"]));
    assert_eq!(code, Some(0));
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0].join(" "), "received (UTC) agent event change object times problem");
    // Newest first; the body of the second is not text.
    assert_eq!(lines[1][2..], ["chengyuan", "1", "not_utf8"]);
    let first =
        ["2026-11-18", "11:06:40", "chengyuan", "change_contact", "create_user", "zhangsan", "2"];
    assert_eq!(lines[2], first);
    assert!(!out.contains("张三"), "{out}");

    let (_, out, _) = exit_and_output(&orgsnap(dir.path(), "zh", &["events", "t", "--limit", "1"]));
    assert!(out.starts_with("收到（UTC）"), "{out}");
    assert_eq!(out.lines().count(), 2, "{out}");
    for since in ["2026-11-18 11:07", "2026-11-18T19:06:41+08:00"] {
        let (code, out, _) =
            exit_and_output(&orgsnap(dir.path(), "zh", &["events", "t", "--since", since]));
        assert_eq!((code, out.as_str()), (Some(0), "没有事件\n"), "{since}");
    }

    let (_, out, _) = exit_and_output(&orgsnap(
        dir.path(),
        "en",
        &["events", "t", "--json", "--since", "2026-11-18"],
    ));
    let document: Value = serde_json::from_str(&out).unwrap();
    crate::schemas::assert_valid("wecom-events", &document);
    assert_eq!(document[0]["body"], Value::Null);
    assert_eq!(document[0]["body_base64"], "/w==");
    assert_eq!(document[1]["body"], CREATED);
    assert_eq!(document[1]["deliveries"], 2);
    assert_eq!(document[1]["occurred_at"], "2014-06-24T11:48:33Z");
}

#[test]
fn a_tenant_without_callbacks_gets_an_error_with_instructions() {
    let dir = tempfile::tempdir().unwrap();
    for verb in ["events", "rebuild", "queries"] {
        for (language, words) in
            [("en", "has not received a callback yet"), ("zh", "还没有收到过企业微信回调")]
        {
            let (code, out, error) =
                exit_and_output(&orgsnap(dir.path(), language, &[verb, "nobody"]));
            assert_eq!((code, out.as_str()), (Some(2), ""), "{verb}");
            assert!(error.contains(words) && error.contains("nobody/wecom.db"), "{verb}: {error}");
        }
        assert!(!dir.path().join("nobody").exists(), "{verb} makes nothing");
    }
    for (language, words) in [("en", "not a time"), ("zh", "不是有效的时间")] {
        let (code, _, error) = exit_and_output(&orgsnap(
            dir.path(),
            language,
            &["events", "t", "--since", "yesterday"],
        ));
        assert_eq!(code, Some(2));
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn rebuild_prints_a_summary() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = dir.path().join("t");
    store_all(&tenant, &[CREATED.as_bytes().to_vec()]).unwrap();
    open(&tenant).execute_batch("delete from member").unwrap();
    let (code, out, _) = exit_and_output(&orgsnap(dir.path(), "en", &["rebuild", "t"]));
    assert_eq!(code, Some(0));
    assert!(out.starts_with("replayed 1 event, made 1 object anew;"), "{out}");
    assert_eq!(rows(&open(&tenant), "select user_id as u from member"), ["u=\"zhangsan\""]);
    let (_, out, _) = exit_and_output(&orgsnap(dir.path(), "zh", &["rebuild", "t", "--json"]));
    let document: Value = serde_json::from_str(&out).unwrap();
    crate::schemas::assert_valid("wecom-rebuild", &document);
    assert_eq!(document["objects"], 1);
}

#[test]
fn the_printed_queries_run_in_sqlite3_as_they_are() {
    if Command::new("sqlite3").arg("--version").output().is_err() {
        crate::peers::skip(
            "the_printed_queries_run_in_sqlite3_as_they_are",
            "sqlite3 is not installed",
        );
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // A path that needs quoting in SQL and in a shell.
    let data = dir.path().join("it's data");
    let tenant = data.join("t");
    store_all(&tenant, &[CREATED.as_bytes().to_vec()]).unwrap();
    rusqlite::Connection::open(tenant.join("org.db"))
        .unwrap()
        .execute_batch(
            "create table agent (id, agent_name, agent_status, agent_grade_level, leave_company_date, \
               working_organ_id, working_organ_name, working_node_id, working_node_name); \
             create table agent_history (id, agent_name, leave_company_date, working_organ_name, \
               working_node_name, valid_from); \
             insert into agent (id, agent_name, agent_status) values ('zhangsan', 'x', 2), ('lisi', 'y', 1);",
        )
        .unwrap();
    let (code, sql, _) = exit_and_output(&orgsnap(&data, "en", &["queries", "t"]));
    assert_eq!(code, Some(0));
    let mut child = Command::new("sqlite3")
        .arg("-bail")
        .arg(tenant.join("wecom.db"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
    let (code, out, error) = exit_and_output(&child.wait_with_output().unwrap());
    assert_eq!((code, error.as_str()), (Some(0), ""), "{sql}");
    let first: Vec<&str> = out.lines().map(|line| line.split('|').next().unwrap()).collect();
    assert_eq!(first, ["lisi", "zhangsan"], "{out}");
}

#[test]
fn printed_queries_use_the_full_path_of_an_existing_org_db() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = dir.path().join("data/t");
    store_all(&tenant, &[CREATED.as_bytes().to_vec()]).unwrap();
    let roster = tenant.join("org.db");
    let (code, out, error) =
        exit_and_output(&orgsnap(&dir.path().join("data"), "en", &["queries", "t"]));
    assert_eq!((code, out.as_str()), (Some(2), ""), "SQLite would make an empty roster");
    assert!(error.contains("t/org.db") && error.contains("nothing was imported"), "{error}");
    fs::write(&roster, "").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_orgsnap"))
        .current_dir(dir.path())
        .args(["wecom", "queries", "t", "--data", "data"])
        .output()
        .unwrap();
    let (code, sql, _) = exit_and_output(&output);
    assert_eq!(code, Some(0));
    let attached = sql.split('\'').nth(1).unwrap();
    assert_eq!(fs::canonicalize(attached).unwrap(), fs::canonicalize(&roster).unwrap(), "{sql}");
    assert!(Path::new(attached).is_absolute(), "{sql}");
}
