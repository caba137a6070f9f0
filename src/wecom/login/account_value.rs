//! From a member's user id to what the roster has for it: the mapping of `[wecom.roster]`, the other way round.

use crate::config::job::{IdCase, RosterMapping};

/// What the field of the mapping holds for the agent who has this user id; `None` if no agent can have it.
pub fn account_value<'u>(mapping: &RosterMapping, user_id: &'u str) -> Option<&'u str> {
    let prefix = &mapping.prefix;
    let (start, value) = user_id.split_at_checked(prefix.len())?;
    let fits = match mapping.case {
        IdCase::Ignore => start.eq_ignore_ascii_case(prefix),
        IdCase::Exact => start == prefix,
    };
    (fits && !value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_without_the_prefix_of_the_mapping_is_no_agents() {
        let mapping =
            |prefix: &str, case| RosterMapping { field: None, prefix: prefix.to_owned(), case };
        for (prefix, case, user_id, expected) in [
            ("", IdCase::Ignore, "A1", Some("A1")),
            ("", IdCase::Ignore, "", None),
            ("dl_", IdCase::Ignore, "dl_A1", Some("A1")),
            ("dl_", IdCase::Ignore, "DL_A1", Some("A1")),
            ("dl_", IdCase::Exact, "DL_A1", None),
            ("dl_", IdCase::Ignore, "dl_", None),
            ("dl_", IdCase::Ignore, "A1", None),
            ("dl_", IdCase::Ignore, "张三", None),
        ] {
            assert_eq!(
                account_value(&mapping(prefix, case), user_id),
                expected,
                "{prefix} {user_id}"
            );
        }
    }
}
