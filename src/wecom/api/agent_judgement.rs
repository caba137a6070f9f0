//! Whether an application is set up as the onboarding document wants it. Pure.

use crate::model::Message;

use super::agent::{Agent, VisibleScope};
use super::error_codes::{Explanation, Responsible};

/// What an application should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpectedAgent<'a> {
    /// Its agent id.
    pub agent_id: u64,
    /// The domain of the pages that it opens; none if there are no such pages.
    pub domain: Option<&'a str>,
}

/// Something about an application that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentProblem {
    /// The answer is about another application.
    OtherAgent {
        /// The expected agent id.
        expected: u64,
        /// The agent id of the answer.
        found: u64,
    },
    /// It was stopped.
    Stopped,
    /// It has no trusted domain.
    NoTrustedDomain {
        /// The domain that it needs.
        expected: String,
    },
    /// It has another trusted domain.
    OtherTrustedDomain {
        /// The domain that it needs.
        expected: String,
        /// The one that it has.
        found: String,
    },
    /// Not the whole enterprise sees it, so lists of members and departments come back short.
    NarrowScope(VisibleScope),
}

/// What is not as it should be, in the order of the document.
pub fn problems(expected: ExpectedAgent<'_>, agent: &Agent) -> Vec<AgentProblem> {
    let mut problems = Vec::new();
    if agent.agent_id != expected.agent_id {
        let (expected, found) = (expected.agent_id, agent.agent_id);
        problems.push(AgentProblem::OtherAgent { expected, found });
    }
    if agent.stopped {
        problems.push(AgentProblem::Stopped);
    }
    if let Some(expected) = expected.domain.map(domain_of).filter(|domain| !domain.is_empty()) {
        let found = domain_of(&agent.trusted_domain);
        if found.is_empty() {
            problems.push(AgentProblem::NoTrustedDomain { expected });
        } else if found != expected {
            problems.push(AgentProblem::OtherTrustedDomain { expected, found });
        }
    }
    if !agent.scope.is_whole() {
        problems.push(AgentProblem::NarrowScope(agent.scope.clone()));
    }
    problems
}

