//! The comparison: members as listed, agents and office staff of the snapshot, members as the callbacks tell of them.
//!
//! Pure. The list is in memory, in some 50 bytes a member; everything else passes by once, in any order, and
//! differences leave as they are found. Of an account that several agents have, the agents decide together: it is used
//! as long as one of them is active.

use std::collections::BTreeMap;

use super::accounts::{account_key, user_id};
use super::difference::{AgentDetail, Difference, DifferenceKind};
use crate::config::job::{IdCase, RosterMapping};

/// Whether an agent works here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// In the newest snapshot, and active.
    Active,
    /// In the newest snapshot, and marked as having left.
    Left,
    /// In an earlier snapshot, no longer in the newest.
    Gone,
}

/// An agent, as the comparison sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agent<'a> {
    /// The agent's id.
    pub id: &'a str,
    /// The value from which the user id is made; none if the agent has none.
    pub account: Option<&'a str>,
    /// Whether the agent works here.
    pub standing: Standing,
    /// The name.
    pub name: Option<&'a str>,
    /// The organisation.
    pub organ_name: Option<&'a str>,
    /// The team.
    pub team_name: Option<&'a str>,
    /// When the agent left.
    pub leave_date: Option<&'a str>,
}

/// What the callbacks say of a user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldMember<'a> {
    /// The user id.
    pub user_id: &'a str,
    /// Whether it is a member's.
    pub present: bool,
}

/// What is known of a listed account.
#[derive(Debug, Default)]
struct Account {
    /// The user id as listed, where it is not the key.
    listed: Option<Box<str>>,
    active: bool,
    staff: bool,
    told_present: bool,
    told_gone: bool,
    /// Of the agents who left, the one to be told of.
    departed: Option<Box<(Standing, AgentDetail)>>,
}

/// The members as listed.
#[derive(Debug)]
pub struct Members {
    case: IdCase,
    accounts: BTreeMap<Box<str>, Account>,
}

impl Members {
    /// No members yet.
    pub fn new(case: IdCase) -> Members {
        Members { case, accounts: BTreeMap::new() }
    }

    /// Adds a member, who may be listed once a department. Returns whether the member is new.
    pub fn add(&mut self, user_id: &str) -> bool {
        let key = account_key(user_id, self.case);
        if self.accounts.contains_key(key.as_ref()) {
            return false;
        }
        let listed = (key != user_id).then(|| Box::from(user_id));
        self.accounts.insert(Box::from(key), Account { listed, ..Account::default() });
        true
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }
}

/// A comparison under way.
#[derive(Debug)]
pub struct Comparison<'m> {
    mapping: &'m RosterMapping,
    accounts: BTreeMap<Box<str>, Account>,
    /// Members of whose departure the callbacks know nothing, by account.
    missed: BTreeMap<String, String>,
}

impl<'m> Comparison<'m> {
    /// Begins with the list.
    pub fn new(mapping: &'m RosterMapping, members: Members) -> Comparison<'m> {
        Comparison { mapping, accounts: members.accounts, missed: BTreeMap::new() }
    }

    /// An agent of the roster. `tell` gets a difference that no other record can change.
    ///
    /// # Errors
    /// What `tell` fails with.
    pub fn agent<E>(
        &mut self,
        agent: &Agent<'_>,
        tell: &mut impl FnMut(Difference) -> Result<(), E>,
    ) -> Result<(), E> {
        let wanted = agent.account.filter(|value| !value.is_empty());
        let wanted = wanted.map(|value| user_id(self.mapping, value));
        let found = wanted.as_deref().and_then(|wanted| {
            self.accounts.get_mut(account_key(wanted, self.mapping.case).as_ref())
        });
        match (agent.standing, found) {
            (Standing::Active, Some(account)) => account.active = true,
            (Standing::Active, None) => tell(Difference {
                kind: DifferenceKind::ActiveWithoutAccount,
                subject: agent.id.to_owned(),
                user_id: wanted.map(std::borrow::Cow::into_owned),
                agent: Some(detail(agent)),
            })?,
            (Standing::Left | Standing::Gone, Some(account)) => {
                let known =
                    account.departed.as_deref().map(|(standing, d)| (*standing, d.id.as_str()));
                if known.is_none_or(|known| (agent.standing, agent.id) < known) {
                    account.departed = Some(Box::new((agent.standing, detail(agent))));
                }
            }
            (Standing::Left | Standing::Gone, None) => {}
        }
        Ok(())
    }

    /// Somebody of the office staff. Accounts of the staff may have the prefix of the agents' or none.
    pub fn staff(&mut self, id: &str) {
        for user_id in [user_id(self.mapping, id).as_ref(), id] {
            let key = account_key(user_id, self.mapping.case);
            if let Some(account) = self.accounts.get_mut(key.as_ref()) {
                account.staff = true;
            }
        }
    }

    /// What the callbacks say of a user id.
    pub fn told(&mut self, member: ToldMember<'_>) {
        let key = account_key(member.user_id, self.mapping.case);
        match self.accounts.get_mut(key.as_ref()) {
            Some(account) if member.present => account.told_present = true,
            Some(account) => account.told_gone = true,
            None if member.present => {
                let user_id = self.missed.entry(key.into_owned());
                let user_id = user_id.or_insert_with(|| member.user_id.to_owned());
                // Of two that differ in case only, always the same one.
                if member.user_id < user_id.as_str() {
                    member.user_id.clone_into(user_id);
                }
            }
            None => {}
        }
    }

    /// Ends the comparison.
    ///
    /// # Errors
    /// What `tell` fails with.
    pub fn finish<E>(self, tell: &mut impl FnMut(Difference) -> Result<(), E>) -> Result<(), E> {
        for (key, account) in self.accounts {
            let (key, listed) = (String::from(key), account.listed.map(String::from));
            let user_id = listed.unwrap_or_else(|| key.clone());
            let kind = match (account.active || account.staff, &account.departed) {
                (true, _) => None,
                (false, Some(_)) => Some(DifferenceKind::DepartedStillMember),
                (false, None) => Some(DifferenceKind::UnknownMember),
            };
            let agent = account.departed.filter(|_| kind.is_some()).map(|departed| departed.1);
            if account.told_gone && !account.told_present {
                tell(Difference {
                    kind: DifferenceKind::ReturnMissed,
                    subject: key.clone(),
                    user_id: Some(user_id.clone()),
                    agent: None,
                })?;
            }
            if let Some(kind) = kind {
                tell(Difference { kind, subject: key, user_id: Some(user_id), agent })?;
            }
        }
        for (subject, user_id) in self.missed {
            let kind = DifferenceKind::DepartureMissed;
            tell(Difference { kind, subject, user_id: Some(user_id), agent: None })?;
        }
        Ok(())
    }
}

fn detail(agent: &Agent<'_>) -> AgentDetail {
    AgentDetail {
        id: agent.id.to_owned(),
        name: agent.name.map(str::to_owned),
        organ_name: agent.organ_name.map(str::to_owned),
        team_name: agent.team_name.map(str::to_owned),
        leave_date: agent.leave_date.map(str::to_owned),
    }
}
