//! Sections 一 to 三.1 of the document: the application, its settings, the scopes, the secrets and the trusted domain.

use crate::config::job::Job;
use crate::model::Message;
use crate::wecom::api::{Agent, AgentProblem, ExpectedAgent, domain_of, problems};

use super::enterprise::{Enterprise, Trouble, members, who};
use super::public_url;
use super::step::{Step, joined};
use super::subject::Subject;
use super::who::Who;

/// An example of the enterprise's id.
const CORP_ID: &str = "corp_id = \"ww0123456789abcdef\"";

/// The steps 一, 二.0, 二.1, 二.2a, 二.3a and 三.1.
pub(super) fn judge(job: &Job, found: &Enterprise) -> Vec<Step> {
    let [made, settings, domain] = match found.agents.is_empty() {
        true => [Subject::Application, Subject::ApplicationSettings, Subject::TrustedDomain]
            .map(|subject| no_application(subject, job)),
        false => [made(found), settings(found), domain(job, found)],
    };
    vec![made, customer_scope(job, found), settings, contacts(found), customers(found), domain]
}

/// The steps of a job that names no application: the insurer makes it and sets its domain, and both settle its numbers.
fn no_application(subject: Subject, job: &Job) -> Step {
    let seen = Message::fixed(
        "没有带 AgentId 的 [[wecom_app]]",
        "there is no [[wecom_app]] with a number",
    );
    match subject {
        Subject::Application => Step::not_configured(
            subject,
            seen,
            Message::fixed(
                "以管理员身份登录保险公司的企业微信管理后台，在“应用管理 -> 应用 -> 自建 -> 创建应用”创建内部应用，可见范围选择公司根部门",
                "as an administrator of the insurer's WeCom make the application (应用管理 -> 应用 -> 自建 -> 创建应用), visible to the root department",
            ),
        ),
        Subject::TrustedDomain => match job.wecom.public_url.as_deref().map(domain_of) {
            None => public_url::missing(subject),
            Some(domain) => Step::not_configured(
                subject,
                seen,
                Message::fixed(
                    "先完成 一 和 二.1，再由保险公司在该应用中设置可信域名",
                    "settle 一 and 二.1 first; then the insurer sets the trusted domain of the application",
                ),
            )
            .pasting(trusted_domain_page(), domain),
        },
        _ => Step::not_configured(
            subject,
            seen,
            Message::fixed(
                "保险公司把企业 ID（我的企业 -> 企业 ID）和该应用的 AgentId、Secret 交给集牛，集牛写入任务文件",
                "the insurer hands over CorpID (我的企业 -> 企业 ID), AgentId and Secret of the application, and Jiniu writes them into the job file",
            ),
        )
        .for_job(format!(
            "{CORP_ID}\n[[wecom_app]]\nagent_id = 1000008\nsecret = {{ file = \"secrets/application\" }}"
        )),
    }
}

fn trusted_domain_page() -> Message {
    Message::fixed(
        "企业微信后台：应用管理 -> 该应用 -> 网页授权及 JS-SDK -> 可信域名",
        "WeCom: 应用管理 -> the application -> 网页授权及 JS-SDK -> 可信域名",
    )
}

/// The agents that were answered.
fn answered(found: &Enterprise) -> impl Iterator<Item = (u64, &Agent)> {
    found.agents.iter().filter_map(|(number, agent)| Some((*number, agent.as_ref().ok()?)))
}

fn first_trouble(found: &Enterprise) -> Option<&Trouble> {
    found.agents.iter().find_map(|(_, agent)| agent.as_ref().err())
}

/// What is wrong with the applications, as far as `concerns` says so.
fn of_agents(
    found: &Enterprise,
    domain: Option<&str>,
    concerns: fn(&AgentProblem) -> bool,
) -> Vec<(u64, AgentProblem)> {
    answered(found)
        .flat_map(|(number, agent)| {
            let expected = ExpectedAgent { agent_id: number, domain };
            let of_agent = problems(expected, agent).into_iter().filter(concerns);
            of_agent.map(move |problem| (number, problem)).collect::<Vec<_>>()
        })
        .collect()
}

/// The step that failed for these problems.
fn failed(subject: Subject, wrong: &[(u64, AgentProblem)]) -> Option<Step> {
    let (_, first) = wrong.first()?;
    let seen: Vec<Message> = wrong
        .iter()
        .map(|(number, problem)| {
            let what = problem.explanation().what;
            Message::new(format!("{number}：{}", what.zh), format!("{number}: {}", what.en))
        })
        .collect();
    let actions: Vec<Message> = wrong.iter().map(|(_, p)| p.explanation().action).collect();
    let step = Step::failed(subject, joined(&seen, "；", "; "), joined(&actions, "；", "; "));
    Some(step.by(who(first.explanation().responsible)))
}

