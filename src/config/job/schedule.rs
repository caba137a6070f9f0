//! When a job runs unattended.

use chrono::NaiveTime;

/// The times of unattended runs, in the job's time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// A cron expression of six fields: second, minute, hour, day of month, month, day of week.
    pub cron: String,
    /// Until when to look again for files that are late.
    pub wait_until: Option<NaiveTime>,
}

/// One field of a cron expression: its bounds, and the names that stand for its first values.
struct Field {
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const fn numbers(low: u32, high: u32) -> Field {
    Field { low, high, names: &[] }
}

const FIELDS: [Field; 6] = [
    numbers(0, 59),
    numbers(0, 59),
    numbers(0, 23),
    numbers(1, 31),
    Field {
        low: 1,
        high: 12,
        names: &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
    },
    Field { low: 0, high: 7, names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] },
];

/// Whether the text is a cron expression of six fields, each `*`, a value, a range `a-b`, one of
/// these with a step (`*/5`), or a list of them.
pub(super) fn is_cron(text: &str) -> bool {
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    fields.len() == FIELDS.len()
        && fields.iter().zip(&FIELDS).all(|(text, field)| field.accepts(text))
}

/// A time of day, `08:00`.
pub(super) fn time_of_day(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

impl Field {
    fn accepts(&self, list: &str) -> bool {
        list.split(',').all(|item| {
            let (range, step) = match item.split_once('/') {
                Some((range, step)) => (range, Some(step)),
                None => (item, None),
            };
            let step_fits = step.is_none_or(|step| {
                step.parse().is_ok_and(|step: u32| (1..=self.high).contains(&step))
            });
            let range_fits = match range.split_once('-') {
                _ if range == "*" => true,
                Some((from, to)) => {
                    self.value(from).zip(self.value(to)).is_some_and(|(from, to)| from <= to)
                }
                None => self.value(range).is_some(),
            };
            step_fits && range_fits
        })
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = (self.low..).zip(self.names).find(|(_, name)| name.eq_ignore_ascii_case(text));
        match named {
            Some((value, _)) => Some(value),
            None => text.parse().ok().filter(|value| (self.low..=self.high).contains(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cron_expressions() {
        for (text, good) in [
            ("0 30 2 * * *", true),
            ("0 */15 1-5 * * MON-FRI", true),
            ("0 0 2,14 1 jan,JUL *", true),
            ("30 2 * * *", false),
            ("0 60 2 * * *", false),
            ("0 30 24 * * *", false),
            ("0 30 2 0 * *", false),
            ("0 30 5-2 * * *", false),
            ("0 */0 2 * * *", false),
            ("0 30 2 * * FUN", false),
            ("0 30 2, * * *", false),
            ("nightly", false),
            ("", false),
        ] {
            assert_eq!(is_cron(text), good, "{text}");
        }
    }

    #[test]
    fn times_of_day() {
        assert_eq!(time_of_day("08:00"), NaiveTime::from_hms_opt(8, 0, 0));
        assert_eq!(time_of_day("24:00"), None);
        assert_eq!(time_of_day("8"), None);
    }
}
