//! The names of a delivery's files at the source.

use crate::config::job::Ready;
use crate::model::{Feed, PerFeed};

use super::error::FetchError;
use super::matching;
use super::request::Request;

/// What the files are called at the source.
#[derive(Debug, Clone)]
pub(super) struct ExpectedFiles {
    pub(super) names: PerFeed<String>,
    /// The names of the schema, where they count besides those of the job.
    pub(super) usual: Option<PerFeed<String>>,
    /// The zip file that holds the files, if the job names one.
    pub(super) zip: Option<String>,
    /// Whether the files may also lie there as they are where that zip file is not there.
    pub(super) zip_optional: bool,
    /// The file whose presence says that the delivery is complete, if the job has one.
    pub(super) marker: Option<String>,
}

/// What of a folder is the delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The name of each feed's file; of one that is not there, the one that it should have.
    pub(super) names: PerFeed<String>,
    /// Whether the files are in one zip file, whose name all have then.
    pub(super) zipped: bool,
    /// For each feed whose file is not there the names that are near.
    pub(super) near: PerFeed<Vec<String>>,
}

impl ExpectedFiles {
    pub(super) fn of(request: &Request<'_>) -> Result<ExpectedFiles, FetchError> {
        let settings = request.source.fetching();
        let usual = PerFeed::from_fn(|feed| request.schema.feed(feed).file_name.clone());
        let names = PerFeed::from_fn(|feed| {
            settings.files.on(feed, request.date).unwrap_or_else(|| usual[feed].clone())
        });
        let zip = settings.files.zip_on(request.date);
        for (at, name) in names.iter().chain(&zip).enumerate() {
            let before = &names.as_slice()[..at.min(names.as_slice().len())];
            if !matching::is_bare(name) || before.contains(name) {
                return Err(FetchError::NotAFileName { name: name.clone() });
            }
        }
        let marker = match &settings.ready {
            Ready::Marker(name) => Some(name.on(request.date)),
            Ready::Now | Ready::Stable { .. } => None,
        };
        let usual = (settings.files.usual_too && names != usual).then_some(usual);
        let zip_optional = settings.files.usual_too;
        Ok(ExpectedFiles { names, usual, zip, zip_optional, marker })
    }

    /// The name of the file of a feed.
    pub(super) fn name(&self, feed: Feed) -> &str {
        &self.names[feed]
    }

    /// The delivery under its exact names.
    pub(super) fn exactly(&self) -> Found {
        let (names, zipped) = match &self.zip {
            Some(zip) => (PerFeed::from_fn(|_| zip.clone()), true),
            None => (self.names.clone(), false),
        };
        Found { names, zipped, near: PerFeed::default() }
    }

    /// The delivery in a folder that holds these names.
    pub(super) fn choose(&self, listed: &[String]) -> Found {
        let zipped = |zip: &str| Found {
            names: PerFeed::from_fn(|_| zip.to_owned()),
            zipped: true,
            near: PerFeed::default(),
        };
        if let Some(zip) = &self.zip
            && (!self.zip_optional || matching::alike(zip, listed).is_some())
        {
            let mut found = zipped(matching::alike(zip, listed).unwrap_or(zip));
            found.near = PerFeed::from_fn(|_| matching::near(zip, listed));
            return found;
        }
        let name = |feed| self.in_folder(feed, listed);
        let none = Feed::ALL.into_iter().all(|feed| name(feed).is_none());
        if none && let Some(zip) = matching::only_zip(listed) {
            return zipped(zip);
        }
        // Several zip files, of which the job names none.
        let zips = if none { matching::zips(listed) } else { Vec::new() };
        Found {
            names: PerFeed::from_fn(|feed| {
                name(feed).unwrap_or_else(|| self.name(feed)).to_owned()
            }),
            zipped: false,
            near: PerFeed::from_fn(|feed| match name(feed) {
                Some(_) => Vec::new(),
                None if !zips.is_empty() => zips.clone(),
                None => matching::near(self.name(feed), listed),
            }),
        }
    }

    /// The name among these that is the file of a feed.
    pub(super) fn in_folder<'n>(&self, feed: Feed, listed: &'n [String]) -> Option<&'n str> {
        let usual = self.usual.as_ref().map(|usual| usual[feed].as_str());
        let mut expected = std::iter::once(self.name(feed)).chain(usual);
        expected.find_map(|expected| matching::find(expected, listed))
    }
}
