//! What the login asks of WeCom's API, with the secret of its application.

use std::sync::Arc;

use crate::config::job::{AgentId, ApiAddresses, Job, LoginSettings, Secret};
use crate::model::Message;
use crate::wecom::api::{ApiError, Client, Visitor};

use super::login_event::LoginEvent;

/// WeCom's codes for a code of a login that is wrong or of another application, was used, or is too old.
const BAD_CODES: [i64; 3] = [40029, 40163, 42003];

/// Calls for one application. Tokens and tickets are fetched once for all and kept.
#[derive(Debug)]
pub(super) struct WecomCalls {
    client: Client,
    secret: Secret,
    addresses: ApiAddresses,
}

/// The two tickets of the JS-SDK.
pub(super) struct Tickets {
    /// The enterprise's, for `wx.config`.
    pub(super) page: Secret,
    /// The application's, for `wx.agentConfig`.
    pub(super) agent: Secret,
}

impl WecomCalls {
    /// Calls for the application of the login. Those of `earlier` go on if nothing has changed for them.
    ///
    /// # Errors
    /// Why there is no secret, or no client.
    pub(super) fn new(
        job: &Job,
        settings: &LoginSettings,
        earlier: Option<&Arc<WecomCalls>>,
    ) -> Result<Arc<WecomCalls>, Message> {
        let wanted = AgentId::Number(settings.agent_id);
        let app = job.wecom.apps.iter().find(|app| app.agent_id == wanted);
        // The job file is not taken up without it.
        let app = app.ok_or_else(|| {
            Message::fixed("没有该应用的 [[wecom_app]]", "the application has no [[wecom_app]]")
        })?;
        let secret = app.secret.reveal().map_err(|error| error.message())?;
        let corp_id = job.wecom.corp_id.as_deref().unwrap_or_default();
        if let Some(earlier) = earlier
            && earlier.secret == secret
            && earlier.addresses == job.wecom.api
            && earlier.client.corp_id() == corp_id
        {
            return Ok(Arc::clone(earlier));
        }
        let client = Client::of(&job.wecom).map_err(|error| error.message())?;
        Ok(Arc::new(WecomCalls { client, secret, addresses: job.wecom.api.clone() }))
    }

    /// Who came back with a code.
    pub(super) async fn visitor(&self, code: &str) -> Result<Visitor, LoginEvent> {
        let visitor = self.client.user_info_by_code(&self.secret, code).await;
        visitor.map_err(|error| match error.code() {
            Some(code) if BAD_CODES.contains(&code) => LoginEvent::Code,
            _ => failure(&error),
        })
    }

    /// The tickets by which pages are signed.
    pub(super) async fn tickets(&self) -> Result<Tickets, LoginEvent> {
        let page = self.client.jsapi_ticket(&self.secret);
        let agent = self.client.agent_config_ticket(&self.secret);
        let (page, agent) = tokio::join!(page, agent);
        Ok(Tickets {
            page: page.map_err(|error| failure(&error))?,
            agent: agent.map_err(|error| failure(&error))?,
        })
    }
}

fn failure(error: &ApiError) -> LoginEvent {
    LoginEvent::Wecom(error.message())
}
