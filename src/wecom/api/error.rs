//! Why a call failed, in both languages, and whether it is worth another attempt.

use std::fmt;

use crate::model::Message;
use crate::tls::CertificateFileError;

use super::call::{Call, Platform};
use super::error_codes::{Explanation, Responsible, explanation};

/// A call that failed. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Which call; none if it did not come to one.
    pub call: Option<Call>,
    /// The server's address as the job file has it.
    pub server: String,
    /// What happened.
    pub fault: Fault,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The server answered with an error.
    Code {
        /// `errcode`.
        code: i64,
        /// `errmsg`, shortened, without secrets.
        said: String,
        /// The caller's address as the server sees it, where it says so.
        ip: Option<String>,
    },
    /// The server cannot be reached.
    Unreachable {
        /// Why.
        reason: Message,
    },
    /// The server's certificate is not trusted.
    NotTrusted {
        /// Why.
        reason: Message,
        /// The certificate that it shows.
        certificate: String,
    },
    /// No answer in time.
    TimedOut,
    /// The connection ended before the answer did.
    CutOff,
    /// Another status than 200.
    Status(u16),
    /// The answer is no JSON: something on the way answered, or cut it off.
    Malformed {
        /// Why.
        reason: Message,
    },
    /// The answer is JSON, but lacks a field of the documents, or has one of another type.
    Undocumented {
        /// Which.
        field: Message,
    },
    /// The answer is longer than any such answer can be.
    TooLong,
    /// A list of pages does not end: the server gave the same place twice, or too many pages.
    Endless,
    /// The program was asked to stop.
    Cancelled,
    /// The file of authorities that the job names cannot be used.
    Authorities(CertificateFileError),
    /// The client cannot be set up.
    Setup {
        /// Why.
        reason: String,
    },
}

impl Fault {
    /// A stable name, for logs and documents.
    pub fn name(&self) -> &'static str {
        match self {
            Fault::Code { .. } => "code",
            Fault::Unreachable { .. } => "unreachable",
            Fault::NotTrusted { .. } => "not-trusted",
            Fault::TimedOut => "timed-out",
            Fault::CutOff => "cut-off",
            Fault::Status(_) => "status",
            Fault::Malformed { .. } => "malformed",
            Fault::Undocumented { .. } => "undocumented",
            Fault::TooLong => "too-long",
            Fault::Endless => "endless",
            Fault::Cancelled => "cancelled",
            Fault::Authorities(_) => "authorities",
            Fault::Setup { .. } => "setup",
        }
    }

    /// Whether it may pass without anything being changed.
    pub fn passes(&self) -> bool {
        match self {
            // System busy; calls a minute; calls at once.
            Fault::Code { code, .. } => matches!(code, -1 | 45009 | 45011 | 45033),
            Fault::Unreachable { .. }
            | Fault::TimedOut
            | Fault::CutOff
            | Fault::Malformed { .. } => true,
            Fault::Status(status) => matches!(status, 408 | 429 | 500..),
            _ => false,
        }
    }

    /// Whether the server may have done what was asked.
    pub(super) fn may_have_been_done(&self) -> bool {
        !matches!(self, Fault::Code { .. } | Fault::Unreachable { .. })
    }

    /// Whether another token is needed.
    pub(super) fn is_invalid_token(&self) -> bool {
        matches!(self, Fault::Code { code: 40014 | 42001, .. })
    }
}

impl ApiError {
    /// An error before anything was sent.
    pub(super) fn before_any_call(fault: Fault) -> ApiError {
        ApiError { call: None, server: String::new(), fault }
    }

    /// The error of a program that was asked to stop.
    pub fn cancelled() -> ApiError {
        ApiError::before_any_call(Fault::Cancelled)
    }

    /// The code of the answer, if the server answered with one.
    pub fn code(&self) -> Option<i64> {
        match self.fault {
            Fault::Code { code, .. } => Some(code),
            _ => None,
        }
    }

