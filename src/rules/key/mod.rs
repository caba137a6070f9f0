//! K: keys.

mod repeats;
pub(in crate::rules) mod k301_empty_key;
pub(in crate::rules) mod k302_repeated_row;
pub(in crate::rules) mod k303_conflicting_key;
pub(in crate::rules) mod k304_key_differs_by_case;
