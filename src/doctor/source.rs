//! The file server, step by step, and the four files there.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::config::job::{CertificateTrust, Job, Source, Tls};
use crate::config::schema::Schema;
use crate::fetch::{self, FetchError, FileLook, Request, SourceLook, Stage};
use crate::model::{Feed, Message};
use crate::report::formatting::size;

use super::certificate;
use super::step::{Step, into_job_file, joined, same};
use super::subject::Subject;
use super::surroundings::Surroundings;
use super::who::Who;

/// How long a whole look may take: nobody waits for a doctor as long as for a delivery.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long one answer may take. Some servers take ten seconds for a login.
const ANSWER: Duration = Duration::from_secs(30);

/// The stages, each with the step that it is.
const STAGES: [(Stage, Subject); 6] = [
    (Stage::Name, Subject::SourceName),
    (Stage::Port, Subject::SourcePort),
    (Stage::Security, Subject::SourceSecurity),
    (Stage::Login, Subject::SourceLogin),
    (Stage::Folder, Subject::SourceFolder),
    (Stage::Files, Subject::SourceFiles),
];

/// What was seen of the source of a job, and on which date's delivery.
pub(super) struct Looked {
    /// The business date.
    pub(super) date: NaiveDate,
    /// What was seen.
    pub(super) look: SourceLook,
}

/// Looks at the delivery of today or, where a date is part of the path or the names and nothing is there yet, of yesterday.
pub(super) fn look(job: &Job, schema: &Schema, around: &Surroundings<'_>) -> Option<Looked> {
    let mut source = job.source.clone()?;
    let fetching = source.fetching_mut();
    fetching.deadline = fetching.deadline.min(PATIENCE);
    fetching.timeout = fetching.timeout.min(ANSWER);
    let today = job.business_date(around.now);
    let on = |date| {
        let look = fetch::look(&Request {
            source: &source,
            schema,
            date,
            max_file_size: job.max_file_size,
            workdir: around.data,
            cancel: around.cancel,
            caller_polls: true,
            earlier: &[],
        });
        Looked { date, look }
    };
    let looked = on(today);
    let nothing = match (&looked.look.failed, &looked.look.files) {
        (Some((stage, _)), _) => *stage == Stage::Folder,
        (None, Some(files)) => files.iter().all(|file| file.seen.is_none()),
        (None, None) => true,
    };
    if !(nothing && source.is_dated()) {
        return Some(looked);
    }
    let yesterday = on(today - Days::new(1));
    let found =
        yesterday.look.files.as_ref().is_some_and(|files| files.iter().any(|f| f.seen.is_some()));
    Some(if found { yesterday } else { looked })
}

/// The size of a delivery, as far as it is known.
pub(super) fn delivery_size(looked: &Looked) -> Option<u64> {
    let files = looked.look.files.as_ref()?;
    let sizes = files.iter().filter_map(|file| file.seen.as_ref()?.size);
    sizes.fold(None, |sum, size| Some(sum.unwrap_or(0_u64).saturating_add(size)))
}

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
    const EXAMPLE: &str = "[source]\nkind = \"ftps\"          # ftp、ftps、ftps-implicit、sftp 或 dir\nhost = \"\"              # 访问 FTP 的地址\nport = 21              # 端口号\npath = \"\"              # 文件路径\nusername = \"\"          # 用户名\npassword = { env = \"INSURER_FTP_PASSWORD\" }   # 密码";
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
        Subject::SourceName => step.pasting(into_job_file(), EXAMPLE),
        _ => step,
    }
}

