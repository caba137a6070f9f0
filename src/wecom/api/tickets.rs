//! The tickets with which pages sign their address for the JS-SDK. They are limited to a hundred an hour, so each is kept.

use std::time::Duration;

use serde::Deserialize;

use crate::config::job::Secret;

use super::call::Call;
use super::client::{Client, usual_lifetime};
use super::error::ApiError;
use super::not_empty::not_empty;
use super::shared_value::Fetched;

#[derive(Deserialize)]
struct TicketAnswer {
    #[serde(deserialize_with = "not_empty")]
    ticket: String,
    #[serde(default = "usual_lifetime")]
    expires_in: u64,
}

impl Client {
    /// The enterprise's ticket, for `wx.config`.
    ///
    /// # Errors
    /// Why the call failed.
    pub async fn jsapi_ticket(&self, secret: &Secret) -> Result<Secret, ApiError> {
        self.ticket(secret, Call::GetJsapiTicket, &[]).await
    }

    /// The application's ticket, for `wx.agentConfig`.
    ///
    /// # Errors
    /// Why the call failed.
    pub async fn agent_config_ticket(&self, secret: &Secret) -> Result<Secret, ApiError> {
        self.ticket(secret, Call::TicketGet, &[("type", "agent_config")]).await
    }

    async fn ticket(
        &self,
        secret: &Secret,
        call: Call,
        query: &[(&str, &str)],
    ) -> Result<Secret, ApiError> {
        let fetch = async || {
            let answer: TicketAnswer = self.call(secret, call, query, None).await?;
            let lifetime = Duration::from_secs(answer.expires_in);
            Ok(Fetched { value: Secret::new(answer.ticket), lifetime })
        };
        self.kept(secret, call, fetch).await
    }
}
