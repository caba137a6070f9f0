//! Recorded runs and the data dictionary.

use std::borrow::Cow;

use super::fixture::*;
use super::importing::*;
use crate::model::{
    Disposition, Feed, Finding, GateReason, Level, Message, Related, RunReport, Verdict,
};
use crate::store::{QuarantinedLine, Reader, RunRecord, StoredReason};

fn refused(run: &str) -> RunReport {
    let mut report = report(run, day(2), Verdict::Refused);
    report.started += chrono::TimeDelta::minutes(1);
    report.reasons = vec![GateReason {
        limit: "quarantined",
        message: Message::fixed("隔离 2%，超过 1%", "2 % quarantined, over 1 %"),
    }];
    report.findings = vec![Finding {
        code: "V201",
        name: "missing-value",
        level: Level::Error,
        disposition: Disposition::Quarantine,
        feed: Feed::Agent,
        line: Some(7),
        lines: vec![7, 9],
        key: Some("A1".to_owned()),
        field: Some("agentName".to_owned()),
        value: None,
        message: Message::fixed("缺值", "missing"),
        related: vec![Related { feed: Feed::Organ, line: 3, key: "86".to_owned() }],
        affected: 2,
        hint: None,
        names: Vec::new(),
        excerpt: None,
        cause: None,
        age: None,
    }];
    report
}

#[test]
fn a_refused_run_is_recorded_with_all_that_was_found() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 1, &delivery("A1|a|1"));
    let snapshot = content(store.conn());
    let report = refused("refused");
    let lines = [QuarantinedLine {
        feed: Feed::Agent,
        file: "agent.txt",
        line: 7,
        raw: &[0x41, 0xFF, 0x00],
        text: Cow::Borrowed("A\u{fffd}\0"),
        rules: Cow::Borrowed(&["R202", "V201"]),
        key: Some("A1".to_owned()),
    }];
    let finished = report.started;
    let record = RunRecord {
        report: &report,
        finished,
        tool_version: "0.1.0",
        identities: &[-7],
        quarantine: Box::new(lines.into_iter()),
    };
    store.record_run(record).unwrap();

    assert_eq!(content(store.conn()), snapshot);
    assert_eq!(
        rows(store.conn(), "select * from run where id = 'refused'"),
        ["refused|00010001|2026-11-02|2026-11-24T02:31:00.000Z|2026-11-24T02:31:00.000Z|refused|\
          [{\"en\":\"2 % quarantined, over 1 %\",\"limit\":\"quarantined\",\"zh\":\"隔离 2%，超过 1%\"}]|\
          [{\"ms\":7,\"stage\":\"parse\"}]|0.1.0|1|0"]
    );
    assert_eq!(
        rows(store.conn(), "select * from finding"),
        ["refused|V201|missing-value|error|quarantine|agent|7|[7,9]|A1|agentName|-|缺值|missing|\
          [{\"feed\":\"organ\",\"key\":\"86\",\"line\":3}]|2|-|-|-7|[]"]
    );
    assert_eq!(
        rows(store.conn(), "select feed, file, line, hex(raw), text, rules, key from quarantine"),
        ["agent|agent.txt|7|41FF00|A\u{fffd}\0|R202,V201|A1"]
    );
    assert_eq!(
        rows(
            store.conn(),
            "select feed, lines, rows, quarantined, header from source_file where run = 'refused'"
        ),
        ["agent|3|2|1|0", "node|3|2|1|0", "organ|3|2|1|0", "principal|3|2|1|0"]
    );
}

#[test]
fn lines_kept_before_their_keys_were_get_the_keys_that_findings_name() {
    let database = TestDatabase::new();
    let former = rusqlite::Connection::open(database.db()).unwrap();
    former.execute_batch(include_str!("../sqlite/migrations/0001.sql")).unwrap();
    former
        .execute_batch(
            "pragma user_version = 1;
             insert into finding values
               ('r1', 'V201', 'missing-value', 'error', 'quarantine', 'agent', 7, '[7]', 'A1', null, null, '', '', '[]', 1),
               ('r1', 'R201', 'wrong-field-count', 'error', 'quarantine', 'agent', 8, '[8]', null, null, null, '', '', '[]', 1),
               ('r1', 'X501', 'unknown', 'error', 'keep', 'agent', 8, '[8]', 'A2', null, null, '', '', '[]', 1);
             insert into quarantine (run, feed, file, line, raw, text, rules) values
               ('r1', 'agent', 'agent.txt', 7, x'41', 'A', 'V201'),
               ('r1', 'organ', 'organ.txt', 7, x'41', 'A', 'V201'),
               ('r1', 'agent', 'agent.txt', 8, x'41', 'A', 'R201'),
               ('r2', 'agent', 'agent.txt', 7, x'41', 'A', 'V201');",
        )
        .unwrap();
    drop(former);
    let store = database.open();
    assert_eq!(
        rows(store.conn(), "select run, feed, line, key from quarantine order by 1, 2, 3"),
        ["r1|agent|7|A1", "r1|agent|8|-", "r1|organ|7|-", "r2|agent|7|-"]
    );
}

