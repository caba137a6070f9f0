//! Why a pull ends early.

use std::fmt;
use std::net::UdpSocket;
use std::path::PathBuf;

use orgsnap_archive_reader::Fault;

use super::chat_data::ChatDataFault;
use super::codes;
use super::keys::KeyError;
use super::library::CallFault;
use super::reader::ReaderFault;
use super::store::SessionStoreError;
use crate::config::job::ConfigError;
use crate::disk::{DiskError, LockError};
use crate::model::Message;

/// Why a pull ended early; what was stored before stays. `Display` is the English message.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The job file has no `[wecom.archive]`.
    NotConfigured {
        /// The job file.
        file: PathBuf,
    },
    /// A secret of the job file cannot be read.
    Config(ConfigError),
    /// Another pull is active.
    Lock(LockError),
    /// The keys cannot be read.
    Key(KeyError),
    /// `session.db` cannot be used.
    Store(SessionStoreError),
    /// A file of a message cannot be written.
    Disk(DiskError),
    /// The process that loads the library failed.
    Reader(ReaderFault),
    /// The library cannot be used, or breaks its own rules.
    Library {
        /// Its file.
        library: PathBuf,
        /// What is wrong.
        fault: Fault,
    },
    /// The library refused.
    Code {
        /// Its return code.
        code: i32,
        /// Where the request came from, for the code that refuses that.
        from: RequestOrigin,
    },
    /// The answer of the library is none.
    Answer(ChatDataFault),
    /// It was asked to end.
    Stopped,
}

/// Where a request came from, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestOrigin {
    /// WeCom named the address.
    Address(String),
    /// It went through this proxy.
    Proxy(String),
    /// The address of this machine towards the outside, before any NAT; none if there is no way outside.
    Machine(Option<String>),
}

impl ArchiveError {
    /// A fault of the library's.
    pub(super) fn of_call(
        fault: CallFault,
        library: &std::path::Path,
        proxy: Option<&str>,
    ) -> ArchiveError {
        match fault {
            CallFault::Reader(fault) => ArchiveError::Reader(fault),
            CallFault::Library(fault) => {
                ArchiveError::Library { library: library.to_path_buf(), fault }
            }
            CallFault::Code { code, address } => {
                let from = match (address, proxy) {
                    (Some(address), _) => RequestOrigin::Address(address),
                    (None, Some(proxy)) => RequestOrigin::Proxy(proxy.to_owned()),
                    (None, None) => RequestOrigin::Machine(outgoing_address()),
                };
                ArchiveError::Code { code, from }
            }
        }
    }

    /// Whether the same pull may succeed later without a change.
    pub fn is_transient(&self) -> bool {
        match self {
            ArchiveError::Code { code, .. } => codes::is_transient(*code),
            ArchiveError::Reader(ReaderFault::Silent { .. }) | ArchiveError::Stopped => true,
            ArchiveError::Disk(error) => error.is_transient(),
            _ => false,
        }
    }

    /// Whether WeCom does not know the address that the request came from.
    pub fn is_refused_address(&self) -> bool {
        matches!(self, ArchiveError::Code { code: codes::ADDRESS, .. })
    }

    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            ArchiveError::NotConfigured { file } => {
                let file = file.display();
                Message::new(
                    format!(
                        "{file}: 没有 [wecom.archive]；请填写 secret 和 library（见 orgsnap init --full 的示例）"
                    ),
                    format!(
                        "{file}: there is no [wecom.archive]; write secret and library (orgsnap init --full shows them)"
                    ),
                )
            }
            ArchiveError::Config(error) => error.message(),
            ArchiveError::Lock(error) => error.message(),
            ArchiveError::Key(error) => error.message(),
            ArchiveError::Store(error) => error.message(),
            ArchiveError::Disk(error) => error.message(),
            ArchiveError::Reader(fault) => fault.message(),
            ArchiveError::Library { library, fault } => {
                let Message { zh, en } = library_message(fault);
                let library = library.display();
                Message::new(format!("企业微信 SDK {library}：{zh}"), format!("{library}: {en}"))
            }
            ArchiveError::Code { code, from } => {
                let Message { zh, en } = codes::refusal_message(*code);
                let origin = match code {
                    &codes::ADDRESS => from.message(),
                    _ => Message::fixed("", ""),
                };
                Message::new(
                    format!("会话内容存档：SDK 返回 {code}：{zh}{}", origin.zh),
                    format!("session archive: the library returned {code}: {en}{}", origin.en),
                )
            }
            ArchiveError::Answer(kind) => {
                let (zh, en) = match kind {
                    ChatDataFault::NotJson => {
                        ("不是约定的 JSON".into(), "it is not the documented JSON".into())
                    }
                    ChatDataFault::Refused { code } => {
                        (format!("errcode 为 {code}"), format!("its errcode is {code}"))
                    }
                    ChatDataFault::NoNumber => {
                        ("有消息缺少 seq 或 msgid".into(), "a message lacks seq or msgid".into())
                    }
                    ChatDataFault::NotAfter => (
                        "消息的 seq 没有递增".into(),
                        "the numbers of the messages do not go on".into(),
                    ),
                };
                Message::new(
                    format!(
                        "会话内容存档：SDK 的响应无法识别（{zh}），未作改动；请检查 SDK 的版本并联系企业微信"
                    ),
                    format!(
                        "session archive: what the library answered cannot be used ({en}), and nothing was stored of it; \
                         check the library's version and ask WeCom"
                    ),
                )
            }
            ArchiveError::Stopped => Message::fixed(
                "会话内容存档：拉取已中止，已保存的消息不受影响，下次从此继续",
                "session archive: the pull was asked to end; what is stored stays, and the next one goes on from there",
            ),
        }
    }
}

