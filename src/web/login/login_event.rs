//! What happens at the pages of the login, as it is told to the log, to a person and to a script. Nothing here knows codes,
//! states, cookies or names.

use axum::http::StatusCode;

use crate::model::Message;
use crate::wecom::login::pages::PageFault;
use crate::wecom::login::pending::StateFault;
use crate::wecom::login::session::MAX_MEMBER;

/// What happened to a request.
#[derive(Debug)]
pub(super) enum LoginEvent {
    /// A page was asked for that no login may lead to.
    Next(PageFault),
    /// A page was to be signed that is none of the configured domains.
    Page(PageFault),
    /// A parameter is missing, twice or too long.
    Parameter(&'static str),
    /// WeCom's answer belongs to no login of the browser.
    State(StateFault),
    /// A state or a code was used before.
    Replay,
    /// Who logs in is no member of the enterprise.
    NotMember,
    /// There are too many requests at once.
    Busy,
    /// WeCom gives no answer, or refuses.
    Wecom(Message),
    /// WeCom says that the code is not good.
    Code,
    /// WeCom's answer has a user id that is longer than any.
    UserId,
    /// The database cannot be read.
    Database(Message),
    /// The login of the tenant cannot be used.
    NotReady(Message),
}

impl LoginEvent {
    /// A short name for the log.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            LoginEvent::Next(_) => "login-next",
            LoginEvent::Page(_) => "js-sdk-page",
            LoginEvent::Parameter(_) => "login-parameter",
            LoginEvent::State(StateFault::Form) => "login-state-form",
            LoginEvent::State(StateFault::OtherBrowser) => "login-other-browser",
            LoginEvent::State(StateFault::Forged) => "login-state-forged",
            LoginEvent::State(StateFault::Expired) => "login-expired",
            LoginEvent::Replay => "login-replay",
            LoginEvent::NotMember => "login-not-member",
            LoginEvent::Busy => "login-busy",
            LoginEvent::Wecom(_) => "login-wecom",
            LoginEvent::Code => "login-code",
            LoginEvent::UserId => "login-user-id",
            LoginEvent::Database(_) => "login-database",
            LoginEvent::NotReady(_) => "login-not-ready",
        }
    }

    /// What a script is told, in a word.
    pub(super) fn name(&self) -> &'static str {
        match self {
            LoginEvent::Next(_) | LoginEvent::Page(_) => "page-not-allowed",
            LoginEvent::Parameter(_) => "bad-parameter",
            LoginEvent::State(_) | LoginEvent::Replay | LoginEvent::Code => "not-complete",
            LoginEvent::NotMember => "not-a-member",
            LoginEvent::Busy
            | LoginEvent::Wecom(_)
            | LoginEvent::UserId
            | LoginEvent::Database(_)
            | LoginEvent::NotReady(_) => "unavailable",
        }
    }

    /// The status of the answer.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            LoginEvent::NotMember | LoginEvent::Page(_) => StatusCode::FORBIDDEN,
            event if event.is_fault() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Whether it is this side's fault, which somebody has to see to.
    pub(super) fn is_fault(&self) -> bool {
        matches!(
            self,
            LoginEvent::Busy
                | LoginEvent::Wecom(_)
                | LoginEvent::UserId
                | LoginEvent::Database(_)
                | LoginEvent::NotReady(_)
        )
    }

    /// Whether the same person may do better by beginning anew.
    pub(super) fn may_begin_again(&self) -> bool {
        !matches!(self, LoginEvent::NotMember)
    }

    /// The line for the log.
    pub(super) fn message(&self, tenant: &str) -> Message {
        let (zh, en) = self.words();
        Message::new(
            format!("租户 {tenant} 的登录：{zh}"),
            format!("login of tenant {tenant}: {en}"),
        )
    }

    fn words(&self) -> (String, String) {
        let domains = |fault: &PageFault| {
            match fault {
            PageFault::Domain => {
                "其域名不是 public_url 的域名，也不在 [wecom.login] domains 中；确属本企业的页面时请补充".to_owned()
            }
            PageFault::Scheme => "它不以 https:// 开头".to_owned(),
            PageFault::Length { most } => format!("它超过 {most} 字节"),
            PageFault::Form => "它不是地址".to_owned(),
        }
        };
        let english = |fault: &PageFault| {
            match fault {
            PageFault::Domain => {
                "its domain is neither that of public_url nor one of domains in [wecom.login]; add it there if the page is the \
                 enterprise's"
                    .to_owned()
            }
            fault => fault.to_string(),
        }
        };
        match self {
            LoginEvent::Next(fault) => (
                format!("登录后的地址（next）已拒绝：{}", domains(fault)),
                format!("the page after the login (next) is refused: {}", english(fault)),
            ),
            LoginEvent::Page(fault) => (
                format!("JS-SDK 签名的页面地址（url）已拒绝：{}", domains(fault)),
                format!("the page to sign for the JS-SDK (url) is refused: {}", english(fault)),
            ),
            LoginEvent::Parameter(name) => (
                format!("参数 {name} 缺失、重复或过长，已拒绝"),
                format!("the parameter {name} is missing, given twice or too long; refused"),
            ),
            LoginEvent::State(fault) => (
                match fault {
                    StateFault::Form => "state 的格式不符，请求并非来自企业微信；已拒绝",
                    StateFault::OtherBrowser => "返回的浏览器没有发起过此次登录（没有对应的 Cookie）；已拒绝",
                    StateFault::Forged => "state 不是本程序启动以来签发的；已拒绝",
                    StateFault::Expired => "登录超过五分钟；已拒绝",
                }
                .to_owned(),
                format!("{fault}; refused"),
            ),
            LoginEvent::Replay => (
                "同一个 state 或 code 被再次使用；已拒绝".to_owned(),
                "a state or a code was used a second time; refused".to_owned(),
            ),
            LoginEvent::NotMember => (
                "登录者不是企业成员；未登录".to_owned(),
                "who logs in is no member of the enterprise; not logged in".to_owned(),
            ),
            LoginEvent::Busy => (
                "同时登录的人数过多，已要求稍后重试".to_owned(),
                "too many requests at once; they were told to try later".to_owned(),
            ),
            LoginEvent::Wecom(why) => (why.zh.to_string(), why.en.to_string()),
            LoginEvent::Code => (
                "企业微信称 code 无效（已用过、已过期，或属于其他应用）；已拒绝".to_owned(),
                "WeCom says that the code is not good: used, too old, or of another application; refused".to_owned(),
            ),
            LoginEvent::UserId => (
                format!("企业微信返回的 UserID 超过 {MAX_MEMBER} 字节，不是有效的 UserID，未登录；请检查 [wecom] 的 api_url"),
                format!(
                    "the user id that WeCom answers has more than {MAX_MEMBER} bytes, which none has; not logged in. Check \
                     api_url in [wecom]"
                ),
            ),
            LoginEvent::Database(why) => {
                (format!("无法查询成员身份：{}", why.zh), format!("cannot look the member up: {}", why.en))
            }
            LoginEvent::NotReady(why) => {
                (format!("登录不可用：{}", why.zh), format!("nobody can log in: {}", why.en))
            }
        }
    }

    /// What the person or the script is told: no more than what to do.
    pub(super) fn said(&self) -> Message {
        match self {
            LoginEvent::Next(PageFault::Length { most }) => Message::new(
                format!("登录后的页面地址超过 {most} 字节，请联系管理员。"),
                format!(
                    "The address of the page after the login has more than {most} bytes; please tell the administrator."
                ),
            ),
            LoginEvent::Next(_) => Message::fixed(
                "登录后的页面地址不在允许的域名内，请联系管理员。",
                "The page after the login is not on an allowed domain; please tell the administrator.",
            ),
            LoginEvent::Page(PageFault::Length { most }) => Message::new(
                format!("页面地址超过 {most} 字节。"),
                format!("The address of the page has more than {most} bytes."),
            ),
            LoginEvent::Page(_) => Message::fixed(
                "页面地址不在允许的域名内。",
                "The page is not on an allowed domain.",
            ),
            LoginEvent::Parameter(_) => {
                Message::fixed("请求的参数有误。", "A parameter of the request is wrong.")
            }
            LoginEvent::State(_) | LoginEvent::Replay | LoginEvent::Code => Message::fixed(
                "登录未完成，请返回应用重新打开页面。",
                "The login is not complete; please open the page in the application again.",
            ),
            LoginEvent::NotMember => Message::fixed(
                "您不是本企业的成员，无法登录。",
                "You are no member of this enterprise and cannot log in.",
            ),
            LoginEvent::Busy
            | LoginEvent::Wecom(_)
            | LoginEvent::UserId
            | LoginEvent::Database(_)
            | LoginEvent::NotReady(_) => Message::fixed(
                "暂时无法处理，请稍后重试。",
                "This is not possible just now; please try later.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_names_its_tenant_in_both_languages_and_tells_outsiders_only_what_to_do() {
        let why = || Message::fixed("原因", "the reason");
        let length = PageFault::Length { most: 512 };
        let pages = [PageFault::Form, length, PageFault::Scheme, PageFault::Domain];
        let states =
            [StateFault::Form, StateFault::OtherBrowser, StateFault::Forged, StateFault::Expired];
        let mut events = vec![
            LoginEvent::Parameter("code"),
            LoginEvent::Replay,
            LoginEvent::NotMember,
            LoginEvent::Busy,
            LoginEvent::Code,
            LoginEvent::UserId,
        ];
        events.extend(pages.map(LoginEvent::Next));
        events.extend(pages.map(LoginEvent::Page));
        events.extend(states.map(LoginEvent::State));
        let faults = [LoginEvent::Wecom, LoginEvent::Database, LoginEvent::NotReady];
        events.extend(faults.map(|fault| fault(why())));
        for event in events {
            let Message { zh, en } = event.message("T1");
            assert!(zh.contains("T1") && en.contains("T1"), "{zh} {en}");
            assert!(!zh.is_ascii() && en.is_ascii(), "{zh} {en}");
            let said = event.said();
            assert!(!said.zh.is_ascii() && said.en.is_ascii(), "{said:?}");
            assert!(!said.zh.contains("原因") && !said.en.contains("reason"), "{said:?}");
            assert_eq!(event.is_fault(), event.status().is_server_error(), "{event:?}");
        }
    }
}
