//! The settings in force are complete, true, and never secret.

use std::path::Path;

use super::in_force::{Origin, SecretState, Setting, Surroundings, of_text};
use super::keys::TABLE;
use super::value_type::ValueType;
use super::{Job, parse};
use crate::model::PerFeed;

const PATH: &str = "jobs/x.toml";
const EXAMPLE: &str = include_str!("../../../jobs/example.toml.sample");

fn env(name: &str) -> Option<String> {
    (name == "SET").then(|| "c0nfidential".to_owned())
}

fn resolve(text: &str) -> Job {
    match parse(Path::new(PATH), text, &env) {
        Ok(job) => job,
        Err(error) => panic!("{error}\n{text}"),
    }
}

fn settings(text: &str) -> Vec<Setting> {
    let surroundings = Surroundings {
        file_names: PerFeed::new(["a.txt", "n.txt", "o.txt", "p.txt"]),
        rules: vec![("level-gap", "error"), ("surrounding-whitespace", "warning")],
    };
    of_text(Path::new(PATH), text, &resolve(text), &surroundings).unwrap()
}

/// The settings as a job file.
fn as_job_file(settings: &[Setting]) -> String {
    let mut text = String::new();
    let mut last = ("", None);
    for setting in settings {
        let Some(value) = &setting.value else { continue };
        if last != (setting.table, setting.index) {
            let header = match setting.index {
                Some(_) => format!("[[{}]]\n", setting.table),
                None => format!("[{}]\n", setting.table),
            };
            text.push_str(&header);
            last = (setting.table, setting.index);
        }
        text.push_str(&format!("{} = {value}\n", setting.key));
    }
    text
}

/// A job without what tells on which line something is, and without the rules, which are listed even if not written.
fn essence(mut job: Job) -> String {
    job.format.lines = Default::default();
    job.codes.values_mut().for_each(|words| words.line = 0);
    job.format.export.tops.values_mut().for_each(|words| words.line = 0);
    job.rules.clear();
    job.warnings.clear();
    job.wecom.apps.iter_mut().for_each(|app| app.line = 0);
    job.wecom.accounts.iter_mut().for_each(|account| account.line = 0);
    let text = format!("{job:?}");
    // The place of a secret has line and column.
    let parts = text.split("line: Some(").map(|part| part.split_once("), ").map_or(part, |p| p.1));
    parts.map(|part| part.split_once("column: Some(").map_or(part, |p| p.0)).collect()
}

const JOBS: [&str; 5] = [
    "tenant = 't'",
    "tenant = 't'\n[source]\nkind = 'dir'\npath = '/srv'\n[schedule]\ncron = '0 0 2 * * *'",
    "tenant = 't'\n[source]\nkind = 'ftps'\nhost = 'h'\nusername = 'u'\npassword = { env = 'SET' }",
    "tenant = 't'\n[source]\nkind = 'sftp'\nhost = 'h'\nusername = 'u'\nkey = { file = 'k' }\n\
     ready = { marker = 'done' }",
    "tenant = 't'\ncorp_id = 'ww1'\n[[wecom_app]]\nagent_id = 'kehu'\nsecret = { file = 's' }\n\
     [[alert]]\nkind = 'webhook'\nurl = { env = 'UNSET' }\n[[alert]]\nkind = 'webhook'\nurl = { env = 'SET' }\n\
     [[domain_verification]]\nfile = 'WW_verify_Ab.txt'\n[[mini_program]]\nappid = 'wx0123456789abcdef'\n\
     secret = { env = 'SET' }",
];

#[test]
fn every_key_of_a_job_file_is_among_the_settings() {
    for text in JOBS.into_iter().chain([EXAMPLE]) {
        let settings = settings(text);
        for key in TABLE.keys() {
            let full = match key.section {
                "" => key.name.to_owned(),
                section => format!("{section}.{}", key.name),
            };
            let listed = |setting: &Setting| match setting.table {
                "" => setting.key == full,
                table => format!("{table}.{}", setting.key) == full,
            };
            // A table is listed key by key.
            let holds_keys = match key.value {
                ValueType::Table | ValueType::Tables => true,
                ValueType::AnyOf(types) => types.iter().any(|t| matches!(t, ValueType::Table)),
                _ => false,
            };
            assert!(holds_keys || settings.iter().any(listed), "{full} is not listed of\n{text}");
        }
        assert!(settings.iter().any(|s| s.table == "rules" && s.key == "level-gap"));
    }
}

