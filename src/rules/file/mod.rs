//! F: the file as a whole.

mod header;
pub(in crate::rules) mod f101_missing_file;
pub(in crate::rules) mod f102_empty_file;
pub(in crate::rules) mod f103_undetectable_encoding;
pub(in crate::rules) mod f104_undetectable_delimiter;
pub(in crate::rules) mod f105_missing_column;
pub(in crate::rules) mod f106_unknown_column;
pub(in crate::rules) mod f107_duplicate_column;
pub(in crate::rules) mod f108_unterminated_last_line;
pub(in crate::rules) mod f109_unchanged_file;
pub(in crate::rules) mod f110_stale_file;
pub(in crate::rules) mod f111_oversized_file;
pub(in crate::rules) mod f112_control_total_mismatch;
pub(in crate::rules) mod f113_trailing_delimiter;
pub(in crate::rules) mod f114_unusual_line_end;
pub(in crate::rules) mod f115_ambiguous_quotes;
pub(in crate::rules) mod f116_skipped_header;
