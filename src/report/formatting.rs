//! Numbers and fixed words as people read them, in both languages.

use crate::model::{Disposition, Level, MigrationStep, NotRunWhy};

pub use crate::model::grouped;

use super::language::Language;

/// A difference with its sign: `+4`, `-3,978`, `0`.
pub fn difference(now: u64, before: u64) -> String {
    match now.cmp(&before) {
        std::cmp::Ordering::Less => format!("-{}", grouped(before - now)),
        std::cmp::Ordering::Equal => "0".to_owned(),
        std::cmp::Ordering::Greater => format!("+{}", grouped(now - before)),
    }
}

/// A size in bytes, as people say it: `1.18 GB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1_000.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if value < 999.5 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    if value < 10.0 { format!("{value:.2} {unit}") } else { format!("{value:.1} {unit}") }
}

/// A duration as people read it: `0.42 s`, `41 s`, `3 min 05 s`.
pub fn duration(took: std::time::Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else if seconds < 59.5 {
        format!("{seconds:.0} s")
    } else {
        let whole = seconds.round() as u64;
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

/// A number of things: `1 finding`, `2 findings`; Chinese has a measure word instead.
pub fn count(language: Language, number: u64, zh: &str, one: &str, many: &str) -> String {
    let shown = grouped(number);
    match (language, number) {
        (Language::Chinese, _) => format!("{shown} {zh}"),
        (Language::English, 1) => format!("{shown} {one}"),
        (Language::English, _) => format!("{shown} {many}"),
    }
}

/// A level.
pub fn level(language: Language, level: Level) -> &'static str {
    match level {
        Level::Fatal => language.choose("致命", "fatal"),
        Level::Error => language.choose("错误", "error"),
        Level::Warning => language.choose("警告", "warning"),
        Level::Info => language.choose("提示", "info"),
        Level::Off => language.choose("关闭", "off"),
    }
}

/// What happens to the data, in a word.
pub fn disposition_word(language: Language, disposition: Disposition) -> &'static str {
    match (language, disposition) {
        (Language::English, _) => disposition.name(),
        (Language::Chinese, Disposition::Refuse) => "不发布",
        (Language::Chinese, Disposition::Quarantine) => "隔离",
        (Language::Chinese, Disposition::Detach) => "断开上级",
        (Language::Chinese, Disposition::Keep) => "照常发布",
    }
}

/// What happens to the data, as a clause.
pub fn disposition(language: Language, disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Refuse => language.choose("整批不发布", "the delivery is not published"),
        Disposition::Quarantine => language.choose("这些行已隔离", "the rows are quarantined"),
        Disposition::Detach => {
            language.choose("这些上级关系不计入树", "the edges are left out of the tree")
        }
        Disposition::Keep => language.choose("照常发布", "published all the same"),
    }
}

/// A verdict by its name (`published`, `passed`, `refused`, `failed`).
pub fn verdict(language: Language, verdict: &str) -> &str {
    match verdict {
        "published" => language.choose("已发布", "published"),
        "passed" => language.choose("可发布", "passed"),
        "refused" => language.choose("未发布", "refused"),
        "failed" => language.choose("未完成", "failed"),
        other => other,
    }
}

/// A stage of a run by its name (`fetch`, `parse`, `check`, `publish`).
pub fn stage(language: Language, stage: &str) -> &str {
    match stage {
        "fetch" => language.choose("获取", "fetch"),
        "parse" => language.choose("解码", "parse"),
        "check" => language.choose("校验", "check"),
        "publish" => language.choose("发布", "publish"),
        other => other,
    }
}

/// A program that reads the database keeps what was written a moment ago in its log.
pub fn log_pending(language: Language) -> &'static str {
    language.choose(
        "有程序正在读取数据库，本次改动暂存于日志 org.db-wal；在其并入 org.db 之前（下次运行时重试），请勿单独复制 org.db，备份请用 orgsnap backup",
        "a program reads the database, so this change is in its log org.db-wal still; until the next run folds it back, do \
         not copy org.db alone: orgsnap backup makes a whole copy",
    )
}

/// What a migration is doing.
pub fn migration(language: Language, step: MigrationStep) -> String {
    match step {
        MigrationStep::Backup { percent } => language.choose(
            format!("升级数据库格式：备份 {percent}%"),
            format!("migrating the database: copy {percent}%"),
        ),
        MigrationStep::Rows(feed) => language.choose(
            format!("升级数据库格式：{}", feed.title_zh()),
            format!("migrating the database: {feed}"),
        ),
        MigrationStep::History(feed) => language.choose(
            format!("升级数据库格式：{}历史", feed.title_zh()),
            format!("migrating the database: history of {feed}"),
        ),
        MigrationStep::Derived => language
            .choose(
                "升级数据库格式：派生表和索引",
                "migrating the database: derived tables and indexes",
            )
            .to_owned(),
    }
}

/// Why rules were not run, as a clause.
pub fn why_not_run(language: Language, why: NotRunWhy) -> String {
    match why {
        NotRunWhy::Off => {
            language.choose("任务文件已关闭", "turned off by the job file").to_owned()
        }
        NotRunWhy::FeedUnreadable(feed) => match language {
            Language::Chinese => format!("{}文件无法读取", feed.title_zh()),
            Language::English => format!("the {feed} file could not be read"),
        },
        NotRunWhy::NoPreviousSnapshot => language
            .choose("尚无上一次快照可比较", "no previous snapshot to compare with")
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (60_015, "60,015"),
            (1_234_567, "1,234,567"),
        ];
        for (number, expected) in cases {
            assert_eq!(grouped(number), expected);
        }
        assert_eq!(difference(37_380, 41_358), "-3,978");
        assert_eq!(difference(12_804, 12_800), "+4");
        assert_eq!(difference(7, 7), "0");
    }

    #[test]
    fn sizes_and_durations_keep_three_digits() {
        let sizes =
            [(12, "12 B"), (1_000, "1.00 KB"), (119_400_000, "119.4 MB"), (999_600_000, "1.00 GB")];
        for (bytes, expected) in sizes {
            assert_eq!(size(bytes), expected);
        }
        let durations =
            [(0.421, "0.42 s"), (41.2, "41 s"), (59.6, "1 min 00 s"), (185.0, "3 min 05 s")];
        for (seconds, expected) in durations {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), expected);
        }
    }
}