/// A step about an application that could not be asked for; whoever settles that acts.
fn not_asked(subject: Subject, trouble: &Trouble) -> Step {
    Step::not_checkable(
        subject,
        Message::fixed(
            "二.1 未通过，无法查询应用",
            "二.1 failed: the application cannot be asked for",
        ),
        Message::fixed("请先解决 二.1", "settle 二.1 first"),
    )
    .by(trouble.step(subject).who)
}

fn made(found: &Enterprise) -> Step {
    const SUBJECT: Subject = Subject::Application;
    if let Some(trouble) = first_trouble(found) {
        return not_asked(SUBJECT, trouble);
    }
    let wrong = of_agents(found, None, |problem| matches!(problem, AgentProblem::Stopped));
    failed(SUBJECT, &wrong).unwrap_or_else(|| {
        let names: Vec<Message> = answered(found)
            .map(|(number, agent)| {
                let name = &agent.name;
                Message::new(
                    format!("“{name}”（{number}）已启用"),
                    format!("\"{name}\" ({number}) is in use"),
                )
            })
            .collect();
        Step::ok(SUBJECT, joined(&names, "，", ", "))
    })
}

fn settings(found: &Enterprise) -> Step {
    const SUBJECT: Subject = Subject::ApplicationSettings;
    if let Some(trouble) = first_trouble(found) {
        return trouble.step(SUBJECT);
    }
    let wrong = of_agents(found, None, |problem| {
        matches!(problem, AgentProblem::OtherAgent { .. } | AgentProblem::NarrowScope(_))
    });
    failed(SUBJECT, &wrong).unwrap_or_else(|| {
        Step::ok(SUBJECT, Message::fixed(
            "企业 ID、AgentId、Secret 一致，可见范围为整个公司",
            "CorpID, AgentId and Secret belong together, and the whole company sees the application",
        ))
    })
}

fn domain(job: &Job, found: &Enterprise) -> Step {
    const SUBJECT: Subject = Subject::TrustedDomain;
    let Some(url) = job.wecom.public_url.as_deref() else {
        return public_url::missing(SUBJECT);
    };
    if let Some(trouble) = first_trouble(found) {
        return not_asked(SUBJECT, trouble);
    }
    let wrong = of_agents(found, Some(url), |problem| {
        matches!(
            problem,
            AgentProblem::NoTrustedDomain { .. } | AgentProblem::OtherTrustedDomain { .. }
        )
    });
    let domain = domain_of(url);
    match failed(SUBJECT, &wrong) {
        Some(step) => step.pasting(trusted_domain_page(), domain),
        None => Step::ok(
            SUBJECT,
            Message::new(format!("可信域名是 {domain}"), format!("{domain} is the trusted domain")),
        ),
    }
}

/// Who may use the functions for customers, as far as the secrets of customers and contacts tell.
fn customer_scope(job: &Job, found: &Enterprise) -> Step {
    const SUBJECT: Subject = Subject::CustomerScope;
    let advice = Message::fixed(
        "请保险公司在“客户联系 -> 权限配置 -> 配置使用范围和管理规则”中选择公司根部门，并回复确认",
        "have the insurer choose the root department (客户联系 -> 权限配置 -> 配置使用范围和管理规则) and confirm it",
    );
    if job.wecom.corp_id.is_none() {
        return Step::not_configured(
            SUBJECT,
            Message::fixed("任务文件没有 corp_id", "the job file has no corp_id"),
            advice,
        )
        .for_job(CORP_ID);
    }
    let Some(Ok(customers)) = &found.customers else {
        return Step::not_checkable(
            SUBJECT,
            Message::fixed(
                "二.3a 未通过或未配置，无法查询使用范围",
                "二.3a failed or is not configured: the scope cannot be asked for",
            ),
            advice,
        );
    };
    let number = customers.len();
    let seen = Message::new(
        format!("{number} 名成员可以使用客户联系"),
        format!("{number} members may use the functions for customers"),
    );
    if customers.is_empty() {
        return Step::failed(SUBJECT, seen, advice);
    }
    let Some(Ok(contacts)) = &found.contacts else {
        return Step::not_checkable(SUBJECT, seen, advice);
    };
    if contacts.user_ids.is_empty() {
        let seen = Message::new(
            format!("{}；通讯录中看不到成员，无法对照", seen.zh),
            format!("{}; the contacts show no member to compare them with", seen.en),
        );
        let advice = Message::new(
            format!("请先解决 二.2a；{}", advice.zh),
            format!("settle 二.2a first; {}", advice.en),
        );
        return Step::not_checkable(SUBJECT, seen, advice);
    }
    let (all, has_more) = contacts.members;
    let without = contacts.user_ids.difference(customers).count();
    let seen = Message::new(
        format!("{}，通讯录前 {all} 名成员中有 {without} 名不在其中", seen.zh),
        format!(
            "{}; of the first {all} members of the contacts {without} are not among them",
            seen.en
        ),
    );
    // A member who has not joined yet may be left out, so that a few prove nothing.
    match without == 0 && !has_more {
        true => Step::ok(SUBJECT, seen),
        false => Step::not_checkable(SUBJECT, seen, advice),
    }
}

