//! The files that `check` writes while the delivery is in memory: the workbook.

use std::path::Path;

use orgsnap::disk::{PRIVATE_FILE, replace_file_with};
use orgsnap::model::{Cause, DeliveredFiles, Language, Message, ReportFiles, RuleMeta, RunReport};
use orgsnap::pipeline::Reporter;
use orgsnap::report::mask_run::mask_run;
use orgsnap::report::xlsx;
use orgsnap::rules::CATALOGUE;

use super::output;

/// Writes what the arguments ask for, of the findings that they select.
pub(super) struct CheckFiles<'a> {
    /// The workbook.
    pub xlsx: Option<&'a Path>,
    /// Whether findings of a rule are reported.
    pub selected: &'a dyn Fn(&str) -> bool,
    /// Whether names are masked everywhere but in the workbook.
    pub mask_names: bool,
    /// The language of its headings.
    pub language: Language,
}

/// Leaves out the findings of rules that are not selected, and the causes of none but such.
fn select(report: &mut RunReport, selected: &dyn Fn(&str) -> bool) {
    report.findings.retain(|finding| selected(finding.code));
    report.totals.retain(|code, _| selected(code));
    // A cause without findings tells why the delivery is refused.
    let is_kept =
        |cause: &Cause| cause.codes.is_empty() || cause.codes.iter().any(|code| selected(code));
    let mut kept = 0;
    let places: Vec<Option<usize>> = report
        .causes
        .iter()
        .map(|cause| {
            let place = is_kept(cause).then_some(kept);
            kept += usize::from(place.is_some());
            place
        })
        .collect();
    report.causes.retain(is_kept);
    for finding in &mut report.findings {
        finding.cause = finding.cause.and_then(|cause| places.get(cause).copied().flatten());
    }
}

impl Reporter for CheckFiles<'_> {
    fn write(&self, report: &mut RunReport, delivered: &dyn DeliveredFiles) -> ReportFiles {
        select(report, self.selected);
        let written = self.xlsx.map(|path| self.workbook(path, report, delivered));
        if self.mask_names {
            mask_run(report);
        }
        ReportFiles {
            faults: written.and_then(Result::err).into_iter().collect(),
            ..ReportFiles::default()
        }
    }
}

impl CheckFiles<'_> {
    fn workbook(
        &self,
        path: &Path,
        report: &RunReport,
        delivered: &dyn DeliveredFiles,
    ) -> Result<(), Message> {
        let metas: Vec<&RuleMeta> = CATALOGUE.iter().map(|rule| &rule.meta).collect();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        // Only its owner reads it: it holds delivered lines.
        replace_file_with(path, PRIVATE_FILE, |file| {
            xlsx::write_to(file, folder, report, delivered, &metas, self.language)
        })
        .map_err(|error| output::cannot_write(path, &error))
    }
}
