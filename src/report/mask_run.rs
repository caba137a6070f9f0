//! Masking the names in all that a run has to say, for whatever is made of it afterwards.

use std::borrow::Cow;

use crate::model::RunReport;

use super::mask::Names;
use super::mask_recorded::mask_recorded;

/// Masks the names in the findings of a run, in those that are mended, in its causes and in vanished records.
pub fn mask_run(report: &mut RunReport) {
    let names = Names::Masked;
    // While the findings still say which of their texts are names.
    let causes = names.causes(report).into_owned();
    report.causes = causes;
    for finding in &mut report.findings {
        if let Cow::Owned(masked) = names.finding(finding) {
            *finding = masked;
        }
    }
    let hide = |key: &mut String| {
        if let Cow::Owned(masked) = names.key(key) {
            *key = masked;
        }
    };
    for finding in report.mended.iter_mut().flatten() {
        mask_recorded(finding.names.take(), [&mut finding.key], &mut finding.message);
    }
    let former = report.former.iter_mut().flat_map(|former| former.feeds.values_mut());
    former.flat_map(|feed| &mut feed.vanished).for_each(|record| hide(&mut record.key));
}
