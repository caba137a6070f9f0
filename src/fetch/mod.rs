//! From a source to the raw bytes of the four files, and their archive.
//!
//! A file that is not there or too large is a value ([`Fetched`]), for a rule to judge; a
//! [`FetchError`] is a fault of the network, the machine or the account. Nothing here looks into a
//! file beyond unpacking it. Local names are those of the schema or the job, but for case, and the bare name of a zip file.

pub mod archive;
mod archive_listing;
mod archive_removal;
mod compression;
mod data_blocked;
mod digest;
mod dir;
mod download;
mod error;
mod expand;
mod expected_files;
mod flush;
mod ftp;
mod implicit;
mod journal;
mod deadline;
mod dialling;
mod look;
mod matching;
mod names;
mod part;
mod progress;
mod raw;
mod readiness;
mod remote;
mod reply;
mod request;
mod session;
mod settings;
#[cfg(feature = "sftp")]
mod sftp;
mod throttle;
mod tls;
mod transfer;
mod upload;
mod zipped;

use std::path::PathBuf;

use chrono::NaiveDate;

use crate::config::job::{DatedPath, Source};
use crate::model::{Cancel, Feed};

use deadline::FetchDeadline;
use expected_files::ExpectedFiles;
use upload::Upload;

pub use archive::ArchiveError;
pub use archive_listing::{archive_folder, archived_runs, delivery_folder};
pub use archive_removal::remove as remove_archived;
pub use error::FetchError;
pub use expand::{member, member_names};
pub use journal::{JOURNAL, Journal, JournalEntry, JournalEvent};
pub use look::{FileLook, FileSeen, SourceLook, Stage, look};
pub use matching::only_near;
pub use progress::{NoProgress, Progress};
pub use raw::{Content, Fetched, RawDelivery, RawFile};
pub use request::{EarlierDelivery, Request};
pub use settings::{ArchivedSettings, SETTINGS};

/// Log targets that must be capped at `info` when logging is set up: at `trace`, suppaftp logs every
/// command it sends, the one with the password included, and russh what it exchanges.
pub const QUIET_LOG_TARGETS: &[&str] = &["suppaftp", "rustls", "russh", "russh_sftp"];

/// A delivery of which nothing is there, with the names that are near.
///
/// # Errors
/// If the names of the files are none.
pub fn nothing(request: &Request<'_>, near: &[String]) -> Result<RawDelivery, FetchError> {
    let wanted = ExpectedFiles::of(request)?;
    let missing = |feed| Fetched::Missing {
        feed,
        name: wanted.name(feed).to_owned(),
        near: matching::near(wanted.name(feed), near),
    };
    let files = Feed::ALL.into_iter().map(missing).collect();
    Ok(RawDelivery { source: String::new(), files, downloads: Vec::new() })
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
        let near = delivery.files.iter().flat_map(|file| match file {
            Fetched::Missing { near, .. } => near.clone(),
            _ => Vec::new(),
        });
        return Err(FetchError::NothingThere { near: near.collect(), place: delivery.source });
    }
    Ok(delivery)
}

/// Puts local files into a directory on the server of a source, within the timeouts and the attempts of the source, and
/// returns where they are now. Each is complete under its name or not there; a file that had the name is replaced.
///
/// # Errors
/// If the server cannot be reached, or does not take them.
pub fn put(
    source: &Source,
    date: NaiveDate,
    directory: &DatedPath,
    files: &[PathBuf],
    cancel: &Cancel,
) -> Result<Vec<String>, FetchError> {
    let directory = directory.on(date);
    let settings = source.fetching();
    let deadline = FetchDeadline::starting_now(settings.deadline, cancel);
    let place = source.address(&directory);
    let upload = Upload { files, directory: &directory, place: &place, settings };
    match source {
        Source::Dir { base, .. } => upload::put_here(files, &base.join(&directory))?,
        Source::Ftp(account) => ftp::put(account, &deadline, &upload)?,
        #[cfg(feature = "sftp")]
        Source::Sftp(account) => sftp::put(account, &deadline, &upload)?,
        #[cfg(not(feature = "sftp"))]
        Source::Sftp(_) => return Err(FetchError::NotBuiltIn { feature: "sftp" }),
    }
    let name = |file: &PathBuf| file.file_name().map(|name| name.to_string_lossy().into_owned());
    let place = place.trim_end_matches('/');
    Ok(files.iter().filter_map(name).map(|name| format!("{place}/{name}")).collect())
}
