//! The table of keys agrees with what is read: names, types, bounds, words and defaults.

use std::collections::BTreeSet;
use std::path::Path;

use super::key::Key;
use super::keys::TABLE;
use super::root;
use super::value_type::ValueType;
use super::{ConfigError, Job, parse};
use crate::model::{Feed, Message};

/// A section that can be written several times.
fn is_array(section: &str) -> bool {
    let repeated =
        ["alert", "wecom_app", "official_account", "mini_program", "domain_verification"];
    repeated.contains(&section)
}

pub(super) fn every_key() -> impl Iterator<Item = &'static Key> {
    TABLE.keys().chain(TABLE.0.iter().filter_map(|section| section.any_key))
}

/// A kind with which the key has a meaning, such that the keys of inner tables have one too.
pub(super) fn kind_of(key: &Key) -> &'static str {
    let (table, inner) = key.section.split_once('.').unwrap_or((key.section, key.name));
    let usual = match table {
        "source" => "ftps",
        "alert" => "webhook",
        _ => return "",
    };
    let outer = TABLE.keys().find(|outer| outer.section == table && outer.name == inner);
    ["ftps", "sftp", "webhook", "command", "wecom-robot"]
        .into_iter()
        .filter(|kind| {
            TABLE.has_word(table, "kind", kind) && outer.is_some_and(|outer| outer.applies_to(kind))
        })
        .min_by_key(|kind| *kind != usual)
        .unwrap_or(usual)
}

/// The keys that a section of a kind must have besides the one tested.
fn required(section: &str, kind: &str) -> Vec<(&'static str, String)> {
    let text = |key, value: &str| (key, format!("\"{value}\""));
    let mut keys = match section {
        "source.ready" => vec![text("ready.stable", "30s")],
        "schedule" => vec![text("cron", "0 30 2 * * *")],
        "report.reply" => vec![text("reply.path", "/reports")],
        "wecom.login" => vec![("login.agent_id", "7".to_owned())],
        "wecom_app" => vec![
            text("agent_id", "kehu"),
            ("secret", "{ env = \"S\" }".to_owned()),
            ("token", "{ env = \"T\" }".to_owned()),
            ("aes_key", "{ env = \"K\" }".to_owned()),
        ],
        "official_account" | "mini_program" => {
            vec![text("appid", "wx0123456789abcdef"), ("secret", "{ env = \"S\" }".to_owned())]
        }
        _ if section.starts_with("lake") => vec![text("path", "s3://orgsnap/lake")],
        _ if section.starts_with("wecom.archive") => vec![
            ("archive.secret", "{ env = \"S\" }".to_owned()),
            text("archive.library", "sdk.so"),
            text("archive.proxy", "http://10.0.0.1:8081"),
        ],
        _ => Vec::new(),
    };
    if !kind.is_empty() {
        keys.push(text("kind", kind));
    }
    match kind {
        "dir" => keys.push(text("path", "/srv/deliveries")),
        "ftp" | "ftps" | "ftps-implicit" | "sftp" => keys.extend([
            text("host", "ftp.example.com"),
            text("username", "jiniu"),
            ("password", "{ env = \"P\" }".to_owned()),
        ]),
        "webhook" | "wecom-robot" => keys.push(("url", "{ env = \"U\" }".to_owned())),
        "command" => keys.push(("command", "[\"notify\"]".to_owned())),
        _ => {}
    }
    keys
}

/// A job file with this key, and no more than must be there with it.
pub(super) fn job_file(key: &Key, value: Option<&str>) -> String {
    let kind = match (key.name, value) {
        ("kind", Some(value)) => value.trim_matches('"'),
        _ => kind_of(key),
    };
    job_file_of_kind(key, value, kind)
}

