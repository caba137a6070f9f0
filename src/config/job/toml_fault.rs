//! What is wrong with a text that should be TOML, in both languages.

use crate::model::Message;

/// What the parser says about often seen mistakes, and the same in Chinese. The first that it begins with counts.
const WORDS: [(&str, &str); 27] = [
    ("duplicate key", "同一个键或表写了两次"),
    ("string values must be quoted", "缺少值，或字符串没有写在引号内"),
    ("invalid boolean", "值无法识别；字符串应写在引号内"),
    ("invalid float", "值无法识别；字符串应写在引号内"),
    ("invalid fraction", "小数点后缺少数字"),
    ("invalid date", "日期写法无效"),
    ("invalid time", "时间写法无效"),
    ("missing value", "等号后缺少值"),
    ("key with no value", "键后缺少等号和值"),
    ("missing assignment", "键和值之间缺少等号"),
    ("extra `=`", "多了一个等号"),
    ("extra assignment", "两项之间缺少逗号"),
    ("missing comma", "两项之间缺少逗号"),
    ("extra comma", "多了一个逗号"),
    ("unclosed table", "表名后缺少右方括号"),
    ("unclosed array", "缺少右方括号"),
    ("unclosed inline table", "缺少右花括号"),
    ("unexpected key or value", "一行只能写一项；行末有多余的内容"),
    ("unexpected content", "此处有多余的内容"),
    ("invalid unquoted key", "键中有须加引号的字符"),
    ("unquoted keys cannot be empty", "缺少键名"),
    ("cannot extend value", "该键已有值，不能再作为表"),
    ("invalid basic string", "字符串写法无效，或缺少右引号"),
    ("invalid literal string", "字符串写法无效，或缺少右引号"),
    ("too few unicode value digits", "转义写法无效；字符串中的反斜杠应写两个"),
    ("unexpected leading zero", "数字不能以零开头；编号须加引号，如 \"00010001\""),
    ("missing escaped value", "字符串中的反斜杠应写两个，或改用单引号"),
];

/// Full-width characters that a Chinese input method writes where TOML needs the ones of ASCII.
const FULL_WIDTH: [char; 8] = ['“', '”', '‘', '’', '＝', '\u{3000}', '，', '；'];

/// What a message of the parser says about a line, to follow a colon.
pub(super) fn toml_reason(said: &str, line: &str) -> Message {
    let said = said.lines().next().unwrap_or_default();
    let outside_strings = line.split('"').step_by(2).collect::<String>();
    if let Some(wide) = outside_strings.chars().find(|c| FULL_WIDTH.contains(c)) {
        let shown = if wide == '\u{3000}' { "U+3000".to_owned() } else { wide.to_string() };
        return Message::new(
            format!("有全角字符 {shown}；请改用半角的引号、等号、逗号和空格"),
            format!("{said}; the full-width character {shown} must be the one of ASCII"),
        );
    }
    let known = WORDS.iter().find(|(english, _)| said.starts_with(english));
    let zh = known.map_or_else(|| format!("语法错误（{said}）"), |(_, zh)| (*zh).to_owned());
    Message::new(zh, said.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_in_toml_are_said_in_chinese() {
        for text in [
            "a = 1\na = 2",
            "a = x y",
            "a = ftps",
            "a =",
            "a",
            "a 1",
            "a == 1",
            "a = [1 2]",
            "a = [1,,2]",
            "a = { b = 1 c = 2 }",
            "[a",
            "[[a]",
            "a = [1",
            "a = { b = 1",
            "a = 1 b = 2",
            "名 = 1",
            "= 1",
            "a = 1\n[a]\nb = 1",
            "a = \"x",
            "a = 'x",
            "a = \"\\",
            "a = 01",
            "[a]\n[a]",
            "a = true1",
            "a = nope",
            "a = 1.",
            "a = 2024-99-01",
            "a = 30s",
            "a：1",
            "a = \"C:\\x\"",
            "a = 1,",
            "a = \"D:\\deliveries\\x\"",
        ] {
            let error = toml::from_str::<toml::Table>(text).unwrap_err();
            let Message { zh, .. } = toml_reason(error.message(), text);
            let plain = !zh.chars().any(|c| c.is_ascii_alphabetic());
            assert!(plain, "{text:?}: {zh}");
        }
        assert_eq!(toml_reason("odd", "").zh, "语法错误（odd）");
    }

    #[test]
    fn full_width_characters_outside_of_strings_are_named() {
        for (line, named) in [
            ("tenant = “t1”", Some("“")),
            ("tenant ＝ \"t1\"", Some("＝")),
            ("\u{3000}tenant = \"t1\"", Some("U+3000")),
            ("name = \"某，某\" x", None),
        ] {
            let error = toml::from_str::<toml::Table>(line).unwrap_err();
            let zh = toml_reason(error.message(), line).zh;
            assert_eq!(zh.contains("全角字符"), named.is_some(), "{line}: {zh}");
            assert!(named.is_none_or(|named| zh.contains(named)), "{line}: {zh}");
        }
    }
}
