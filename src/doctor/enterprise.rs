//! What WeCom's API says of the enterprise: applications, contacts, customers, and the accounts of the WeChat platform.
//! It is only asked. Everything here is asked in one go; the judgements are in `applications` and `accounts`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::config::job::{AgentId, Job, Secret, SecretSource};
use crate::model::Message;
use crate::wecom::api::{
    self, AccountUse, Agent, ApiError, Client, Explanation, Fault, Responsible, ServerClock,
};

use super::clock::OtherClock;
use super::step::{Step, same};
use super::subject::Subject;
use super::surroundings::Surroundings;
use super::who::Who;

/// The code of a secret that lacks the permission for a call.
const FORBIDDEN: i64 = 48_002;
/// How long all questions together may take: whoever does not answer a few will not answer the rest.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why something could not be asked, or was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble(Box<TroubleFacts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct TroubleFacts {
    what: Message,
    action: Message,
    who: Who,
    /// The address of this machine that WeCom does not know.
    ip: Option<String>,
    /// Whether the secret may not make the call.
    forbidden: bool,
}

impl Trouble {
    /// The step that failed for it.
    pub(super) fn step(&self, subject: Subject) -> Step {
        let TroubleFacts { what, action, who, ip, forbidden } = self.0.as_ref();
        let (page, other) = (allowed_addresses(subject), of_another_page(subject));
        let action = match (ip, other) {
            (Some(ip), _) if subject != Subject::PlatformAccounts => Message::new(
                format!("在“{}”中加入 {ip}；须先设置可信域名或回调 URL", page.zh),
                format!(
                    "add {ip} at {}; a trusted domain or a callback URL must be set before",
                    page.en
                ),
            ),
            (None, Some(other)) if *forbidden => other,
            _ => action.clone(),
        };
        let step = Step::failed(subject, what.clone(), action).by(*who);
        match ip {
            None => step,
            Some(ip) => step.pasting(page, ip.as_str()),
        }
    }
}

/// What to do about a secret that may not ask what only that of its page may.
fn of_another_page(subject: Subject) -> Option<Message> {
    match subject {
        Subject::Contacts => Some(Message::fixed(
            "这不是通讯录同步的 Secret：请保险公司在“管理工具 -> 通讯录同步”重新查看，改正任务文件中 chengyuan 的 secret",
            "this is not the secret of the contacts' synchronisation: have the insurer show that of 管理工具 -> 通讯录同步 and correct secret of chengyuan in the job file",
        )),
        Subject::Customers => Some(Message::fixed(
            "这不是客户联系的 Secret：请保险公司在“客户联系 -> API”重新查看，改正任务文件中 kehu 的 secret；没有该 Secret 的企业，把应用加入“客户联系 -> API -> 可调用接口的应用”并使用应用的 Secret",
            "this is not the secret of the customers: have the insurer show that of 客户联系 -> API, and correct secret of kehu in the job file; an enterprise without such a secret adds the application to 可调用接口的应用 there and uses the application's",
        )),
        _ => None,
    }
}

/// The page of the addresses that may call.
fn allowed_addresses(subject: Subject) -> Message {
    match subject {
        Subject::PlatformAccounts => Message::fixed(
            "微信公众平台：基本配置 -> IP 白名单",
            "the WeChat platform: 基本配置 -> IP 白名单",
        ),
        Subject::Contacts => Message::fixed(
            "企业微信后台：管理工具 -> 通讯录同步 -> 企业可信 IP",
            "WeCom: 管理工具 -> 通讯录同步 -> 企业可信 IP",
        ),
        Subject::Customers => Message::fixed(
            "企业微信后台：客户联系 -> API -> 企业可信 IP",
            "WeCom: 客户联系 -> API -> 企业可信 IP",
        ),
        _ => Message::fixed(
            "企业微信后台：应用管理 -> 该应用 -> 企业可信 IP",
            "WeCom: 应用管理 -> the application -> 企业可信 IP",
        ),
    }
}

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Trouble {
        let Explanation { what, action, responsible } = error.explanation();
        let what = match error.call {
            None => what,
            Some(call) => {
                Message::new(format!("接口 {call}：{}", what.zh), format!("{call}: {}", what.en))
            }
        };
        let (ip, forbidden) = match error.fault {
            Fault::Code { ip, code, .. } => (ip, code == FORBIDDEN),
            _ => (None, false),
        };
        let who = who(responsible);
        Trouble(Box::new(TroubleFacts { what, action, who, ip, forbidden }))
    }
}

/// Who acts, in the words of the checklist.
pub(super) fn who(responsible: Responsible) -> Who {
    match responsible {
        Responsible::Insurer => Who::Insurer,
        Responsible::Vendor => Who::Vendor,
    }
}

/// The contacts as their secret sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ContactsSeen {
    /// Departments.
    pub(super) departments: usize,
    /// Whether the whole enterprise is among them.
    pub(super) is_whole: bool,
    /// Members on the first page of the list, and whether there are more.
    pub(super) members: (usize, bool),
    /// The user ids of those, in lower case.
    pub(super) user_ids: BTreeSet<String>,
}

/// What was answered. What the job does not have is not asked for.
#[derive(Debug, Default)]
pub(super) struct Enterprise {
    /// WeCom's clock.
    pub(super) clock: Option<OtherClock>,
    /// Each application that has a number.
    pub(super) agents: Vec<(u64, Result<Agent, Trouble>)>,
    /// The contacts.
    pub(super) contacts: Option<Result<ContactsSeen, Trouble>>,
    /// The members who may use the functions for customers, by user id in lower case.
    pub(super) customers: Option<Result<BTreeSet<String>, Trouble>>,
    /// The signs that each account is in use, in the order of the job file.
    pub(super) accounts: Vec<Result<Vec<AccountUse>, Trouble>>,
}

