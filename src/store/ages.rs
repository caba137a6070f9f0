//! Ages of findings follow the published dates: when a date changes, those of the later dates are made anew, as if all had
//! come in order. What was found stays as it was recorded.

use chrono::NaiveDate;

use crate::model::{FindingAge, RunId};
use crate::store::earlier_findings::EarlierFindings;
use crate::store::snapshot::SnapshotInfo;

/// A recorded finding with its age. Those of earlier versions of the program have no identity and no age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AgedFinding {
    /// Where it is stored.
    pub place: i64,
    /// Its code.
    pub code: String,
    /// What makes it the same in another delivery.
    pub identity: i64,
    /// Its age.
    pub age: Option<FindingAge>,
}

/// What a store tells of recorded findings, and what it does with their ages.
pub(super) trait FindingAges {
    /// What fails.
    type Error;

    /// All dates with a snapshot, ascending.
    fn dates(&mut self) -> Result<Vec<NaiveDate>, Self::Error>;

    /// The snapshot of a date.
    fn snapshot(&mut self, date: NaiveDate) -> Result<Option<SnapshotInfo>, Self::Error>;

    /// The newest snapshot before a date.
    fn before(&mut self, date: NaiveDate) -> Result<Option<SnapshotInfo>, Self::Error>;

    /// The findings of the run that published a snapshot, to be compared with those of the next one.
    fn earlier(&mut self, snapshot: &SnapshotInfo) -> Result<EarlierFindings, Self::Error>;

    /// The findings of a run that have an identity, with their ages.
    fn aged(&mut self, run: &RunId) -> Result<Vec<AgedFinding>, Self::Error>;

    /// Writes the ages of these findings of a run.
    fn set(&mut self, run: &RunId, findings: &[AgedFinding]) -> Result<(), Self::Error>;
}

/// Makes the ages of the findings of all dates after one anew, date by date; that one is published, or taken back.
pub(super) fn renew_after<S: FindingAges>(
    store: &mut S,
    changed: NaiveDate,
) -> Result<(), S::Error> {
    for date in store.dates()?.into_iter().filter(|date| *date > changed) {
        let Some(snapshot) = store.snapshot(date)? else { continue };
        // The ages of a date depend on nothing but the date before it.
        if !renew(store, &snapshot)? {
            break;
        }
    }
    Ok(())
}

/// Makes the ages of the findings of all dates anew.
pub(super) fn renew_all<S: FindingAges>(store: &mut S) -> Result<(), S::Error> {
    for date in store.dates()? {
        if let Some(snapshot) = store.snapshot(date)? {
            renew(store, &snapshot)?;
        }
    }
    Ok(())
}

/// Whether the ages of any finding of the date have changed.
fn renew<S: FindingAges>(store: &mut S, snapshot: &SnapshotInfo) -> Result<bool, S::Error> {
    let before = match store.before(snapshot.date)? {
        Some(before) => Some(store.earlier(&before)?),
        None => None,
    };
    let mut changed = store.aged(&snapshot.run)?;
    changed.retain_mut(|finding| {
        let age = EarlierFindings::age_after(
            before.as_ref(),
            &finding.code,
            finding.identity,
            snapshot.date,
        );
        std::mem::replace(&mut finding.age, age) != age
    });
    if !changed.is_empty() {
        store.set(&snapshot.run, &changed)?;
    }
    Ok(!changed.is_empty())
}
