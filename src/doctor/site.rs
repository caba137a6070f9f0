//! The public address: the files that verify the domain, and the referer check.

use chrono::{DateTime, Utc};

use crate::config::job::Job;
use crate::model::Message;
use crate::tls::CertificateSummary;

use super::certificate;
use super::clock::OtherClock;
use super::step::{Step, into_job_file, joined, same};
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
    /// The first page, coming from a foreign page.
    pub(super) foreign: Option<Result<Answer, Message>>,
    /// The first page, coming from each of the insurer's domains.
    pub(super) own: Vec<(String, Result<Answer, Message>)>,
}

impl Asked {
    /// Nothing could be asked.
    pub(super) fn not_asked(reason: Message) -> Asked {
        Asked { none: Some(Err(reason)), ..Asked::default() }
    }
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
    Asked { files, none: Some(none), foreign: Some(visitor.get(&page, Some(FOREIGN))), own }
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

/// The steps 0.8, 三.2, 八.1 and 八.2. `certificate` is the one that the server showed.
pub(super) fn judge(
    job: &Job,
    asked: &Asked,
    certificate: Option<&CertificateSummary>,
    now: DateTime<Utc>,
) -> Vec<Step> {
    let address = address(job, asked, certificate, now);
    vec![address, verification(job, asked), domains(job), referer(job, asked)]
}

/// Whether anything answers at the public address, and how long its certificate is valid.
fn address(
    job: &Job,
    asked: &Asked,
    certificate: Option<&CertificateSummary>,
    now: DateTime<Utc>,
) -> Step {
    const SUBJECT: Subject = Subject::PublicAddress;
    let (Some(base), Some(answer)) = (&job.wecom.public_url, &asked.none) else {
        return no_address(SUBJECT);
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
        Ok(_) => {
            let (seen, ends_soon) = certificate::judge(certificate, false, now);
            let seen = Message::new(
                format!("{base}/ 可访问，{}", seen.zh),
                format!("{base}/ answers, {}", seen.en),
            );
            match ends_soon {
                false => Step::ok(SUBJECT, seen),
                true => Step::failed(
                    SUBJECT,
                    seen,
                    Message::fixed(
                        "证书即将到期：请更换 nginx 的证书，否则回调和登录都会中断",
                        "it ends soon: replace the certificate of nginx, or callbacks and logins end with it",
                    ),
                ),
            }
        }
    }
}

fn no_address(subject: Subject) -> Step {
    Step::not_configured(
        subject,
        Message::fixed("任务文件没有 public_url", "the job file has no public_url"),
        Message::fixed(
            "请保险公司提供对外的域名，写入任务文件",
            "have the insurer give its public domain, and write it into the job file",
        ),
    )
    .by(Who::Both)
    .pasting(into_job_file(), "public_url = \"https://\"")
}

fn verification(job: &Job, asked: &Asked) -> Step {
    const SUBJECT: Subject = Subject::DomainVerification;
    let Some(base) = &job.wecom.public_url else { return no_address(SUBJECT) };
    if job.wecom.domain_verification.is_empty() {
        return Step::not_configured(
            SUBJECT,
            Message::fixed("没有 [[domain_verification]]", "there is no [[domain_verification]]"),
            Message::fixed(
                "使用 JS-SDK 时：保险公司在“网页授权及 JS-SDK -> 申请校验域名”下载 WW_verify_*.txt，把文件名交给集牛写入任务文件，再勾选“已上传”",
                "for the JS-SDK: the insurer downloads WW_verify_*.txt at 网页授权及 JS-SDK -> 申请校验域名 and hands its name over for the job file, then ticks 已上传",
            ),
        )
        .pasting(into_job_file(), "[[domain_verification]]\nfile = \"WW_verify_XXXX.txt\"");
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
            urls().fold(step, |step, url| {
                step.pasting(
                    Message::fixed("应可访问的地址", "the address that has to answer"),
                    url,
                )
            })
        }
    }
}

fn status(answer: &Answer) -> Message {
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
        .pasting(into_job_file(), "[site]\ndomains = [\"*.insurer.example.com\"]"),
        domains => Step::ok(SUBJECT, same(domains.join(", "))),
    }
}

