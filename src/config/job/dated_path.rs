//! A path that contains a business date, such as `/export/{date:%Y%m%d}`.

use std::fmt::Write as _;

use chrono::NaiveDate;
use chrono::format::{Item, StrftimeItems};

/// A path with any number of `{date:FORMAT}` in it, FORMAT being strftime's (`%Y%m%d`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatedPath {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Date(String),
}

impl DatedPath {
    /// Reads a path as written in a job file; `None` if a brace is not closed, is not `{date:…}`, or
    /// its format needs more than a date, such as an hour.
    pub fn parse(text: &str) -> Option<DatedPath> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, placeholder) = rest.split_at(open);
            let (inside, after) = placeholder[1..].split_once('}')?;
            if before.contains('}') {
                return None;
            }
            let format = inside.strip_prefix("date:").filter(|format| is_date_format(format))?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Date(format.to_owned()));
            rest = after;
        }
        if rest.contains('}') {
            return None;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Some(DatedPath { parts })
    }

    /// Whether there is a date in it.
    pub fn is_dated(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Date(_)))
    }

    /// The path on a business date.
    pub fn on(&self, date: NaiveDate) -> String {
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => path.push_str(text),
                // Writing to a string fails only on a bad format, which `parse` has refused.
                Part::Date(format) => _ = write!(path, "{}", date.format(format)),
            }
        }
        path
    }

    /// The date in a file name that this is the pattern of, in whatever case; `None` if the name has another form, or the
    /// pattern no whole date.
    pub fn date_in(&self, name: &str) -> Option<NaiveDate> {
        let mut form = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => form.push_str(&text.to_lowercase().replace('%', "%%")),
                Part::Date(format) => form.push_str(format),
            }
        }
        NaiveDate::parse_from_str(&name.to_lowercase(), &form).ok()
    }
}

/// Whether a date alone can be written in that format.
fn is_date_format(format: &str) -> bool {
    let items: Vec<Item<'_>> = StrftimeItems::new(format).collect();
    let names_a_field =
        items.iter().any(|item| matches!(item, Item::Numeric(..) | Item::Fixed(..)));
    let mut written = String::new();
    names_a_field
        && !items.contains(&Item::Error)
        && write!(written, "{}", NaiveDate::default().format_with_items(items.iter())).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_pattern_tells_its_date() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 4);
        for (pattern, name, expected) in [
            ("agent_{date:%Y%m%d}.txt", "agent_20261104.txt", day),
            ("agent_{date:%Y%m%d}.txt", "AGENT_20261104.TXT", day),
            ("Ren-{date:%Y-%m-%d}_100%.csv", "ren-2026-11-04_100%.csv", day),
            ("agent_{date:%Y%m%d}.txt", "agent_2026110.txt", None),
            ("agent_{date:%Y%m%d}.txt", "agents_20261104.txt", None),
            ("agent_{date:%m%d}.txt", "agent_1104.txt", None),
            ("agent.txt", "agent.txt", None),
        ] {
            let read = DatedPath::parse(pattern).unwrap().date_in(name);
            assert_eq!(read, expected, "{pattern} {name}");
        }
    }

    #[test]
    fn date_patterns_in_braces_are_replaced_by_the_business_date() {
        let date = NaiveDate::from_ymd_opt(2026, 11, 4).unwrap();
        for (written, expected) in [
            ("", Some("")),
            ("/export", Some("/export")),
            ("/export/{date:%Y%m%d}", Some("/export/20261104")),
            ("{date:%Y}/{date:%m-%d}/x", Some("2026/11-04/x")),
            ("/导出/{date:%Y年%-m月}", Some("/导出/2026年11月")),
            ("/export/{date}", None),
            ("/export/{day:%d}", None),
            ("/export/{date:%Y", None),
            ("/export/}", None),
            ("a}b{date:%Y}", None),
            ("/export/{date:}", None),
            ("/export/{date:plain}", None),
            ("/export/{date:%H}", None),
            ("/export/{date:%Q}", None),
        ] {
            let path = DatedPath::parse(written).map(|path| path.on(date));
            assert_eq!(path.as_deref(), expected, "{written}");
        }
    }
}
