//! What the cells of a field mean: which say nothing, which words stand for a code, how dates are read.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDate};

use crate::config::schema::{Field, Kind};

use super::cast::{self, DateReader};

/// How the cells of one field are read.
pub(super) struct CellMeaning<'a> {
    pub(super) kind: CellKind<'a>,
    /// Texts besides the empty one that mean: no value.
    no_value: Vec<&'a str>,
    no_days: Vec<NoDay>,
}

/// A day that is declared to mean no date, however it is written.
struct NoDay {
    /// Its year, which every form of it has.
    year: String,
    digits: String,
    /// Days since 1970-01-01; `None` where it is no day of the calendar, such as `0000-00-00`.
    day: Option<i32>,
}

impl NoDay {
    fn of(text: &str, dates: &DateReader<'_>) -> Option<NoDay> {
        let digits = cast::digits_of_day(text);
        let day = dates.read(text).map(|(day, _)| day);
        let year = match day {
            Some(day) => cast::year(day)?,
            None => digits.get(..4)?.to_owned(),
        };
        Some(NoDay { year, digits, day })
    }

    fn is(&self, text: &str, dates: &DateReader<'_>) -> bool {
        text.contains(&self.year) && {
            let same_digits = || cast::digits_of_day(text) == self.digits;
            let same_day = |day| dates.read(text).is_some_and(|(read, _)| read == day);
            (self.digits.len() == 8 && same_digits()) || self.day.is_some_and(same_day)
        }
    }
}

/// How a cell with a value is read.
pub(super) enum CellKind<'a> {
    Text,
    Integer(Integers<'a>),
    Date(DateReader<'a>),
}

/// How the integers of a field are read.
pub(super) struct Integers<'a> {
    codes: &'a BTreeMap<String, i64>,
    /// Empty where any goes.
    allowed: Vec<i64>,
    /// Whether a code of the contract is written for another one, so that integers without a word have no certain
    /// meaning.
    words_only: bool,
}

/// What an integer cell says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// An allowed integer in the usual form, or a word declared for it.
    Usual(i64),
    /// An allowed integer in another form.
    Other(i64),
    /// An integer that is not allowed.
    NotAllowed(i64),
    /// No integer.
    None,
}

impl<'a> CellMeaning<'a> {
    pub(super) fn of(field: &'a Field) -> CellMeaning<'a> {
        let mut no_value: Vec<&str> = field.no_value.iter().map(String::as_str).collect();
        let mut no_days = Vec::new();
        let kind = match &field.kind {
            Kind::Text => CellKind::Text,
            Kind::Integer => CellKind::Integer(Integers::of(field)),
            Kind::Date(dates) => {
                no_value.extend(dates.no_date.iter().map(String::as_str));
                let reader = DateReader::new(dates);
                no_days.extend(dates.no_date.iter().filter_map(|text| NoDay::of(text, &reader)));
                CellKind::Date(reader)
            }
        };
        CellMeaning { kind, no_value, no_days }
    }

    /// Whether a trimmed text means: no value.
    pub(super) fn is_no_value(&self, text: &str) -> bool {
        text.is_empty() || self.declares_no_value(text)
    }

    /// Whether any text besides the empty one means: no value.
    pub(super) fn declares_any(&self) -> bool {
        !self.no_value.is_empty()
    }

    /// Whether a trimmed text that is not empty means: no value.
    pub(super) fn declares_no_value(&self, text: &str) -> bool {
        // Nearly every schema declares none.
        !self.no_value.is_empty() && (self.no_value.contains(&text) || self.is_no_day(text))
    }

    fn is_no_day(&self, text: &str) -> bool {
        match &self.kind {
            CellKind::Date(dates) => self.no_days.iter().any(|no_day| no_day.is(text, dates)),
            CellKind::Text | CellKind::Integer(_) => false,
        }
    }

    /// Whether a trimmed text with a value is one of the field's type.
    pub(super) fn casts(&self, text: &str) -> bool {
        match &self.kind {
            CellKind::Text => true,
            CellKind::Integer(integers) => {
                matches!(integers.read(text), Number::Usual(_) | Number::Other(_))
            }
            CellKind::Date(dates) => dates.read(text).is_some(),
        }
    }
}

impl<'a> Integers<'a> {
    fn of(field: &'a Field) -> Integers<'a> {
        let allowed: Vec<i64> = field.allowed.iter().map(|(value, _)| *value).collect();
        let means_another = |(word, code): (&String, &i64)| {
            cast::integer(word).is_some_and(|number| number != *code && allowed.contains(&number))
        };
        let words_only = field.codes.iter().any(means_another);
        Integers { codes: &field.codes, allowed, words_only }
    }

    /// Reads a trimmed text.
    #[inline]
    pub(super) fn read(&self, text: &str) -> Number {
        if !self.codes.is_empty()
            && let Some(code) = self.codes.get(text)
        {
            return Number::Usual(*code);
        }
        let (number, usual) = match cast::integer(text) {
            Some(number) => (number, true),
            None => match cast::other_integer(text) {
                Some(number) => (number, false),
                None => return Number::None,
            },
        };
        let allowed = self.allowed.is_empty() || self.allowed.contains(&number);
        match allowed && !self.words_only {
            true if usual => Number::Usual(number),
            true => Number::Other(number),
            false => Number::NotAllowed(number),
        }
    }
}

/// Reads single cells of a field, as the records of a file are read.
pub struct CellReader<'a>(CellMeaning<'a>);

impl<'a> CellReader<'a> {
    /// The reader of a field.
    pub fn of(field: &'a Field) -> CellReader<'a> {
        CellReader(CellMeaning::of(field))
    }

    /// Whether a trimmed text that is not empty is a value of the field.
    pub fn reads(&self, text: &str) -> bool {
        self.0.casts(text)
    }

    /// The day that a trimmed text states, if the field holds dates.
    pub fn date(&self, text: &str) -> Option<NaiveDate> {
        match &self.0.kind {
            CellKind::Date(dates) => {
                let (days, _) = dates.read(text)?;
                NaiveDate::default().checked_add_signed(Duration::days(i64::from(days)))
            }
            CellKind::Text | CellKind::Integer(_) => None,
        }
    }
}
