//! How a job file says that files are fetched, resolved.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;

use crate::model::{Feed, Message};

use super::resolver::Resolver;
use super::written::{self, Text};
use super::{ConfigError, DatedPath, Fetching, FileNames, Problem, Ready, keys, quantity};

impl Ready {
    /// What holds for a server about which nothing else is said. Files there are taken for complete
    /// once they have rested: that a file is still being uploaded shows by nothing else.
    pub(super) fn of_servers() -> Ready {
        Ready::Stable { wait: Duration::from_secs(30), polls: 2, min_size: 1 }
    }
}

impl Resolver<'_> {
    /// The settings that all kinds of source share.
    pub(super) fn fetching(
        &self,
        written: &written::Source,
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
            attempts: self.number("attempts", &written.attempts, 1..=100, usual.attempts)?,
            retry_wait: self.duration("retry_wait", &written.retry_wait, usual.retry_wait)?,
            deadline: self.duration("deadline", &written.deadline, usual.deadline)?,
            bandwidth,
            connections: self.number(
                "connections",
                &written.connections,
                1..=4,
                usual.connections,
            )?,
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
        range: std::ops::RangeInclusive<u32>,
        usual: u32,
    ) -> Result<u32, ConfigError> {
        match written {
            None => Ok(usual),
            Some(number) if range.contains(number.get_ref()) => Ok(*number.get_ref()),
            Some(number) => Err(self.document.bad("source", key, number.span())),
        }
    }

    fn files(&self, written: &Spanned<BTreeMap<String, Text>>) -> Result<FileNames, ConfigError> {
        let mut files = FileNames::default();
        for (key, name) in written.get_ref() {
            let Some(feed) = Feed::from_name(key) else {
                let problem = Problem::UnknownKey {
                    suggestion: keys::suggestion("source.files", key),
                    known: keys::known("source.files"),
                };
                return Err(self.document.at("source.files", key, name.span(), problem));
            };
            let dated = self.document.checked("source.files", key, name.clone(), file_name)?;
            if files.names.iter().flatten().any(|other| *other == dated) {
                let why = Message::fixed(
                    "与另一个文件同名；每个文件须有自己的名称",
                    "is the name of another file too; each needs its own",
                );
                return Err(self.document.at(
                    "source.files",
                    key,
                    name.span(),
                    Problem::Unfit(why),
                ));
            }
            files.names[feed] = Some(dated);
        }
        Ok(files)
    }

    fn ready(&self, written: &Spanned<written::Ready>) -> Result<Ready, ConfigError> {
        let bad = || Err(self.document.bad("source", "ready", written.span()));
        let table = match written.get_ref() {
            written::Ready::Word(word) if word == "now" => return Ok(Ready::Now),
            written::Ready::Word(_) => return bad(),
            written::Ready::Table(table) => table,
        };
        match (&table.stable, &table.marker) {
            (Some(wait), None) => {
                let section = "source.ready";
                let wait =
                    self.document.checked(section, "stable", wait.clone(), quantity::duration)?;
                let polls = match &table.polls {
                    None => 2,
                    Some(polls) if (2..=100).contains(polls.get_ref()) => *polls.get_ref(),
                    Some(polls) => return Err(self.document.bad(section, "polls", polls.span())),
                };
                let min_size = match &table.min_size {
                    None => 1,
                    Some(size) => {
                        self.document.checked(section, "min_size", size.clone(), quantity::size)?
                    }
                };
                Ok(Ready::Stable { wait, polls, min_size })
            }
            (None, Some(marker)) if table.polls.is_none() && table.min_size.is_none() => self
                .document
                .checked("source.ready", "marker", marker.clone(), file_name)
                .map(Ready::Marker),
            _ => bad(),
        }
    }
}

/// A bare file name, which may hold `{date:%Y%m%d}`.
fn file_name(text: &str) -> Option<DatedPath> {
    let fits = !text.is_empty()
        && !text.contains(|c: char| c == '/' || c == '\\' || c.is_control())
        && text != "."
        && text != "..";
    DatedPath::parse(text).filter(|_| fits)
}
