//! From a job file as written to a [`Job`]: checks every value, fills in the defaults.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::{Level, Message};

use super::error::{ConfigError, Problem};
use super::secret::{SecretFrom, SecretSource};
use super::written::{self, Text};
use super::{
    DatedPath, Encoding, Format, FtpSource, GateLimits, Job, Ready, RuleSetting, Schedule, Secret,
    Source, Tls, Trust, keys, quantity, schedule,
};

/// Reads a job file. `env` looks an environment variable up; a missing one is no error until the
/// secret is needed.
///
/// # Errors
/// The first defect of the file.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Job, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError {
        file: path.to_path_buf(),
        line: None,
        column: None,
        section: String::new(),
        key: None,
        problem: Problem::Unreadable { reason: error.to_string() },
        expected: None,
    })?;
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
    let document = Document { path, text, env };
    let written: written::Job = toml::from_str(text).map_err(|error| document.explain(&error))?;
    document.job(written)
}

/// A job file at hand.
struct Document<'a> {
    path: &'a Path,
    text: &'a str,
    env: &'a dyn Fn(&str) -> Option<String>,
}

impl Document<'_> {
    fn job(&self, written: written::Job) -> Result<Job, ConfigError> {
        let mut warnings = Vec::new();
        let tenant = self.needed("", "tenant", written.tenant, None)?;
        let tenant = self.checked("", "tenant", tenant, |text| {
            let fits = (1..=64).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
            fits.then(|| text.to_owned())
        })?;
        let timezone = match written.timezone {
            None => chrono_tz::Asia::Shanghai,
            Some(name) => self.checked("", "timezone", name, |name| name.parse().ok())?,
        };
        let source = match written.source {
            None => None,
            Some(source) => Some(self.source(source, &mut warnings)?),
        };
        let schedule = match written.schedule {
            None => None,
            Some(schedule) => Some(self.schedule(schedule, &mut warnings)?),
        };
        let max_file_size = match written.limits.unwrap_or_default().max_file_size {
            None => Job::MAX_FILE_SIZE,
            Some(size) => self.checked("limits", "max_file_size", size, quantity::size)?,
        };
        Ok(Job {
            path: self.path.to_path_buf(),
            tenant,
            name: written.name.map(Spanned::into_inner),
            timezone,
            source,
            format: self.format(written.format.unwrap_or_default())?,
            gate: self.gate(written.gate.unwrap_or_default())?,
            rules: self.rules(written.rules.unwrap_or_default())?,
            schema: written.schema.map(|folder| self.beside(folder.get_ref())),
            max_file_size,
            schedule,
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
        let kind = self.needed("source", "kind", written.kind.clone(), Some(&table))?;
        match kind.get_ref().as_str() {
            "dir" => self.directory(written, &table),
            "ftp" | "ftps" => self.account(written, &kind, &table, warnings).map(Source::Ftp),
            "ftps-implicit" | "sftp" => {
                let why = Message::new(
                    format!(
                        "{} 尚未支持；目前可用 \"ftps\"（显式 TLS）、\"ftp\"、\"dir\"",
                        kind.get_ref()
                    ),
                    format!(
                        "{} is not built yet; what works is \"ftps\" (explicit TLS), \"ftp\" and \"dir\"",
                        kind.get_ref()
                    ),
                );
                Err(self.at("source", "kind", kind.span(), Problem::Unfit(why)))
            }
            _ => Err(self.bad("source", "kind", kind.span())),
        }
    }

    fn directory(
        &self,
        written: written::Source,
        table: &Range<usize>,
    ) -> Result<Source, ConfigError> {
        let stray = [
            ("host", written.host.map(|v| v.span())),
            ("port", written.port.map(|v| v.span())),
            ("username", written.username.map(|v| v.span())),
            ("password", written.password.map(|v| v.span())),
            ("tls", written.tls.map(|v| v.span())),
            ("ready", written.ready.map(|v| v.span())),
            ("timeout", written.timeout.map(|v| v.span())),
            ("attempts", written.attempts.map(|v| v.span())),
            ("retry_wait", written.retry_wait.map(|v| v.span())),
            ("deadline", written.deadline.map(|v| v.span())),
            ("bandwidth", written.bandwidth.map(|v| v.span())),
        ];
        if let Some((key, span)) = stray.into_iter().find_map(|(key, span)| Some((key, span?))) {
            let why = Message::fixed(
                "kind = \"dir\" 时没有意义；请删去",
                "means nothing with kind = \"dir\"; take it out",
            );
            return Err(self.at("source", key, span, Problem::Unfit(why)));
        }
        let path = self.needed("source", "path", written.path, Some(table))?;
        let path = self.checked("source", "path", path, |text| {
            DatedPath::parse(text).filter(|_| !text.is_empty())
        })?;
        Ok(Source::Dir { base: self.folder().to_path_buf(), path })
    }

    fn account(
        &self,
        written: written::Source,
        kind: &Text,
        table: &Range<usize>,
        warnings: &mut Vec<Message>,
    ) -> Result<FtpSource, ConfigError> {
        let one_line = |text: &str| {
            (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
        };
        let host = self.needed("source", "host", written.host, Some(table))?;
        let host = self.checked("source", "host", host, |host| {
            one_line(host).filter(|host| !host.contains(['/', ' ', '@']))
        })?;
        let username = self.needed("source", "username", written.username, Some(table))?;
        let username = self.checked("source", "username", username, one_line)?;
        let password = self.needed("source", "password", written.password, Some(table))?;
        let password = self.password(password, warnings)?;
        let path = match written.path {
            None => DatedPath::default(),
            Some(path) => self.checked("source", "path", path, |text| {
                DatedPath::parse(text).filter(|_| !text.contains(char::is_control))
            })?,
        };
        let port = match written.port {
            None => 21,
            Some(port) if *port.get_ref() > 0 => port.into_inner(),
            Some(port) => return Err(self.bad("source", "port", port.span())),
        };
        let attempts = match written.attempts {
            None => 5,
            Some(attempts) if (1..=100).contains(attempts.get_ref()) => attempts.into_inner(),
            Some(attempts) => return Err(self.bad("source", "attempts", attempts.span())),
        };
        let tls = self.tls(kind, written.tls, warnings)?;
        let ready = match written.ready {
            None => Ready::Now,
            Some(ready) => self.ready(ready)?,
        };
        if ready != Ready::Now {
            warnings.push(Message::fixed(
                "source.ready 已读取，但等待文件就绪的功能尚未完成：到达时即取",
                "source.ready is understood, but waiting for readiness is not built yet: files are \
                 taken as they are",
            ));
        }
        let bandwidth = match written.bandwidth {
            None => None,
            Some(rate) => Some(self.checked("source", "bandwidth", rate, quantity::size)?),
        };
        if bandwidth.is_some() {
            warnings.push(Message::fixed(
                "source.bandwidth 已读取，但限速功能尚未完成：不限速下载",
                "source.bandwidth is understood, but throttling is not built yet: the download is \
                 not slowed",
            ));
        }
        Ok(FtpSource {
            host,
            port,
            path,
            username,
            password,
            tls,
            ready,
            timeout: self.duration("timeout", written.timeout, Duration::from_secs(60))?,
            attempts,
            retry_wait: self.duration("retry_wait", written.retry_wait, Duration::from_secs(5))?,
            deadline: self.duration("deadline", written.deadline, Duration::from_secs(30 * 60))?,
            bandwidth,
        })
    }

    fn duration(
        &self,
        key: &str,
        written: Option<Text>,
        default: Duration,
    ) -> Result<Duration, ConfigError> {
        match written {
            None => Ok(default),
            Some(text) => self.checked("source", key, text, quantity::duration),
        }
    }

    fn password(
        &self,
        written: Spanned<written::Password>,
        warnings: &mut Vec<Message>,
    ) -> Result<SecretSource, ConfigError> {
        let span = written.span();
        let line = self.position(span.start).0;
        let from = match written.into_inner() {
            written::Password::Literal(text) => {
                if text.contains(['\r', '\n']) {
                    return Err(self.bad("source", "password", span));
                }
                let file = self.path.display();
                warnings.push(Message::new(
                    format!("{file}:{line}: 密码明文写在任务文件中；请改用 {{ env = \"变量名\" }} 或 {{ file = \"路径\" }}"),
                    format!(
                        "{file}:{line}: the password stands in the job file; better \
                         {{ env = \"VARIABLE\" }} or {{ file = \"PATH\" }}"
                    ),
                ));
                SecretFrom::Literal(Secret::new(text))
            }
            written::Password::Elsewhere(place) => match (place.env, place.file) {
                (Some(name), None) => {
                    let name = self.checked("source.password", "env", name, |name| {
                        (!name.is_empty()).then(|| name.to_owned())
                    })?;
                    let value = (self.env)(&name).map(Secret::new);
                    SecretFrom::Env(name, value)
                }
                (None, Some(file)) => SecretFrom::File(self.beside(file.get_ref())),
                _ => return Err(self.bad("source", "password", span)),
            },
        };
        let place = self.at("source", "password", span, Problem::MissingKey);
        Ok(SecretSource { from, place })
    }

    fn tls(
        &self,
        kind: &Text,
        written: Option<Spanned<written::Tls>>,
        warnings: &mut Vec<Message>,
    ) -> Result<Tls, ConfigError> {
        if kind.get_ref() == "ftp" {
            if let Some(tls) = written {
                let why = Message::fixed(
                    "kind = \"ftp\" 不加密；需要 TLS 请写 kind = \"ftps\"",
                    "kind = \"ftp\" is not encrypted; for TLS write kind = \"ftps\"",
                );
                return Err(self.at("source", "tls", tls.span(), Problem::Unfit(why)));
            }
            let (file, line) = (self.path.display(), self.position(kind.span().start).0);
            warnings.push(Message::new(
                format!("{file}:{line}: kind = \"ftp\" 不加密，密码和名单以明文传输；服务器支持时请改用 \"ftps\""),
                format!(
                    "{file}:{line}: kind = \"ftp\" is not encrypted: password and rosters travel in \
                     the clear; use \"ftps\" if the server can"
                ),
            ));
            return Ok(Tls::Plain);
        }
        let Some(written) = written else { return Ok(Tls::Explicit(Trust::PublicRoots)) };
        let span = written.span();
        let trust = match (written.get_ref().pin_sha256.clone(), written.get_ref().ca.clone()) {
            (Some(pin), None) => {
                Trust::Pin(self.checked("source.tls", "pin_sha256", pin, pin_bytes)?)
            }
            (None, Some(ca)) => Trust::Ca(self.beside(ca.get_ref())),
            _ => return Err(self.bad("source", "tls", span)),
        };
        Ok(Tls::Explicit(trust))
    }

    fn ready(&self, written: Spanned<written::Ready>) -> Result<Ready, ConfigError> {
        let span = written.span();
        match written.into_inner() {
            written::Ready::Word(word) if word == "now" => Ok(Ready::Now),
            written::Ready::Word(_) => Err(self.bad("source", "ready", span)),
            written::Ready::Table(table) => match (table.stable, table.marker) {
                (Some(stable), None) => self
                    .checked("source.ready", "stable", stable, quantity::duration)
                    .map(Ready::Stable),
                (None, Some(marker)) => self
                    .checked("source.ready", "marker", marker, |name| {
                        let fits = !name.is_empty()
                            && !name.contains(|c: char| c == '/' || c == '\\' || c.is_control());
                        fits.then(|| name.to_owned())
                    })
                    .map(Ready::Marker),
                _ => Err(self.bad("source", "ready", span)),
            },
        }
    }

    fn format(&self, written: written::Format) -> Result<Format, ConfigError> {
        let encoding = match written.encoding {
            None => None,
            Some(name) => self.checked("format", "encoding", name, |name| {
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
            Some(text) => self.checked("format", "delimiter", text, |text| match text {
                "auto" => Some(None),
                _ if text.is_empty() || text.contains(['\r', '\n']) => None,
                _ => Some(Some(text.to_owned())),
            })?,
        };
        let header = match written.header {
            None => None,
            Some(header) => match header.get_ref() {
                written::Header::Flag(flag) => Some(*flag),
                written::Header::Word(word) if word == "auto" => None,
                written::Header::Word(_) => {
                    return Err(self.bad("format", "header", header.span()));
                }
            },
        };
        Ok(Format { encoding, delimiter, header })
    }

    fn schedule(
        &self,
        written: Spanned<written::Schedule>,
        warnings: &mut Vec<Message>,
    ) -> Result<Schedule, ConfigError> {
        let table = written.span();
        let written = written.into_inner();
        let cron = self.needed("schedule", "cron", written.cron, Some(&table))?;
        let cron = self.checked("schedule", "cron", cron, |text| {
            schedule::is_cron(text).then(|| text.to_owned())
        })?;
        let wait_until = match written.wait_until {
            None => None,
            Some(time) => {
                Some(self.checked("schedule", "wait_until", time, schedule::time_of_day)?)
            }
        };
        warnings.push(Message::fixed(
            "[schedule] 已读取，但定时运行的功能尚未完成：请用系统的 cron 调用 orgsnap import",
            "[schedule] is understood, but the scheduler is not built yet: let the system's cron \
             call orgsnap import",
        ));
        Ok(Schedule { cron, wait_until })
    }

    fn gate(&self, written: written::Gate) -> Result<GateLimits, ConfigError> {
        let share = |key, written: Option<Text>, default| match written {
            None => Ok(default),
            Some(text) => self.checked("gate", key, text, quantity::share),
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
                let line = self.position(level.span().start).0;
                let level = self.checked("rules", &name, level, Level::from_name)?;
                Ok((name, RuleSetting { level, line }))
            })
            .collect()
    }

    /// A value that must be there. `table` is the place to complain of when it is not.
    fn needed<T>(
        &self,
        section: &str,
        key: &str,
        value: Option<T>,
        table: Option<&Range<usize>>,
    ) -> Result<T, ConfigError> {
        let span = table.cloned().unwrap_or(0..0);
        value.ok_or_else(|| self.at(section, key, span, Problem::MissingKey))
    }

    /// A value that `read` understands.
    fn checked<T>(
        &self,
        section: &str,
        key: &str,
        value: Text,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        read(value.get_ref()).ok_or_else(|| self.bad(section, key, value.span()))
    }

    /// The job file's folder.
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// A path of the job file, which is relative to the file's folder.
    fn beside(&self, path: &str) -> PathBuf {
        self.folder().join(path)
    }

    fn bad(&self, section: &str, key: &str, span: Range<usize>) -> ConfigError {
        // What stands in place of a password may be one, whatever its type.
        let found = (key != "password").then(|| excerpt(&self.text[span.clone()]));
        self.at(section, key, span, Problem::BadValue { found })
    }

    fn at(&self, section: &str, key: &str, span: Range<usize>, problem: Problem) -> ConfigError {
        let (line, column) = self.position(span.start);
        ConfigError {
            file: self.path.to_path_buf(),
            line: Some(line),
            column: Some(column),
            section: section.to_owned(),
            key: Some(key.to_owned()),
            problem,
            expected: keys::expects(section, key).cloned(),
        }
    }

    /// Line and column of a byte offset, both 1-based.
    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// Turns what serde and toml complain of into a [`ConfigError`]: their text knows no key, but
    /// their span leads to it.
    fn explain(&self, error: &toml::de::Error) -> ConfigError {
        let span = error.span().unwrap_or(self.text.len()..self.text.len());
        let syntax = || {
            let (line, column) = self.position(span.start);
            ConfigError {
                file: self.path.to_path_buf(),
                line: Some(line),
                column: Some(column),
                section: String::new(),
                key: None,
                problem: Problem::Syntax { detail: error.message().to_owned() },
                expected: None,
            }
        };
        let Ok(root) = DeTable::parse(self.text) else { return syntax() };
        match locate(root.get_ref(), &span, "") {
            Some(Located { section, key, is_key: true }) => {
                let suggestion = keys::suggestion(&section, &key);
                let known = keys::known(&section);
                self.at(&section, &key, span.clone(), Problem::UnknownKey { suggestion, known })
            }
            Some(Located { section, key, is_key: false }) => self.bad(&section, &key, span.clone()),
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
        if let DeValue::Table(inner) = value.get_ref() {
            let inner_section =
                if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
            let found = locate(inner, span, &inner_section);
            if found.is_some() {
                return found;
            }
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

/// Reads 64 hex digits, which `openssl x509 -fingerprint` separates by colons.
fn pin_bytes(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|&c| c != ':')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (digits.len() == 64).then_some(bytes)?.try_into().ok()
}
