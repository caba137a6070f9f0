//! When the job runs, and whether somebody sees that.

use chrono::{DateTime, Utc};

use crate::config::job::Job;
use crate::model::Message;

use super::step::Step;
use super::subject::Subject;

/// The next run of the schedule.
pub(super) fn judge(job: &Job, now: DateTime<Utc>) -> Step {
    const EXAMPLE: &str = "[schedule]\ncron = \"0 30 2 * * *\"\nwait_until = \"08:00\"";
    let Some(schedule) = &job.schedule else {
        let seen = match &job.source {
            None => {
                Message::fixed("没有 [source]，无文件可取", "there is no [source] to fetch from")
            }
            Some(_) => Message::fixed(
                "没有 [schedule]，不会自动运行",
                "there is no [schedule]: it does not run by itself",
            ),
        };
        let advice = Message::fixed(
            "如需每晚自动运行，请在任务文件中写 [schedule]，并用 orgsnap serve 运行任务目录",
            "for nightly runs write [schedule] into the job file, and run the folder of job files with orgsnap serve",
        );
        let step = Step::not_configured(Subject::Schedule, seen, advice).for_job(EXAMPLE);
        return match &job.source {
            None => step.after(Subject::SourceName),
            Some(_) => step,
        };
    };
    let zone = job.timezone;
    match schedule.cron.next_after(zone, now) {
        None => Step::failed(
            Subject::Schedule,
            Message::new(
                format!("cron = \"{}\" 没有下一次运行", schedule.cron.text()),
                format!("cron = \"{}\" has no next run", schedule.cron.text()),
            ),
            Message::fixed("请改正 [schedule] 的 cron", "correct cron in [schedule]"),
        ),
        Some(next) => {
            let next_local = next.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S");
            let until =
                schedule.wait_deadline(zone, next).with_timezone(&zone).format("%m-%d %H:%M");
            Step::ok(
                Subject::Schedule,
                Message::new(
                    format!("下一次 {next_local}（{zone}），文件未到时等到 {until}"),
                    format!("next {next_local} ({zone}), late files are awaited until {until}"),
                ),
            )
        }
    }
}
