//! A proposal as sections of a job file: each setting below what speaks for it, each question as a comment.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::{Feed, Message};

use super::proposal::{Change, Proposal, Question, shown};

/// The keys of `[format]` in the order in which they are written.
const FORMAT: [&str; 8] =
    ["skip_lines", "comment", "trailer", "quotes", "null", "no_date", "dates", "tops"];

impl Proposal {
    /// The sections `[format]` and `[codes]`.
    pub fn toml(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = self.write(&mut text);
        text
    }

    /// The line of `[source]` that names the files; `None` if they have their usual names.
    pub fn files_line(&self) -> Option<String> {
        let one = |(feed, name): &(Feed, String)| format!("{feed} = {}", quoted(name));
        let names: Vec<String> = self.names.iter().map(one).collect();
        (!names.is_empty()).then(|| {
            format!(
                "# 样本中的文件名 / The names of the files in the sample\nfiles = {{ {} }}\n",
                names.join(", ")
            )
        })
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        text.push_str(
            "# 由样本文件得出；编码、分隔符和表头每次自动识别，无需填写。\n\
             # Found in the sample; encoding, delimiter and header are detected in every file.\n",
        );
        for file in &self.recognised {
            let delimiter = quoted(&file.delimiter);
            let (zh, en) =
                if file.header { ("有表头", "header") } else { ("无表头", "no header") };
            writeln!(
                text,
                "#   {}: {}, {delimiter}, {zh} / {en}",
                shown(&file.file),
                file.encoding
            )?;
        }
        text.push_str("[format]\n");
        for key in FORMAT {
            let settings: Vec<_> = self.settings.iter().filter(|s| s.change.key() == key).collect();
            for setting in &settings {
                writeln!(text, "{}", comment(&setting.evidence, setting.change.subject()))?;
            }
            let changes: Vec<&Change> = settings.iter().map(|setting| &setting.change).collect();
            if let Some(line) = assignment(key, &changes) {
                writeln!(text, "{line}")?;
            }
        }
        for question in self.questions.iter().filter(|q| !q.is_of_codes()) {
            self.write_question(text, question)?;
        }
        let (codes, questions) = (
            self.settings.iter().filter(|s| s.change.key() == "codes").collect::<Vec<_>>(),
            self.questions.iter().filter(|q| q.is_of_codes()).collect::<Vec<_>>(),
        );
        if codes.is_empty() && questions.is_empty() {
            return Ok(());
        }
        text.push_str("\n[codes]\n");
        let mut fields: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
        for setting in &codes {
            fields.entry(setting.change.field()).or_default().push(&setting.change);
        }
        for (field, changes) in fields {
            for setting in codes.iter().filter(|s| s.change.field() == field) {
                writeln!(text, "{}", comment(&setting.evidence, setting.change.subject()))?;
            }
            writeln!(text, "{} = {}", quoted_key(field), words(&changes))?;
        }
        for question in questions {
            self.write_question(text, question)?;
        }
        Ok(())
    }

    fn write_question(&self, text: &mut String, question: &Question) -> std::fmt::Result {
        writeln!(text, "# 待确认：{}", shown_line(&question.text.zh))?;
        writeln!(text, "# To decide: {}", shown_line(&question.text.en))?;
        for choice in &question.choices {
            let Some(first) = choice.first() else { continue };
            let key = first.key();
            let field = first.field();
            let is_same = |change: &Change| change.key() == key && change.field() == field;
            let is_set = self.settings.iter().any(|setting| is_same(&setting.change));
            let changes: Vec<&Change> = choice.iter().collect();
            let line = match key {
                "codes" => Some(format!("{} = {}", quoted_key(field), words(&changes))),
                key => assignment(key, &changes),
            };
            let Some(line) = line else { continue };
            // A key may stand once only, so what is set already has to be added to.
            match is_set {
                true => writeln!(text, "#   加入上面的设置 / add to the setting above: {line}")?,
                false => writeln!(text, "#: {line}")?,
            }
        }
        Ok(())
    }
}

