//! The account of a job file on an FTP or SFTP server, resolved.

use std::ops::Range;

use toml::Spanned;

use crate::model::Message;

use super::resolver::Resolver;
use super::written::{self, Text};
use super::{
    CertificateTrust, ConfigError, DatedPath, FtpSource, NameEncoding, Problem, Ready, SftpSource,
    Tls, host_key,
};

impl Resolver<'_> {
    /// An account of kind `ftp`, `ftps` or `ftps-implicit`; `table` is the place of `[source]`.
    pub(super) fn ftp(
        &self,
        written: written::Source,
        kind: &Text,
        table: &Range<usize>,
        warnings: &mut Vec<Message>,
    ) -> Result<FtpSource, ConfigError> {
        let fetching = self.fetching(&written, Ready::of_servers())?;
        let (host, username) = self.host_and_user(&written, table)?;
        let password = self.document.needed("source", "password", written.password, Some(table))?;
        let what = Message::fixed("密码", "the password");
        let password = self.secret("source", "password", password, Some(&what), warnings)?;
        let path = self.directory_of(written.path)?;
        let usual = if kind.get_ref() == "ftps-implicit" { 990 } else { 21 };
        let port = self.port(written.port, usual)?;
        let encoding = match written.encoding {
            None => NameEncoding::Auto,
            Some(name) => self.document.checked("source", "encoding", name, |name| {
                match name.to_ascii_lowercase().as_str() {
                    "auto" => Some(NameEncoding::Auto),
                    "utf-8" | "utf8" => Some(NameEncoding::Utf8),
                    "gb18030" | "gbk" | "gb2312" => Some(NameEncoding::Gb18030),
                    _ => None,
                }
            })?,
        };
        let allow_missing_close_notify =
            written.tls.as_ref().and_then(|tls| tls.get_ref().allow_missing_close_notify);
        let tls = self.tls(kind, written.tls, warnings)?;
        Ok(FtpSource {
            host,
            port,
            path,
            username,
            password,
            tls,
            allow_missing_close_notify: allow_missing_close_notify.unwrap_or(false),
            encoding,
            fetching,
        })
    }

    /// An account of kind `sftp`.
    pub(super) fn sftp(
        &self,
        written: written::Source,
        table: &Range<usize>,
        warnings: &mut Vec<Message>,
    ) -> Result<SftpSource, ConfigError> {
        let fetching = self.fetching(&written, Ready::of_servers())?;
        let (host, username) = self.host_and_user(&written, table)?;
        if written.password.is_none() && written.key.is_none() {
            return Err(self.document.at("source", "password", table.clone(), Problem::MissingKey));
        }
        let mut secret = |key, what: Message, written: Option<Spanned<written::Secret>>| {
            let read = |written| self.secret("source", key, written, Some(&what), warnings);
            written.map(read).transpose()
        };
        let what = Message::fixed("密码", "the password");
        let password = secret("password", what, written.password)?;
        let what = Message::fixed("私钥口令", "the passphrase of the key");
        let key_passphrase = secret("key_passphrase", what, written.key_passphrase)?;
        let key = match written.key {
            None => None,
            Some(key) => {
                let place = key.span();
                let file = key.into_inner().file;
                let file = self.document.needed("source.key", "file", file, Some(&place))?;
                Some(self.document.beside(file.get_ref()))
            }
        };
        let host_key = match written.host_key {
            None => None,
            Some(text) => {
                Some(self.document.checked("source", "host_key", text, host_key::fingerprint)?)
            }
        };
        Ok(SftpSource {
            host,
            port: self.port(written.port, 22)?,
            path: self.directory_of(written.path)?,
            username,
            password,
            key,
            key_passphrase,
            host_key,
            fetching,
        })
    }

    fn host_and_user(
        &self,
        written: &written::Source,
        table: &Range<usize>,
    ) -> Result<(String, String), ConfigError> {
        let one_line = |text: &str| {
            (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
        };
        let host = self.document.needed("source", "host", written.host.clone(), Some(table))?;
        let host = self.document.checked("source", "host", host, |host| {
            one_line(host).filter(|host| !host.contains(['/', ' ', '@']))
        })?;
        let username = written.username.clone();
        let username = self.document.needed("source", "username", username, Some(table))?;
        let username = self.document.checked("source", "username", username, one_line)?;
        Ok((host, username))
    }

    fn directory_of(&self, written: Option<Text>) -> Result<DatedPath, ConfigError> {
        match written {
            None => Ok(DatedPath::default()),
            Some(path) => self.document.checked("source", "path", path, |text| {
                DatedPath::parse(text).filter(|_| !text.contains(char::is_control))
            }),
        }
    }

    fn port(&self, written: Option<Spanned<u16>>, usual: u16) -> Result<u16, ConfigError> {
        match written {
            None => Ok(usual),
            Some(port) if *port.get_ref() > 0 => Ok(port.into_inner()),
            Some(port) => Err(self.document.bad("source", "port", port.span())),
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
        let trust = match written {
            None => CertificateTrust::PublicRoots,
            Some(written) => self.trust(written)?,
        };
        Ok(match kind.get_ref().as_str() {
            "ftps-implicit" => Tls::Implicit(trust),
            _ => Tls::Explicit(trust),
        })
    }

    fn trust(&self, written: Spanned<written::Tls>) -> Result<CertificateTrust, ConfigError> {
        let span = written.span();
        let written = written.into_inner();
        match (written.pin_sha256, written.ca) {
            (Some(pin), None) => self
                .document
                .checked("source.tls", "pin_sha256", pin, pin_bytes)
                .map(CertificateTrust::Pin),
            (None, Some(ca)) => Ok(CertificateTrust::Ca(self.document.beside(ca.get_ref()))),
            (None, None) if written.allow_missing_close_notify.is_some() => {
                Ok(CertificateTrust::PublicRoots)
            }
            _ => Err(self.document.bad("source", "tls", span)),
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