impl RequestOrigin {
    /// What to put on the list of trusted addresses.
    fn message(&self) -> Message {
        match self {
            RequestOrigin::Address(address) => Message::new(
                format!("；请在管理后台“会话内容存档”的可信 IP 地址中添加 {address}"),
                format!(
                    "; add {address} to the trusted IPs on WeCom's page of the session archive"
                ),
            ),
            RequestOrigin::Proxy(proxy) => Message::new(
                format!(
                    "；请求经代理 {proxy} 发出，请在管理后台“会话内容存档”的可信 IP 地址中添加该代理的出口 IP"
                ),
                format!(
                    "; the request went through the proxy {proxy}: add its outgoing IP to the trusted IPs on WeCom's page of \
                     the session archive"
                ),
            ),
            RequestOrigin::Machine(Some(address)) => Message::new(
                format!(
                    "；本机对外的地址为 {address}，经 NAT 时以 NAT 的公网 IP 为准（可向网络管理员询问）；请在管理后台“会话内容存档”的可信 IP 地址中添加"
                ),
                format!(
                    "; this machine goes out as {address} (behind NAT it is the public IP of that, which whoever runs the \
                     network knows): add it to the trusted \
                     IPs on WeCom's page of the session archive"
                ),
            ),
            RequestOrigin::Machine(None) => Message::fixed(
                "；请在管理后台“会话内容存档”的可信 IP 地址中添加本机的公网出口 IP（可向网络管理员询问）",
                "; add the public outgoing IP of this machine, which whoever runs the network knows, to the trusted IPs on WeCom's page of the session archive",
            ),
        }
    }
}

fn library_message(fault: &Fault) -> Message {
    match fault {
        Fault::NotLoaded { reason } => Message::new(
            format!(
                "无法加载（{reason}）；请检查路径，以及 SDK 是否适用于本机（Linux x86-64 或 arm64，glibc，OpenSSL 3）"
            ),
            format!(
                "it cannot be loaded ({reason}): check the path, and that it is the one for this machine (Linux x86-64 or \
                 arm64, glibc, OpenSSL 3)"
            ),
        ),
        Fault::NoFunction { name } => Message::new(
            format!("缺少函数 {name}；请使用企业微信的 libWeWorkFinanceSdk_C.so"),
            format!("it has no function {name}: use WeCom's libWeWorkFinanceSdk_C.so"),
        ),
        Fault::NothingMade { name } | Fault::BadBuffer { name } => Message::new(
            format!("函数 {name} 返回了无效的内容；请检查 SDK 的版本"),
            format!("its function {name} handed over what cannot be used; check its version"),
        ),
        Fault::NoText => Message::fixed(
            "返回的内容为空；请检查 SDK 的版本",
            "it returned no text; check its version",
        ),
        Fault::BadText { name } => Message::new(
            format!("传给它的 {name} 含有 NUL 字符；请检查任务文件"),
            format!("{name}, which is handed to it, holds a NUL; check the job file"),
        ),
        Fault::NotOpen | Fault::BadRequest => Message::fixed(
            "orgsnap-archive-reader 与 orgsnap 的版本不一致；请一起更新",
            "orgsnap-archive-reader is of another version than orgsnap; install both together",
        ),
    }
}

/// The address of this machine towards the outside. Nothing is sent for that; the address that is asked about is one
/// for documentation, and nobody's.
fn outgoing_address() -> Option<String> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("198.51.100.1", 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified() && !address.is_loopback()).then(|| address.to_string())
}

impl From<ChatDataFault> for ArchiveError {
    fn from(fault: ChatDataFault) -> ArchiveError {
        ArchiveError::Answer(fault)
    }
}

impl From<ConfigError> for ArchiveError {
    fn from(error: ConfigError) -> ArchiveError {
        ArchiveError::Config(error)
    }
}

impl From<LockError> for ArchiveError {
    fn from(error: LockError) -> ArchiveError {
        ArchiveError::Lock(error)
    }
}

impl From<KeyError> for ArchiveError {
    fn from(error: KeyError) -> ArchiveError {
        ArchiveError::Key(error)
    }
}

impl From<SessionStoreError> for ArchiveError {
    fn from(error: SessionStoreError) -> ArchiveError {
        ArchiveError::Store(error)
    }
}

impl From<DiskError> for ArchiveError {
    fn from(error: DiskError) -> ArchiveError {
        ArchiveError::Disk(error)
    }
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}
