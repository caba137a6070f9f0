//! The life of findings does not depend on the order in which dates came, were corrected and taken back.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use orgsnap::model::Verdict;
use orgsnap::pipeline::{self, RetractRequest};
use orgsnap::store::{FindingQuery, Migration, Reader, Standing};

use super::{Age, Identity, Insurer, Model, identities, random_days, wanted};
use crate::oracle::Random;

/// What rules found that look at the snapshot before: records of what was known then.
const OF_THE_DAY_BEFORE: &str = "'S', 'F109'";

/// What each published date was found to have, as the model tells findings apart.
type Published = BTreeMap<NaiveDate, Vec<Identity>>;

impl Insurer {
    pub(crate) fn retract(&mut self, date: &str) {
        self.runs += 1;
        let now = "2024-12-31T00:00:00Z".parse::<DateTime<Utc>>().unwrap();
        let request = RetractRequest {
            job: &self.job,
            date: date.parse().unwrap(),
            data_dir: &self.data(),
            now: now + TimeDelta::seconds(self.runs),
            by: "test",
            reason: "test",
            migration: Migration::default(),
        };
        pipeline::retract(&request).unwrap();
    }

    fn publish(&mut self, (date, day): &(String, PathBuf), published: &mut Published) {
        let report = self.import(day, date);
        assert_eq!(report.verdict, Verdict::Published, "{date}: {:?}", report.reasons);
        published.insert(report.business_date, identities(&report, day));
    }

    /// The ages of the findings of each published date, in their order.
    fn stored_ages(&self) -> Vec<(String, Option<String>, Option<u64>)> {
        let db = self.db();
        let mut statement = db
            .prepare(
                "select s.business_date, f.first_seen, f.deliveries \
                 from snapshot s join finding f on f.run = s.run order by s.business_date, f.rowid",
            )
            .unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            let deliveries = row.get::<_, Option<i64>>(2)?;
            Ok((row.get(0)?, row.get(1)?, deliveries.map(|n| n as u64)))
        };
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }

    /// The lists of new and of mended findings of some dates.
    fn lists(&self, dates: &[NaiveDate]) -> Vec<String> {
        let reader = Reader::open_existing(&self.data().join("t/org.db")).unwrap();
        let mut lists = Vec::new();
        for date in dates {
            for standing in [Standing::New, Standing::Mended] {
                let query =
                    FindingQuery { standing, code: None, date: Some(*date), limit: usize::MAX };
                let list = reader.findings(query).unwrap().unwrap();
                let of_it = |code: &str| !code.starts_with('S') && code != "F109";
                let findings = list.findings.iter().filter(|finding| of_it(&finding.code));
                lists.extend(findings.map(|finding| format!("{date} {standing:?} {finding:?}")));
                let unsettled = list.unsettled.iter().filter(|(code, _)| of_it(code));
                lists.extend(unsettled.map(|unsettled| format!("{date} {unsettled:?}")));
            }
        }
        lists
    }
}

/// The ages of the findings of all dates by the naive model.
fn modelled(published: &Published) -> Vec<(String, Option<String>, Option<u64>)> {
    let mut model = Model::default();
    let mut all = Vec::new();
    for (date, found) in published {
        let ages: BTreeMap<Identity, Age> = model.ages(*date, found);
        all.extend(found.iter().map(|identity| {
            let (first, deliveries) = ages[identity];
            (date.to_string(), Some(first.to_string()), Some(deliveries))
        }));
        model.published.insert(*date, ages);
    }
    all
}

#[test]
fn ages_of_findings_are_those_of_the_dates_in_order_whatever_came_late_was_repeated_or_taken_back()
{
    let (mut late, mut retracted) = (0, 0);
    // Each seed is some twenty imports.
    for seed in 0..wanted().div_ceil(3) {
        let folder = tempfile::tempdir().unwrap();
        let days = random_days(seed, folder.path(), 4 + seed as usize % 3);
        let mut random = Random(seed + 2_000);
        let (mut insurer, mut published) = (Insurer::new(""), Published::new());
        // At last each date has its own delivery, but for one of them that may be taken back for good.
        let gone = random.below(days.len() * 2);
        let mut steps: Vec<(usize, usize)> = (0..days.len() + 2)
            .map(|_| (random.below(days.len()), random.below(days.len())))
            .collect();
        let mut last: Vec<usize> = (0..days.len()).collect();
        while !last.is_empty() {
            let at = last.remove(random.below(last.len()));
            steps.push((at, at));
        }
        for (at, of) in steps {
            let date: NaiveDate = days[at].0.parse().unwrap();
            if published.contains_key(&date) && (at == gone || random.below(3) == 0) {
                insurer.retract(&days[at].0);
                published.remove(&date);
                retracted += 1;
                assert_eq!(insurer.stored_ages(), modelled(&published), "{seed} without {date}");
            }
            late += usize::from(published.range(date..).next().is_some());
            let delivery = (days[at].0.clone(), days[of].1.clone());
            insurer.publish(&delivery, &mut published);
            assert_eq!(insurer.stored_ages(), modelled(&published), "{seed} with {date}");
        }
        if gone < days.len() {
            insurer.retract(&days[gone].0);
            published.remove(&days[gone].0.parse().unwrap());
        }

        let (mut in_order, mut expected) = (Insurer::new(""), Published::new());
        for (at, day) in days.iter().enumerate() {
            if at != gone {
                in_order.publish(day, &mut expected);
            }
        }
        let dates: Vec<NaiveDate> = published.keys().copied().collect();
        assert_eq!(insurer.lists(&dates), in_order.lists(&dates), "{seed}");
        assert_eq!(
            insurer.findings_but(OF_THE_DAY_BEFORE),
            in_order.findings_but(OF_THE_DAY_BEFORE),
            "{seed}"
        );
    }
    assert!(late > 0 && retracted > 0, "{late} {retracted}");
}
