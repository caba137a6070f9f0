//! `jobs/example.toml.sample` shows every key, and everything in it is valid.

use std::ops::Range;
use std::path::Path;

use super::keys::{self, TABLE};
use super::{Job, json_schema_tests, parse};

const EXAMPLE: &str = include_str!("../../../jobs/example.toml.sample");

fn resolve(text: &str) -> Job {
    match parse(Path::new("jobs/example.toml"), text, &|_| None) {
        Ok(job) => {
            assert!(json_schema_tests::takes(text), "{text}");
            job
        }
        Err(error) => panic!("{error}\n{text}"),
    }
}

/// The key of a line such as `key = value`.
fn key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once(" = ")?;
    key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit()).then_some(key)
}

fn header(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    Some(name.trim_start_matches('[').trim_end_matches(']'))
}

/// The file with some lines replaced.
fn with(lines: &[&str], at: Range<usize>, by: &[&str]) -> String {
    [&lines[..at.start], by, &lines[at.end..]].concat().join("\n")
}

#[test]
fn the_example_job_file_is_made_of_the_samples_of_the_sections() {
    assert_eq!(keys::example(), EXAMPLE);
}

#[test]
fn every_key_is_in_the_example_job_file() {
    let job = resolve(EXAMPLE);
    assert_eq!((job.tenant.as_str(), job.alerts.len()), ("00010001", 3));
    assert!(job.warnings.is_empty(), "{:?}", job.warnings);
    let mut section = String::new();
    let mut shown = Vec::new();
    for line in EXAMPLE.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = header(line) {
            section = name.to_owned();
            let (outer, inner) = name.rsplit_once('.').unwrap_or(("", name));
            shown.push((outer.to_owned(), inner.to_owned()));
            // A table that is only written by what is in it.
            shown.push((String::new(), outer.to_owned()));
        } else if let Some(name) = key(line) {
            shown.push((section.clone(), name.to_owned()));
            // The keys of an inline table.
            let dotted =
                if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
            let inside = line.split_once('{').map_or("", |(_, inside)| inside);
            let keys = inside.split(['{', ',', '}']).filter_map(|part| key(part.trim_start()));
            shown.extend(keys.map(|key| (dotted.clone(), key.to_owned())));
        }
    }
    // The example shows only `file` for the passphrase; `env` works as for every other secret.
    shown.push(("source.key_passphrase".to_owned(), "env".to_owned()));
    let missing: Vec<String> = TABLE
        .keys()
        .filter(|key| {
            !shown.iter().any(|(section, name)| section == key.section && name == key.name)
        })
        .map(|key| format!("{}.{}", key.section, key.name))
        .collect();
    assert!(missing.is_empty(), "jobs/example.toml.sample lacks {missing:?}");
}

#[test]
fn every_commented_out_alternative_of_the_example_is_valid() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    let (mut alternatives, mut blocks) = (0, 0);
    let source = lines.iter().position(|line| *line == "[source]").unwrap();
    let after = |at: usize, ends: fn(&str) -> bool| {
        lines[at..].iter().position(|line| ends(line)).map_or(lines.len(), |more| at + more)
    };
    let source = source..after(source + 1, |line| line.starts_with('['));
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].strip_prefix("# ").unwrap_or_default();
        if header(line).is_some() {
            let end = after(at, str::is_empty);
            let block: Vec<&str> = lines[at..end]
                .iter()
                .filter_map(|line| line.strip_prefix("# "))
                .filter(|line| header(line).is_some() || key(line).is_some())
                .collect();
            resolve(&with(&lines, source.clone(), &block));
            blocks += 1;
            at = end;
        } else if let Some(name) = key(line) {
            // The line above that it replaces.
            let instead = lines[..at].iter().rposition(|line| key(line) == Some(name)).unwrap();
            resolve(&with(&lines, instead..instead + 1, &[line]));
            alternatives += 1;
            at += 1;
        } else {
            at += 1;
        }
    }
    assert!(alternatives > 10 && blocks == 2, "{alternatives} alternatives, {blocks} blocks");
}