/// The domain of an address or of what was pasted as one: without scheme, path and a dot at its end, in small letters.
/// A port other than that of the scheme stays, as WeCom compares it.
pub fn domain_of(text: &str) -> String {
    let text = text.trim();
    let (usual_port, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (":443", rest),
        (None, Some(rest)) => (":80", rest),
        (None, None) => ("", text),
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.strip_suffix(usual_port).unwrap_or(host);
    host.trim_end_matches('.').to_ascii_lowercase()
}

impl AgentProblem {
    /// A stable name, for documents.
    pub fn name(&self) -> &'static str {
        match self {
            AgentProblem::OtherAgent { .. } => "other-agent",
            AgentProblem::Stopped => "stopped",
            AgentProblem::NoTrustedDomain { .. } => "no-trusted-domain",
            AgentProblem::OtherTrustedDomain { .. } => "other-trusted-domain",
            AgentProblem::NarrowScope(_) => "narrow-scope",
        }
    }

    /// What is not as it should be, what to do, and who does it.
    pub fn explanation(&self) -> Explanation {
        match self {
            AgentProblem::OtherAgent { expected, found } => Explanation {
                what: Message::new(
                    format!("查询的是应用 {expected}，返回的却是应用 {found}"),
                    format!("the answer is about the application {found}, not {expected}"),
                ),
                action: Message::fixed(
                    "核对任务文件中的 agent_id 和 secret 是否属于同一应用",
                    "see whether agent_id and secret in the job file are those of one application",
                ),
                responsible: Responsible::Vendor,
            },
            AgentProblem::Stopped => Explanation {
                what: Message::fixed("应用已停用", "the application is stopped"),
                action: Message::fixed(
                    "在企业微信管理后台“应用管理”中打开该应用并启用",
                    "start it in the application's page of WeCom's administration",
                ),
                responsible: Responsible::Insurer,
            },
            AgentProblem::NoTrustedDomain { expected } => Explanation {
                what: Message::fixed("应用没有可信域名", "the application has no trusted domain"),
                action: Message::new(
                    format!(
                        "在应用的“网页授权及 JS-SDK”中把可信域名设置为 {expected}，并完成归属校验"
                    ),
                    format!(
                        "set {expected} as its trusted domain (网页授权及 JS-SDK) and have it verified"
                    ),
                ),
                responsible: Responsible::Insurer,
            },
            AgentProblem::OtherTrustedDomain { expected, found } => Explanation {
                what: Message::new(
                    format!("应用的可信域名是 {found}，而不是 {expected}"),
                    format!("the application's trusted domain is {found}, not {expected}"),
                ),
                action: Message::new(
                    format!(
                        "在应用的“网页授权及 JS-SDK”中把可信域名改为 {expected}；若 {found} 才正确，请由集牛修改任务文件"
                    ),
                    format!(
                        "change it to {expected} (网页授权及 JS-SDK); if {found} is right, the vendor changes the job file"
                    ),
                ),
                responsible: Responsible::Insurer,
            },
            AgentProblem::NarrowScope(scope) => Explanation {
                what: Message::new(
                    format!(
                        "应用的可见范围不是整个公司：{} 个部门、{} 名成员、{} 个标签；成员和部门会缺失",
                        scope.departments.len(),
                        scope.members.len(),
                        scope.tags.len()
                    ),
                    format!(
                        "the application is not visible to the whole company (departments: {}, members: {}, tags: {}): \
                         members and departments are missing",
                        scope.departments.len(),
                        scope.members.len(),
                        scope.tags.len()
                    ),
                ),
                action: Message::fixed(
                    "在应用详情的“可见范围”中选择公司根部门",
                    "choose the root department as its visible scope (可见范围)",
                ),
                responsible: Responsible::Insurer,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> Agent {
        Agent {
            agent_id: 1_000_008,
            name: "集牛".to_owned(),
            stopped: false,
            trusted_domain: "wecom.example.com".to_owned(),
            home_url: String::new(),
            scope: VisibleScope { departments: vec![1], ..VisibleScope::default() },
        }
    }

    #[test]
    fn an_application_is_judged_by_number_state_domain_and_scope() {
        let expected =
            ExpectedAgent { agent_id: 1_000_008, domain: Some("https://wecom.example.com") };
        let names = |change: fn(&mut Agent), expected| {
            let mut agent = agent();
            change(&mut agent);
            let found = problems(expected, &agent);
            for problem in &found {
                let Explanation { what, action, .. } = problem.explanation();
                assert!(!what.zh.is_empty() && !action.en.is_empty());
            }
            found.iter().map(AgentProblem::name).collect::<Vec<_>>()
        };
        let none: [&str; 0] = [];
        assert_eq!(names(|_| (), expected), none);
        assert_eq!(
            names(|agent| agent.trusted_domain = "WECOM.Example.com.".into(), expected),
            none
        );
        assert_eq!(names(|agent| agent.agent_id = 7, expected), ["other-agent"]);
        assert_eq!(names(|agent| agent.stopped = true, expected), ["stopped"]);
        assert_eq!(names(|agent| agent.trusted_domain.clear(), expected), ["no-trusted-domain"]);
        assert_eq!(
            names(|agent| agent.trusted_domain = "example.com".into(), expected),
            ["other-trusted-domain"]
        );
        assert_eq!(names(|agent| agent.scope.departments = vec![2, 3], expected), ["narrow-scope"]);
        let no_pages = ExpectedAgent { domain: None, ..expected };
        assert_eq!(names(|agent| agent.trusted_domain.clear(), no_pages), none);
        let all = |agent: &mut Agent| {
            *agent = Agent {
                agent_id: 7,
                stopped: true,
                scope: VisibleScope::default(),
                ..agent.clone()
            };
            agent.trusted_domain.clear();
        };
        assert_eq!(
            names(all, expected),
            ["other-agent", "stopped", "no-trusted-domain", "narrow-scope"]
        );
    }

    #[test]
    fn a_domain_is_read_out_of_an_address() {
        for (text, domain) in [
            ("https://wecom.example.com/path?x#y", "wecom.example.com"),
            ("https://wecom.example.com:443", "wecom.example.com"),
            ("http://wecom.example.com:80/", "wecom.example.com"),
            ("https://wecom.example.com:8443/", "wecom.example.com:8443"),
            (" WeCom.Example.com. ", "wecom.example.com"),
            ("", ""),
        ] {
            assert_eq!(domain_of(text), domain, "{text}");
        }
    }
}
