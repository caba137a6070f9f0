//! When a job runs unattended.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use toml::Spanned;

use crate::model::Message;

use super::cron::{Cron, CronError};
use super::error::{ConfigError, Problem};
use super::key::{Key, key};
use super::quantity;
use super::resolver::Resolver;
use super::value_type::ValueType;
use super::values::Text;

/// The times of unattended runs, in the job's time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// When to run.
    pub cron: Cron,
    /// Until when to look again for files that are late; an hour after the run's time if not given.
    pub wait_until: Option<NaiveTime>,
    /// Poll interval for late files.
    pub retry_every: Duration,
    /// How many days back missed dates are looked for after a publication; 0 for none.
    pub make_up_days: u32,
}

impl Schedule {
    /// Default poll interval for late files.
    pub const RETRY_EVERY: Duration = Duration::from_secs(5 * 60);
    /// Default number of days of which missed dates are looked for.
    pub const MAKE_UP_DAYS: u32 = 7;
    /// Default time to wait for late files.
    const DEFAULT_WAIT: TimeDelta = TimeDelta::hours(1);

    /// Until when late files of the run scheduled for `scheduled` are looked for: the first `wait_until` after
    /// it in the zone, which may be on the next day.
    pub fn wait_deadline(&self, zone: Tz, scheduled: DateTime<Utc>) -> DateTime<Utc> {
        let Some(time) = self.wait_until else { return scheduled + Self::DEFAULT_WAIT };
        let local = scheduled.with_timezone(&zone).naive_local();
        let day = match time > local.time() {
            true => local.date(),
            false => local.date() + Days::new(1),
        };
        let local = day.and_time(time);
        match zone.from_local_datetime(&local).latest() {
            Some(instant) => instant.to_utc(),
            // The local time does not exist: clocks go forward over it. An hour later it does.
            None => match zone.from_local_datetime(&(local + TimeDelta::hours(1))).latest() {
                Some(instant) => instant.to_utc(),
                None => scheduled + Self::DEFAULT_WAIT,
            },
        }
    }
}

/// The keys of `[schedule]`.
pub(super) static KEYS: &[Key] = &[
    key(
        "schedule",
        "cron",
        ValueType::String,
        "六段 cron 表达式（秒 分 时 日 月 周），如 \"0 30 2 * * *\"",
        "a cron expression of six fields (seconds first), such as \"0 30 2 * * *\"",
    )
    .required(),
    key(
        "schedule",
        "wait_until",
        ValueType::TimeOfDay,
        "时刻，如 \"08:00\"",
        "a time of day such as \"08:00\"",
    ),
    key(
        "schedule",
        "retry_every",
        ValueType::Duration,
        "时长，如 \"5m\"",
        "a duration such as \"5m\"",
    )
    .default(r#""5m""#),
    key(
        "schedule",
        "make_up_days",
        ValueType::Integer { min: 0, max: 60 },
        "0 到 60 的整数",
        "a whole number from 0 to 60",
    )
    .default("7"),
];

/// The part of `jobs/example.toml.sample` that shows the section.
pub(super) const SAMPLE: &str = r##"# ---------------------------------------------------------------------------------------------------------------
# 定时运行（orgsnap serve）/ Unattended runs (orgsnap serve)
[schedule]
# 六段：秒 分 时 日 月 周 / Six fields: second, minute, hour, day of month, month, day of week
cron = "0 30 2 * * *"
# 文件未到、或批次未发布需要重传时，持续检查到该时刻；每次检查的间隔
# Late files, and corrected ones after a refusal, are looked for until then, and how often
wait_until = "08:00"
retry_every = "5m"
# 发布后，在此前这么多天内漏掉的日期（路径或文件名含 {date:...} 时），文件到达后自动补导；0 表示不补
# After a publication, dates that were missed within so many days before are looked for and made up, where the path or the names of
# the files hold {date:...}; 0: they are not
make_up_days = 7

"##;

/// `[schedule]` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) cron: Option<Text>,
    pub(super) wait_until: Option<Text>,
    pub(super) retry_every: Option<Text>,
    pub(super) make_up_days: Option<Spanned<u32>>,
}