/// The same, where the table that the key is in has this kind.
pub(super) fn job_file_of_kind(key: &Key, value: Option<&str>, kind: &str) -> String {
    let (table, inner) = key.section.split_once('.').unwrap_or((key.section, ""));
    let name = match (inner, key.name) {
        ("", "*") if table == "codes" => "gender".to_owned(),
        ("tops", "*") => "tops.organ".to_owned(),
        ("", "*") => "level-gap".to_owned(),
        ("", name) => name.to_owned(),
        (inner, name) => format!("{inner}.{name}"),
    };
    let mut lines = Vec::new();
    if name != "tenant" {
        lines.push("tenant = \"t\"".to_owned());
    }
    match table {
        "" => {}
        "wecom_app" => lines.push("corp_id = \"ww1\"".to_owned()),
        "wecom" if inner == "login" || key.name == "login" => lines.extend([
            "corp_id = \"ww1\"".to_owned(),
            "public_url = \"https://w.example\"".to_owned(),
            format!(
                "wecom_app = [{}]",
                [1, 7, i64::MAX]
                    .map(|id| format!("{{ agent_id = {id}, secret = {{ env = \"S\" }} }}"))
                    .join(", ")
            ),
        ]),
        "wecom" if inner == "archive" || key.name == "archive" => {
            lines.push("corp_id = \"ww1\"".to_owned())
        }
        "schedule" | "report" => {
            lines.push("source = { kind = \"dir\", path = \"/srv\" }".to_owned())
        }
        _ => {}
    }
    match table {
        "" => {}
        _ if is_array(table) => lines.push(format!("[[{table}]]")),
        _ => lines.push(format!("[{table}]")),
    }
    let others = required(key.section, kind)
        .into_iter()
        .filter(|(other, _)| *other != name && *other != inner);
    lines.extend(others.map(|(other, value)| format!("{other} = {value}")));
    lines.extend(value.map(|value| format!("{name} = {value}")));
    lines.join("\n")
}

fn resolve(key: &Key, value: Option<&str>) -> Result<Job, ConfigError> {
    parse(Path::new("jobs/x.toml"), &job_file(key, value), &|_| None)
}

/// Values that a type must take, and values that it must refuse.
pub(super) fn examples(value: ValueType) -> (Vec<String>, Vec<String>) {
    let texts = |texts: &[&str]| texts.iter().map(|text| format!("\"{text}\"")).collect();
    match value {
        // Their form is the resolver's business.
        ValueType::String | ValueType::Table | ValueType::Tables => (vec![], vec![]),
        ValueType::Boolean => (vec!["true".to_owned(), "false".to_owned()], texts(&["yes"])),
        ValueType::Integer { min, max } => (
            vec![min.to_string(), max.to_string()],
            [min.checked_sub(1), max.checked_add(1)]
                .into_iter()
                .flatten()
                .map(|number| number.to_string())
                .collect(),
        ),
        ValueType::Duration => (texts(&["500ms", "30s", "2m"]), texts(&["", "30", "2KiB", "0s"])),
        ValueType::Size => (texts(&["1B", "2KiB", "3MB"]), texts(&["", "30s", "2", "0B"])),
        ValueType::Share => (texts(&["0.5%", "100%"]), texts(&["", "0%", "101%", "5"])),
        ValueType::TimeOfDay => (texts(&["00:00", "23:59"]), texts(&["", "24:00", "30s"])),
        ValueType::Enumeration(words) => (texts(words), texts(&["", "no-such-word"])),
        ValueType::WordInAnyCase(words) => {
            let capitals: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
            let capitals: Vec<&str> = capitals.iter().map(String::as_str).collect();
            ([texts(words), texts(&capitals)].concat(), texts(&["", "no-such-word"]))
        }
        ValueType::List(item) => {
            let (taken, refused) = examples(*item);
            let list = |items: Vec<String>| items.into_iter().map(|one| format!("[{one}]"));
            (list(taken).collect(), list(refused).collect())
        }
        ValueType::AnyOf(types) => {
            let (mut taken, mut refused) = (Vec::new(), Vec::new());
            for one in types {
                let (more_taken, more_refused) = examples(*one);
                taken.extend(more_taken);
                refused.extend(more_refused);
            }
            (taken, refused)
        }
    }
}

#[test]
fn a_key_takes_the_values_of_its_type_and_refuses_others() {
    let mut tested = 0;
    for key in every_key() {
        let (taken, mut refused) = examples(key.value);
        // No key is a date.
        refused.push("2026-11-27".to_owned());
        for value in taken {
            if let Err(error) = resolve(key, Some(&value)) {
                panic!("{error}\n{}", job_file(key, Some(&value)));
            }
            tested += 1;
        }
        for value in refused {
            let Err(error) = resolve(key, Some(&value)) else {
                panic!("taken:\n{}", job_file(key, Some(&value)));
            };
            // The complaint is about this key; an item of a table is reported as the table's.
            assert!(
                error.key.as_deref().is_some_and(|name| name == key.name || key.name == "*"),
                "{error}\n{}",
                job_file(key, Some(&value))
            );
        }
    }
    assert!(tested > 80, "{tested}");
}

