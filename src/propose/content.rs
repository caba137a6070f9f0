//! Which feed a file is of, by its content alone.

use crate::config::schema::Schema;
use crate::model::{Feed, PerFeed};

use super::around;
use super::sample::Sample;
use super::text_schema::as_text;

/// For each feed the file that is its own: one with its header or, without any, with as many fields. A file that may be
/// of several feeds, and a feed of which there are several files, are left out.
pub fn by_content(schema: &Schema, files: &[Sample<'_>]) -> PerFeed<Option<usize>> {
    let schema = as_text(schema);
    let feeds: Vec<Option<Feed>> = files.iter().map(|file| feed_of(&schema, file)).collect();
    PerFeed::from_fn(|feed| {
        let mut of_feed = (0..feeds.len()).filter(|at| feeds[*at] == Some(feed));
        let first = of_feed.next();
        first.filter(|_| of_feed.next().is_none())
    })
}

fn feed_of(schema: &Schema, file: &Sample<'_>) -> Option<Feed> {
    let score = |feed: Feed| {
        let feed = schema.feed(feed);
        around::look(file, feed).map_or(0, |found| match found.header {
            true => 2,
            false => u8::from(found.fields == feed.fields.len()),
        })
    };
    let scores: Vec<(u8, Feed)> = Feed::ALL.into_iter().map(|feed| (score(feed), feed)).collect();
    let best = scores.iter().map(|(score, _)| *score).max().filter(|score| *score > 0)?;
    let mut fitting = scores.into_iter().filter(|(score, _)| *score == best);
    let (_, feed) = fitting.next()?;
    fitting.next().is_none().then_some(feed)
}
