//! 五.6: the four files: whether they are there, whether they can be read, how large and how old they are.

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::job::Job;
use crate::fetch::{FileLook, FileSeen, Stage};
use crate::model::{Feed, Message};
use crate::report::formatting::size;

use super::source_look::{Looked, not_reached};
use super::step::{State, Step, joined};
use super::subject::Subject;

const SUBJECT: Subject = Subject::SourceFiles;
/// Files of a nightly delivery are not older, unless the job's `freshness` says otherwise.
const OLDEST: TimeDelta = TimeDelta::hours(48);
/// Clocks may differ by so much.
const MOST_AHEAD: TimeDelta = TimeDelta::minutes(10);
/// A server that gives local time for UTC is ahead by no more than the easternmost time zone.
const MOST_OF_A_ZONE: TimeDelta = TimeDelta::hours(14);

/// What is wrong with a file, or cannot be told; the first that one of the four has decides the advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Flaw {
    Missing,
    Unreadable,
    Empty,
    /// Dated later than any time zone explains.
    OfTheFuture,
    /// Older than the job allows.
    Stale,
    /// Older than nightly files are, and the job says nothing of it.
    Old,
    /// Dated later than now, as by a server that gives local time.
    Ahead,
}

impl Flaw {
    fn state(self) -> State {
        match self {
            Flaw::Ahead => State::NotCheckable,
            _ => State::Failed,
        }
    }

    fn advice(self) -> Message {
        match self {
            Flaw::Missing => Message::fixed(
                "请保险公司按约定的文件名交付全部文件；文件名不同时在 [source] 的 files 中写明（可含 {date:%Y%m%d}）",
                "have the insurer deliver all files under their names; where the names differ, write them in files of [source], which may hold {date:%Y%m%d}",
            ),
            Flaw::Unreadable => Message::fixed(
                "请保险公司确认这是普通文件、账号可读，且没有同名目录",
                "have the insurer see that it is a regular file, that the account may read it, and that no folder has its name",
            ),
            Flaw::Empty => Message::fixed(
                "请保险公司确认导出任务正常结束：文件不应为空",
                "have the insurer see that the export ends well: no file may be empty",
            ),
            Flaw::OfTheFuture => Message::fixed(
                "请保险公司校正文件服务器或导出程序的时钟：文件时间在未来，无法判断新旧",
                "have the insurer put the clock of the file server or of the export right: dates in the future say nothing of the age",
            ),
            Flaw::Stale => Message::fixed(
                "文件早于 [source] 的 freshness：请保险公司确认导出任务仍在运行",
                "files are older than freshness in [source] allows: have the insurer see that the export still runs",
            ),
            Flaw::Old => Message::fixed(
                "请保险公司确认导出任务每晚仍在运行；本来就不是每天交付时，在 [source] 写 freshness（如 freshness = \"8d\"）",
                "have the insurer see that the export still runs every night; where files come less often, write freshness in [source], such as freshness = \"8d\"",
            ),
            Flaw::Ahead => Message::fixed(
                "服务器可能以本地时间代替 UTC，无法判断文件新旧：请保险公司确认最近一次导出的时间，并让服务器按 UTC 给出文件时间",
                "the server may give local time for UTC, so that the age is not told: have the insurer say when the export ran, and let the server give UTC",
            ),
        }
    }
}

/// The step 五.6.
pub(super) fn judge(job: &Job, looked: &Looked, now: DateTime<Utc>) -> Step {
    let (Some(files), Some(source)) = (&looked.look.files, &job.source) else {
        return not_reached(SUBJECT, Stage::Folder);
    };
    let freshness = source.fetching().freshness.and_then(|most| TimeDelta::from_std(most).ok());
    let mut flaws: Vec<Flaw> =
        Feed::ALL.into_iter().filter_map(|feed| flaw(&files[feed], freshness, now)).collect();
    let seen = Feed::ALL.map(|feed| file_seen(&files[feed], now));
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
        flaws.push(Flaw::Missing);
    }
    let Some(worst) = flaws.into_iter().min() else { return Step::ok(SUBJECT, all) };
    let step = match worst.state() {
        State::NotCheckable => Step::not_checkable(SUBJECT, all, worst.advice()),
        _ => Step::failed(SUBJECT, all, worst.advice()),
    };
    let renamed: Vec<String> = Feed::ALL
        .into_iter()
        .filter_map(|feed| match &files[feed] {
            FileLook { seen: None, near, .. } => match near.as_slice() {
                [near] => Some(format!("{feed} = {}", toml::Value::from(near.as_str()))),
                _ => None,
            },
            _ => None,
        })
        .collect();
    match renamed.is_empty() {
        true => step,
        false => step.for_job(format!("[source]\nfiles = {{ {} }}", renamed.join(", "))),
    }
}

