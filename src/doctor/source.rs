//! The file server, step by step.

use chrono::{DateTime, Utc};

use crate::config::job::{CertificateTrust, Job, Source, Tls};
use crate::fetch::{FetchError, SourceLook, Stage};
use crate::model::Message;

use super::certificate;
use super::source_files;
use super::source_look::{Looked, STAGES, not_reached};
use super::step::{Step, same};
use super::subject::Subject;
use super::who::Who;

/// The steps about the server.
pub(super) fn judge(job: &Job, looked: Option<&Looked>, now: DateTime<Utc>) -> Vec<Step> {
    let (Some(source), Some(looked)) = (&job.source, looked) else {
        return STAGES.iter().map(|(_, subject)| without_source(*subject)).collect();
    };
    let failed = looked.look.failed.as_ref();
    let step = |(stage, subject): &(Stage, Subject)| match failed {
        _ if matches!(source, Source::Dir { .. }) && *stage < Stage::Folder => Step::not_needed(
            *subject,
            Message::fixed(
                "数据源是本机目录，不需要",
                "not needed: the source is a folder of this machine",
            ),
        ),
        Some((at, error)) if at == stage => fault(*subject, *stage, error, &looked.look, source),
        Some((at, _)) if at < stage => not_reached(*subject, *at),
        _ => works(*subject, *stage, job, source, looked, now),
    };
    STAGES.iter().map(step).collect()
}

fn without_source(subject: Subject) -> Step {
    const EXAMPLE: &str = "[source]\nkind = \"ftps\"   # ftp、ftps、ftps-implicit、sftp 或 dir\nhost = \"ftp.insurer.example.com\"   # 访问 FTP 的地址\nport = 21   # 端口号\npath = \"/export\"   # 文件路径\nusername = \"jiniu\"   # 用户名\npassword = { env = \"INSURER_FTP_PASSWORD\" }   # 密码";
    let step = Step::not_configured(
        subject,
        Message::fixed("任务文件没有 [source]", "the job file has no [source]"),
        Message::fixed(
            "请保险公司提供 FTP 的 host、port、path、username、password，写入任务文件",
            "have the insurer give host, port, path, username and password of the file server, and write them into the job file",
        ),
    )
    .by(Who::Both);
    match subject {
        Subject::SourceName => step.for_job(EXAMPLE),
        _ => step,
    }
}

/// The address and account of a server; empty for a folder.
fn account(source: &Source) -> (String, u16, &str) {
    match source {
        Source::Dir { .. } => (String::new(), 0, ""),
        Source::Ftp(account) => (account.host.clone(), account.port, &account.username),
        Source::Sftp(account) => (account.host.clone(), account.port, &account.username),
    }
}