/// The first page must open from WeCom, which sends no Referer, and from the insurer's domains, and from nowhere else.
fn referer(job: &Job, asked: &Asked) -> Step {
    const SUBJECT: Subject = Subject::RefererCheck;
    let Some(base) = &job.wecom.public_url else { return no_address(SUBJECT) };
    if job.site.domains.is_empty() {
        return Step::not_configured(
            SUBJECT,
            Message::fixed("没有 [site] domains", "there is no [site] domains"),
            Message::fixed("先完成 八.1", "settle 八.1 first"),
        );
    }
    let refused = |answer: &Answer| answer.status == 403;
    let mut faults = Vec::new();
    if matches!(asked.none, None | Some(Err(_))) {
        return Step::not_checkable(
            SUBJECT,
            Message::fixed("0.8 未通过，未执行到这一步", "not come to: 0.8 failed"),
            Message::fixed("请先解决 0.8", "settle 0.8 first"),
        );
    }
    match &asked.none {
        Some(Ok(answer)) if refused(answer) => faults.push(Message::fixed(
            "没有 Referer 的请求被拒绝（企业微信打开首页时没有 Referer）",
            "a request without a Referer is refused (WeCom opens the first page without one)",
        )),
        _ => {}
    }
    for (name, answer) in &asked.own {
        match answer {
            Ok(answer) if !refused(answer) => {}
            Ok(_) => faults.push(Message::new(
                format!("来自自有域名 {name} 的请求被拒绝"),
                format!("a request from the own domain {name} is refused"),
            )),
            Err(reason) => faults.push(Message::new(
                format!("{name}：{}", reason.zh),
                format!("{name}: {}", reason.en),
            )),
        }
    }
    match &asked.foreign {
        Some(Ok(answer)) if !refused(answer) => faults.push(Message::new(
            format!("来自其他网站的请求未被拒绝（状态码 {}）", answer.status),
            format!("a request from a foreign page is not refused (status {})", answer.status),
        )),
        Some(Err(reason)) => faults.push(reason.clone()),
        _ => {}
    }
    match faults.is_empty() {
        true => Step::ok(SUBJECT, Message::new(
            format!("{base}/：无 Referer 和自有域名可以打开，其他网站为 403"),
            format!("{base}/ opens without a Referer and from the own domains, and is 403 from a foreign page"),
        )),
        false => Step::failed(
            SUBJECT,
            joined(&faults, "；", "; "),
            Message::fixed(
                "请在 nginx 中使用 orgsnap wecom nginx 输出的 valid_referers 配置，然后 nginx -t && nginx -s reload",
                "use the valid_referers line that orgsnap wecom nginx prints, then nginx -t && nginx -s reload",
            ),
        )
        .pasting(Message::fixed("nginx 的 location /", "location / of nginx"), valid_referers(job)),
    }
}

fn valid_referers(job: &Job) -> String {
    format!(
        "valid_referers none server_names {};\nif ($invalid_referer) {{\n    return 403;\n}}",
        job.site.domains.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::step::State;
    use super::*;

    fn job() -> Job {
        let text = "tenant = \"t\"\npublic_url = \"https://w.example.com\"\n[site]\ndomains = [\"*.i.example.com\"]\n";
        crate::config::job::parse(Path::new("x.toml"), text, &|_| None).unwrap()
    }

    fn answers(none: u16, own: u16, foreign: u16) -> Asked {
        let answer = |status| Ok(Answer { status, body: Vec::new(), location: None, date: None });
        Asked {
            files: Vec::new(),
            none: Some(answer(none)),
            foreign: Some(answer(foreign)),
            own: vec![("www.i.example.com".to_owned(), answer(own))],
        }
    }

    #[test]
    fn the_first_page_opens_from_nowhere_and_from_own_domains_and_from_nowhere_else() {
        for (none, own, foreign, state, words) in [
            (200, 200, 403, State::Ok, "403 from a foreign page"),
            (404, 404, 403, State::Ok, "opens without"),
            (200, 200, 200, State::Failed, "a foreign page is not refused (status 200)"),
            (200, 403, 403, State::Failed, "own domain www.i.example.com is refused"),
            (403, 200, 403, State::Failed, "without a Referer is refused"),
        ] {
            let step = referer(&job(), &answers(none, own, foreign));
            assert_eq!(step.state, state, "{none} {own} {foreign}");
            assert!(step.seen.en.contains(words), "{step:?}");
        }
    }
}
