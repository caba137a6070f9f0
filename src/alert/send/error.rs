//! Why an alert did not arrive.

use std::fmt;
use std::path::PathBuf;

use crate::config::job::ConfigError;
use crate::model::Message;

/// WeCom's code for more than 20 messages a minute
/// (<https://developer.work.weixin.qq.com/document/path/90313>).
pub(super) const TOO_FREQUENT: i64 = 45009;

/// Why an alert did not arrive. `Display` is the English message. There is no URL in it: a robot's holds its
/// key.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The job file's secret cannot be had.
    Secret(#[from] ConfigError),
    /// What the secret holds is no URL of HTTP.
    NotAUrl,
    /// The content of the secret is no valid header value.
    NotABearer,
    /// The file of authorities cannot be used.
    Ca {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: Message,
    },
    /// The server cannot be reached or spoke no HTTP.
    Unreachable {
        /// Why, without the URL.
        reason: Message,
    },
    /// The server's certificate is not trusted.
    NotTrusted {
        /// Why, and what the certificate says of itself.
        reason: String,
    },
    /// The server did not answer in time.
    TimedOut,
    /// The server did not take it.
    Status {
        /// The status of HTTP.
        status: u16,
    },
    /// WeCom did not take it.
    Robot {
        /// WeCom's `errcode`; 45009 means too frequent.
        code: i64,
        /// WeCom's `errmsg`.
        words: String,
    },
    /// WeCom's answer is none.
    RobotAnswer,
    /// The command could not be started or talked to.
    CommandBroken {
        /// The program.
        program: String,
        /// What the system says.
        reason: String,
    },
    /// The command ended with a failure.
    CommandFailed {
        /// The program.
        program: String,
        /// How it ended, such as `exit status: 1`.
        status: String,
    },
    /// The command took too long and was killed.
    CommandTimedOut {
        /// The program.
        program: String,
    },
    /// The program ends.
    Cancelled,
    /// A fault of orgsnap.
    Internal,
}

impl SendError {
    /// What happened and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            SendError::Secret(error) => error.message(),
            SendError::NotAUrl => Message::fixed(
                "密钥中的地址不是有效的 https:// 地址；请检查其内容",
                "what the secret holds is no https:// address; check its content",
            ),
            SendError::NotABearer => Message::fixed(
                "访问令牌含有不能放入请求头的字符；请检查其内容",
                "the bearer token holds characters that no header can carry; check its content",
            ),
            SendError::Ca { path, reason } => {
                let path = path.display();
                Message::new(
                    format!("证书文件 {path} 无法使用（{}）；请检查 ca", reason.zh),
                    format!(
                        "the file of certificates {path} cannot be used ({}); check `ca`",
                        reason.en
                    ),
                )
            }
            SendError::Unreachable { reason } => Message::new(
                format!("无法连接服务器（{}）；请检查地址、网络和证书", reason.zh),
                format!(
                    "the server cannot be reached ({}); check address, network and certificate",
                    reason.en
                ),
            ),
            SendError::NotTrusted { reason } => Message::new(
                format!(
                    "不信任服务器的证书（{reason}）；请先与服务器管理员核实指纹，再把该证书存为 PEM 文件（openssl s_client -connect HOST:PORT </dev/null | openssl x509 > webhook.pem），并在该 [[alert]] 中写：ca = \"webhook.pem\""
                ),
                format!(
                    "the server's certificate is not trusted ({reason}); verify the fingerprint with its owner, save the \
                     certificate as a PEM file (openssl s_client -connect HOST:PORT </dev/null | openssl x509 > webhook.pem) \
                     and write in that [[alert]]: ca = \"webhook.pem\""
                ),
            ),
            SendError::TimedOut => {
                Message::fixed("服务器未在规定时间内响应", "the server did not answer in time")
            }
            SendError::Status { status } => Message::new(
                format!("服务器拒绝接收，HTTP 状态码 {status}；请检查地址和访问令牌"),
                format!(
                    "the server did not take it, HTTP status {status}; check the address and the bearer token"
                ),
            ),
            SendError::Robot { code: TOO_FREQUENT, .. } => Message::fixed(
                "企业微信限制了发送频率（errcode 45009，每个机器人每分钟 20 条）；稍后重发",
                "WeCom says: too frequent (errcode 45009, 20 messages a minute for a robot); it is sent later",
            ),
            SendError::Robot { code, words } => Message::new(
                format!("企业微信拒绝接收：errcode {code}，{words}；请检查机器人的 Webhook 地址"),
                format!("WeCom did not take it: errcode {code}, {words}; check the robot's URL"),
            ),
            SendError::RobotAnswer => Message::fixed(
                "响应不是企业微信的格式；请检查机器人的 Webhook 地址和代理",
                "the answer is not WeCom's; check the robot's URL and any proxy",
            ),
            SendError::CommandBroken { program, reason } => Message::new(
                format!("无法运行 {program}：{reason}；请检查 command"),
                format!("cannot run {program}: {reason}; check `command`"),
            ),
            SendError::CommandFailed { program, status } => Message::new(
                format!("{program} 执行失败（{status}）"),
                format!("{program} did not succeed ({status})"),
            ),
            SendError::CommandTimedOut { program } => Message::new(
                format!("{program} 超时，已被终止；请检查该程序或调大 timeout"),
                format!("{program} took too long and was killed; check it or raise `timeout`"),
            ),
            SendError::Cancelled => Message::fixed(
                "程序正在退出，下次启动后重发",
                "the program ends; it is sent after the next start",
            ),
            SendError::Internal => Message::fixed(
                "orgsnap 内部错误，请反馈给开发者",
                "internal fault of orgsnap, please report this",
            ),
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}
