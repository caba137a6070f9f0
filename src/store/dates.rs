//! Dates between days since 1970-01-01, `NaiveDate` and ISO text.

use chrono::{Datelike, NaiveDate};

/// First day of the table: 1900-01-01.
const FIRST: i32 = -25_567;
/// Days up to 2100-01-01.
const DAYS: usize = 73_049;
/// Length of `YYYY-MM-DD`.
const WIDTH: usize = 10;

/// ISO texts of the days of two centuries: formatting a cell is a copy.
#[derive(Debug)]
pub(super) struct IsoDates {
    text: String,
    other: String,
}

impl IsoDates {
    /// Writes the table (0.7 MB).
    pub(super) fn new() -> IsoDates {
        let mut text = String::with_capacity(DAYS * WIDTH);
        let mut date = from_days(FIRST);
        while let Some(day) = date.filter(|_| text.len() < DAYS * WIDTH) {
            push_iso(&mut text, day);
            date = day.succ_opt();
        }
        IsoDates { text, other: String::new() }
    }

    /// The ISO text of a day; `None` if it is outside the calendar.
    pub(super) fn text(&mut self, days: i32) -> Option<&str> {
        let at = usize::try_from(i64::from(days) - i64::from(FIRST)).ok();
        if let Some(at) = at.filter(|at| *at < DAYS) {
            return self.text.get(at * WIDTH..(at + 1) * WIDTH);
        }
        self.other.clear();
        push_iso(&mut self.other, from_days(days)?);
        Some(&self.other)
    }
}

/// The ISO text of a date.
pub(super) fn iso(date: NaiveDate) -> String {
    let mut text = String::with_capacity(WIDTH);
    push_iso(&mut text, date);
    text
}

fn from_days(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_epoch_days(days)
}

fn push_iso(text: &mut String, date: NaiveDate) {
    let year = date.year();
    if let (0..=9_999, Ok(year)) = (year, u32::try_from(year)) {
        let digit = |n: u32| char::from_digit(n % 10, 10).unwrap_or('0');
        let (month, day) = (date.month(), date.day());
        text.extend([digit(year / 1_000), digit(year / 100), digit(year / 10), digit(year), '-']);
        text.extend([digit(month / 10), digit(month), '-', digit(day / 10), digit(day)]);
    } else {
        text.push_str(&date.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_texts_match_chrono() {
        let mut dates = IsoDates::new();
        for days in
            (-800_000..2_932_000).step_by(17).chain(FIRST - 2..FIRST + 2).chain(47_480..47_484)
        {
            let expected = from_days(days).map(|date| date.format("%Y-%m-%d").to_string());
            assert_eq!(dates.text(days).map(str::to_owned), expected, "{days}");
        }
    }
}
