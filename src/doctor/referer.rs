//! 八.2: the referer check of the first page. It must open from WeCom, which sends no Referer, and from the insurer's domains,
//! and from nowhere else. A site that answers everybody with the same fault proves nothing of that.

use crate::config::job::Job;
use crate::model::Message;

use super::public_url;
use super::site::{Asked, status};
use super::step::{Step, joined};
use super::subject::Subject;
use super::visitor::Answer;

const SUBJECT: Subject = Subject::RefererCheck;

/// What the site makes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reception {
    /// It shows the page, or another page of its own.
    LetIn,
    /// It refuses it as the referer check does.
    Refused,
    /// It is at fault itself.
    AtFault,
    /// Neither a page nor the refusal of a referer check.
    Other,
}

impl Reception {
    fn of(answer: &Answer, base: &str) -> Reception {
        match answer.status {
            200..=299 => Reception::LetIn,
            300..=399 if answer.location.as_deref().is_some_and(|to| is_at(base, to)) => {
                Reception::LetIn
            }
            403 => Reception::Refused,
            500.. => Reception::AtFault,
            _ => Reception::Other,
        }
    }
}

/// What the site makes of a request from a foreign page, and how it says so.
enum Foreign {
    /// It shows the page, or another page of its own.
    LetIn(Message),
    /// It refuses it as a referer check does.
    Refused(Message),
    /// It is at fault itself.
    AtFault(Message),
    /// Neither: it would say the same for many other reasons.
    Unproven(Message),
}

fn foreign(asked: Option<&Result<Option<Answer>, Message>>, base: &str) -> Foreign {
    match asked {
        Some(Ok(Some(answer))) => {
            let what = status(answer);
            match Reception::of(answer, base) {
                Reception::LetIn => Foreign::LetIn(what),
                Reception::Refused => Foreign::Refused(what),
                Reception::AtFault => Foreign::AtFault(what),
                Reception::Other if answer.status == 401 => Foreign::Refused(what),
                Reception::Other => Foreign::Unproven(what),
            }
        }
        // 444 of nginx.
        Some(Ok(None)) => Foreign::Refused(Message::fixed(
            "连接被关闭，没有响应",
            "the connection was closed without an answer",
        )),
        Some(Err(reason)) => Foreign::Unproven(reason.clone()),
        None => Foreign::Unproven(Message::fixed("没有请求", "not asked")),
    }
}

fn from_foreign(what: &Message) -> Message {
    Message::new(
        format!("来自其他网站的请求：{}", what.zh),
        format!("a request from a foreign page: {}", what.en),
    )
}

/// Whether an address is one of the site itself, whatever its scheme and port.
fn is_at(base: &str, to: &str) -> bool {
    let host = |text| crate::http::url(text).and_then(|url| url.host_str().map(str::to_owned));
    host(base).is_some_and(|own| host(to) == Some(own))
}

