//! Finding delimiter and header by scoring every candidate against the schema.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use crate::config::dialect::Quotes;
use crate::config::job::Format;
use crate::config::schema::{FeedSchema, Kind, Required};
use crate::decode::Lines;

use super::frame::Frame;
use super::line_limit::MAX_LINE;
use super::meaning::CellMeaning;
use super::quotes::{self, Quoting};
use super::titles::{field_of, is_header, titles_fit};
use super::{cast, cast::is_blank};

/// Delimiters seen in the field (`feeds.md`); others are found in the sample itself.
const KNOWN: [&str; 12] =
    ["|", "\t", ",", ";", "^", "\u{1}", "\u{1b}", "|+|", "|@|", "||", "!^!", "^|^"];
/// Number of lines examined at the top; as many are spread over the rest.
const SAMPLE: usize = 100;
/// A headerless layout must fit at least this share of the sampled lines ...
const MIN_WIDTH_FIT: f64 = 0.5;
/// ... and cast at least this share of their typed cells.
const MIN_TYPE_FIT: f64 = 0.5;

/// Share of the sampled lines that must end with a delimiter if it is to stand behind the last field.
const MIN_TRAILING: f64 = 0.9;

/// How the file is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// One or more characters.
    pub delimiter: String,
    /// What quotes mean; those that enclose a cell are no part of its value.
    pub quotes: Quoting,
    /// Whether every line ends with a delimiter behind its last field. `width` counts the empty cell behind it.
    pub trailing: bool,
    /// What the header says, if there is one.
    pub header: Option<Header>,
    /// Number of fields that every line must have.
    pub width: usize,
    /// For each schema field the position of its cell in a line; `None` if the header lacks it.
    pub columns: Vec<Option<usize>>,
}

impl Layout {
    /// The fields of a line as delivered: where each stands, its quotes included, and what it says.
    pub fn cells<'t>(&self, line: &'t str) -> Vec<(Range<usize>, Cow<'t, str>)> {
        if self.quotes != Quoting::Text && line.contains('"') {
            let cells = quotes::cells(line, &self.delimiter).into_iter();
            return cells.map(|cell| (cell.at, cell.value)).collect();
        }
        let mut start = 0;
        let cell = |cell: &'t str| {
            let at = start..start + cell.len();
            start = at.end + self.delimiter.len();
            (at, Cow::Borrowed(cell))
        };
        line.split(self.delimiter.as_str()).map(cell).collect()
    }
}

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its line, 0-based.
    pub line: usize,
    /// Titles that the schema does not know.
    pub unknown: Vec<String>,
    /// Schema fields that occur in it more than once.
    pub duplicates: Vec<usize>,
    /// Required schema fields that it lacks.
    pub missing: Vec<usize>,
}

/// A candidate that was scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The delimiter.
    pub delimiter: String,
    /// Whether the first line was read as a header.
    pub header: bool,
    /// Most common number of fields.
    pub width: usize,
    /// Share of sampled lines with the right number of fields, 0 to 1.
    pub lines_fit: f64,
    /// Share of typed cells that cast, 0 to 1.
    pub types_fit: f64,
    /// Titles of the schema in the header, as a share of its cells or of the schema's fields, whichever are
    /// fewer, 0 to 1; 0 without a header.
    pub titles_fit: f64,
    /// The score by which candidates compare, 0 to 1.
    pub score: f64,
}

/// No candidate fits; what was tried, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct NoLayout {
    /// The candidates that split any line, best first.
    pub tried: Vec<Candidate>,
    /// Number of fields that the schema wants.
    pub wanted: usize,
}

/// What candidates are scored against.
#[derive(Clone, Copy)]
struct Against<'a> {
    schema: &'a FeedSchema,
    /// One a field.
    meanings: &'a [CellMeaning<'a>],
}

