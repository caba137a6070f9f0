//! The log entries of the daemon: keys and times, no names and no secrets.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;

use crate::config::job::Job;
use crate::model::{Message, RunId};

use super::plan::MissingPrecondition;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Severity.
    pub severity: Severity,
    /// The tenant, if the entry concerns one.
    pub tenant: Option<String>,
    /// What happened.
    pub message: Message,
}

/// The severity of a log entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Normal operation.
    Info,
    /// Nobody has to act now.
    Warning,
    /// Somebody has to act.
    Error,
}

/// The time in a time zone, as RFC 3339 with seconds.
fn local_time(zone: Tz, at: DateTime<Utc>) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}

impl LogEntry {
    fn of(tenant: &str, severity: Severity, zh: String, en: String) -> LogEntry {
        LogEntry { severity, tenant: Some(tenant.to_owned()), message: Message::new(zh, en) }
    }

    /// An entry whose message another module has written.
    pub(super) fn reports(severity: Severity, tenant: Option<&str>, message: Message) -> LogEntry {
        LogEntry { severity, tenant: tenant.map(str::to_owned), message }
    }

    pub(super) fn job_loaded(job: &Job, next: Option<DateTime<Utc>>) -> LogEntry {
        let path = job.path.display();
        let (zh, en) = match (&job.schedule, next) {
            (None, _) => (
                "没有 [schedule]，不定时运行".to_owned(),
                "no [schedule], not run by time".to_owned(),
            ),
            (Some(_), None) => ("没有下一次运行".to_owned(), "no next run".to_owned()),
            (Some(_), Some(next)) => {
                let next = local_time(job.timezone, next);
                (format!("下一次运行 {next}"), format!("next run {next}"))
            }
        };
        let tenant = &job.tenant;
        LogEntry::of(
            tenant,
            Severity::Info,
            format!("已加载任务文件 {path}；{zh}"),
            format!("job file {path} taken up; {en}"),
        )
    }

    pub(super) fn job_gone(tenant: &str) -> LogEntry {
        LogEntry::of(
            tenant,
            Severity::Warning,
            "任务文件已移除，不再定时运行".to_owned(),
            "the job file is gone; no more runs".to_owned(),
        )
    }

    pub(super) fn job_broken(kept: Option<&Job>, message: &Message) -> LogEntry {
        let (zh, en) = match kept {
            Some(_) => ("沿用上一个有效版本", "its last good version stays in use"),
            None => ("该任务不运行", "it is not run"),
        };
        LogEntry {
            severity: Severity::Error,
            tenant: kept.map(|job| job.tenant.clone()),
            message: Message::new(format!("{}；{zh}", message.zh), format!("{}; {en}", message.en)),
        }
    }

    pub(super) fn started(tenant: &str, date: NaiveDate, run: &RunId, attempt: u32) -> LogEntry {
        let (mut zh, mut en) =
            (format!("开始运行 {run}，业务日期 {date}"), format!("run {run} for {date} begins"));
        if attempt > 1 {
            zh.push_str(&format!("，第 {attempt} 次"));
            en.push_str(&format!(", attempt {attempt}"));
        }
        LogEntry::of(tenant, Severity::Info, zh, en)
    }

    pub(super) fn looks_for_missed(tenant: &str, date: NaiveDate, run: &RunId) -> LogEntry {
        LogEntry::of(
            tenant,
            Severity::Info,
            format!("检查漏掉的 {date} 是否已到，运行 {run}"),
            format!("run {run} looks for the missed delivery of {date}"),
        )
    }

    pub(super) fn not_made_up(tenant: &str, date: NaiveDate, message: &Message) -> LogEntry {
        LogEntry::of(
            tenant,
            Severity::Info,
            format!("漏掉的 {date} 尚未补上：{}", message.zh),
            format!("the missed {date} is not made up yet: {}", message.en),
        )
    }

    pub(super) fn retry(
        job: &Job,
        missing: MissingPrecondition,
        message: &Message,
        at: DateTime<Utc>,
    ) -> LogEntry {
        let at = local_time(job.timezone, at);
        let severity = match missing {
            MissingPrecondition::Files | MissingPrecondition::Lock => Severity::Info,
            MissingPrecondition::Source
            | MissingPrecondition::Setup
            | MissingPrecondition::Machine => Severity::Warning,
        };
        LogEntry::of(
            &job.tenant,
            severity,
            format!("{}；{at} 重试", message.zh),
            format!("{}; trying again at {at}", message.en),
        )
    }

    pub(super) fn waits_for_corrected_delivery(job: &Job, at: DateTime<Utc>) -> LogEntry {
        let at = local_time(job.timezone, at);
        LogEntry::of(
            &job.tenant,
            Severity::Info,
            format!("等待提供方重新交付；{at} 再次检查"),
            format!("a corrected delivery is waited for; looking at {at}"),
        )
    }

    pub(super) fn published(
        tenant: &str,
        date: NaiveDate,
        run: &RunId,
        rows: u64,
        is_log_pending: bool,
    ) -> LogEntry {
        let (mut zh, mut en) = (
            format!("已发布 {date}：{rows} 行，运行 {run}"),
            format!("published {date}: {rows} rows, run {run}"),
        );
        if is_log_pending {
            zh.push_str("；有程序正在读取数据库，日志 org.db-wal 尚未并入 org.db，稍后重试");
            en.push_str(
                "; a program reads the database, so its log org.db-wal is to be folded back later",
            );
        }
        LogEntry::of(tenant, Severity::Info, zh, en)
    }

