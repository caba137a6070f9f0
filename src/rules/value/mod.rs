//! V: one value.

pub(in crate::rules) mod cells;
pub(in crate::rules) mod v201_missing_value;
pub(in crate::rules) mod v202_not_an_integer;
pub(in crate::rules) mod v203_not_a_date;
pub(in crate::rules) mod v204_not_in_enumeration;
pub(in crate::rules) mod v205_reformatted_date;
pub(in crate::rules) mod v206_implausible_date;
pub(in crate::rules) mod v207_surrounding_whitespace;
pub(in crate::rules) mod v208_control_character;
pub(in crate::rules) mod v209_mojibake;
pub(in crate::rules) mod v210_oversized_value;
pub(in crate::rules) mod v211_reformatted_number;
