//! The addresses that callbacks come to, as section 二 of the insurer's document has them.
//!
//! `chengyuan` belongs to the contacts' address and `kehu` to the customers'. An application's number belongs to the
//! contacts' address: that is where the document's picture of a filled-in page has one (`.../member/ww.../00010001/1000008`).

use crate::config::job::AgentId;
use crate::wecom::store::Endpoint;

impl Endpoint {
    /// Both.
    pub const ALL: [Endpoint; 2] = [Endpoint::Member, Endpoint::External];

    /// The address to which callbacks of an application come.
    pub fn of(agent: AgentId) -> Endpoint {
        match agent {
            AgentId::Contacts | AgentId::Number(_) => Endpoint::Member,
            AgentId::Customers => Endpoint::External,
        }
    }

    /// What the path begins with, with a slash at its end.
    pub fn prefix(self) -> &'static str {
        match self {
            Endpoint::Member => "/customer/work-weixin-integration/wxCallBack/member/",
            Endpoint::External => "/customer/customer-manager/wxCallBack/external/user/",
        }
    }
}

/// The path of an application's callbacks.
pub fn path(corp_id: &str, tenant: &str, agent: AgentId) -> String {
    format!("{}{corp_id}/{tenant}/{agent}", Endpoint::of(agent).prefix())
}

/// Corp id, tenant and agent id of a path that looks like a callback's. Nothing is decoded and nothing forgiven: WeCom
/// calls the address that was pasted, and ids have no characters that need escaping.
pub fn parts(path: &str) -> Option<(Endpoint, &str, &str, &str)> {
    let (endpoint, rest) = Endpoint::ALL
        .into_iter()
        .find_map(|endpoint| Some((endpoint, path.strip_prefix(endpoint.prefix())?)))?;
    let (corp_id, rest) = rest.split_once('/')?;
    let (tenant, agent) = rest.split_once('/')?;
    (!agent.contains('/')).then_some((endpoint, corp_id, tenant, agent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callback_addresses_of_the_onboarding_document_are_parsed() {
        for (agent, expected) in [
            (
                AgentId::Number(1_000_008),
                "/customer/work-weixin-integration/wxCallBack/member/ww08a41f56c8db31fb/00010001/1000008",
            ),
            (
                AgentId::Contacts,
                "/customer/work-weixin-integration/wxCallBack/member/ww08a41f56c8db31fb/00010001/chengyuan",
            ),
            (
                AgentId::Customers,
                "/customer/customer-manager/wxCallBack/external/user/ww08a41f56c8db31fb/00010001/kehu",
            ),
        ] {
            let path = path("ww08a41f56c8db31fb", "00010001", agent);
            assert_eq!(path, expected);
            let agent_id = agent.to_string();
            let found = parts(&path);
            assert_eq!(
                found,
                Some((Endpoint::of(agent), "ww08a41f56c8db31fb", "00010001", agent_id.as_str()))
            );
        }
    }

    #[test]
    fn addresses_that_resemble_callbacks_are_rejected() {
        for path in [
            "/",
            "",
            "/customer/work-weixin-integration/wxCallBack/member/c/t",
            "/customer/work-weixin-integration/wxCallBack/member/c/t/a/",
            "/customer/work-weixin-integration/wxCallBack/member//c/t/a",
            "/customer/work-weixin-integration/wxcallback/member/c/t/a",
            "//customer/work-weixin-integration/wxCallBack/member/c/t/a",
            "/x/customer/work-weixin-integration/wxCallBack/member/c/t/a",
        ] {
            assert_eq!(parts(path), None, "{path}");
        }
    }
}
