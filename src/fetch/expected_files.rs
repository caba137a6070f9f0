//! The names of a delivery's files at the source.

use std::path::Path;

use crate::config::job::Ready;
use crate::model::{Feed, PerFeed};

use super::error::FetchError;
use super::request::Request;

/// What the files are called at the source.
#[derive(Debug, Clone)]
pub(super) struct ExpectedFiles {
    pub(super) names: PerFeed<String>,
    /// The file whose presence says that the delivery is complete, if the job has one.
    pub(super) marker: Option<String>,
}

impl ExpectedFiles {
    pub(super) fn of(request: &Request<'_>) -> Result<ExpectedFiles, FetchError> {
        let settings = request.source.fetching();
        let names = PerFeed::from_fn(|feed| {
            let usual = || request.schema.feed(feed).file_name.clone();
            settings.files.on(feed, request.date).unwrap_or_else(usual)
        });
        for (at, name) in names.iter().enumerate() {
            let before = &names.as_slice()[..at];
            let bare = Path::new(name);
            if bare.file_name() != Some(bare.as_os_str())
                || name.contains(char::is_control)
                || before.contains(name)
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
    pub(super) fn name(&self, feed: Feed) -> &str {
        &self.names[feed]
    }
}
