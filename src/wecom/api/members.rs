//! `user/list_id` and `department/simplelist`: who is a member, by the secret of the contacts' synchronisation.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use crate::config::job::Secret;

use super::call::Call;
use super::client::Client;
use super::error::{ApiError, Fault};
use super::null::null_as_default;

/// Entries of a page that are asked for: the most that WeCom gives.
const PAGE_SIZE: u32 = 10_000;
/// More pages than the largest enterprise can have.
const MOST_PAGES: usize = 10_000;

/// A member in a department. One who is in several departments comes once for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The user id.
    pub user_id: String,
    /// The department.
    pub department: u64,
}

/// A page of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The members.
    pub members: Vec<Member>,
    /// Where the next page begins; none after the last.
    pub next: Option<String>,
}

/// A department.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Department {
    /// Its id; 1 is the whole enterprise.
    pub id: u64,
    /// The department that it belongs to; 0 for the whole enterprise.
    pub parent_id: u64,
    /// Its place among its siblings, the greatest first.
    pub order: i64,
}

#[derive(Deserialize)]
struct ListIdAnswer {
    #[serde(default, deserialize_with = "null_as_default")]
    next_cursor: String,
    dept_user: Vec<ListedMember>,
}

/// Applications of third parties get `open_userid` in its place, which is no user id.
#[derive(Deserialize)]
struct ListedMember {
    userid: String,
    #[serde(default, deserialize_with = "null_as_default")]
    department: u64,
}

#[derive(Deserialize)]
struct SimpleListAnswer {
    department_id: Vec<ListedDepartment>,
}

#[derive(Deserialize)]
struct ListedDepartment {
    id: u64,
    #[serde(default, deserialize_with = "null_as_default")]
    parentid: u64,
    #[serde(default, deserialize_with = "null_as_default")]
    order: i64,
}

impl Client {
    /// The page of members that begins at a cursor; without one, the first.
    ///
    /// # Errors
    /// Why the call failed.
    pub async fn user_list_id(
        &self,
        secret: &Secret,
        cursor: Option<&str>,
    ) -> Result<Page, ApiError> {
        let body = json!({ "cursor": cursor.unwrap_or_default(), "limit": PAGE_SIZE });
        let answer: ListIdAnswer = self.call(secret, Call::UserListId, &[], Some(&body)).await?;
        let member =
            |listed: ListedMember| Member { user_id: listed.userid, department: listed.department };
        Ok(Page {
            members: answer.dept_user.into_iter().map(member).collect(),
            next: Some(answer.next_cursor).filter(|cursor| !cursor.is_empty()),
        })
    }

    /// All members, page by page.
    pub fn members<'a>(&'a self, secret: &'a Secret) -> MemberPages<'a> {
        MemberPages { client: self, secret, next: Some(None), seen: BTreeSet::new() }
    }

    /// All departments that the secret sees; those below `department` and itself, if one is given.
    ///
    /// # Errors
    /// Why the call failed.
    pub async fn department_simplelist(
        &self,
        secret: &Secret,
        department: Option<u64>,
    ) -> Result<Vec<Department>, ApiError> {
        let id = department.map(|id| id.to_string());
        let query: Vec<(&str, &str)> = id.iter().map(|id| ("id", id.as_str())).collect();
        let answer: SimpleListAnswer =
            self.call(secret, Call::DepartmentSimpleList, &query, None).await?;
        let department = |listed: ListedDepartment| Department {
            id: listed.id,
            parent_id: listed.parentid,
            order: listed.order,
        };
        Ok(answer.department_id.into_iter().map(department).collect())
    }
}

impl Client {
    /// The address that a call comes from, if WeCom refuses it and tells the address. Whether the secret may list
    /// departments does not matter: every refusal may tell it.
    pub async fn refused_address(&self, secret: &Secret) -> Option<String> {
        match self.department_simplelist(secret, None).await.err()?.fault {
            Fault::Code { ip, .. } => ip,
            _ => None,
        }
    }
}

/// The pages of all members. Each is a call with limits of its own.
#[derive(Debug)]
pub struct MemberPages<'a> {
    client: &'a Client,
    secret: &'a Secret,
    /// The cursor of the next page; none after the last.
    next: Option<Option<String>>,
    seen: BTreeSet<String>,
}

impl MemberPages<'_> {
    /// The next page; none after the last.
    ///
    /// # Errors
    /// Why the call failed; [`Fault::Endless`] if the server gives a cursor twice or more pages than there can be. The
    /// same page can be asked for again after an error of the call.
    pub async fn next(&mut self) -> Result<Option<Vec<Member>>, ApiError> {
        let Some(cursor) = &self.next else { return Ok(None) };
        let page = self.client.user_list_id(self.secret, cursor.as_deref()).await?;
        if let Some(next) = &page.next
            && (!self.seen.insert(next.clone()) || self.seen.len() > MOST_PAGES)
        {
            self.next = None;
            return Err(self.client.error(Call::UserListId, Fault::Endless));
        }
        self.next = page.next.map(Some);
        Ok(Some(page.members))
    }
}
