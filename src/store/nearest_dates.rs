//! Which dates there are, for whoever asks for another.

use chrono::NaiveDate;

/// So many dates are listed.
const LISTED_DATES: usize = 10;

/// The dates nearest to one, ascending, as a list.
fn nearest(date: NaiveDate, known: &[NaiveDate], between: &str) -> String {
    let mut near = known.to_vec();
    near.sort_by_key(|other| (*other - date).abs());
    near.truncate(LISTED_DATES);
    near.sort_unstable();
    near.iter().map(NaiveDate::to_string).collect::<Vec<_>>().join(between)
}

/// Dates with a snapshot, those nearest to one that has none, in English.
pub(super) fn dates_in_english(date: NaiveDate, known: &[NaiveDate]) -> String {
    let listed = nearest(date, known, ", ");
    match known {
        [] => "nothing is published yet".to_owned(),
        [first, .., last] if known.len() > LISTED_DATES => {
            let count = known.len();
            format!("there are {count}, from {first} to {last}; nearest to it: {listed}")
        }
        _ => format!("those that there are: {listed}"),
    }
}

/// Dates with a snapshot, those nearest to one that has none, in Chinese.
pub(super) fn dates_in_chinese(date: NaiveDate, known: &[NaiveDate]) -> String {
    let listed = nearest(date, known, "、");
    match known {
        [] => "尚未发布任何快照".to_owned(),
        [first, .., last] if known.len() > LISTED_DATES => {
            let count = known.len();
            format!("共有 {count} 个日期的快照（{first} 至 {last}），最接近的有：{listed}")
        }
        _ => format!("已有快照的日期：{listed}"),
    }
}
