//! `externalcontact/get_follow_user_list`: who may use the functions for customers. Only a secret for them may ask.

use serde::Deserialize;

use crate::config::job::Secret;

use super::call::Call;
use super::client::Client;
use super::error::ApiError;

#[derive(Deserialize)]
struct FollowUserAnswer {
    follow_user: Vec<String>,
}

impl Client {
    /// The user ids of the members who may use the functions for customers.
    ///
    /// # Errors
    /// Why the call failed; 48002 if the secret is none for customers.
    pub async fn follow_users(&self, secret: &Secret) -> Result<Vec<String>, ApiError> {
        let answer: FollowUserAnswer = self.call(secret, Call::FollowUserList, &[], None).await?;
        Ok(answer.follow_user)
    }
}
