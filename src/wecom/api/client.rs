//! Calls with a token: it is fetched once for all callers, and once more when the server no longer takes it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::config::job::{ApiAddresses, Secret, Wecom};
use crate::tls::{Certificates, Trust};

use super::call::{Call, Platform};
use super::error::{ApiError, Fault};
use super::limits::{Limits, RetryBudget};
use super::not_empty::not_empty;
use super::shared_value::{Fetched, SharedValue};
use super::transport::{Answer, Request, Transport};

/// A client of the API for one enterprise. Its clones share tokens, tickets, connections and the budget of retries.
///
/// Connections are kept, so a client belongs to one runtime.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    limits: Limits,
}

struct Shared {
    transport: Transport,
    addresses: ApiAddresses,
    corp_id: String,
    retries: RetryBudget,
    values: Mutex<BTreeMap<ValueKey, Arc<SharedValue>>>,
}

/// What is kept for an application: its token and its tickets, each by the call that fetches it. The application is
/// known by the digest of its secret.
type ValueKey = (&'static str, [u8; 32]);

/// A token as `gettoken` gives it.
#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(deserialize_with = "not_empty")]
    access_token: String,
    #[serde(default = "usual_lifetime")]
    expires_in: u64,
}

/// Seconds that tokens and tickets are valid unless the answer says otherwise.
pub(super) fn usual_lifetime() -> u64 {
    7_200
}

impl Client {
    /// A client with the limits [`Limits::INTERACTIVE`]. Nothing is sent yet.
    ///
    /// # Errors
    /// If TLS cannot be set up, which would be a fault of the build.
    pub fn new(addresses: &ApiAddresses, trust: Trust, corp_id: &str) -> Result<Client, ApiError> {
        let transport = Transport::new(trust).map_err(ApiError::before_any_call)?;
        let shared = Shared {
            transport,
            addresses: addresses.clone(),
            corp_id: corp_id.to_owned(),
            retries: RetryBudget::new(Instant::now()),
            values: Mutex::default(),
        };
        Ok(Client { shared: Arc::new(shared), limits: Limits::INTERACTIVE })
    }

    /// A client for the enterprise of a job file.
    ///
    /// # Errors
    /// If the file of authorities that the job names cannot be used; as [`Client::new`].
    pub fn of(wecom: &Wecom) -> Result<Client, ApiError> {
        let trust = match &wecom.api.ca {
            None => Trust::PublicRoots,
            Some(path) => Trust::Certificates(
                Certificates::of_file(path)
                    .map_err(|error| ApiError::before_any_call(Fault::Authorities(error)))?,
            ),
        };
        Client::new(&wecom.api, trust, wecom.corp_id.as_deref().unwrap_or_default())
    }

