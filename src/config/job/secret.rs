//! Secrets: where a job file says that they are, and values that do not print.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::model::{Message, system_reason};

use super::error::{ConfigError, Problem};
use super::resolver::Resolver;
use super::values::{Text, TextOrTable};

/// A secret. `Debug` and `Display` print `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: String) -> Secret {
        Secret(value)
    }

    /// The secret itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a secret is. A job loads without it; only [`SecretSource::reveal`] complains when it is
/// missing, so that work which needs no secret (`import --from DIR`) is done without one.
#[derive(Debug, Clone)]
pub struct SecretSource {
    pub(super) from: SecretFrom,
    /// The place in the job file, ready to be complained of.
    pub(super) place: ConfigError,
}

#[derive(Debug, Clone)]
pub(super) enum SecretFrom {
    Literal(Secret),
    /// An environment variable, with its value when the job was loaded.
    Env(String, Option<Secret>),
    File(PathBuf),
}

impl SecretSource {
    /// The secret. A file's secret ends before the line end that editors leave there.
    ///
    /// # Errors
    /// If the variable is not set, or the file cannot be read or is empty.
    pub fn reveal(&self) -> Result<Secret, ConfigError> {
        let complain = |problem| ConfigError { problem: Box::new(problem), ..self.place.clone() };
        match &self.from {
            SecretFrom::Literal(secret) => Ok(secret.clone()),
            SecretFrom::Env(name, value) => value
                .clone()
                .filter(|value| !value.expose().is_empty())
                .ok_or_else(|| complain(Problem::VariableNotSet { name: name.clone() })),
            SecretFrom::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    complain(Problem::SecretFile {
                        path: path.clone(),
                        reason: system_reason(&error),
                    })
                })?;
                let secret = text.trim_end_matches(['\r', '\n']);
                if secret.is_empty() {
                    let reason = Message::fixed("文件为空", "it is empty");
                    return Err(complain(Problem::SecretFile { path: path.clone(), reason }));
                }
                Ok(Secret::new(secret.to_owned()))
            }
        }
    }
}

/// A secret: the text itself, or a table that says where it is.
#[derive(Clone)]
pub(super) enum Written {
    Literal(String),
    Reference(Reference),
}

/// `{ env = ... }` or `{ file = ... }` as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    pub(super) env: Option<Text>,
    pub(super) file: Option<Text>,
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Written::Literal(_) => f.write_str("***"),
            Written::Reference(place) => place.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text_or_table = TextOrTable { text: Written::Literal, table: Written::Reference };
        deserializer.deserialize_any(text_or_table)
    }
}

impl Resolver<'_> {
    /// A secret of the job file. `what` names it in the warning that a literal one deserves; without it
    /// none is given.
    pub(super) fn secret(
        &self,
        section: &str,
        key: &str,
        written: Spanned<Written>,
        what: Option<&Message>,
        warnings: &mut Vec<Message>,
    ) -> Result<SecretSource, ConfigError> {
        let span = written.span();
        let from = match written.into_inner() {
            Written::Literal(text) => {
                if text.is_empty() || text.contains(['\r', '\n']) {
                    return Err(self.document.invalid_value(section, key, span));
                }
                if let Some(what) = what {
                    warnings.push(self.literal_warning(&span, what));
                }
                SecretFrom::Literal(Secret::new(text))
            }
            Written::Reference(place) => match (place.env, place.file) {
                (Some(name), None) => {
                    let section = format!("{section}.{key}");
                    let name = self.document.checked(&section, "env", name, |name| {
                        (!name.is_empty()).then(|| name.to_owned())
                    })?;
                    let value = (self.env)(&name).map(Secret::new);
                    SecretFrom::Env(name, value)
                }
                (None, Some(file)) => SecretFrom::File(self.document.resolve_path(file.get_ref())),
                _ => return Err(self.document.invalid_value(section, key, span)),
            },
        };
        let place = self.document.error_at(section, key, span, Problem::MissingKey);
        Ok(SecretSource { from, place })
    }

    fn literal_warning(&self, span: &std::ops::Range<usize>, what: &Message) -> Message {
        let (file, line) = (self.document.path.display(), self.document.position(span.start).0);
        let Message { zh, en } = what;
        Message::new(
            format!(
                "{file}:{line}: {zh}明文写在任务文件中；请改用 {{ env = \"变量名\" }} 或 {{ file = \"路径\" }}"
            ),
            format!(
                "{file}:{line}: {en} stands in the job file; better {{ env = \"VARIABLE\" }} or \
                 {{ file = \"PATH\" }}"
            ),
        )
    }
}
