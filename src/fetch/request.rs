//! What to fetch, and how a source is named.

use std::path::Path;

use chrono::NaiveDate;

use crate::config::job::{Source, Tls};
use crate::config::schema::Schema;
use crate::model::{Cancel, RecordedFiles};

use super::error::FetchError;

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
    /// Whether the caller polls again later. An incomplete delivery is then reported at once, and not waited for: a
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

impl Source {
    /// The source on a business date for messages: without secrets.
    pub fn describe(&self, date: NaiveDate) -> String {
        self.address(&match self {
            Source::Dir { path, .. } => path.on(date),
            Source::Ftp(account) => account.path.on(date),
            Source::Sftp(account) => account.path.on(date),
        })
    }

    /// A directory on the source's server for messages: without secrets.
    pub(super) fn address(&self, path: &str) -> String {
        let (scheme, username, host, port) = match self {
            Source::Dir { base, .. } => return base.join(path).display().to_string(),
            Source::Ftp(account) => {
                let scheme = match account.tls {
                    Tls::Plain => "ftp",
                    Tls::Explicit(_) | Tls::Implicit(_) => "ftps",
                };
                (scheme, &account.username, &account.host, account.port)
            }
            Source::Sftp(account) => ("sftp", &account.username, &account.host, account.port),
        };
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("{scheme}://{username}@{host}:{port}{slash}{path}")
    }
}
