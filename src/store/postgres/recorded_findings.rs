//! Reads the findings of a recorded run that are compared with those of a delivery, and writes their ages.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use crate::model::{Feed, FindingAge, MendedFinding, Message, RunId};
use crate::store::ages::{AgedFinding, FindingAges};
use crate::store::earlier_findings::{EarlierFinding, EarlierFindings, EarlierRule, FULL};
use crate::store::error::StoreError;
use crate::store::postgres::session::Session;
use crate::store::postgres::snapshots;
use crate::store::postgres::staging::{self, STAGED};
use crate::store::postgres::tables::TABLES;
use crate::store::snapshot::SnapshotInfo;

fn age(first_seen: Option<NaiveDate>, deliveries: Option<i64>) -> Option<FindingAge> {
    let deliveries = deliveries.and_then(|n| u64::try_from(n).ok());
    first_seen.zip(deliveries).map(|(first_seen, deliveries)| FindingAge { first_seen, deliveries })
}

/// The findings of the run that published a snapshot.
pub(super) fn read(
    session: &mut Session,
    tenant: i32,
    snapshot: &SnapshotInfo,
) -> Result<EarlierFindings, StoreError> {
    let SnapshotInfo { run, date, .. } = snapshot;
    let sql =
        format!("select code, findings from {TABLES}.run_rule where tenant_id = $1 and run = $2");
    let rows = session.query(&sql, &[&tenant, &run.0])?;
    let total = |n: i64| u64::try_from(n).unwrap_or_default();
    let totals: BTreeMap<String, u64> =
        rows.iter().map(|row| (row.get(0), total(row.get(1)))).collect();
    let mut rules: BTreeMap<String, EarlierRule> = BTreeMap::new();
    let mut kept: BTreeMap<String, u64> = BTreeMap::new();
    // A run's name is one of ours, yet it is quoted.
    let query = format!(
        "select code, feed, identity, first_seen, deliveries, place from {TABLES}.finding \
         where tenant_id = {tenant} and run = '{}' order by code, feed, identity",
        run.0.replace('\'', "''")
    );
    session.copy_out(&query, |row| {
        let code = row.text(0)?;
        *kept.entry(code.to_owned()).or_default() += 1;
        let rule = rules.entry(code.to_owned()).or_default();
        let (Some(feed), Some(identity)) = (Feed::from_name(row.text(1)?), row.int_or_null(2)?)
        else {
            return Ok(());
        };
        let known = age(row.date_or_null(3)?, row.int_or_null(4)?);
        let age = known.unwrap_or(FindingAge { first_seen: *date, deliveries: 1 });
        rule.findings.push(EarlierFinding { identity, feed, age, place: row.int(5)? });
        Ok(())
    })?;
    for (code, rule) in &mut rules {
        let kept = kept.get(code).copied().unwrap_or_default();
        rule.complete = totals.get(code).map_or(kept < FULL as u64, |total| *total <= kept);
        rule.findings.sort_by_key(|finding| (finding.identity, finding.place));
        rule.findings.dedup_by_key(|finding| finding.identity);
    }
    Ok(EarlierFindings { date: *date, rules, totals })
}

/// Findings of a run as a report shows those that are gone, in their order.
pub(super) fn details(
    session: &mut Session,
    tenant: i32,
    run: &RunId,
    findings: &[EarlierFinding],
) -> Result<Vec<MendedFinding>, StoreError> {
    let places: Vec<i64> = findings.iter().map(|finding| finding.place).collect();
    let sql = format!(
        "select place, code, key, field, line, message_zh, message_en, person_names from {TABLES}.finding \
         where tenant_id = $1 and run = $2 and place = any($3)"
    );
    let rows = session.query(&sql, &[&tenant, &run.0, &places])?;
    let by_place: HashMap<i64, &postgres::Row> = rows.iter().map(|row| (row.get(0), row)).collect();
    let mended = findings.iter().filter_map(|finding| {
        let row = by_place.get(&finding.place)?;
        let names: Option<String> = row.get(7);
        Some(MendedFinding {
            code: row.get(1),
            feed: finding.feed,
            key: row.get(2),
            field: row.get(3),
            line: row.get::<_, Option<i64>>(4).and_then(|line| u64::try_from(line).ok()),
            message: Message::new(row.get::<_, String>(5), row.get::<_, String>(6)),
            names: names.and_then(|names| serde_json::from_str(&names).ok()),
            first_seen: finding.age.first_seen,
            deliveries: finding.age.deliveries,
        })
    });
    Ok(mended.collect())
}

/// The recorded findings of a tenant.
pub(super) struct RecordedFindings<'s> {
    pub(super) session: &'s mut Session,
    pub(super) tenant: i32,
}

impl FindingAges for RecordedFindings<'_> {
    type Error = StoreError;

    fn dates(&mut self) -> Result<Vec<NaiveDate>, StoreError> {
        snapshots::dates(self.session, self.tenant)
    }

    fn snapshot(&mut self, date: NaiveDate) -> Result<Option<SnapshotInfo>, StoreError> {
        snapshots::of(self.session, self.tenant, date)
    }

    fn before(&mut self, date: NaiveDate) -> Result<Option<SnapshotInfo>, StoreError> {
        snapshots::newest(self.session, self.tenant, Some(date))
    }

    fn earlier(&mut self, snapshot: &SnapshotInfo) -> Result<EarlierFindings, StoreError> {
        read(self.session, self.tenant, snapshot)
    }

    fn aged(&mut self, run: &RunId) -> Result<Vec<AgedFinding>, StoreError> {
        let query = format!(
            "select place, code, identity, first_seen, deliveries from {TABLES}.finding \
             where tenant_id = {} and run = '{}' and identity is not null order by place",
            self.tenant,
            run.0.replace('\'', "''")
        );
        let mut findings = Vec::new();
        self.session.copy_out(&query, |row| {
            findings.push(AgedFinding {
                place: row.int(0)?,
                code: row.text(1)?.to_owned(),
                identity: row.int(2)?,
                age: age(row.date_or_null(3)?, row.int_or_null(4)?),
            });
            Ok(())
        })?;
        Ok(findings)
    }

    fn set(&mut self, run: &RunId, findings: &[AgedFinding]) -> Result<(), StoreError> {
        staging::send_ages(self.session, findings)?;
        self.session
            .execute(
                &format!(
                    "update {TABLES}.finding f set first_seen = s.at, deliveries = s.id::bigint from {STAGED} s \
                     where f.tenant_id = $1 and f.run = $2 and f.place = s.place"
                ),
                &[&self.tenant, &run.0],
            )
            .map(drop)
    }
}
