//! Lines that a job file lacks, put where they belong in the file that is there: what one step says to paste fits the job,
//! and what the steps before it said.
//!
//! TOML allows each table once, and keys of the file itself only before the first table. So a key of a table that is there
//! goes into it, a key that has another value is changed, and nothing is said twice.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use crate::model::Message;

use super::step::{Paste, Place, State, Step};

/// The key that tells the tables of an array apart.
const NAMED_BY: [(&str, &str); 4] = [
    ("wecom_app", "agent_id"),
    ("official_account", "appid"),
    ("mini_program", "appid"),
    ("domain_verification", "file"),
];

/// A job file as it will be once all that was said is pasted.
#[derive(Debug, Default)]
pub(super) struct JobLines {
    table: Table,
    /// The step that said a line or a table first.
    said: BTreeMap<String, &'static str>,
}

/// Lines of one table, or of the file itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Block {
    /// `[source]`, `[[wecom_app]]`; empty for the file itself.
    header: String,
    /// Each key with its lines, and with the comments before it; comments that no key follows have the empty one.
    keys: Vec<(String, String)>,
}

impl JobLines {
    /// Those of a job file; of an empty one if it can no longer be read.
    pub(super) fn of_file(path: &Path) -> JobLines {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let table = toml::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text));
        JobLines { table: table.unwrap_or_default(), said: BTreeMap::new() }
    }

    /// Puts the lines of a step where they belong.
    pub(super) fn place(&mut self, step: &mut Step) {
        for text in std::mem::take(&mut step.for_job) {
            let mut said_before = None;
            for block in blocks(&text) {
                let (pastes, before) = self.place_block(block, step.subject.number(), step.state);
                step.paste.extend(pastes);
                said_before = said_before.or(before);
            }
            if let (Some(before), Some(advice)) = (said_before, &mut step.advice) {
                *advice = Message::new(
                    format!("{}（填写内容见 {before}）", advice.zh),
                    format!("{} (the lines are at {before})", advice.en),
                );
            }
        }
    }

    /// Where the lines of a block go, and the step that said some of them before.
    fn place_block(
        &mut self,
        block: Block,
        number: &'static str,
        state: State,
    ) -> (Vec<Paste>, Option<&'static str>) {
        let Block { header, keys } = block;
        let lines: String = keys.iter().map(|(_, lines)| lines.as_str()).collect();
        let Ok(values) = toml::from_str::<Table>(&lines) else { return (Vec::new(), None) };
        let name = named(&header, &values);
        let Some(there) = find(&mut self.table, &header, &values) else {
            self.said.insert(name, number);
            let value = format!("{header}\n{lines}").trim_end().to_owned();
            insert(&mut self.table, &header, values);
            return (vec![Paste { place: Place::EndOfJob, value }], None);
        };
        let (mut added, mut comments) = (String::new(), String::new());
        let (mut pastes, mut before) = (Vec::new(), None::<&str>);
        for (key, lines) in keys {
            let Some(value) = values.get(&key) else {
                comments.push_str(&lines);
                continue;
            };
            let line = format!("{name} {key}");
            match there.get(&key) {
                Some(old) if old == value => {
                    before =
                        before.or_else(|| self.said.get(&line).or(self.said.get(&name)).copied());
                }
                // What a step shows as an example is no reason to change what is there.
                Some(_) if state == State::NotConfigured => continue,
                Some(_) => {
                    pastes.push(Paste {
                        place: Place::InsteadInJob { table: name.clone(), key: key.clone() },
                        value: lines.trim_end().to_owned(),
                    });
                    self.said.insert(line, number);
                }
                None => {
                    added.push_str(&lines);
                    self.said.insert(line, number);
                }
            }
            there.insert(key, value.clone());
        }
        if !added.is_empty() {
            let place = match header.is_empty() {
                true => Place::TopOfJob,
                false => Place::TableOfJob(name),
            };
            added.push_str(&comments);
            pastes.insert(0, Paste { place, value: added.trim_end().to_owned() });
        }
        (pastes, before)
    }
}

/// A table by its header and, in an array, by what tells it apart.
fn named(header: &str, values: &Table) -> String {
    match key_of(header).and_then(|key| Some((key, values.get(key)?))) {
        Some((key, value)) => format!("{header} {key} = {value}"),
        None => header.to_owned(),
    }
}

fn path(header: &str) -> Vec<&str> {
    let inner = header.trim_matches(['[', ']']);
    inner.split('.').map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The key that tells the tables of this array apart.
fn key_of(header: &str) -> Option<&'static str> {
    let name = header.strip_prefix("[[")?.strip_suffix("]]")?;
    NAMED_BY.iter().find(|(table, _)| *table == name).map(|(_, key)| *key)
}

/// The table that a block belongs to, if it is there.
fn find<'t>(table: &'t mut Table, header: &str, values: &Table) -> Option<&'t mut Table> {
    let mut at = table;
    let parts = path(header);
    let Some((last, above)) = parts.split_last() else { return Some(at) };
    for part in above {
        at = at.get_mut(*part)?.as_table_mut()?;
    }
    match at.get_mut(*last)? {
        Value::Table(table) => Some(table),
        Value::Array(tables) => {
            let same = |one: &Value| match key_of(header) {
                Some(key) => one.get(key) == values.get(key),
                None => one.as_table() == Some(values),
            };
            tables.iter_mut().find(|one| same(one))?.as_table_mut()
        }
        _ => None,
    }
}

