//! The four pages of the login.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::ORIGIN;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use url::form_urlencoded;

use crate::model::Message;
use crate::store::{AgentPlace, NamedPlace};
use crate::wecom::api::Visitor;
use crate::wecom::login::address::{self, Page};
use crate::wecom::login::once::Use;
use crate::wecom::login::pending;
use crate::wecom::login::{js_sdk, session};

use super::answers::{self, CookieName};
use super::login_event::LoginEvent;
use super::random::random;
use super::tenant_login::{KnownMember, TenantLogin};

/// Most bytes of a code, and of a state (document 91022).
const MAX_CODE: usize = 512;
const MAX_STATE: usize = 128;

/// Most bytes of an address in a query; it is then looked at more closely.
const MAX_ADDRESS: usize = 16 << 10;

/// How long a request waits for others to be done. A call of WeCom's API takes up to eight seconds more, and the server cuts a
/// request off after fifteen.
const PLACE_TIMEOUT: Duration = Duration::from_secs(4);

/// A request at one of the pages.
#[derive(Clone, Copy)]
pub(super) struct Step<'r> {
    pub(super) head: &'r Parts,
    pub(super) now: DateTime<Utc>,
}

impl<'r> Step<'r> {
    /// Leads to WeCom, which asks who the member is.
    pub(super) fn begin(self, login: &TenantLogin) -> Result<Response, LoginEvent> {
        let next = self.parameter("next", MAX_ADDRESS)?;
        let next = login.pages.next(next.as_deref().unwrap_or("/")).map_err(LoginEvent::Next)?;
        let no_random = || LoginEvent::NotReady(no_random());
        let cookies = login.pending_cookies();
        let taken = cookies.each_ref().map(|cookie| cookie.value(&self.head.headers));
        let random_bytes = random().ok_or_else(no_random)?;
        let pending = pending::begin(&login.states, random_bytes, self.now, &next, &taken);
        let redirect_uri = format!("{}{}", login.public_url, Page::Callback.path(&login.tenant));
        let to = address::authorize(
            &login.authorize_url,
            &login.corp_id,
            login.agent_id,
            &redirect_uri,
            &pending.state,
        );
        let [choice] = random().ok_or_else(no_random)?;
        let seconds = pending::LIFETIME.num_seconds();
        let cookie = cookies.get(pending::place(&taken, choice));
        Ok(answers::redirect(&to, cookie.and_then(|cookie| cookie.set(&pending.cookie, seconds))))
    }

    /// Takes WeCom's answer, and leads to the page that the login was begun for.
    pub(super) async fn callback(self, login: &TenantLogin) -> Result<Response, LoginEvent> {
        let state = self.needed("state", MAX_STATE)?;
        let code = self.needed("code", MAX_CODE)?;
        let cookie = self.pending(login, &state).map(|(_, value)| value);
        let answered = pending::answered(&login.states, &state, cookie, self.now)
            .map_err(LoginEvent::State)?;
        let used = [("state", &state), ("code", &code)];
        for (kind, text) in used {
            first(login.used.look(kind, text, self.now))?;
        }
        let _place = place(&login.exchanges).await?;
        let member = match login.wecom.visitor(&code).await? {
            Visitor::Member { user_id } => user_id,
            Visitor::LinkedMember { .. } | Visitor::Outsider => {
                return Err(LoginEvent::NotMember);
            }
        };
        // Only what made somebody a member is remembered: anybody can make codes up, and must not fill the memory by that. Of
        // several requests with the same state or code that WeCom answered at once, one logs in.
        let until = self.now + pending::LIFETIME;
        for (kind, text) in used {
            first(login.used.take(kind, text, until, self.now))?;
        }
        let value = session::begin(&login.sessions, &member, self.now, login.lifetime);
        let value = value.ok_or(LoginEvent::UserId)?;
        tracing::debug!(tenant = login.tenant, "a member has logged in");
        let cookie = login.session_cookie().set(&value, login.lifetime.num_seconds());
        Ok(answers::redirect(&answered.next, cookie))
    }

    /// Removes the cookie of the login whose answer this is.
    pub(super) fn forget(self, login: &TenantLogin) -> Option<HeaderValue> {
        let state = self.parameter("state", MAX_STATE).ok().flatten()?;
        let (cookie, _) = self.pending(login, &state)?;
        cookie.set("", 0)
    }

    /// Where the login whose answer this is begins anew.
    pub(super) fn begin_again(self, login: &TenantLogin) -> Option<String> {
        let state = self.parameter("state", MAX_STATE).ok().flatten()?;
        let cookie = self.pending(login, &state).map(|(_, value)| value);
        let next = pending::next(&login.states, &state, cookie).ok()?;
        let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        Some(format!("{}?next={next}", Page::Login.path(&login.tenant)))
    }

    /// The cookie of the login that has a state, and its value.
    fn pending(self, login: &TenantLogin, state: &str) -> Option<(CookieName, &'r str)> {
        login.pending_cookies().into_iter().find_map(|cookie| {
            let value = cookie.value(&self.head.headers)?;
            pending::belongs(value, state).then_some((cookie, value))
        })
    }

