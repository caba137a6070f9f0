//! Values on the command line that are read by this program, and what is wrong with them in both languages.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use chrono::NaiveDate;
use orgsnap::config::job;
use orgsnap::model::Message;

use super::failure::Failure;

/// Why a value is not what its argument takes. `Display` is the English text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadArgument(pub(super) Message);

impl BadArgument {
    pub(super) fn new(zh: impl Into<String>, en: impl Into<String>) -> BadArgument {
        BadArgument(Message::new(zh.into(), en.into()))
    }
}

impl fmt::Display for BadArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.en)
    }
}

impl std::error::Error for BadArgument {}

/// Checks that a folder named on the command line is there. `argument` is what stands before it there.
///
/// # Errors
/// If it is not there, or is a file. What else keeps it from being read is for its reader to see.
pub(super) fn delivery_folder(argument: &str, path: &Path) -> Result<(), Failure> {
    let named = format!("{argument} {}", path.display());
    let (zh, en) = match path.metadata() {
        Ok(metadata) if !metadata.is_dir() => (
            "是文件，不是目录；请指定四个文件所在的目录",
            "it is a file and no folder; name the folder that holds the four files",
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            ("目录不存在，请核对路径", "no such folder; check the path")
        }
        _ => return Ok(()),
    };
    Err(Failure::usage(Message::new(format!("{named}：{zh}"), format!("{named}: {en}"))))
}

/// A whole number that is not negative.
pub(super) fn whole_number(text: &str) -> Result<u64, BadArgument> {
    let bad = |_| {
        BadArgument::new("应为不小于 0 的整数，如 60", "it is a whole number from 0 on, such as 60")
    };
    text.trim().parse().map_err(bad)
}

/// A text that says something.
pub(super) fn text(text: &str) -> Result<String, BadArgument> {
    match text.trim() {
        "" => Err(BadArgument::new("不能为空", "it must not be empty")),
        text => Ok(text.to_owned()),
    }
}

/// A number from 1 on.
pub(super) fn at_least_one(text: &str) -> Result<usize, BadArgument> {
    text.parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| BadArgument::new("应为 1 以上的整数", "expected a number from 1 on"))
}

/// A duration, as job files have them.
pub(super) fn duration(text: &str) -> Result<Duration, BadArgument> {
    job::duration(text).ok_or_else(|| {
        BadArgument::new("应为带单位的时长，如 60s 或 5m", "expected a duration such as 60s or 5m")
    })
}

/// Other ways in which people write a date.
const OTHER_FORMS: [&str; 4] = ["%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"];

/// A date, such as `2024-11-22`.
pub(super) fn date(text: &str) -> Result<NaiveDate, BadArgument> {
    text.parse().map_err(|_| {
        let other = OTHER_FORMS.iter().find_map(|f| NaiveDate::parse_from_str(text, f).ok());
        match other {
            Some(date) => BadArgument::new(
                format!("日期应为 YYYY-MM-DD 的形式，请写成 {date}"),
                format!("a date has the form YYYY-MM-DD; write {date}"),
            ),
            None if is_of_the_form(text) => BadArgument::new("没有这一天", "there is no such day"),
            None => BadArgument::new(
                "日期应为 YYYY-MM-DD 的形式，如 2024-11-22",
                "a date has the form YYYY-MM-DD, such as 2024-11-22",
            ),
        }
    })
}

/// Whether a text is four, two and two digits with hyphens between.
fn is_of_the_form(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([4, 2, 2])
        && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_in_another_form_is_shown_in_the_right_one() {
        assert_eq!(date("2024-11-22"), Ok(NaiveDate::from_ymd_opt(2024, 11, 22).unwrap()));
        for (text, zh, en) in [
            ("20241122", "请写成 2024-11-22", "write 2024-11-22"),
            ("2024/11/2", "请写成 2024-11-02", "write 2024-11-02"),
            ("2024.11.22", "请写成 2024-11-22", "write 2024-11-22"),
            ("2024年11月22日", "请写成 2024-11-22", "write 2024-11-22"),
            ("2024-02-30", "没有这一天", "no such day"),
            ("yesterday", "如 2024-11-22", "such as 2024-11-22"),
            ("", "如 2024-11-22", "such as 2024-11-22"),
        ] {
            let BadArgument(said) = date(text).unwrap_err();
            assert!(said.zh.ends_with(zh) && said.en.ends_with(en), "{text}: {said:?}");
        }
    }
}