/// A step that was not come to.
pub(super) fn not_reached(subject: Subject, at: Stage) -> Step {
    let before = STAGES.iter().find(|(stage, _)| *stage == at).map_or("五", |(_, s)| s.number());
    Step::not_checkable(
        subject,
        Message::new(
            format!("{before} 未通过，未执行到这一步"),
            format!("not come to: {before} failed"),
        ),
        Message::new(format!("请先解决 {before}"), format!("settle {before} first")),
    )
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
    let advice = match stage {
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
    let step = Step::failed(subject, error.message(), advice);
    match error {
        FetchError::NotTrusted { certificate: Some(certificate), .. } => {
            let pin = format!("tls = {{ pin_sha256 = \"{}\" }}", certificate.fingerprint);
            step.pasting(into_section(), pin)
        }
        FetchError::HostKey { shown, .. } => {
            let keys = shown.iter().filter_map(|key| key.split(' ').next());
            keys.fold(step, |step, key| {
                step.pasting(into_section(), format!("host_key = \"{key}\""))
            })
        }
        FetchError::TlsRequired { .. } => step.pasting(into_section(), "kind = \"ftps\""),
        FetchError::Password(_) => step.by(Who::Vendor),
        _ => step,
    }
}

fn into_section() -> Message {
    Message::fixed("任务文件 [source]（核实之后）", "[source] of the job file, once verified")
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
        Stage::Files => files(subject, job, looked, now),
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

/// The four files: whether they are there, how large and how old they are.
fn files(subject: Subject, job: &Job, looked: &Looked, now: DateTime<Utc>) -> Step {
    let (Some(files), Some(source)) = (&looked.look.files, &job.source) else {
        return not_reached(subject, Stage::Folder);
    };
    let freshness = source.fetching().freshness;
    let (mut seen, mut missing, mut stale) = (Vec::new(), false, false);
    let mut renamed = Vec::new();
    for feed in Feed::ALL {
        let file = &files[feed];
        seen.push(file_seen(file, now));
        match &file.seen {
            None => {
                missing = true;
                if let [near] = file.near.as_slice() {
                    renamed.push(format!("{feed} = {}", toml::Value::from(near.as_str())));
                }
            }
            Some(there) => {
                let age = there.mtime.and_then(|mtime| (now - mtime).to_std().ok());
                stale |= age.zip(freshness).is_some_and(|(age, most)| age > most);
            }
        }
    }
    let mut all = joined(&seen, "；", "; ");
    if looked.date != job.business_date(now) {
        let date = looked.date;
        all = Message::new(format!("{date} 的批次：{}", all.zh), format!("of {date}: {}", all.en));
    }
    if let Some((name, false)) = &looked.look.marker {
        all = Message::new(
            format!("{}；标志文件 {name} 尚未出现", all.zh),
            format!("{}; the marker {name} is not there yet", all.en),
        );
        missing = true;
    }
    if missing {
        let step = Step::failed(
            subject,
            all,
            Message::fixed(
                "请保险公司按约定的文件名交付全部文件；文件名不同时在 [source] 的 files 中写明（可含 {date:%Y%m%d}）",
                "have the insurer deliver all files under their names; where the names differ, write them in files of [source], which may hold {date:%Y%m%d}",
            ),
        );
        return match renamed.is_empty() {
            true => step,
            false => step.pasting(into_section(), format!("files = {{ {} }}", renamed.join(", "))),
        };
    }
    match stale {
        false => Step::ok(subject, all),
        true => Step::failed(
            subject,
            all,
            Message::fixed(
                "文件早于 [source] 的 freshness：请保险公司确认导出任务仍在运行",
                "files are older than freshness in [source] allows: have the insurer see that the export still runs",
            ),
        ),
    }
}

fn file_seen(file: &FileLook, now: DateTime<Utc>) -> Message {
    let name = &file.name;
    let Some(seen) = &file.seen else {
        let near = file.near.join(", ");
        return match near.is_empty() {
            true => Message::new(format!("{name} 不存在"), format!("{name} is not there")),
            false => Message::new(
                format!("{name} 不存在（有 {near}）"),
                format!("{name} is not there ({near} is)"),
            ),
        };
    };
    let bytes = seen.size.map(size).unwrap_or_else(|| "?".to_owned());
    let age = seen.mtime.map(|mtime| (now - mtime).num_minutes());
    let (zh, en) = match age {
        None => (String::new(), String::new()),
        // Servers that give local time for UTC are hours ahead.
        Some(..0) => {
            ("，时间晚于本机".to_owned(), ", dated later than this machine's clock".to_owned())
        }
        Some(minutes @ 0..120) => {
            (format!("，{minutes} 分钟前"), format!(", {minutes} minutes old"))
        }
        Some(minutes @ 120..2_880) => {
            (format!("，{} 小时前", minutes / 60), format!(", {} hours old", minutes / 60))
        }
        Some(minutes) => {
            (format!("，{} 天前", minutes / 1_440), format!(", {} days old", minutes / 1_440))
        }
    };
    Message::new(format!("{name} {bytes}{zh}"), format!("{name} {bytes}{en}"))
}
