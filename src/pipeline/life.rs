//! The life of findings: which are new, which persist and since when, which are mended. It follows the published dates,
//! not the runs: a delivery is compared with the published date before its own.

use crate::delivery::{Delivery, FileState};
use crate::model::{Finding, FindingIdentity, MendedFinding, PerFeed, RunReport};
use crate::store::{
    EarlierFinding, EarlierFindings, GoneFindings, LaterRule, Publication, StoreError,
};

/// What makes each finding the same in another delivery.
pub(super) fn identities(findings: &[Finding], delivery: &Delivery<'_>) -> Vec<i64> {
    let identity = |finding: &Finding| {
        let line = finding.line.filter(|_| finding.key.is_none());
        let line = line.and_then(|line| usize::try_from(line).ok()?.checked_sub(1));
        let line = match &delivery.files[finding.feed].state {
            FileState::Parsed(parsed, _) => line.map(|line| parsed.lines.raw(line)),
            FileState::Missing { .. } | FileState::Oversized { .. } | FileState::Unparsable(_) => {
                None
            }
        };
        let (field, key) = (finding.field.as_deref(), finding.key.as_deref());
        FindingIdentity { code: finding.code, feed: finding.feed, field, key, line }.hash()
    };
    findings.iter().map(identity).collect()
}

/// Compares the findings of a delivery with those of the published date before, and writes into the report what comes of
/// it.
pub(super) fn compare(
    report: &mut RunReport,
    identities: &[i64],
    publication: &mut Publication<'_>,
    readable: &PerFeed<bool>,
) -> Result<(), StoreError> {
    let before = publication.earlier_findings()?;
    set_ages(report, identities, before.as_ref());
    let Some(before) = before else { return Ok(()) };
    let gone = gone(report, identities, &before, readable);
    let mended: Vec<MendedFinding> = publication.mended(&gone)?;
    report.mended = Some(mended);
    Ok(())
}

fn set_ages(report: &mut RunReport, identities: &[i64], before: Option<&EarlierFindings>) {
    let date = report.business_date;
    for (finding, identity) in report.findings.iter_mut().zip(identities) {
        finding.age = EarlierFindings::age_after(before, finding.code, *identity, date);
    }
}

/// The findings of the date before that are mended, as many of each code as a report lists; all are counted.
fn gone(
    report: &mut RunReport,
    identities: &[i64],
    before: &EarlierFindings,
    readable: &PerFeed<bool>,
) -> Vec<EarlierFinding> {
    let mut listed = Vec::new();
    for (code, rule) in &before.rules {
        // Findings come sorted by code.
        let first = report.findings.partition_point(|finding| finding.code < code.as_str());
        let end = report.findings.partition_point(|finding| finding.code <= code.as_str());
        let mut here = identities.get(first..end).unwrap_or_default().to_vec();
        let kept = here.len() as u64;
        here.sort_unstable();
        let later = LaterRule {
            run: report.rules_run.iter().any(|run| run == code),
            complete: report.totals.get(code.as_str()).is_none_or(|total| *total <= kept),
            identities: &here,
        };
        let GoneFindings { mut mended, unsettled } = rule.gone(later, |feed| readable[feed]);
        if unsettled > 0 {
            report.mended_totals.unsettled.insert(code.clone(), unsettled);
        }
        if !mended.is_empty() {
            report.mended_totals.mended.insert(code.clone(), mended.len() as u64);
        }
        mended.truncate(RunReport::MAX_MENDED);
        listed.extend(mended);
    }
    listed
}
