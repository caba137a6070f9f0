//! Where deliveries come from, resolved.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveDate;

use crate::model::{Feed, PerFeed, is_gzip};

use super::dated_path::DatedPath;
use super::secret::SecretSource;

/// Where deliveries come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A directory on this machine.
    Dir {
        /// What a relative `path` is relative to: the job file's folder.
        base: PathBuf,
        /// The directory; may hold `{date:%Y%m%d}`.
        path: DatedPath,
        /// How the files are looked for there.
        fetching: Box<Fetching>,
    },
    /// An FTP server.
    Ftp(Box<FtpSource>),
    /// An SFTP server.
    Sftp(Box<SftpSource>),
}

impl Source {
    /// The directory `path` exactly as given: braces in it are not date patterns.
    pub fn dir(path: &Path) -> Source {
        Source::Dir {
            base: path.to_path_buf(),
            path: DatedPath::default(),
            fetching: Box::new(Fetching::default_for_directories()),
        }
    }

    /// The directory `path`, which is given in place of the source of a job: its files may have the names that they
    /// have there.
    pub fn dir_instead_of(path: &Path, source: Option<&Source>) -> Source {
        let mut dir = Source::dir(path);
        if let Some(source) = source {
            let files = source.fetching().files.clone();
            dir.fetching_mut().files = FileNames { usual_too: true, ..files };
        }
        dir
    }

    /// Whether the deliveries of two dates have different places or names.
    pub fn is_dated(&self) -> bool {
        let path = match self {
            Source::Dir { path, .. } => path,
            Source::Ftp(account) => &account.path,
            Source::Sftp(account) => &account.path,
        };
        path.is_dated() || self.fetching().files.are_dated()
    }

    /// Whether the files come over a network: what lies there may be yesterday's.
    pub fn is_remote(&self) -> bool {
        !matches!(self, Source::Dir { .. })
    }

    /// How the files are fetched.
    pub fn fetching(&self) -> &Fetching {
        match self {
            Source::Dir { fetching, .. } => fetching,
            Source::Ftp(account) => &account.fetching,
            Source::Sftp(account) => &account.fetching,
        }
    }

    /// How the files are fetched, to be changed.
    pub fn fetching_mut(&mut self) -> &mut Fetching {
        match self {
            Source::Dir { fetching, .. } => fetching,
            Source::Ftp(account) => &mut account.fetching,
            Source::Sftp(account) => &mut account.fetching,
        }
    }
}

/// What holds for all sources: what the files are called, and how long to wait for them.
///
/// Only `files`, `ready`, `deadline` and `freshness` apply to a directory; the rest is about connections.
#[derive(Debug, Clone)]
pub struct Fetching {
    /// What the files are called at the source.
    pub files: FileNames,
    /// When a delivery counts as complete.
    pub ready: Ready,
    /// Timeout of every operation on a socket.
    pub timeout: Duration,
    /// Attempts a file, after transient faults; at least 1. A set that changed meanwhile is fetched
    /// anew as often.
    pub attempts: u32,
    /// Wait before the second attempt; doubled each time, with jitter.
    pub retry_wait: Duration,
    /// Deadline of the whole fetch, the wait for readiness included.
    pub deadline: Duration,
    /// Most bytes a second, over all connections; `None` is unlimited.
    pub bandwidth: Option<u64>,
    /// Connections side by side, 1 to 4.
    pub connections: u32,
    /// A file older than this is stale (F110); `None` is any age.
    pub freshness: Option<Duration>,
}

impl Fetching {
    /// The defaults for a directory: files are complete at once.
    pub fn default_for_directories() -> Fetching {
        Fetching {
            files: FileNames::default(),
            ready: Ready::Now,
            timeout: Duration::from_secs(60),
            attempts: 5,
            retry_wait: Duration::from_secs(5),
            deadline: Duration::from_secs(30 * 60),
            bandwidth: None,
            connections: 2,
            freshness: None,
        }
    }
}

/// The names of the files at the source, where they are not those of the schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileNames {
    pub(super) names: PerFeed<Option<DatedPath>>,
    pub(super) zip: Option<DatedPath>,
    /// The names of the schema count too: for a folder that is given in place of the source.
    pub usual_too: bool,
}

impl FileNames {
    /// Whether the names of all files say a date.
    fn are_dated(&self) -> bool {
        let is_dated = |name: &Option<DatedPath>| name.as_ref().is_some_and(DatedPath::is_dated);
        is_dated(&self.zip) || self.names.iter().all(is_dated)
    }

    /// Names the file of a feed.
    pub fn name(&mut self, feed: Feed, name: DatedPath) {
        self.names[feed] = Some(name);
    }

