//! Reads and writes the ages of recorded findings.

use chrono::NaiveDate;
use rusqlite::{Connection, Row, params};

use crate::model::{FindingAge, RunId};
use crate::store::ages::{AgedFinding, FindingAges};
use crate::store::dates::iso;
use crate::store::earlier_findings::EarlierFindings;
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::date_reader::DateReader;
use crate::store::sqlite::{recorded_findings, snapshots};

impl FindingAges for &Connection {
    type Error = rusqlite::Error;

    fn dates(&mut self) -> rusqlite::Result<Vec<NaiveDate>> {
        snapshots::dates(self)
    }

    fn snapshot(&mut self, date: NaiveDate) -> rusqlite::Result<Option<SnapshotInfo>> {
        snapshots::of(self, date)
    }

    fn before(&mut self, date: NaiveDate) -> rusqlite::Result<Option<SnapshotInfo>> {
        snapshots::newest(self, Some(date))
    }

    fn earlier(&mut self, snapshot: &SnapshotInfo) -> rusqlite::Result<EarlierFindings> {
        recorded_findings::read(self, snapshot)
    }

    fn aged(&mut self, run: &RunId) -> rusqlite::Result<Vec<AgedFinding>> {
        let mut statement = self.prepare(
            "select code, identity, first_seen, deliveries, rowid \
             from finding indexed by finding_life where run = ?1 and identity is not null",
        )?;
        let mut dates = DateReader::default();
        let finding = |row: &Row<'_>| {
            let first_seen = dates.read(row.get_ref(2)?)?;
            let deliveries: Option<i64> = row.get(3)?;
            let age = first_seen.zip(deliveries.and_then(|n| u64::try_from(n).ok()));
            Ok(AgedFinding {
                place: row.get(4)?,
                code: row.get(0)?,
                identity: row.get(1)?,
                age: age.map(|(first_seen, deliveries)| FindingAge { first_seen, deliveries }),
            })
        };
        statement.query_map([&run.0], finding)?.collect()
    }

    fn set(&mut self, _: &RunId, findings: &[AgedFinding]) -> rusqlite::Result<()> {
        let mut update =
            self.prepare("update finding set first_seen = ?2, deliveries = ?3 where rowid = ?1")?;
        for AgedFinding { place, age, .. } in findings {
            let deliveries = age.map(|age| i64::try_from(age.deliveries).unwrap_or(i64::MAX));
            update.execute(params![place, age.map(|age| iso(age.first_seen)), deliveries])?;
        }
        Ok(())
    }
}
