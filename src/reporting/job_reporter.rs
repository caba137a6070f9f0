//! Writes the report files that a job asks for.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use crate::config::job::{Job, ReportFormat};
use crate::model::{Cancel, DeliveredFiles, ReportFiles, RuleMeta, RunReport};
use crate::pipeline::Reporter;
use crate::report::file::WriteError;
use crate::report::{json, xlsx};
use crate::rules::CATALOGUE;

use super::{reply, retention};

/// Writes the report files of a job's runs.
#[derive(Debug, Clone, Copy)]
pub struct JobReporter<'a> {
    /// The job.
    pub job: &'a Job,
    /// The data folder.
    pub data_dir: &'a Path,
    /// Whether the delivery came from the job's source: only then is a copy put on its server.
    pub from_source: bool,
    /// Ends the sending of the copy.
    pub cancel: &'a Cancel,
}

/// The folder that holds the report folders of a job's runs; `tenant_dir` is that of its database.
pub fn reports_folder(job: &Job, tenant_dir: &Path) -> PathBuf {
    job.report.dir.clone().unwrap_or_else(|| tenant_dir.join("reports"))
}

impl Reporter for JobReporter<'_> {
    fn write(&self, report: &RunReport, delivered: &dyn DeliveredFiles) -> ReportFiles {
        let reports = reports_folder(self.job, &self.data_dir.join(&self.job.tenant));
        let dir = reports.join(&report.run.0);
        let mut files = self.write_all(&dir, report, delivered);
        if let Some(reply) = self.job.report.reply.as_ref().filter(|_| self.from_source) {
            reply::send(self.job, reply, report, self.cancel, &mut files);
        }
        if let Some(keep) = self.job.report.keep {
            files.faults.extend(retention::remove_old(&reports, report, keep));
        }
        files
    }
}

/// What the writer of a file left unsaid by a panic, of which the log has the place.
fn panicked(dir: &Path, name: &str) -> Result<PathBuf, WriteError> {
    let source = io::Error::other("internal fault, see `panic at` in the log");
    Err(WriteError { path: dir.join(name), source })
}

impl JobReporter<'_> {
    fn write_all(
        &self,
        dir: &Path,
        report: &RunReport,
        delivered: &dyn DeliveredFiles,
    ) -> ReportFiles {
        let settings = &self.job.report;
        let metas: Vec<&RuleMeta> = CATALOGUE.iter().map(|rule| &rule.meta).collect();
        let mut files = ReportFiles::default();
        // First, because the folder is known by it as one of ours.
        let document = json::write(dir, report);
        let workbook = thread::scope(|scope| {
            let workbook = self.wants(ReportFormat::Xlsx).then(|| {
                scope.spawn(|| xlsx::write(dir, report, delivered, &metas, settings.language))
            });
            workbook
                .map(|workbook| workbook.join().unwrap_or_else(|_| panicked(dir, xlsx::FILE_NAME)))
        });
        let written = [(json::FILE_NAME, Some(document)), (xlsx::FILE_NAME, workbook)];
        for (name, written) in written {
            match written {
                None => {}
                Some(Ok(_)) => {
                    files.dir = Some(dir.to_path_buf());
                    files.names.push(name);
                }
                Some(Err(error)) => files.faults.push(error.message()),
            }
        }
        files
    }

    /// Whether a file is written: for the folder of reports, or for the copy.
    fn wants(&self, format: ReportFormat) -> bool {
        let settings = &self.job.report;
        let reply = settings.reply.as_ref().is_some_and(|reply| reply.formats.contains(&format));
        settings.formats.contains(&format) || reply
    }
}
