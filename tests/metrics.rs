//! Prometheus text, and the pages that show it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, NaiveDate, Utc};
use orgsnap::{
    metrics::{Database, Plan, StatusBoard, TenantStatus, render},
    model::{Message, RunId},
    store::{LastPublication, LastRun},
    web::{health, server},
};
use serde_json::Value;

/// Reads Prometheus text as strictly as it is defined: names, label syntax and escapes, every sample below the
/// HELP and TYPE of its family, each family and each sample once. Returns samples by name and labels.
pub(crate) fn samples(text: &str) -> BTreeMap<String, f64> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut found = BTreeMap::new();
    let (mut family, mut helped) = (String::new(), BTreeSet::new());
    assert!(text.ends_with('\n') || text.is_empty(), "the last line does not end");
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').expect("words");
            assert!(is_name(name) && !words.is_empty(), "{line}");
            assert!(helped.insert(name.to_owned()), "a second family {name}");
            family = name.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let expected = if family.ends_with("_total") { "counter" } else { "gauge" };
            assert_eq!(kind, format!("{family} {expected}"));
        } else {
            let (name, rest) = line.split_once('{').expect(line);
            assert_eq!(name, family, "{line}");
            let mut rest = rest;
            while !rest.starts_with('}') {
                let (label, after) = rest.split_once("=\"").expect(line);
                assert!(is_name(label), "{line}");
                let mut end = None;
                let mut escaped = false;
                for (at, c) in after.char_indices() {
                    match c {
                        _ if escaped => {
                            assert!(matches!(c, '\\' | '"' | 'n'), "{line}");
                            escaped = false;
                        }
                        '\\' => escaped = true,
                        '"' => {
                            end = Some(at);
                            break;
                        }
                        _ => {}
                    }
                }
                rest = &after[end.expect(line) + 1..];
                rest = rest.strip_prefix(',').unwrap_or(rest);
            }
            let value: f64 = rest.strip_prefix("} ").expect(line).parse().expect(line);
            let key = line[..line.len() - rest.len() + 1].to_owned();
            assert!(found.insert(key, value).is_none(), "twice: {line}");
        }
    }
    found
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn status(tenant: &str) -> TenantStatus {
    TenantStatus {
        tenant: tenant.to_owned(),
        database: Database::Missing,
        last_run: None,
        last_publication: None,
        is_log_pending: false,
        alerts_unsent: Some(0),
        plan: None,
    }
}

#[test]
fn the_metrics_text_is_well_formed_and_complete() {
    let busy = TenantStatus {
        database: Database::Readable,
        last_run: Some(LastRun {
            run: RunId("r".into()),
            started: at("2024-11-23T18:30:00Z"),
            finished: at("2024-11-23T18:30:08.250Z"),
            verdict: "refused".into(),
            feeds: BTreeMap::from([("agent".into(), (986_214, 7)), ("organ".into(), (12_804, 0))]),
            levels: BTreeMap::from([("error".into(), 7)]),
        }),
        last_publication: Some(LastPublication {
            finished: at("2024-11-22T18:30:09Z"),
            newest_date: NaiveDate::from_ymd_opt(2024, 11, 22).unwrap(),
        }),
        alerts_unsent: Some(2),
        plan: Some(Plan {
            running: false,
            waiting_since: Some(at("2024-11-23T18:30:00Z")),
            next_run: Some(at("2024-11-24T18:30:00Z")),
            job_file_broken: true,
        }),
        ..status("00010001")
    };
    let broken = TenantStatus {
        database: Database::Unreadable(Message::fixed("坏", "broken")),
        ..status("od\"d\\\n")
    };
    let found = samples(&render(&[busy, broken]));
    let version = format!("orgsnap_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    let of = |name: &str, more: &str| {
        let key = format!("{name}{{tenant=\"00010001\"{more}}}");
        found.get(&key).copied().unwrap_or_else(|| panic!("{key} in {found:?}"))
    };
    assert_eq!(found[&version], 1.0);
    for (name, more, value) in [
        ("orgsnap_last_success_timestamp_seconds", "", 1_732_300_209.0),
        ("orgsnap_snapshot_date_timestamp_seconds", "", 1_732_233_600.0),
        ("orgsnap_last_run_timestamp_seconds", "", 1_732_386_608.25),
        ("orgsnap_last_run_verdict", ",verdict=\"refused\"", 1.0),
        ("orgsnap_last_run_verdict", ",verdict=\"published\"", 0.0),
        ("orgsnap_last_run_rows", ",feed=\"agent\"", 986_214.0),
        ("orgsnap_last_run_quarantined_lines", ",feed=\"agent\"", 7.0),
        ("orgsnap_last_run_findings", ",level=\"error\"", 7.0),
        ("orgsnap_last_run_findings", ",level=\"fatal\"", 0.0),
        ("orgsnap_database_readable", "", 1.0),
        ("orgsnap_log_pending", "", 0.0),
        ("orgsnap_alerts_unsent", "", 2.0),
        ("orgsnap_running", "", 0.0),
        ("orgsnap_waiting", "", 1.0),
        ("orgsnap_waiting_since_timestamp_seconds", "", 1_732_386_600.0),
        ("orgsnap_next_run_timestamp_seconds", "", 1_732_473_000.0),
        ("orgsnap_job_file_broken", "", 1.0),
    ] {
        assert_eq!(of(name, more), value, "{name}{more}");
    }
    let took = of("orgsnap_last_run_duration_seconds", "");
    assert!((took - 8.25).abs() < 0.01, "{took}");
    assert_eq!(found["orgsnap_database_readable{tenant=\"od\\\"d\\\\\\n\"}"], 0.0);
    assert_eq!(samples(&render(&[])).len(), 1);
}

