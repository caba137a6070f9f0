//! The address of a server: a URL, as PostgreSQL's own programs take it, with stricter defaults.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use postgres::Config;
use postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::model::Message;
use crate::store::error::StoreError;

/// How long to wait for a connection to one host.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long data that was sent may stay without an answer of the network.
const NETWORK_TIMEOUT: Duration = Duration::from_secs(60);

/// Into how many partitions the tables are divided, when they are made.
const PARTITIONS: u32 = 64;

/// How long one statement may take, in seconds.
const STATEMENT_TIMEOUT: u32 = 3_600;

/// Where a store is and how it is reached.
#[derive(Clone)]
pub(super) struct ServerAddress {
    pub(super) config: Config,
    /// Hosts and database, without any secret.
    pub(super) label: String,
    /// Whether the connection is encrypted. It is unless the URL says otherwise.
    pub(super) has_tls: bool,
    /// Certificates to trust, in place of the public ones.
    pub(super) root_certificates: Option<PathBuf>,
    pub(super) partitions: u32,
    pub(super) statement_timeout: u32,
}

impl std::fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.label)
    }
}

fn unusable(zh: impl Into<String>, en: impl Into<String>) -> StoreError {
    StoreError::ServerUrl { why: Message::new(zh.into(), en.into()) }
}

impl ServerAddress {
    /// Reads a URL. No part of it stands in an error, as it may hold a password.
    ///
    /// # Errors
    /// [`StoreError::ServerUrl`].
    pub(super) fn parse(url: &str) -> Result<ServerAddress, StoreError> {
        if !["postgresql://", "postgres://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(unusable(
                "须以 postgresql:// 开头",
                "it does not begin with postgresql://",
            ));
        }
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut has_tls, mut root_certificates) = (true, None);
        let (mut partitions, mut statement_timeout) = (PARTITIONS, STATEMENT_TIMEOUT);
        // The server's own settings go on as they are.
        let mut others = Vec::new();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let number = |most: u32| {
                let number = value.parse().ok().filter(|n: &u32| (1..=most).contains(n));
                number.ok_or_else(|| {
                    unusable(
                        format!("{key} 须为 1 到 {most} 的整数"),
                        format!("{key} is no number from 1 to {most}"),
                    )
                })
            };
            match (&*key, &*value) {
                ("sslmode", "require" | "verify-full") => has_tls = true,
                ("sslmode", "disable") => has_tls = false,
                ("sslmode", _) => {
                    return Err(unusable(
                        "sslmode 只能是 require、verify-full（两者都校验证书）或 disable",
                        "sslmode is none of require, verify-full (both check the certificate) and disable",
                    ));
                }
                ("sslrootcert", path) => root_certificates = Some(PathBuf::from(path)),
                ("hash_partitions", _) => partitions = number(1_024)?,
                ("statement_timeout", _) => statement_timeout = number(86_400)?,
                _ => others.push((key.into_owned(), value.into_owned())),
            }
        }
        let mut known = base.to_owned();
        if !others.is_empty() {
            let query =
                url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&others).finish();
            // The parser decodes percent signs alone.
            known = format!("{base}?{}", query.replace('+', "%20"));
        }
        // What the parser says may name a value.
        let mut config = Config::from_str(&known).map_err(|_| {
            unusable("格式有误", "it is no URL of a server, or has an unknown setting")
        })?;
        if config.get_hosts().is_empty() || config.get_dbname().is_none() {
            return Err(unusable(
                "缺少主机或数据库名",
                "it lacks a host or the name of a database",
            ));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.tcp_user_timeout(NETWORK_TIMEOUT);
        config.keepalives_idle(NETWORK_TIMEOUT);
        config.application_name("orgsnap");
        config.ssl_mode(if has_tls { SslMode::Require } else { SslMode::Disable });
        if config.get_target_session_attrs() == TargetSessionAttrs::Any {
            // Of several hosts the one that can be written.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let label = label(&config);
        Ok(ServerAddress {
            config,
            label,
            has_tls,
            root_certificates,
            partitions,
            statement_timeout,
        })
    }
}

fn label(config: &Config) -> String {
    let ports = config.get_ports();
    let host = |(at, host): (usize, &Host)| {
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(5_432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(path) => format!("{}:{port}", path.display()),
        }
    };
    let hosts: Vec<String> = config.get_hosts().iter().enumerate().map(host).collect();
    format!("{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_required_unless_the_url_says_otherwise() {
        let has_tls = |url: &str| ServerAddress::parse(url).unwrap().has_tls;
        assert!(has_tls("postgresql://u:secret@db.example.com/org"));
        assert!(has_tls("postgres://u@db.example.com/org?sslmode=verify-full"));
        assert!(!has_tls("postgresql://u@localhost/org?sslmode=disable"));
    }

    #[test]
    fn a_wrong_url_is_refused_without_a_word_of_its_password() {
        for url in [
            "postgresql://u:secret@db.example.com/org?sslmode=prefer",
            "postgresql://u:secret@db.example.com:port/org",
            "postgresql://u:secret@db.example.com",
            "postgresql://u:secret@db.example.com/org?hash_partitions=secret",
            "postgresql://u:secret@db.example.com/org?secret=1",
            "mysql://u:secret@db.example.com/org",
        ] {
            let error = ServerAddress::parse(url).unwrap_err();
            let message = error.message();
            assert!(matches!(error, StoreError::ServerUrl { .. }), "{url}");
            for text in [&*message.zh, &*message.en] {
                assert!(!text.contains("secret"), "{url}: {text}");
            }
        }
    }

    #[test]
    fn several_hosts_are_named_and_the_writable_one_is_wanted() {
        let url = "postgresql://u:secret@one:5433,two:5434/org";
        let address = ServerAddress::parse(url).unwrap();
        assert_eq!(address.label, "one:5433,two:5434/org");
        assert_eq!(address.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(format!("{address:?}"), "one:5433,two:5434/org");
    }
}
