//! The age of findings, what was mended, and the runs before, as the document holds them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{FindingAge, MendedFinding, MendedTotals, RecentRun, RunReport};

use super::json_text::{Text, text};

#[derive(Serialize)]
pub(super) struct Age {
    first_seen: String,
    deliveries: u64,
}

#[derive(Serialize)]
pub(super) struct Mended<'a> {
    totals: &'a BTreeMap<String, u64>,
    unsettled: &'a BTreeMap<String, u64>,
    findings: Vec<MendedEntry<'a>>,
}

#[derive(Serialize)]
struct MendedEntry<'a> {
    code: &'a str,
    feed: &'static str,
    key: Option<&'a str>,
    field: Option<&'a str>,
    line: Option<u64>,
    message: Text<'a>,
    first_seen: String,
    deliveries: u64,
}

#[derive(Serialize)]
pub(super) struct Recent<'a> {
    run: &'a str,
    date: String,
    verdict: &'static str,
    rows: u64,
    errors: u64,
    warnings: u64,
}

impl Age {
    pub(super) fn of(age: FindingAge) -> Age {
        Age { first_seen: age.first_seen.to_string(), deliveries: age.deliveries }
    }
}

impl<'a> Mended<'a> {
    /// Null where there is no date before to compare with.
    pub(super) fn of(report: &'a RunReport) -> Option<Mended<'a>> {
        let entry = |finding: &'a MendedFinding| MendedEntry {
            code: &finding.code,
            feed: finding.feed.name(),
            key: finding.key.as_deref(),
            field: finding.field.as_deref(),
            line: finding.line,
            message: text(&finding.message),
            first_seen: finding.first_seen.to_string(),
            deliveries: finding.deliveries,
        };
        let findings = report.mended.as_ref()?.iter().map(entry).collect();
        let MendedTotals { mended, unsettled } = &report.mended_totals;
        Some(Mended { totals: mended, unsettled, findings })
    }
}

impl<'a> Recent<'a> {
    pub(super) fn of(run: &'a RecentRun) -> Recent<'a> {
        Recent {
            run: &run.run.0,
            date: run.date.to_string(),
            verdict: run.verdict.name(),
            rows: run.rows,
            errors: run.errors,
            warnings: run.warnings,
        }
    }
}
