//! N: names that records copy from one another.

pub(in crate::rules) mod n501_name_mismatch;
