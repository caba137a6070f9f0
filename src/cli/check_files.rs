//! The files that `check` writes while the delivery is in memory: the workbook.

use std::path::Path;

use orgsnap::disk::{PRIVATE_FILE, replace_file_with};
use orgsnap::model::{DeliveredFiles, Language, ReportFiles, RuleMeta, RunReport};
use orgsnap::pipeline::Reporter;
use orgsnap::report::xlsx;
use orgsnap::rules::CATALOGUE;

use super::output;

/// Writes what the arguments ask for, of the findings that they select.
pub(super) struct CheckFiles<'a> {
    /// The workbook.
    pub xlsx: Option<&'a Path>,
    /// Whether findings of a rule are reported.
    pub selected: &'a dyn Fn(&str) -> bool,
    /// The language of its headings.
    pub language: Language,
}

/// Leaves out the findings of rules that are not selected.
pub(super) fn select(report: &mut RunReport, selected: &dyn Fn(&str) -> bool) {
    report.findings.retain(|finding| selected(finding.code));
    report.totals.retain(|code, _| selected(code));
}

impl Reporter for CheckFiles<'_> {
    fn write(&self, report: &RunReport, delivered: &dyn DeliveredFiles) -> ReportFiles {
        let mut files = ReportFiles::default();
        let Some(path) = self.xlsx else { return files };
        let mut shown = report.clone();
        select(&mut shown, self.selected);
        let metas: Vec<&RuleMeta> = CATALOGUE.iter().map(|rule| &rule.meta).collect();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Only its owner reads it: it holds delivered lines.
        let written = replace_file_with(path, PRIVATE_FILE, |file| {
            let folder = folder.unwrap_or(Path::new("."));
            xlsx::write_to(file, folder, &shown, delivered, &metas, self.language)
        });
        if let Err(error) = written {
            files.faults.push(output::cannot_write(path, &error));
        }
        files
    }
}
