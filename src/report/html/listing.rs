//! The list of all findings as the page's script reads it: one array a column.

use std::collections::BTreeMap;
use std::fmt;

use askama::filters::HtmlSafe;
use chrono::NaiveDate;

use crate::model::{Feed, Finding, Level, RunReport};
use crate::report::layout::visible;
use crate::report::mask::Names;

use super::message_form::Forms;

/// The findings of a run that the page lists.
pub(super) struct Listing<'a> {
    report: &'a RunReport,
    names: Names,
    /// Number of findings listed of each code, in the order of the run.
    listed: Vec<usize>,
}

impl<'a> Listing<'a> {
    /// At most `most` findings. Every rule keeps its first ones: what one rule does not need, the others share.
    pub(super) fn new(report: &'a RunReport, names: Names, most: usize) -> Listing<'a> {
        let held: Vec<usize> =
            report.findings.chunk_by(|a, b| a.code == b.code).map(<[Finding]>::len).collect();
        Listing { report, names, listed: shares(&held, most) }
    }

    /// Number of findings listed.
    pub(super) fn len(&self) -> u64 {
        self.listed.iter().sum::<usize>() as u64
    }

    fn findings(&self) -> impl Iterator<Item = &'a Finding> + '_ {
        let codes = self.report.findings.chunk_by(|a, b| a.code == b.code);
        codes.zip(&self.listed).flat_map(|(findings, listed)| findings.iter().take(*listed))
    }
}

/// How much of each amount is kept so that all are at most `most`: small ones whole, large ones equally.
fn shares(held: &[usize], most: usize) -> Vec<usize> {
    let mut by_size: Vec<usize> = (0..held.len()).collect();
    by_size.sort_by_key(|at| held[*at]);
    let mut shares = vec![0; held.len()];
    let mut left = most;
    for (done, at) in by_size.iter().enumerate() {
        shares[*at] = held[*at].min(left / (held.len() - done));
        left -= shares[*at];
    }
    shares
}

/// Text as JSON that is safe within a script element.
struct Json<'t>(&'t str);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                // A script element ends at `</script`, whatever its content is; lone separators end lines of old engines.
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                    write!(f, "\\u{:04x}", c as u32)?;
                }
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

/// Values as a JSON array.
fn array<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    values: impl Iterator<Item = T>,
) -> fmt::Result {
    write!(f, "{}:[", Json(name))?;
    for (at, value) in values.enumerate() {
        if at > 0 {
            f.write_str(",")?;
        }
        write!(f, "{value}")?;
    }
    f.write_str("]")
}

/// Distinct values by number, in the order in which they occur.
struct Numbered<T> {
    known: BTreeMap<T, usize>,
}

impl<T: Ord> Numbered<T> {
    fn of(values: impl Iterator<Item = T>) -> Numbered<T> {
        let mut known = BTreeMap::new();
        for value in values {
            let next = known.len();
            known.entry(value).or_insert(next);
        }
        Numbered { known }
    }

    fn number(&self, value: &T) -> usize {
        self.known.get(value).copied().unwrap_or_default()
    }

    fn in_order(&self) -> Vec<&T> {
        let mut values: Vec<(&T, &usize)> = self.known.iter().collect();
        values.sort_by_key(|(_, number)| **number);
        values.into_iter().map(|(value, _)| value).collect()
    }
}

/// Stands for no value in columns of numbers.
const NONE: i64 = -1;

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes = Numbered::of(self.findings().map(|finding| finding.code));
        let fields = Numbered::of(self.findings().filter_map(|finding| finding.field.as_deref()));
        let dates: Numbered<NaiveDate> =
            Numbered::of(self.findings().filter_map(|f| f.age.map(|age| age.first_seen)));
        f.write_str("{")?;
        array(f, "codes", codes.in_order().into_iter().map(|code| Json(code)))?;
        f.write_str(",")?;
        array(f, "fields", fields.in_order().into_iter().map(|field| Json(field)))?;
        f.write_str(",")?;
        array(f, "dates", dates.in_order().into_iter().map(|date| format!("\"{date}\"")))?;
        f.write_str(",")?;
        let file =
            |feed: Feed| self.report.file(feed).map_or(feed.name(), |file| file.name.as_str());
        array(f, "files", Feed::ALL.into_iter().map(|feed| Json(file(feed)).to_string()))?;
        f.write_str(",")?;
        array(f, "levels", Level::ALL.into_iter().map(|level| Json(level.name()).to_string()))?;

        type Number<'n> = &'n dyn Fn(&Finding) -> i64;
        let number = |at: usize| i64::try_from(at).unwrap_or(NONE);
        let count = |at: u64| i64::try_from(at).unwrap_or(NONE);
        let columns: [(&str, Number<'_>); 9] = [
            ("code", &|finding| number(codes.number(&finding.code))),
            ("level", &|finding| number(finding.level as usize)),
            ("feed", &|finding| number(finding.feed as usize)),
            ("line", &|finding| finding.line.map_or(NONE, count)),
            ("field", &|f| f.field.as_deref().map_or(NONE, |field| number(fields.number(&field)))),
            ("affected", &|finding| count(finding.affected)),
            ("cause", &|finding| finding.cause.map_or(NONE, number)),
            ("since", &|f| f.age.map_or(NONE, |age| number(dates.number(&age.first_seen)))),
            ("deliveries", &|finding| finding.age.map_or(0, |age| count(age.deliveries))),
        ];
        for (name, value) in columns {
            f.write_str(",")?;
            array(f, name, self.findings().map(value))?;
        }
        self.texts(f)?;
        f.write_str("}")
    }
}

impl Listing<'_> {
    /// Keys, what fills the messages, and their forms.
    fn texts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut forms = Forms::default();
        let mut numbers = Vec::with_capacity(self.listed.iter().sum());
        f.write_str(",\"keys\":[")?;
        for (at, finding) in self.findings().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let finding = self.names.finding(finding);
            let key = visible(finding.key.as_deref().unwrap_or_default());
            write!(f, "{comma}{}", Json(&key))?;
        }
        f.write_str("],\"fills\":[")?;
        let mut first = true;
        for finding in self.findings() {
            let finding = self.names.finding(finding);
            let (zh, en) = (visible(&finding.message.zh), visible(&finding.message.en));
            let key = finding.key.as_deref().map(visible);
            let (number, fills) = forms.number((&zh, &en), key.as_deref());
            numbers.push(number);
            for fill in fills {
                let comma = if std::mem::take(&mut first) { "" } else { "," };
                write!(f, "{comma}{}", Json(fill))?;
            }
        }
        f.write_str("],")?;
        array(f, "form", numbers.iter())?;
        f.write_str(",")?;
        let texts = forms.texts();
        array(f, "forms", texts.iter().map(|(zh, en)| format!("[{},{}]", Json(zh), Json(en))))
    }
}

// What it writes is JSON without the characters of HTML.
impl HtmlSafe for Listing<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_rules_are_listed_whole_and_large_ones_share_the_rest() {
        assert_eq!(shares(&[5, 100_000, 100_000, 7], 1_012), [5, 500, 500, 7]);
        assert_eq!(shares(&[3, 4], 100), [3, 4]);
        assert_eq!(shares(&[], 100), [0; 0]);
        assert_eq!(shares(&[9, 9], 3), [1, 2]);
    }

    #[test]
    fn texts_in_a_script_element_end_neither_it_nor_a_line() {
        let text = "</script><!--\u{2028}\"\\\u{1}";
        let json = Json(text).to_string();
        assert!(!json.contains('<') && !json.contains('\u{2028}'), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
