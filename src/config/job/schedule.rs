//! When a job runs unattended.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::Cron;

/// The times of unattended runs, in the job's time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// When to run.
    pub cron: Cron,
    /// Until when to look again for files that are late; an hour after the run's time if not given.
    pub wait_until: Option<NaiveTime>,
    /// How often to look again.
    pub retry_every: Duration,
}

impl Schedule {
    /// How often late files are looked for, unless the job says otherwise.
    pub const RETRY_EVERY: Duration = Duration::from_secs(5 * 60);
    /// How long late files are waited for, unless the job says otherwise.
    const WAIT: TimeDelta = TimeDelta::hours(1);

    /// Until when late files of the run scheduled for `scheduled` are looked for: the first `wait_until` after
    /// it in the zone, which may be on the next day.
    pub fn deadline(&self, zone: Tz, scheduled: DateTime<Utc>) -> DateTime<Utc> {
        let Some(time) = self.wait_until else { return scheduled + Self::WAIT };
        let local = scheduled.with_timezone(&zone).naive_local();
        let day = match time > local.time() {
            true => local.date(),
            false => local.date() + Days::new(1),
        };
        let wall = day.and_time(time);
        match zone.from_local_datetime(&wall).latest() {
            Some(instant) => instant.to_utc(),
            // The clocks are put forward over it; an hour later they show such a time.
            None => match zone.from_local_datetime(&(wall + TimeDelta::hours(1))).latest() {
                Some(instant) => instant.to_utc(),
                None => scheduled + Self::WAIT,
            },
        }
    }
}

/// A time of day, `08:00`.
pub(super) fn time_of_day(text: &str) -> Option<NaiveTime> {
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
            // There is no 02:30 that night; 03:30 is as long after one o'clock.
            ("02:30", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z"),
            // There are two; the later one waits longer.
            ("02:30", "Europe/Berlin", "2026-10-24T23:00:00Z", "2026-10-25T01:30:00Z"),
        ] {
            let schedule = Schedule {
                cron: Cron::parse("0 0 0 * * *").unwrap(),
                wait_until: time_of_day(wait_until),
                retry_every: Schedule::RETRY_EVERY,
            };
            let got = schedule.deadline(zone.parse().unwrap(), scheduled.parse().unwrap());
            assert_eq!(got, deadline.parse::<DateTime<Utc>>().unwrap(), "{wait_until} {zone}");
        }
    }
}
