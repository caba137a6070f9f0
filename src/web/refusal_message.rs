//! Why a request is refused, in words for the log. No secret is in them, and what the sender made up is quoted.

use crate::model::Message;
use crate::wecom::receive::Refusal;

use super::registry::{App, RouteError};

/// The most characters of a value sent by a stranger that are logged; the path of a callback has some hundred.
const MAX_QUOTED: usize = 128;

/// Whether the path looks like a callback's that was written down wrongly.
pub(super) fn resembles_callback(path: &str) -> bool {
    path.to_ascii_lowercase().contains("callback")
}

/// What a stranger sent, so that it can neither break a line nor fill the log.
pub(super) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(MAX_QUOTED).collect();
    format!("{short:?}")
}

/// Why there is no application at a path.
pub(super) fn route_error_message(route_error: &RouteError<'_>) -> Message {
    match route_error {
        RouteError::Path(path) => {
            let path = quoted(path);
            Message::new(
                format!("请求的路径 {path} 不是回调地址，已拒绝；正确的地址见 orgsnap wecom urls"),
                format!(
                    "the path {path} of a request is no callback's; refused. orgsnap wecom urls prints the right ones"
                ),
            )
        }
        RouteError::Tenant(tenant) => {
            let tenant = quoted(tenant);
            Message::new(
                format!(
                    "收到租户 {tenant} 的回调，但没有该租户的任务文件；在 orgsnap serve 读取任务文件之前，企业微信后台保存该 URL 会失败"
                ),
                format!(
                    "a callback arrived for tenant {tenant}, which has no job file: saving the URL in WeCom fails until \
                     orgsnap serve has taken one up"
                ),
            )
        }
        RouteError::Corp { tenant } => Message::new(
            format!(
                "收到租户 {tenant} 的回调，但路径中的企业 ID 与任务文件的 corp_id 不一致；请核对 URL 和 corp_id"
            ),
            format!(
                "a callback arrived for tenant {tenant}, but the corp id in its path is not the corp_id of the job file; \
                 compare the URL and the file"
            ),
        ),
        RouteError::Agent { tenant, agent } => {
            let agent = quoted(agent);
            Message::new(
                format!(
                    "收到租户 {tenant} 应用 {agent} 的回调，但任务文件中没有这个 [[wecom_app]]；在配置好并由 orgsnap serve 读取之前，\
                     企业微信后台保存该 URL 会失败"
                ),
                format!(
                    "a callback arrived for tenant {tenant} agent {agent}, but the job file has no such [[wecom_app]]: \
                     saving the URL in WeCom fails until it is configured and orgsnap serve has taken the file up"
                ),
            )
        }
        RouteError::Endpoint { tenant, agent } => Message::new(
            format!(
                "租户 {tenant} 应用 {agent} 的回调到了另一类地址；请改用 orgsnap wecom urls 给出的 URL"
            ),
            format!(
                "a callback of tenant {tenant} agent {agent} came to the other kind of address; use the URL that \
                 orgsnap wecom urls prints"
            ),
        ),
    }
}

/// Why a request of an application is refused.
pub(super) fn refusal_message(app: &App, refusal: &Refusal) -> Message {
    let (zh, en) = match refusal {
        Refusal::Query | Refusal::Missing(_) | Refusal::Several(_) => (
            "查询参数不完整或不合规范；请求并非来自企业微信，或被反向代理改写".to_owned(),
            "it is not WeCom's, or a proxy changes the query".to_owned(),
        ),
        Refusal::Envelope(_) => (
            "正文不是企业微信的格式；请求并非来自企业微信，或被反向代理改写".to_owned(),
            "it is not WeCom's, or a proxy changes the body".to_owned(),
        ),
        Refusal::Signature => (
            "签名不符：任务文件中的 token 与企业微信页面上的 Token 不一致，或请求并非来自企业微信".to_owned(),
            "the token of the job file is not the Token of WeCom's page, or the request is not WeCom's".to_owned(),
        ),
        Refusal::Decrypt(_) => (
            "无法解密：任务文件中的 aes_key 与企业微信页面上的 EncodingAESKey 不一致".to_owned(),
            "the aes_key of the job file is not the EncodingAESKey of WeCom's page".to_owned(),
        ),
        Refusal::ReceiveId(id) => {
            let id = quoted(id);
            (
                format!("接收方 ID {id} 既不是 corp_id，也不在 receive_ids 中；请核对，确属本应用时写入 receive_ids"),
                format!("it is for {id}, which is neither corp_id nor in receive_ids; add it there if it is right"),
            )
        }
        Refusal::Doctype => (
            "解密后的正文含 DOCTYPE".to_owned(),
            "WeCom sends none".to_owned(),
        ),
    };
    let (tenant, agent) = (&app.tenant, &app.agent_id);
    Message::new(
        format!("已拒绝租户 {tenant} 应用 {agent} 的一个请求：{zh}"),
        format!("a request of tenant {tenant} agent {agent} is refused: {refusal}; {en}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untrusted_request_text_cannot_break_a_log_line() {
        assert_eq!(quoted("a\nb\u{1b}[31m"), r#""a\nb\u{1b}[31m""#);
        assert_eq!(quoted(&"x".repeat(1_000)).len(), MAX_QUOTED + 2);
    }
}
