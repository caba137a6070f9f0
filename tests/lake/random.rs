//! Random histories, exported step by step.

use std::path::PathBuf;

use orgsnap::lake::Form;
use orgsnap::model::Verdict;

use super::{WithLake, day};
use crate::life::{random_days, wanted};
use crate::oracle::Random;

/// The dates that the deliveries are given: of three months.
const DATES: [&str; 6] =
    ["2024-09-29", "2024-09-30", "2024-10-08", "2024-10-09", "2024-10-10", "2024-11-01"];

#[test]
fn the_lake_of_random_histories_in_any_order_is_what_the_database_holds_of_each_date() {
    let (mut retracted, mut late, mut deltas, mut fulls) = (0, 0, 0, 0);
    for seed in 0..wanted().div_ceil(3) {
        let folder = tempfile::tempdir().unwrap();
        let days: Vec<PathBuf> =
            random_days(seed + 3_000, folder.path(), 6).into_iter().map(|(_, day)| day).collect();
        let mut random = Random(seed + 4_000);
        let mut insurer = WithLake::new();
        for step in 0..10 {
            let (at, of) = (random.below(DATES.len()), random.below(days.len()));
            let date = day(DATES[at]);
            let there = insurer.database().exists() && insurer.dates().contains(&date);
            if there && random.below(3) == 0 {
                insurer.insurer.retract(DATES[at]);
                retracted += 1;
            } else {
                let known = insurer.database().exists();
                late += usize::from(known && insurer.dates().last().is_some_and(|l| date < *l));
                let report = insurer.insurer.import(&days[of], DATES[at]);
                assert_eq!(report.verdict, Verdict::Published, "{:?}", report.reasons);
            }
            // Some exports make up for several steps.
            if random.below(4) > 0 || step == 9 {
                let outcome = insurer.export();
                let is = |form| outcome.dates.iter().filter(|date| date.form == form).count();
                deltas += is(Form::Delta);
                fulls += is(Form::Full);
                insurer.assert_equal(&format!("seed {seed} step {step}"));
                assert_eq!(insurer.export().dates, [], "seed {seed} step {step}: nothing is left");
            }
        }
    }
    assert!(
        retracted > 0 && late > 0 && deltas > 0 && fulls > 0,
        "{retracted} {late} {deltas} {fulls}"
    );
}