fn fault(
    subject: Subject,
    stage: Stage,
    error: &FetchError,
    look: &SourceLook,
    source: &Source,
) -> Step {
    let (host, port, username) = account(source);
    let no_such_service = stage == Stage::Port && look.accepts;
    let advice = match stage {
        Stage::Port if no_such_service => Message::fixed(
            "请与保险公司核对 [source] 的 port 和 kind（通常 ftp、ftps 为 21，ftps-implicit 为 990，sftp 为 22），并确认该端口上是文件服务",
            "settle port and kind of [source] with the insurer (mostly 21 for ftp and ftps, 990 for ftps-implicit, 22 for sftp), and that a file server runs at that port",
        ),
        Stage::Name => Message::new(
            format!(
                "请保险公司确认 {host} 是否正确；内网域名须在本机的 DNS 或 /etc/hosts 中可解析"
            ),
            format!(
                "have the insurer confirm {host}; a name of an inner network has to be known to this machine's DNS or /etc/hosts"
            ),
        ),
        Stage::Port => Message::new(
            format!("请保险公司确认 {host} 的 {port} 端口已启动服务，并在防火墙放行本机的出口 IP"),
            format!(
                "have the insurer confirm that the service runs at port {port} of {host}, and open the firewall to this machine's address"
            ),
        ),
        Stage::Security => Message::fixed(
            "请与保险公司核实服务器的证书或主机密钥后写入任务文件",
            "verify the certificate or the host key with the insurer, then write it into the job file",
        ),
        Stage::Login => Message::new(
            format!(
                "请保险公司确认用户 {username} 的密码（或私钥）有效、未被锁定，且允许从本机 IP 登录；本次只尝试了一次"
            ),
            format!(
                "have the insurer confirm that the password or key of {username} is valid, that the account is not locked and may be used from this address; it was tried once only"
            ),
        ),
        Stage::Folder => Message::new(
            format!("请保险公司确认目录 {} 存在且账号可读，或更正 [source] 的 path", look.place),
            format!(
                "have the insurer confirm that {} is there and may be read, or correct path in [source]",
                look.place
            ),
        ),
        Stage::Files => Message::fixed(
            "请根据提示与保险公司确认服务器的设置",
            "settle what it says with whoever runs the server",
        ),
    };
    let mut seen = error.message();
    if no_such_service {
        // That it cannot be reached would be a contradiction.
        if let FetchError::Unreachable { reason, .. } = error {
            seen = reason.clone();
        }
        let protocol = if matches!(source, Source::Sftp(_)) { "SFTP" } else { "FTP" };
        seen = Message::new(
            format!("{host}:{port} 有程序接受连接，但不是 {protocol}：{}", seen.zh),
            format!("something answers at {host}:{port}, but not {protocol}: {}", seen.en),
        );
    }
    let step = Step::failed(subject, seen, advice);
    match error {
        FetchError::NotTrusted { certificate: Some(certificate), .. } => {
            let pin = format!("tls = {{ pin_sha256 = \"{}\" }}", certificate.fingerprint);
            step.for_job(format!("[source]\n{pin}"))
        }
        FetchError::HostKey { shown, .. } => {
            let keys = shown.iter().filter_map(|key| key.split(' ').next());
            keys.fold(step, |step, key| step.for_job(format!("[source]\nhost_key = \"{key}\"")))
        }
        FetchError::TlsRequired { .. } => step.for_job("[source]\nkind = \"ftps\""),
        FetchError::Password(_) => step.by(Who::Vendor),
        _ => step,
    }
}

fn works(
    subject: Subject,
    stage: Stage,
    job: &Job,
    source: &Source,
    looked: &Looked,
    now: DateTime<Utc>,
) -> Step {
    let look = &looked.look;
    let (host, port, username) = account(source);
    match stage {
        Stage::Name => {
            let addresses: Vec<String> = look.addresses.iter().map(ToString::to_string).collect();
            Step::ok(subject, same(format!("{host} -> {}", addresses.join(", "))))
        }
        Stage::Port => Step::ok(
            subject,
            Message::new(format!("{host}:{port} 可连接"), format!("{host}:{port} answers")),
        ),
        Stage::Security => security(subject, source, look, now),
        Stage::Login => Step::ok(
            subject,
            Message::new(format!("用户 {username} 登录成功"), format!("{username} is logged in")),
        ),
        Stage::Folder => Step::ok(
            subject,
            Message::new(
                format!("{} 可进入", look.place),
                format!("{} can be entered", look.place),
            ),
        ),
        Stage::Files => source_files::judge(job, looked, now),
    }
}

fn security(subject: Subject, source: &Source, look: &SourceLook, now: DateTime<Utc>) -> Step {
    let pinned = match source {
        Source::Ftp(account) => match &account.tls {
            Tls::Plain => {
                return Step::not_configured(
                    subject,
                    Message::fixed(
                        "kind = \"ftp\" 不加密，密码和数据以明文传输",
                        "kind = \"ftp\" is not encrypted: password and rosters travel in the clear",
                    ),
                    Message::fixed(
                        "请保险公司启用 FTPS 或 SFTP，再改写 kind",
                        "have the insurer switch FTPS or SFTP on, then change kind",
                    ),
                );
            }
            Tls::Explicit(trust) | Tls::Implicit(trust) => {
                matches!(trust, CertificateTrust::Pin(_))
            }
        },
        _ => {
            return Step::ok(
                subject,
                Message::fixed("主机密钥与 host_key 一致", "the host key is that of host_key"),
            );
        }
    };
    let (seen, ends_soon) = certificate::judge(look.certificate.as_ref(), pinned, now);
    match ends_soon {
        false => Step::ok(subject, seen),
        true => Step::failed(
            subject,
            seen,
            Message::fixed(
                "证书即将到期：请保险公司更换证书，否则到期后无法获取文件",
                "it ends soon: have the insurer replace it, or no file comes after that day",
            ),
        )
        .by(Who::Insurer),
    }
}
