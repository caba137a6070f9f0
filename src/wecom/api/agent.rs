//! `agent/get`: an application as WeCom has it.

use serde::Deserialize;

use crate::config::job::Secret;

use super::call::Call;
use super::client::Client;
use super::error::ApiError;
use super::null::null_as_default;

/// An application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its agent id.
    pub agent_id: u64,
    /// Its name.
    pub name: String,
    /// Whether it was stopped.
    pub stopped: bool,
    /// The trusted domain (可信域名); empty if there is none.
    pub trusted_domain: String,
    /// The address of its page; empty if there is none.
    pub home_url: String,
    /// Who sees it.
    pub scope: VisibleScope,
}

/// Who sees an application: these, and whoever is in these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VisibleScope {
    /// Members, by user id.
    pub members: Vec<String>,
    /// Departments.
    pub departments: Vec<u64>,
    /// Tags.
    pub tags: Vec<u64>,
}

/// The department that the whole enterprise is.
pub(super) const ROOT_DEPARTMENT: u64 = 1;

impl VisibleScope {
    /// Whether it is the whole enterprise.
    pub fn is_whole(&self) -> bool {
        self.departments.contains(&ROOT_DEPARTMENT)
    }
}

#[derive(Deserialize)]
struct AgentAnswer {
    agentid: u64,
    #[serde(default, deserialize_with = "null_as_default")]
    name: String,
    #[serde(default, deserialize_with = "null_as_default")]
    close: u8,
    #[serde(default, deserialize_with = "null_as_default")]
    redirect_domain: String,
    #[serde(default, deserialize_with = "null_as_default")]
    home_url: String,
    #[serde(default, deserialize_with = "null_as_default")]
    allow_userinfos: AllowedMembers,
    #[serde(default, deserialize_with = "null_as_default")]
    allow_partys: AllowedDepartments,
    #[serde(default, deserialize_with = "null_as_default")]
    allow_tags: AllowedTags,
}

#[derive(Default, Deserialize)]
struct AllowedMembers {
    #[serde(default, deserialize_with = "null_as_default")]
    user: Vec<AllowedMember>,
}

#[derive(Deserialize)]
struct AllowedMember {
    userid: Option<String>,
}

#[derive(Default, Deserialize)]
struct AllowedDepartments {
    #[serde(default, deserialize_with = "null_as_default")]
    partyid: Vec<u64>,
}

#[derive(Default, Deserialize)]
struct AllowedTags {
    #[serde(default, deserialize_with = "null_as_default")]
    tagid: Vec<u64>,
}

impl Client {
    /// The application with this number, by its own secret: an application sees only itself, so the answer proves
    /// corp id, secret and agent id together.
    ///
    /// # Errors
    /// Why the call failed.
    pub async fn agent_get(&self, secret: &Secret, agent_id: u64) -> Result<Agent, ApiError> {
        let number = agent_id.to_string();
        let answer: AgentAnswer =
            self.call(secret, Call::AgentGet, &[("agentid", &number)], None).await?;
        let members = answer.allow_userinfos.user.into_iter().filter_map(|member| member.userid);
        Ok(Agent {
            agent_id: answer.agentid,
            name: answer.name,
            stopped: answer.close != 0,
            trusted_domain: answer.redirect_domain,
            home_url: answer.home_url,
            scope: VisibleScope {
                members: members.collect(),
                departments: answer.allow_partys.partyid,
                tags: answer.allow_tags.tagid,
            },
        })
    }
}
