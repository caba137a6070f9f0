//! The JSON Schema takes and refuses the job files that the program takes and refuses.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::key::{Key, key};
use super::key_tests::{every_key, examples, job_file, job_file_of_kind, kind_of};
use super::keys::TABLE;
use super::value_type::ValueType;
use super::{Problem, json_schema, parse};
use crate::model::Message;

/// Whether the schema takes a job file.
pub(super) fn takes(text: &str) -> bool {
    let any = Message::fixed("规则", "a rule");
    let rules = ["level-gap", "surrounding-whitespace"].map(|name| (name, &any));
    let schema = json_schema(rules);
    jsonschema::meta::validate(&schema).expect("the schema is a schema");
    let job: toml::Table = toml::from_str(text).expect(text);
    let job = serde_json::to_value(job).expect(text);
    jsonschema::validator_for(&schema).expect("the schema compiles").is_valid(&job)
}

#[test]
fn the_schema_takes_the_values_that_the_program_takes_and_refuses_the_others() {
    let mut tested = 0;
    for key in every_key() {
        let (taken, mut refused) = examples(key.value);
        // No key is a date.
        refused.push("2026-11-27".to_owned());
        for (values, expected) in [(taken, true), (refused, false)] {
            for value in values {
                let text = job_file(key, Some(&value));
                assert_eq!(takes(&text), expected, "{text}");
                tested += 1;
            }
        }
    }
    assert!(tested > 150, "{tested}");
}

/// The kinds with which the table of a key can be written.
fn kinds(key: &Key) -> Vec<&'static str> {
    let (table, inner) = key.section.split_once('.').unwrap_or((key.section, ""));
    let words = TABLE.keys().find(|kind| kind.section == table && kind.name == "kind");
    match (inner, words) {
        ("", Some(kind)) => kind.value.words().into_iter().filter(|k| key.applies_to(k)).collect(),
        _ => vec![kind_of(key)],
    }
}

#[test]
fn the_schema_requires_the_keys_that_the_program_misses() {
    let mut required = 0;
    for key in TABLE.keys().filter(|key| key.name != "kind" && !key.section.contains('.')) {
        for kind in kinds(key) {
            let text = job_file_of_kind(key, None, kind);
            let job = parse(Path::new("jobs/x.toml"), &text, &|_| None);
            let missed = job.err().is_some_and(|error| {
                matches!(*error.problem, Problem::MissingKey)
                    && error.key.as_deref() == Some(key.name)
            });
            let marked = key.is_required_with((!kind.is_empty()).then_some(kind));
            // With SFTP the password or a key must be there, which no mark of one key says.
            let either = (key.name, kind) == ("password", "sftp");
            assert_eq!(missed, marked || either, "{}.{} {kind}", key.section, key.name);
            assert_eq!(takes(&text), !missed && parse_works(&text), "{text}");
            required += usize::from(missed);
        }
    }
    assert!(required > 15, "{required}");
}

fn parse_works(text: &str) -> bool {
    parse(Path::new("jobs/x.toml"), text, &|_| None).is_ok()
}

#[test]
fn the_schema_refuses_a_misspelt_key_in_every_table() {
    let sections: BTreeSet<_> = every_key().map(|key| key.section).collect();
    for section in sections {
        let misspelt = key(section, "no_such_key", ValueType::String, "无", "none");
        assert!(!takes(&job_file(&misspelt, Some("\"x\""))), "[{section}]");
        assert!(!parse_works(&job_file(&misspelt, Some("\"x\""))) || section == "rules");
    }
}

#[test]
fn the_schema_refuses_keys_of_another_kind_and_keys_that_exclude_each_other() {
    let server = "tenant = \"t\"\n[source]\nkind = \"ftps\"\nhost = \"h\"\nusername = \"u\"\n\
                  password = { env = \"P\" }\n";
    for (more, expected) in [
        ("", true),
        ("key = { file = \"k\" }", false),
        ("tls = { ca = \"ca.pem\" }", true),
        ("tls = { ca = \"ca.pem\", pin_sha256 = \"00\" }", false),
        ("tls = {}", false),
        ("ready = { marker = \"done\" }", true),
        ("ready = { marker = \"done\", polls = 2 }", false),
        ("ready = { marker = \"done\", stable = \"30s\" }", false),
        ("tls = { ca = 1 }", false),
        ("password_file = \"x\"", false),
        ("[[alert]]\nkind = \"command\"\ncommand = []", false),
        ("[[alert]]\nkind = \"command\"\ncommand = [\"x\"]\nurl = \"https://x\"", false),
        ("[[alert]]\nkind = \"webhook\"\nurl = { env = \"A\", file = \"b\" }", false),
        ("[[alert]]\nkind = \"webhook\"\nurl = { env = \"A\" }", true),
    ] {
        let text = format!("{server}{more}");
        assert_eq!(takes(&text), expected, "{more}");
        assert_eq!(parse_works(&text), expected, "{more}");
    }
}

#[test]
fn the_schema_requires_the_file_of_a_private_key() {
    for (key, expected) in [("{ file = \"k\" }", true), ("{}", false)] {
        let text = format!(
            "tenant = \"t\"\n[source]\nkind = \"sftp\"\nhost = \"h\"\nusername = \"u\"\nkey = {key}"
        );
        assert_eq!((takes(&text), parse_works(&text)), (expected, expected), "{text}");
    }
}

#[test]
fn the_schema_knows_exactly_the_keys_of_the_key_table() {
    let schema = json_schema([]);
    let mut found = BTreeSet::new();
    collect("", &schema, &mut found);
    let known = TABLE.keys().map(|key| (key.section.to_owned(), key.name.to_owned())).collect();
    assert_eq!(found, known);
}

/// The keys of a table and of those inside it.
fn collect(section: &str, schema: &Value, found: &mut BTreeSet<(String, String)>) {
    for table in std::iter::once(schema)
        .chain(schema.get("items"))
        .chain(schema["anyOf"].as_array().into_iter().flatten())
    {
        for (name, property) in table["properties"].as_object().into_iter().flatten() {
            found.insert((section.to_owned(), name.clone()));
            let dot = if section.is_empty() { "" } else { "." };
            collect(&format!("{section}{dot}{name}"), property, found);
        }
    }
}
