//! The FTP account of a job file, resolved.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;

use crate::model::Message;

use super::resolve::Resolver;
use super::written::{self, Text};
use super::{ConfigError, DatedPath, FtpSource, Problem, Ready, Tls, Trust, quantity};

impl Resolver<'_> {
    /// An account of kind `ftp` or `ftps`; `table` is the place of `[source]`.
    pub(super) fn account(
        &self,
        written: written::Source,
        kind: &Text,
        table: &Range<usize>,
        warnings: &mut Vec<Message>,
    ) -> Result<FtpSource, ConfigError> {
        let one_line = |text: &str| {
            (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
        };
        let host = self.document.needed("source", "host", written.host, Some(table))?;
        let host = self.document.checked("source", "host", host, |host| {
            one_line(host).filter(|host| !host.contains(['/', ' ', '@']))
        })?;
        let username = self.document.needed("source", "username", written.username, Some(table))?;
        let username = self.document.checked("source", "username", username, one_line)?;
        let password = self.document.needed("source", "password", written.password, Some(table))?;
        let what = Message::fixed("密码", "the password");
        let password = self.secret("source", "password", password, Some(&what), warnings)?;
        let path = match written.path {
            None => DatedPath::default(),
            Some(path) => self.document.checked("source", "path", path, |text| {
                DatedPath::parse(text).filter(|_| !text.contains(char::is_control))
            })?,
        };
        let port = match written.port {
            None => 21,
            Some(port) if *port.get_ref() > 0 => port.into_inner(),
            Some(port) => return Err(self.document.bad("source", "port", port.span())),
        };
        let attempts = match written.attempts {
            None => 5,
            Some(attempts) if (1..=100).contains(attempts.get_ref()) => attempts.into_inner(),
            Some(attempts) => return Err(self.document.bad("source", "attempts", attempts.span())),
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
            Some(rate) => {
                Some(self.document.checked("source", "bandwidth", rate, quantity::size)?)
            }
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
            Some(text) => self.document.checked("source", key, text, quantity::duration),
        }
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
                return Err(self.document.at("source", "tls", tls.span(), Problem::Unfit(why)));
            }
            let (file, line) =
                (self.document.path.display(), self.document.position(kind.span().start).0);
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
                Trust::Pin(self.document.checked("source.tls", "pin_sha256", pin, pin_bytes)?)
            }
            (None, Some(ca)) => Trust::Ca(self.document.beside(ca.get_ref())),
            _ => return Err(self.document.bad("source", "tls", span)),
        };
        Ok(Tls::Explicit(trust))
    }

    fn ready(&self, written: Spanned<written::Ready>) -> Result<Ready, ConfigError> {
        let span = written.span();
        match written.into_inner() {
            written::Ready::Word(word) if word == "now" => Ok(Ready::Now),
            written::Ready::Word(_) => Err(self.document.bad("source", "ready", span)),
            written::Ready::Table(table) => match (table.stable, table.marker) {
                (Some(stable), None) => self
                    .document
                    .checked("source.ready", "stable", stable, quantity::duration)
                    .map(Ready::Stable),
                (None, Some(marker)) => self
                    .document
                    .checked("source.ready", "marker", marker, |name| {
                        let fits = !name.is_empty()
                            && !name.contains(|c: char| c == '/' || c == '\\' || c.is_control());
                        fits.then(|| name.to_owned())
                    })
                    .map(Ready::Marker),
                _ => Err(self.document.bad("source", "ready", span)),
            },
        }
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
