//! The callbacks of contacts and customers: the check of the address, as WeCom makes it when the address is saved. It
//! changes nothing; the sample event of `orgsnap wecom send-test` would be stored, so it is not sent from here.

use std::path::Path;

use crate::config::job::{AgentId, CallbackSecrets, Job, WecomApp};
use crate::model::Message;
use crate::wecom::account::account;
use crate::wecom::address;
use crate::wecom::probe::{self, Outcome, Probe, Verdict};

use super::public_url;
use super::step::{Step, joined};
use super::subject::Subject;
use super::surroundings::Surroundings;
use super::who::Who;

/// What is waited for when addresses of callbacks are checked.
pub(super) fn part() -> Message {
    Message::fixed("二.2b、二.3b 回调地址", "二.2b and 二.3b (the addresses of callbacks)")
}

/// The steps 二.2b and 二.3b. The callbacks of applications that have a number come to an address as those of the contacts
/// do, and are looked at with them.
pub(super) fn look(job: &Job, around: &Surroundings<'_>) -> Vec<Step> {
    let mut asked: Vec<Asked<'_>> = Vec::new();
    for app in &job.wecom.apps {
        // They are at one server: whoever leaves one without an answer is not waited for again.
        let silent = asked.iter().find_map(Asked::no_answer);
        asked.extend(ask(app, job, around, silent));
    }
    let step = |subject, agent: AgentId, also_numbers: bool| {
        let wanted = |asked: &&Asked<'_>| {
            asked.agent == agent || (also_numbers && matches!(asked.agent, AgentId::Number(_)))
        };
        let mut asked: Vec<&Asked<'_>> = asked.iter().filter(wanted).collect();
        asked.sort_by_key(|asked| asked.agent != agent);
        judge(subject, agent, &asked, job)
    };
    vec![
        step(Subject::ContactsCallback, AgentId::Contacts, true),
        step(Subject::CustomersCallback, AgentId::Customers, false),
    ]
}

/// What came of the check of an address.
struct Asked<'a> {
    agent: AgentId,
    url: String,
    outcome: Result<Outcome, Message>,
    path: &'a Path,
}

/// Checks the address of an application that has callbacks.
fn ask<'a>(
    app: &WecomApp,
    job: &'a Job,
    around: &Surroundings<'_>,
    silent: Option<Outcome>,
) -> Option<Asked<'a>> {
    let (secrets, corp_id) = (app.callback.as_ref()?, job.wecom.corp_id.as_ref()?);
    let (base, agent) = (job.wecom.public_url.as_ref()?, app.agent_id);
    let url = format!("{base}{}", address::path(corp_id, &job.tenant, agent));
    let outcome = match silent {
        Some(silent) => Ok(silent),
        None => check(app, secrets, corp_id, &url, job, around),
    };
    Some(Asked { agent, url, outcome, path: &job.path })
}

fn judge(subject: Subject, agent: AgentId, asked: &[&Asked<'_>], job: &Job) -> Step {
    let is_configured = job.wecom.apps.iter().any(|a| a.agent_id == agent && a.callback.is_some());
    if is_configured && job.wecom.public_url.is_none() {
        return public_url::missing(subject);
    }
    if let Some(step) = failed(subject, asked) {
        return public_url::with_its_path(job, step);
    }
    let seen: Vec<Message> = asked.iter().map(|asked| asked.seen()).collect();
    let seen = joined(&seen, "；", "; ");
    if is_configured {
        return Step::ok(subject, seen);
    }
    let step = not_configured(subject, agent);
    match asked.is_empty() {
        true => step,
        false => Step { seen: joined(&[step.seen.clone(), seen], "；", "; "), ..step },
    }
}

/// The step that failed for the addresses that are not right; none if all are.
fn failed(subject: Subject, asked: &[&Asked<'_>]) -> Option<Step> {
    let wrong: Vec<&Asked<'_>> = asked.iter().filter(|asked| !asked.is_right()).copied().collect();
    let first = wrong.first()?;
    let seen: Vec<Message> = wrong.iter().map(|asked| asked.seen()).collect();
    let advice = match &first.outcome {
        Err(_) => Message::fixed(
            "请改正任务文件中该应用的 token 和 aes_key",
            "correct token and aes_key of that application in the job file",
        ),
        Ok(_) => {
            let send_test = first.send_test();
            Message::new(
                format!(
                    "先让 orgsnap serve 读取这份任务文件并由代理转发，本项正常后再到企业微信保存，否则保存失败（{send_test} 可逐步排查）"
                ),
                format!(
                    "let orgsnap serve take this job file up behind the proxy, and save the address in WeCom only when this step is ok: before that saving fails ({send_test} looks step by step)"
                ),
            )
        }
    };
    let step = Step::failed(subject, joined(&seen, "；", "; "), advice).by(Who::Vendor);
    let shown = wrong.into_iter().filter(|asked| asked.outcome.is_ok());
    Some(shown.fold(step, |step, asked| step.pasting(page(asked.agent), asked.url.as_str())))
}

impl Asked<'_> {
    fn is_right(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|outcome| outcome.verdict == Verdict::Right)
    }

    fn no_answer(&self) -> Option<Outcome> {
        self.outcome.as_ref().ok().filter(|outcome| outcome.verdict == Verdict::NoAnswer).cloned()
    }

    fn send_test(&self) -> String {
        format!("orgsnap wecom send-test {} --agent {}", self.path.display(), self.agent)
    }

    fn seen(&self) -> Message {
        let (url, send_test) = (&self.url, self.send_test());
        match &self.outcome {
            Err(reason) => reason.clone(),
            Ok(Outcome { verdict: Verdict::Right, .. }) => Message::new(
                format!(
                    "{url} 的 URL 验证通过，可在企业微信保存（{send_test} 再发送一个测试事件）"
                ),
                format!(
                    "{url} passes WeCom's check of the URL and can be saved ({send_test} sends a sample event as well)"
                ),
            ),
            Ok(outcome) => {
                let said = outcome.message();
                Message::new(format!("{url}：{}", said.zh), format!("{url}: {}", said.en))
            }
        }
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

/// The page of WeCom that an address is pasted into.
fn page(agent: AgentId) -> Message {
    match agent {
        AgentId::Customers => Message::fixed(
            "企业微信后台：客户联系 -> 设置接收事件服务器 -> URL",
            "WeCom: 客户联系 -> 设置接收事件服务器 -> URL",
        ),
        AgentId::Number(number) => Message::new(
            format!("企业微信后台：应用管理 -> 应用 {number} -> 接收消息 -> 设置 API 接收 -> URL"),
            format!(
                "WeCom: 应用管理 -> the application {number} -> 接收消息 -> 设置 API 接收 -> URL"
            ),
        ),
        AgentId::Contacts => Message::fixed(
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
    .for_job(format!(
        "[[wecom_app]]\nagent_id = \"{agent}\"\nsecret = {{ file = \"secrets/{agent}\" }}\ntoken = {{ file = \"secrets/{agent}-token\" }}\naes_key = {{ file = \"secrets/{agent}-aes-key\" }}"
    ))
}