impl Resolver<'_> {
    /// A cron expression.
    pub(super) fn cron(&self, section: &str, key: &str, text: &Text) -> Result<Cron, ConfigError> {
        Cron::parse(text.get_ref()).map_err(|error| match error {
            CronError::Unreadable => self.document.invalid_value(section, key, text.span()),
            CronError::Field(_) | CronError::BothDays | CronError::Never => {
                let why = Problem::Unfit(error.message());
                self.document.error_at(section, key, text.span(), why)
            }
        })
    }

    pub(super) fn schedule(
        &self,
        written: Spanned<Written>,
        has_source: bool,
    ) -> Result<Schedule, ConfigError> {
        let table = written.span();
        let written = written.into_inner();
        if !has_source {
            let why = Message::fixed(
                "没有 [source]，定时运行无法获取文件；请添加 [source]，或删除 [schedule]",
                "there is no [source] to fetch from; write one, or take [schedule] out",
            );
            return Err(self.document.error_at("", "schedule", table, Problem::Unfit(why)));
        }
        let text = self.document.required("schedule", "cron", written.cron, Some(&table))?;
        let cron = self.cron("schedule", "cron", &text)?;
        let wait_until = match written.wait_until {
            None => None,
            Some(time) => {
                Some(self.document.checked("schedule", "wait_until", time, time_of_day)?)
            }
        };
        let retry_every = match written.retry_every {
            None => Schedule::RETRY_EVERY,
            Some(text) => {
                self.document.checked("schedule", "retry_every", text, quantity::duration)?
            }
        };
        let make_up_days = match written.make_up_days {
            None => Schedule::MAKE_UP_DAYS,
            Some(days) => self.document.integer("schedule", "make_up_days", &days)?,
        };
        Ok(Schedule { cron, wait_until, retry_every, make_up_days })
    }
}

/// A time of day, `08:00`.
fn time_of_day(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_parsed_and_malformed_ones_refused() {
        assert_eq!(time_of_day("08:00"), NaiveTime::from_hms_opt(8, 0, 0));
        assert_eq!(time_of_day("24:00"), None);
        assert_eq!(time_of_day("8"), None);
    }

    #[test]
    fn wait_until_is_the_first_such_local_time_after_the_run() {
        for (wait_until, zone, scheduled, deadline) in [
            ("08:00", "Asia/Shanghai", "2026-11-23T18:30:00Z", "2026-11-24T00:00:00Z"),
            // Past midnight.
            ("01:30", "Asia/Shanghai", "2026-11-24T15:00:00Z", "2026-11-24T17:30:00Z"),
            // At the run's own time: the next day.
            ("02:30", "Asia/Shanghai", "2026-11-23T18:30:00Z", "2026-11-24T18:30:00Z"),
            ("", "Asia/Shanghai", "2026-11-23T18:30:00Z", "2026-11-23T19:30:00Z"),
            // There is no 02:30 on that day; 03:30 is as long after one o'clock.
            ("02:30", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z"),
            // There are two; the later one waits longer.
            ("02:30", "Europe/Berlin", "2026-10-24T23:00:00Z", "2026-10-25T01:30:00Z"),
        ] {
            let schedule = Schedule {
                cron: Cron::parse("0 0 0 * * *").unwrap(),
                wait_until: time_of_day(wait_until),
                retry_every: Schedule::RETRY_EVERY,
                make_up_days: Schedule::MAKE_UP_DAYS,
            };
            let got = schedule.wait_deadline(zone.parse().unwrap(), scheduled.parse().unwrap());
            assert_eq!(got, deadline.parse::<DateTime<Utc>>().unwrap(), "{wait_until} {zone}");
        }
    }
}
