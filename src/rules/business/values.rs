//! Values of the contract, and dates in messages.

use chrono::NaiveDate;

/// The status of agents and of staff who are at work.
pub(super) const ACTIVE: i64 = 1;
/// The status of those who have left.
pub(super) const LEFT: i64 = 2;

/// The ISO text of days since 1970-01-01.
pub(super) fn iso(days: i32) -> String {
    NaiveDate::from_epoch_days(days).unwrap_or_default().to_string()
}
