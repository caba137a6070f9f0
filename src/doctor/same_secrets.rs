//! Secrets of a job that are one and the same: each page of WeCom has its own, so that one of them was entered in the wrong
//! place. They are compared, never shown.

use crate::config::job::{AgentId, Job, SecretSource};
use crate::model::Message;

use super::step::{State, Step};
use super::subject::Subject;
use super::who::Who;

/// Whose a secret is, in the order in which the steps tell it.
fn owners(job: &Job) -> Vec<(Subject, Message, &SecretSource)> {
    let apps = job.wecom.apps.iter().map(|app| {
        let (subject, name) = match app.agent_id {
            AgentId::Number(number) => (
                Subject::ApplicationSettings,
                Message::new(format!("应用 {number} "), format!("the application {number}")),
            ),
            AgentId::Contacts => (
                Subject::Contacts,
                Message::fixed("通讯录同步（chengyuan）", "the contacts (chengyuan)"),
            ),
            AgentId::Customers => {
                (Subject::Customers, Message::fixed("客户联系（kehu）", "the customers (kehu)"))
            }
        };
        (subject, name, &app.secret)
    });
    let archive = job.wecom.archive.iter().map(|archive| {
        let name = Message::fixed("会话内容存档", "the session archive");
        (Subject::ArchiveSettings, name, &archive.secret)
    });
    let mut owners: Vec<_> = apps.chain(archive).collect();
    owners.sort_by_key(|(subject, ..)| *subject);
    owners
}

/// Tells in the step of the later one that its secret is that of another.
pub(super) fn tell(job: &Job, steps: &mut [Step]) {
    let revealed: Vec<_> = owners(job)
        .into_iter()
        .filter_map(|(subject, name, secret)| Some((subject, name, secret.reveal().ok()?)))
        .collect();
    for (at, (subject, _, secret)) in revealed.iter().enumerate() {
        let same = |other: &&(Subject, Message, _)| {
            let (_, _, other): &(Subject, Message, crate::config::job::Secret) = other;
            other.expose() == secret.expose()
        };
        let Some((first, name, _)) = revealed[..at].iter().find(same) else { continue };
        if let Some(step) = steps.iter_mut().find(|step| step.subject == *subject) {
            *step = with_same(step, *first, name);
        }
    }
}

fn with_same(step: &Step, first: Subject, name: &Message) -> Step {
    let seen = Message::new(
        format!("{}；与{}的 Secret 相同", step.seen.zh, name.zh),
        format!("{}; the secret is the same as that of {}", step.seen.en, name.en),
    );
    // Enterprises of 2023 and later have no secret for customers: an application that was given the permission has its own.
    let is_permitted = step.subject == Subject::Customers
        && first == Subject::ApplicationSettings
        && step.state == State::Ok;
    if is_permitted {
        return Step { seen, ..step.clone() };
    }
    let advice = Message::fixed(
        "各页面的 Secret 互不相同，其中一项填错了位置：请在企业微信各自的页面核对后改正任务文件",
        "each page of WeCom has a secret of its own, so one of the two is in the wrong place: compare both with their pages and correct the job file",
    );
    let advice = match (step.state, &step.advice) {
        (State::Failed, Some(other)) => Message::new(
            format!("{}；{}", other.zh, advice.zh),
            format!("{}; {}", other.en, advice.en),
        ),
        _ => advice,
    };
    Step { paste: step.paste.clone(), ..Step::failed(step.subject, seen, advice) }.by(Who::Both)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn told(secrets: [&str; 4], customers: State) -> Vec<(Subject, State, bool)> {
        let [application, contacts, kehu, archive] = secrets;
        let text = format!(
            "tenant = \"t\"\ncorp_id = \"ww1\"\n[[wecom_app]]\nagent_id = \"kehu\"\nsecret = \"{kehu}\"\n[[wecom_app]]\nagent_id = 7\nsecret = \"{application}\"\n[[wecom_app]]\nagent_id = \"chengyuan\"\nsecret = \"{contacts}\"\n[wecom.archive]\nsecret = \"{archive}\"\nlibrary = \"x.so\"\n"
        );
        let job = crate::config::job::parse(Path::new("x.toml"), &text, &|_| None).unwrap();
        let seen = || Message::fixed("", "");
        let mut steps: Vec<Step> = owners(&job)
            .into_iter()
            .map(|(subject, ..)| match (subject, customers) {
                (Subject::Customers, State::Failed) => Step::failed(subject, seen(), seen()),
                _ => Step::ok(subject, seen()),
            })
            .collect();
        tell(&job, &mut steps);
        let one = |step: &Step| {
            assert!(secrets.iter().all(|secret| !format!("{step:?}").contains(secret)), "{step:?}");
            (step.subject, step.state, step.seen.en.contains("the same as"))
        };
        steps.iter().map(one).filter(|(.., same)| *same).collect()
    }

    #[test]
    fn one_secret_in_two_places_is_told_at_the_later_one_and_not_shown() {
        let (a, b, c, d) = ("S3cret-a", "S3cret-b", "S3cret-c", "S3cret-d");
        assert_eq!(told([a, b, c, d], State::Ok), []);
        for (secrets, customers, subject, state) in [
            ([a, a, c, d], State::Ok, Subject::Contacts, State::Failed),
            ([a, b, b, d], State::Ok, Subject::Customers, State::Failed),
            ([a, b, c, c], State::Ok, Subject::ArchiveSettings, State::Failed),
            ([a, b, a, d], State::Failed, Subject::Customers, State::Failed),
            // An application may have the permission.
            ([a, b, a, d], State::Ok, Subject::Customers, State::Ok),
        ] {
            assert_eq!(told(secrets, customers), [(subject, state, true)], "{secrets:?}");
        }
    }
}
