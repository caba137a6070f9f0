//! The public address: what answers there, the files that verify the domain, and the first page from various origins.

use chrono::{DateTime, Utc};

use crate::config::job::Job;
use crate::model::Message;
use crate::tls::CertificateSummary;

use super::certificate;
use super::clock::OtherClock;
use super::public_url;
use super::step::{Step, joined, same};
use super::subject::Subject;
use super::visitor::{Answer, Visitor};
use super::who::Who;

/// A page of nobody: the name is reserved for examples (RFC 2606).
const FOREIGN: &str = "https://referer-check.example/";

/// What the public address answered.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Each verification file.
    pub(super) files: Vec<(String, Result<Answer, Message>)>,
    /// The first page, coming from nowhere.
    pub(super) none: Option<Result<Answer, Message>>,
    /// The first page, coming from a foreign page; no answer if the connection was closed without one.
    pub(super) foreign: Option<Result<Option<Answer>, Message>>,
    /// The first page, coming from each of the insurer's domains.
    pub(super) own: Vec<(String, Result<Answer, Message>)>,
}

impl Asked {
    /// Whether there was any answer.
    pub(super) fn is_answered(&self) -> bool {
        let files = self.files.iter().map(|(_, answer)| answer);
        self.none.iter().chain(files).any(Result::is_ok)
    }

    /// Nothing could be asked.
    pub(super) fn not_asked(reason: Message) -> Asked {
        Asked { none: Some(Err(reason)), ..Asked::default() }
    }
}

/// What is waited for when the public address is asked.
pub(super) fn part(job: &Job) -> Message {
    let url = job.wecom.public_url.as_deref().unwrap_or_default();
    Message::new(
        format!("0.8、三、八 对外地址 {url}"),
        format!("0.8 and 三 and 八 (the public address {url})"),
    )
}

/// Asks the public address of a job, if it has one.
pub(super) fn ask(job: &Job, visitor: &Visitor<'_>) -> Asked {
    let Some(base) = job.wecom.public_url.as_deref() else { return Asked::default() };
    let page = format!("{base}/");
    let files = job.wecom.domain_verification.iter().map(|file| {
        let answer = visitor.get(&format!("{base}/{}", file.file), None);
        (file.file.clone(), answer)
    });
    let files = files.collect();
    let none = visitor.get(&page, None);
    // Whoever does not answer once is not asked four times.
    if none.is_err() {
        return Asked { files, none: Some(none), foreign: None, own: Vec::new() };
    }
    let own = job.site.domains.iter().map(|domain| {
        let name = match domain.strip_prefix("*.") {
            Some(rest) => format!("www.{rest}"),
            None => domain.clone(),
        };
        let answer = visitor.get(&page, Some(&format!("https://{name}/")));
        (name, answer)
    });
    let own = own.collect();
    let foreign = visitor.get_or_closed(&page, Some(FOREIGN));
    Asked { files, none: Some(none), foreign: Some(foreign), own }
}

/// The clock of the server.
pub(super) fn clock(asked: &Asked) -> Option<OtherClock> {
    let answers = asked.none.iter().chain(asked.files.iter().map(|(_, answer)| answer));
    let (said, here) = answers.filter_map(|answer| answer.as_ref().ok()?.date).next()?;
    Some(OtherClock {
        whose: Message::fixed("对外地址的服务器", "the server of public_url"),
        said,
        here,
    })
}

/// The steps 0.8, 三.2 and 八.1. `certificate` is the one that the server showed.
pub(super) fn judge(
    job: &Job,
    asked: &Asked,
    certificate: Option<&CertificateSummary>,
    now: DateTime<Utc>,
) -> Vec<Step> {
    let address = address(job, asked, certificate, now);
    vec![address, verification(job, asked), domains(job)]
}