/// The first thing that is wrong with a file.
fn flaw(file: &FileLook, freshness: Option<TimeDelta>, now: DateTime<Utc>) -> Option<Flaw> {
    let Some(seen) = &file.seen else { return Some(Flaw::Missing) };
    if seen.beginning.is_err() {
        return Some(Flaw::Unreadable);
    }
    if is_empty(seen) {
        return Some(Flaw::Empty);
    }
    let age = now - seen.mtime?;
    match freshness {
        _ if -age > MOST_OF_A_ZONE => Some(Flaw::OfTheFuture),
        _ if -age > MOST_AHEAD => Some(Flaw::Ahead),
        Some(most) => (age > most).then_some(Flaw::Stale),
        None => (age > OLDEST).then_some(Flaw::Old),
    }
}

/// Whether there is nothing in it, packed or not.
fn is_empty(seen: &FileSeen) -> bool {
    seen.size == Some(0) || matches!(&seen.beginning, Ok(Some(bytes)) if bytes.is_empty())
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
    if let Err(error) = &seen.beginning {
        let reason = error.message();
        return Message::new(
            format!("{name} 无法读取：{}", reason.zh),
            format!("{name} cannot be read: {}", reason.en),
        );
    }
    if is_empty(seen) {
        return Message::new(format!("{name} 是空文件"), format!("{name} is empty"));
    }
    let bytes = seen.size.map(size).unwrap_or_else(|| "?".to_owned());
    let age = seen.mtime.map(|mtime| (now - mtime).num_minutes());
    let (zh, en) = match age {
        None => (String::new(), String::new()),
        // Servers that give local time for UTC are hours ahead.
        Some(ahead @ ..-10) => (
            format!("，时间比本机晚 {}", duration_zh(-ahead)),
            format!(", dated {} later than this machine's clock", duration_en(-ahead)),
        ),
        Some(..0) => (String::new(), String::new()),
        Some(minutes) => {
            (format!("，{}前", duration_zh(minutes)), format!(", {} old", duration_en(minutes)))
        }
    };
    Message::new(format!("{name} {bytes}{zh}"), format!("{name} {bytes}{en}"))
}

/// A time of minutes in its largest unit.
fn duration_zh(minutes: i64) -> String {
    match minutes {
        ..120 => format!("{minutes} 分钟"),
        120..2_880 => format!("{} 小时", minutes / 60),
        _ => format!("{} 天", minutes / 1_440),
    }
}

fn duration_en(minutes: i64) -> String {
    match minutes {
        ..120 => format!("{minutes} minutes"),
        120..2_880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(size: u64, hours_ago: i64, beginning: &[u8]) -> FileLook {
        let mtime = now() - TimeDelta::hours(hours_ago);
        let seen = FileSeen {
            size: Some(size),
            mtime: Some(mtime),
            beginning: Ok(Some(beginning.to_vec())),
            is_whole: true,
        };
        FileLook { name: "x.txt".to_owned(), seen: Some(seen), near: Vec::new() }
    }

    fn now() -> DateTime<Utc> {
        "2026-11-28T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_file_that_is_empty_old_or_of_the_future_is_told_whether_or_not_the_job_has_a_freshness() {
        let week = Some(TimeDelta::days(7));
        for (size, hours_ago, beginning, freshness, expected, words) in [
            (9, 1, &b"x"[..], None, None, "60 minutes old"),
            (9, 47, b"x", None, None, "47 hours old"),
            (9, 72, b"x", None, Some(Flaw::Old), "3 days old"),
            (9, 72, b"x", week, None, "3 days old"),
            (9, 200, b"x", week, Some(Flaw::Stale), "8 days old"),
            (9, -8, b"x", None, Some(Flaw::Ahead), "dated 8 hours later"),
            (9, -8, b"x", week, Some(Flaw::Ahead), "dated 8 hours later"),
            (9, -72, b"x", week, Some(Flaw::OfTheFuture), "dated 3 days later"),
            (0, 1, b"", None, Some(Flaw::Empty), "is empty"),
            (20, 1, b"", None, Some(Flaw::Empty), "is empty"),
        ] {
            let file = file(size, hours_ago, beginning);
            assert_eq!(flaw(&file, freshness, now()), expected, "{size} {hours_ago} {freshness:?}");
            let seen = file_seen(&file, now()).en;
            assert!(seen.contains(words), "{seen}");
        }
    }
}
