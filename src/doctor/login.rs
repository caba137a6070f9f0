//! 三.3: login of members and the JS-SDK. Whoever has not logged in is told so by the page that says who one is: asking it
//! shows that the proxy passes the addresses on and that `orgsnap serve` has taken the job up, and changes nothing.

use crate::config::job::{AgentId, Job};
use crate::model::Message;

use super::public_url;
use super::step::Step;
use super::subject::Subject;
use super::visitor::{Answer, Visitor};

/// Asks who is logged in, if the job has a login.
pub(super) fn ask(job: &Job, visitor: &Visitor<'_>) -> Option<Result<Answer, Message>> {
    job.wecom.login.as_ref()?;
    Some(visitor.get(&address(job, "me")?, None))
}

/// The address of a page of the login.
fn address(job: &Job, page: &str) -> Option<String> {
    let base = job.wecom.public_url.as_deref()?;
    Some(format!("{base}/wecom/{}/{page}", job.tenant))
}

/// Whether it is orgsnap that answers, and not whoever asks everybody for a password.
fn is_own(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body)
        .is_ok_and(|answer| answer["error"] == "not-logged-in")
}

/// The application that members open pages in: the first of the job, or that of the examples.
fn application(job: &Job) -> u64 {
    let numbers = job.wecom.apps.iter().filter_map(|app| match app.agent_id {
        AgentId::Number(number) => Some(number),
        AgentId::Contacts | AgentId::Customers => None,
    });
    numbers.min().unwrap_or(1_000_008)
}

/// The step 三.3.
pub(super) fn judge(job: &Job, asked: Option<&Result<Answer, Message>>) -> Step {
    const SUBJECT: Subject = Subject::Login;
    let (Some(settings), Some(answer)) = (&job.wecom.login, asked) else {
        let step = Step::not_configured(
            SUBJECT,
            Message::fixed("任务文件没有 [wecom.login]", "the job file has no [wecom.login]"),
            Message::fixed(
                "应用页面需要识别成员或使用 JS-SDK 时再配置，其余情况无需处理",
                "it is needed where pages have to know the member or use the JS-SDK, and not otherwise",
            ),
        )
        .for_job(format!("[wecom.login]\nagent_id = {}", application(job)));
        let has_application =
            job.wecom.apps.iter().any(|app| matches!(app.agent_id, AgentId::Number(_)));
        let step = match has_application {
            true => step,
            false => step.after(Subject::ApplicationSettings),
        };
        return match job.wecom.public_url {
            None => step.after(Subject::PublicAddress),
            Some(_) => step,
        };
    };
    let address = address(job, "login").unwrap_or_default();
    let seen = match answer {
        Ok(Answer { status: 401, body, .. }) if is_own(body) => {
            let agent = settings.agent_id;
            return Step::ok(
                SUBJECT,
                Message::new(
                    format!("{address} 可用，应用 {agent}；未登录时为 401"),
                    format!(
                        "{address} is there, of the application {agent}; 401 for whoever is not logged in"
                    ),
                ),
            );
        }
        Ok(answer) => Message::new(
            format!("{address} 不可用：状态码 {}，应为 401", answer.status),
            format!("{address} is not there: status {}, expected 401", answer.status),
        ),
        Err(reason) => Message::new(
            format!("{address} 无法访问：{}", reason.zh),
            format!("{address} cannot be reached: {}", reason.en),
        ),
    };
    let step = Step::failed(
        SUBJECT,
        seen,
        Message::fixed(
            "请让 orgsnap serve 读取这份任务文件，并按 orgsnap wecom nginx 的输出转发 /wecom/；原因见 orgsnap serve 的日志",
            "let orgsnap serve take this job file up, and pass /wecom/ on as orgsnap wecom nginx prints; the log of orgsnap serve says why",
        ),
    );
    public_url::with_its_path(job, step)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::step::State;
    use super::*;

    #[test]
    fn a_login_is_there_if_whoever_is_not_logged_in_is_told_so() {
        let text = "tenant = \"t\"\ncorp_id = \"ww1\"\npublic_url = \"https://w.example.com\"\n[wecom.login]\nagent_id = 7\n[[wecom_app]]\nagent_id = 7\nsecret = \"x\"\n";
        let job = crate::config::job::parse(Path::new("x.toml"), text, &|_| None).unwrap();
        let own = "{\"error\": \"not-logged-in\"}";
        for (status, body, state) in [
            (401, own, State::Ok),
            (401, "<html>", State::Failed),
            (403, own, State::Failed),
            (404, "", State::Failed),
        ] {
            let answer =
                Answer { status, body: body.as_bytes().to_vec(), location: None, date: None };
            let step = judge(&job, Some(&Ok(answer)));
            assert_eq!(step.state, state, "{status}");
            assert!(step.seen.en.contains("https://w.example.com/wecom/t/login"), "{step:?}");
        }
    }
}
