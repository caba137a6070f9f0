//! Job files: which are valid, what they resolve to, and every error message.

use std::path::Path;
use std::time::Duration;

use chrono::{NaiveDate, TimeZone, Utc};
use orgsnap::config::job::{
    self, CertificateTrust, ConfigError, Encoding, Job, NameEncoding, Ready, ReportFormat,
    ReportSettings, Source, Tls,
};
use orgsnap::model::{Feed, Language, Level};

/// Every key of the design at once.
const FULL: &str = r#"
tenant = "00010001"
name = "示例人寿"
timezone = "Asia/Shanghai"
schema = "../schemas/x"

[source]
kind = "ftps"
host = "ftp.example.com"
port = 2121
path = "/export/{date:%Y%m%d}"
username = "jiniu"
password = { env = "DEMO_FTP_PASSWORD" }
tls = { ca = "ca.pem" }
ready = { stable = "30s" }
timeout = "500ms"
attempts = 3
retry_wait = "2s"
deadline = "10m"
bandwidth = "10MiB"

[format]
encoding = "gbk"
delimiter = "|+|"
header = true

[schedule]
cron = "0 30 2 * * *"
wait_until = "08:00"
retry_every = "10m"

[gate]
max_quarantined = "0.5%"
max_detached = "2%"
max_vanished = "5%"
max_vanished_in_organ = "100%"

[limits]
max_file_size = "1GiB"

[rules]
name-mismatch = "info"
"#;

fn parse(text: &str) -> Result<Job, ConfigError> {
    let env = |name: &str| (name == "DEMO_FTP_PASSWORD").then(|| "s3cret".to_owned());
    job::parse(Path::new("jobs/x.toml"), text, &env)
}

#[test]
fn a_job_file_with_every_key_resolves() {
    let job = parse(FULL).unwrap();
    assert_eq!(job.tenant, "00010001");
    assert_eq!(job.schema.as_deref(), Some(Path::new("jobs/../schemas/x")));
    assert_eq!(job.max_file_size, 1 << 30);
    assert_eq!(job.format.encoding, Some(Encoding::Gb18030));
    assert_eq!(job.format.delimiter.as_deref(), Some("|+|"));
    assert_eq!(job.format.header, Some(true));
    assert_eq!(job.gate.max_quarantined, 0.005);
    assert_eq!(job.gate.max_vanished_in_organ, 1.0);
    let rule = &job.rules["name-mismatch"];
    assert_eq!((rule.level, rule.line), (Level::Info, 42));
    let schedule = job.schedule.as_ref().unwrap();
    assert_eq!(schedule.cron.text(), "0 30 2 * * *");
    assert_eq!(schedule.retry_every, Duration::from_secs(600));
    let Some(Source::Ftp(ftp)) = &job.source else { panic!("an FTP source") };
    assert_eq!((ftp.host.as_str(), ftp.port), ("ftp.example.com", 2121));
    assert_eq!(ftp.path.on(NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()), "/export/20261124");
    assert_eq!(ftp.tls, Tls::Explicit(CertificateTrust::Ca("jobs/ca.pem".into())));
    let stable = Ready::Stable { wait: Duration::from_secs(30), polls: 2, min_size: 1 };
    let fetching = &ftp.fetching;
    assert_eq!(fetching.ready, stable);
    assert_eq!((fetching.bandwidth, fetching.connections), (Some(10 << 20), 2));
    assert_eq!((fetching.timeout, fetching.attempts), (Duration::from_millis(500), 3));
    assert_eq!(ftp.password.reveal().unwrap().expose(), "s3cret");
    assert!(!format!("{job:?}").contains("s3cret"), "Debug shows the password");
}

#[test]
fn a_minimal_job_file_gets_the_defaults() {
    let job = parse("tenant = \"t\"\n[source]\nkind = \"dir\"\npath = \"in\"\n").unwrap();
    assert_eq!(job.timezone, chrono_tz::Asia::Shanghai);
    assert_eq!(job.max_file_size, 4 << 30);
    assert_eq!((job.gate.max_quarantined, job.gate.max_vanished_in_organ), (0.01, 0.30));
    assert_eq!((job.format.encoding, job.warnings.len()), (None, 0));
    let Some(Source::Dir { base, path, fetching }) = &job.source else {
        panic!("a directory source")
    };
    assert_eq!(base.join(path.on(NaiveDate::default())), Path::new("jobs/in"));
    assert_eq!((&fetching.ready, fetching.freshness), (&Ready::Now, None));
    assert!(parse("tenant = \"t\"\n").unwrap().source.is_none());
}

