//! How a job file says that files are fetched, resolved.

use std::time::Duration;

use toml::Spanned;

use super::error::ConfigError;
use super::resolver::Resolver;
use super::source::{Fetching, FileNames, Ready};
use super::values::Text;
use super::{quantity, source_section};

impl Resolver<'_> {
    /// The settings that all kinds of source share.
    pub(super) fn fetching(
        &self,
        written: &source_section::Written,
        usually_ready: Ready,
    ) -> Result<Fetching, ConfigError> {
        let usual = Fetching::of_directory();
        let ready = match &written.ready {
            None => usually_ready,
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
            files: match &written.files {
                None => FileNames::default(),
                Some(files) => self.files(files)?,
            },
            ready,
            timeout: self.duration("timeout", &written.timeout, usual.timeout)?,
            attempts: self.number("attempts", &written.attempts, usual.attempts)?,
            retry_wait: self.duration("retry_wait", &written.retry_wait, usual.retry_wait)?,
            deadline: self.duration("deadline", &written.deadline, usual.deadline)?,
            bandwidth,
            connections: self.number("connections", &written.connections, usual.connections)?,
            freshness,
        })
    }

    fn duration(
        &self,
        key: &str,
        written: &Option<Text>,
        usual: Duration,
    ) -> Result<Duration, ConfigError> {
        match written {
            None => Ok(usual),
            Some(text) => self.document.checked("source", key, text.clone(), quantity::duration),
        }
    }

    fn number(
        &self,
        key: &str,
        written: &Option<Spanned<u32>>,
        usual: u32,
    ) -> Result<u32, ConfigError> {
        match written {
            None => Ok(usual),
            Some(number) => self.document.integer("source", key, number),
        }
    }
}