    /// Who has logged in, in the hierarchy.
    pub(super) async fn me(self, login: &Arc<TenantLogin>) -> Result<Response, LoginEvent> {
        let cookie = login.session_cookie();
        let value = cookie.value(&self.head.headers);
        let session = value.and_then(|v| session::read(&login.sessions, v, self.now).ok());
        let Some(session) = session else { return Ok(not_logged_in()) };
        let looking = place(&login.lookups).await?;
        let (of, known) = (Arc::clone(login), session.clone());
        let found = tokio::task::spawn_blocking(move || of.who(&known)).await;
        drop(looking);
        let found = found.unwrap_or_else(|_| Err(internal_fault()));
        let Some(KnownMember { date, agent }) = found.map_err(LoginEvent::Database)? else {
            return Ok(not_logged_in());
        };
        let member = session.member;
        let date = date.to_string();
        Ok(match agent {
            Some(agent) if agent.is_active => {
                let document =
                    json!({ "member": member, "agent": document(agent), "business_date": date });
                answers::json(StatusCode::OK, &document)
            }
            other => {
                let (status, said) = match other {
                    Some(_) => ("left", Message::fixed("该代理人已离职。", "This agent has left.")),
                    None => (
                        "unknown",
                        Message::fixed(
                            "您是企业成员，但不在代理人数据中。",
                            "You are a member, but no agent of the hierarchy.",
                        ),
                    ),
                };
                let document = json!({
                    "error": "no-active-agent", "member": member, "status": status,
                    "business_date": date, "zh": said.zh, "en": said.en,
                });
                answers::json(StatusCode::FORBIDDEN, &document)
            }
        })
    }

    /// What `wx.config` and `wx.agentConfig` need on a page.
    pub(super) async fn js_sdk(self, login: &TenantLogin) -> Result<Response, LoginEvent> {
        let url = self.needed("url", MAX_ADDRESS)?;
        let page = login.pages.to_sign(&url).map_err(LoginEvent::Page)?;
        let _place = place(&login.exchanges).await?;
        let tickets = login.wecom.tickets().await?;
        let nonce = random::<16>().ok_or_else(|| LoginEvent::NotReady(no_random()))?;
        let nonce = format!("{:032x}", u128::from_be_bytes(nonce));
        let timestamp = self.now.timestamp();
        let signature = |ticket: &str| js_sdk::signature(ticket, &nonce, timestamp, page);
        let document = json!({
            "config": {
                "appId": login.corp_id, "timestamp": timestamp, "nonceStr": nonce,
                "signature": signature(tickets.page.expose()),
            },
            "agentConfig": {
                "corpid": login.corp_id, "agentid": login.agent_id, "timestamp": timestamp,
                "nonceStr": nonce, "signature": signature(tickets.agent.expose()),
            },
        });
        Ok(answers::json(StatusCode::OK, &document))
    }

    /// The origin of the page that asks, if it is of a configured domain.
    pub(super) fn origin(self, login: &TenantLogin) -> Option<&'r HeaderValue> {
        let origin = self.head.headers.get(ORIGIN)?;
        origin.to_str().is_ok_and(|text| login.pages.has_origin(text)).then_some(origin)
    }

    fn needed(self, name: &'static str, longest: usize) -> Result<String, LoginEvent> {
        self.parameter(name, longest)?.ok_or(LoginEvent::Parameter(name))
    }

    /// A parameter of the query, decoded once; `None` if it is not there or empty.
    fn parameter(self, name: &'static str, longest: usize) -> Result<Option<String>, LoginEvent> {
        let query = self.head.uri.query().unwrap_or_default();
        let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        let (value, more) = (values.next(), values.next());
        let value = value.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty());
        let fits = more.is_none() && value.as_ref().is_none_or(|value| value.len() <= longest);
        if fits { Ok(value) } else { Err(LoginEvent::Parameter(name)) }
    }
}

/// Refuses what is not used for the first time.
fn first(found: Use) -> Result<(), LoginEvent> {
    match found {
        Use::First => Ok(()),
        Use::Again => Err(LoginEvent::Replay),
        Use::Unknown => Err(LoginEvent::Busy),
    }
}

/// A place among those who are served at once, waited for, but not for long.
async fn place(places: &Semaphore) -> Result<SemaphorePermit<'_>, LoginEvent> {
    match timeout(PLACE_TIMEOUT, places.acquire()).await {
        Ok(Ok(place)) => Ok(place),
        Ok(Err(_)) | Err(_) => Err(LoginEvent::Busy),
    }
}

fn not_logged_in() -> Response {
    let said = Message::fixed("未登录。", "Nobody is logged in.");
    answers::failure(StatusCode::UNAUTHORIZED, "not-logged-in", &said)
}

fn document(agent: AgentPlace) -> Value {
    let place = |place: Option<NamedPlace>| {
        place.map(|NamedPlace { id, name, path_name }| {
            BTreeMap::from([("id", Some(id)), ("name", name), ("path", path_name)])
        })
    };
    json!({
        "id": agent.id, "name": agent.name,
        "team": place(agent.team), "organisation": place(agent.organ),
    })
}

fn no_random() -> Message {
    Message::fixed("系统无法提供随机数", "the system gives no random numbers")
}

fn internal_fault() -> Message {
    Message::fixed("内部错误，请反馈给开发者", "internal fault; please report this")
}