#[test]
fn the_defaults_of_the_key_table_are_those_of_the_resolvers() {
    let mut tested = 0;
    for key in every_key() {
        let Some(default) = key.default else { continue };
        let resolved = |value| {
            let mut job = match resolve(key, value) {
                Ok(job) => job,
                Err(error) => panic!("{error}\n{}", job_file(key, value)),
            };
            // Lines of the job file are no settings.
            job.format.lines = Default::default();
            format!("{job:?}")
        };
        assert_eq!(resolved(Some(default)), resolved(None), "{}.{}", key.section, key.name);
        tested += 1;
    }
    assert!(tested > 15, "{tested}");
}

#[test]
fn no_key_is_twice_in_the_key_table() {
    let keys: Vec<_> = every_key().map(|key| (key.section, key.name)).collect();
    assert_eq!(keys.len(), keys.iter().collect::<BTreeSet<_>>().len());
}

/// The keys that serde reads in a section, from its complaint about an unknown one.
fn keys_read(section: &str) -> BTreeSet<String> {
    let (table, inner) = section.split_once('.').unwrap_or((section, ""));
    let header = match table {
        "" => String::new(),
        _ if is_array(table) => format!("[[{table}]]\n"),
        _ => format!("[{table}]\n"),
    };
    let name = match inner {
        "" => "no-such-key".to_owned(),
        inner => format!("{inner}.no-such-key"),
    };
    let text = format!("{header}{name} = 1");
    let error = toml::from_str::<root::Written>(&text).expect_err(section);
    let (_, known) = error.message().split_once("expected ").expect(section);
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_key_table_has_exactly_the_keys_that_are_read() {
    let sections: BTreeSet<_> = TABLE.keys().map(|key| key.section).collect();
    for section in sections {
        let known: BTreeSet<String> = TABLE.known(section).into_iter().map(str::to_owned).collect();
        match section {
            // A map, which the resolver reads by the names of the feeds.
            "source.files" => {
                let feeds = Feed::ALL.into_iter().map(|feed| feed.name().to_owned()).collect();
                assert_eq!(known, feeds);
            }
            _ => assert_eq!(known, keys_read(section), "[{section}]"),
        }
    }
}

#[test]
fn every_table_of_the_job_file_has_its_keys_in_the_key_table() {
    for key in TABLE.keys() {
        let holds_keys = match key.value {
            ValueType::Table | ValueType::Tables => true,
            ValueType::AnyOf(types) => types.iter().any(|one| matches!(one, ValueType::Table)),
            _ => false,
        };
        let inner = match key.section {
            "" => key.name.to_owned(),
            section => format!("{section}.{}", key.name),
        };
        let has_keys = every_key().any(|other| other.section == inner);
        assert_eq!(holds_keys, has_keys, "{inner}");
        let repeated = matches!(key.value, ValueType::Tables);
        assert_eq!(repeated, key.section.is_empty() && is_array(key.name), "{inner}");
    }
}

#[test]
fn the_message_about_a_key_states_its_bounds_and_no_word_that_it_lacks() {
    for key in every_key() {
        let Message { zh, en } = &key.expects;
        for text in [zh, en] {
            if let ValueType::Integer { min, max } = key.value {
                let numbers: Vec<i64> = text
                    .split(|c: char| !c.is_ascii_digit())
                    .filter_map(|number| number.parse().ok())
                    .collect();
                assert_eq!(numbers, [min, max], "{text}");
            }
            if let ValueType::Enumeration(_) | ValueType::List(ValueType::Enumeration(_)) =
                key.value
            {
                let words = key.value.words();
                let stated: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
                assert!(!stated.is_empty(), "{text}");
                assert!(stated.iter().all(|word| words.contains(word)), "{text}: {words:?}");
            }
        }
    }
}
