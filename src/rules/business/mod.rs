//! B: what the trade allows within a record and between records.

mod agent_teams;
mod values;
pub(in crate::rules) mod b701_leave_date_missing;
pub(in crate::rules) mod b702_leave_date_unexpected;
pub(in crate::rules) mod b703_left_before_entering;
pub(in crate::rules) mod b704_recruit_date_mismatch;
pub(in crate::rules) mod b705_partial_recruiter;
pub(in crate::rules) mod b706_partial_mentor;
pub(in crate::rules) mod b707_recruited_before_recruiter;
pub(in crate::rules) mod b708_working_node_not_lowest;
pub(in crate::rules) mod b709_working_organ_differs_from_node;
pub(in crate::rules) mod b710_organ_not_lowest;
pub(in crate::rules) mod b711_active_agent_in_closed_node;
pub(in crate::rules) mod b712_left_leader;
pub(in crate::rules) mod b713_leader_outside_node;
pub(in crate::rules) mod b714_agent_channel_differs_from_node;
