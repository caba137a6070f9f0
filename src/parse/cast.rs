//! One cell of text to a value.

use chrono::{Datelike, NaiveDate};

use crate::config::schema::DateForm;

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

/// A date in one of the forms, as days since 1970-01-01, with the form that read it.
pub fn date(text: &str, forms: &[DateForm]) -> Option<(i32, DateForm)> {
    forms.iter().find_map(|form| {
        let days = match form {
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
        };
        days.map(|d| (d, *form))
    })
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
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(date.num_days_from_ce() - EPOCH_FROM_CE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [DateForm; 4] =
        [DateForm::Iso, DateForm::Compact, DateForm::Slash, DateForm::DateTime];

    #[test]
    fn dates_are_read_in_the_accepted_forms_and_in_no_other() {
        let cases = [
            ("1970-01-01", Some((0, DateForm::Iso))),
            ("2024-02-29", Some((19782, DateForm::Iso))),
            ("20240229", Some((19782, DateForm::Compact))),
            ("2024/2/29", Some((19782, DateForm::Slash))),
            ("2024/02/29", Some((19782, DateForm::Slash))),
            ("2024-02-29 23:59:59", Some((19782, DateForm::DateTime))),
            ("2023-02-29", None),
            ("2024-2-29", None),
            ("2024-13-01", None),
            ("0000-00-00", None),
            ("2024-02-29 24:00:00", None),
            ("2024-02-29T10:00:00", None),
            ("24/2/29", None),
            ("2024/2/29/1", None),
            ("2024/+2/29", None),
            ("２０２４-02-29", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(date(text, &ALL), expected, "{text}");
        }
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
