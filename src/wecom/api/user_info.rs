//! `auth/getuserinfo`: who came back from the login page.

use serde::Deserialize;

use crate::config::job::Secret;

use super::call::Call;
use super::client::Client;
use super::error::ApiError;
use super::null::null_as_default;

/// Whom a code belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visitor {
    /// A member of the enterprise.
    Member {
        /// The user id.
        user_id: String,
    },
    /// A member of a linked enterprise.
    LinkedMember {
        /// That enterprise.
        corp_id: String,
        /// The user id there.
        user_id: String,
    },
    /// Nobody of the enterprise.
    Outsider,
}

#[derive(Deserialize)]
struct UserInfoAnswer {
    // The older call writes capitals.
    #[serde(default, alias = "UserId", deserialize_with = "null_as_default")]
    userid: String,
}

impl Client {
    /// Whom a code of the login page belongs to. A code can be used once, within five minutes.
    ///
    /// # Errors
    /// Why the call failed; the code 40029, 40163 or 42003 if the code was used, is too old, or belongs to another
    /// application.
    pub async fn user_info_by_code(
        &self,
        secret: &Secret,
        code: &str,
    ) -> Result<Visitor, ApiError> {
        let answer: UserInfoAnswer =
            self.call(secret, Call::GetUserInfo, &[("code", code)], None).await?;
        Ok(visitor(answer.userid))
    }
}

fn visitor(user_id: String) -> Visitor {
    if user_id.is_empty() {
        return Visitor::Outsider;
    }
    match user_id.split_once('/') {
        None => Visitor::Member { user_id },
        Some((corp_id, user_id)) => {
            Visitor::LinkedMember { corp_id: corp_id.to_owned(), user_id: user_id.to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_linked_enterprises_are_no_members() {
        assert_eq!(visitor("A00017".into()), Visitor::Member { user_id: "A00017".into() });
        assert_eq!(visitor(String::new()), Visitor::Outsider);
        let linked = Visitor::LinkedMember { corp_id: "ww1".into(), user_id: "A00017".into() };
        assert_eq!(visitor("ww1/A00017".into()), linked);
    }
}