/// What is waited for when WeCom is asked.
pub(super) fn part() -> Message {
    Message::fixed(
        "二、三.1、七 企业微信和公众平台的接口",
        "二 and 三.1 and 七 (the API of WeCom and of the accounts)",
    )
}

impl Enterprise {
    /// Whether there was any answer.
    pub(super) fn is_answered(&self) -> bool {
        self.agents.iter().any(|(_, agent)| agent.is_ok())
            || matches!(self.contacts, Some(Ok(_)))
            || matches!(self.customers, Some(Ok(_)))
            || self.accounts.iter().any(Result::is_ok)
    }
}

/// Asks all that the job has secrets for.
pub(super) fn ask(job: &Job, around: &Surroundings<'_>) -> Enterprise {
    if job.wecom.apps.is_empty() && job.wecom.accounts.is_empty() {
        return Enterprise::default();
    }
    let asked = Client::of(&job.wecom).and_then(|client| {
        let asking = async { Ok::<_, ApiError>(all(job, &client, around).await) };
        api::block_on(around.cancel, asking)
    });
    asked.unwrap_or_else(|error| nothing(job, &error.into()))
}

/// The same fault for all that would have been asked.
fn nothing(job: &Job, trouble: &Trouble) -> Enterprise {
    let mut found = Enterprise::default();
    for app in &job.wecom.apps {
        match app.agent_id {
            AgentId::Number(number) => found.agents.push((number, Err(trouble.clone()))),
            AgentId::Contacts => found.contacts = Some(Err(trouble.clone())),
            AgentId::Customers => found.customers = Some(Err(trouble.clone())),
        }
    }
    found.accounts = job.wecom.accounts.iter().map(|_| Err(trouble.clone())).collect();
    found
}

async fn all(job: &Job, client: &Client, around: &Surroundings<'_>) -> Enterprise {
    let asking = Asking { server: &job.wecom.api.api_url, end: Instant::now() + PATIENCE };
    let mut found = Enterprise::default();
    if !job.wecom.apps.is_empty()
        && let Ok(ServerClock { time: Some(said), .. }) = client.server_clock().await
    {
        let whose = Message::fixed("企业微信服务器", "WeCom's servers");
        found.clock = Some(OtherClock { whose, said, here: (around.clock)() });
    }
    for app in &job.wecom.apps {
        match app.agent_id {
            AgentId::Number(number) => {
                let agent = async |secret| client.agent_get(&secret, number).await;
                found.agents.push((number, asking.with(&app.secret, agent).await));
            }
            AgentId::Contacts => {
                let contacts = async |secret| contacts(client, &secret).await;
                found.contacts = Some(asking.with(&app.secret, contacts).await);
            }
            AgentId::Customers => {
                let customers = async |secret| {
                    let members = client.follow_users(&secret).await?;
                    Ok(members.iter().map(|id| id.to_lowercase()).collect())
                };
                found.customers = Some(asking.with(&app.secret, customers).await);
            }
        }
    }
    for account in &job.wecom.accounts {
        let (kind, app_id) = (account.kind, &account.app_id);
        let uses = async |secret| client.account_uses(kind, app_id, &secret).await;
        found.accounts.push(asking.with(&account.secret, uses).await);
    }
    found
}

/// Questions that have to be answered by a time.
struct Asking<'a> {
    server: &'a str,
    end: Instant,
}

impl Asking<'_> {
    /// Asks with a secret.
    async fn with<T>(
        &self,
        secret: &SecretSource,
        ask: impl AsyncFnOnce(Secret) -> Result<T, ApiError>,
    ) -> Result<T, Trouble> {
        let secret = reveal(secret)?;
        match tokio::time::timeout_at(self.end.into(), ask(secret)).await {
            Ok(answer) => answer.map_err(Trouble::from),
            Err(_) => {
                Err(ApiError { call: None, server: self.server.to_owned(), fault: Fault::TimedOut }
                    .into())
            }
        }
    }
}

async fn contacts(client: &Client, secret: &Secret) -> Result<ContactsSeen, ApiError> {
    let departments = client.department_simplelist(secret, None).await?;
    let page = client.user_list_id(secret, None).await?;
    let user_ids: BTreeSet<String> =
        page.members.iter().map(|member| member.user_id.to_lowercase()).collect();
    Ok(ContactsSeen {
        departments: departments.len(),
        is_whole: departments
            .iter()
            .any(|department| department.parent_id == 0 || department.id == 1),
        members: (user_ids.len(), page.next.is_some()),
        user_ids,
    })
}

fn reveal(secret: &SecretSource) -> Result<Secret, Trouble> {
    secret.reveal().map_err(|error| {
        Trouble(Box::new(TroubleFacts {
            what: error.message(),
            action: Message::fixed("请提供该密钥", "provide that secret"),
            who: Who::Vendor,
            ip: None,
            forbidden: false,
        }))
    })
}

/// A number of members as it is shown.
pub(super) fn members(seen: &ContactsSeen) -> Message {
    match seen.members {
        (number, false) => same(number.to_string()),
        (number, true) => Message::new(format!("{number} 名以上"), format!("more than {number}")),
    }
}
