//! Resolves `[source]` of an FTP or SFTP server.

use std::ops::Range;

use toml::Spanned;

use crate::model::Message;

use super::dated_path::DatedPath;
use super::error::{ConfigError, Problem};
use super::format::Encoding;
use super::resolver::Resolver;
use super::source::{FtpSource, NameEncoding, Ready, SftpSource};
use super::values::Text;
use super::{host_key, secret, source_section};

impl Resolver<'_> {
    /// An account of kind `ftp`, `ftps` or `ftps-implicit`; `table` is the span of `[source]`.
    pub(super) fn ftp(
        &self,
        written: source_section::Written,
        kind: &Text,
        table: &Range<usize>,
        warnings: &mut Vec<Message>,
    ) -> Result<FtpSource, ConfigError> {
        let fetching = self.fetching(&written, Ready::default_for_servers())?;
        let data_connections = self.data_connections(&written)?;
        let (host, username) = self.host_and_user(&written, table)?;
        let password =
            self.document.required("source", "password", written.password, Some(table))?;
        let what = Message::fixed("密码", "the password");
        let password = self.secret("source", "password", password, Some(&what), warnings)?;
        let path = self.remote_path(written.path)?;
        let default = if kind.get_ref() == "ftps-implicit" { 990 } else { 21 };
        let port = self.port(written.port, default)?;
        let encoding = self.name_encoding(written.encoding)?;
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
            data_connections,
            allow_missing_close_notify: allow_missing_close_notify.unwrap_or(false),
            encoding,
            fetching,
        })
    }

    /// An account of kind `sftp`.
    pub(super) fn sftp(
        &self,
        written: source_section::Written,
        table: &Range<usize>,
        warnings: &mut Vec<Message>,
    ) -> Result<SftpSource, ConfigError> {
        let fetching = self.fetching(&written, Ready::default_for_servers())?;
        let (host, username) = self.host_and_user(&written, table)?;
        if written.password.is_none() && written.key.is_none() {
            return Err(self.document.error_at(
                "source",
                "password",
                table.clone(),
                Problem::MissingKey,
            ));
        }
        let mut secret = |key, what: Message, written: Option<Spanned<secret::Written>>| {
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
                let file = self.document.required("source.key", "file", file, Some(&place))?;
                Some(self.document.resolve_path(file.get_ref()))
            }
        };
        let host_key = match written.host_key {
            None => None,
            Some(text) => {
                Some(self.document.checked("source", "host_key", text, host_key::fingerprint)?)
            }
        };
        let algorithms = self.algorithms(written.algorithms, warnings)?;
        Ok(SftpSource {
            host,
            port: self.port(written.port, 22)?,
            path: self.remote_path(written.path)?,
            username,
            password,
            key,
            key_passphrase,
            host_key,
            algorithms,
            encoding: self.name_encoding(written.encoding)?,
            fetching,
        })
    }

    fn host_and_user(
        &self,
        written: &source_section::Written,
        table: &Range<usize>,
    ) -> Result<(String, String), ConfigError> {
        let one_line = |text: &str| {
            (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
        };
        let host = self.document.required("source", "host", written.host.clone(), Some(table))?;
        let host = self.document.checked("source", "host", host, |host| {
            one_line(host).filter(|host| !host.contains(['/', ' ', '@']))
        })?;
        let username = written.username.clone();
        let username = self.document.required("source", "username", username, Some(table))?;
        let username = self.document.checked("source", "username", username, one_line)?;
        Ok((host, username))
    }

    fn name_encoding(&self, written: Option<Text>) -> Result<NameEncoding, ConfigError> {
        let Some(name) = written else { return Ok(NameEncoding::Auto) };
        self.document.checked("source", "encoding", name, |name| match Encoding::from_name(name) {
            Some(Encoding::Utf8) => Some(NameEncoding::Utf8),
            Some(Encoding::Gb18030) => Some(NameEncoding::Gb18030),
            Some(Encoding::Utf16Le | Encoding::Utf16Be) => None,
            None => name.eq_ignore_ascii_case("auto").then_some(NameEncoding::Auto),
        })
    }

    fn remote_path(&self, written: Option<Text>) -> Result<DatedPath, ConfigError> {
        match written {
            None => Ok(DatedPath::default()),
            Some(path) => self.document.checked("source", "path", path, |text| {
                DatedPath::parse(text).filter(|_| !text.contains(char::is_control))
            }),
        }
    }

    fn port(&self, written: Option<Spanned<u16>>, default: u16) -> Result<u16, ConfigError> {
        match written {
            None => Ok(default),
            Some(port) => self.document.integer("source", "port", &port),
        }
    }
}
