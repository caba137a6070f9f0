//! Whether appid and secret of an official account or mini program belong together.

use std::time::Duration;

use serde::Deserialize;

use crate::config::job::Secret;

use super::account_use::stable_token_body;
use super::call::Call;
use super::client::{Client, usual_lifetime};
use super::error::ApiError;

#[derive(Deserialize)]
struct StableTokenAnswer {
    /// Only that there is one is of interest.
    #[serde(rename = "access_token")]
    _access_token: String,
    #[serde(default = "usual_lifetime")]
    expires_in: u64,
}

impl Client {
    /// Proves appid and secret by a stable token without `force_refresh`: asking for a plain token, or forcing one, would
    /// invalidate the token that a running account uses. Returns how long the token is still valid; it is not kept.
    ///
    /// # Errors
    /// Why the call failed.
    pub async fn check_account(&self, app_id: &str, secret: &Secret) -> Result<Duration, ApiError> {
        let body = stable_token_body(app_id, secret);
        let sensitive = [secret.expose()];
        let answer: StableTokenAnswer =
            self.call_without_token(Call::StableToken, &[], Some(&body), &sensitive).await?;
        Ok(Duration::from_secs(answer.expires_in))
    }
}