fn no_secret(subject: Subject, agent: &str, zh: &str, en: &str) -> Step {
    Step::not_configured(
        subject,
        Message::new(
            format!("没有 [[wecom_app]] agent_id = \"{agent}\""),
            format!("there is no [[wecom_app]] agent_id = \"{agent}\""),
        ),
        Message::new(
            format!("保险公司在“{zh}”取得 Secret，交给集牛写入任务文件"),
            format!("the insurer gets the secret at {en}, and hands it over for the job file"),
        ),
    )
    .by(Who::Both)
    .for_job(format!(
        "{CORP_ID}\n[[wecom_app]]\nagent_id = \"{agent}\"\nsecret = {{ file = \"secrets/{agent}\" }}"
    ))
}

fn contacts(found: &Enterprise) -> Step {
    const SUBJECT: Subject = Subject::Contacts;
    const PAGE: &str = "管理工具 -> 通讯录同步 -> 开启 API 接口同步 -> Secret";
    match &found.contacts {
        None => no_secret(SUBJECT, "chengyuan", PAGE, PAGE),
        Some(Err(trouble)) => trouble.step(SUBJECT),
        Some(Ok(seen)) => {
            let (departments, members) = (seen.departments, members(seen));
            let counted = Message::new(
                format!("Secret 有效，可见 {departments} 个部门、{} 名成员", members.zh),
                format!(
                    "the secret is right; departments it sees: {departments}, members: {}",
                    members.en
                ),
            );
            match seen.is_whole {
                true if seen.user_ids.is_empty() => Step::failed(
                    SUBJECT,
                    Message::new(
                        format!("{}：该应用看不到任何成员", counted.zh),
                        format!("{}: the application sees no member", counted.en),
                    ),
                    Message::fixed(
                        "请保险公司确认通讯录中已有成员，并把通讯录同步的范围设为整个公司",
                        "have the insurer see that there are members in the contacts, and give the contacts' synchronisation the whole company",
                    ),
                ),
                true => Step::ok(SUBJECT, counted),
                false => Step::failed(
                    SUBJECT,
                    Message::new(
                        format!("{}，其中没有公司根部门", counted.zh),
                        format!("{}, and not the root department", counted.en),
                    ),
                    Message::fixed(
                        "请保险公司把通讯录同步的范围设为整个公司",
                        "have the insurer give the contacts' synchronisation the whole company",
                    ),
                ),
            }
        }
    }
}

fn customers(found: &Enterprise) -> Step {
    const SUBJECT: Subject = Subject::Customers;
    match &found.customers {
        None => {
            no_secret(SUBJECT, "kehu", "客户联系 -> API -> Secret", "客户联系 -> API -> Secret")
        }
        Some(Err(trouble)) => trouble.step(SUBJECT),
        Some(Ok(_)) => Step::ok(
            SUBJECT,
            Message::fixed(
                "Secret 有效，可以调用客户联系接口",
                "the secret is right and may call the functions for customers",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::enterprise::ContactsSeen;
    use super::super::step::State;
    use super::*;

    #[test]
    fn contacts_without_members_prove_nothing_of_the_scope_and_are_a_fault_themselves() {
        let text = "tenant = \"t\"\ncorp_id = \"ww1\"\n";
        let job = crate::config::job::parse(Path::new("x.toml"), text, &|_| None).unwrap();
        for (members, scope, of_contacts, words) in [
            (vec!["a"], State::Ok, State::Ok, "of the first 1 members"),
            (vec![], State::NotCheckable, State::Failed, "show no member"),
        ] {
            let user_ids: BTreeSet<String> = members.into_iter().map(str::to_owned).collect();
            let members = (user_ids.len(), false);
            let seen = ContactsSeen { departments: 1, is_whole: true, members, user_ids };
            let found = Enterprise {
                contacts: Some(Ok(seen)),
                customers: Some(Ok(["a".to_owned()].into())),
                ..Enterprise::default()
            };
            let step = customer_scope(&job, &found);
            assert_eq!(step.state, scope, "{step:?}");
            assert!(step.seen.en.contains(words), "{step:?}");
            let step = contacts(&found);
            assert_eq!(step.state, of_contacts, "{step:?}");
            assert_eq!(step.seen.en.contains("sees no member"), scope != State::Ok, "{step:?}");
        }
    }
}
