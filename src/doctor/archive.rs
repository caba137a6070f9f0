//! Section 六: the session archive.

use crate::config::job::Job;
use crate::model::Message;

use super::step::Step;
use super::subject::Subject;

/// The steps 六.1 and 六.2.
pub(super) fn judge(_job: &Job) -> Vec<Step> {
    vec![
        Step::not_checkable(
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
        Step::not_configured(
            Subject::ArchiveSettings,
            Message::fixed("任务文件没有配置会话内容存档", "the job file has no session archive"),
            Message::fixed(
                "购买后，保险公司在该页面填写可信 IP 地址和消息加密公钥，把 Secret 交给集牛",
                "once it is bought, the insurer enters the trusted address and the public key on that page, and hands the secret over",
            ),
        ),
    ]
}
