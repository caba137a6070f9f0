//! Section 六: the session archive. One message is asked for, as a pull would; nothing is stored.

use crate::config::job::Job;
use crate::model::Message;
use crate::wecom::archive::{self, ArchiveError, KeyFolder, PullRequest, RequestOrigin};

use super::step::Step;
use super::subject::Subject;
use super::surroundings::Surroundings;
use super::who::Who;

/// What a pull would meet.
pub(super) struct Probed {
    /// The key versions that the next message needs and that are missing, or why nothing could be asked.
    answer: Result<Vec<u32>, ArchiveError>,
    /// Whether there is a pair of keys at all.
    has_keys: bool,
}

/// What is waited for when the archive is asked.
pub(super) fn part() -> Message {
    Message::fixed("六 会话内容存档的 SDK", "六 (the library of the session archive)")
}

/// Asks for the next message, if the job has an archive.
pub(super) fn look(job: &Job, around: &Surroundings<'_>) -> Option<Probed> {
    job.wecom.archive.as_ref()?;
    let tenant_dir = &around.data.join(&job.tenant);
    let answer = archive::probe(PullRequest {
        job,
        tenant_dir,
        reader: around.archive_reader,
        environment: around.archive_variables,
        now: around.now,
        cancel: around.cancel,
    });
    let has_keys = KeyFolder::of(tenant_dir).list().is_ok_and(|list| !list.keys.is_empty());
    Some(Probed { answer, has_keys })
}

/// The steps 六.1 and 六.2.
pub(super) fn judge(job: &Job, probed: Option<&Probed>) -> Vec<Step> {
    let bought = probed.is_some_and(|probed| probed.answer.is_ok());
    let purchase = match bought {
        true => Step::ok(
            Subject::ArchivePurchase,
            Message::fixed("可以拉取消息，已开通", "messages can be pulled: it is bought"),
        ),
        false => Step::not_checkable(
            Subject::ArchivePurchase,
            Message::fixed(
                "没有接口可以查询是否已购买",
                "no call of the API tells whether it is bought",
            ),
            Message::fixed(
                "如需会话内容存档，请保险公司在“管理工具 -> 会话内容存档”购买，开启范围选择公司根部门",
                "where it is wanted, the insurer buys it (管理工具 -> 会话内容存档) and chooses the root department as its scope",
            ),
        ),
    };
    vec![purchase, settings(job, probed)]
}

fn settings(job: &Job, probed: Option<&Probed>) -> Step {
    const SUBJECT: Subject = Subject::ArchiveSettings;
    let tenant = &job.tenant;
    let Some(Probed { answer, has_keys }) = probed else {
        let step = Step::not_configured(
            SUBJECT,
            Message::fixed("任务文件没有 [wecom.archive]", "the job file has no [wecom.archive]"),
            Message::new(
                format!("购买后，集牛执行 orgsnap wecom archive-key new {tenant} 生成密钥对；保险公司在该页面填写输出的公钥和可信 IP 地址，把 Secret 交给集牛"),
                format!("once it is bought, run orgsnap wecom archive-key new {tenant}; the insurer enters the public key that it prints and the trusted address on that page, and hands the secret over"),
            ),
        )
        .for_job("[wecom.archive]\nsecret = { file = \"secrets/archive\" }\nlibrary = \"/opt/wecom/libWeWorkFinanceSdk_C.so\"",
        );
        return match job.wecom.corp_id {
            None => step.after(Subject::CustomerScope),
            Some(_) => step,
        };
    };
    match answer {
        Ok(_) if !has_keys => Step::failed(
            SUBJECT,
            Message::fixed("尚未生成密钥对，消息无法解密", "there is no pair of keys, so no message can be decrypted"),
            Message::new(
                format!("执行 orgsnap wecom archive-key new {tenant}，把输出的公钥交给保险公司填写到“消息加密公钥”"),
                format!("run orgsnap wecom archive-key new {tenant}; the insurer enters the public key as 消息加密公钥"),
            ),
        )
        .by(Who::Vendor),
        Ok(missing) if missing.is_empty() => Step::ok(
            SUBJECT,
            Message::fixed(
                "SDK、Secret、可信 IP 和密钥均有效",
                "library, secret, trusted address and keys are right",
            ),
        ),
        Ok(missing) => {
            let versions: Vec<String> = missing.iter().map(u32::to_string).collect();
            let versions = versions.join(", ");
            Step::failed(
                SUBJECT,
                Message::new(
                    format!("缺少版本 {versions} 的私钥，用该版本加密的消息无法解密"),
                    format!("the private key of version {versions} is missing, so messages encrypted for it cannot be read"),
                ),
                Message::new(
                    format!("把该版本的私钥放到数据目录下的 {tenant}/session/keys/版本号.pem"),
                    format!("put that key into the data folder as {tenant}/session/keys/VERSION.pem"),
                ),
            )
            .by(Who::Vendor)
        }
        Err(error) => refused(error),
    }
}

/// A pull would fail like this.
fn refused(error: &ArchiveError) -> Step {
    let step = Step::failed(
        Subject::ArchiveSettings,
        error.message(),
        Message::fixed(
            "按提示更正后再次执行 orgsnap doctor",
            "correct it as said and run orgsnap doctor again",
        ),
    );
    match error {
        ArchiveError::Code { from, .. } if error.is_refused_address() => {
            let step = step.by(Who::Insurer);
            match from {
                RequestOrigin::Address(ip) | RequestOrigin::Machine(Some(ip)) => {
                    step.pasting(trusted_address(), ip.as_str())
                }
                RequestOrigin::Proxy(_) | RequestOrigin::Machine(None) => step,
            }
        }
        _ => step.by(Who::Vendor),
    }
}

fn trusted_address() -> Message {
    Message::fixed(
        "企业微信后台：管理工具 -> 会话内容存档 -> 可信 IP 地址",
        "WeCom: 管理工具 -> 会话内容存档 -> 可信 IP 地址",
    )
}
