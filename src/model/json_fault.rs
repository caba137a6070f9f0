//! What is wrong with a text that should be JSON, in both languages.

use serde_json::Error;
use serde_json::error::Category;

use super::Message;

/// What the parser says about often seen mistakes, and the same in Chinese.
const WORDS: [(&str, &str); 13] = [
    ("EOF while parsing", "内容不完整，在中途结束"),
    ("trailing comma", "多了一个逗号"),
    ("trailing characters", "结尾之后还有内容"),
    ("expected `,` or `}`", "此处缺少逗号或 }"),
    ("expected `,` or `]`", "此处缺少逗号或 ]"),
    ("expected `:`", "此处缺少冒号"),
    ("expected value", "此处缺少值"),
    ("expected ident", "此处的词无法识别"),
    ("key must be a string", "键应写在双引号内"),
    ("control character", "字符串中有控制字符"),
    ("invalid escape", "转义写法无效"),
    ("invalid number", "数字写法无效"),
    ("missing field", "缺少必需的键"),
];

/// Why a text is not the JSON that was expected, as half a sentence to follow a colon or to be put in brackets.
pub fn json_reason(error: &Error) -> Message {
    let english = error.to_string();
    let known = WORDS.iter().find(|(said, _)| english.starts_with(said)).map(|(_, zh)| *zh);
    let what = match (known, error.classify()) {
        (Some(zh), _) => zh.to_owned(),
        (None, Category::Data) => "内容与要求不符".to_owned(),
        (None, _) => format!("语法错误：{english}"),
    };
    let place = match error.line() {
        0 => String::new(),
        line => format!("（第 {line} 行第 {} 列）", error.column()),
    };
    Message::new(format!("{what}{place}"), english)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_in_json_are_said_in_chinese() {
        for text in [
            "",
            "{",
            "[1",
            "\"",
            "{\"a\"",
            "[1,]",
            "{\"a\":1,}",
            "1 2",
            "{\"a\" 1}",
            "{\"a\":}",
            "{\"a\":1 2}",
            "[1 2]",
            "{a:1}",
            "{1:1}",
            "\"\\x\"",
            "\"\n\"",
            "nul",
            "-",
            "x",
        ] {
            let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
            let Message { zh, en } = json_reason(&error);
            assert!(!zh.chars().any(|c| c.is_ascii_alphabetic()), "{text:?}: {zh}");
            assert_eq!(en, error.to_string());
        }
        let error = serde_json::from_str::<u8>("\"x\"").unwrap_err();
        assert!(json_reason(&error).zh.starts_with("内容与要求不符（第 1 行"));
    }
}