/// Whether a page answers at the public address, and how long its certificate is valid.
fn address(
    job: &Job,
    asked: &Asked,
    certificate: Option<&CertificateSummary>,
    now: DateTime<Utc>,
) -> Step {
    const SUBJECT: Subject = Subject::PublicAddress;
    let (Some(base), Some(answer)) = (&job.wecom.public_url, &asked.none) else {
        return public_url::missing(SUBJECT);
    };
    match answer {
        Err(reason) => Step::failed(
            SUBJECT,
            Message::new(
                format!("{base}/ 无法访问：{}", reason.zh),
                format!("{base}/ cannot be reached: {}", reason.en),
            ),
            Message::fixed(
                "请保险公司检查域名解析、防火墙和 nginx 的证书；只能从外网访问时，请在外网的机器上执行本命令",
                "have the insurer check the name, the firewall and the certificate of nginx; where it answers the internet only, run this on a machine there",
            ),
        ),
        Ok(_) if !base.starts_with("https://") => Step::failed(
            SUBJECT,
            Message::new(
                format!("{base}/ 可访问，但没有加密"),
                format!("{base}/ answers, and is not encrypted"),
            ),
            Message::fixed(
                "请使用 https:// 的地址：登录和回调都不应明文传输",
                "use an address with https://: neither logins nor callbacks should travel in the clear",
            ),
        ),
        Ok(answer) => {
            let (validity, ends_soon) = certificate::judge(certificate, false, now);
            let what = status(answer);
            let seen = Message::new(
                format!("{base}/ 可访问（{}），{}", what.zh, validity.zh),
                format!("{base}/ answers ({}), {}", what.en, validity.en),
            );
            if ends_soon {
                return Step::failed(
                    SUBJECT,
                    seen,
                    Message::fixed(
                        "证书即将到期：请更换 nginx 的证书，否则回调和登录都会中断",
                        "it ends soon: replace the certificate of nginx, or callbacks and logins end with it",
                    ),
                );
            }
            match answer.status {
                200..=399 => Step::ok(SUBJECT, seen),
                500.. => Step::failed(
                    SUBJECT,
                    seen,
                    Message::fixed(
                        "网站自身出错：请查看 nginx 及其后端的错误日志，恢复后重新执行",
                        "the site itself is at fault: see the error log of nginx and of what stands behind it, then run this again",
                    ),
                ),
                401 | 407 => Step::not_checkable(
                    SUBJECT,
                    seen,
                    Message::fixed(
                        "首页要求密码，看不到背后的网站：企业微信不会输入密码，请确认回调、WW_verify_*.txt 和应用页面无需密码",
                        "the first page asks for a password, so the site behind it is not seen: WeCom enters none; make sure that callbacks, WW_verify_*.txt and the pages of the application need none",
                    ),
                ),
                _ => Step::not_checkable(
                    SUBJECT,
                    seen,
                    Message::fixed(
                        "服务器可达，但首页没有内容，无法确认是否为该应用的网站：请把应用首页放到 nginx 的 root 目录，并核对域名指向的服务器",
                        "a server is there, but without a first page, so that it may be another site: put the application's first page into root of nginx, and see that the name leads to the right server",
                    ),
                ),
            }
        }
    }
}