    /// The same client, whose calls may cost this much.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Client {
        Client { shared: Arc::clone(&self.shared), limits }
    }

    /// The enterprise.
    pub fn corp_id(&self) -> &str {
        &self.shared.corp_id
    }

    /// Calls with the token of the application that has this secret.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        secret: &Secret,
        call: Call,
        query: &[(&str, &str)],
        body: Option<&serde_json::Value>,
    ) -> Result<T, ApiError> {
        let calling = self.call_with_token(secret, call, query, body);
        self.in_time(call, calling).await
    }

    /// Proves corp id and secret together by a token, which is kept for the calls that follow.
    ///
    /// # Errors
    /// Why there is no token.
    pub async fn check_secret(&self, secret: &Secret) -> Result<(), ApiError> {
        let value = self.shared_value(secret, Call::GetToken);
        let token = async {
            let fetch = async || self.fetch_token(secret).await;
            value.get(None, Instant::now(), fetch).await.map(drop)
        };
        self.in_time(Call::GetToken, token).await
    }

    /// A value of an application that is kept until it expires. `fetch` is what fetches it.
    pub(super) async fn kept(
        &self,
        secret: &Secret,
        call: Call,
        fetch: impl AsyncFnOnce() -> Result<Fetched, ApiError>,
    ) -> Result<Secret, ApiError> {
        let value = self.shared_value(secret, call);
        let kept =
            async { value.get(None, Instant::now(), fetch).await.map(|numbered| numbered.value) };
        self.in_time(call, kept).await
    }

    /// Calls without a token.
    pub(super) async fn call_without_token<T: DeserializeOwned>(
        &self,
        call: Call,
        query: &[(&str, &str)],
        body: Option<&serde_json::Value>,
        sensitive: &[&str],
    ) -> Result<T, ApiError> {
        self.in_time(call, self.attempts(call, query, body, sensitive)).await
    }

    /// A single request without a token, whatever it answers.
    pub(super) async fn ask(&self, call: Call) -> Result<Answer, ApiError> {
        let request = self.request(call, &[], None);
        let sent = async {
            self.shared.transport.send(&request).await.map_err(|fault| self.error(call, fault))
        };
        self.in_time(call, sent).await
    }

    /// The server that a call goes to.
    fn server(&self, call: Call) -> &str {
        match call.platform() {
            Platform::Wecom => &self.shared.addresses.api_url,
            Platform::Accounts => &self.shared.addresses.mp_api_url,
        }
    }

    pub(super) fn error(&self, call: Call, fault: Fault) -> ApiError {
        ApiError { call: Some(call), server: self.server(call).to_owned(), fault }
    }

    async fn in_time<T>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let timed = tokio::time::timeout(self.limits.total, work).await;
        let outcome = timed.unwrap_or_else(|_| Err(self.error(call, Fault::TimedOut)));
        if let Err(error) = &outcome {
            tracing::debug!(%call, fault = error.fault.name(), "a call of the API failed");
        }
        outcome
    }

    fn shared_value(&self, secret: &Secret, call: Call) -> Arc<SharedValue> {
        let key = (call.name(), Sha256::digest(secret.expose()).into());
        let mut values = self.shared.values.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(values.entry(key).or_default())
    }

    async fn call_with_token<T: DeserializeOwned>(
        &self,
        secret: &Secret,
        call: Call,
        query: &[(&str, &str)],
        body: Option<&serde_json::Value>,
    ) -> Result<T, ApiError> {
        let value = self.shared_value(secret, Call::GetToken);
        let mut token =
            value.get(None, Instant::now(), async || self.fetch_token(secret).await).await?;
        let mut renewed = false;
        loop {
            let mut with_token = vec![("access_token", token.value.expose())];
            with_token.extend_from_slice(query);
            let sensitive: Vec<&str> = with_token.iter().map(|(_, value)| *value).collect();
            match self.attempts(call, &with_token, body, &sensitive).await {
                // It expired, or was revoked: once more with another.
                Err(error) if error.fault.is_invalid_token() && !renewed => {
                    renewed = true;
                    let invalid = Some(token.number);
                    token = value
                        .get(invalid, Instant::now(), async || self.fetch_token(secret).await)
                        .await?;
                }
                outcome => return outcome,
            }
        }
    }

    async fn fetch_token(&self, secret: &Secret) -> Result<Fetched, ApiError> {
        let query = [("corpid", self.corp_id()), ("corpsecret", secret.expose())];
        let answer: TokenAnswer =
            self.attempts(Call::GetToken, &query, None, &[secret.expose()]).await?;
        Ok(Fetched {
            value: Secret::new(answer.access_token),
            lifetime: Duration::from_secs(answer.expires_in),
        })
    }

    fn request<'a>(
        &'a self,
        call: Call,
        query: &'a [(&'a str, &'a str)],
        body: Option<&'a serde_json::Value>,
    ) -> Request<'a> {
        Request { call, base: self.server(call), query, body, timeout: self.limits.request }
    }

    /// Sends a request, and again after faults that pass, as often as the limits and the budget allow.
    async fn attempts<T: DeserializeOwned>(
        &self,
        call: Call,
        query: &[(&str, &str)],
        body: Option<&serde_json::Value>,
        sensitive: &[&str],
    ) -> Result<T, ApiError> {
        let request = self.request(call, query, body);
        let mut attempt = 1;
        loop {
            let sent = self.shared.transport.send(&request).await;
            let fault = match sent.and_then(|answer| answer.content(sensitive)) {
                Ok(content) => return Ok(content),
                Err(fault) => fault,
            };
            let again = fault.passes()
                && (call.is_repeatable() || !fault.may_have_been_done())
                && attempt < self.limits.attempts
                && self.shared.retries.take(Instant::now());
            if !again {
                return Err(self.error(call, fault));
            }
            tracing::debug!(%call, attempt, fault = fault.name(), "a call of the API is tried again");
            tokio::time::sleep(self.limits.wait_after(attempt)).await;
            attempt += 1;
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = &self.shared.addresses;
        f.debug_struct("Client")
            .field("addresses", addresses)
            .field("limits", &self.limits)
            .finish()
    }
}
