//! Whole imports from a server that misbehaves: what is published is always whole, the run ends in bounded
//! time, and the message names the fault.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use orgsnap::config::job;
use orgsnap::fetch::FetchError;
use orgsnap::model::{Cancel, RunId, RunReport, Verdict};
use orgsnap::pipeline::{self, ImportRequest, NoReports, RunError, WaitPolicy};
use orgsnap::sample::{self, Charset, Options};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::certificate;
use super::faulty_server::{Fault, FaultyServer, Quirks};
use crate::quiet::Quiet;

/// Runs so far.
static RUNS: AtomicI64 = AtomicI64::new(0);

type Files = BTreeMap<String, Vec<u8>>;

/// A clean company of two thousand, on one of two days.
fn delivery(seed: u64) -> Files {
    let dir = tempfile::tempdir().unwrap();
    let date = NaiveDate::from_ymd_opt(2024, 11, 24).unwrap();
    let options = Options { agents: 2000, seed, charset: Charset::Utf8, ..Options::new(date) };
    sample::write(&options, dir.path()).unwrap();
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
    };
    std::fs::read_dir(dir.path()).unwrap().map(read).collect()
}

/// Imports from a server, into a data folder; more settings of the source may follow.
fn import(kind: &str, port: u16, data: &Path, day: u32, more: &str) -> Result<RunReport, RunError> {
    look(kind, port, data, day, more, (WaitPolicy::WaitForFiles, None))
}

/// The same for one of several looks, perhaps after a run that has refused the delivery.
fn look(
    kind: &str,
    port: u16,
    data: &Path,
    day: u32,
    more: &str,
    (wait_policy, refused): (WaitPolicy, Option<&RunId>),
) -> Result<RunReport, RunError> {
    let deadline = if more.contains("deadline") { "" } else { "deadline = '60s'\n" };
    let text = format!(
        "tenant = 't'\n[source]\nkind = '{kind}'\nhost = '127.0.0.1'\nport = {port}\n\
         username = 'u'\npassword = 'hunter2'\ntimeout = '1s'\nretry_wait = '10ms'\nattempts = 3\n\
         {deadline}{more}\n"
    );
    let job = job::parse(Path::new("/nowhere/x.toml"), &text, &|_| None).unwrap();
    let now: DateTime<Utc> = "2024-11-24T20:00:00Z".parse().unwrap();
    let request = ImportRequest {
        job: &job,
        date: NaiveDate::from_ymd_opt(2024, 11, day),
        from: None,
        dry_run: false,
        data_dir: data,
        // No two runs begin at the same moment.
        now: now + chrono::TimeDelta::seconds(RUNS.fetch_add(1, Ordering::Relaxed)),
        cancel: &Cancel::new(),
        wait_policy,
        accept_unchanged: false,
        backup: true,
        refused,
    };
    pipeline::import(&request, &Quiet, &NoReports)
}

/// Rows of the snapshot.
fn published(data: &Path) -> i64 {
    let db = rusqlite::Connection::open(data.join("t/org.db")).unwrap();
    db.query_row("select count(*) from snapshot", [], |row| row.get(0)).unwrap()
}

/// The hashes that a report tells are those of the files, all of one day.
fn are(report: &RunReport, files: &Files) -> bool {
    use sha2::{Digest, Sha256};
    report.files.iter().all(|file| {
        let hash = Sha256::digest(&files[&file.name]);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        file.sha256.as_deref() == Some(hex.as_str())
    })
}