/// Scores all candidates and takes the best that fits.
pub(super) fn sniff(
    lines: &Lines<'_>,
    frame: &Frame<'_>,
    schema: &FeedSchema,
    pinned: &Format,
) -> Result<Layout, NoLayout> {
    let sample = sample(lines, frame);
    let wanted = schema.fields.len();
    let meanings: Vec<CellMeaning<'_>> = schema.fields.iter().map(CellMeaning::of).collect();
    let against = Against { schema, meanings: &meanings };
    let Some((first_line, _)) = sample.first() else {
        return Err(NoLayout { tried: Vec::new(), wanted });
    };
    let texts: Vec<&str> = sample.iter().map(|(_, text)| text.as_str()).collect();
    let mut scored: Vec<(Candidate, Layout)> = candidates(&texts, pinned)
        .into_iter()
        .flat_map(|delimiter| {
            let readings = readings(&texts, &delimiter, schema.dialect.quotes);
            readings.into_iter().map(move |quoting| (delimiter.clone(), quoting))
        })
        .map(|(delimiter, quoting)| {
            if quoting == Quoting::Text {
                return score(&delimiter, *first_line, &texts, against, pinned.header);
            }
            let bare: Vec<Cow<'_, str>> =
                texts.iter().map(|text| bare(text, &delimiter, quoting)).collect();
            let bare: Vec<&str> = bare.iter().map(AsRef::as_ref).collect();
            let (tried, layout) =
                score(quotes::SEPARATOR, *first_line, &bare, against, pinned.header);
            let tried = Candidate { delimiter: delimiter.clone(), ..tried };
            (tried, Layout { delimiter, quotes: quoting, ..layout })
        })
        .filter(|(tried, _)| tried.width > 1)
        .collect();
    // Equal scores fall to the longer delimiter: `|+|` explains more than `|` does.
    scored.sort_by(|(a, _), (b, _)| {
        b.score.total_cmp(&a.score).then(b.delimiter.len().cmp(&a.delimiter.len()))
    });
    if let Some(at) = scored.iter().position(|(tried, _)| fits(tried)) {
        return Ok(scored.swap_remove(at).1);
    }
    Err(NoLayout { tried: scored.into_iter().map(|(tried, _)| tried).collect(), wanted })
}

/// How the quotes of a sample may be meant, the likelier meaning last.
fn readings(sample: &[&str], delimiter: &str, declared: Quotes) -> Vec<Quoting> {
    match declared {
        Quotes::None => vec![Quoting::Text],
        Quotes::Needed => vec![Quoting::Needed],
        Quotes::Always => vec![Quoting::Always],
        Quotes::Auto if quotes::is_quoted(sample, delimiter) => vec![Quoting::Always],
        Quotes::Auto if quotes::may_be_quoted(sample, delimiter) => {
            vec![Quoting::Text, Quoting::Needed]
        }
        Quotes::Auto => vec![Quoting::Text],
    }
}

/// A line of the sample with separators in place of its delimiters, and its quotes off where they fit.
fn bare<'t>(text: &'t str, delimiter: &str, quoting: Quoting) -> Cow<'t, str> {
    match quotes::unquoted(text, delimiter, quoting, &[]) {
        Some((bare, _)) => bare.into(),
        None => text.replace(delimiter, quotes::SEPARATOR).into(),
    }
}

/// A header that names schema fields is proof enough, even if every line below it is ragged; without
/// one, lines and types must fit.
fn fits(tried: &Candidate) -> bool {
    tried.titles_fit >= 0.5 || (tried.lines_fit >= MIN_WIDTH_FIT && tried.types_fit >= MIN_TYPE_FIT)
}

/// Some lines from the top and some spread over the rest, decoded; oversized ones and those that are no data left out.
fn sample(lines: &Lines<'_>, frame: &Frame<'_>) -> Vec<(usize, String)> {
    let usable = |line: &usize| lines.raw_len(*line) <= MAX_LINE;
    let text = |line: usize| (line, lines.decode(line).text.into_owned());
    let filled = |(line, text): &(usize, String)| frame.is_data(*line, text);
    let mut top: Vec<_> =
        (frame.first..lines.len()).filter(usable).map(text).filter(filled).take(SAMPLE).collect();
    let next = top.last().map_or(frame.first, |(line, _)| line + 1);
    let step = ((lines.len() - next) / SAMPLE).max(1);
    top.extend((next..lines.len()).step_by(step).filter(usable).map(text).filter(filled));
    top
}