#[test]
fn the_business_date_is_the_date_in_the_jobs_time_zone() {
    let job = parse("tenant = \"t\"").unwrap();
    let late = Utc.with_ymd_and_hms(2026, 11, 23, 18, 30, 0).unwrap();
    assert_eq!(job.business_date(late), NaiveDate::from_ymd_opt(2026, 11, 24).unwrap());
}

/// Replaces the line of [`FULL`] that begins with `from` by `to`, and compares the error message.
#[track_caller]
fn assert_error(from: &str, to: &str, line: usize, message_text: &str) {
    let start = FULL.find(&format!("\n{from}")).expect("a line of the full file") + 1;
    let end = start + FULL[start..].find('\n').unwrap();
    let text = format!("{}{to}{}", &FULL[..start], &FULL[end..]);
    let error = parse(&text).expect_err(to);
    assert_eq!(error.to_string(), format!("jobs/x.toml:{line}: {message_text}"), "for {to}");
    let message = error.message();
    assert!(message.zh.starts_with(&format!("jobs/x.toml:{line}: ")), "{}", message.zh);
    if let Some(key) = &error.key {
        assert!(message.zh.contains(key.as_str()), "{}", message.zh);
    }
}

#[test]
fn every_job_file_error_names_file_line_key_and_expected_value() {
    let duration = "expected a duration such as \"30s\"";
    for (from, to, line, message_text) in [
        // Keys that do not exist.
        ("password", "pasword = 'x'", 13, "unknown key \"pasword\" in [source]; did you mean \"password\"?".to_owned()),
        ("tenant", "tennant = 'x'", 2, "unknown key \"tennant\" at the top level; did you mean \"tenant\"?".to_owned()),
        ("tls", "tls = { pin = 'ab' }", 14, "unknown key \"pin\" in [source.tls]; did you mean \"pin_sha256\"?".to_owned()),
        ("ready", "ready = { stabel = '1s' }", 15, "unknown key \"stabel\" in [source.ready]; did you mean \"stable\"?".to_owned()),
        ("password", "password = { envv = 'x' }", 13, "unknown key \"envv\" in [source.password]; did you mean \"env\"?".to_owned()),
        ("max_vanished ", "max_vanish = '5%'", 35, "unknown key \"max_vanish\" in [gate]; did you mean \"max_vanished\"?".to_owned()),
        ("max_file_size", "zzz = '5%'", 39, "unknown key \"zzz\" in [limits]; known keys: max_file_size".to_owned()),
        ("[format]", "[formt]", 22, "unknown key \"formt\" at the top level; did you mean \"format\"?".to_owned()),
        // Keys that are missing.
        ("tenant", "", 1, "missing key \"tenant\" at the top level; expected 1 to 64 letters, digits, `_` or `-` in quotes, such as \"00010001\"".to_owned()),
        ("kind", "", 7, "missing key \"kind\" in [source]; expected \"dir\", \"ftp\", \"ftps\", \"ftps-implicit\" or \"sftp\"".to_owned()),
        ("host", "", 7, "missing key \"host\" in [source]; expected the server's name or address".to_owned()),
        ("cron", "", 27, "missing key \"cron\" in [schedule]; expected a cron expression of six fields (seconds first), such as \"0 30 2 * * *\"".to_owned()),
        // Wrong types.
        ("timeout", "timeout = 60", 16, format!("bad value 60 for source.timeout; {duration}").replace("30s", "60s")),
        ("port", "port = '21'", 10, "bad value '21' for source.port; expected a whole number from 1 to 65535".to_owned()),
        ("port", "port = 65536", 10, "bad value 65536 for source.port; expected a whole number from 1 to 65535".to_owned()),
        ("[limits]", "limits = 5", 38, "unknown key \"limits\" in [gate]; known keys: max_quarantined, max_detached, max_vanished, max_vanished_in_organ".to_owned()),
        ("max_vanished ", "max_vanished = 0.05", 35, "bad value 0.05 for gate.max_vanished; expected a share above 0% and up to 100%, such as \"5%\"".to_owned()),
        ("header", "header = 1", 25, "bad value 1 for format.header; expected true, false or \"auto\"".to_owned()),
        ("password", "password = 12345", 13, "bad value for source.password; expected { env = \"VARIABLE\" } or { file = \"PATH\" }".to_owned()),
        ("tls", "tls = 'yes'", 14, "bad value 'yes' for source.tls; expected { pin_sha256 = \"...\" } or { ca = \"ca.pem\" }".to_owned()),
        ("name-mismatch", "name-mismatch = 3", 42, "bad value 3 for rules.name-mismatch; expected \"off\", \"info\", \"warning\", \"error\" or \"fatal\"".to_owned()),
        // Values of the wrong form.
        ("tenant", "tenant = '../x'", 2, "bad value '../x' for tenant; expected 1 to 64 letters, digits, `_` or `-` in quotes, such as \"00010001\"".to_owned()),
        ("timezone", "timezone = 'Asia/Peking'", 4, "bad value 'Asia/Peking' for timezone; expected a time zone such as \"Asia/Shanghai\"".to_owned()),
        ("kind", "kind = 'http'", 8, "bad value 'http' for source.kind; expected \"dir\", \"ftp\", \"ftps\", \"ftps-implicit\" or \"sftp\"".to_owned()),
        ("kind", "kind = 'sftp'", 14, "source.tls: means nothing with kind = \"sftp\"; take it out".to_owned()),
        ("kind", "kind = 'ftp'", 14, "source.tls: kind = \"ftp\" is not encrypted; for TLS write kind = \"ftps\"".to_owned()),
        ("kind", "kind = 'dir'", 9, "source.host: means nothing with kind = \"dir\"; take it out".to_owned()),
        ("path", "path = '/x/{date:%H}'", 11, "bad value '/x/{date:%H}' for source.path; expected a directory, which may hold {date:%Y%m%d}".to_owned()),
        ("attempts", "attempts = 0", 17, "bad value 0 for source.attempts; expected a whole number from 1 to 100".to_owned()),
        ("tls", "tls = { pin_sha256 = 'abc' }", 14, "bad value 'abc' for source.tls.pin_sha256; expected the SHA-256 of the certificate (DER), 64 hex digits, colons allowed".to_owned()),
        ("tls", "tls = {}", 14, "bad value {} for source.tls; expected { pin_sha256 = \"...\" } or { ca = \"ca.pem\" }".to_owned()),
        ("ready", "ready = 'soon'", 15, "bad value 'soon' for source.ready; expected \"now\", { stable = \"30s\" } or { marker = \"done.ok\" }".to_owned()),
        ("ready", "ready = { stable = '30s', polls = 1 }", 15, "bad value 1 for source.ready.polls; expected a whole number from 2 to 100".to_owned()),
        ("ready", "ready = { marker = 'a/b' }", 15, "bad value 'a/b' for source.ready.marker; expected a file name, which may hold {date:%Y%m%d}".to_owned()),
        ("ready", "ready = { marker = 'ok', stable = '1s' }", 15, "bad value { marker = 'ok', stable = '1s' } for source.ready; expected \"now\", { stable = \"30s\" } or { marker = \"done.ok\" }".to_owned()),
        ("bandwidth", "connections = 5", 20, "bad value 5 for source.connections; expected a whole number from 1 to 4".to_owned()),
        ("bandwidth", "freshness = '1w'", 20, "bad value '1w' for source.freshness; expected a duration such as \"26h\"".to_owned()),
        ("bandwidth", "files = { agents = 'a' }", 20, "unknown key \"agents\" in [source.files]; did you mean \"agent\"?".to_owned()),
        ("bandwidth", "files = { agent = '../a' }", 20, "bad value '../a' for source.files.agent; expected a file name, which may hold {date:%Y%m%d}".to_owned()),
        ("bandwidth", "files = { agent = 'a', node = 'a' }", 20, "source.files.node: is the name of another file too; each needs its own".to_owned()),
        ("encoding", "encoding = 'big5'", 23, "bad value 'big5' for format.encoding; expected \"auto\", \"utf-8\", \"gb18030\", \"gbk\", \"gb2312\", \"utf-16le\" or \"utf-16be\"".to_owned()),
        ("delimiter", "delimiter = ''", 24, "bad value '' for format.delimiter; expected \"auto\", or one or more characters without a line end, such as \"|\"".to_owned()),
        ("cron", "cron = '30 2 * * *'", 28, "bad value '30 2 * * *' for schedule.cron; expected a cron expression of six fields (seconds first), such as \"0 30 2 * * *\"".to_owned()),
        ("cron", "cron = '0 30 2 13 * FRI'", 28, "schedule.cron: limits both the day of the month and the day of the week, which programs read in different ways; make one of them *".to_owned()),
        ("cron", "cron = '0 30 2 30 2 *'", 28, "schedule.cron: asks for a date that no year has; check day and month".to_owned()),
        ("retry_every", "retry_every = '0m'", 30, "bad value '0m' for schedule.retry_every; expected a duration such as \"5m\"".to_owned()),
        ("wait_until", "wait_until = '8 am'", 29, "bad value '8 am' for schedule.wait_until; expected a time of day such as \"08:00\"".to_owned()),
        ("max_vanished ", "max_vanished = 'unlimited'", 35, "bad value 'unlimited' for gate.max_vanished; expected a share above 0% and up to 100%, such as \"5%\"".to_owned()),
        ("max_detached", "max_detached = '0%'", 34, "bad value '0%' for gate.max_detached; expected a share above 0% and up to 100%, such as \"5%\"".to_owned()),
        ("max_file_size", "max_file_size = '4G'", 39, "bad value '4G' for limits.max_file_size; expected a size such as \"4GiB\"".to_owned()),
        ("name-mismatch", "name-mismatch = 'loud'", 42, "bad value 'loud' for rules.name-mismatch; expected \"off\", \"info\", \"warning\", \"error\" or \"fatal\"".to_owned()),
    ] {
        assert_error(from, to, line, &message_text);
    }
}

