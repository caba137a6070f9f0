//! X: references between records.

mod unknown;
pub(in crate::rules) mod x401_unknown_organ_parent;
pub(in crate::rules) mod x402_unknown_organ_leader;
pub(in crate::rules) mod x403_unknown_principal_organ;
pub(in crate::rules) mod x404_unknown_node_parent;
pub(in crate::rules) mod x405_unknown_node_organ;
pub(in crate::rules) mod x406_unknown_node_leader;
pub(in crate::rules) mod x407_unknown_mentor_node;
pub(in crate::rules) mod x408_unknown_mentor_agent;
pub(in crate::rules) mod x409_unknown_recruiter;
pub(in crate::rules) mod x410_unknown_recruiter_node;
pub(in crate::rules) mod x411_unknown_working_node;
pub(in crate::rules) mod x412_unknown_working_organ;
pub(in crate::rules) mod x413_unknown_reference;
