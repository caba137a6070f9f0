//! Resolves the keys of `[source]` that control fetching.

use std::time::Duration;

use toml::Spanned;

use super::error::ConfigError;
use super::resolver::Resolver;
use super::source::{Fetching, FileNames, Ready};
use super::values::Text;
use super::{file_names, quantity, source_section};

impl Resolver<'_> {
    /// The settings that all kinds of source share.
    pub(super) fn fetching(
        &self,
        written: &source_section::Written,
        default_ready: Ready,
    ) -> Result<Fetching, ConfigError> {
        let default = Fetching::default_for_directories();
        let ready = match &written.ready {
            None => default_ready,
            Some(ready) => self.ready(ready)?,
        };
        let bandwidth = match &written.bandwidth {
            None => None,
            Some(rate) => {
                Some(self.document.checked("source", "bandwidth", rate.clone(), quantity::size)?)
            }
        };
        let freshness = match &written.freshness {
            None => None,
            Some(age) => Some(self.document.checked(
                "source",
                "freshness",
                age.clone(),
                quantity::duration,
            )?),
        };
        Ok(Fetching {
            files: FileNames {
                zip: match &written.zip {
                    None => None,
                    Some(zip) => Some(self.document.checked(
                        "source",
                        "zip",
                        zip.clone(),
                        file_names::file_name,
                    )?),
                },
                ..match &written.files {
                    None => FileNames::default(),
                    Some(files) => self.files(files)?,
                }
            },
            ready,
            timeout: self.duration("timeout", &written.timeout, default.timeout)?,
            attempts: self.number("attempts", &written.attempts, default.attempts)?,
            retry_wait: self.duration("retry_wait", &written.retry_wait, default.retry_wait)?,
            deadline: self.duration("deadline", &written.deadline, default.deadline)?,
            bandwidth,
            connections: self.number("connections", &written.connections, default.connections)?,
            freshness,
        })
    }

    fn duration(
        &self,
        key: &str,
        written: &Option<Text>,
        default: Duration,
    ) -> Result<Duration, ConfigError> {
        match written {
            None => Ok(default),
            Some(text) => self.document.checked("source", key, text.clone(), quantity::duration),
        }
    }

    fn number(
        &self,
        key: &str,
        written: &Option<Spanned<u32>>,
        default: u32,
    ) -> Result<u32, ConfigError> {
        match written {
            None => Ok(default),
            Some(number) => self.document.integer("source", key, number),
        }
    }
}
