//! The messages of a probe: what happened, and what to do about it.

use crate::model::Message;

use super::{Outcome, ProbeError, Step, Verdict};

impl Step {
    /// `check` or `event`, for documents.
    pub fn name(self) -> &'static str {
        match self {
            Step::Check => "check",
            Step::Event => "event",
        }
    }

    /// What it is, in words.
    pub fn title(self) -> Message {
        match self {
            Step::Check => Message::fixed("URL 验证（GET）", "check of the URL (GET)"),
            Step::Event => Message::fixed("测试事件（POST）", "sample event (POST)"),
        }
    }
}

impl Verdict {
    /// A stable name for documents.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Right => "right",
            Verdict::Late => "late",
            Verdict::NotFound { .. } => "not-found",
            Verdict::Unconfirmed { .. } => "unconfirmed",
            Verdict::OtherText { .. } => "other-text",
            Verdict::Refused => "refused",
            Verdict::NotStored => "not-stored",
            Verdict::Redirected { .. } => "redirected",
            Verdict::Status(_) => "status",
            Verdict::Tls { .. } => "tls",
            Verdict::Unreachable { .. } => "unreachable",
            Verdict::HungUp => "hung-up",
            Verdict::NoAnswer => "no-answer",
        }
    }

    /// Whether it may go better without anything being changed.
    pub fn is_worth_retrying(&self) -> bool {
        match self {
            Verdict::Late
            | Verdict::NotStored
            | Verdict::Unreachable { .. }
            | Verdict::HungUp
            | Verdict::NoAnswer => true,
            Verdict::Status(status) => *status >= 500,
            _ => false,
        }
    }
}

