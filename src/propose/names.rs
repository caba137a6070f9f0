//! Names of sample files, as a job says them: a business date in them is a pattern.

use chrono::NaiveDate;

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
}
