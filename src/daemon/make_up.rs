//! Which dates were missed and are looked for again, once a newer one is published: a delivery that failed on Tuesday may come
//! on Thursday, at Tuesday's place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{Days, NaiveDate};

use crate::config::job::Job;
use crate::model::RunId;
use crate::store::{DATABASE, Reader, StoreError};

use super::plan::Timetable;

/// What the database knows of dates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct KnownDates {
    /// The oldest date of a recorded run: what was delivered before it was never waited for.
    pub(super) first: Option<NaiveDate>,
    /// Dates with a snapshot.
    pub(super) published: BTreeSet<NaiveDate>,
    /// Dates that somebody took back, which is not undone by itself.
    pub(super) taken_back: BTreeSet<NaiveDate>,
    /// The last run that refused the delivery of a date: only other files are another delivery.
    pub(super) refused: BTreeMap<NaiveDate, RunId>,
}

impl KnownDates {
    /// Reads them from the database of a tenant.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn read(folder: &Path) -> Result<KnownDates, StoreError> {
        let reader = Reader::open_existing(&folder.join(DATABASE))?;
        let mut known =
            KnownDates { taken_back: reader.retracted_dates()?, ..KnownDates::default() };
        // The newest run comes first.
        for row in reader.runs(usize::MAX)? {
            let Ok(date) = row.business_date.parse::<NaiveDate>() else { continue };
            known.first = Some(known.first.map_or(date, |first| first.min(date)));
            if row.current {
                known.published.insert(date);
            }
            if row.verdict == "refused" {
                known.refused.entry(date).or_insert(row.run);
            }
        }
        Ok(known)
    }
}

/// The dates that are to be looked for now that `published` is published, ascending: those of the days before it that had a
/// scheduled time and have no snapshot. A source whose place and names say no date has one delivery only, and none of those.
pub(super) fn missed_dates(
    job: &Job,
    timetable: &Timetable<'_>,
    published: NaiveDate,
    known: &KnownDates,
) -> Vec<NaiveDate> {
    let is_dated = job.source.as_ref().is_some_and(|source| source.is_dated());
    let days = u64::from(timetable.schedule.make_up_days);
    let window = known.first.zip(published.checked_sub_days(Days::new(days)));
    let Some((first, oldest)) = window.filter(|_| is_dated) else { return Vec::new() };
    let dates = oldest.max(first).iter_days().take_while(|date| *date < published);
    let is_missed = |date: &NaiveDate| {
        !known.published.contains(date)
            && !known.taken_back.contains(date)
            && timetable.has_time_on(*date)
    };
    dates.filter(is_missed).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::job;

    #[test]
    fn missed_dates_are_scheduled_ones_of_the_window_without_a_snapshot_or_a_retraction() {
        let date = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        // Saturdays and Sundays have no delivery: the 21st and 22nd, the 28th.
        let job = |path: &str, days: &str| {
            let text = format!(
                "tenant = 't'\n[source]\nkind = 'dir'\npath = '{path}'\n\
                 [schedule]\ncron = '0 30 2 * * MON-FRI'\n{days}"
            );
            job::parse(Path::new("x.toml"), &text, &|_| None).unwrap()
        };
        let known = KnownDates {
            first: Some(date(17)),
            published: [date(19), date(25)].into(),
            taken_back: [date(24)].into(),
            refused: BTreeMap::new(),
        };
        let missed = |job: &Job, day| -> Vec<u32> {
            let schedule = job.schedule.as_ref().unwrap();
            let timetable = Timetable { schedule, zone: job.timezone };
            let dates = missed_dates(job, &timetable, date(day), &known);
            dates.iter().map(chrono::Datelike::day).collect()
        };
        let dated = "in/{date:%Y%m%d}";
        assert_eq!(missed(&job(dated, ""), 26), [20, 23]);
        assert_eq!(missed(&job(dated, "make_up_days = 60"), 26), [17, 18, 20, 23]);
        assert_eq!(missed(&job(dated, "make_up_days = 2"), 26), Vec::<u32>::new());
        assert_eq!(missed(&job(dated, "make_up_days = 0"), 26), Vec::<u32>::new());
        assert_eq!(missed(&job("in", ""), 26), Vec::<u32>::new(), "the place says no date");
        assert_eq!(missed(&job(dated, ""), 17), Vec::<u32>::new(), "the first date");
    }
}
