//! From a job file as written to a [`Job`]: checks every value, fills in the defaults.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;

use crate::model::{Level, Message};

use super::document::{Document, unreadable};
use super::resolver::Resolver;
use super::written::{self, Text};
use super::{
    ConfigError, Cron, CronError, DatedPath, Encoding, Format, GateLimits, Job, Problem, Ready,
    RuleSetting, Schedule, Source, keys, quantity, schedule,
};

/// Reads a job file. `env` looks an environment variable up; a missing one is no error until the
/// secret is needed.
///
/// # Errors
/// The first defect of the file.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Job, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    parse(path, &text, env)
}

/// Reads the text of the job file `path`, as [`load`] does. Nothing is opened.
///
/// # Errors
/// The first defect of the text.
pub fn parse(
    path: &Path,
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Job, ConfigError> {
    // Editors on Windows leave a BOM, which is no part of TOML.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = Document { path, text };
    let written: written::Job = toml::from_str(text).map_err(|error| document.explain(&error))?;
    Resolver { document, env }.job(written)
}

impl Resolver<'_> {
    fn job(&self, written: written::Job) -> Result<Job, ConfigError> {
        let mut warnings = Vec::new();
        let tenant = self.document.needed("", "tenant", written.tenant, None)?;
        let tenant = self.document.checked("", "tenant", tenant, |text| {
            let fits = (1..=64).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
            fits.then(|| text.to_owned())
        })?;
        let timezone = match written.timezone {
            None => chrono_tz::Asia::Shanghai,
            Some(name) => self.document.checked("", "timezone", name, |name| name.parse().ok())?,
        };
        let source = match written.source {
            None => None,
            Some(source) => Some(self.source(source, &mut warnings)?),
        };
        let schedule = match written.schedule {
            None => None,
            Some(schedule) => Some(self.schedule(schedule, source.is_some())?),
        };
        let max_file_size = match written.limits.unwrap_or_default().max_file_size {
            None => Job::MAX_FILE_SIZE,
            Some(size) => self.document.checked("limits", "max_file_size", size, quantity::size)?,
        };
        let alerts = self.alerts(written.alert.unwrap_or_default(), &mut warnings)?;
        let wecom = self.wecom(
            written.corp_id,
            written.public_url,
            written.wecom_app.unwrap_or_default(),
            written.domain_verification.unwrap_or_default(),
            &mut warnings,
        )?;
        Ok(Job {
            path: self.document.path.to_path_buf(),
            tenant,
            name: written.name.map(Spanned::into_inner),
            timezone,
            source,
            format: self.format(written.format.unwrap_or_default())?,
            gate: self.gate(written.gate.unwrap_or_default())?,
            rules: self.rules(written.rules.unwrap_or_default())?,
            schema: written.schema.map(|folder| self.document.beside(folder.get_ref())),
            max_file_size,
            schedule,
            alerts,
            wecom,
            warnings,
        })
    }

    fn source(
        &self,
        written: Spanned<written::Source>,
        warnings: &mut Vec<Message>,
    ) -> Result<Source, ConfigError> {
        let table = written.span();
        let written = written.into_inner();
        let kind = self.document.needed("source", "kind", written.kind.clone(), Some(&table))?;
        let may_hold: &[&str] = match kind.get_ref().as_str() {
            "dir" => keys::OF_DIRECTORIES,
            "ftp" | "ftps" | "ftps-implicit" => keys::OF_FTP,
            "sftp" => keys::OF_SFTP,
            _ => return Err(self.document.bad("source", "kind", kind.span())),
        };
        let stray = written.places().into_iter().find(|(key, _)| !may_hold.contains(key));
        if let Some((key, place)) = stray {
            let kind = kind.get_ref();
            let why = Message::new(
                format!("kind = \"{kind}\" 时没有意义；请删去"),
                format!("means nothing with kind = \"{kind}\"; take it out"),
            );
            return Err(self.document.at("source", key, place, Problem::Unfit(why)));
        }
        match kind.get_ref().as_str() {
            "dir" => self.directory(written, &table),
            "sftp" => self.sftp(written, &table, warnings).map(|s| Source::Sftp(Box::new(s))),
            _ => self.ftp(written, &kind, &table, warnings).map(|s| Source::Ftp(Box::new(s))),
        }
    }

    fn directory(
        &self,
        written: written::Source,
        table: &Range<usize>,
    ) -> Result<Source, ConfigError> {
        let path = self.document.needed("source", "path", written.path.clone(), Some(table))?;
        let path = self.document.checked("source", "path", path, |text| {
            DatedPath::parse(text).filter(|_| !text.is_empty())
        })?;
        let fetching = Box::new(self.fetching(&written, Ready::Now)?);
        Ok(Source::Dir { base: self.document.folder().to_path_buf(), path, fetching })
    }

    fn format(&self, written: written::Format) -> Result<Format, ConfigError> {
        let encoding = match written.encoding {
            None => None,
            Some(name) => self.document.checked("format", "encoding", name, |name| {
                match name.to_ascii_lowercase().as_str() {
                    "auto" => Some(None),
                    "utf-8" | "utf8" => Some(Some(Encoding::Utf8)),
                    "gb18030" | "gbk" | "gb2312" => Some(Some(Encoding::Gb18030)),
                    "utf-16le" => Some(Some(Encoding::Utf16Le)),
                    "utf-16be" => Some(Some(Encoding::Utf16Be)),
                    _ => None,
                }
            })?,
        };
        let delimiter = match written.delimiter {
            None => None,
            Some(text) => {
                self.document.checked("format", "delimiter", text, |text| match text {
                    "auto" => Some(None),
                    _ if text.is_empty() || text.contains(['\r', '\n']) => None,
                    _ => Some(Some(text.to_owned())),
                })?
            }
        };
        let header = match written.header {
            None => None,
            Some(header) => match header.get_ref() {
                written::Header::Flag(flag) => Some(*flag),
                written::Header::Word(word) if word == "auto" => None,
                written::Header::Word(_) => {
                    return Err(self.document.bad("format", "header", header.span()));
                }
            },
        };
        Ok(Format { encoding, delimiter, header })
    }

    fn schedule(
        &self,
        written: Spanned<written::Schedule>,
        has_source: bool,
    ) -> Result<Schedule, ConfigError> {
        let table = written.span();
        let written = written.into_inner();
        if !has_source {
            let why = Message::fixed(
                "没有 [source]，定时运行无从取件；请补上 [source]，或删去 [schedule]",
                "there is no [source] to fetch from; write one, or take [schedule] out",
            );
            return Err(self.document.at("", "schedule", table, Problem::Unfit(why)));
        }
        let text = self.document.needed("schedule", "cron", written.cron, Some(&table))?;
        let cron = Cron::parse(text.get_ref()).map_err(|error| match error {
            CronError::Unreadable => self.document.bad("schedule", "cron", text.span()),
            CronError::BothDays | CronError::Never => {
                let why = Problem::Unfit(error.message());
                self.document.at("schedule", "cron", text.span(), why)
            }
        })?;
        let wait_until = match written.wait_until {
            None => None,
            Some(time) => Some(self.document.checked(
                "schedule",
                "wait_until",
                time,
                schedule::time_of_day,
            )?),
        };
        let retry_every = match written.retry_every {
            None => Schedule::RETRY_EVERY,
            Some(text) => {
                self.document.checked("schedule", "retry_every", text, quantity::duration)?
            }
        };
        Ok(Schedule { cron, wait_until, retry_every })
    }

    fn gate(&self, written: written::Gate) -> Result<GateLimits, ConfigError> {
        let share = |key, written: Option<Text>, default| match written {
            None => Ok(default),
            Some(text) => self.document.checked("gate", key, text, quantity::share),
        };
        let default = GateLimits::default();
        Ok(GateLimits {
            max_quarantined: share(
                "max_quarantined",
                written.max_quarantined,
                default.max_quarantined,
            )?,
            max_detached: share("max_detached", written.max_detached, default.max_detached)?,
            max_vanished: share("max_vanished", written.max_vanished, default.max_vanished)?,
            max_vanished_in_organ: share(
                "max_vanished_in_organ",
                written.max_vanished_in_organ,
                default.max_vanished_in_organ,
            )?,
        })
    }

    fn rules(
        &self,
        written: BTreeMap<String, Text>,
    ) -> Result<BTreeMap<String, RuleSetting>, ConfigError> {
        written
            .into_iter()
            .map(|(name, level)| {
                let line = self.document.position(level.span().start).0;
                let level = self.document.checked("rules", &name, level, Level::from_name)?;
                Ok((name, RuleSetting { level, line }))
            })
            .collect()
    }
}
