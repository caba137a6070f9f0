//! The copy of report files on the server that the deliveries come from.

use std::path::PathBuf;

use crate::config::job::{Job, ReplySettings, ReportFormat};
use crate::fetch;
use crate::model::{Cancel, Message, ReportFiles, RunReport};
use crate::report::{html, json, xlsx};

/// Puts the files that the job names on the server, and notes where, or what went wrong.
pub(super) fn send(
    job: &Job,
    reply: &ReplySettings,
    report: &RunReport,
    cancel: &Cancel,
    files: &mut ReportFiles,
) {
    let (Some(source), Some(dir)) = (&job.source, &files.dir) else { return };
    // A file that could not be written is a fault already.
    let paths: Vec<PathBuf> = reply
        .formats
        .iter()
        .map(|format| name(*format))
        .filter(|name| files.names.contains(name))
        .map(|name| dir.join(name))
        .collect();
    if paths.is_empty() {
        return;
    }
    match fetch::put(source, report.business_date, &reply.path, &paths, cancel) {
        Ok(places) => files.copies = places,
        Err(error) => {
            let Message { zh, en } = error.message();
            files.faults.push(Message::new(
                format!("报告没有回传到数据源所在的服务器（[report.reply]）：{zh}"),
                format!("the report was not put on the source's server ([report.reply]): {en}"),
            ));
        }
    }
}

/// The name of a form's file.
fn name(format: ReportFormat) -> &'static str {
    match format {
        ReportFormat::Html => html::FILE_NAME,
        ReportFormat::Xlsx => xlsx::FILE_NAME,
        ReportFormat::Json => json::FILE_NAME,
    }
}
