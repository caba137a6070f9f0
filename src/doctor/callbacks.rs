//! The callbacks of contacts and customers: the check of the address, as WeCom makes it when the address is saved. It
//! changes nothing; the sample event of `orgsnap wecom send-test` would be stored, so it is not sent from here.

use crate::config::job::{AgentId, CallbackSecrets, Job, WecomApp};
use crate::model::Message;
use crate::wecom::account::account;
use crate::wecom::address;
use crate::wecom::probe::{self, Outcome, Probe, Verdict};

use super::step::{Step, into_job_file};
use super::subject::Subject;
use super::surroundings::Surroundings;
use super::who::Who;

/// The steps 二.2b and 二.3b.
pub(super) fn look(job: &Job, around: &Surroundings<'_>) -> Vec<Step> {
    let agents = [
        (Subject::ContactsCallback, AgentId::Contacts),
        (Subject::CustomersCallback, AgentId::Customers),
    ];
    agents.into_iter().map(|(subject, agent)| of_agent(subject, agent, job, around)).collect()
}

fn of_agent(subject: Subject, agent: AgentId, job: &Job, around: &Surroundings<'_>) -> Step {
    let app = job.wecom.apps.iter().find(|app| app.agent_id == agent);
    let secrets = app.and_then(|app| Some((app, app.callback.as_ref()?)));
    let (Some((app, secrets)), Some(corp_id)) = (secrets, &job.wecom.corp_id) else {
        return not_configured(subject, agent);
    };
    let Some(base) = &job.wecom.public_url else {
        return Step::not_configured(
            subject,
            Message::fixed("任务文件没有 public_url", "the job file has no public_url"),
            Message::fixed(
                "请保险公司提供对外的域名，写入任务文件",
                "have the insurer give its public domain, and write it into the job file",
            ),
        )
        .pasting(into_job_file(), "public_url = \"https://\"");
    };
    let url = format!("{base}{}", address::path(corp_id, &job.tenant, agent));
    match check(app, secrets, corp_id, &url, job, around) {
        Ok(outcome) => judge(subject, agent, &url, &outcome, job),
        Err(reason) => Step::failed(
            subject,
            reason,
            Message::fixed(
                "请改正任务文件中该应用的 token 和 aes_key",
                "correct token and aes_key of that application in the job file",
            ),
        )
        .by(Who::Vendor),
    }
}

fn check(
    app: &WecomApp,
    secrets: &CallbackSecrets,
    corp_id: &str,
    url: &str,
    job: &Job,
    around: &Surroundings<'_>,
) -> Result<Outcome, Message> {
    let account = account(corp_id, secrets).map_err(|error| error.message(&job.path, app.line))?;
    let probe = Probe {
        url,
        credentials: &account.credentials,
        corp_id,
        now: around.now,
        noise: around.noise,
    };
    probe::send_check(&probe, around.authorities).map_err(|error| error.message())
}

fn judge(subject: Subject, agent: AgentId, url: &str, outcome: &Outcome, job: &Job) -> Step {
    let send_test = format!("orgsnap wecom send-test {} --agent {agent}", job.path.display());
    match outcome.verdict {
        Verdict::Right => Step::ok(subject, Message::new(
            format!("{url} 的 URL 验证通过，可在企业微信保存（{send_test} 再发送一个测试事件）"),
            format!("{url} passes WeCom's check of the URL and can be saved ({send_test} sends a sample event as well)"),
        )),
        _ => Step::failed(
            subject,
            Message::new(format!("{url}：{}", outcome.message().zh), format!("{url}: {}", outcome.message().en)),
            Message::new(
                format!("先让 orgsnap serve 读取这份任务文件并由代理转发，本项正常后再到企业微信保存，否则保存失败（{send_test} 可逐步排查）"),
                format!("let orgsnap serve take this job file up behind the proxy, and save the address in WeCom only when this step is ok: before that saving fails ({send_test} looks step by step)"),
            ),
        )
        .by(Who::Vendor)
        .pasting(page(agent), url),
    }
}

/// The page of WeCom that an address is pasted into.
fn page(agent: AgentId) -> Message {
    match agent {
        AgentId::Customers => Message::fixed(
            "企业微信后台：客户联系 -> 设置接收事件服务器 -> URL",
            "WeCom: 客户联系 -> 设置接收事件服务器 -> URL",
        ),
        _ => Message::fixed(
            "企业微信后台：管理工具 -> 通讯录同步 -> 设置接收事件服务器 -> URL",
            "WeCom: 管理工具 -> 通讯录同步 -> 设置接收事件服务器 -> URL",
        ),
    }
}

fn not_configured(subject: Subject, agent: AgentId) -> Step {
    Step::not_configured(
        subject,
        Message::new(
            format!("没有带 token 和 aes_key 的 [[wecom_app]] agent_id = \"{agent}\""),
            format!("there is no [[wecom_app]] agent_id = \"{agent}\" with token and aes_key"),
        ),
        Message::fixed(
            "保险公司在“设置接收事件服务器”页面随机获取 Token 和 EncodingAESKey（页面不要关闭），交给集牛写入任务文件",
            "the insurer gets Token and EncodingAESKey (设置接收事件服务器), keeps that page open, and hands them over for the job file",
        ),
    )
    .pasting(into_job_file(), format!(
        "[[wecom_app]]\nagent_id = \"{agent}\"\nsecret = {{ file = \"\" }}\ntoken = {{ file = \"\" }}\naes_key = {{ file = \"\" }}"
    ))
}
