//! Writes the report files that a job asks for.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::{self, ScopedJoinHandle};

use crate::config::job::{Job, ReportFormat};
use crate::model::{
    Cancel, DeliveredFiles, Message, ReportFiles, RuleMeta, RunReport, system_reason,
};
use crate::pipeline::Reporter;
use crate::report::file::{self, WriteError};
use crate::report::mask::Names;
use crate::report::mask_run::mask_run;
use crate::report::{html, json, xlsx};
use crate::rules::CATALOGUE;

use super::{reply, retention};

type WriteResult = Result<PathBuf, WriteError>;
type Writer<'scope> = ScopedJoinHandle<'scope, WriteResult>;

/// Writes the report files of a job's runs.
#[derive(Debug, Clone, Copy)]
pub struct JobReporter<'a> {
    /// The job.
    pub job: &'a Job,
    /// The data folder.
    pub data_dir: &'a Path,
    /// Whether nothing is to be left behind.
    pub dry_run: bool,
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
    fn write(&self, report: &mut RunReport, delivered: &dyn DeliveredFiles) -> ReportFiles {
        if self.dry_run {
            if self.job.report.mask_names {
                mask_run(report);
            }
            return ReportFiles::default();
        }
        let reports = reports_folder(self.job, &self.data_dir.join(&self.job.tenant));
        let dir = reports.join(&report.run.0);
        let mut files = self.write_all(&dir, report, delivered);
        if let Some(reply) = self.job.report.reply.as_ref().filter(|_| self.from_source) {
            reply::send(self.job, reply, report, self.cancel, &mut files);
            self.remove_unwanted(&dir, &mut files);
        }
        if let Some(keep) = self.job.report.keep {
            files.faults.extend(retention::remove_old(&reports, report, keep));
        }
        files
    }
}

/// How the writing of a file ended; a panic meanwhile is a fault like any other.
fn result(writer: Option<Writer<'_>>, dir: &Path, name: &str) -> Option<WriteResult> {
    let panicked = |_| {
        let source = io::Error::other("internal fault, see `panic at` in the log");
        Err(WriteError { path: dir.join(name), source })
    };
    writer.map(|writer| writer.join().unwrap_or_else(panicked))
}

fn not_removed(path: &Path, error: &io::Error) -> Message {
    let (path, Message { zh, en }) = (path.display(), system_reason(error));
    Message::new(
        format!("仅用于回传的报告文件 {path} 无法删除：{zh}；请检查该目录的权限"),
        format!(
            "{path}, which was made for the copy alone, could not be removed: {en}; check that folder's permissions"
        ),
    )
}

impl JobReporter<'_> {
    fn write_all(
        &self,
        dir: &Path,
        report: &mut RunReport,
        delivered: &dyn DeliveredFiles,
    ) -> ReportFiles {
        let settings = &self.job.report;
        let metas: Vec<&RuleMeta> = CATALOGUE.iter().map(|rule| &rule.meta).collect();
        let options = html::Options {
            language: settings.language,
            names: Names::masked(settings.mask_names),
            raw_lines: settings.raw_lines,
        };
        // The workbook has what was delivered, so it is made before names are masked.
        let (page, workbook) = thread::scope(|scope| {
            let report = &*report;
            let page = self.wants(ReportFormat::Html).then(|| {
                scope.spawn(|| {
                    let write = |file: &mut File| html::write(report, &metas, &options, file);
                    file::write(dir, html::FILE_NAME, write)
                })
            });
            let workbook = self.wants(ReportFormat::Xlsx).then(|| {
                scope.spawn(|| xlsx::write(dir, report, delivered, &metas, settings.language))
            });
            (result(page, dir, html::FILE_NAME), result(workbook, dir, xlsx::FILE_NAME))
        });
        if settings.mask_names {
            mask_run(report);
        }
        let document = Some(json::write(dir, report));
        let mut files = ReportFiles::default();
        let written =
            [(html::FILE_NAME, page), (json::FILE_NAME, document), (xlsx::FILE_NAME, workbook)];
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
        let reply = settings.reply.as_ref().filter(|_| self.from_source);
        let to_send = reply.is_some_and(|reply| reply.formats.contains(&format));
        settings.formats.contains(&format) || to_send
    }

    /// Removes the files that were written for the copy alone.
    fn remove_unwanted(&self, dir: &Path, files: &mut ReportFiles) {
        let formats = &self.job.report.formats;
        let optional =
            [(ReportFormat::Html, html::FILE_NAME), (ReportFormat::Xlsx, xlsx::FILE_NAME)];
        for (_, name) in optional.into_iter().filter(|(format, _)| !formats.contains(format)) {
            let Some(at) = files.names.iter().position(|written| *written == name) else {
                continue;
            };
            let path = dir.join(name);
            match fs::remove_file(&path) {
                Ok(()) => _ = files.names.remove(at),
                Err(error) => files.faults.push(not_removed(&path, &error)),
            }
        }
    }
}
