//! How the FTP servers of the tests are secured.

use std::fs;
use std::path::Path;
use std::process::Command;

/// How a server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// Not at all.
    Plain,
    /// By TLS after AUTH.
    Explicit(Version),
    /// By TLS from the first byte.
    Implicit(Version),
}

/// The version of TLS that a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Any,
    Tls12,
    Tls13,
}

impl Security {
    /// What job files call it.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Security::Plain => "ftp",
            Security::Explicit(_) => "ftps",
            Security::Implicit(_) => "ftps-implicit",
        }
    }

    pub(super) fn is_tls12(self) -> bool {
        matches!(self, Security::Explicit(Version::Tls12) | Security::Implicit(Version::Tls12))
    }
}

/// Lets a server that uses OpenSSL speak one version of TLS only, whatever its own settings can say.
pub(super) fn limit_tls(command: &mut Command, dir: &Path, security: Security) {
    let version = match security {
        Security::Explicit(Version::Tls12) | Security::Implicit(Version::Tls12) => "TLSv1.2",
        Security::Explicit(Version::Tls13) | Security::Implicit(Version::Tls13) => "TLSv1.3",
        _ => return,
    };
    let config = dir.join("openssl.cnf");
    let text = format!(
        "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = limits\n[limits]\n\
         MinProtocol = {version}\nMaxProtocol = {version}\n"
    );
    fs::write(&config, text).unwrap();
    command.env("OPENSSL_CONF", config);
}
