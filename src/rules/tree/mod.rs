//! T: the forests.

mod forests;
pub(in crate::rules) mod t601_cycle;
pub(in crate::rules) mod t602_several_tops;
pub(in crate::rules) mod t603_no_top;
pub(in crate::rules) mod t604_level_gap;
pub(in crate::rules) mod t605_wrong_top_level;
