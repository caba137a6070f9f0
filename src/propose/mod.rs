//! What a sample delivery shows of its insurer's export: the settings that a job needs, each with what speaks for it,
//! and what only a person can decide.
//!
//! Nothing is guessed. A text is taken for no value, no date, a top or a code only where it cannot be anything else;
//! whatever has two meanings becomes a question.

mod around;
mod cells;
mod codes;
mod columns;
mod content;
mod dates;
mod hint;
mod line_hint;
mod names;
mod proposal;
mod render;
mod sample;
mod text_schema;
mod tops;
mod trailer;
mod words;

use polars::prelude::PolarsResult;

use crate::config::job::Format;
use crate::config::schema::Schema;
use crate::model::{Feed, Message, PerFeed, RowCounter};
use crate::parse;

pub use content::by_content;
pub use hint::{Background, add_hints};
pub use line_hint::{add_line_hints, other_encoding};
pub use names::{changing_name, dated_name};
pub use proposal::{Change, Proposal, Question, Recognised, Setting};
pub use sample::Sample;
use sample::TextFile;
use text_schema::as_text;
pub use words::is_known;

/// Finds out what a job has to say so that this delivery can be read.
///
/// # Errors
/// If records do not make a frame (a bug). What cannot be read is left to the checks.
pub fn propose(schema: &Schema, samples: &PerFeed<Option<Sample<'_>>>) -> PolarsResult<Proposal> {
    let mut proposal = Proposal::default();
    let mut text_schema = as_text(schema);
    around::propose(&mut text_schema, samples, &mut proposal);
    let mut files = Vec::new();
    for feed in Feed::ALL {
        let Some(sample) = &samples[feed] else { continue };
        let counter = RowCounter::new(&|_, _| {});
        let parsed = parse::parse(sample.bytes, &text_schema, feed, &Format::default(), counter)?;
        if let Ok(parsed) = parsed {
            proposal.recognised.push(Recognised {
                file: sample.name.to_owned(),
                encoding: parsed.lines.detected().name(),
                delimiter: parsed.layout.delimiter.clone(),
                header: parsed.layout.header.is_some(),
            });
            files.push(TextFile { feed, name: sample.name, parsed });
        }
    }
    ask_about_quotes(&files, &mut proposal);
    let facts = columns::Facts::of(schema, &files);
    let null = cells::no_values(&facts, &mut proposal);
    let no_date = cells::no_dates(&facts, &null, &mut proposal);
    dates::forms(&facts, &[null.as_slice(), &no_date].concat(), &mut proposal);
    codes::words(schema, &facts, &null, &mut proposal);
    tops::markers(schema, &files, &facts, &null, &mut proposal);
    Ok(proposal)
}

fn ask_about_quotes(files: &[TextFile<'_>], proposal: &mut Proposal) {
    let ambiguous =
        |file: &TextFile<'_>| Some((file.name.to_owned(), file.parsed.ambiguous_quotes?));
    let Some((file, quotes)) = files.iter().find_map(ambiguous) else { return };
    let (line, taken) = (quotes.line + 1, quotes.taken.name());
    proposal.ask(
        Message::new(
            format!("{file} 第 {line} 行的引号有两种读法，目前按 \"{taken}\" 读取；引号是单元格的界限（needed）还是文字（none）？"),
            format!(
                "the quotes on line {line} of {file} can be read in two ways and are taken as \"{taken}\"; do they \
                 enclose cells (needed), or are they text (none)?"
            ),
        ),
        [vec![Change::Quotes("needed")], vec![Change::Quotes("none")]],
    );
}
