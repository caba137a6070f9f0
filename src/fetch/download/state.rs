//! A download under way, and what its connections share.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;

use crate::config::job::Fetching;
use crate::fetch::deadline::FetchDeadline;
use crate::fetch::expected_files::ExpectedFiles;
use crate::fetch::remote::{Connector, Remote, Version};
use crate::fetch::throttle::Throttle;
use crate::fetch::{FetchError, Fetched, Progress, Request};
use crate::model::Feed;

/// An open connection, while it is good.
pub(super) type Connection<'c> = Option<Box<dyn Remote + 'c>>;

/// A download under way.
pub(super) struct Download<'d> {
    pub(super) connector: &'d dyn Connector,
    pub(super) settings: &'d Fetching,
    pub(super) place: &'d str,
    pub(super) deadline: &'d FetchDeadline,
    pub(super) request: &'d Request<'d>,
    pub(super) wanted: &'d ExpectedFiles,
    pub(super) progress: &'d dyn Progress,
    pub(super) throttle: Throttle,
    /// The server takes one connection at a time.
    pub(super) single_connection: AtomicBool,
    /// The server begins in the middle of a file when asked to.
    pub(super) resumes: AtomicBool,
}

/// A file to be downloaded.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) feed: Feed,
    /// Its name on the server: one that was asked for, or as it but for case, or a bare name of a zip file.
    pub(super) name: String,
    pub(super) version: Version,
}

/// What the connections share out.
pub(super) struct Queue {
    pub(super) waiting: VecDeque<Task>,
    pub(super) workers: usize,
    pub(super) done: Vec<Fetched>,
    pub(super) fault: Option<FetchError>,
}
