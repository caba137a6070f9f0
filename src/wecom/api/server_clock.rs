//! The clock of WeCom's server, by the `Date` of an answer.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::call::Call;
use super::client::Client;
use super::error::ApiError;

/// What the server's clock showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerClock {
    /// The time there, in whole seconds; none if the answer has no `Date`.
    pub time: Option<DateTime<Utc>>,
    /// How long the answer took: the time there is as uncertain.
    pub round_trip: Duration,
}

impl Client {
    /// Asks for a token without saying for what: the answer is an error, but it is dated. No secret is needed.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn server_clock(&self) -> Result<ServerClock, ApiError> {
        let asked = Instant::now();
        let answer = self.ask(Call::GetToken).await?;
        Ok(ServerClock { time: answer.date, round_trip: asked.elapsed() })
    }
}