impl Question {
    fn is_of_codes(&self) -> bool {
        let mut changes = self.choices.iter().flatten();
        changes.next().is_some_and(|change| change.key() == "codes")
    }
}

impl Change {
    /// The key in `[format]`, or `codes`.
    pub fn key(&self) -> &'static str {
        match self {
            Change::SkipLines(_) => "skip_lines",
            Change::Comment(_) => "comment",
            Change::Trailer(_) => "trailer",
            Change::Quotes(_) => "quotes",
            Change::Null(_) => "null",
            Change::NoDate(_) => "no_date",
            Change::DateForm(_) => "dates",
            Change::Top { .. } => "tops",
            Change::Code { .. } => "codes",
        }
    }

    /// The field of a word for a code.
    pub(super) fn field(&self) -> &str {
        match self {
            Change::Code { field, .. } => field,
            _ => "",
        }
    }

    /// What the evidence is about, where the line of the setting does not say it at once.
    fn subject(&self) -> String {
        match self {
            Change::DateForm(form) => format!("{form}: "),
            Change::Top { forest, .. } => format!("{forest}: "),
            _ => String::new(),
        }
    }

    /// The setting as it stands in a job file, on one line.
    pub fn line(&self) -> String {
        Change::together(std::slice::from_ref(self))
    }

    /// Changes of one key, and of one field in `[codes]`, on one line.
    pub fn together(changes: &[Change]) -> String {
        let changes: Vec<&Change> = changes.iter().collect();
        match changes.first() {
            None => String::new(),
            Some(Change::Code { field, .. }) => {
                format!("[codes] {} = {}", quoted_key(field), words(&changes))
            }
            Some(change) => {
                let line = assignment(change.key(), &changes).unwrap_or_default();
                format!("[format] {line}")
            }
        }
    }
}

/// The line of a key of `[format]` for these changes of it.
fn assignment(key: &str, changes: &[&Change]) -> Option<String> {
    let list = |texts: &[String]| {
        let quoted: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
        format!("[{}]", quoted.join(", "))
    };
    let text = |change: &Change| match change {
        Change::Null(text) | Change::NoDate(text) | Change::DateForm(text) => Some(text.clone()),
        _ => None,
    };
    let value = match *changes.first()? {
        Change::SkipLines(lines) => lines.to_string(),
        Change::Comment(text) | Change::Trailer(text) => quoted(text),
        Change::Quotes(word) => quoted(word),
        Change::Null(_) | Change::NoDate(_) | Change::DateForm(_) => {
            list(&changes.iter().filter_map(|change| text(change)).collect::<Vec<_>>())
        }
        Change::Top { .. } => {
            let mut forests: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for change in changes {
                if let Change::Top { forest, marker } = change {
                    forests.entry(forest).or_default().push(marker.clone());
                }
            }
            let one = |(forest, markers): (&str, Vec<String>)| {
                format!("{} = {}", quoted_key(forest), list(&markers))
            };
            format!("{{ {} }}", forests.into_iter().map(one).collect::<Vec<_>>().join(", "))
        }
        Change::Code { .. } => return None,
    };
    Some(format!("{key} = {value}"))
}

/// The table of words of a field, in the order of their codes.
fn words(changes: &[&Change]) -> String {
    let mut words: Vec<(i64, &str)> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Code { word, code, .. } => Some((*code, word.as_str())),
            _ => None,
        })
        .collect();
    words.sort_unstable();
    words.dedup();
    let one = |(code, word): (i64, &str)| format!("{} = {code}", quoted(word));
    format!("{{ {} }}", words.into_iter().map(one).collect::<Vec<_>>().join(", "))
}

fn comment(evidence: &Message, subject: String) -> String {
    format!("# {subject}{} / {}", shown_line(&evidence.zh), shown_line(&evidence.en))
}

/// A sentence as a comment: no text of a delivery may end the line.
fn shown_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{2426}' } else { c }).collect()
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn quoted_key(key: &str) -> String {
    let bare = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare && !key.is_empty() { key.to_owned() } else { quoted(key) }
}
