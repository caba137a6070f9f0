//! T: the forests.

mod forests;
pub(in crate::rules) mod t601_cycle;
pub(in crate::rules) mod t602_several_tops;
pub(in crate::rules) mod t603_no_top;
pub(in crate::rules) mod t604_level_gap;
pub(in crate::rules) mod t605_wrong_top_level;
pub(in crate::rules) mod t606_childless_upper_node;
pub(in crate::rules) mod t607_node_outside_parent_organ;
pub(in crate::rules) mod t608_channel_differs_from_parent;
pub(in crate::rules) mod t609_open_node_under_closed;
pub(in crate::rules) mod t610_top_marker_is_key;