#[test]
fn invalid_toml_is_reported_with_its_line() {
    for (text, line) in [
        ("tenant = \"t\"\nname = \"open\nx = 1\n", 2),
        ("tenant = 't'\ntenant = 'u'\n", 2),
        ("a b", 1),
    ] {
        let error = parse(text).unwrap_err();
        let message_text = error.to_string();
        assert!(
            message_text.starts_with(&format!("jobs/x.toml:{line}: not valid TOML: ")),
            "{message_text}"
        );
    }
}

#[test]
fn a_missing_job_file_is_reported() {
    let error = job::load(Path::new("jobs/nowhere.toml"), &|_| None).unwrap_err();
    assert!(error.to_string().starts_with("jobs/nowhere.toml: the job file cannot be read"));
}

#[test]
fn secrets_are_read_only_when_needed() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("password");
    for (written, content, expected) in [
        ("{ env = 'SET' }", None, Ok("from env")),
        (
            "{ env = 'UNSET' }",
            None,
            Err("source.password comes from the environment variable UNSET, which is not set"),
        ),
        ("{ env = 'EMPTY' }", None, Err("which is not set or empty")),
        ("{ file = 'password' }", Some("from file\r\n"), Ok("from file")),
        ("{ file = 'password' }", Some("\n"), Err("it is empty")),
        ("{ file = 'password' }", None, Err("which cannot be used")),
        (
            "{ file = 'password' }",
            Some("\u{feff}from file"),
            Err("it begins with a BOM; save it as UTF-8 without BOM"),
        ),
        ("'literal'", None, Ok("literal")),
    ] {
        match content {
            Some(content) => std::fs::write(&secret, content).unwrap(),
            None => _ = std::fs::remove_file(&secret),
        }
        let text = format!(
            "tenant = 't'\n[source]\nkind = 'ftps'\nhost = 'h'\nusername = 'u'\npassword = {written}\n"
        );
        let env = |name: &str| match name {
            "SET" => Some("from env".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let path = dir.path().join("x.toml");
        let job = job::parse(&path, &text, &env).expect("loads without the secret");
        let Some(Source::Ftp(ftp)) = &job.source else { panic!("an FTP source") };
        match (ftp.password.reveal(), expected) {
            (Ok(secret), Ok(expected)) => assert_eq!(secret.expose(), expected),
            (Err(error), Err(expected)) => {
                let message_text = error.to_string();
                assert!(message_text.contains("x.toml:6: "), "{message_text}");
                assert!(message_text.contains(expected), "{message_text}");
            }
            (found, expected) => panic!("{written}: {found:?}, expected {expected:?}"),
        }
        let warned =
            job.warnings.iter().any(|w| w.en.contains("the password stands in the job file"));
        assert_eq!(warned, written == "'literal'", "{written}");
        assert!(
            !format!("{:?}", job.warnings).contains("literal'"),
            "a warning shows the password"
        );
    }
}

#[test]
fn plain_ftp_gives_a_warning() {
    let job = parse("tenant = 't'\n[source]\nkind = 'ftp'\nhost = 'h'\nusername = 'u'\npassword = { env = 'X' }\n").unwrap();
    assert_eq!(job.warnings.len(), 1);
    assert!(job.warnings[0].en.starts_with("jobs/x.toml:3: kind = \"ftp\" is not encrypted"));
}

#[test]
fn each_kind_of_server_has_its_defaults() {
    let account = "host = 'h'\nusername = 'u'\npassword = { env = 'X' }\n";
    for (kind, more, port) in [
        ("ftp", "", 21),
        ("ftps", "tls = { allow_missing_close_notify = true }", 21),
        ("ftps-implicit", "encoding = 'gbk'", 990),
        (
            "sftp",
            "key = { file = 'id' }\nhost_key = 'SHA256:JjeLbJ6vKnYHBZ5jAmUWsnbZJz9cMpRbvYtPnGFZMBQ'",
            22,
        ),
    ] {
        let text = format!("tenant = 't'\n[source]\nkind = '{kind}'\n{account}{more}\n");
        let source = parse(&text).unwrap().source.unwrap();
        let stable = Ready::Stable { wait: Duration::from_secs(30), polls: 2, min_size: 1 };
        assert_eq!(source.fetching().ready, stable, "{kind}");
        assert!(source.is_remote(), "{kind}");
        match &source {
            Source::Ftp(ftp) => {
                assert_eq!(ftp.port, port, "{kind}");
                assert_eq!(ftp.allow_missing_close_notify, kind == "ftps");
                assert_eq!(ftp.encoding == NameEncoding::Gb18030, kind == "ftps-implicit");
                assert_eq!(matches!(ftp.tls, Tls::Implicit(_)), kind == "ftps-implicit");
            }
            Source::Sftp(sftp) => {
                assert_eq!(sftp.port, port);
                assert_eq!(sftp.key.as_deref(), Some(Path::new("jobs/id")));
                assert!(sftp.host_key.is_some() && sftp.password.is_some());
            }
            Source::Dir { .. } => panic!("{kind} is no directory"),
        }
    }
    for (more, message_text) in [
        ("", "missing key \"password\" in [source]"),
        ("password = 'x'\nhost_key = 'MD5:00'", "bad value 'MD5:00' for source.host_key"),
        ("key = {}", "missing key \"file\" in [source.key]"),
        ("password = 'x'\ntls = {}", "source.tls: means nothing with kind = \"sftp\""),
    ] {
        let text =
            format!("tenant = 't'\n[source]\nkind = 'sftp'\nhost = 'h'\nusername = 'u'\n{more}\n");
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.contains(message_text), "{error}");
    }
}