/// The pinned delimiter alone, or the known ones and every run of punctuation in the sample.
fn candidates(sample: &[&str], pinned: &Format) -> BTreeSet<String> {
    if let Some(delimiter) = &pinned.delimiter {
        return BTreeSet::from([delimiter.clone()]);
    }
    let mut found: BTreeSet<String> = KNOWN.into_iter().map(str::to_owned).collect();
    for text in sample.iter().take(20) {
        let mut run = String::new();
        for c in text.chars().chain(['a']) {
            if is_mark(c) {
                run.push(c);
                continue;
            }
            if (1..=4).contains(&run.chars().count()) {
                found.insert(run.clone());
                found.extend(run.chars().map(String::from));
            }
            run.clear();
        }
    }
    found
}

/// Characters outside ASCII that stand between fields in some exports and rarely in a name.
const MARKS: &str = "¦§¶¤¬†‡│┃║¨·，；、｜＾～＃＠＆＄％＋＝＊＼";

/// Characters that may make up a delimiter: control characters, ASCII punctuation that no date, number or time
/// needs, and some others.
fn is_mark(c: char) -> bool {
    c.is_control()
        || (!c.is_ascii() && MARKS.contains(c))
        || (c.is_ascii_punctuation() && !matches!(c, '-' | '/' | '.' | ':' | '_' | '"' | '\''))
}

fn score(
    delimiter: &str,
    first_line: usize,
    sample: &[&str],
    against: Against<'_>,
    pinned_header: Option<bool>,
) -> (Candidate, Layout) {
    let schema = against.schema;
    let mut cells: Vec<&str> = sample[0].split(delimiter).collect();
    // A delimiter behind the last title, or behind the last field of nearly every line, makes no column.
    let below = &sample[1.min(sample.len() - 1)..];
    let ends_with_delimiter = is_trailing(below, delimiter);
    let body_width = common_width(below, delimiter).unwrap_or(0);
    let is_untitled = cells.len() > 1 && cells.last().is_some_and(|cell| is_blank(cell));
    let titled = cells.len() - usize::from(is_untitled);
    if is_untitled && (body_width == titled || (body_width == titled + 1 && ends_with_delimiter)) {
        cells.pop();
    }
    let trailing = |width: usize| ends_with_delimiter && body_width == width + 1;
    let titles: Vec<Option<usize>> = cells.iter().map(|cell| field_of(cell, schema)).collect();
    let known = titles.iter().flatten().count();
    let titles_share = known as f64 / cells.len() as f64;
    let titles_fit = titles_fit(known, cells.len(), schema);
    let header = pinned_header.unwrap_or_else(|| {
        // A line of no known title that cannot be data while the lines below it are is a header too.
        is_header(known, titles_fit)
            || (cells.len() > 1 && {
                let plain: Vec<Option<usize>> = (0..schema.fields.len()).map(Some).collect();
                let width =
                    |line: usize| sample.get(line).map_or(0, |text| text.split(delimiter).count());
                let below = types_fit(&sample[1..], delimiter, width(1), &plain, against);
                cells.len() == schema.fields.len()
                    && types_fit(&sample[..1], delimiter, width(0), &plain, against) == 0.0
                    && below >= 0.8
            })
    });
    let (columns, fields, parsed_header) = if header {
        let (columns, header) = read_header(first_line, &cells, &titles, schema);
        (columns, cells.len(), Some(header))
    } else {
        ((0..schema.fields.len()).map(Some).collect(), schema.fields.len(), None)
    };
    let trailing = trailing(fields);
    let width = fields + usize::from(trailing);
    let body = if header { &sample[1..] } else { sample };
    let fitting = body.iter().filter(|t| t.split(delimiter).count() == width).count();
    let lines_fit = if body.is_empty() { 0.0 } else { fitting as f64 / body.len() as f64 };
    let types_fit = types_fit(body, delimiter, width, &columns, against);
    let titles_fit = if header { titles_fit } else { 0.0 };
    let keys_fit = keys_fit(body, delimiter, width, columns.get(schema.key).copied().flatten());
    let body_score = 0.6 * lines_fit + 0.3 * types_fit + 0.1 * keys_fit;
    let score = if header { 0.5 * titles_share + 0.5 * body_score } else { body_score };
    let tried = Candidate {
        delimiter: delimiter.to_owned(),
        header,
        width: common_width(body, delimiter).unwrap_or(cells.len()),
        lines_fit,
        types_fit,
        titles_fit,
        score,
    };
    let delimiter = delimiter.to_owned();
    let quotes = Quoting::Text;
    (tried, Layout { delimiter, quotes, trailing, header: parsed_header, width, columns })
}

