//! One cell of text to a value.

use std::borrow::Cow;

use chrono::{Datelike, NaiveDate};

use crate::config::dialect::DatePattern;
use crate::config::schema::{DateForm, DateForms};

/// Days from 0001-01-01 (day 1 of the common era) to 1970-01-01.
const EPOCH_FROM_CE: i32 = 719_163;

/// White space round a value: ASCII white space and U+3000, the wide space of Chinese input methods.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r' | '\u{3000}')
}

/// Whether a text holds nothing but white space.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_space)
}

/// The text without white space at both ends.
#[inline]
pub fn trim(text: &str) -> &str {
    match text.as_bytes() {
        // Nearly every cell: it neither begins nor ends with a byte that white space can have there.
        [first, .., last] if *first > b' ' && *first != 0xE3 && *last > b' ' && *last != 0x80 => {
            text
        }
        _ => text.trim_matches(is_space),
    }
}

/// An optional sign and ASCII digits that fit 64 bits.
pub fn integer(text: &str) -> Option<i64> {
    // `i64::from_str` takes exactly this form.
    text.parse().ok()
}

/// An integer in a form other than that of [`integer`] that can mean nothing else: full-width digits, a fraction of
/// zeros.
pub(super) fn other_integer(text: &str) -> Option<i64> {
    let plain = |c: char| match c {
        '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')),
        '．' => Some('.'),
        '＋' => Some('+'),
        '－' => Some('-'),
        c => Some(c),
    };
    let text: String = text.chars().filter_map(plain).collect();
    let whole = match text.split_once('.') {
        Some((whole, fraction)) => {
            let zeros = !fraction.is_empty() && fraction.bytes().all(|b| b == b'0');
            zeros.then_some(whole)?
        }
        None => &text,
    };
    integer(whole)
}

/// How a date was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateStyle {
    /// In the usual form of the contract, or in a declared one.
    Usual,
    /// In another form.
    Other,
}

/// How the dates of a field are read.
#[derive(Debug, Clone)]
pub(super) struct DateReader<'a> {
    patterns: &'a [DatePattern],
    /// The usual one first, where it is one of these.
    forms: Cow<'a, [DateForm]>,
    usual: Option<DateForm>,
    /// Whether forms are read that nobody declared.
    others: bool,
}

impl<'a> DateReader<'a> {
    pub(super) fn new(dates: &'a DateForms) -> DateReader<'a> {
        let usual = dates.forms.first().copied();
        if dates.patterns.is_empty() {
            return DateReader {
                patterns: &[],
                forms: Cow::Borrowed(&dates.forms),
                usual,
                others: true,
            };
        }
        // Where a declared form has the day in the month's place, a form that reads it as another day is not used: it
        // would read the days on which the declared one fails.
        let probe = NaiveDate::from_ymd_opt(2003, 2, 1);
        let written: Vec<(String, i32)> = dates
            .patterns
            .iter()
            .filter_map(|pattern| Some((pattern.write(probe?)?, days(probe?))))
            .collect();
        let agrees = |read: &dyn Fn(&str) -> Option<i32>| {
            written.iter().all(|(text, day)| read(text).is_none_or(|found| found == *day))
        };
        let forms = dates.forms.iter().copied().filter(|form| agrees(&|text| in_form(text, *form)));
        DateReader {
            patterns: &dates.patterns,
            forms: forms.collect(),
            usual,
            others: agrees(&other_date),
        }
    }

    /// A date as days since 1970-01-01, and how it was written.
    #[inline]
    pub(super) fn read(&self, text: &str) -> Option<(i32, DateStyle)> {
        if let Some(date) = self.patterns.iter().find_map(|pattern| pattern.read(text)) {
            return Some((days(date), DateStyle::Usual));
        }
        let known = self.forms.iter().find_map(|form| Some((in_form(text, *form)?, *form)));
        match known {
            Some((day, form)) if Some(form) == self.usual => Some((day, DateStyle::Usual)),
            Some((day, _)) => Some((day, DateStyle::Other)),
            None if self.others => other_date(text).map(|day| (day, DateStyle::Other)),
            None => None,
        }
    }
}

fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - EPOCH_FROM_CE
}

#[inline]
fn in_form(text: &str, form: DateForm) -> Option<i32> {
    match form {
        DateForm::Iso => iso(text.as_bytes()),
        DateForm::Compact => match text.as_bytes() {
            b if b.len() == 8 => day(number(&b[..4])?, number(&b[4..6])?, number(&b[6..])?),
            _ => None,
        },
        DateForm::Slash => slash(text),
        DateForm::DateTime => match text.as_bytes() {
            b if b.len() == 19 && b[10] == b' ' && clock(&b[11..]) => iso(&b[..10]),
            _ => None,
        },
    }
}

