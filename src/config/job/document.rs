//! The text of a job file: positions in it, and errors that state them.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::{Message, system_reason};

use super::error::{ConfigError, Problem};
use super::key::KeyTable;
use super::toml_fault::toml_reason;
use super::values::Text;

/// The text of a job file with its path.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
    /// What every key expects.
    pub(super) keys: KeyTable,
}

impl Document<'_> {
    /// A value that must be present. The error for a missing one points to `table`.
    pub(super) fn required<T>(
        &self,
        section: &str,
        key: &str,
        value: Option<T>,
        table: Option<&Range<usize>>,
    ) -> Result<T, ConfigError> {
        let span = table.cloned().unwrap_or(0..0);
        value.ok_or_else(|| self.error_at(section, key, span, Problem::MissingKey))
    }

    /// A value converted by `read`; an error if that gives `None`.
    pub(super) fn checked<T>(
        &self,
        section: &str,
        key: &str,
        value: Text,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        read(value.get_ref()).ok_or_else(|| self.invalid_value(section, key, value.span()))
    }

    /// An integer within the bounds that the table of keys gives.
    pub(super) fn integer<T: Copy + Into<i64>>(
        &self,
        section: &str,
        key: &str,
        value: &Spanned<T>,
    ) -> Result<T, ConfigError> {
        let number = *value.get_ref();
        match self.keys.allows(section, key, number.into()) {
            true => Ok(number),
            false => Err(self.invalid_value(section, key, value.span())),
        }
    }

    /// The job file's folder.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// A path written in the job file; relative ones are relative to its folder.
    pub(super) fn resolve_path(&self, path: &str) -> PathBuf {
        self.folder().join(path)
    }

    pub(super) fn invalid_value(
        &self,
        section: &str,
        key: &str,
        span: Range<usize>,
    ) -> ConfigError {
        // The value of a secret's key may be a secret, whatever its type.
        let found = (!self.keys.is_secret(section, key)).then(|| excerpt(&self.text[span.clone()]));
        self.error_at(section, key, span, Problem::BadValue { found })
    }

    pub(super) fn error_at(
        &self,
        section: &str,
        key: &str,
        span: Range<usize>,
        problem: Problem,
    ) -> ConfigError {
        let (line, column) = self.position(span.start);
        ConfigError {
            file: self.path.to_path_buf(),
            line: Some(line),
            column: Some(column),
            section: section.to_owned(),
            key: Some(key.to_owned()),
            problem: Box::new(problem),
            expected: self.keys.expects(section, key),
        }
    }

    /// An error for the first key that has no meaning with the kind of its table. `table` is the span of the table,
    /// which distinguishes it from other tables of the same section.
    pub(super) fn reject_keys_of_other_kinds(
        &self,
        section: &str,
        kind: &str,
        table: &Range<usize>,
    ) -> Result<(), ConfigError> {
        let Ok(root) = DeTable::parse(self.text) else { return Ok(()) };
        let tables = match root.get_ref().get(section).map(|value| (value.span(), value.get_ref()))
        {
            Some((_, DeValue::Table(only))) => vec![only],
            Some((_, DeValue::Array(items))) => items
                .iter()
                .filter(|item| item.span() == *table)
                .filter_map(|item| item.get_ref().as_table())
                .collect(),
            _ => Vec::new(),
        };
        let keys = self.keys.keys().filter(|key| key.section == section && !key.applies_to(kind));
        let stray = keys.into_iter().find_map(|key| {
            let value = tables.iter().find_map(|table| table.get(key.name))?;
            Some((key.name, value.span()))
        });
        match stray {
            None => Ok(()),
            Some((key, place)) => {
                let why = Message::new(
                    format!("kind = \"{kind}\" 时不适用；请删除"),
                    format!("means nothing with kind = \"{kind}\"; take it out"),
                );
                Err(self.error_at(section, key, place, Problem::Unfit(why)))
            }
        }
    }

    /// Line and column of a byte offset, both 1-based.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// Converts an error of serde or toml into a [`ConfigError`]. Their messages name no key; the key is found by
    /// the span of the error.
    pub(super) fn explain(&self, error: &toml::de::Error) -> ConfigError {
        let span = error.span().unwrap_or(self.text.len()..self.text.len());
        let syntax = || {
            let (line, column) = self.position(span.start);
            let written = self.text.lines().nth(line - 1).unwrap_or_default();
            let mut detail = toml_reason(error.message(), written);
            if error.message().starts_with("duplicate key") {
                let key = self.text.get(span.clone()).unwrap_or_default();
                detail =
                    Message::new(format!("{}：{key}", detail.zh), format!("{} {key}", detail.en));
            }
            ConfigError {
                file: self.path.to_path_buf(),
                line: Some(line),
                column: Some(column),
                section: String::new(),
                key: None,
                problem: Box::new(Problem::Syntax { detail }),
                expected: None,
            }
        };
        let Ok(root) = DeTable::parse(self.text) else { return syntax() };
        match locate(root.get_ref(), &span, "") {
            Some(Located { section, key, is_key: true }) => {
                let suggestion = self.keys.suggestion(&section, &key);
                let known = self.keys.known(&section);
                self.error_at(
                    &section,
                    &key,
                    span.clone(),
                    Problem::UnknownKey { suggestion, known },
                )
            }
            Some(Located { section, key, is_key: false }) => {
                self.invalid_value(&section, &key, span.clone())
            }
            None => syntax(),
        }
    }
}

/// A key, found by the span of itself or of its value.
struct Located {
    section: String,
    key: String,
    is_key: bool,
}

fn locate(table: &DeTable<'_>, span: &Range<usize>, section: &str) -> Option<Located> {
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let is_key = key.span() == *span;
        if is_key || value.span() == *span {
            let (section, key) = (section.to_owned(), name.to_owned());
            return Some(Located { section, key, is_key });
        }
        let inner_section =
            if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
        let found = match value.get_ref() {
            DeValue::Table(inner) => locate(inner, span, &inner_section),
            DeValue::Array(items) => items.iter().find_map(|item| match item.get_ref() {
                DeValue::Table(inner) => locate(inner, span, &inner_section),
                // An item of a list is reported as the list.
                _ if item.span() == *span => {
                    let (section, key) = (section.to_owned(), name.to_owned());
                    Some(Located { section, key, is_key: false })
                }
                _ => None,
            }),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The first line of a value as written, shortened.
fn excerpt(value: &str) -> String {
    const LONGEST: usize = 60;
    let line = value.lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}

/// The error for a job file that cannot be read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> ConfigError {
    let problem = match error.kind() {
        io::ErrorKind::InvalidData => Problem::NotUtf8,
        _ => Problem::Unreadable { reason: system_reason(error) },
    };
    ConfigError {
        file: path.to_path_buf(),
        line: None,
        column: None,
        section: String::new(),
        key: None,
        problem: Box::new(problem),
        expected: None,
    }
}
