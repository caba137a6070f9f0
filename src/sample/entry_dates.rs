//! When the agents of the base day entered the company.

use chrono::{Days, NaiveDate};

const FOUNDED: NaiveDate = match NaiveDate::from_ymd_opt(1996, 8, 22) {
    Some(date) => date,
    None => NaiveDate::MIN,
};
/// Every `STRIDE`-th agent is the founder of a team, until all teams are founded. As there are fewer
/// teams than a sixteenth of the agents, the founders are among the first third.
pub(super) const STRIDE: usize = 5;

/// The day on which the `agent`-th of `agents` entered: in order of their numbers, more of them the nearer
/// to the end of the history.
pub(super) fn base_entry(agent: usize, agents: usize, end: NaiveDate) -> NaiveDate {
    let days = (end - FOUNDED).num_days().max(0) as f64;
    let share = (agent as f64 + 0.5) / agents as f64;
    let day = (days * share.sqrt()) as u64;
    FOUNDED.checked_add_days(Days::new(day)).unwrap_or(end)
}
