//! One zip file as the files of all feeds.

use crate::model::Feed;

use super::Fetched;
use super::expected_files::ExpectedFiles;

/// Gives what became of a zip file to each feed. Which of its members is whose file is seen when it is expanded.
pub(super) fn zipped(fetched: Vec<Fetched>, wanted: &ExpectedFiles) -> Vec<Fetched> {
    let Some(fetched) = fetched.into_iter().next() else { return Vec::new() };
    let of = |feed: Feed| {
        let mut of = fetched.clone();
        match &mut of {
            Fetched::File(file) => {
                file.feed = feed;
                let name = wanted.name(feed).to_owned();
                file.container = Some(std::mem::replace(&mut file.name, name));
            }
            Fetched::Missing { feed: of, .. } | Fetched::Oversized { feed: of, .. } => *of = feed,
        }
        of
    };
    Feed::ALL.into_iter().map(of).collect()
}
