//! Words that exports use for the same things everywhere.

/// Cells that say: no value. None of them is an integer or a date.
pub(super) const NO_VALUE: &[&str] = &[
    "NULL",
    "Null",
    "null",
    "\\N",
    "(null)",
    "(NULL)",
    "<null>",
    "<NULL>",
    "[NULL]",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "NaN",
    "nan",
    "None",
    "none",
    "NONE",
    "nil",
    "NIL",
    "-",
    "--",
    "---",
    "—",
    "——",
    "/",
    "\\",
    "无",
    "空",
    "无数据",
    "暂无",
];

/// Words of [`NO_VALUE`] that are nothing else in text columns either, and are asked about if they stand only there.
pub(super) const STRICT_NO_VALUE: &[&str] =
    &["NULL", "null", "\\N", "(null)", "(NULL)", "<null>", "<NULL>", "[NULL]", "#N/A"];

/// Parents that say: none. An integer among them is one only as long as no record has it for its key.
pub(super) const TOPS: &[&str] = &[
    "0",
    "00",
    "000",
    "0000",
    "00000",
    "000000",
    "00000000",
    "-1",
    "ROOT",
    "Root",
    "root",
    "TOP",
    "Top",
    "top",
    "#",
    "*",
    "无",
    "顶级",
    "根节点",
    "无上级",
];

/// What the words of one code have in common.
struct Meaning {
    /// Titles of the code in a schema, lower case.
    titles: &'static [&'static str],
    /// Words for it, lower case, besides the titles.
    words: &'static [&'static str],
}

const MEANINGS: &[Meaning] = &[
    Meaning { titles: &["男", "male"], words: &["m", "男性", "男士"] },
    Meaning { titles: &["女", "female"], words: &["f", "女性", "女士"] },
    Meaning {
        titles: &["未知", "unknown"], words: &["u", "unk", "不详", "未知性别", "未说明"]
    },
    Meaning { titles: &["在职", "active"], words: &["在岗", "在册"] },
    Meaning { titles: &["离职", "left"], words: &["已离职", "离司"] },
    Meaning {
        titles: &["正常", "open"],
        words: &["营业", "在营", "正常营业", "y", "yes", "是", "true", "t"],
    },
    Meaning {
        titles: &["停业", "closed"],
        words: &["停止营业", "已停业", "n", "no", "否", "false", "f"],
    },
];

/// Whether a cell is a word that exports use everywhere, and so the name of nobody.
pub fn is_known(word: &str) -> bool {
    let plain = word.trim().to_lowercase();
    let same = |known: &&str| known.to_lowercase() == plain;
    NO_VALUE.iter().chain(TOPS).chain(PAIRS.iter().flatten()).any(|known| same(&known))
        || MEANINGS
            .iter()
            .any(|meaning| meaning.titles.iter().chain(meaning.words).any(|w| same(&w)))
}

/// Whether a word says the code of these titles.
pub(super) fn says(word: &str, title_zh: &str, title_en: &str) -> bool {
    let plain = |text: &str| text.trim().to_lowercase();
    let (word, zh, en) = (plain(word), plain(title_zh), plain(title_en));
    word == zh
        || word == en
        || MEANINGS.iter().any(|meaning| {
            let is_meant = |title: &str| meaning.titles.contains(&title);
            (is_meant(&zh) || is_meant(&en)) && meaning.words.contains(&word.as_str())
        })
}

/// Words that come together: an export that writes one of a pair writes the other too.
const PAIRS: [[&str; 2]; 16] = [
    ["M", "F"],
    ["m", "f"],
    ["男", "女"],
    ["男性", "女性"],
    ["Y", "N"],
    ["y", "n"],
    ["YES", "NO"],
    ["Yes", "No"],
    ["yes", "no"],
    ["是", "否"],
    ["TRUE", "FALSE"],
    ["true", "false"],
    ["T", "F"],
    ["在职", "离职"],
    ["正常", "停业"],
    ["营业", "停业"],
];

/// The other word of a pair.
pub(super) fn companions(word: &str) -> impl Iterator<Item = &'static str> + '_ {
    PAIRS.iter().filter_map(move |pair| match pair {
        [first, second] if *first == word => Some(*second),
        [first, second] if *second == word => Some(*first),
        _ => None,
    })
}

/// The number of a level as people write it: `1级`, `一级`, `第2层`.
pub(super) fn level(word: &str) -> Option<i64> {
    let word = word.strip_prefix('第').unwrap_or(word);
    let number = word.strip_suffix(['级', '层'])?;
    const NUMERALS: [&str; 10] = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];
    match NUMERALS.iter().position(|numeral| *numeral == number) {
        Some(at) => i64::try_from(at + 1).ok(),
        None => number.parse().ok().filter(|_| number.bytes().all(|b| b.is_ascii_digit())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_words_say_the_codes_of_their_titles() {
        for (word, zh, en, expected) in [
            ("M", "男", "male", true),
            ("女", "女", "female", true),
            ("F", "停业", "closed", true),
            ("F", "男", "male", false),
            ("Y", "在职", "active", false),
            ("是", "正常", "open", true),
            ("X", "未知", "unknown", false),
        ] {
            assert_eq!(says(word, zh, en), expected, "{word} {zh}");
        }
        assert_eq!(level("1级"), Some(1));
        assert_eq!(level("三级"), Some(3));
        assert_eq!(level("第2层"), Some(2));
        for word in ["级", "1", "-级"] {
            assert_eq!(level(word), None, "{word}");
        }
    }
}
