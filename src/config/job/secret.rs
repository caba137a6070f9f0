//! Secrets: their sources in a job file, and values that are never printed.

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

/// The source of a secret. A job loads without reading it; only [`SecretSource::reveal`] fails if it is
/// missing. Commands that need no secret (`import --from DIR`) thus run without one.
#[derive(Debug, Clone)]
pub struct SecretSource {
    pub(super) from: SecretFrom,
    /// The error to return if the secret is missing, with the position in the job file.
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
    /// The secret. Line ends at the end of a file are removed, since editors add them.
    ///
    /// # Errors
    /// If the variable is not set, or the file cannot be read or is empty.
    pub fn reveal(&self) -> Result<Secret, ConfigError> {
        let failure = |problem| ConfigError { problem: Box::new(problem), ..self.place.clone() };
        match &self.from {
            SecretFrom::Literal(secret) => Ok(secret.clone()),
            SecretFrom::Env(name, value) => value
                .clone()
                .filter(|value| !value.expose().is_empty())
                .ok_or_else(|| failure(Problem::VariableNotSet { name: name.clone() })),
            SecretFrom::File(path) => {
                let unusable = |reason| failure(Problem::SecretFile { path: path.clone(), reason });
                // A device or a pipe may never end.
                let metadata =
                    std::fs::metadata(path).map_err(|error| unusable(system_reason(&error)))?;
                if !metadata.is_file() || metadata.len() > MAX_FILE_SIZE {
                    return Err(unusable(Message::fixed(
                        "不是 64 KiB 以内的普通文件",
                        "it is no regular file of at most 64 KiB",
                    )));
                }
                let bytes = std::fs::read(path).map_err(|error| unusable(system_reason(&error)))?;
                if let Some(reason) = byte_order_mark(&bytes) {
                    return Err(unusable(reason));
                }
                let text = String::from_utf8(bytes).map_err(|_| {
                    unusable(Message::fixed("不是 UTF-8 文本", "it is not UTF-8 text"))
                })?;
                let secret = text.trim_end_matches(['\r', '\n']);
                if secret.is_empty() {
                    return Err(unusable(Message::fixed("文件为空", "it is empty")));
                }
                Ok(Secret::new(secret.to_owned()))
            }
        }
    }
}

/// Most bytes of a secret's file: a key with its certificates is far below.
const MAX_FILE_SIZE: u64 = 64 << 10;

/// The BOM at the beginning of a file, which no editor shows and no peer takes for a part of a secret.
fn byte_order_mark(bytes: &[u8]) -> Option<Message> {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => Some(Message::fixed(
            "文件以 BOM 开头；请另存为不带 BOM 的 UTF-8",
            "it begins with a BOM; save it as UTF-8 without BOM",
        )),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(Message::fixed(
            "文件是带 BOM 的 UTF-16；请另存为不带 BOM 的 UTF-8",
            "it is UTF-16 with a BOM; save it as UTF-8 without BOM",
        )),
        _ => None,
    }
}

/// A secret as written: the text itself, or a reference to a variable or file.
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
    /// A secret of the job file. A literal one gives a warning, in which `what` names it; `None` gives no warning.
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