/// A date that begins with a year of four digits and can mean one day only: `2024-1-5`, `2024.01.05`, `2024年1月5日`,
/// `2024/1/5`, each also with a time of day, which is left out.
fn other_date(text: &str) -> Option<i32> {
    let year = number(text.as_bytes().get(..4)?)?;
    let rest = text.get(4..)?;
    let between = rest.chars().next().filter(|c| matches!(c, '-' | '/' | '.' | '年'))?;
    let (month, rest) = one_or_two_digits(rest.strip_prefix(between)?)?;
    let between = if between == '年' { '月' } else { between };
    let (date, rest) = one_or_two_digits(rest.strip_prefix(between)?)?;
    let rest = if between == '月' { rest.strip_prefix('日')? } else { rest };
    let fits = match rest.strip_prefix(['T', ' ']) {
        Some(time) => is_time(time.trim_start_matches(' ')),
        None => rest.is_empty(),
    };
    fits.then(|| day(year, month, date))?
}

/// `8:00`, `08:00:00`, `08:00:00.123`, each also with `Z`, `+08:00`, `+0800` or `+08`.
fn is_time(text: &str) -> bool {
    let parse = || {
        let (hour, rest) = one_or_two_digits(text)?;
        let (minute, mut rest) = two_digits(rest.strip_prefix(':')?)?;
        if let Some(seconds) = rest.strip_prefix(':') {
            let (second, behind) = two_digits(seconds)?;
            rest = behind;
            if second > 60 {
                return None;
            }
            if let Some(fraction) = rest.strip_prefix(['.', ',']) {
                rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
                if rest.len() == fraction.len() {
                    return None;
                }
            }
        }
        if hour > 23 || minute > 59 {
            return None;
        }
        let zone = rest.strip_prefix(' ').unwrap_or(rest);
        if rest.is_empty() || zone == "Z" {
            return Some(());
        }
        let (_, rest) = two_digits(zone.strip_prefix(['+', '-'])?)?;
        if rest.is_empty() {
            return Some(());
        }
        let (_, rest) = two_digits(rest.strip_prefix(':').unwrap_or(rest))?;
        rest.is_empty().then_some(())
    };
    parse().is_some()
}

/// The digits of the day that a text of digits, joiners and perhaps a time of day states; empty for any other text. It
/// need not be a day of the calendar.
pub(super) fn digits_of_day(text: &str) -> String {
    let (day, time) = text.split_once(['T', ' ']).map_or((text, None), |(d, t)| (d, Some(t)));
    let is_day = day.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '/' | '.'));
    match is_day && time.is_none_or(|time| is_time(time.trim_start_matches(' '))) {
        true => day.chars().filter(char::is_ascii_digit).collect(),
        false => String::new(),
    }
}

/// The four digits of the year of a day, given as days since 1970-01-01.
pub(super) fn year(day: i32) -> Option<String> {
    let date = NaiveDate::from_num_days_from_ce_opt(day + EPOCH_FROM_CE)?;
    Some(format!("{:04}", date.year()))
}

fn two_digits(text: &str) -> Option<(u32, &str)> {
    Some((number(text.as_bytes().get(..2)?)?, text.get(2..)?))
}

fn one_or_two_digits(text: &str) -> Option<(u32, &str)> {
    two_digits(text).or_else(|| Some((number(text.as_bytes().get(..1)?)?, text.get(1..)?)))
}

fn iso(b: &[u8]) -> Option<i32> {
    if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
        return None;
    }
    day(number(&b[..4])?, number(&b[5..7])?, number(&b[8..])?)
}

fn slash(text: &str) -> Option<i32> {
    let mut parts = text.split('/');
    let (year, month, date) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = year.len() == 4 && (1..=2).contains(&month.len()) && (1..=2).contains(&date.len());
    if !fits || parts.next().is_some() {
        return None;
    }
    day(number(year.as_bytes())?, number(month.as_bytes())?, number(date.as_bytes())?)
}

fn clock(b: &[u8]) -> bool {
    let part =
        |range: std::ops::Range<usize>, below: u32| number(&b[range]).is_some_and(|n| n < below);
    b[2] == b':' && b[5] == b':' && part(0..2, 24) && part(3..5, 60) && part(6..8, 60)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |n, d| d.is_ascii_digit().then(|| n * 10 + u32::from(d - b'0')))
}