impl Outcome {
    /// What happened and what to do.
    pub fn message(&self) -> Message {
        let patience = match self.step {
            Step::Check => super::CHECK_TIMEOUT.as_secs(),
            Step::Event => super::EVENT_TIMEOUT.as_secs(),
        };
        match &self.verdict {
            Verdict::Right => match self.step {
                Step::Check => Message::fixed(
                    "响应正确，企业微信后台可以保存该 URL",
                    "the answer is right: WeCom will take the URL",
                ),
                Step::Event => Message::fixed(
                    "已接收并落盘；可用 orgsnap wecom events 查看（事件类型 orgsnap_send_test，不影响任何状态）",
                    "received and stored; orgsnap wecom events shows it (its type is orgsnap_send_test, which changes no \
                     state)",
                ),
            },
            Verdict::Late => Message::new(
                format!(
                    "响应正确，但耗时过长：企业微信只等待 {patience} 秒；请检查网络、代理和磁盘"
                ),
                format!(
                    "the answer is right but late: WeCom waits {patience} s; check network, proxy and disk"
                ),
            ),
            Verdict::NotFound { database } => {
                let database = database.display();
                Message::new(
                    format!(
                        "状态为 200 且内容为空，但 {database} 中没有这个事件：是其他程序作出的响应，或 orgsnap serve 使用另一个数据目录（--data）；\
                         请检查代理的转发，并在此使用与 orgsnap serve 相同的 --data"
                    ),
                    format!(
                        "the status is 200 without a text, but {database} does not have the event: another program answered, \
                         or orgsnap serve runs with another --data. See where the proxy passes this path on to, and give this \
                         verb the --data of orgsnap serve"
                    ),
                )
            }
            Verdict::Unconfirmed { reason } => Message::new(
                format!(
                    "状态为 200 且内容为空，但无法核对事件是否已保存（{}）；请在运行 orgsnap serve 的机器上、\
                     以它的数据目录（--data）再次执行",
                    reason.zh
                ),
                format!(
                    "the status is 200 without a text, but whether the event was stored cannot be looked up ({}); run this \
                     again on the machine of orgsnap serve, with its data folder (--data)",
                    reason.en
                ),
            ),
            Verdict::OtherText { around: true, .. } => Message::fixed(
                "响应内容前后有多余字符；企业微信要求原样返回，请检查代理是否改写响应",
                "there is something around the right answer, which WeCom does not forgive: see whether the proxy changes \
                 answers",
            ),
            Verdict::OtherText { bytes, around: false } => Message::new(
                format!(
                    "状态为 200，但 {bytes} 字节的内容不是 orgsnap 的响应；请检查代理是否把该路径转发给 orgsnap serve"
                ),
                format!(
                    "the status is 200, but the {bytes} bytes are not orgsnap's answer: see whether the proxy passes this \
                     path on to orgsnap serve"
                ),
            ),
            Verdict::Refused => Message::fixed(
                "到达了 orgsnap serve，但被拒绝；原因见它的日志。常见原因：它还没有读取这份任务文件，或它的 token、aes_key 与此处不同",
                "it reached orgsnap serve, which refused it; its log says why. Most often it has not taken this job file \
                 up yet, or has another token or aes_key than here",
            ),
            Verdict::NotStored => Message::fixed(
                "到达了 orgsnap serve，但事件未能保存；原因见它的日志（通常是磁盘已满或没有权限）",
                "it reached orgsnap serve, which could not store the event; its log says why (most often a full disk or \
                 missing rights)",
            ),
            Verdict::Redirected { to } => Message::new(
                format!(
                    "被重定向到 {to}；企业微信不跟随重定向，请直接填写最终地址并改正 public_url"
                ),
                format!(
                    "it is sent on to {to}, which WeCom does not follow: use the final address as public_url"
                ),
            ),
            Verdict::Status(404) => Message::fixed(
                "404：代理没有转发该路径；请在代理中加入 /customer/ 的转发（见 packaging/nginx.conf.example）",
                "404: the proxy does not pass this path on; add the lines for /customer/ (see \
                 packaging/nginx.conf.example)",
            ),
            Verdict::Status(403) => Message::fixed(
                "403，但不是 orgsnap 的拒绝：被代理或防火墙拦下；回调没有 Referer，防盗链（valid_referers）不能用于回调路径",
                "403, but not orgsnap's: a proxy or firewall keeps it out. Callbacks have no Referer, so a check of \
                 referers (valid_referers) must not apply to their paths",
            ),
            Verdict::Status(status @ 500..) => Message::new(
                format!(
                    "{status}：代理未能从后端得到响应；请检查 orgsnap serve 是否在运行、监听地址是否与代理一致"
                ),
                format!(
                    "{status}: the proxy has no answer from behind it; see whether orgsnap serve runs and listens where \
                     the proxy looks"
                ),
            ),
            Verdict::Status(status) => Message::new(
                format!("状态为 {status}，不是 orgsnap 的响应；请检查代理和防火墙"),
                format!("the status is {status}, which is not orgsnap's; check proxy and firewall"),
            ),
            Verdict::Tls { reason } => Message::new(
                format!(
                    "TLS 失败：{}；请检查证书是否有效、是否由受信任的机构签发并带完整证书链（自签证书可用 --ca 指定）",
                    reason.zh
                ),
                format!(
                    "TLS failed: {}; see whether the certificate is valid, from a trusted authority, and sent with \
                     its whole chain (name a private authority with --ca)",
                    reason.en
                ),
            ),
            Verdict::Unreachable { reason } => Message::new(
                format!("无法连接：{}；请检查域名、端口、防火墙和代理", reason.zh),
                format!(
                    "it cannot be reached: {}; check name, port, firewall and proxy",
                    reason.en
                ),
            ),
            Verdict::HungUp => Message::fixed(
                "连接被关闭，没有响应；按 packaging/nginx.conf.example 配置的代理在 orgsnap serve 未运行或未能保存事件时如此：\
                 请查看它是否在运行及其日志",
                "the connection was closed without an answer; a proxy with the lines of packaging/nginx.conf.example does \
                 so when orgsnap serve does not run or could not store the event: see whether it runs, and its log",
            ),
            Verdict::NoAnswer => Message::fixed(
                "20 秒内没有响应；请检查防火墙和代理",
                "there is no answer within 20 s; check firewall and proxy",
            ),
        }
    }
}

impl ProbeError {
    /// What happened and what to do.
    pub fn message(&self) -> Message {
        let zh = match self {
            ProbeError::Url { url } => {
                format!("{url} 不是有效的地址；请以 https:// 或 http:// 开头")
            }
            ProbeError::Authorities(error) => return error.message(),
            ProbeError::Setup { reason } => format!("无法准备连接：{reason}"),
        };
        let en = match self {
            ProbeError::Url { .. } => format!("{self}; begin it with https:// or http://"),
            _ => self.to_string(),
        };
        Message::new(zh, en)
    }
}
