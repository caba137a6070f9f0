//! Why members could not be compared with the roster. No difference is changed then.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::scope::Narrowed;
use crate::config::job::ConfigError;
use crate::model::Message;
use crate::store::StoreError;
use crate::wecom::api::ApiError;
use crate::wecom::store::WecomStoreError;

/// Why members could not be compared with the roster. `Display` is the English message.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// The job has no application whose secret could list members.
    NoApplication {
        /// The job file.
        job: PathBuf,
    },
    /// The agents' file has no such field.
    UnknownField {
        /// The job file.
        job: PathBuf,
        /// The field.
        field: String,
        /// The fields that it has.
        known: Vec<String>,
    },
    /// Nothing was published yet.
    NoSnapshot {
        /// The database.
        path: PathBuf,
    },
    /// The secret cannot be had.
    Config(#[from] ConfigError),
    /// WeCom could not be asked.
    Api(#[from] ApiError),
    /// The list took longer than it may.
    TimedOut(Duration),
    /// More members than any enterprise has.
    TooMany {
        /// The most that are read.
        most: usize,
    },
    /// Less is visible than before.
    Narrowed(Narrowed),
    /// A fault of `org.db`.
    Store(#[from] StoreError),
    /// A fault of `wecom.db`.
    Wecom(#[from] WecomStoreError),
}

impl RosterError {
    /// What happened and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            RosterError::NoApplication { job } => Message::new(
                format!(
                    "{}: 没有可以读取成员的 [[wecom_app]]；请添加通讯录应用（agent_id = \"chengyuan\"）及其 secret",
                    job.display()
                ),
                format!(
                    "{}: no [[wecom_app]] can list members; write that of the contacts (agent_id = \"chengyuan\") with its \
                     secret",
                    job.display()
                ),
            ),
            RosterError::UnknownField { job, field, known } => Message::new(
                format!(
                    "{}: [wecom.roster] 的 field = \"{field}\" 不是代理人文件的字段；现有字段：{}",
                    job.display(),
                    known.join("、")
                ),
                format!(
                    "{}: field = \"{field}\" of [wecom.roster] is no field of the agents' file; those are {}",
                    job.display(),
                    known.join(", ")
                ),
            ),
            RosterError::NoSnapshot { path } => Message::new(
                format!(
                    "{} 中还没有已发布的快照，无法核对；请先执行 orgsnap import",
                    path.display()
                ),
                format!(
                    "{} holds no published snapshot to compare with; run orgsnap import first",
                    path.display()
                ),
            ),
            RosterError::TimedOut(limit) => {
                let minutes = limit.as_secs() / 60;
                Message::new(
                    format!(
                        "读取企业微信成员超过 {minutes} 分钟仍未完成，核对结果未作改动；请检查到企业微信的网络，稍后重试"
                    ),
                    format!(
                        "listing WeCom's members took more than {minutes} minutes, and no difference was changed: check the \
                         network to WeCom and try again later"
                    ),
                )
            }
            RosterError::TooMany { most } => Message::new(
                format!(
                    "企业微信返回的成员超过 {most} 名，核对结果未作改动；请核对 corp_id 和 api_url，仍然如此请联系企业微信"
                ),
                format!(
                    "WeCom lists more than {most} members, and no difference was changed: check corp_id and api_url, and ask \
                     WeCom if it stays so"
                ),
            ),
            RosterError::Narrowed(narrowed) => narrowed.message(),
            RosterError::Config(error) => error.message(),
            RosterError::Api(error) => error.message(),
            RosterError::Store(error) => error.message(),
            RosterError::Wecom(error) => error.message(),
        }
    }
}

impl fmt::Display for RosterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}
