//! The documented queries over `wecom.db` and `org.db`, run exactly as they are printed.

use std::fs;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use orgsnap::config::job;
use orgsnap::model::{Cancel, Verdict};
use orgsnap::pipeline::{self, ImportRequest, NoReports};
use orgsnap::sample::{self, Charset, Options};
use orgsnap::wecom::store::EventReader;
use rusqlite::Connection;

use super::{rows, store_all};
use crate::quiet::Quiet;

fn import(job: &Path, data: &Path, from: &Path, date: NaiveDate) {
    let job = job::load(job, &|_| None).unwrap();
    let request = ImportRequest {
        job: &job,
        date: Some(date),
        from: Some(from),
        dry_run: false,
        data_dir: data,
        now: "2026-11-24T02:30:00Z".parse::<DateTime<Utc>>().unwrap(),
        cancel: &Cancel::new(),
        wait_policy: pipeline::WaitPolicy::WaitForFiles,
        accept_unchanged: false,
        backup: true,
        refused: None,
    };
    assert_eq!(pipeline::import(&request, &Quiet, &NoReports).unwrap().verdict, Verdict::Published);
}

fn event(change: &str, user_id: &str, second: u64) -> Vec<u8> {
    format!(
        "<xml><CreateTime>{}</CreateTime><Event>change_contact</Event><ChangeType>{change}</ChangeType>\
         <UserID>{user_id}</UserID></xml>",
        1_403_610_513 + second
    )
    .into_bytes()
}

#[test]
fn joined_queries_find_departed_members_and_agents_without_an_account() {
    let dir = tempfile::tempdir().unwrap();
    let job = dir.path().join("job.toml");
    fs::write(&job, "tenant = \"t\"\n[source]\nkind = \"dir\"\npath = \".\"\n").unwrap();
    let data = dir.path().join("data");
    let date = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
    let delivered = dir.path().join("delivery");
    fs::create_dir_all(&delivered).unwrap();
    let options = Options { agents: 300, charset: Charset::Utf8, ..Options::new(date(1)) };
    sample::write(&options, &delivered).unwrap();
    import(&job, &data, &delivered, date(1));

    let tenant = data.join("t");
    let org = Connection::open(tenant.join("org.db")).unwrap();
    let ids = |sql: &str| -> Vec<String> {
        org.prepare(sql)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    let active = ids("select id from agent where agent_status = 1 order by id");
    let left = ids("select id from agent where agent_status = 2 order by id");
    // No record refers to the last one, so that the next delivery can leave it out.
    let vanished = ids("select a.id from agent a where a.agent_status = 1 and not exists \
         (select 1 from agent b where b.recommend_by_agent_id = a.id) and a.id not in \
         (select agent_id from node where agent_id is not null) and a.id not in \
         (select mentored_by_agent_id from node where mentored_by_agent_id is not null) order by a.id desc limit 1");
    let gone = vanished[0].clone();

    let file = delivered.join("temp_agent.txt");
    let lines: Vec<String> = fs::read_to_string(&file)
        .unwrap()
        .lines()
        .filter(|line| !line.split('|').any(|field| field == gone))
        .map(str::to_owned)
        .collect();
    fs::write(&file, lines.join("\n") + "\n").unwrap();
    import(&job, &data, &delivered, date(2));

    // Accounts: the first three active ones (one is deleted), two that left, and the one that is not delivered.
    let mut events: Vec<Vec<u8>> = active[..3]
        .iter()
        .chain(&left[..2])
        .chain([&gone])
        .map(|id| event("create_user", id, 0))
        .collect();
    events.push(event("delete_user", &active[0], 1));
    events.push(event("delete_user", &left[1], 1));
    store_all(&tenant, &events).unwrap();

    let conn = Connection::open(tenant.join("wecom.db")).unwrap();
    let attach = format!("attach '{}' as org", tenant.join("org.db").display());
    conn.execute_batch(&attach).unwrap();
    for query in EventReader::open(&tenant).unwrap().queries().unwrap() {
        conn.execute_batch(&query.sql).unwrap();
    }
    let mut departed = vec![format!("u={:?} f=1", left[0]), format!("u={gone:?} f=0")];
    departed.sort();
    assert_eq!(
        rows(
            &conn,
            "select user_id as u, in_files as f from departed_agent_still_member order by 1"
        ),
        departed
    );
    let without: Vec<String> = active
        .iter()
        .filter(|id| **id != gone && !active[1..3].contains(id))
        .map(|id| format!("i={id:?}"))
        .collect();
    assert_eq!(rows(&conn, "select id as i from active_agent_without_account order by 1"), without);
}

/// WeCom's ids ignore case, so an account may differ in case from the agent's id.
#[test]
fn accounts_match_agents_regardless_of_case() {
    let dir = tempfile::tempdir().unwrap();
    let tenant = dir.path().join("t");
    let events = [
        event("create_user", "a001", 0),
        event("create_user", "B002", 0),
        event("create_user", "C003", 0),
        event("create_user", "d004", 0),
        event("delete_user", "d004", 1),
    ];
    store_all(&tenant, &events).unwrap();
    let conn = Connection::open(tenant.join("wecom.db")).unwrap();
    // A roster with the columns that the queries read: one active with and one without an account, one that left, one
    // that is no longer delivered.
    conn.execute_batch(
        "attach ':memory:' as org;
         create table org.agent (id text primary key, agent_name, agent_status, agent_grade_level, working_organ_id,
           working_organ_name, working_node_id, working_node_name, leave_company_date);
         create table org.agent_history (id text, valid_from, agent_name, working_organ_name, working_node_name,
           leave_company_date);
         insert into org.agent (id, agent_status) values ('A001', 1), ('b002', 2), ('D004', 1), ('E005', 1);
         insert into org.agent_history (id, valid_from)
         values ('A001', '2026-11-01'), ('b002', '2026-11-01'), ('c003', '2026-11-01'), ('c003', '2026-11-02');",
    )
    .unwrap();
    for query in EventReader::open(&tenant).unwrap().queries().unwrap() {
        conn.execute_batch(&query.sql).unwrap();
    }
    for (sql, expected) in [
        (
            "select user_id as u, in_files as f from departed_agent_still_member order by 1",
            ["u=\"B002\" f=1", "u=\"C003\" f=0"],
        ),
        (
            "select id as i, account_deleted_at is not null as d from active_agent_without_account order by 1",
            ["i=\"D004\" d=1", "i=\"E005\" d=0"],
        ),
    ] {
        assert_eq!(rows(&conn, sql), expected, "{sql}");
    }
}