    pub(super) fn migrates(tenant: &str) -> LogEntry {
        LogEntry::of(
            tenant,
            Severity::Info,
            "数据库为旧格式，开始升级格式".to_owned(),
            "the database has an earlier format and is migrated".to_owned(),
        )
    }

    pub(super) fn migrated(tenant: &str) -> LogEntry {
        LogEntry::of(
            tenant,
            Severity::Info,
            "数据库格式升级完成".to_owned(),
            "the database is migrated".to_owned(),
        )
    }

    pub(super) fn not_migrated(tenant: &str, message: &Message) -> LogEntry {
        LogEntry::of(
            tenant,
            Severity::Warning,
            format!("数据库尚未升级格式，下一次运行时重试：{}", message.zh),
            format!("the database is not migrated, the next run tries again: {}", message.en),
        )
    }

    pub(super) fn refused(
        tenant: &str,
        date: NaiveDate,
        run: &RunId,
        reasons: &[Message],
        report: Option<&PathBuf>,
    ) -> LogEntry {
        let all = |words: fn(&Message) -> &str, between| {
            reasons.iter().map(words).collect::<Vec<_>>().join(between)
        };
        let (zh, en) = (all(|m| &m.zh, "；"), all(|m| &m.en, "; "));
        let (report_zh, report_en) = match report {
            Some(path) => {
                (format!("；报告 {}", path.display()), format!("; report {}", path.display()))
            }
            None => (String::new(), String::new()),
        };
        LogEntry::of(
            tenant,
            Severity::Error,
            format!("{date} 的批次未发布（{zh}），运行 {run}{report_zh}"),
            format!("the delivery of {date} is refused ({en}), run {run}{report_en}"),
        )
    }

    pub(super) fn gave_up(
        tenant: &str,
        date: NaiveDate,
        late: bool,
        message: &Message,
    ) -> LogEntry {
        let (zh, en) = match late {
            true => ("的文件未按时到达，不再等待", "is late and no longer waited for"),
            false => ("的运行失败，不再自动重试", "failed and is not tried again by itself"),
        };
        LogEntry::of(
            tenant,
            Severity::Error,
            format!("{date} {zh}：{}", message.zh),
            format!("the delivery of {date} {en}: {}", message.en),
        )
    }

    pub(super) fn interrupted(tenant: &str, date: NaiveDate, run: &RunId) -> LogEntry {
        LogEntry::of(
            tenant,
            Severity::Warning,
            format!("上次退出时 {date} 的运行 {run} 未完成，重新运行"),
            format!(
                "the run {run} for {date} was cut short when orgsnap last ended; it is run again"
            ),
        )
    }

    pub(super) fn stopping(running: usize) -> LogEntry {
        LogEntry {
            severity: Severity::Info,
            tenant: None,
            message: Message::new(
                format!("收到结束信号；正在停止 {running} 个运行"),
                format!("asked to end; stopping {running} runs"),
            ),
        }
    }

    pub(super) fn stopped(left: usize) -> LogEntry {
        match left {
            0 => LogEntry {
                severity: Severity::Info,
                tenant: None,
                message: Message::fixed("已结束", "ended"),
            },
            left => LogEntry {
                severity: Severity::Warning,
                tenant: None,
                message: Message::new(
                    format!("{left} 个运行未能及时停止；未提交的内容不会生效，下次启动时重新运行"),
                    format!(
                        "{left} runs did not stop in time; what they had not committed is undone, and they \
                         are run again at the next start"
                    ),
                ),
            },
        }
    }
}

/// The message about a scheduled time at which the job was not run.
pub(super) fn missed(job: &Job, scheduled: DateTime<Utc>, date: NaiveDate) -> Message {
    let (at, path) = (local_time(job.timezone, scheduled), job.path.display());
    Message::new(
        format!(
            "{at} 的运行错过了（orgsnap serve 当时未在运行），已过等待时间；请手动执行 orgsnap import {path} --date {date}"
        ),
        format!(
            "the run of {at} was missed (orgsnap serve was not running) and its time is over; run orgsnap \
             import {path} --date {date} by hand"
        ),
    )
}

/// The message about a scheduled run that was given up before any attempt reported a reason.
pub(super) fn never_attempted(job: &Job, date: NaiveDate) -> Message {
    let path = job.path.display();
    Message::new(
        format!("{date} 的运行未能进行；请手动执行 orgsnap import {path} --date {date}"),
        format!(
            "the run for {date} did not come about; run orgsnap import {path} --date {date} by hand"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_tells_that_the_log_is_pending_in_both_languages() {
        let date = NaiveDate::from_ymd_opt(2024, 11, 22).unwrap();
        let of = |pending| LogEntry::published("t", date, &RunId("r".to_owned()), 7, pending);
        let (plain, pending) = (of(false).message, of(true).message);
        for (plain, pending) in [(plain.zh, pending.zh), (plain.en, pending.en)] {
            assert!(!plain.contains("org.db-wal"), "{plain}");
            assert!(pending.starts_with(&*plain) && pending.contains("org.db-wal"), "{pending}");
        }
    }
}