/// The step 八.2.
pub(super) fn judge(job: &Job, asked: &Asked) -> Step {
    let Some(base) = &job.wecom.public_url else { return public_url::missing(SUBJECT) };
    if job.site.domains.is_empty() {
        return Step::not_configured(
            SUBJECT,
            Message::fixed("没有 [site] domains", "there is no [site] domains"),
            Message::fixed("先完成 八.1", "settle 八.1 first"),
        );
    }
    let Some(Ok(none)) = &asked.none else {
        return Step::not_checkable(
            SUBJECT,
            Message::fixed("0.8 未通过，未执行到这一步", "not come to: 0.8 failed"),
            Message::fixed("请先解决 0.8", "settle 0.8 first"),
        );
    };
    let (mut faults, mut unproven) = (Vec::new(), Vec::new());
    let mut wanted = |zh: &str, en: &str, answer: &Answer| {
        let what = status(answer);
        let seen = Message::new(format!("{zh}：{}", what.zh), format!("{en}: {}", what.en));
        match Reception::of(answer, base) {
            Reception::LetIn => {}
            Reception::Refused | Reception::AtFault => faults.push(seen),
            Reception::Other => unproven.push(seen),
        }
    };
    wanted(
        "没有 Referer 的请求（企业微信打开首页时如此）",
        "a request without a Referer, as WeCom opens the first page",
        none,
    );
    let mut unanswered = Vec::new();
    for (name, answer) in &asked.own {
        match answer {
            Ok(answer) => wanted(
                &format!("来自自有域名 {name} 的请求"),
                &format!("a request from the own domain {name}"),
                answer,
            ),
            Err(reason) => unanswered.push(Message::new(
                format!("{name}：{}", reason.zh),
                format!("{name}: {}", reason.en),
            )),
        }
    }
    faults.extend(unanswered);
    let foreign = foreign(asked.foreign.as_ref(), base);
    match &foreign {
        Foreign::LetIn(what) => faults.push(Message::new(
            format!("来自其他网站的请求未被拒绝（{}）", what.zh),
            format!("a request from a foreign page is not refused ({})", what.en),
        )),
        Foreign::AtFault(what) => faults.push(from_foreign(what)),
        Foreign::Refused(_) | Foreign::Unproven(_) => {}
    }
    if !faults.is_empty() {
        return Step::failed(
            SUBJECT,
            joined(&faults, "；", "; "),
            Message::fixed(
                "请在 nginx 中使用 orgsnap wecom nginx 输出的 valid_referers 配置，然后 nginx -t && nginx -s reload；5xx 请先查看 nginx 的错误日志",
                "use the valid_referers line that orgsnap wecom nginx prints, then nginx -t && nginx -s reload; for 5xx see the error log of nginx first",
            ),
        )
        .pasting(Message::fixed("nginx 的 location /", "location / of nginx"), valid_referers(job));
    }
    if !unproven.is_empty() {
        return Step::not_checkable(
            SUBJECT,
            joined(&unproven, "；", "; "),
            Message::fixed(
                "首页对所有来源都打不开，看不出防盗链是否生效：请先让首页可以打开（见 0.8），再重新执行",
                "the first page opens for nobody, which tells nothing of the referer check: let it open first (see 0.8), then run this again",
            ),
        );
    }
    let refusal = match foreign {
        Foreign::Refused(refusal) => refusal,
        Foreign::LetIn(what) | Foreign::AtFault(what) | Foreign::Unproven(what) => {
            return Step::not_checkable(
                SUBJECT,
                from_foreign(&what),
                Message::fixed(
                    "这不是防盗链的拒绝（应为 403、401 或直接断开连接），看不出防盗链是否生效：请确认是什么作出的响应（限流、防火墙或其他规则），再重新执行",
                    "this is no refusal of a referer check, which is 403, 401 or a closed connection, and tells nothing of it: see what answers so (a limit of requests, a firewall, another rule), then run this again",
                ),
            );
        }
    };
    Step::ok(
        SUBJECT,
        Message::new(
            format!("{base}/：无 Referer 和自有域名可以打开，其他网站被拒绝（{}）", refusal.zh),
            format!(
                "{base}/ opens without a Referer and from the own domains, and is refused from a foreign page ({})",
                refusal.en
            ),
        ),
    )
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

    fn answers(none: u16, own: u16, foreign: u16, to: &str) -> Asked {
        let answer = |status| {
            let location = (300..400).contains(&status).then(|| to.to_owned());
            Ok(Answer { status, body: Vec::new(), location, date: None })
        };
        Asked {
            files: Vec::new(),
            none: Some(answer(none)),
            // As nginx does, which sends no such status.
            foreign: Some(answer(foreign).map(|answer| (foreign != 444).then_some(answer))),
            own: vec![("www.i.example.com".to_owned(), answer(own))],
        }
    }

    #[test]
    fn the_first_page_opens_from_nowhere_and_from_own_domains_and_from_nowhere_else() {
        let (here, away) = ("https://w.example.com/home", "https://login.example.net/");
        for (none, own, foreign, to, state, words) in [
            (200, 200, 403, here, State::Ok, "from a foreign page (status 403)"),
            (302, 302, 403, here, State::Ok, "opens without"),
            (200, 200, 401, here, State::Ok, "from a foreign page (status 401)"),
            (200, 200, 444, here, State::Ok, "from a foreign page (the connection was closed"),
            (200, 200, 302, away, State::NotCheckable, "foreign page: sent on to https://login"),
            (200, 200, 429, here, State::NotCheckable, "a foreign page: status 429"),
            (200, 200, 404, here, State::NotCheckable, "a foreign page: status 404"),
            (200, 200, 408, here, State::NotCheckable, "a foreign page: status 408"),
            (200, 200, 200, here, State::Failed, "a foreign page is not refused (status 200)"),
            (200, 200, 302, here, State::Failed, "a foreign page is not refused (sent on to"),
            (200, 403, 403, here, State::Failed, "own domain www.i.example.com: status 403"),
            (403, 200, 403, here, State::Failed, "without a Referer, as WeCom opens"),
            (403, 403, 403, here, State::Failed, "own domain www.i.example.com: status 403"),
            (500, 500, 500, here, State::Failed, "own domain www.i.example.com: status 500"),
            (502, 502, 403, here, State::Failed, "own domain www.i.example.com: status 502"),
            (200, 200, 500, here, State::Failed, "a request from a foreign page: status 500"),
            (404, 404, 404, here, State::NotCheckable, "own domain www.i.example.com: status 404"),
            (404, 404, 403, here, State::NotCheckable, "own domain www.i.example.com: status 404"),
            (401, 401, 401, here, State::NotCheckable, "own domain www.i.example.com: status 401"),
            (302, 302, 302, away, State::NotCheckable, "sent on to https://login.example.net/"),
        ] {
            let step = judge(&job(), &answers(none, own, foreign, to));
            assert_eq!(step.state, state, "{none} {own} {foreign}: {step:?}");
            assert!(step.seen.en.contains(words), "{step:?}");
        }
    }
}