#[test]
fn the_settings_written_as_a_job_file_are_the_same_job() {
    // An address that may hold a secret is not listed.
    let example = EXAMPLE.replace("\"https://ops.example.com/orgsnap\"", "{ env = \"SET\" }");
    for text in JOBS.into_iter().chain([example.as_str()]) {
        let again = as_job_file(&settings(text));
        let mut again = resolve(&again);
        // The names of the files are written out.
        if let (Some(source), Some(before)) = (&mut again.source, &resolve(text).source) {
            source.fetching_mut().files = before.fetching().files.clone();
        }
        assert_eq!(essence(again), essence(resolve(text)), "{text}");
    }
}

#[test]
fn each_setting_has_its_origin() {
    let of = |text: &str, table: &str, index: Option<usize>, key: &str| -> Setting {
        let mut all = settings(text).into_iter();
        all.find(|s| (s.table, s.index, s.key.as_str()) == (table, index, key)).unwrap()
    };
    let server = of(JOBS[2], "source", None, "host");
    assert_eq!((server.value.as_deref(), server.origin), (Some("\"h\""), Origin::Line(4)));
    let timeout = of(JOBS[2], "source", None, "timeout");
    assert_eq!((timeout.value.as_deref(), timeout.origin), (Some("\"60s\""), Origin::Default));
    let port = of(JOBS[2], "source", None, "port");
    assert_eq!(port.value.as_deref(), Some("21"));
    assert!(matches!(port.origin, Origin::Derived(_)));
    let names: Vec<_> = [0, 1].map(|at| of(JOBS[4], "alert", Some(at), "name").value).into();
    assert_eq!(names, [Some("\"webhook\"".to_owned()), Some("\"webhook-2\"".to_owned())]);
    let content = of(JOBS[4], "domain_verification", Some(0), "content");
    assert_eq!(content.value.as_deref(), Some("\"Ab\""));
    let timeout = of(JOBS[1], "source", None, "timeout");
    assert!(timeout.value.is_none() && matches!(timeout.origin, Origin::Unset(_)), "{timeout:?}");
    assert_eq!(of(JOBS[2], "source", None, "password.env").secret, Some(SecretState::VariableSet));
    assert_eq!(of(JOBS[4], "wecom_app", Some(0), "secret.file").secret, Some(SecretState::File));
    let unset = of(JOBS[4], "alert", Some(0), "url.env");
    assert_eq!(unset.secret, Some(SecretState::VariableNotSet));
    assert_eq!(unset.value.as_deref(), Some("\"UNSET\""));
}

#[test]
fn no_secret_is_among_the_settings() {
    let literal = "tenant = 't'\ncorp_id = 'ww1'\n[source]\nkind = 'ftps'\nhost = 'h'\nusername = 'u'\n\
                   password = 'c0nfidential'\n[[alert]]\nkind = 'wecom-robot'\nurl = 'https://h/c0nfidential'\n\
                   [[wecom_app]]\nagent_id = 'kehu'\nsecret = 'c0nfidential'\ntoken = 'c0nfidential'\n\
                   aes_key = { env = 'SET' }";
    for text in JOBS.into_iter().chain([literal]) {
        assert!(!format!("{:?}", settings(text)).contains("c0nfidential"), "{text}");
    }
    let hidden: Vec<_> = settings(literal)
        .into_iter()
        .filter(|setting| setting.secret == Some(SecretState::Literal))
        .map(|setting| (setting.key, setting.value))
        .collect();
    let names = ["password", "url", "secret", "token"].map(|name| (name.to_owned(), None));
    assert_eq!(hidden, names);
}
