//! The address that WeCom reaches the insurer by, which many steps need.

use crate::model::Message;

use super::step::Step;
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