/// Asks a page; status and body.
fn ask(port: u16, path: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(connection, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// Serves a board while `visit` looks at it.
fn serve(status_board: Arc<StatusBoard>, patience: Duration, visit: impl FnOnce(u16)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = health::router(status_board, patience);
    let served = runtime.spawn(server::serve(listener, app, server::Limits::default(), async {
        let _ = ended.await;
    }));
    visit(port);
    let _ = end.send(());
    runtime.block_on(served).unwrap();
}

#[test]
fn the_status_board_does_not_block_on_a_first_import() {
    let folder = tempfile::tempdir().unwrap();
    let status_board = StatusBoard::new(folder.path());
    std::fs::create_dir(folder.path().join("t")).unwrap();
    let writer = rusqlite::Connection::open(folder.path().join("t/org.db")).unwrap();
    writer.execute_batch("pragma application_id = 0x6f726773; begin exclusive").unwrap();
    status_board.plan("t", Plan::default());
    assert!(!status_board.refresh("t"));
    assert_eq!(status_board.statuses()[0].database, orgsnap::metrics::Database::Missing);
    status_board.plan("t", Plan { running: true, ..Plan::default() });
    assert!(!status_board.refresh("t"));
    assert_eq!(status_board.statuses()[0].plan.map(|plan| plan.running), Some(true));
    writer.execute_batch("commit").unwrap();
    assert!(status_board.refresh("t"));
}

#[test]
fn healthz_and_metrics_report_heartbeat_and_figures() {
    let folder = tempfile::tempdir().unwrap();
    let status_board = Arc::new(StatusBoard::new(folder.path()));
    status_board.refresh("new");
    let patience = Duration::from_secs(600);
    serve(Arc::clone(&status_board), patience, |port| {
        let (status, body) = ask(port, "/healthz");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["status"], &body["tenants"]), (200, &"ok".into(), &1.into()));
        status_board.plan("new", Plan { running: true, ..Plan::default() });
        let (status, text) = ask(port, "/metrics");
        assert_eq!((status, samples(&text)["orgsnap_running{tenant=\"new\"}"]), (200, 1.0));
        assert_eq!(ask(port, "/other").0, 404);

        let database: PathBuf = folder.path().join("bad/org.db");
        std::fs::create_dir(folder.path().join("bad")).unwrap();
        std::fs::write(&database, "this is no database, however long it may be ".repeat(50))
            .unwrap();
        status_board.refresh("bad");
        let (status, body) = ask(port, "/healthz");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["status"]), (503, &"failing".into()));
        assert_eq!(body["databases_unreadable"][0]["tenant"], "bad");
        let (_, text) = ask(port, "/metrics");
        assert_eq!(samples(&text)["orgsnap_database_readable{tenant=\"bad\"}"], 0.0);
        status_board.forget("bad");
        assert_eq!(ask(port, "/healthz").0, 200);
    });
    std::thread::sleep(Duration::from_millis(20));
    serve(Arc::clone(&status_board), Duration::from_millis(1), |port| {
        let (status, body) = ask(port, "/healthz");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["scheduler"]["alive"]), (503, &false.into()));
    });
}

#[test]
fn callbacks_are_counted_by_outcome() {
    let status_board = Arc::new(StatusBoard::new(std::path::Path::new("nowhere")));
    let counts = status_board.callbacks();
    counts.add("00010001", "chengyuan", "stored", 0);
    counts.add("00010001", "kehu", "stored", 2);
    counts.add("00010001", "kehu", "signature", 1);
    counts.add("", "", "path", 3);
    serve(status_board, Duration::from_secs(60), |port| {
        let (status, text) = ask(port, "/metrics");
        assert_eq!(status, 200);
        assert!(text.contains("# TYPE orgsnap_callbacks_total counter\n"), "{text}");
        let found: BTreeMap<String, f64> = text
            .lines()
            .filter_map(|line| line.strip_prefix("orgsnap_callbacks_total")?.split_once(' '))
            .map(|(labels, value)| (labels.to_owned(), value.parse().unwrap()))
            .collect();
        let labels = |tenant, agent, outcome| {
            format!("{{tenant=\"{tenant}\",agent=\"{agent}\",outcome=\"{outcome}\"}}")
        };
        let expected = BTreeMap::from([
            (labels("00010001", "chengyuan", "stored"), 0.0),
            (labels("00010001", "kehu", "stored"), 2.0),
            (labels("00010001", "kehu", "signature"), 1.0),
            (labels("", "", "path"), 3.0),
        ]);
        assert_eq!(found, expected);
    });
}
