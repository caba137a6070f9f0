//! Names of sample files, as a job says them: a business date in them is a pattern.

use chrono::NaiveDate;

use crate::model::Message;

/// A name with `{date:...}` in the place of the one date in it, and that date.
pub fn dated_name(name: &str) -> (String, Option<NaiveDate>) {
    const FORMS: [(&str, usize); 3] = [("%Y-%m-%d", 10), ("%Y_%m_%d", 10), ("%Y%m%d", 8)];
    for (form, length) in FORMS {
        for start in 0..name.len() {
            let Some(text) = name.get(start..start + length) else { continue };
            let is_digit = |at: Option<u8>| at.is_some_and(|byte| byte.is_ascii_digit());
            let before = start.checked_sub(1).map(|at| name.as_bytes()[at]);
            let behind = name.as_bytes().get(start + length).copied();
            if is_digit(before) || is_digit(behind) || !text.starts_with("20") {
                continue;
            }
            if let Ok(date) = NaiveDate::parse_from_str(text, form)
                && date.format(form).to_string() == text
            {
                let pattern =
                    format!("{}{{date:{form}}}{}", &name[..start], &name[start + length..]);
                return (pattern, Some(date));
            }
        }
    }
    (name.to_owned(), None)
}

/// What is to be asked about a name without a certain date whose digits may be another one every night: a time, or a date
/// of six digits, the order of which cannot be told.
pub fn changing_name(name: &str) -> Option<Message> {
    let (pattern, date) = dated_name(name);
    if date.is_some() {
        return None;
    }
    let longest = pattern
        .split(|c: char| !c.is_ascii_digit())
        .max_by_key(|digits| digits.len())
        .filter(|digits| digits.len() >= 6)?;
    let day = longest.get(..8).and_then(|text| NaiveDate::parse_from_str(text, "%Y%m%d").ok());
    if longest.len() > 8 && day.is_some() {
        return Some(Message::new(
            format!(
                "文件名 {name} 中含日期和时间，每次交付都不同；files 中的 {{date:%Y%m%d}} 只能写日期：能否请提供方去掉文件名中的时间？"
            ),
            format!(
                "the name {name} holds a day and a time, so it is another one every night; {{date:%Y%m%d}} in files can say \
                 the day only: can the provider leave the time out?"
            ),
        ));
    }
    let may_be_day = |form: &str| {
        longest.len() == 6 && NaiveDate::parse_from_str(&format!("{longest}01"), form).is_ok()
    };
    let is_short = ["%y%m%d01", "%d%m%y01", "%m%d%y01", "%Y%m%d"].into_iter().any(may_be_day);
    is_short.then(|| {
        let (zh, en) = (name.replace(longest, "{date:%y%m%d}"), name.replace(longest, "{date:%Y%m}"));
        Message::new(
            format!(
                "文件名 {name} 中的 {longest} 可能是日期，每次交付都不同；是否为年月日或年月？若是，files 中可写 {zh} 或 {en}"
            ),
            format!(
                "{longest} in the name {name} may be a date, so that it is another one every night; is it year, month and \
                 day, or year and month? Then files can say {zh} or {en}"
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_in_a_name_becomes_a_pattern() {
        let day = NaiveDate::from_ymd_opt(2024, 11, 22);
        for (name, pattern, date) in [
            ("temp_agent_20241122.txt", "temp_agent_{date:%Y%m%d}.txt", day),
            ("agent-2024-11-22.csv", "agent-{date:%Y-%m-%d}.csv", day),
            ("temp_agent.csv", "temp_agent.csv", None),
            ("agent_120241122.txt", "agent_120241122.txt", None),
            ("agent_20241322.txt", "agent_20241322.txt", None),
        ] {
            assert_eq!(dated_name(name), (pattern.to_owned(), date));
        }
    }

    #[test]
    fn digits_that_may_change_every_night_are_asked_about() {
        for (name, expected) in [
            ("n_20241122103000.txt", Some("a day and a time")),
            ("n_202411221030.txt", Some("a day and a time")),
            ("n_241122.txt", Some("n_{date:%y%m%d}.txt")),
            ("n_202411.txt", Some("n_{date:%Y%m}.txt")),
            ("n_20241122.txt", None),
            ("n_999999.txt", None),
            ("n_01.txt", None),
        ] {
            let asked = changing_name(name).map(|asked| asked.en);
            match expected {
                Some(expected) => assert!(asked.is_some_and(|en| en.contains(expected)), "{name}"),
                None => assert_eq!(asked, None, "{name}"),
            }
        }
    }
}
