//! Cron expressions and their times in a time zone.

use std::fmt;

use chrono::{
    DateTime, Duration, DurationRound as _, FixedOffset, Offset as _, TimeZone as _, Utc,
};
use chrono_tz::Tz;
use croner::JobType;
use croner::parser::{CronParser, Seconds, Year};

use crate::model::Message;

/// A cron expression of six fields: second, minute, hour, day of month, month, day of week.
///
/// One parser both checks it and computes its times, so an accepted expression always runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Cron {
    text: String,
    parsed: croner::Cron,
}

/// Why a text is not a valid cron expression. `Display` is the English message, to follow the key's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CronError {
    /// It does not have the form of a cron expression.
    Unreadable,
    /// One of its six fields cannot be read; counted from 0.
    Field(usize),
    /// It limits both the day of the month and the day of the week, which is ambiguous: cron runs if either
    /// matches, tokio-cron-scheduler only if both do.
    BothDays,
    /// It matches only a date that does not exist in any year.
    Never,
}

impl Cron {
    /// Reads an expression. The names `JAN` and `MON` are understood, lists, ranges and steps, and of croner's
    /// extensions `L`, `W` and `#`; nicknames such as `@daily` are not.
    ///
    /// # Errors
    /// If it cannot be parsed, never matches, or is ambiguous.
    pub fn parse(text: &str) -> Result<Cron, CronError> {
        let parser = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Disallowed)
            .dom_and_dow(true)
            .build();
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let six = fields.len() == 6 && !text.contains(['@', '+']);
        // croner reads `2,` as `2`, and may not terminate on `*/0`; both are refused.
        let whole = text.split([' ', '\t', ',', '/', '-']).all(|part| !part.is_empty())
            && !fields.iter().any(|field| field.contains("/0"));
        let parsed = match parser.parse(text) {
            Ok(parsed) if six && whole => parsed,
            _ if fields.len() == 6 => {
                // The first field that is invalid when all others are `*`.
                let is_invalid = |at: &usize| {
                    let mut alone = ["*"; 6];
                    alone[*at] = fields[*at];
                    parser.parse(&alone.join(" ")).is_err()
                };
                let field = (0..6).find(is_invalid);
                return Err(field.map_or(CronError::Unreadable, CronError::Field));
            }
            _ => return Err(CronError::Unreadable),
        };
        let limited = |field: Option<&str>| field.is_some_and(|field| !matches!(field, "*" | "?"));
        if limited(fields.get(3).copied()) && limited(fields.get(5).copied()) {
            return Err(CronError::BothDays);
        }
        let cron = Cron { text: text.to_owned(), parsed };
        // A fixed start, so that the result does not depend on the clock; 29 February 2000 follows soon after it.
        let start = DateTime::UNIX_EPOCH + Duration::days(365 * 30);
        match cron.next_after(Tz::UTC, start) {
            Some(_) => Ok(cron),
            None => Err(CronError::Never),
        }
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first time after `after` at which the expression matches in the zone, to the second.
    ///
    /// When clocks go forward, an expression with a fixed time of day within the gap matches at the end of the
    /// gap; when they go back, it matches the first time only. One with several times a day follows local time.
    pub fn next_after(&self, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let fixed = self.parsed.determine_job_type() == JobType::FixedTime;
        // Truncate to the second: croner keeps the fraction in its result.
        let mut from = after.duration_trunc(Duration::seconds(1)).ok()?;
        let mut inclusive = false;
        // croner computes in local time and may return a time that has passed. This cannot happen between two
        // changes of the offset, so each such interval is searched separately.
        for _ in 0..MAX_INTERVALS {
            let offset = offset_at(zone, from);
            let found = self.parsed.find_next_occurrence(&from.with_timezone(&offset), inclusive);
            let found = found.ok()?.to_utc();
            let Some(change) = next_change(zone, from, found) else {
                if fixed && is_second_time(zone, found) {
                    (from, inclusive) = (found, false);
                    continue;
                }
                return Some(found);
            };
            let forward = offset_at(zone, change).local_minus_utc() - offset.local_minus_utc();
            if fixed && found < change + Duration::seconds(forward.into()) {
                return Some(change);
            }
            (from, inclusive) = (change, true);
        }
        None
    }

