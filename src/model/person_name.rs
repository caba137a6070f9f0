//! Which delivered texts can be names of people, where their field does not say so.

/// Characters of dates, times, levels and counts, which are no parts of names together with digits: `1级`, `2024年2月30日`.
const UNITS: &str = "年月日时分秒级层档号第一二三四五六七八九十";

/// Whether a delivered cell can be the name of a person: it has letters that no id, number, date or level has.
///
/// It errs on the side of yes: a line whose columns have moved has names where ids belong. A single character is none.
pub fn may_be_name(cell: &str) -> bool {
    let cell = cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{3000}');
    if cell.chars().nth(1).is_none() {
        return false;
    }
    let foreign = |c: char| !c.is_ascii() && c.is_alphabetic() && !UNITS.contains(c);
    if cell.chars().any(foreign) {
        return true;
    }
    cell.chars().any(|c| c.is_ascii_alphabetic()) && !cell.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_numbers_dates_and_levels_are_no_names_and_other_texts_can_be() {
        for cell in ["", " ", "男", "A000136", "8616030712", "2024-02-30", "2024年2月30日", "1级"]
        {
            assert!(!may_be_name(cell), "{cell}");
        }
        for cell in ["一级", "第２层", "１", "-", "N0101"] {
            assert!(!may_be_name(cell), "{cell}");
        }
        for cell in ["张三", "司马相如", "Li Ming", "张三1", "001张三", "阿·买提", " 王芳 "]
        {
            assert!(may_be_name(cell), "{cell}");
        }
    }
}
