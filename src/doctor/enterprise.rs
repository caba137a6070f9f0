//! What WeCom's API says of the enterprise: applications, contacts, customers, and the accounts of the WeChat platform.
//! It is only asked. Everything here is asked in one go; the judgements are in `applications` and `accounts`.

use crate::config::job::{AgentId, Job, SecretSource};
use crate::model::Message;
use crate::wecom::api::{
    self, AccountUse, Agent, ApiError, Client, Explanation, Fault, Responsible, ServerClock,
};

use super::clock::OtherClock;
use super::step::{Step, same};
use super::subject::Subject;
use super::surroundings::Surroundings;
use super::who::Who;

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
}

impl Trouble {
    /// The step that failed for it.
    pub(super) fn step(&self, subject: Subject) -> Step {
        let TroubleFacts { what, action, who, ip } = self.0.as_ref();
        let step = Step::failed(subject, what.clone(), action.clone()).by(*who);
        match ip {
            None => step,
            Some(ip) => step.pasting(allowed_addresses(subject), ip.as_str()),
        }
    }
}

/// The page of the addresses that may call.
fn allowed_addresses(subject: Subject) -> Message {
    match subject {
        Subject::PlatformAccounts => Message::fixed(
            "微信公众平台：基本配置 -> IP 白名单",
            "the WeChat platform: 基本配置 -> IP 白名单",
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
        let ip = match error.fault {
            Fault::Code { ip, .. } => ip,
            _ => None,
        };
        Trouble(Box::new(TroubleFacts { what, action, who: who(responsible), ip }))
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
    /// The customers: whether their secret is right.
    pub(super) customers: Option<Result<(), Trouble>>,
    /// The signs that each account is in use, in the order of the job file.
    pub(super) accounts: Vec<Result<Vec<AccountUse>, Trouble>>,
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
                let agent = match reveal(&app.secret) {
                    Ok(secret) => client.agent_get(&secret, number).await.map_err(Trouble::from),
                    Err(trouble) => Err(trouble),
                };
                found.agents.push((number, agent));
            }
            AgentId::Contacts => found.contacts = Some(contacts(client, &app.secret).await),
            AgentId::Customers => {
                found.customers = Some(match reveal(&app.secret) {
                    Ok(secret) => client.check_secret(&secret).await.map_err(Trouble::from),
                    Err(trouble) => Err(trouble),
                });
            }
        }
    }
    for account in &job.wecom.accounts {
        found.accounts.push(match reveal(&account.secret) {
            Ok(secret) => {
                let uses = client.account_uses(account.kind, &account.app_id, &secret).await;
                uses.map_err(Trouble::from)
            }
            Err(trouble) => Err(trouble),
        });
    }
    found
}

async fn contacts(client: &Client, secret: &SecretSource) -> Result<ContactsSeen, Trouble> {
    let secret = reveal(secret)?;
    let departments = client.department_simplelist(&secret, None).await?;
    let page = client.user_list_id(&secret, None).await?;
    let mut members: Vec<&str> = page.members.iter().map(|m| m.user_id.as_str()).collect();
    members.sort_unstable();
    members.dedup();
    Ok(ContactsSeen {
        departments: departments.len(),
        is_whole: departments
            .iter()
            .any(|department| department.parent_id == 0 || department.id == 1),
        members: (members.len(), page.next.is_some()),
    })
}

fn reveal(secret: &SecretSource) -> Result<crate::config::job::Secret, Trouble> {
    secret.reveal().map_err(|error| {
        Trouble(Box::new(TroubleFacts {
            what: error.message(),
            action: Message::fixed("请提供该密钥", "provide that secret"),
            who: Who::Vendor,
            ip: None,
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
