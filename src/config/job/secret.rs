//! Secrets: where a job file says that they are, and values that do not print.

use std::fmt;
use std::path::PathBuf;

use crate::model::{Message, system_reason};

use super::error::{ConfigError, Problem};

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
