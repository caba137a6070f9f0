//! From a source to the raw bytes of the four files, and their archive.
//!
//! A file that is not there or too large is a value ([`Fetched`]), for a rule to judge; a
//! [`FetchError`] is a fault of the network, the machine or the account. Nothing here looks into a
//! file, and no local name comes from a server: names come from the schema.

pub mod archive;
mod digest;
mod dir;
mod download;
mod error;
mod flush;
mod ftp;
mod implicit;
mod deadline;
mod names;
mod part;
mod raw;
mod readiness;
mod remote;
mod reply;
mod session;
#[cfg(feature = "sftp")]
mod sftp;
mod throttle;
mod tls;
mod transfer;

use std::path::Path;

use chrono::NaiveDate;

use crate::config::job::{Ready, Source, Tls};
use crate::config::schema::Schema;
use crate::model::{Cancel, Feed, RecordedFiles};

use deadline::FetchDeadline;

pub use archive::ArchiveError;
pub use error::FetchError;
pub use raw::{Content, Fetched, RawDelivery, RawFile};

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
    /// Ends the fetch early.
    pub cancel: &'a Cancel,
    /// Whether somebody looks again later. What is not complete is told at once then, and not waited for: a
    /// hundred insurers share a few runs side by side.
    pub caller_polls: bool,
    /// Deliveries that count as none: if the files are seen to be one of these, they are not read.
    pub earlier: &'a [EarlierDelivery<'a>],
}

/// A delivery that has been here before.
#[derive(Debug, Clone, Copy)]
pub enum EarlierDelivery<'a> {
    /// Published, for an earlier date.
    Published(&'a RecordedFiles),
    /// Refused.
    Refused(&'a RecordedFiles),
}

impl EarlierDelivery<'_> {
    /// Its files.
    pub fn files(&self) -> &RecordedFiles {
        match self {
            EarlierDelivery::Published(files) | EarlierDelivery::Refused(files) => files,
        }
    }

    /// What is said where its files are found again.
    pub fn fault(&self, place: &str) -> FetchError {
        let place = place.to_owned();
        match self {
            EarlierDelivery::Published(files) => {
                FetchError::NotRefreshed { place, date: files.date }
            }
            EarlierDelivery::Refused(files) => {
                FetchError::StillRefused { place, run: files.run.clone() }
            }
        }
    }
}

/// What the files are called at the source.
#[derive(Debug, Clone)]
struct ExpectedFiles {
    /// By [`Feed::index`].
    names: [String; 4],
    /// The file whose presence says that the delivery is complete, if the job has one.
    marker: Option<String>,
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
/// If the source cannot be reached or read, or holds none of the files.
pub fn fetch(request: &Request<'_>, progress: &dyn Progress) -> Result<RawDelivery, FetchError> {
    let wanted = ExpectedFiles::of(request)?;
    let deadline = FetchDeadline::starting_now(request.source.fetching().deadline, request.cancel);
    deadline.check()?;
    let delivery = match request.source {
        Source::Dir { base, path, .. } => {
            let date_path = path.on(request.date);
            let dir = if date_path.is_empty() { base.clone() } else { base.join(date_path) };
            dir::fetch(&dir, &deadline, request, &wanted, progress)?
        }
        Source::Ftp(account) => ftp::fetch(account, &deadline, request, &wanted, progress)?,
        #[cfg(feature = "sftp")]
        Source::Sftp(account) => sftp::fetch(account, &deadline, request, &wanted, progress)?,
        #[cfg(not(feature = "sftp"))]
        Source::Sftp(_) => return Err(FetchError::NotBuiltIn { feature: "sftp" }),
    };
    if delivery.files.iter().all(|file| matches!(file, Fetched::Missing { .. })) {
        return Err(FetchError::NothingThere { place: delivery.source });
    }
    Ok(delivery)
}

impl ExpectedFiles {
    fn of(request: &Request<'_>) -> Result<ExpectedFiles, FetchError> {
        let settings = request.source.fetching();
        let names = Feed::ALL.map(|feed| {
            let usual = || request.schema.feed(feed).file_name.clone();
            settings.files.on(feed, request.date).unwrap_or_else(usual)
        });
        for (at, name) in names.iter().enumerate() {
            let bare = Path::new(name);
            if bare.file_name() != Some(bare.as_os_str())
                || name.contains(char::is_control)
                || names[..at].contains(name)
            {
                return Err(FetchError::NotAFileName { name: name.clone() });
            }
        }
        let marker = match &settings.ready {
            Ready::Marker(name) => Some(name.on(request.date)),
            Ready::Now | Ready::Stable { .. } => None,
        };
        Ok(ExpectedFiles { names, marker })
    }

    /// The name of the file of a feed.
    fn name(&self, feed: Feed) -> &str {
        &self.names[feed.index()]
    }
}

impl Source {
    /// The source on a business date as it may be told to anyone: without secrets.
    pub fn describe(&self, date: NaiveDate) -> String {
        let (scheme, username, host, port, path) = match self {
            Source::Dir { base, path, .. } => {
                return base.join(path.on(date)).display().to_string();
            }
            Source::Ftp(account) => {
                let scheme = match account.tls {
                    Tls::Plain => "ftp",
                    Tls::Explicit(_) | Tls::Implicit(_) => "ftps",
                };
                (scheme, &account.username, &account.host, account.port, &account.path)
            }
            Source::Sftp(account) => {
                ("sftp", &account.username, &account.host, account.port, &account.path)
            }
        };
        let path = path.on(date);
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("{scheme}://{username}@{host}:{port}{slash}{path}")
    }
}
