//! Fetching: from directories, from real servers, and from one that misbehaves; the archive.

mod archive;
pub(crate) mod certificate;
mod dir;
mod faulty_server;
mod faults;
mod packed;
mod proposed;
mod repeated_runs;
mod proftpd;
mod real_server;
mod security;
mod upload;
mod upload_faults;
mod upload_server;
pub(crate) mod vsftpd;
#[cfg(feature = "sftp")]
mod faulty_sftp;
#[cfg(feature = "sftp")]
mod mod_sftp;
#[cfg(feature = "sftp")]
mod sftp;
#[cfg(feature = "sftp")]
mod sftp_faults;
#[cfg(feature = "sftp")]
mod sftp_upload;
#[cfg(feature = "sftp")]
mod sshd;

use std::path::Path;
use std::time::Duration;

use chrono::NaiveDate;
use orgsnap::config::job::{self, Job, Source};
use orgsnap::config::schema::{FeedSchema, Field, Kind, Required, Schema};
use orgsnap::fetch::{self, FetchError, Fetched, NoProgress, RawDelivery, RawFile, Request};
use orgsnap::model::{Cancel, Feed, Message};

/// The names of the four files, in report order.
const NAMES: [&str; 4] =
    ["temp_agent.txt", "temp_base_node.txt", "temp_organization.txt", "temp_principal.txt"];

/// A schema with the file names and nothing else that fetching looks at.
fn schema() -> Schema {
    let field = Field {
        name: "id".to_owned(),
        column: "id".to_owned(),
        title: Message::fixed("", ""),
        description: Message::fixed("", ""),
        aliases: Vec::new(),
        kind: Kind::Text,
        person: false,
        required: Required::Yes,
        allowed: Vec::new(),
        max_length: None,
        no_value: Vec::new(),
        codes: Default::default(),
        example: None,
    };
    let feeds = Feed::ALL.into_iter().zip(NAMES).map(|(feed, name)| FeedSchema {
        feed,
        file_name: name.to_owned(),
        title: Message::fixed("", ""),
        fields: vec![field.clone()],
        key: 0,
        dialect: Default::default(),
    });
    Schema {
        feeds: Vec::from_iter(feeds).try_into().unwrap(),
        references: Vec::new(),
        forests: Vec::new(),
        copies: Vec::new(),
    }
}

/// The business date of all tests here.
fn date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()
}

/// Fetches with a size limit of 1 GiB, and loads.
fn fetch_into(workdir: &Path, source: &Source) -> Result<RawDelivery, FetchError> {
    fetch_until(workdir, source, &Cancel::new())
}

/// The same, until somebody asks it to end.
fn fetch_until(
    workdir: &Path,
    source: &Source,
    cancel: &Cancel,
) -> Result<RawDelivery, FetchError> {
    let schema = schema();
    let request = Request {
        source,
        schema: &schema,
        date: date(),
        max_file_size: 1 << 30,
        workdir,
        cancel,
        caller_polls: false,
        earlier: &[],
    };
    let mut delivery = fetch::fetch(&request, &NoProgress)?;
    delivery.load(1 << 30)?;
    Ok(delivery)
}

/// An account on this machine with short waits, by way of a job file.
fn account(kind: &str, port: u16, password: &str, more: &str) -> Source {
    let ready = if more.contains("ready") { "" } else { "ready = 'now'\n" };
    let text = format!(
        "tenant = 't'\n[source]\nkind = '{kind}'\nhost = '127.0.0.1'\nport = {port}\n\
         username = 'anonymous'\npassword = '{password}'\ntimeout = '2s'\nretry_wait = '10ms'\n\
         deadline = '60s'\n{ready}{more}\n"
    );
    let job: Job = job::parse(Path::new("/nowhere/x.toml"), &text, &|_| None).unwrap();
    job.source.unwrap()
}

/// The account with other timeouts.
fn with_retries(mut source: Source, timeout: Duration, attempts: u32) -> Source {
    let settings = source.fetching_mut();
    settings.timeout = timeout;
    settings.attempts = attempts;
    source
}

/// The file of a feed, which must have been read.
#[track_caller]
fn file(delivery: &RawDelivery, feed: Feed) -> &RawFile {
    match delivery.file(feed) {
        Fetched::File(file) => file,
        other => panic!("{other:?} is no file"),
    }
}

/// Whether a failed fetch may succeed later without anyone acting.
pub(crate) fn waiting_helps(error: &FetchError) -> bool {
    orgsnap::pipeline::Classification::of_fetch(error).waiting_helps
}
