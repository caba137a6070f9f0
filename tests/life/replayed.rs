//! Whatever was published, repeated, corrected and taken back in whatever order: the archive gives the same database, and
//! the one that was known after any of the runs.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use orgsnap::model::{Cancel, RunId, Verdict};
use orgsnap::pipeline::{self, ReplayRequest, ReplayRules, Replayed};
use orgsnap::store::{Comparison, ComparisonScope};

use super::{Insurer, random_days};
use crate::oracle::Random;

impl Insurer {
    fn replay(&mut self, target: Option<&Path>, until: Option<&RunId>) -> Replayed {
        self.runs += 1;
        let now: DateTime<Utc> = "2024-12-31T00:00:00Z".parse().unwrap();
        let request = ReplayRequest {
            tenant_dir: &self.data().join("t"),
            job: &self.job,
            target,
            until,
            rules: ReplayRules::Then,
            now: now + TimeDelta::seconds(self.runs),
            cancel: &Cancel::new(),
        };
        pipeline::replay(&request, &|_| {}).unwrap()
    }
}

fn assert_equal(one: &Path, two: &Path, context: &str) {
    let comparison = Comparison::begin(one, two).unwrap();
    let differences = comparison.run(ComparisonScope::Whole, &mut |_, _| {}).unwrap();
    assert!(differences.is_empty(), "{context}: {differences:?}");
}

/// How many random histories are tried.
fn histories() -> u64 {
    std::env::var("ORGSNAP_HISTORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(2)
}

#[test]
fn a_replay_of_the_archive_equals_the_database_after_any_history_and_at_any_run_of_it() {
    // Each seed is some fifteen imports, and as many again.
    for seed in 0..histories() {
        let folder = tempfile::tempdir().unwrap();
        let days = random_days(seed + 500, folder.path(), 3 + seed as usize % 3);
        let mut random = Random(seed + 9_000);
        let mut insurer = Insurer::new("");
        let database = insurer.data().join("t/org.db");
        let mut published = BTreeSet::new();
        let (steps, mut known) = (days.len() * 2 + 2, None);
        let remembered = random.below(steps);
        for step in 0..steps {
            let (at, of) = (random.below(days.len()), random.below(days.len()));
            let date = &days[at].0;
            if published.contains(&at) && random.below(4) == 0 {
                insurer.retract(date);
                published.remove(&at);
            } else {
                let report = insurer.import(&days[of].1, date);
                assert_eq!(report.verdict, Verdict::Published, "{seed}: {:?}", report.reasons);
                published.insert(at);
                if step >= remembered && known.is_none() {
                    let copy = folder.path().join("known.db");
                    std::fs::write(&copy, "").unwrap();
                    orgsnap::store::backup(&database, &copy, &mut |_, _| {}).unwrap();
                    known = Some((report.run, copy));
                }
            }
        }
        let compared = insurer.replay(None, None);
        assert_eq!(compared.differences, Some(Vec::new()), "{seed}");
        assert!(compared.is_whole() && !compared.newest_snapshot_only, "{seed}: {compared:?}");
        let anew = folder.path().join("anew.db");
        assert!(insurer.replay(Some(&anew), None).is_whole(), "{seed}");
        assert_equal(&database, &anew, &format!("{seed}"));
        if let Some((run, copy)) = known {
            let then = folder.path().join("then.db");
            assert!(insurer.replay(Some(&then), Some(&run)).is_whole(), "{seed}");
            assert_equal(&copy, &then, &format!("{seed} until {run}"));
        }
    }
}