fn verification(job: &Job, asked: &Asked) -> Step {
    const SUBJECT: Subject = Subject::DomainVerification;
    let Some(base) = &job.wecom.public_url else { return public_url::missing(SUBJECT) };
    if job.wecom.domain_verification.is_empty() {
        return Step::not_configured(
            SUBJECT,
            Message::fixed("没有 [[domain_verification]]", "there is no [[domain_verification]]"),
            Message::fixed(
                "使用 JS-SDK 时：保险公司在“网页授权及 JS-SDK -> 申请校验域名”下载 WW_verify_*.txt，把文件名交给集牛写入任务文件，再勾选“已上传”",
                "for the JS-SDK: the insurer downloads WW_verify_*.txt at 网页授权及 JS-SDK -> 申请校验域名 and hands its name over for the job file, then ticks 已上传",
            ),
        )
        .for_job("[[domain_verification]]\nfile = \"WW_verify_XXXXXXXXXXXXXXXX.txt\"");
    }
    let mut faults = Vec::new();
    for (file, (name, answer)) in job.wecom.domain_verification.iter().zip(&asked.files) {
        let fault = match answer {
            Err(reason) => reason.clone(),
            Ok(answer) if answer.status == 200 && answer.body == file.content.as_bytes() => {
                continue;
            }
            Ok(answer)
                if answer.status == 200 && answer.body.trim_ascii() == file.content.as_bytes() =>
            {
                Message::fixed("内容前后有多余字符", "there is something around the content")
            }
            Ok(answer) if answer.status == 200 => {
                Message::fixed("返回 200，但内容不符", "200, but another content")
            }
            Ok(answer) => status(answer),
        };
        faults.push(Message::new(format!("{name}：{}", fault.zh), format!("{name}: {}", fault.en)));
    }
    let urls = || job.wecom.domain_verification.iter().map(|file| format!("{base}/{}", file.file));
    match faults.is_empty() {
        true => {
            let names = urls().collect::<Vec<_>>().join(", ");
            Step::ok(
                SUBJECT,
                Message::new(format!("{names} 内容正确"), format!("{names}: the right content")),
            )
        }
        false => {
            let step = Step::failed(
                SUBJECT,
                joined(&faults, "；", "; "),
                Message::fixed(
                    "请把根目录下的 WW_verify_*.txt 转发给 orgsnap serve（配置见 orgsnap wecom nginx），不要重定向；之后保险公司在企业微信勾选“已上传域名归属校验文件”",
                    "pass WW_verify_*.txt at the root on to orgsnap serve (orgsnap wecom nginx prints the lines), without a redirect; then the insurer ticks 已上传域名归属校验文件",
                ),
            )
            .by(Who::Vendor);
            let step = urls().fold(step, |step, url| {
                step.pasting(
                    Message::fixed("应可访问的地址", "the address that has to answer"),
                    url,
                )
            });
            public_url::with_its_path(job, step)
        }
    }
}

/// What an answer is, by its status.
pub(super) fn status(answer: &Answer) -> Message {
    match &answer.location {
        Some(to) => Message::new(format!("被重定向到 {to}"), format!("sent on to {to}")),
        None => {
            Message::new(format!("状态码 {}", answer.status), format!("status {}", answer.status))
        }
    }
}

fn domains(job: &Job) -> Step {
    const SUBJECT: Subject = Subject::SiteDomains;
    match job.site.domains.as_slice() {
        [] => Step::not_configured(
            SUBJECT,
            Message::fixed("没有 [site] domains", "there is no [site] domains"),
            Message::fixed("请保险公司提供允许链接到应用的域名，写入任务文件", "have the insurer name the domains that may link to the application, and write them into the job file"),
        )
        .by(Who::Both)
        .for_job("[site]\ndomains = [\"*.insurer.example.com\"]"),
        domains => Step::ok(SUBJECT, same(domains.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::step::State;
    use super::*;

    #[test]
    fn a_public_address_is_right_if_a_page_is_there() {
        let text = "tenant = \"t\"\npublic_url = \"https://w.example.com\"\n";
        let job = crate::config::job::parse(Path::new("x.toml"), text, &|_| None).unwrap();
        let now = "2026-11-28T10:00:00Z".parse().unwrap();
        for (code, state, words) in [
            (200, State::Ok, "status 200"),
            (302, State::Ok, "status 302"),
            (401, State::NotCheckable, "status 401"),
            (403, State::NotCheckable, "status 403"),
            (404, State::NotCheckable, "status 404"),
            (500, State::Failed, "status 500"),
            (502, State::Failed, "status 502"),
        ] {
            let answer = Answer { status: code, body: Vec::new(), location: None, date: None };
            let asked = Asked { none: Some(Ok(answer)), ..Asked::default() };
            let step = address(&job, &asked, None, now);
            assert_eq!(step.state, state, "{step:?}");
            assert!(step.seen.en.contains(words), "{step:?}");
        }
    }
}
