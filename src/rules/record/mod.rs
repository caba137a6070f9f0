//! R: the raw line.

pub(in crate::rules) mod r201_wrong_field_count;
pub(in crate::rules) mod r202_undecodable_bytes;
pub(in crate::rules) mod r203_oversized_line;