    /// The name of the zip file that holds the files, on a business date, if there is one.
    pub fn zip_on(&self, date: NaiveDate) -> Option<String> {
        self.zip.as_ref().map(|name| name.on(date))
    }

    /// The name of a feed's file on a business date; `None` means that of the schema.
    pub fn on(&self, feed: Feed, date: NaiveDate) -> Option<String> {
        self.names[feed].as_ref().map(|name| name.on(date))
    }
}

impl FileNames {
    /// The newest date before `date` of which these names have a file, or the newest of all if none is before it; `None`
    /// where no name says a date.
    pub fn newest_before(&self, date: NaiveDate, names: &[String]) -> Option<NaiveDate> {
        let bare = |name: &String| {
            let plain = name.len() - if is_gzip(name) { 3 } else { 0 };
            name[..plain].to_owned()
        };
        let dates = || {
            let patterns = self.names.iter().flatten();
            patterns
                .flat_map(|pattern| names.iter().filter_map(|name| pattern.date_in(&bare(name))))
        };
        dates().filter(|found| *found < date).max().or_else(|| dates().max())
    }
}

/// When a delivery counts as complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// As soon as files are there.
    Now,
    /// When size and time of all four files have not changed for a time.
    Stable {
        /// How long.
        wait: Duration,
        /// Number of polls in that time, at the beginning and the end at least; 2 or more.
        polls: u32,
        /// A smaller file is not complete, in bytes.
        min_size: u64,
    },
    /// When this file is there; may hold `{date:%Y%m%d}`.
    Marker(DatedPath),
}

/// An FTP or FTPS account.
#[derive(Debug, Clone)]
pub struct FtpSource {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Remote directory; may hold `{date:%Y%m%d}`; empty means the directory after login.
    pub path: DatedPath,
    /// User name.
    pub username: String,
    /// Where the password is; looked at only when a connection is made.
    pub password: SecretSource,
    /// Transport security.
    pub tls: Tls,
    /// Who opens the data connections.
    pub data_connections: DataConnections,
    /// Accepts a TLS data connection that ends without `close_notify`, if the number of bytes and the
    /// server's reply show that the file is complete. Some old servers never send it.
    pub allow_missing_close_notify: bool,
    /// How names, the user name and the password are written to the server.
    pub encoding: NameEncoding,
    /// How the files are fetched.
    pub fetching: Fetching,
}

/// An SFTP account.
#[derive(Debug, Clone)]
pub struct SftpSource {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Remote directory; may hold `{date:%Y%m%d}`; empty means the directory after login.
    pub path: DatedPath,
    /// User name.
    pub username: String,
    /// Where the password is, if one is used; looked at only when a connection is made.
    pub password: Option<SecretSource>,
    /// The file of a private key, if one is used.
    pub key: Option<PathBuf>,
    /// What opens the private key, if it is locked.
    pub key_passphrase: Option<SecretSource>,
    /// The server's key as `ssh-keygen -lf` prints it, `SHA256:...`. Without it no connection is
    /// made; the error then names the server's key.
    pub host_key: Option<String>,
    /// Old algorithms that are allowed besides the safe ones, by the names that OpenSSH has for them.
    pub algorithms: Vec<String>,
    /// How the names of files and directories are written to the server. User name and password are UTF-8 in SSH.
    pub encoding: NameEncoding,
    /// How the files are fetched.
    pub fetching: Fetching,
}

/// How file and directory names are written to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NameEncoding {
    /// In UTF-8, and in GB 18030 if the server has no file of that name.
    #[default]
    Auto,
    /// In UTF-8.
    Utf8,
    /// In GB 18030, of which GBK is a part.
    Gb18030,
}

/// Who opens the data connections of FTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataConnections {
    /// We do, to a port that the server names.
    Passive,
    /// The server does, to a port that we name.
    Active {
        /// The ports that may be named; any by default.
        ports: Option<RangeInclusive<u16>>,
        /// The address to name; that of the control connection by default.
        address: Option<IpAddr>,
    },
}

/// Transport security of an FTP account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// `kind = "ftp"`: none.
    Plain,
    /// `kind = "ftps"`: explicit TLS, required.
    Explicit(CertificateTrust),
    /// `kind = "ftps-implicit"`: TLS from the first byte.
    Implicit(CertificateTrust),
}

/// Whom to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateTrust {
    /// The public roots.
    PublicRoots,
    /// One certificate, by the SHA-256 of its DER form.
    Pin([u8; 32]),
    /// The authorities in a PEM file.
    Ca(PathBuf),
}
