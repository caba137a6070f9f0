//! The job file of one insurer: as written, then resolved.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use crate::model::Level;

/// A resolved job: all paths absolute or relative to the working directory, all defaults filled in.
#[derive(Debug, Clone)]
pub struct Job {
    /// The job file itself.
    pub path: PathBuf,
    /// The tenant id; names the folder below the data folder.
    pub tenant: String,
    /// The insurer's name.
    pub name: Option<String>,
    /// Time zone of the business date.
    pub timezone: chrono_tz::Tz,
    /// Where deliveries come from. A tenant that only takes callbacks has none.
    pub source: Option<Source>,
    /// What the job pins of the files' layout.
    pub format: Format,
    /// Limits of the gate.
    pub gate: GateLimits,
    /// Levels that the job sets, by rule name, with the line where it does.
    pub rules: BTreeMap<String, RuleSetting>,
    /// A folder that replaces the built-in schema.
    pub schema: Option<PathBuf>,
    /// Largest file taken, in bytes (F111).
    pub max_file_size: u64,
}

/// A level set for a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSetting {
    /// The level.
    pub level: Level,
    /// Line in the job file, 1-based.
    pub line: usize,
}

/// Layout of the files, where the job pins it. `None` means: detect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Format {
    /// `utf-8`, `gb18030` (also `gbk`, `gb2312`), `utf-16le`, `utf-16be`.
    pub encoding: Option<Encoding>,
    /// The delimiter, one or more characters.
    pub delimiter: Option<String>,
    /// Whether the first line is a header.
    pub header: Option<bool>,
}

/// An encoding that orgsnap reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without BOM.
    Utf8,
    /// GB18030, of which GBK and GB2312 are parts.
    Gb18030,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
}

/// Limits of the gate, as shares of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateLimits {
    /// Quarantined share of a feed.
    pub max_quarantined: f64,
    /// Detached share of a forest's edges.
    pub max_detached: f64,
    /// Share of rows gone since the last snapshot, once more than 50 rows.
    pub max_vanished: f64,
    /// Share of agents gone within a level-2 organ, once more than 50 agents.
    pub max_vanished_in_organ: f64,
}

impl Default for GateLimits {
    fn default() -> Self {
        GateLimits {
            max_quarantined: 0.01,
            max_detached: 0.01,
            max_vanished: 0.05,
            max_vanished_in_organ: 0.30,
        }
    }
}

/// Where deliveries come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A directory on this machine; the path may hold `{date:%Y%m%d}`.
    Dir {
        /// The directory.
        path: String,
    },
    /// An FTP server.
    Ftp(FtpSource),
}

/// An FTP or FTPS account.
#[derive(Debug, Clone)]
pub struct FtpSource {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Remote directory; may hold `{date:%Y%m%d}`.
    pub path: String,
    /// User name.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// Transport security.
    pub tls: Tls,
    /// Timeout of every socket operation.
    pub timeout: Duration,
    /// Attempts a file, after transient faults.
    pub attempts: u32,
    /// Wait before the second attempt; doubled each time, with jitter.
    pub retry_wait: Duration,
    /// Deadline of the whole fetch.
    pub deadline: Duration,
}

/// Transport security of an FTP account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// `kind = "ftp"`: none.
    Plain,
    /// `kind = "ftps"`: explicit TLS, required.
    Explicit(Trust),
}

/// Whom to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The public roots.
    PublicRoots,
    /// One certificate, by the SHA-256 of its DER form.
    Pin([u8; 32]),
    /// The authorities in a PEM file.
    Ca(PathBuf),
}

/// A secret. `Debug` and `Display` print `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: String) -> Secret {
        Secret(value)
    }

    /// The secret itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