/// Whether nearly every line ends with a delimiter.
fn is_trailing(lines: &[&str], delimiter: &str) -> bool {
    let ends = lines.iter().filter(|line| line.ends_with(delimiter)).count();
    ends as f64 >= lines.len() as f64 * MIN_TRAILING
}

/// Share of the non-empty typed cells that cast, over the lines of the right width; 1 if the schema has
/// no typed field and some line fits, 0 if no line fits.
fn types_fit(
    lines: &[&str],
    delimiter: &str,
    width: usize,
    columns: &[Option<usize>],
    against: Against<'_>,
) -> f64 {
    let (mut good, mut all, mut fitting) = (0usize, 0usize, 0usize);
    for line in lines {
        let cells: Vec<&str> = line.split(delimiter).collect();
        if cells.len() != width {
            continue;
        }
        fitting += 1;
        let fields = against.schema.fields.iter().zip(against.meanings);
        for ((field, meaning), column) in fields.zip(columns) {
            let Some(cell) = column.and_then(|c| cells.get(c)).map(|c| cast::trim(c)) else {
                continue;
            };
            if meaning.is_no_value(cell) || field.kind == Kind::Text {
                continue;
            }
            all += 1;
            good += usize::from(meaning.casts(cell));
        }
    }
    match (fitting, all) {
        (0, _) => 0.0,
        (_, 0) => 1.0,
        _ => good as f64 / all as f64,
    }
}

/// Share of distinct, filled keys.
fn keys_fit(lines: &[&str], delimiter: &str, width: usize, column: Option<usize>) -> f64 {
    let Some(column) = column else { return 0.0 };
    let mut distinct = BTreeSet::new();
    let mut all = 0usize;
    for line in lines {
        let cells: Vec<&str> = line.split(delimiter).collect();
        if let (true, Some(key)) = (cells.len() == width, cells.get(column)) {
            all += 1;
            distinct.extend(Some(cast::trim(key)).filter(|k| !k.is_empty()));
        }
    }
    if all == 0 { 0.0 } else { distinct.len() as f64 / all as f64 }
}

fn common_width(lines: &[&str], delimiter: &str) -> Option<usize> {
    let mut widths: Vec<usize> = lines.iter().map(|t| t.split(delimiter).count()).collect();
    widths.sort_unstable();
    widths.get(widths.len() / 2).copied()
}

fn read_header(
    line: usize,
    cells: &[&str],
    titles: &[Option<usize>],
    schema: &FeedSchema,
) -> (Vec<Option<usize>>, Header) {
    let mut columns = vec![None; schema.fields.len()];
    let mut header = Header { line, unknown: vec![], duplicates: vec![], missing: vec![] };
    for (at, (cell, title)) in cells.iter().zip(titles).enumerate() {
        match title {
            None => header.unknown.push(cast::trim(cell).to_owned()),
            Some(field) if columns[*field].is_some() => header.duplicates.push(*field),
            Some(field) => columns[*field] = Some(at),
        }
    }
    header.duplicates.sort_unstable();
    header.duplicates.dedup();
    header.missing =
        (0..columns.len()).filter(|f| columns[*f].is_none() && is_needed(*f, schema)).collect();
    (columns, header)
}

/// Whether a header must have the field: it is required, or the requirement of another hangs on it.
fn is_needed(field: usize, schema: &FeedSchema) -> bool {
    let name = &schema.fields[field].name;
    schema.fields[field].required != Required::No
        || schema.fields.iter().any(|f| matches!(&f.required, Required::Unless(of) if of == name))
}
