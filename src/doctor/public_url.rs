//! The address that WeCom reaches the insurer by, which many steps need.

use crate::config::job::Job;
use crate::model::Message;
use crate::wecom::nginx::{NginxError, PublicAddress};

use super::step::{Step, joined};
use super::subject::Subject;
use super::who::Who;

/// A step of a job that does not say the address.
pub(super) fn missing(subject: Subject) -> Step {
    Step::not_configured(
        subject,
        Message::fixed("任务文件没有 public_url", "the job file has no public_url"),
        Message::fixed(
            "请保险公司提供对外的域名，写入任务文件",
            "have the insurer give its public domain, and write it into the job file",
        ),
    )
    .by(Who::Both)
    .for_job("public_url = \"https://wecom.example.com\"")
}

/// A step that failed at an address below `public_url`; if that has a path, the path is the cause: what WeCom calls and what
/// orgsnap serves begins at the root of the domain.
pub(super) fn with_its_path(job: &Job, step: Step) -> Step {
    let Err(error @ NginxError::PathInUrl { .. }) = PublicAddress::of(job) else { return step };
    let seen = joined(&[error.message(), step.seen], "；", "; ");
    let advice = Message::fixed(
        "请去掉任务文件中 public_url 的路径，再重新执行",
        "take the path out of public_url in the job file, and run this again",
    );
    let root = job.wecom.public_url.as_deref().and_then(|base| {
        let mut url = crate::http::url(base)?;
        url.set_path("");
        Some(format!("public_url = \"{}\"", url.as_str().trim_end_matches('/')))
    });
    let step = Step::failed(step.subject, seen, advice);
    match root {
        Some(line) => step.by(Who::Vendor).for_job(line),
        None => step.by(Who::Vendor),
    }
}