#[test]
fn keys_that_were_only_quarantined_before_the_table_was_are_told_by_the_recorded_lines() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 1, &delivery("A1|a|1\n!A2|x"));
    import(&mut store, 2, &delivery("!A1|x\nA2|b|1\nA3|c|1\n!A4|x"));
    import(&mut store, 3, &delivery("!A1|x\n!A2|x\n!A4|x"));
    let sql = "select id, business_date from quarantined_key where feed = 'agent'";
    let kept = rows(store.conn(), sql);
    assert_eq!(kept, ["A2|2026-11-01", "A4|2026-11-02", "A4|2026-11-03"]);
    // A3 has a row in quarantine beside its accepted one; a run that published nothing tells nothing.
    for (run, key) in [
        ("run-0", "A2"),
        ("run-1", "A1"),
        ("run-1", "A3"),
        ("run-1", "A4"),
        ("run-1", "A4"),
        ("run-2", "A1"),
        ("run-2", "A2"),
        ("run-2", "A4"),
        ("refused", "A9"),
    ] {
        let insert =
            "insert into quarantine values (?1, 'agent', 'agent.txt', 1, x'41', 'A', 'V201', ?2)";
        store.conn().execute(insert, [run, key]).unwrap();
    }
    let former = "drop table quarantined_key; drop table retraction; \
                  drop index quarantine_key; alter table finding drop column person_names; \
                  pragma user_version = 4";
    to_format_6(store.conn());
    store.conn().execute_batch(former).unwrap();
    drop(store);
    assert_eq!(rows(database.open().conn(), sql), kept);
}

#[test]
fn a_failed_run_records_only_the_run() {
    let database = TestDatabase::new();
    let mut store = database.open();
    let report = RunReport { verdict: Verdict::Failed, ..refused("failed") };
    store.record_run(record(&report)).unwrap();
    let sql = "select (select count(*) from run), (select count(*) from source_file), \
               (select count(*) from finding)";
    assert_eq!(rows(store.conn(), sql), ["1|0|0"]);
}

#[test]
fn runs_are_listed_newest_first() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 1, &delivery("A1|a|1"));
    store.record_run(record(&refused("refused"))).unwrap();
    import(&mut store, 1, &delivery("A1|b|1"));
    let runs = Reader::open_existing(&database.db()).unwrap().runs(10).unwrap();
    let listed: Vec<_> =
        runs.iter().map(|r| (r.run.0.as_str(), r.verdict.as_str(), r.errors, r.current)).collect();
    assert_eq!(
        listed,
        [
            ("refused", "refused", 1, false),
            ("run-2", "published", 0, true),
            ("run-0", "published", 0, false),
        ]
    );
    let reason = StoredReason {
        limit: "quarantined".to_owned(),
        message: Message::fixed("隔离 2%，超过 1%", "2 % quarantined, over 1 %"),
    };
    assert_eq!(runs[0].reasons, [reason]);
    assert_eq!((runs[0].rows, runs[0].quarantined), (8, 4));
    assert_eq!(runs[0].timings, [("parse".to_owned(), 7)]);
    assert_eq!(Reader::open_existing(&database.db()).unwrap().runs(1).unwrap().len(), 1);
}

#[test]
fn the_data_dictionary_documents_every_table_and_column() {
    let database = TestDatabase::new();
    let store = database.open();
    let expected = rows(
        store.conn(),
        "select name, '' from sqlite_schema where type in ('table', 'view') \
         and name not like 'sqlite_%' \
         union all \
         select s.name, i.name from sqlite_schema s, pragma_table_info(s.name) i \
         where s.type in ('table', 'view') and s.name not like 'sqlite_%' order by 1, 2",
    );
    let known =
        rows(store.conn(), "select table_name, column_name from data_dictionary order by 1, 2");
    assert_eq!(known, expected);
    let empty_texts = "select table_name, column_name from data_dictionary \
                  where '' in (title_zh, title_en, meaning_zh, meaning_en)";
    assert_eq!(rows(store.conn(), empty_texts), Vec::<String>::new());
    let untyped = "select table_name, column_name from data_dictionary \
                   where (column_name = '') <> (type is null) or (type is null) <> (nullable is null)";
    assert_eq!(rows(store.conn(), untyped), Vec::<String>::new());
    assert_eq!(
        rows(
            store.conn(),
            "select meaning_en from data_dictionary where column_name = 'agent_status' limit 1"
        ),
        ["agentStatus title (1 active, 2 left)"]
    );
}

#[test]
fn opening_an_up_to_date_database_writes_nothing() {
    let database = TestDatabase::new();
    import(&mut database.open(), 1, &delivery("A1|a|1"));
    let before = std::fs::read(database.db()).unwrap();
    drop(database.open());
    assert!(std::fs::read(database.db()).unwrap() == before);
}
