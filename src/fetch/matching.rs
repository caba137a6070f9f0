//! Which of the names in a folder is an expected file, and which are near it.

use crate::model::is_zip;

/// Most names that are shown of those that are near.
const MOST_NEAR: usize = 5;

/// The name in the folder that is `expected`: itself, or the only one that differs in case alone, or one of these with
/// `.gz` at its end.
pub(super) fn find<'n>(expected: &str, names: &'n [String]) -> Option<&'n str> {
    let packed = format!("{expected}.gz");
    [expected, &packed].into_iter().find_map(|wanted| alike(wanted, names))
}

/// The name itself, or the only one that differs in case alone.
pub(super) fn alike<'n>(wanted: &str, names: &'n [String]) -> Option<&'n str> {
    if let Some(name) = names.iter().find(|name| *name == wanted) {
        return Some(name);
    }
    let wanted = wanted.to_lowercase();
    only(names.iter().filter(|name| name.to_lowercase() == wanted))
}

/// The only name that ends with `.zip`.
pub(super) fn only_zip(names: &[String]) -> Option<&str> {
    only(names.iter().filter(|name| is_zip(name)))
}

/// The zip files among the names, as many as are shown.
pub(super) fn zips(names: &[String]) -> Vec<String> {
    let mut zips: Vec<String> = names.iter().filter(|name| is_zip(name)).cloned().collect();
    zips.sort_unstable();
    zips.truncate(MOST_NEAR);
    zips
}

/// The names in the folder besides the one chosen that `expected` may have been given under: another case, packed.
pub(super) fn copies(expected: &str, chosen: &str, names: &[String]) -> Vec<String> {
    let expected = expected.to_lowercase();
    let packed = format!("{expected}.gz");
    let is_copy = |name: &&String| {
        let lower = name.to_lowercase();
        **name != chosen && (lower == expected || lower == packed)
    };
    names.iter().filter(is_copy).cloned().collect()
}

/// The names of a folder that `expected` may have been given under, such as `temp_agent_20260101.txt` and
/// `TEMP_AGENT.CSV` for `temp_agent.txt`: those with the same letters before the first full stop.
pub(super) fn near(expected: &str, names: &[String]) -> Vec<String> {
    let letters = letters(expected);
    let is_near = |name: &&String| {
        **name != expected && !letters.is_empty() && {
            let other = self::letters(name);
            other == letters || strsim::jaro_winkler(&other, &letters) > 0.95
        }
    };
    let mut near: Vec<String> = names.iter().filter(is_near).cloned().collect();
    near.sort_unstable();
    near.truncate(MOST_NEAR);
    near
}

/// The only name near an expected one, where the file itself is not among the names.
pub fn only_near(expected: &str, names: &[String]) -> Option<String> {
    if find(expected, names).is_some() {
        return None;
    }
    let mut near = near(expected, names);
    near.pop().filter(|_| near.is_empty())
}

/// A bare file name, as a listing should hold: with such a name nothing outside a folder can be meant.
pub(super) fn is_bare(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && !name.contains(|c: char| c == '/' || c == '\\' || c.is_control())
}

fn letters(name: &str) -> String {
    let stem = name.split('.').next().unwrap_or_default();
    stem.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

fn only<'n>(mut names: impl Iterator<Item = &'n String>) -> Option<&'n str> {
    let first = names.next()?;
    names.next().is_none().then_some(first.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_any_case_where_exactly_one_fits() {
        let found = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            find("temp_agent.txt", &names).map(str::to_owned)
        };
        for (names, expected) in [
            (&["temp_agent.txt", "TEMP_AGENT.TXT"][..], Some("temp_agent.txt")),
            (&["TEMP_AGENT.TXT", "temp_node.txt"], Some("TEMP_AGENT.TXT")),
            (&["TEMP_AGENT.TXT", "Temp_Agent.txt"], None),
            (&["temp_agent.txt.gz"], Some("temp_agent.txt.gz")),
            (&["TEMP_AGENT.TXT.GZ"], Some("TEMP_AGENT.TXT.GZ")),
            (&["temp_agent.txt.gz", "Temp_agent.txt"], Some("Temp_agent.txt")),
            (&["temp_agent_20260101.txt", "temp_agent.csv"], None),
            (&[], None),
        ] {
            assert_eq!(found(names).as_deref(), expected, "{names:?}");
        }
    }

    #[test]
    fn names_with_the_same_letters_are_near() {
        let names = [
            "temp_agent_20260101.txt",
            "temp_agent.csv",
            "TEMP-AGENT.TXT",
            "temp_agents.txt",
            "temp_principal.txt",
            "20260101.txt",
            "人员.txt",
        ];
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let near = near("temp_agent.txt", &names);
        assert_eq!(
            near,
            ["TEMP-AGENT.TXT", "temp_agent.csv", "temp_agent_20260101.txt", "temp_agents.txt"]
        );
    }
}