    /// What happened, what to do, and who does it.
    pub fn explanation(&self) -> Explanation {
        let platform = self.call.map_or(Platform::Wecom, Call::platform);
        if let Fault::Code { code, said, ip } = &self.fault {
            return explanation(platform, *code, said, ip.as_deref());
        }
        let server = &self.server;
        let network = || {
            Message::new(
                format!("检查本机到 {server} 的网络、DNS 和防火墙（出方向）"),
                format!(
                    "check network, DNS and the outgoing firewall from this machine to {server}"
                ),
            )
        };
        let gateway = || {
            Message::new(
                format!("检查 {server} 是否为正确的接口地址，途中的代理或网关是否改写了响应"),
                format!(
                    "see whether {server} is the right address, and whether a proxy or gateway changes answers"
                ),
            )
        };
        let later = || Message::fixed("稍后重试", "try again later");
        let (what, action, responsible) = match &self.fault {
            Fault::Code { .. } | Fault::Cancelled => {
                (Message::fixed("已中止", "it was stopped"), later(), Responsible::Vendor)
            }
            Fault::Unreachable { reason } => (
                Message::new(
                    format!("无法连接 {server}：{}", reason.zh),
                    format!("{server} cannot be reached: {}", reason.en),
                ),
                network(),
                Responsible::Vendor,
            ),
            Fault::NotTrusted { reason, certificate } => (
                Message::new(
                    format!("{server} 的证书不受信任：{}；证书：{certificate}", reason.zh),
                    format!(
                        "the certificate of {server} is not trusted: {}; it shows {certificate}",
                        reason.en
                    ),
                ),
                Message::fixed(
                    "经网关转发时，用 [wecom] 的 ca 指定其证书；否则检查网络是否被劫持、本机时间是否准确",
                    "behind a gateway name its authorities with ca in [wecom]; otherwise see whether the network is \
                     intercepted, and whether the clock is right",
                ),
                Responsible::Vendor,
            ),
            Fault::TimedOut => (
                Message::new(
                    format!("{server} 未在时限内响应"),
                    format!("{server} did not answer in time"),
                ),
                network(),
                Responsible::Vendor,
            ),
            Fault::CutOff => (
                Message::new(
                    format!("{server} 的连接在响应结束前断开"),
                    format!("the connection to {server} ended before its answer"),
                ),
                network(),
                Responsible::Vendor,
            ),
            Fault::Status(status) => (
                Message::new(
                    format!("{server} 返回 HTTP 状态 {status}"),
                    format!("{server} answered with the HTTP status {status}"),
                ),
                gateway(),
                Responsible::Vendor,
            ),
            Fault::Malformed { reason } => (
                Message::new(
                    format!("{server} 的响应不是接口文档所述的 JSON：{}", reason.zh),
                    format!(
                        "the answer of {server} is not the JSON of the documents: {}",
                        reason.en
                    ),
                ),
                gateway(),
                Responsible::Vendor,
            ),
            Fault::Undocumented { field } => (
                Message::new(
                    format!("{server} 的响应与接口文档不符：{}", field.zh),
                    format!("the answer of {server} is not as documented: {}", field.en),
                ),
                undocumented(self.call, field),
                Responsible::Vendor,
            ),
            Fault::TooLong => (
                Message::new(
                    format!("{server} 的响应超过上限"),
                    format!("the answer of {server} is longer than any such answer"),
                ),
                gateway(),
                Responsible::Vendor,
            ),
            Fault::Endless => (
                Message::new(
                    format!("{server} 的分页没有终点：同一游标出现两次，或页数过多"),
                    format!(
                        "the pages of {server} do not end: a cursor came twice, or there are too many"
                    ),
                ),
                later(),
                Responsible::Vendor,
            ),
            Fault::Authorities(error) => (
                error.message(),
                Message::fixed(
                    "改正任务文件中 [wecom] 的 ca",
                    "correct ca of [wecom] in the job file",
                ),
                Responsible::Vendor,
            ),
            Fault::Setup { reason } => (
                Message::new(
                    format!("无法准备连接：{reason}"),
                    format!("the connection cannot be prepared: {reason}"),
                ),
                Message::fixed(
                    "检查任务文件中 [wecom] 的地址",
                    "check the addresses of [wecom] in the job file",
                ),
                Responsible::Vendor,
            ),
        };
        Explanation { what, action, responsible }
    }

    /// What happened and what to do, in one sentence.
    pub fn message(&self) -> Message {
        let Explanation { what, action, responsible } = self.explanation();
        let who = responsible.title();
        let (zh, en) = match self.call {
            Some(call) => (format!("接口 {call}："), format!("{call}: ")),
            None => (String::new(), String::new()),
        };
        Message::new(
            format!("{zh}{}；请由{}处理：{}", what.zh, who.zh, action.zh),
            format!("{en}{}; {}: {}", what.en, who.en, action.en),
        )
    }
}

/// What to do about an answer that is not as documented.
fn undocumented(call: Option<Call>, field: &Message) -> Message {
    let (zh, en) = match call {
        // Applications of third parties get `open_userid` in place of `userid`.
        Some(Call::UserListId) if field.en.ends_with(".userid") => (
            "请使用通讯录同步的 secret（第三方应用只能得到 open_userid）；",
            "use the secret of the contacts' synchronisation (third parties' applications get open_userid only); ",
        ),
        _ => ("", ""),
    };
    Message::new(
        format!("{zh}检查 api_url 和途中的网关；都正确时升级 orgsnap，并联系企业微信"),
        format!(
            "{en}check api_url and the gateways on the way; if both are right, update orgsnap and ask WeCom"
        ),
    )
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}

impl std::error::Error for ApiError {}
