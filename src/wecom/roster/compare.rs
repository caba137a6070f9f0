//! The comparison: members as listed, agents and office staff of the snapshot, members as the callbacks tell of them.
//!
//! Pure. The list is in memory, in some 50 bytes a member; everything else passes by once, in any order, and
//! differences leave as they are found. Of an account that several people have, they decide together: it is used as
//! long as one of them is active.

use std::collections::BTreeMap;

use super::accounts::{account_key, user_id};
use super::difference::{Difference, DifferenceKind, PersonDetail};
use crate::config::job::{IdCase, RosterMapping};
use crate::model::Feed;

/// Whether somebody works here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// In the newest snapshot, and active.
    Active,
    /// In the newest snapshot, and marked as having left.
    Left,
    /// In an earlier snapshot, no longer in the newest.
    Gone,
}

/// An agent, or somebody of the office staff, as the comparison sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person<'a> {
    /// Agents or office staff.
    pub feed: Feed,
    /// The id in that feed.
    pub id: &'a str,
    /// The value from which the user id is made; none if the person has none.
    pub account: Option<&'a str>,
    /// Whether the person works here.
    pub standing: Standing,
    /// The name.
    pub name: Option<&'a str>,
    /// The organisation.
    pub organ_name: Option<&'a str>,
    /// The team.
    pub team_name: Option<&'a str>,
    /// Day of leaving.
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
    told_present: bool,
    told_gone: bool,
    /// Of the people who left, the one to be told of.
    departed: Option<Box<(Standing, PersonDetail)>>,
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

    /// Somebody of the roster. `tell` gets a difference that no other record can change: an active agent without an
    /// account. Office staff need none, and theirs may have the prefix of the agents' or none.
    ///
    /// # Errors
    /// What `tell` fails with.
    pub fn person<E>(
        &mut self,
        person: &Person<'_>,
        tell: &mut impl FnMut(Difference) -> Result<(), E>,
    ) -> Result<(), E> {
        let value = person.account.filter(|value| !value.is_empty());
        let wanted = value.map(|value| user_id(self.mapping, value));
        let is_found = wanted.as_deref().is_some_and(|wanted| self.belongs(wanted, person));
        if person.feed == Feed::Principal {
            if let Some(plain) = value.filter(|_| !self.mapping.prefix.is_empty()) {
                self.belongs(plain, person);
            }
            return Ok(());
        }
        if person.standing == Standing::Active && !is_found {
            tell(Difference {
                kind: DifferenceKind::ActiveWithoutAccount,
                subject: person.id.to_owned(),
                user_id: wanted.map(std::borrow::Cow::into_owned),
                person: Some(detail(person)),
            })?;
        }
        Ok(())
    }

    /// Notes that an account is somebody's; returns whether it is listed.
    fn belongs(&mut self, user_id: &str, person: &Person<'_>) -> bool {
        let key = account_key(user_id, self.mapping.case);
        let Some(account) = self.accounts.get_mut(key.as_ref()) else { return false };
        if person.standing == Standing::Active {
            account.active = true;
            return true;
        }
        let order = order(person.standing, person.feed, person.id);
        let known = account.departed.as_deref();
        if known
            .is_none_or(|(standing, known)| order < self::order(*standing, known.feed, &known.id))
        {
            account.departed = Some(Box::new((person.standing, detail(person))));
        }
        true
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
            let kind = match (account.active, &account.departed) {
                (true, _) => None,
                (false, Some(_)) => Some(DifferenceKind::DepartedStillMember),
                (false, None) => Some(DifferenceKind::UnknownMember),
            };
            let person = account.departed.filter(|_| kind.is_some()).map(|departed| departed.1);
            if account.told_gone && !account.told_present {
                tell(Difference {
                    kind: DifferenceKind::ReturnMissed,
                    subject: key.clone(),
                    user_id: Some(user_id.clone()),
                    person: None,
                })?;
            }
            if let Some(kind) = kind {
                tell(Difference { kind, subject: key, user_id: Some(user_id), person })?;
            }
        }
        for (subject, user_id) in self.missed {
            let kind = DifferenceKind::DepartureMissed;
            tell(Difference { kind, subject, user_id: Some(user_id), person: None })?;
        }
        Ok(())
    }
}

/// Whom of several people who left a difference names: whoever comes first.
fn order(standing: Standing, feed: Feed, id: &str) -> (Standing, bool, &str) {
    (standing, feed == Feed::Principal, id)
}

fn detail(person: &Person<'_>) -> PersonDetail {
    PersonDetail {
        feed: person.feed,
        id: person.id.to_owned(),
        name: person.name.map(str::to_owned),
        organ_name: person.organ_name.map(str::to_owned),
        team_name: person.team_name.map(str::to_owned),
        leave_date: person.leave_date.map(str::to_owned),
    }
}