    /// The last time after `after`, and not after `now`, at which the expression matches in the zone; a time
    /// more than a few days before `now` may be left out.
    pub fn last_between(
        &self,
        zone: Tz,
        after: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        // Short periods are searched first: an expression of every second has too many times in a long one.
        let back = [Duration::minutes(1), Duration::hours(1), Duration::days(3)];
        let windows = back.map(|back| after.max(now - back));
        for start in windows {
            let mut last = None;
            let mut from = start;
            while let Some(next) = self.next_after(zone, from).filter(|next| *next <= now) {
                last = Some(next);
                from = next;
            }
            if last.is_some() {
                return last;
            }
        }
        None
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Most intervals between offset changes that one search visits. A leap day is at most eight years away, with two
/// offset changes a year.
const MAX_INTERVALS: usize = 64;

/// Step of the search for an offset change. Offsets change every few months at most, so that no two changes
/// fall into one step.
const STEP: Duration = Duration::days(1);

impl CronError {
    /// What is wrong and what to do, in both languages, to follow the key's name.
    pub fn message(self) -> Message {
        match self {
            CronError::Unreadable => Message::fixed(
                "不是六段 cron 表达式（秒 分 时 日 月 周），如 \"0 30 2 * * *\"",
                "no cron expression of six fields (seconds first), such as \"0 30 2 * * *\"",
            ),
            CronError::Field(at) => {
                const FIELDS: [(&str, &str, &str); 6] = [
                    ("秒", "second", "0-59"),
                    ("分", "minute", "0-59"),
                    ("时", "hour", "0-23"),
                    ("日", "day of the month", "1-31"),
                    ("月", "month", "1-12"),
                    ("周", "day of the week", "0-7"),
                ];
                let (zh, en, range) = FIELDS[at.min(5)];
                Message::new(
                    format!(
                        "第 {} 段（{zh}）无效，应在 {range} 之内，或为 *、列表、区间、步长",
                        at + 1
                    ),
                    format!(
                        "field {} (the {en}) is wrong; it takes {range}, or *, lists, ranges and steps of these",
                        at + 1
                    ),
                )
            }
            CronError::BothDays => Message::fixed(
                "同时限定了“日”和“周”，不同程序的解释不一致；请将其中一段改为 *",
                "limits both the day of the month and the day of the week, which programs read in \
                 different ways; make one of them *",
            ),
            CronError::Never => Message::fixed(
                "该日期在任何年份都不存在；请核对“日”和“月”",
                "asks for a date that no year has; check day and month",
            ),
        }
    }
}

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}

impl std::error::Error for CronError {}

fn offset_at(zone: Tz, at: DateTime<Utc>) -> FixedOffset {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix()
}

/// Whether this local time occurs for the second time, after clocks went back.
fn is_second_time(zone: Tz, at: DateTime<Utc>) -> bool {
    let local = at.with_timezone(&zone).naive_local();
    zone.from_local_datetime(&local).earliest().is_some_and(|first| first.to_utc() < at)
}

/// The first instant after `from` and not after `to` at which the zone's offset changes, to the second.
fn next_change(zone: Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let before = offset_at(zone, from);
    let mut same = from;
    while same < to {
        let next = (same + STEP).min(to);
        if offset_at(zone, next) != before {
            let mut changed = next;
            while changed - same > Duration::seconds(1) {
                let middle = same + Duration::seconds((changed - same).num_seconds() / 2);
                match offset_at(zone, middle) == before {
                    true => same = middle,
                    false => changed = middle,
                }
            }
            return Some(changed);
        }
        same = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_out_of_range_is_named() {
        for (text, field) in [("0 99 2 * * *", 1), ("61 0 2 * * *", 0), ("0 0 2 * 13 *", 4)] {
            assert_eq!(Cron::parse(text).unwrap_err(), CronError::Field(field), "{text}");
        }
        let message = CronError::Field(1).message();
        assert!(message.zh.contains("分") && message.en.contains("minute"), "{message:?}");
    }

    #[test]
    fn cron_expressions_give_their_next_times() {
        for (text, good) in [
            ("0 30 2 * * *", true),
            ("0 */15 1-5 * * MON-FRI", true),
            ("0 0 2,14 1 jan,JUL *", true),
            ("0 0 3 29 2 *", true),
            ("0 0 3 L * ?", true),
            ("*/2 * * * * *", true),
            ("30 2 * * *", false),
            ("0 30 2 * * * 2026", false),
            ("0 60 2 * * *", false),
            ("0 30 24 * * *", false),
            ("0 30 2 0 * *", false),
            ("0 30 5-2 * * *", false),
            ("0 */0 2 * * *", false),
            ("0 30 2 * * FUN", false),
            ("0 30 2, * * *", false),
            ("0 0 2 13 * FRI", false),
            ("0 0 2 30 2 *", false),
            ("0 0 2 31 4,6,9,11 *", false),
            ("@daily", false),
            ("nightly", false),
            ("", false),
        ] {
            assert_eq!(Cron::parse(text).is_ok(), good, "{text}");
        }
    }

    fn times(text: &str, zone: Tz, after: &str, n: usize) -> Vec<String> {
        let cron = Cron::parse(text).unwrap();
        let mut from: DateTime<Utc> = after.parse().unwrap();
        let mut times = Vec::new();
        for _ in 0..n {
            let next = cron.next_after(zone, from).unwrap();
            assert!(next > from, "{text}: {next} after {from}");
            times.push(next.with_timezone(&zone).format("%m-%dT%H:%M:%S%z").to_string());
            from = next;
        }
        times
    }

    #[test]
    fn cron_times_follow_local_time_across_daylight_saving() {
        use chrono_tz::{Asia::Shanghai, Europe::Berlin};
        for (text, zone, after, expected) in [
            (
                "0 30 2 * * *",
                Shanghai,
                "2026-11-23T18:29:59.5Z",
                vec!["11-24T02:30:00+0800", "11-25T02:30:00+0800"],
            ),
            ("0 30 2 * * *", Shanghai, "2026-11-23T18:30:00.5Z", vec!["11-25T02:30:00+0800"]),
            // Clocks go forward: 02:30 does not exist on 29 March 2026, so 03:00 is used.
            (
                "0 30 2 * * *",
                Berlin,
                "2026-03-28T00:00:00Z",
                vec!["03-28T02:30:00+0100", "03-29T03:00:00+0200", "03-30T02:30:00+0200"],
            ),
            // Clocks go back: 02:30 occurs twice on 25 October 2026.
            (
                "0 30 2 * * *",
                Berlin,
                "2026-10-24T12:00:00Z",
                vec!["10-25T02:30:00+0200", "10-26T02:30:00+0100"],
            ),
            ("0 45 2 * * *", Berlin, "2026-10-25T01:10:00Z", vec!["10-26T02:45:00+0100"]),
            ("0 0 3 * * *", Berlin, "2026-10-24T12:00:00Z", vec!["10-25T03:00:00+0100"]),
            // Every half hour means every half hour.
            (
                "0 */30 * * * *",
                Berlin,
                "2026-10-25T00:00:00Z",
                vec![
                    "10-25T02:30:00+0200",
                    "10-25T02:00:00+0100",
                    "10-25T02:30:00+0100",
                    "10-25T03:00:00+0100",
                ],
            ),
            (
                "0 */30 * * * *",
                Berlin,
                "2026-03-29T00:30:00Z",
                vec!["03-29T03:00:00+0200", "03-29T03:30:00+0200"],
            ),
            ("0 0 3 29 2 *", Berlin, "2026-03-01T00:00:00Z", vec!["02-29T03:00:00+0100"]),
        ] {
            assert_eq!(times(text, zone, after, expected.len()), expected, "{text} after {after}");
        }
    }

    #[test]
    fn the_last_scheduled_time_between_two_instants_is_found() {
        let zone = chrono_tz::Asia::Shanghai;
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for (text, after, now, expected) in [
            ("0 30 2 * * *", "2026-11-23T18:30:00Z", "2026-11-24T18:29:59Z", None),
            (
                "0 30 2 * * *",
                "2026-11-23T18:30:00Z",
                "2026-11-24T18:30:00Z",
                Some("2026-11-24T18:30:00Z"),
            ),
            (
                "0 30 2 * * *",
                "2026-01-01T00:00:00Z",
                "2026-11-24T10:00:00Z",
                Some("2026-11-23T18:30:00Z"),
            ),
            (
                "* * * * * *",
                "2026-01-01T00:00:00Z",
                "2026-11-24T10:00:00Z",
                Some("2026-11-24T10:00:00Z"),
            ),
            ("0 30 2 * * *", "2026-11-25T18:30:00Z", "2026-11-24T10:00:00Z", None),
        ] {
            let last = Cron::parse(text).unwrap().last_between(zone, at(after), at(now));
            assert_eq!(last, expected.map(at), "{text} at {now}");
        }
    }
}
