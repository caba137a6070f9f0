//! The events of a request that are worth a line in the log, and the words for each.

use chrono::{DateTime, Utc};

use crate::model::Message;
use crate::wecom::event::{Event, OtherCorp, ParseProblem};
use crate::wecom::receive::Refusal;
use crate::wecom::store::WecomStoreError;

use super::refusal_message::{quoted, refusal_message, resembles_callback, route_error_message};
use super::registry::{App, RouteError};

/// What happened to a request.
#[derive(Debug)]
pub(super) enum RequestEvent<'a> {
    /// There is no application at the path.
    RouteError(&'a RouteError<'a>),
    /// The application has neither token nor key.
    NoCallback(&'a App),
    /// Its token or key cannot be used.
    Secret(&'a App, &'a Message),
    /// The request is not WeCom's.
    Refused(&'a App, &'a Refusal),
    /// It is neither GET nor POST.
    Method(&'a App),
    /// Its body is too large.
    TooLarge,
    /// Its body did not arrive.
    Broken,
    /// Too many bodies at once.
    Crowded,
    /// The event could not be stored.
    NotStored(&'a App, &'a WecomStoreError),
    /// The address was checked, and the answer was right.
    Verified(&'a App),
    /// The timestamp is this many seconds from now.
    Age(&'a App, i64),
    /// The event is another corp's; it was stored and changes no state.
    OtherCorp(&'a App, OtherCorp),
    /// The time of the event lies that many seconds ahead; it was stored and counts from its arrival.
    FutureTime(&'a App, i64),
    /// The time of the event is no number of seconds but this; it was stored and counts from its arrival.
    UnreadableTime(&'a App, String),
}

impl<'a> RequestEvent<'a> {
    /// What is to be said of an event that was taken.
    pub(super) fn of_problem(
        app: &'a App,
        event: &Event,
        now: DateTime<Utc>,
    ) -> Option<RequestEvent<'a>> {
        match event.problem? {
            ParseProblem::OtherCorp => {
                Some(RequestEvent::OtherCorp(app, event.other_corp.clone()?))
            }
            ParseProblem::FutureTime => {
                let seconds = event.create_time?.saturating_sub(now.timestamp());
                Some(RequestEvent::FutureTime(app, seconds))
            }
            ParseProblem::UnreadableTime => {
                Some(RequestEvent::UnreadableTime(app, event.time_text()?.to_owned()))
            }
            _ => None,
        }
    }

    /// Whether it is said besides the outcome of the request.
    pub(super) fn is_remark(&self) -> bool {
        matches!(
            self,
            RequestEvent::Age(..)
                | RequestEvent::OtherCorp(..)
                | RequestEvent::FutureTime(..)
                | RequestEvent::UnreadableTime(..)
        )
    }

    /// A short name for the log, and the label of the metric of refused requests.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            RequestEvent::RouteError(RouteError::Path(path)) if resembles_callback(path) => "path",
            RequestEvent::RouteError(RouteError::Path(_)) => "page",
            RequestEvent::RouteError(RouteError::Tenant(_)) => "tenant",
            RequestEvent::RouteError(RouteError::Corp { .. }) => "corp",
            RequestEvent::RouteError(RouteError::Agent { .. }) => "agent",
            RequestEvent::RouteError(RouteError::Endpoint { .. }) => "endpoint",
            RequestEvent::NoCallback(_) => "not-configured",
            RequestEvent::Secret(..) => "secret",
            RequestEvent::Method(_) => "method",
            RequestEvent::TooLarge => "too-large",
            RequestEvent::Broken => "broken",
            RequestEvent::Crowded => "crowded",
            RequestEvent::NotStored(..) => "not-stored",
            RequestEvent::Age(..) => "timestamp",
            RequestEvent::OtherCorp(..) => "other-corp",
            RequestEvent::FutureTime(..) => "future-time",
            RequestEvent::UnreadableTime(..) => "unreadable-time",
            RequestEvent::Verified(_) => "verified",
            RequestEvent::Refused(_, refusal) => match refusal {
                Refusal::Query | Refusal::Missing(_) | Refusal::Several(_) => "query",
                Refusal::Envelope(_) => "envelope",
                Refusal::Signature => "signature",
                Refusal::Decrypt(_) => "decrypt",
                Refusal::ReceiveId(_) => "receive-id",
                Refusal::Doctype => "doctype",
            },
        }
    }

    /// The line for the log, in both languages. It holds no secret, and what the sender made up is quoted.
    pub(super) fn message(&self) -> Message {
        match self {
            RequestEvent::RouteError(route_error) => route_error_message(route_error),
            RequestEvent::NoCallback(app) => Message::new(
                format!(
                    "收到租户 {} 应用 {} 的回调，但任务文件中该应用没有 token 和 aes_key；在配置好并由 orgsnap serve 读取之前，\
                     企业微信后台保存该 URL 会失败",
                    app.tenant, app.agent_id
                ),
                format!(
                    "a callback arrived for tenant {} agent {}, but the job file has no token and aes_key for it: saving \
                     the URL in WeCom fails until they are configured and orgsnap serve has taken the file up",
                    app.tenant, app.agent_id
                ),
            ),
            RequestEvent::Secret(app, why) => Message::new(
                format!(
                    "收到租户 {} 应用 {} 的回调，但它的 token 或 aes_key 无法使用；在此之前企业微信后台保存该 URL 会失败。{}",
                    app.tenant, app.agent_id, why.zh
                ),
                format!(
                    "a callback arrived for tenant {} agent {}, but its token or aes_key cannot be used, and until then \
                     saving the URL in WeCom fails: {}",
                    app.tenant, app.agent_id, why.en
                ),
            ),
            RequestEvent::Refused(app, refusal) => refusal_message(app, refusal),
            RequestEvent::Method(app) => Message::new(
                format!(
                    "租户 {} 应用 {} 的地址收到 GET、POST 以外的请求，已拒绝",
                    app.tenant, app.agent_id
                ),
                format!(
                    "a request of tenant {} agent {} is neither GET nor POST; refused",
                    app.tenant, app.agent_id
                ),
            ),
            RequestEvent::TooLarge => Message::fixed(
                "请求正文超过 1 MiB，已拒绝；企业微信的回调远小于此",
                "a body has more than 1 MiB; refused, as WeCom's are far smaller",
            ),
            RequestEvent::Broken => Message::fixed(
                "请求正文没有完整到达，已拒绝；请检查反向代理",
                "a body did not arrive whole; refused. Check the reverse proxy",
            ),
            RequestEvent::Crowded => Message::fixed(
                "并发请求过多，已要求发送方稍后重发",
                "too many bodies arrive at once; the sender was told to try again",
            ),
            RequestEvent::NotStored(app, error) => {
                let Message { zh, en } = error.message();
                Message::new(
                    format!(
                        "租户 {} 应用 {} 的回调未能保存，未确认（503）：{zh}",
                        app.tenant, app.agent_id
                    ),
                    format!(
                        "a callback of tenant {} agent {} could not be stored and was not acknowledged (503): {en}",
                        app.tenant, app.agent_id
                    ),
                )
            }
            RequestEvent::Verified(app) => Message::new(
                format!("租户 {} 应用 {} 的 URL 验证通过", app.tenant, app.agent_id),
                format!("the URL of tenant {} agent {} was verified", app.tenant, app.agent_id),
            ),
            RequestEvent::Age(app, seconds) => Message::new(
                format!(
                    "租户 {} 应用 {} 的回调时间戳与本机时间相差 {seconds} 秒，已接受；若不是延迟的重发，请检查本机时钟",
                    app.tenant, app.agent_id
                ),
                format!(
                    "the timestamp of a callback of tenant {} agent {} is {seconds} s before this machine's time; it was \
                     accepted. If it is no late retry, check the clock",
                    app.tenant, app.agent_id
                ),
            ),
            RequestEvent::OtherCorp(app, OtherCorp { field, said: Some(corp) }) => {
                let corp = quoted(corp);
                Message::new(
                    format!(
                        "租户 {} 应用 {} 收到其他企业（{field} {corp}）的事件，已保存，但不影响本企业的状态；\
                         确属本企业时，请核对任务文件的 corp_id",
                        app.tenant, app.agent_id
                    ),
                    format!(
                        "an event for another corp ({field} {corp}) came to tenant {} agent {}; it was stored and changes \
                         no state. If it is the same corp, check corp_id in the job file",
                        app.tenant, app.agent_id
                    ),
                )
            }
            RequestEvent::OtherCorp(app, OtherCorp { field, said: None }) => Message::new(
                format!(
                    "租户 {} 应用 {} 收到的套件事件没有 {field}，无法确定属于哪家企业，已保存，但不影响状态",
                    app.tenant, app.agent_id
                ),
                format!(
                    "an event of a suite without {field} came to tenant {} agent {}; as it does not say which corp it is \
                     about, it was stored and changes no state",
                    app.tenant, app.agent_id
                ),
            ),
            RequestEvent::UnreadableTime(app, time) => {
                let time = quoted(time);
                Message::new(
                    format!(
                        "租户 {} 应用 {} 的事件的 CreateTime {time} 不是秒数，已保存，按收到时间计",
                        app.tenant, app.agent_id
                    ),
                    format!(
                        "CreateTime {time} of an event of tenant {} agent {} is no number of seconds; it was stored and \
                         counts from its arrival",
                        app.tenant, app.agent_id
                    ),
                )
            }
            RequestEvent::FutureTime(app, seconds) => Message::new(
                format!(
                    "租户 {} 应用 {} 的事件的 CreateTime 比本机时间晚 {seconds} 秒，已保存，按收到时间计；请检查本机时钟",
                    app.tenant, app.agent_id
                ),
                format!(
                    "CreateTime of an event of tenant {} agent {} is {seconds} s ahead of this machine's time; it was \
                     stored and counts from its arrival. Check the clock",
                    app.tenant, app.agent_id
                ),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::job::{self, AgentId};
    use crate::wecom::crypto::DecryptFault;
    use crate::wecom::envelope::EnvelopeFault;

    use super::super::registry::Registry;
    use super::*;

    #[test]
    fn every_request_event_names_its_tenant_and_application_in_both_languages() {
        let job = job::parse(
            Path::new("jobs/x.toml"),
            "tenant = 'T1'\ncorp_id = 'C1'\n[[wecom_app]]\nagent_id = 7\nsecret = 'SECRET'\n",
            &|_| None,
        )
        .unwrap();
        let (registry, messages) =
            Registry::build(&[&job], Path::new("data"), &Registry::default());
        assert!(messages.is_empty(), "{messages:?}");
        let path = crate::wecom::address::path("C1", "T1", AgentId::Number(7));
        let app = registry.app(&path).unwrap();
        let why = Message::fixed("原因", "the reason");
        let other_corp = |said| OtherCorp { field: "AuthCorpId", said };
        let full = WecomStoreError::Full { path: "data/T1/wecom.db".into() };
        let refusals = [
            Refusal::Query,
            Refusal::Missing("nonce"),
            Refusal::Several("nonce"),
            Refusal::Envelope(EnvelopeFault::Doctype),
            Refusal::Signature,
            Refusal::Decrypt(DecryptFault::Padding),
            Refusal::ReceiveId("other".to_owned()),
            Refusal::Doctype,
        ];
        let mut events: Vec<RequestEvent<'_>> =
            refusals.iter().map(|refusal| RequestEvent::Refused(app, refusal)).collect();
        events.extend([
            RequestEvent::NoCallback(app),
            RequestEvent::Secret(app, &why),
            RequestEvent::Method(app),
            RequestEvent::NotStored(app, &full),
            RequestEvent::Verified(app),
            RequestEvent::Age(app, 1_000),
            RequestEvent::OtherCorp(app, other_corp(Some("another".to_owned()))),
            RequestEvent::OtherCorp(app, other_corp(None)),
            RequestEvent::FutureTime(app, 1_000),
            RequestEvent::UnreadableTime(app, "yesterday".to_owned()),
        ]);
        for event in events {
            let Message { zh, en } = event.message();
            for text in [&zh, &en] {
                assert!(text.contains("T1") && text.contains('7'), "{text}");
                assert!(!text.contains("SECRET"), "{text}");
            }
            assert!(!zh.is_ascii() && en.is_ascii(), "{zh} {en}");
        }
        for (path, kind, quoted) in [
            ("/x", "page", "\"/x\""),
            (&format!("{path}/"), "path", "/7/\""),
            (&path.replace("T1", "T2"), "tenant", "\"T2\""),
            (&path.replace("C1", "C2"), "corp", "T1"),
            (&path.replace("/7", "/8"), "agent", "\"8\""),
            (
                &path.replace(
                    "work-weixin-integration/wxCallBack/member",
                    "customer-manager/wxCallBack/external/user",
                ),
                "endpoint",
                "T1",
            ),
        ] {
            let route_error = registry.app(path).unwrap_err();
            let event = RequestEvent::RouteError(&route_error);
            assert_eq!(event.kind(), kind, "{path}");
            let Message { zh, en } = event.message();
            assert!(zh.contains(quoted) && en.contains(quoted), "{zh} {en}");
        }
    }
}
