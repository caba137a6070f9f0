//! From a source to the raw bytes of the four files, and their archive.
//!
//! A file that is not there or too large is a value ([`Fetched`]), for a rule to judge; a
//! [`FetchError`] is a fault of the network, the machine or the account. Nothing here looks into a
//! file, and no local name comes from a server: names come from the schema.

pub mod archive;
mod digest;
mod dir;
mod disk;
mod error;
mod ftp;
mod reply;
mod retry;
mod session;
#[cfg(feature = "sftp")]
mod sftp;
mod tls;

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::job::{Source, Tls};
use crate::config::schema::Schema;
use crate::model::Feed;

pub use archive::ArchiveError;
pub use disk::DiskError;
pub use error::FetchError;

/// Log targets that whoever sets up logging must cap at `info`: at `trace`, suppaftp logs every
/// command it sends, the one with the password included, and russh what it exchanges.
pub const QUIET_LOG_TARGETS: &[&str] = &["suppaftp", "rustls", "russh", "russh_sftp"];

/// What to fetch.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Where from.
    pub source: &'a Source,
    /// Names the files.
    pub schema: &'a Schema,
    /// The delivery's business date; part of the path if the source says so.
    pub date: NaiveDate,
    /// A larger file is not read, in bytes.
    pub max_file_size: u64,
    /// Where downloads are kept until they are archived; made when needed. One run uses it at a time.
    pub workdir: &'a Path,
}

/// The files of one delivery, as they came.
#[derive(Debug, Clone)]
pub struct RawDelivery {
    /// Where they came from, without secrets: a directory, or `ftps://user@host:21/path`.
    pub source: String,
    /// One a feed, indexed by [`Feed::index`].
    pub files: Vec<Fetched>,
    /// Downloads on disk, which archiving the delivery removes.
    pub downloads: Vec<PathBuf>,
}

/// What became of one file.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// It was read.
    File(RawFile),
    /// It is not there, while others are (F101).
    Missing {
        /// The feed.
        feed: Feed,
        /// The file's name.
        name: String,
    },
    /// It is too large and was not read (F111).
    Oversized {
        /// The feed.
        feed: Feed,
        /// The file's name.
        name: String,
        /// Its size in bytes; where the server does not tell sizes, what came before giving up.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
}

/// A file as delivered.
#[derive(Clone)]
pub struct RawFile {
    /// The feed.
    pub feed: Feed,
    /// The file's name.
    pub name: String,
    /// All its bytes.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes, lowercase hex.
    pub sha256: String,
    /// Number of bytes.
    pub size: u64,
    /// Modification time at the source. FTP servers may give local time for UTC: good for
    /// comparing, not for reckoning.
    pub mtime: Option<DateTime<Utc>>,
}

/// Told how a fetch comes along, from any thread.
pub trait Progress: Sync {
    /// A file is begun, or begun anew after a fault; `total` bytes, where known.
    fn file(&self, feed: Feed, total: Option<u64>);
    /// So many more bytes of it have come.
    fn bytes(&self, feed: Feed, n: u64);
}

/// Progress that nobody looks at.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn file(&self, _feed: Feed, _total: Option<u64>) {}
    fn bytes(&self, _feed: Feed, _n: u64) {}
}

/// Fetches the files of one delivery.
///
/// # Errors
/// If the source cannot be reached or read, or holds none of the files. [`FetchError::is_transient`]
/// tells whether trying again later may help.
pub fn fetch(request: &Request<'_>, progress: &dyn Progress) -> Result<RawDelivery, FetchError> {
    for feed in &request.schema.feeds {
        let name = Path::new(&feed.file_name);
        if name.file_name() != Some(name.as_os_str()) || feed.file_name.contains(char::is_control) {
            return Err(FetchError::NotAFileName { name: feed.file_name.clone() });
        }
    }
    let delivery = match request.source {
        Source::Dir { base, path } => {
            let date_path = path.on(request.date);
            let dir = if date_path.is_empty() { base.clone() } else { base.join(date_path) };
            dir::fetch(&dir, request, progress)?
        }
        Source::Ftp(account) => ftp::fetch(account, request, progress)?,
    };
    if delivery.files.iter().all(|file| matches!(file, Fetched::Missing { .. })) {
        return Err(FetchError::NothingThere { place: delivery.source });
    }
    Ok(delivery)
}

impl Source {
    /// The source on a business date as it may be told to anyone: without secrets.
    pub fn describe(&self, date: NaiveDate) -> String {
        match self {
            Source::Dir { base, path } => base.join(path.on(date)).display().to_string(),
            Source::Ftp(account) => {
                let scheme = match account.tls {
                    Tls::Plain => "ftp",
                    Tls::Explicit(_) => "ftps",
                };
                let path = account.path.on(date);
                let slash = if path.starts_with('/') { "" } else { "/" };
                let (user, host, port) = (&account.username, &account.host, account.port);
                format!("{scheme}://{user}@{host}:{port}{slash}{path}")
            }
        }
    }
}

impl RawDelivery {
    /// What became of the file of a feed.
    pub fn file(&self, feed: Feed) -> &Fetched {
        &self.files[feed.index()]
    }
}

impl Fetched {
    /// The feed.
    pub fn feed(&self) -> Feed {
        match self {
            Fetched::File(file) => file.feed,
            Fetched::Missing { feed, .. } | Fetched::Oversized { feed, .. } => *feed,
        }
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        match self {
            Fetched::File(file) => &file.name,
            Fetched::Missing { name, .. } | Fetched::Oversized { name, .. } => name,
        }
    }
}

impl std::fmt::Debug for RawFile {
    /// Leaves the bytes out: they are personal data, and many.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawFile")
            .field("feed", &self.feed)
            .field("name", &self.name)
            .field("sha256", &self.sha256)
            .field("size", &self.size)
            .field("mtime", &self.mtime)
            .finish_non_exhaustive()
    }
}
