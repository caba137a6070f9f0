//! How an insurer's export differs from plain records in the contract's form, in the words of job files and schemas:
//! quotes, lines that are no records, further forms of dates.

use std::fmt::Write;

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{NaiveDate, NaiveDateTime};

/// What a file has around and between its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dialect {
    /// Number of physical lines before the header or the first record.
    pub skip_lines: usize,
    /// Lines that begin with this text are no data.
    pub comment: Option<String>,
    /// The form of the last line, where it is a control record.
    pub trailer: Option<Trailer>,
    /// What quotes mean.
    pub quotes: Quotes,
}

/// What quotation marks mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Quotes {
    /// Found out in every file.
    #[default]
    Auto,
    /// Cells are quoted where they need it (RFC 4180).
    Needed,
    /// All cells are quoted.
    Always,
    /// Quotes are text.
    None,
}

impl Quotes {
    /// The words in job files and schemas.
    pub const WORDS: &[&str] = &["auto", "needed", "always", "none"];

    /// The meaning of a word.
    pub fn from_name(name: &str) -> Option<Quotes> {
        match name {
            "auto" => Some(Quotes::Auto),
            "needed" => Some(Quotes::Needed),
            "always" => Some(Quotes::Always),
            "none" => Some(Quotes::None),
            _ => None,
        }
    }
}

/// The form of a control record behind the last record: text in which `{rows}` stands for the number of records and
/// `{*}` for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailer {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Rows,
    Anything,
}

impl Trailer {
    /// Reads a form. `None` if it has no text of its own, `{rows}` twice, two placeholders side by side, braces around
    /// anything else, or a line end.
    pub fn parse(text: &str) -> Option<Trailer> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            if open > 0 {
                parts.push(Part::Text(rest[..open].to_owned()));
            }
            let placeholder = [("{rows}", Part::Rows), ("{*}", Part::Anything)]
                .into_iter()
                .find_map(|(name, part)| Some((rest[open..].strip_prefix(name)?, part)));
            let (behind, part) = placeholder?;
            if parts.last().is_some_and(|last| !matches!(last, Part::Text(_))) {
                return None;
            }
            parts.push(part);
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let says = |part: &Part| matches!(part, Part::Text(text) if !text.trim().is_empty());
        let fits = parts.iter().any(says)
            && parts.iter().filter(|part| **part == Part::Rows).count() <= 1
            && !text.contains(['\r', '\n']);
        fits.then(|| Trailer { text: text.to_owned(), parts })
    }

    /// The form as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a line has the form, and the number of records that it states, if the form has one.
    pub fn read(&self, line: &str) -> Option<Option<u64>> {
        matches(&self.parts, line.trim_end())
    }
}

/// `parts` has a handful of elements: the form is a line of a job file.
fn matches(parts: &[Part], text: &str) -> Option<Option<u64>> {
    let Some((first, rest)) = parts.split_first() else {
        return text.is_empty().then_some(None);
    };
    match first {
        Part::Text(own) => {
            let own = if rest.is_empty() { own.trim_end() } else { own };
            matches(rest, text.strip_prefix(own)?)
        }
        Part::Rows => {
            let digits = text.trim_start_matches(' ');
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            let rows: u64 = digits[..end].parse().ok()?;
            matches(rest, &digits[end..]).map(|_| Some(rows))
        }
        Part::Anything => match rest.first() {
            Some(Part::Text(next)) => {
                let next = if rest.len() == 1 { next.trim_end() } else { next };
                text.match_indices(next).find_map(|(at, _)| matches(rest, &text[at..]))
            }
            _ => Some(None),
        },
    }
}

/// A declared form of dates, in the specifiers of `strftime`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatePattern {
    text: String,
    items: Vec<Item<'static>>,
}

impl DatePattern {
    /// Reads a form. `None` unless it gives year (of four digits), month and day.
    pub fn parse(text: &str) -> Option<DatePattern> {
        let items = StrftimeItems::new(text).parse_to_owned().ok()?;
        let pattern = DatePattern { text: text.to_owned(), items };
        // A pattern that lacks a part, or has two digits of the year, does not give these days back.
        let probes = [(1955, 11, 23), (2023, 2, 1)];
        let gives_back = probes.into_iter().all(|(year, month, day)| {
            NaiveDate::from_ymd_opt(year, month, day).is_some_and(|date| {
                pattern.write(date).is_some_and(|text| pattern.read(&text) == Some(date))
            })
        });
        gives_back.then_some(pattern)
    }

    /// The form as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The date that a text in this form states.
    pub fn read(&self, text: &str) -> Option<NaiveDate> {
        use chrono::Datelike;
        let mut parsed = Parsed::new();
        parse(&mut parsed, text, self.items.iter()).ok()?;
        parsed.to_naive_date().ok().filter(|date| (1..=9999).contains(&date.year()))
    }

    /// A text that both forms read, and as different days.
    pub fn contradicts(&self, other: &DatePattern) -> Option<String> {
        let probe = NaiveDate::from_ymd_opt(2003, 2, 1)?;
        let text = self.write(probe)?;
        other.read(&text).filter(|day| *day != probe).map(|_| text)
    }

    /// A date in this form.
    pub fn write(&self, date: NaiveDate) -> Option<String> {
        let mut text = String::new();
        let moment = NaiveDateTime::from(date);
        write!(text, "{}", moment.format_with_items(self.items.iter())).ok()?;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailer_is_text_with_placeholders() {
        let cases = [
            ("TRL|{rows}", "TRL|1234", Some(Some(1234))),
            ("TRL|{rows}", "TRL|0001234 ", Some(Some(1234))),
            ("TRL|{rows}", "TRL|", None),
            ("TRL|{rows}", "TRL|12x", None),
            ("TRL|{rows}", "XTRL|12", None),
            ("***END***", "***END***", Some(None)),
            ("合计：{rows} 条{*}", "合计： 7 条，2024-01-01", Some(Some(7))),
            ("{*}|{rows}|END", "a|b|7|END", Some(Some(7))),
            ("{*}|{rows}|END", "a|b|x|END", None),
        ];
        for (form, line, expected) in cases {
            assert_eq!(Trailer::parse(form).unwrap().read(line), expected, "{form} {line}");
        }
        for bad in
            ["", " ", "{*}", "{rows}", "a{rows}{*}", "{rows}a{rows}", "a{x}", "a{", "a}", "a\nb"]
        {
            assert_eq!(Trailer::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_form_of_dates_gives_year_month_and_day() {
        let day = NaiveDate::from_ymd_opt(2024, 5, 1).unwrap();
        for (form, text) in [
            ("%Y年%m月%d日", "2024年5月1日"),
            ("%d/%m/%Y", "01/05/2024"),
            ("%Y%m%d%H%M%S", "20240501235959"),
            ("%d-%b-%Y", "01-May-2024"),
        ] {
            assert_eq!(DatePattern::parse(form).unwrap().read(text), Some(day), "{form}");
        }
        for bad in ["", "%Y-%m", "%d.%m.%y", "%Q", "day", "%H:%M"] {
            assert_eq!(DatePattern::parse(bad), None, "{bad}");
        }
    }
}
