//! The faults of fetching in words: what happened, where, and what to do.

use crate::config::job::OLD_ALGORITHMS;
use crate::model::{Message, is_zip, system_reason};
use crate::tls::CertificateSummary;

use super::FetchError;

impl FetchError {
    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            FetchError::Packed { file, what, .. } => Message::new(
                format!("压缩文件 {file} 无法使用：{}；请提供方重新交付", what.zh),
                format!(
                    "the packed file {file} cannot be used: {}; have it delivered anew",
                    what.en
                ),
            ),
            FetchError::TwoCopies { one, other } => Message::new(
                format!(
                    "{one} 和 {other} 是同一份数据的两个文件，内容不同，无法判断以哪个为准；请删除其中一个，或请提供方只交付一个"
                ),
                format!(
                    "{one} and {other} are two files of the same data with different content, and which one counts cannot be \
                     told; remove one of them, or have only one delivered"
                ),
            ),
            FetchError::NothingThere { place, near }
                if !near.is_empty() && near.iter().all(|name| is_zip(name)) =>
            {
                let near = near.join(", ");
                Message::new(
                    format!(
                        "{place} 中没有任何数据文件；其中有 {near}：如果四个文件在其中一个里，请在 [source] 中写 zip = \"...\"（可含 {{date:%Y%m%d}}），否则请稍后重试"
                    ),
                    format!(
                        "none of the files is at {place}; there are {near}. If one of these holds the four files, write \
                         zip = \"...\" in [source], which may hold {{date:%Y%m%d}}; otherwise try later"
                    ),
                )
            }
            FetchError::NothingThere { place, near } if !near.is_empty() => {
                let near = near.join(", ");
                Message::new(
                    format!(
                        "{place} 中没有任何数据文件；其中有文件 {near}：如果就是这些文件，请在 [source] 的 files 中写明（可含 {{date:%Y%m%d}}），否则请稍后重试"
                    ),
                    format!(
                        "none of the files is at {place}; there are {near}. If these are the files, name them in \
                         files of [source], which may hold {{date:%Y%m%d}}; otherwise try later"
                    ),
                )
            }
            FetchError::NothingThere { place, .. } => Message::new(
                format!("{place} 中没有任何数据文件；可能尚未到达，请稍后重试，或核对路径和权限"),
                format!(
                    "none of the files is at {place}; they may not have come yet: try later, or \
                     check the path and its permissions"
                ),
            ),
            FetchError::NotReady { place, why, allowed } if allowed.is_zero() => Message::new(
                format!("{place} 的文件尚未到齐（{}）", why.zh),
                format!("the delivery at {place} is not complete yet ({})", why.en),
            ),
            FetchError::NotReady { place, why, allowed } => {
                let seconds = allowed.as_secs_f64();
                Message::new(
                    format!(
                        "{place} 的文件尚未到齐（{}），已等待 {seconds} 秒；请稍后重试，或调整 ready 和 deadline",
                        why.zh
                    ),
                    format!(
                        "the delivery at {place} is not complete yet ({}), after waiting {seconds} s; \
                         try later, or change ready and deadline",
                        why.en
                    ),
                )
            }
            FetchError::NotRefreshed { place, date } => Message::new(
                format!(
                    "{place} 的四个文件与已发布的 {date} 批次完全相同，尚未更新；请稍后重试，或联系提供方；确认无误时可用 --accept-unchanged 发布"
                ),
                format!(
                    "all files at {place} are those published for {date}: not refreshed yet; try later, or ask the provider; if that is right, publish them with \
                     --accept-unchanged"
                ),
            ),
            FetchError::StillRefused { place, run } => Message::new(
                format!("{place} 的文件与运行 {run} 未通过的批次完全相同；等待提供方重新交付"),
                format!(
                    "the files at {place} are still those that run {run} refused; a corrected \
                     delivery is waited for"
                ),
            ),
            FetchError::Cancelled => Message::fixed(
                "已按要求中止获取文件；未发布任何数据，可以重新运行",
                "the fetch was ended on request; nothing was published, run again at will",
            ),
            FetchError::TooManyConnections { server, reply } => Message::new(
                format!(
                    "{server} 暂不接受更多连接（{reply}）；请稍后重试，或把 connections 设为 1"
                ),
                format!(
                    "{server} takes no more connections for now ({reply}); try later, or set \
                     connections = 1"
                ),
            ),
            FetchError::NoRoom { path, needed, free } => Message::new(
                format!(
                    "{} 所在磁盘只剩 {free} 字节，下载需要 {needed} 字节；请腾出空间后重试",
                    path.display()
                ),
                format!(
                    "{} has {free} bytes free and the download needs {needed}; free some space and \
                     run again",
                    path.display()
                ),
            ),
            FetchError::NotBuiltIn { feature } => Message::new(
                format!("本程序编译时未启用 {feature}；请换用启用了该功能的版本"),
                format!("this program was built without {feature}; use one that was built with it"),
            ),
            FetchError::Unreachable { server, reason } => Message::new(
                format!(
                    "无法连接服务器 {server}（{}）；请检查主机名、端口、网络和防火墙",
                    reason.zh
                ),
                format!(
                    "cannot reach {server} ({}); check host, port, network and firewall",
                    reason.en
                ),
            ),
            FetchError::UnknownHost { server } => Message::new(
                format!("主机名 {server} 不存在；请核对 [source] 中的 host"),
                format!("the host name of {server} does not exist; check host in [source]"),
            ),
            FetchError::LoginRefused { server, username, reply, gbk_untried } => {
                let (zh, en) = match gbk_untried {
                    true => (
                        "。用户名或密码含非 ASCII 字符，是以 UTF-8 发送的；中文 Windows 上的服务器多需 encoding = \"gbk\"",
                        ". They hold characters outside ASCII and went out in UTF-8; servers on Chinese Windows mostly \
                         need encoding = \"gbk\"",
                    ),
                    false => ("", ""),
                };
                Message::new(
                    format!(
                        "{server} 拒绝用户 {username} 登录（{reply}）；请核对用户名和密码（或私钥）。为避免账号被锁定，不再重试{zh}"
                    ),
                    format!(
                        "{server} refuses the login of {username} ({reply}); check user name and \
                         password or key. Tried once only, so as not to lock the account{en}"
                    ),
                )
            }
            FetchError::TlsRefused { server, reply } => Message::new(
                format!(
                    "{server} 不接受加密连接（{reply}）；请提供方启用 FTPS，或改用 kind = \"ftp\""
                ),
                format!(
                    "{server} does not take an encrypted connection ({reply}); ask for FTPS, or \
                     use kind = \"ftp\""
                ),
            ),
            FetchError::TlsRequired { server, reply } => Message::new(
                format!("{server} 只接受加密连接（{reply}）；请改用 kind = \"ftps\""),
                format!("{server} takes no login without TLS ({reply}); use kind = \"ftps\""),
            ),
            FetchError::DataModeRefused { server, reply, active: false } => Message::new(
                format!(
                    "{server} 拒绝被动模式（{reply}）；请在 [source] 中设置 mode = \"active\"，并用 active_ports 指定本机开放的端口，NAT 之后再设 active_address"
                ),
                format!(
                    "{server} refuses passive mode ({reply}); set mode = \"active\" in [source], active_ports to the ports \
                     that are open here and, behind a NAT, active_address"
                ),
            ),
            FetchError::DataModeRefused { server, reply, active: true } => Message::new(
                format!(
                    "{server} 拒绝主动模式（{reply}）；请核对 active_address，或去掉 mode = \"active\""
                ),
                format!(
                    "{server} refuses active mode ({reply}); check active_address, or take mode = \"active\" out"
                ),
            ),
            FetchError::NotTrusted { server, reason, certificate: None } => Message::new(
                format!(
                    "不信任 {server} 的证书（{}）；请核实后在 tls 中设置 pin_sha256 或 ca",
                    reason.zh
                ),
                format!(
                    "the certificate of {server} is not trusted ({}); after verifying it set \
                     pin_sha256 or ca in tls",
                    reason.en
                ),
            ),
            FetchError::NotTrusted { server, reason, certificate: Some(certificate) } => {
                let fingerprint = &certificate.fingerprint;
                let shown = shown_certificate(certificate);
                Message::new(
                    format!(
                        "不信任 {server} 的证书（{}）：{}；请先与提供方核实指纹，再在 [source] 中写：tls = {{ pin_sha256 = \"{fingerprint}\" }}",
                        reason.zh, shown.zh
                    ),
                    format!(
                        "the certificate of {server} is not trusted ({}): it shows {}; verify the fingerprint \
                         with its owner, then write in [source]: tls = {{ pin_sha256 = \"{fingerprint}\" }}",
                        reason.en, shown.en
                    ),
                )
            }
            FetchError::HostKey { server, shown, pinned } => {
                // Each is the fingerprint and the kind of a key.
                let line = shown.first().and_then(|key| key.split(' ').next());
                let line = format!("host_key = \"{}\"", line.unwrap_or("SHA256:..."));
                let shown = shown.join(", ");
                let (zh, en) = if *pinned {
                    ("与 host_key 指定的不符", "does not match host_key")
                } else {
                    ("任务文件未指定 host_key", "the job file does not name: it has no host_key")
                };
                Message::new(
                    format!(
                        "不信任 {server} 的主机密钥，其指纹为 {shown}：{zh}；请先与提供方核实指纹，再在 [source] 中写：{line}"
                    ),
                    format!(
                        "the host key of {server} is not trusted: its fingerprint is {shown}, which {en}; verify the \
                         fingerprint with its owner, then write in [source]: {line}"
                    ),
                )
            }
            FetchError::NoSharedAlgorithm { server, what, offered } => {
                let old = |name: &&str| OLD_ALGORITHMS.iter().any(|old| old[1..] == **name);
                let (zh, en) = match offered.split(',').find(old) {
                    Some(name) => (
                        format!("；一时无法升级时，可在 [source] 的 algorithms 中加上 \"+{name}\""),
                        format!("; until then add \"+{name}\" to algorithms in [source]"),
                    ),
                    None => (
                        format!("；可用 algorithms 启用的旧算法只有 {}", OLD_ALGORITHMS.join("、")),
                        format!(
                            "; of old ones algorithms can add only {}",
                            OLD_ALGORITHMS.join(", ")
                        ),
                    ),
                };
                Message::new(
                    format!(
                        "与 {server} 没有共同支持的安全算法（{}）：服务器只提供 {offered}；请提供方升级 SSH 服务或启用较新的算法{zh}",
                        what.zh
                    ),
                    format!(
                        "{server} has no safe algorithm in common with orgsnap for {}: it offers only \
                         {offered}; ask its administrator to switch newer ones on{en}",
                        what.en
                    ),
                )
            }
            FetchError::LoginMethod { server, takes } if takes.contains("SHA-1") => Message::new(
                format!(
                    "{server} 对 RSA 私钥只支持不安全的旧签名 {takes}；请提供方升级 SSH 服务，或换用 ed25519 私钥；一时不能更换时，可在 [source] 中写 algorithms = [\"+ssh-rsa\"]"
                ),
                format!(
                    "{server} takes from RSA keys only the old signature {takes}, which is not safe; ask for a newer SSH \
                     server or use an ed25519 key; until then write algorithms = [\"+ssh-rsa\"] in [source]"
                ),
            ),
            FetchError::LoginMethod { server, takes } => Message::new(
                format!(
                    "{server} 只支持以下登录方式：{takes}；请在 [source] 中设置相应的 key（私钥）或 password"
                ),
                format!(
                    "{server} accepts only these authentication methods: {takes}; set the key or password that it \
                     asks for in [source]"
                ),
            ),
            FetchError::PrivateKey { reason } => Message::new(
                format!("私钥无法使用：{}；请修改 [source] 的 key 或 key_passphrase", reason.zh),
                format!(
                    "the private key cannot be used: {}; change key or key_passphrase in [source]",
                    reason.en
                ),
            ),
            FetchError::TlsSetup { reason } => Message::new(
                format!("TLS 设置无法使用：{}；请修改任务文件的 tls", reason.zh),
                format!(
                    "the TLS settings cannot be used: {}; change tls in the job file",
                    reason.en
                ),
            ),
            FetchError::Interrupted { what, reason } => Message::new(
                format!("{what} 的传输未完成（{}）；请稍后重试", reason.zh),
                format!("the transfer of {what} did not complete ({}); try again later", reason.en),
            ),
            FetchError::Changing { what } => Message::new(
                format!("{what} 在读取期间发生变化，可能仍在写入；请稍后重试"),
                format!(
                    "{what} changed while it was read, so it is still being written; try later"
                ),
            ),
            FetchError::NoPermission { what, reply } => Message::new(
                format!("账号没有权限读取 {what}（{reply}）；请提供方授予读取权限"),
                format!(
                    "the account may not read {what} ({reply}); ask for the permission to read it"
                ),
            ),
            FetchError::FileRefused { what, reply } => Message::new(
                format!("服务器上有 {what}，但拒绝下载（{reply}）；可能正被占用，请稍后重试"),
                format!(
                    "the server has {what} but does not hand it out ({reply}); it may be \
                     in use: try later"
                ),
            ),
            FetchError::NotStored { what, reply } => Message::new(
                format!(
                    "服务器没有接受 {what}（{reply}）；请检查账号的写入权限、上级目录是否存在，以及服务器的剩余空间"
                ),
                format!(
                    "the server does not take {what} ({reply}); check that the account may write there, that the \
                     directory above is there, and that the server has space"
                ),
            ),
            FetchError::Protocol { server, reply } => Message::new(
                format!("{server} 的响应不符合协议（{reply}）；请联系服务器管理员"),
                format!(
                    "{server} does not answer as the protocol asks ({reply}); ask its administrator"
                ),
            ),
            FetchError::Deadline { allowed, last } => {
                let seconds = allowed.as_secs_f64();
                let (zh, en) = match last {
                    Some(last) => {
                        let last = last.message();
                        (format!("；最后一次：{}", last.zh), format!("; at last: {}", last.en))
                    }
                    None => (String::new(), String::new()),
                };
                Message::new(
                    format!("获取文件超过 {seconds} 秒的总时限（deadline）{zh}"),
                    format!("the fetch passed its deadline of {seconds} s{en}"),
                )
            }
            FetchError::Denied { path } => Message::new(
                format!("没有权限读取 {}；请修改其权限", path.display()),
                format!("no permission to read {}; change its permissions", path.display()),
            ),
            FetchError::NotAFile { path } => Message::new(
                format!("{} 不是普通文件；请将其移走", path.display()),
                format!("{} is not a regular file; move it away", path.display()),
            ),
            FetchError::NotAFolder { path } => Message::new(
                format!("{} 是一个文件，不是目录；请更正任务文件中的 path", path.display()),
                format!("{} is a file and no folder; correct path in the job file", path.display()),
            ),
            FetchError::Unreadable { path, source } => {
                let (path, Message { zh, en }) = (path.display(), system_reason(source));
                Message::new(
                    format!("无法读取 {path}：{zh}；请核对路径和磁盘"),
                    format!("cannot read {path}: {en}; check the path and the disk"),
                )
            }
            FetchError::NotAFileName { name } => Message::new(
                format!("文件名 {name:?} 无效；请只写文件名，不含路径，且四个文件各不相同"),
                format!(
                    "the file name {name:?} is none; write a bare name, no path, another for each of \
                     the four files"
                ),
            ),
            FetchError::Password(error) => error.message(),
            FetchError::Disk(error) => error.message(),
        }
    }
}

/// What a certificate says of itself.
fn shown_certificate(certificate: &CertificateSummary) -> Message {
    let unknown = Message::fixed("未知", "unknown");
    let same = |text: String| Message::new(text.clone(), text);
    let subject = certificate.subject.clone().map_or_else(|| unknown.clone(), same);
    let until =
        certificate.validity.map(|(_, until)| until.format("%Y-%m-%d %H:%M UTC").to_string());
    let until = until.map_or(unknown, same);
    let fingerprint = &certificate.fingerprint;
    Message::new(
        format!("SHA-256 指纹 {fingerprint}，主体 {}，有效期至 {}", subject.zh, until.zh),
        format!("SHA-256 {fingerprint}, subject {}, valid until {}", subject.en, until.en),
    )
}
