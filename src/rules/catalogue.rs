//! All rules, in code order.

use super::rule::Rule;
use super::{file, key, record, reference, tree, value};

/// All rules. Help, documentation and execution follow this list, in this order: by code.
pub static CATALOGUE: &[&Rule] = &[
    &file::f101_missing_file::RULE,
    &file::f102_empty_file::RULE,
    &file::f103_undetectable_encoding::RULE,
    &file::f104_undetectable_delimiter::RULE,
    &file::f105_missing_column::RULE,
    &file::f106_unknown_column::RULE,
    &file::f107_duplicate_column::RULE,
    &file::f108_unterminated_last_line::RULE,
    &file::f109_unchanged_file::RULE,
    &file::f110_stale_file::RULE,
    &file::f111_oversized_file::RULE,
    &file::f112_control_total_mismatch::RULE,
    &file::f113_trailing_delimiter::RULE,
    &file::f114_unusual_line_end::RULE,
    &file::f115_ambiguous_quotes::RULE,
    &key::k301_empty_key::RULE,
    &key::k302_repeated_row::RULE,
    &key::k303_conflicting_key::RULE,
    &record::r201_wrong_field_count::RULE,
    &record::r202_undecodable_bytes::RULE,
    &record::r203_oversized_line::RULE,
    &tree::t601_cycle::RULE,
    &tree::t602_several_tops::RULE,
    &tree::t603_no_top::RULE,
    &tree::t604_level_gap::RULE,
    &tree::t605_wrong_top_level::RULE,
    &value::v201_missing_value::RULE,
    &value::v202_not_an_integer::RULE,
    &value::v203_not_a_date::RULE,
    &value::v204_not_in_enumeration::RULE,
    &value::v205_reformatted_date::RULE,
    &value::v207_surrounding_whitespace::RULE,
    &value::v211_reformatted_number::RULE,
    &reference::RULES[0],
    &reference::RULES[1],
    &reference::RULES[2],
    &reference::RULES[3],
    &reference::RULES[4],
    &reference::RULES[5],
    &reference::RULES[6],
    &reference::RULES[7],
    &reference::RULES[8],
    &reference::RULES[9],
    &reference::RULES[10],
    &reference::RULES[11],
    &reference::RULES[12],
];

/// The rule of a code or a name.
pub fn find(code_or_name: &str) -> Option<&'static Rule> {
    let wanted = |rule: &&&Rule| {
        rule.meta.code.eq_ignore_ascii_case(code_or_name) || rule.meta.name == code_or_name
    };
    CATALOGUE.iter().find(wanted).copied()
}