#[test]
fn file_names_can_be_set_and_contain_the_date() {
    let text = "tenant = 't'\n[source]\nkind = 'dir'\npath = 'in'\n\
                files = { agent = '代理人_{date:%Y%m%d}.txt' }\n";
    let source = parse(text).unwrap().source.unwrap();
    let date = NaiveDate::from_ymd_opt(2026, 11, 4).unwrap();
    let files = &source.fetching().files;
    assert_eq!(files.on(Feed::Agent, date).as_deref(), Some("代理人_20261104.txt"));
    assert_eq!(files.on(Feed::Node, date), None);
}

#[test]
fn the_report_settings_are_resolved_with_their_defaults() {
    let job = parse("tenant = 't'").unwrap();
    assert_eq!(job.report, ReportSettings::default());
    assert!(job.report.mask_names && job.report.keep.is_none() && job.report.reply.is_none());
    let source = "tenant = 't'\n[source]\nkind = 'dir'\npath = '/in'\n";
    let written = "[report]\ndir = 'out'\nformats = ['xlsx', 'xlsx']\nmask_names = false\nlanguage = 'en'\n\
                   keep = '90d'\n[report.reply]\npath = '/back/{date:%Y%m%d}'\n";
    let report = parse(&format!("{source}{written}")).unwrap().report;
    assert_eq!(report.dir.as_deref(), Some(Path::new("jobs/out")));
    assert_eq!(report.formats, [ReportFormat::Xlsx]);
    assert_eq!((report.mask_names, report.language), (false, Language::English));
    assert_eq!(report.keep, Some(Duration::from_secs(90 * 24 * 3_600)));
    let reply = report.reply.unwrap();
    let date = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
    assert_eq!(
        (reply.path.on(date).as_str(), &reply.formats[..]),
        ("/back/20261124", &[ReportFormat::Xlsx][..])
    );

    for (text, said) in [
        ("tenant = 't'\n[report.reply]\npath = '/x'", "there is no [source]"),
        ("[report]\nformats = ['json']", "report.json is always written"),
        ("[report.reply]\nformats = ['xlsx']", "missing key \"path\" in [report.reply]"),
        ("[report.reply]\npath = '/x'\nformats = []", "at least one"),
        ("[report.reply]\npath = \"a\\nb\"", "a directory on the server"),
        ("[report]\nkeep = '90'", "a duration such as \"90d\""),
    ] {
        let text =
            if text.contains("tenant") { text.to_owned() } else { format!("{source}{text}") };
        let error = parse(&text).expect_err(&text).to_string();
        assert!(error.contains(said), "{error}");
    }
}
