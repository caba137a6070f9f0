//! `[source] tls`: whether a server uses TLS, and which certificates are trusted.

use serde::Deserialize;
use toml::Spanned;

use crate::model::Message;

use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::resolver::Resolver;
use super::source::{CertificateTrust, Tls};
use super::value_type::ValueType;
use super::values::Text;

/// The keys of `tls = { ... }`.
pub(super) static KEYS: &[Key] = &[
    key(
        "source.tls",
        "pin_sha256",
        ValueType::String,
        "证书（DER）的 SHA-256，64 位十六进制数字，可用冒号分隔",
        "the SHA-256 of the certificate (DER), 64 hex digits, colons allowed",
    ),
    key("source.tls", "ca", ValueType::String, "PEM 文件的路径", "the path of a PEM file"),
    key(
        "source.tls",
        "allow_missing_close_notify",
        ValueType::Boolean,
        "true 或 false",
        "true or false",
    )
    .default("false"),
];

/// `tls = { ... }` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) pin_sha256: Option<Text>,
    pub(super) ca: Option<Text>,
    pub(super) allow_missing_close_notify: Option<bool>,
}

impl Resolver<'_> {
    /// The TLS of a server of this kind.
    pub(super) fn tls(
        &self,
        kind: &Text,
        written: Option<Spanned<Written>>,
        warnings: &mut Vec<Message>,
    ) -> Result<Tls, ConfigError> {
        if kind.get_ref() == "ftp" {
            if let Some(tls) = written {
                let why = Message::fixed(
                    "kind = \"ftp\" 不加密；需要 TLS 请写 kind = \"ftps\"",
                    "kind = \"ftp\" is not encrypted; for TLS write kind = \"ftps\"",
                );
                return Err(self.document.error_at(
                    "source",
                    "tls",
                    tls.span(),
                    Problem::Unfit(why),
                ));
            }
            let (file, line) =
                (self.document.path.display(), self.document.position(kind.span().start).0);
            warnings.push(Message::new(
                format!("{file}:{line}: kind = \"ftp\" 不加密，密码和数据以明文传输；服务器支持时请改用 \"ftps\""),
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

    fn trust(&self, written: Spanned<Written>) -> Result<CertificateTrust, ConfigError> {
        let span = written.span();
        let written = written.into_inner();
        match (written.pin_sha256, written.ca) {
            (Some(pin), None) => self
                .document
                .checked("source.tls", "pin_sha256", pin, pin_bytes)
                .map(CertificateTrust::Pin),
            (None, Some(ca)) => Ok(CertificateTrust::Ca(self.document.resolve_path(ca.get_ref()))),
            (None, None) if written.allow_missing_close_notify.is_some() => {
                Ok(CertificateTrust::PublicRoots)
            }
            _ => Err(self.document.invalid_value("source", "tls", span)),
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