/// What a scenario comes to.
enum Outcome {
    /// The files that the server holds in the end are published.
    Published,
    /// Nothing is, and the message says so much.
    Nothing(&'static str),
}

#[test]
fn transfer_faults_never_publish_a_partial_delivery() {
    use Fault::*;
    use Outcome::{Nothing, Published};
    let (today, tomorrow) = (delivery(1), delivery(2));
    let quirks = Quirks::default;
    let pasv = |pasv: &'static [u8]| Quirks { no_epsv: true, pasv: Some(pasv), ..quirks() };
    let now = "ready = 'now'";
    let stable = "ready = { stable = '40ms' }";
    let scenarios: Vec<(&str, Vec<Fault>, Quirks, &str, Outcome)> = vec![
        ("no fault", vec![None], quirks(), now, Published),
        ("cut at the head", vec![CutShort(0)], quirks(), now, Nothing("0 of ")),
        ("cut in the middle", vec![CutShort(50)], quirks(), now, Nothing("bytes came")),
        ("cut at the tail", vec![CutShort(99)], quirks(), now, Nothing("bytes came")),
        ("cut once", vec![CutShort(99), None], quirks(), now, Published),
        ("reset at the head", vec![Reset(0)], quirks(), now, Nothing("broke the connection")),
        ("reset in the middle", vec![Reset(50)], quirks(), now, Nothing("broke the connection")),
        ("reset at the tail", vec![Reset(99)], quirks(), now, Nothing("broke the connection")),
        ("reset once", vec![Reset(60), None], quirks(), now, Published),
        ("226 early and short", vec![SuccessTooEarly], quirks(), now, Nothing("bytes came")),
        ("226 early", vec![SuccessEarly], quirks(), now, Published),
        ("226 missing", vec![NoReply], quirks(), now, Published),
        ("control closed at the end", vec![ControlClosed], quirks(), now, Published),
        ("control closed", vec![HangUp], quirks(), now, Nothing("did not confirm")),
        ("control closed once", vec![HangUp, None], quirks(), now, Published),
        ("426", vec![Aborted("426 aborted")], quirks(), now, Nothing("426 aborted")),
        ("451 for the file", vec![Refused("451 disk")], quirks(), now, Nothing("451 disk")),
        ("451 in the middle", vec![Aborted("451 disk")], quirks(), now, Nothing("451 disk")),
        (
            "421 in the middle",
            vec![Aborted("421 shutting down")],
            quirks(),
            now,
            Nothing("421 shut"),
        ),
        ("421 once", vec![Aborted("421 shutting down"), None], quirks(), now, Published),
        ("550 for the file", vec![Refused("550 no right")], quirks(), now, Nothing("550 no right")),
        ("stall on data", vec![Stall], quirks(), now, Nothing("no answer within the timeout")),
        ("stall on data once", vec![Stall, None], quirks(), now, Published),
        (
            "stall on control",
            vec![None],
            Quirks { slow: Some(Duration::from_secs(30)), ..quirks() },
            now,
            Nothing("no answer within the timeout"),
        ),
        (
            "slow banner",
            vec![None],
            Quirks { slow: Some(Duration::from_millis(300)), ..quirks() },
            now,
            Published,
        ),
        ("wrong address in 227", vec![None], pasv(b"227 ok ({})"), now, Published),
        ("227 without parentheses", vec![None], pasv(b"227 ={}"), now, Published),
        ("227 with spaces", vec![None], pasv(b"227 spaced ({})"), now, Published),
        (
            "227 in GBK",
            vec![None],
            pasv(b"227 \xb1\xbb\xb6\xaf\xc4\xa3\xca\xbd {}"),
            now,
            Published,
        ),
        (
            "REST refused",
            vec![CutShort(50), None],
            Quirks { no_rest: true, ..quirks() },
            now,
            Published,
        ),
        (
            "REST ignored",
            vec![CutShort(50), None],
            Quirks { ignores_rest: true, ..quirks() },
            now,
            Published,
        ),
        (
            "ASCII trap",
            vec![None],
            Quirks { ascii: true, ..quirks() },
            now,
            Nothing("more came than the"),
        ),
        (
            "growing file",
            vec![None],
            Quirks { grows: true, ..quirks() },
            "ready = { stable = '40ms' }\ndeadline = '2s'",
            Nothing("temp_agent.txt is still growing"),
        ),
        (
            "growing file, taken now",
            vec![None],
            Quirks { grows: true, ..quirks() },
            now,
            Nothing("changed while"),
        ),
        ("replaced since SIZE", vec![Replaced, None], quirks(), now, Published),
        ("changed at the end once", vec![Changes, None], quirks(), stable, Published),
        ("the next day comes meanwhile", vec![NextDay, None], quirks(), stable, Published),
        ("endless file", vec![Endless], quirks(), now, Nothing("more came than the")),
        ("one byte too many", vec![TooLong], quirks(), now, Nothing("more came than the")),
        (
            "one connection at a time",
            vec![None],
            Quirks { most: Some(1), ..quirks() },
            now,
            Published,
        ),
        ("no SIZE", vec![None], Quirks { no_size: true, ..quirks() }, now, Published),
        (
            "no SIZE and a cut",
            vec![CutShort(50), None],
            Quirks { no_size: true, ..quirks() },
            now,
            Published,
        ),
        (
            "no marker",
            vec![None],
            quirks(),
            "ready = { marker = 'done.ok' }\ndeadline = '1s'",
            Nothing("marker done.ok is not there yet"),
        ),
        (
            "refused login",
            vec![None],
            Quirks { refuses: true, ..quirks() },
            now,
            Nothing("530 登录失败 ***"),
        ),
    ];
    for (name, faults, quirks, more, expected) in scenarios {
        let data = tempfile::tempdir().unwrap();
        // Replaced content must have the size of what it replaces.
        let tomorrow = match faults[0] {
            Replaced => swapped(&today),
            _ => tomorrow.clone(),
        };
        let server = FaultyServer::serving(today.clone(), tomorrow, &faults, quirks, Option::None);
        let began = Instant::now();
        let result = import_with(&server, data.path(), more);
        assert!(began.elapsed() < Duration::from_secs(60), "{name}: {:?}", began.elapsed());
        match (result, expected) {
            (Ok(report), Published) => {
                assert_eq!(report.verdict, Verdict::Published, "{name}");
                assert!(are(&report, &server.files()), "{name}: files are not the server's");
                assert_eq!(published(data.path()), 1, "{name}");
            }
            (Err(error), Nothing(said)) => {
                let said_so = error.message();
                assert!(said_so.en.contains(said), "{name}: {}", said_so.en);
                assert!(!said_so.zh.contains("hunter2"), "{name} shows the password");
                assert_eq!(published(data.path()), 0, "{name}");
            }
            (Ok(report), Nothing(_)) => panic!("{name}: {:?}", report.verdict),
            (Err(error), Published) => panic!("{name}: {error}"),
        }
    }
}

/// The same files with two lines of the agents in each other's place: same sizes, another content.
fn swapped(files: &Files) -> Files {
    let mut files = files.clone();
    let text = String::from_utf8(files["temp_agent.txt"].clone()).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(10, 20);
    let end = &text[text.trim_end().len()..];
    files.insert("temp_agent.txt".to_owned(), (lines.join("\n") + end).into_bytes());
    files
}

fn import_with(server: &FaultyServer, data: &Path, more: &str) -> Result<RunReport, RunError> {
    import("ftp", server.port, data, 24, more)
}

#[test]
fn file_names_in_gbk_and_with_dates_are_found() {
    for (encoding, names) in [("auto", "人员"), ("gbk", "人员")] {
        let mut files = delivery(1);
        let agents = files.remove("temp_agent.txt").unwrap();
        files.insert(format!("{names}_20241124.txt"), agents);
        let quirks = Quirks { gbk_names: true, ..Quirks::default() };
        let server =
            FaultyServer::serving(files.clone(), Files::new(), &[Fault::None], quirks, None);
        let data = tempfile::tempdir().unwrap();
        let more = format!(
            "ready = 'now'\nencoding = '{encoding}'\n\
             files = {{ agent = '{names}_{{date:%Y%m%d}}.txt' }}"
        );
        let report = import_with(&server, data.path(), &more).unwrap();
        assert_eq!(report.verdict, Verdict::Published, "{encoding}");
        assert!(are(&report, &files), "{encoding}");
    }
}

#[test]
fn unchanged_files_of_an_earlier_date_are_not_published() {
    let server =
        FaultyServer::serving(delivery(1), Files::new(), &[Fault::None], Quirks::default(), None);
    let data = tempfile::tempdir().unwrap();
    let on = |day| import("ftp", server.port, data.path(), day, "ready = 'now'");
    assert_eq!(on(24).unwrap().verdict, Verdict::Published);
    // The same date again is the same delivery, and is published.
    assert_eq!(on(24).unwrap().verdict, Verdict::Published);
    let error = on(25).unwrap_err();
    assert!(matches!(error, RunError::Fetch(FetchError::NotRefreshed { .. })), "{error}");
    assert!(error.classify().waiting_helps);
    assert!(error.message().en.contains("2024-11-24"), "{error}");
    assert_eq!(published(data.path()), 1);
    assert!(!data.path().join("t/incoming/temp_agent.txt").exists());
    // One file of four suffices.
    server.replace("temp_principal.txt", &delivery(1)["temp_principal.txt"]);
    let mut agents = delivery(1).remove("temp_agent.txt").unwrap();
    agents.push(b'\n');
    server.replace("temp_agent.txt", &agents);
    let report = on(25).unwrap();
    assert_eq!(report.verdict, Verdict::Published);
    assert_eq!(report.totals.get("F109"), Some(&3));
}

#[test]
fn a_repeated_poll_does_not_download_known_files() {
    let mut files = delivery(1);
    let server =
        FaultyServer::serving(files.clone(), Files::new(), &[Fault::None], Quirks::default(), None);
    let data = tempfile::tempdir().unwrap();
    let on = |day, wait_policy, refused: Option<&RunId>| {
        let outcome =
            look("ftp", server.port, data.path(), day, "ready = 'now'", (wait_policy, refused));
        (outcome, server.seen("RETR"))
    };
    let (outcome, mut downloads) = on(24, WaitPolicy::CallerRetries, None);
    assert_eq!(outcome.unwrap().verdict, Verdict::Published);
    // Yesterday's files: only the last look, which is not repeated, goes by their bytes.
    for (wait_policy, more) in [
        (WaitPolicy::CallerRetries, 0),
        (WaitPolicy::CallerRetries, 0),
        (WaitPolicy::LastAttempt, 4),
    ] {
        let (outcome, now) = on(25, wait_policy, None);
        let error = outcome.unwrap_err();
        assert!(matches!(error, RunError::Fetch(FetchError::NotRefreshed { .. })), "{error}");
        assert_eq!(now - std::mem::replace(&mut downloads, now), more, "{wait_policy:?}");
    }
    // A refused delivery is read once, and again only to make sure at the last look.
    let whole = files["temp_agent.txt"].clone();
    files.insert("temp_agent.txt".to_owned(), whole[..whole.len() / 2].to_vec());
    server.replace("temp_agent.txt", &files["temp_agent.txt"]);
    let refused = on(25, WaitPolicy::CallerRetries, None).0.unwrap();
    assert_eq!(refused.verdict, Verdict::Refused);
    downloads = server.seen("RETR");
    for (wait_policy, more) in [
        (WaitPolicy::CallerRetries, 0),
        (WaitPolicy::CallerRetries, 0),
        (WaitPolicy::LastAttempt, 4),
    ] {
        let (outcome, now) = on(25, wait_policy, Some(&refused.run));
        let error = outcome.unwrap_err();
        assert!(matches!(error, RunError::Fetch(FetchError::StillRefused { .. })), "{error}");
        assert!(error.message().en.contains(&refused.run.0), "{error}");
        assert_eq!(now - std::mem::replace(&mut downloads, now), more, "{wait_policy:?}");
    }
    // The same bytes with another time are read, and are not another refusal.
    server.replace("temp_agent.txt", &files["temp_agent.txt"]);
    let (outcome, now) = on(25, WaitPolicy::CallerRetries, Some(&refused.run));
    assert!(matches!(outcome, Err(RunError::Fetch(FetchError::StillRefused { .. }))));
    assert_eq!(now - downloads, 4);
    // A corrected delivery is taken.
    server.replace("temp_agent.txt", &[&whole[..], b"\n"].concat());
    let (outcome, _) = on(25, WaitPolicy::CallerRetries, Some(&refused.run));
    assert_eq!(outcome.unwrap().verdict, Verdict::Published);
}

#[test]
fn a_data_connection_must_end_with_close_notify() {
    if !certificate::available("a_data_connection_must_end_with_close_notify") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let made = certificate::make(dir.path());
    let config = server_config(dir.path());
    for (no_close_notify, allowed, expected) in
        [(false, false, Ok(())), (true, false, Err("close_notify")), (true, true, Ok(()))]
    {
        let quirks = Quirks { no_close_notify, ..Quirks::default() };
        let tls = Some(Arc::clone(&config));
        let server = FaultyServer::serving(delivery(1), Files::new(), &[Fault::None], quirks, tls);
        let data = tempfile::tempdir().unwrap();
        let more = format!(
            "ready = 'now'\ntls = {{ pin_sha256 = '{}', allow_missing_close_notify = {allowed} }}",
            made.fingerprint
        );
        let result = import("ftps-implicit", server.port, data.path(), 24, &more);
        match (result, expected) {
            (Ok(report), Ok(())) => assert!(are(&report, &server.files())),
            (Err(error), Err(said)) => {
                assert!(error.message().en.contains(said), "{error}");
                assert_eq!(published(data.path()), 0);
            }
            (result, expected) => panic!("{result:?}, expected {expected:?}"),
        }
    }
}

fn server_config(dir: &Path) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(dir.join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(dir.join("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

#[test]
fn a_cancelled_fetch_ends_soon() {
    let server =
        FaultyServer::serving(delivery(1), Files::new(), &[Fault::Stall], Quirks::default(), None);
    for more in ["ready = 'now'", "ready = { marker = 'never' }"] {
        let dir = tempfile::tempdir().unwrap();
        let source = super::account("ftp", server.port, "x", more);
        let source = super::with_retries(source, Duration::from_secs(60), 3);
        let cancel = Cancel::new();
        let asker = cancel.clone();
        let began = Instant::now();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(400));
            asker.ask();
        });
        let error = super::fetch_until(dir.path(), &source, &cancel).unwrap_err();
        assert!(matches!(error, FetchError::Cancelled), "{error}");
        // The server would be waited for a minute.
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    }
}