fn insert(table: &mut Table, header: &str, values: Table) {
    let mut at = table;
    let parts = path(header);
    let Some((last, above)) = parts.split_last() else { return };
    for part in above {
        let below = at.entry(*part).or_insert_with(|| Value::Table(Table::new()));
        let Some(table) = below.as_table_mut() else { return };
        at = table;
    }
    match header.starts_with("[[") {
        false => _ = at.insert((*last).to_owned(), Value::Table(values)),
        true => {
            let array = at.entry(*last).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(array) = array {
                array.push(Value::Table(values));
            }
        }
    }
}

/// Lines of a job file by their tables.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = vec![Block::default()];
    // Comments, and the lines of a value that is not complete yet.
    let mut open = String::new();
    for line in text.lines() {
        if is_of_comments(&open) && line.starts_with('[') {
            end(&mut blocks, &mut open);
            let header = line.split('#').next().unwrap_or(line).trim().to_owned();
            blocks.push(Block { header, keys: Vec::new() });
            continue;
        }
        open.push_str(line);
        open.push('\n');
        let key = toml::from_str::<Table>(&open).ok().and_then(|t| t.keys().next().cloned());
        if let (Some(key), Some(block)) = (key, blocks.last_mut()) {
            block.keys.push((key, std::mem::take(&mut open)));
        }
    }
    end(&mut blocks, &mut open);
    let of_use = |block: &Block| match block.header.is_empty() {
        true => block.keys.iter().any(|(key, _)| !key.is_empty()),
        false => !block.keys.is_empty(),
    };
    blocks.retain(of_use);
    blocks
}

/// Keeps the comments at the end of a block.
fn end(blocks: &mut [Block], open: &mut String) {
    let comments = std::mem::take(open);
    if let Some(block) = blocks.last_mut().filter(|_| !comments.trim().is_empty()) {
        block.keys.push((String::new(), comments));
    }
}

/// Whether these lines are comments and nothing else.
fn is_of_comments(lines: &str) -> bool {
    lines.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::super::subject::Subject;
    use super::*;

    fn placed(job: &str, said: &[(Subject, &str)]) -> Vec<(Vec<(String, String)>, String)> {
        let mut lines = JobLines { table: toml::from_str(job).unwrap(), said: BTreeMap::new() };
        let one = |(subject, text): &(Subject, &str)| {
            let seen = Message::fixed("", "");
            let mut step = Step::failed(*subject, seen.clone(), seen).for_job(*text);
            lines.place(&mut step);
            let pastes =
                step.paste.iter().map(|p| (p.place.words().en.into_owned(), p.value.clone()));
            (pastes.collect(), step.advice.unwrap().en.into_owned())
        };
        said.iter().map(one).collect()
    }

    #[test]
    fn a_table_that_is_there_is_not_repeated_and_a_key_that_is_there_is_changed() {
        let job = "tenant = \"t\"\n[source]\nkind = \"ftp\"\n[[wecom_app]]\nagent_id = \"kehu\"\nsecret = \"x\"\n";
        let text = "corp_id = \"ww1\"\n[source]\nkind = \"ftps\"\n# why\nfiles = {\n  agent = \"a\" }\n[[wecom_app]]\nagent_id = \"kehu\"\ntoken = \"t\"\n[[wecom_app]]\nagent_id = \"chengyuan\"\nsecret = \"y\"\n";
        let found = placed(job, &[(Subject::Contacts, text)]);
        let expected = [
            ("the top of the job file, before its first [", "corp_id = \"ww1\""),
            ("the existing [source] of the job file", "# why\nfiles = {\n  agent = \"a\" }"),
            ("the existing [source] of the job file, in place of kind there", "kind = \"ftps\""),
            ("the existing [[wecom_app]] agent_id = \"kehu\" of the job file", "token = \"t\""),
            ("the end of the job file", "[[wecom_app]]\nagent_id = \"chengyuan\"\nsecret = \"y\""),
        ];
        let found: Vec<(&str, &str)> =
            found[0].0.iter().map(|(place, value)| (place.as_str(), value.as_str())).collect();
        assert_eq!(found, expected.map(|(place, value)| (place, value)));
    }

    #[test]
    fn an_example_changes_nothing_that_is_there() {
        let mut lines = JobLines {
            table: toml::from_str("corp_id = \"ww1\"\n").unwrap(),
            said: BTreeMap::new(),
        };
        let seen = Message::fixed("", "");
        let step = Step::not_configured(Subject::Application, seen.clone(), seen);
        let mut step = step.for_job("corp_id = \"ww0123456789abcdef\"\n[site]\ndomains = []");
        lines.place(&mut step);
        let values: Vec<&str> = step.paste.iter().map(|paste| paste.value.as_str()).collect();
        assert_eq!(values, ["[site]\ndomains = []"]);
    }

    #[test]
    fn what_an_earlier_step_said_is_not_said_again() {
        let url = "public_url = \"https://w.example.com\"";
        let app = "[[wecom_app]]\nagent_id = \"kehu\"\nsecret = \"x\"";
        let more = format!("{app}\ntoken = \"t\"");
        let said = [
            (Subject::PublicAddress, url),
            (Subject::Customers, app),
            (Subject::CustomersCallback, &more),
            (Subject::TrustedDomain, url),
        ];
        let found = placed("tenant = \"t\"\n", &said);
        assert_eq!(found[3], (Vec::new(), " (the lines are at 0.8)".to_owned()));
        let within = "the existing [[wecom_app]] agent_id = \"kehu\" of the job file".to_owned();
        assert_eq!(found[2].0, [(within, "token = \"t\"".to_owned())]);
    }
}