fn day(year: u32, month: u32, day: u32) -> Option<i32> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).map(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(patterns: &[&str]) -> DateForms {
        DateForms {
            patterns: patterns.iter().map(|text| DatePattern::parse(text).unwrap()).collect(),
            forms: vec![DateForm::Iso, DateForm::Compact, DateForm::Slash, DateForm::DateTime],
            no_date: Vec::new(),
        }
    }

    #[test]
    fn dates_are_read_in_forms_that_mean_one_day_only() {
        let dates = reader(&[]);
        let reader = DateReader::new(&dates);
        assert_eq!(reader.read("1970-01-01"), Some((0, DateStyle::Usual)));
        assert_eq!(reader.read("2024-02-29"), Some((19782, DateStyle::Usual)));
        for text in [
            "20240229",
            "2024/2/29",
            "2024/02/29",
            "2024-02-29 23:59:59",
            "2024-2-29",
            "2024.02.29",
            "2024年2月29日",
            "2024年02月29日 8:00",
            "2024-02-29T10:00:00",
            "2024-02-29T10:00",
            "2024-02-29 10:00:00.000",
            "2024-02-29T10:00:00+08:00",
            "2024-02-29T10:00:00.123Z",
            "2024-02-29T10:00:00+0800",
            "2024/2/29 0:00",
        ] {
            assert_eq!(reader.read(text), Some((19782, DateStyle::Other)), "{text}");
        }
        for text in [
            "2023-02-29",
            "2024-13-01",
            "0000-00-00",
            "2024-02-29 24:00:00",
            "2024-02-29T",
            "2024-02-29 ",
            "2024-02-29 noon",
            "2024-02-29T10:00:00.",
            "2024-02-29T10:00:00+8",
            "24/2/29",
            "05/01/2024",
            "2024/2/29/1",
            "2024/+2/29",
            "2024-2/29",
            "2024年2月29",
            "2024年2月",
            "２０２４-02-29",
            "45321",
            "",
        ] {
            assert_eq!(reader.read(text), None, "{text}");
        }
    }

    #[test]
    fn a_declared_form_goes_first_and_no_other_reads_its_days_in_another_way() {
        let dates = reader(&["%Y%d%m", "%Y.%d.%m", "%d/%m/%Y"]);
        let reader = DateReader::new(&dates);
        for text in ["20240105", "2024.01.05", "01/05/2024"] {
            let may = NaiveDate::from_ymd_opt(2024, 5, 1).map(days);
            assert_eq!(reader.read(text), may.map(|day| (day, DateStyle::Usual)), "{text}");
        }
        // The thirteenth of May, were the month first; so it is no date.
        for text in ["20240513", "2024.05.13", "13/13/2024"] {
            assert_eq!(reader.read(text), None, "{text}");
        }
        assert_eq!(reader.read("2024-02-29"), Some((19782, DateStyle::Usual)));
    }

    #[test]
    fn integers_are_a_sign_and_ascii_digits() {
        for (text, expected) in
            [("7", Some(7)), ("+7", Some(7)), ("-7", Some(-7)), ("007", Some(7))]
        {
            assert_eq!(integer(text), expected, "{text}");
        }
        for text in ["", "+", "1.0", "1e3", "１", "1 2", "0x1", "99999999999999999999"] {
            assert_eq!(integer(text), None, "{text}");
        }
        for (text, expected) in
            [("１", Some(1)), ("1.0", Some(1)), ("-2.00", Some(-2)), ("１０．０", Some(10))]
        {
            assert_eq!(other_integer(text), expected, "{text}");
        }
        for text in ["", "1.", ".0", "1.5", "1e3", "1.0.0", "一", "1,0"] {
            assert_eq!(other_integer(text), None, "{text}");
        }
    }

    #[test]
    fn trimming_removes_ascii_whitespace_and_the_ideographic_space_only() {
        let cases = [
            (" a ", "a"),
            ("\u{3000}张\u{3000}", "张"),
            ("a\t", "a"),
            ("a", "a"),
            ("", ""),
            (" \u{3000} ", ""),
            ("\u{a0}a", "\u{a0}a"),
            ("耀", "耀"),
            ("　名　字", "名　字"),
        ];
        for (text, expected) in cases {
            assert_eq!(trim(text), expected, "{text:?}");
            assert_eq!(is_blank(text), expected.is_empty(), "{text:?}");
        }
    }
}
