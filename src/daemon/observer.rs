//! Who is told what happens, and how an insurer stands.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::alert::Happening;
use crate::config::job::Job;

use super::notes::Note;
use super::plan::Track;

/// Told what happens.
pub trait Observer {
    /// A line for the log.
    fn note(&self, note: &Note);
    /// Something that people may have to be told of.
    fn happened(&self, job: &Job, happening: &Happening, now: DateTime<Utc>);
    /// A job was taken up; its channels are known from now on.
    fn watching(&self, job: &Job, now: DateTime<Utc>);
    /// The scheduler is alive, and this is how the insurers stand.
    fn turned(&self, standings: &[Standing], now: DateTime<Utc>);
}

/// How an insurer stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its job.
    pub job: Arc<Job>,
    /// What is remembered of it; none if it is not run by time.
    pub track: Option<Track>,
    /// The next scheduled time.
    pub next: Option<DateTime<Utc>>,
    /// Whether its job file is broken and its last good version in use.
    pub outdated: bool,
}
