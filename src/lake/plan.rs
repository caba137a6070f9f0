//! What an export has to publish: which dates of the lake are not those of the database. Pure, but for the publications that
//! it asks for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};

use super::error::LakeError;
use super::history::MarkedDate;
use super::publication::{Form, Publication};

/// A date that is to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub date: NaiveDate,
    /// The revision that it becomes.
    pub revision: u32,
    pub what: What,
}

/// What becomes of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// All its rows.
    Full,
    /// What differs from the date before.
    Delta(NaiveDate),
    /// It was taken back.
    Retracted,
}

/// The steps in the order in which they are to be done: by date, so that a date is right as soon as it is published, and
/// all before it.
///
/// `highest` are the highest revisions of the lake. A date whose mark is that of the database has all dates before it right,
/// too, because they were published before it and its mark covers them.
pub(super) fn steps(
    dates: &[MarkedDate],
    highest: &BTreeMap<NaiveDate, u32>,
    mut read: impl FnMut(NaiveDate, u32) -> Result<Publication, LakeError>,
) -> Result<Vec<Step>, LakeError> {
    let mut right = None;
    for date in dates.iter().rev() {
        if let Some(revision) = highest.get(&date.date) {
            let found = read(date.date, *revision)?;
            if found.form != Form::Retracted && found.history == date.mark {
                right = Some(date.date);
                break;
            }
        }
    }
    let is_left = |date: NaiveDate| right.is_none_or(|right| date > right);
    let next = |date: NaiveDate| highest.get(&date).map_or(1, |revision| revision + 1);
    let mut steps = Vec::new();
    for (at, marked) in dates.iter().enumerate() {
        let date = marked.date;
        if is_left(date) {
            let before = at.checked_sub(1).and_then(|before| dates.get(before));
            let month = |date: NaiveDate| (date.year(), date.month());
            let what = match before.filter(|before| month(before.date) == month(date)) {
                Some(before) => What::Delta(before.date),
                None => What::Full,
            };
            steps.push(Step { date, revision: next(date), what });
        }
    }
    let known: BTreeSet<NaiveDate> = dates.iter().map(|date| date.date).collect();
    for (date, revision) in highest {
        if is_left(*date)
            && !known.contains(date)
            && read(*date, *revision)?.form != Form::Retracted
        {
            steps.push(Step { date: *date, revision: revision + 1, what: What::Retracted });
        }
    }
    steps.sort_by_key(|step| step.date);
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        format!("2024-{text}").parse().unwrap()
    }

    /// Dates with marks.
    fn dates(marked: &[(&str, &str)]) -> Vec<MarkedDate> {
        let one = |(date, mark): &(&str, &str)| MarkedDate {
            date: day(date),
            run: "r".to_owned(),
            mark: (*mark).to_owned(),
        };
        marked.iter().map(one).collect()
    }

    /// The steps for a lake with these publications: date, highest revision, mark; an empty one for a retraction.
    fn planned(store: &[(&str, &str)], lake: &[(&str, u32, &str)]) -> Vec<(String, u32, What)> {
        let highest = lake.iter().map(|(date, revision, _)| (day(date), *revision)).collect();
        let read = |date: NaiveDate, revision: u32| {
            let (_, _, mark) = lake.iter().find(|(known, ..)| day(known) == date).unwrap();
            Ok(Publication {
                format: 1,
                tool: String::new(),
                tenant: "t".to_owned(),
                business_date: date,
                revision,
                form: if mark.is_empty() { Form::Retracted } else { Form::Full },
                run: None,
                history: (*mark).to_owned(),
                folder: None,
                base: None,
                tables: Vec::new(),
            })
        };
        let steps = steps(&dates(store), &highest, read).unwrap();
        let short = |step: Step| (step.date.format("%m-%d").to_string(), step.revision, step.what);
        steps.into_iter().map(short).collect()
    }

    #[test]
    fn the_first_date_of_each_month_is_full_and_the_others_follow_it() {
        let store = [("11-29", "a"), ("11-30", "b"), ("12-03", "c"), ("12-04", "d")];
        let all = planned(&store, &[]);
        let expected = [
            ("11-29".to_owned(), 1, What::Full),
            ("11-30".to_owned(), 1, What::Delta(day("11-29"))),
            ("12-03".to_owned(), 1, What::Full),
            ("12-04".to_owned(), 1, What::Delta(day("12-03"))),
        ];
        assert_eq!(all, expected);
        let lake = [("11-29", 1, "a"), ("11-30", 1, "b"), ("12-03", 1, "c")];
        assert_eq!(planned(&store, &lake), expected[3..]);
    }

    #[test]
    fn a_date_that_changes_makes_new_revisions_of_itself_and_all_later_dates() {
        let lake = [("11-28", 1, "a"), ("11-29", 3, "b"), ("11-30", 1, "c")];
        let corrected = planned(&[("11-28", "a"), ("11-29", "x"), ("11-30", "y")], &lake);
        assert_eq!(
            corrected,
            [
                ("11-29".to_owned(), 4, What::Delta(day("11-28"))),
                ("11-30".to_owned(), 2, What::Delta(day("11-29"))),
            ]
        );
        let taken_back = planned(&[("11-28", "a"), ("11-30", "y")], &lake);
        assert_eq!(
            taken_back,
            [
                ("11-29".to_owned(), 4, What::Retracted),
                ("11-30".to_owned(), 2, What::Delta(day("11-28"))),
            ]
        );
        let back_dated =
            planned(&[("11-01", "v"), ("11-28", "w"), ("11-29", "x"), ("11-30", "y")], &lake);
        assert_eq!(back_dated.len(), 4);
        assert_eq!(back_dated[1], ("11-28".to_owned(), 2, What::Delta(day("11-01"))));
    }

    #[test]
    fn a_retraction_is_published_once_also_of_the_newest_and_the_last_date() {
        let gone = [("11-29", 2, "a"), ("11-30", 2, "")];
        assert_eq!(planned(&[("11-29", "a")], &gone), []);
        let newest = [("11-29", 2, "a"), ("11-30", 2, "b")];
        let step = ("11-30".to_owned(), 3, What::Retracted);
        assert_eq!(planned(&[("11-29", "a")], &newest), [step]);
        assert_eq!(planned(&[], &gone), [("11-29".to_owned(), 3, What::Retracted)]);
    }
}
