//! 二.2c: the members of WeCom compared with the roster: when that happens, when it last did, and what came of it. The database
//! is read if it is there, and not made.

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::job::Job;
use crate::model::Message;
use crate::wecom::roster::{LastCheck, RosterStore};

use super::step::{Step, joined};
use super::subject::Subject;
use super::surroundings::Surroundings;

const SUBJECT: Subject = Subject::Reconciliation;
/// A comparison that was due takes no longer to be recorded.
const LONGEST: TimeDelta = TimeDelta::hours(1);

/// The step 二.2c.
pub(super) fn look(job: &Job, around: &Surroundings<'_>) -> Step {
    let tenant_dir = around.data.join(&job.tenant);
    let last = RosterStore::open_existing(&tenant_dir).and_then(|store| match store {
        None => Ok(None),
        Some(store) => store.last(),
    });
    match last {
        Ok(last) => judge(job, last.as_ref(), around.now),
        Err(error) => Step::failed(
            SUBJECT,
            error.message(),
            Message::fixed(
                "请按提示处理 wecom.db，再重新执行",
                "put wecom.db right as it says, and run this again",
            ),
        ),
    }
}

fn judge(job: &Job, last: Option<&LastCheck>, now: DateTime<Utc>) -> Step {
    let zone = job.timezone;
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
    let seen = last.map(|last| {
        let at = local(last.started_at);
        match &last.outcome {
            Ok(open) => Message::new(
                format!("最近一次 {at}，{open} 项差异"),
                format!("last at {at}, {open} differences"),
            ),
            Err(reason) => Message::new(
                format!("最近一次 {at} 未完成：{}", reason.zh),
                format!("last at {at}, which failed: {}", reason.en),
            ),
        }
    });
    let Some(cron) = &job.wecom.reconcile else {
        let none = Message::fixed(
            "没有 [wecom] reconcile，不会自动核对",
            "there is no [wecom] reconcile: it does not run by itself",
        );
        let seen: Vec<Message> = std::iter::once(none).chain(seen).collect();
        let advice = Message::fixed(
            "需要每天把企业微信成员与代理人核对时再配置：读取 chengyuan 的 secret，只查询不修改",
            "it is needed where WeCom's members are to be compared with the agents every day: it asks by the secret of chengyuan and changes nothing",
        );
        let step = Step::not_configured(SUBJECT, joined(&seen, "；", "; "), advice)
            .for_job("[wecom]\nreconcile = \"0 0 6 * * *\"");
        return match job.wecom.apps.is_empty() {
            true => step.after(Subject::Contacts),
            false => step,
        };
    };
    let run = format!("orgsnap wecom reconcile {}", job.path.display());
    let next = cron.next_after(zone, now).map(|next| {
        let next = local(next);
        Message::new(format!("下一次 {next}"), format!("next at {next}"))
    });
    let Some((last, seen)) = last.zip(seen) else {
        let none = Message::fixed("尚未核对过", "it has not been done yet");
        let seen: Vec<Message> = std::iter::once(none).chain(next).collect();
        return Step::not_checkable(
            SUBJECT,
            joined(&seen, "，", ", "),
            Message::new(
                format!("到时由 orgsnap serve 核对；也可现在执行 {run}（需要已有快照）"),
                format!("orgsnap serve does it then; or run {run} now, once there is a snapshot"),
            ),
        );
    };
    if last.outcome.is_err() {
        return Step::failed(
            SUBJECT,
            seen,
            Message::new(
                format!("按提示处理后执行 {run}"),
                format!("put right what it says, then run {run}"),
            ),
        );
    }
    let due = cron.next_after(zone, last.started_at).filter(|due| *due + LONGEST < now);
    if let Some(due) = due {
        let due = local(due);
        return Step::failed(
            SUBJECT,
            Message::new(
                format!("{}；{due} 应核对而未核对", seen.zh),
                format!("{}; due at {due} and not done", seen.en),
            ),
            Message::new(
                format!("确认 orgsnap serve 正在运行并使用同一数据目录（--data）；补一次：{run}"),
                format!(
                    "see that orgsnap serve runs, with the same data folder (--data); to make up for it: {run}"
                ),
            ),
        );
    }
    let seen: Vec<Message> = std::iter::once(seen).chain(next).collect();
    Step::ok(SUBJECT, joined(&seen, "，", ", "))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::step::State;
    use super::*;

    #[test]
    fn a_comparison_is_told_by_its_schedule_and_its_last_outcome() {
        let now: DateTime<Utc> = "2026-11-28T10:00:00Z".parse().unwrap();
        let done =
            |hours: i64| LastCheck { started_at: now - TimeDelta::hours(hours), outcome: Ok(7) };
        let failed = LastCheck {
            started_at: now - TimeDelta::hours(2),
            outcome: Err(Message::fixed("名单变短", "the list shrank")),
        };
        let (on, off) = ("reconcile = \"0 0 6 * * *\"", "");
        for (cron, last, state, words) in [
            (off, None, State::NotConfigured, "does not run by itself"),
            (off, Some(done(9)), State::NotConfigured, "7 differences"),
            (on, None, State::NotCheckable, "not been done yet, next at 2026-11-29 06:00"),
            (on, Some(done(9)), State::Ok, "last at 2026-11-28 09:00, 7 differences, next"),
            (on, Some(done(40)), State::Failed, "due at 2026-11-27 06:00 and not done"),
            (on, Some(failed), State::Failed, "which failed: the list shrank"),
        ] {
            let text = format!(
                "tenant = \"t\"\ncorp_id = \"ww1\"\n[wecom]\n{cron}\n[[wecom_app]]\nagent_id = \"chengyuan\"\nsecret = \"x\"\n"
            );
            let job = crate::config::job::parse(Path::new("x.toml"), &text, &|_| None).unwrap();
            let step = judge(&job, last.as_ref(), now);
            assert_eq!(step.state, state, "{step:?}");
            assert!(step.seen.en.contains(words), "{step:?}");
        }
    }
}
