//! Errors of job files: position, problem and expected value.

use std::fmt;
use std::path::PathBuf;

use crate::model::Message;

/// A defect of a job file. `Display` is the English message; [`ConfigError::message`] has both.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The job file.
    pub file: PathBuf,
    /// 1-based line; none if the file could not be read.
    pub line: Option<usize>,
    /// 1-based column, in characters.
    pub column: Option<usize>,
    /// The table of the key, such as `source.tls`; empty at the top level.
    pub section: String,
    /// The key; none where the file is not TOML.
    pub key: Option<String>,
    /// What is wrong.
    pub problem: Box<Problem>,
    /// What the key expects, where it is known.
    pub expected: Option<&'static Message>,
}

/// What is wrong with a job file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The file cannot be read.
    Unreadable {
        /// Why.
        reason: Message,
    },
    /// The file has another encoding than UTF-8.
    NotUtf8,
    /// The file is not TOML.
    Syntax {
        /// What is wrong.
        detail: Message,
    },
    /// There is no such key.
    UnknownKey {
        /// The known key that looks like it.
        suggestion: Option<String>,
        /// All known keys of the table.
        known: Vec<&'static str>,
    },
    /// The key is needed.
    MissingKey,
    /// The value has the wrong type or form.
    BadValue {
        /// The value as written; none for secrets.
        found: Option<String>,
    },
    /// The value has the right form, but makes no sense here.
    Unfit(Message),
    /// A secret's environment variable is not set, or is empty.
    VariableNotSet {
        /// Its name.
        name: String,
    },
    /// A secret's file cannot be used.
    SecretFile {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: Message,
    },
}

impl ConfigError {
    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        let place = match self.line {
            Some(line) => format!("{}:{line}", self.file.display()),
            None => self.file.display().to_string(),
        };
        let what = self.what();
        Message::new(format!("{place}: {}", what.zh), format!("{place}: {}", what.en))
    }

    fn what(&self) -> Message {
        let key = self.key.as_deref().unwrap_or_default();
        let dotted = match self.section.as_str() {
            "" => key.to_owned(),
            section => format!("{section}.{key}"),
        };
        let (in_zh, in_en) = match self.section.as_str() {
            "" => ("文件顶层".to_owned(), "at the top level".to_owned()),
            section => (format!("[{section}] "), format!("in [{section}]")),
        };
        let (expected_zh, expected_en) = match &self.expected {
            Some(expected) => {
                {
                    // A space stands between Chinese and other characters.
                    let latin = expected.zh.starts_with(|c: char| c.is_ascii());
                    let space = if latin { " " } else { "" };
                    (format!("，应为{space}{}", expected.zh), format!("; expected {}", expected.en))
                }
            }
            None => (String::new(), String::new()),
        };
        match self.problem.as_ref() {
            Problem::Unreadable { reason } => Message::new(
                format!("无法读取任务文件（{}）；请检查路径和权限", reason.zh),
                format!(
                    "the job file cannot be read ({}); check the path and its permissions",
                    reason.en
                ),
            ),
            Problem::NotUtf8 => Message::fixed(
                "文件不是 UTF-8 编码，请另存为 UTF-8",
                "the file is not UTF-8; save it as UTF-8",
            ),
            Problem::Syntax { detail } => Message::new(
                format!("不是有效的 TOML：{}", detail.zh),
                format!("not valid TOML: {}", detail.en),
            ),
            Problem::UnknownKey { suggestion: Some(suggestion), .. } => Message::new(
                format!("{in_zh}中没有键 \"{key}\"；是否应为 \"{suggestion}\"？"),
                format!("unknown key \"{key}\" {in_en}; did you mean \"{suggestion}\"?"),
            ),
            Problem::UnknownKey { suggestion: None, known } => Message::new(
                format!("{in_zh}中没有键 \"{key}\"；可用的键：{}", known.join("、")),
                format!("unknown key \"{key}\" {in_en}; known keys: {}", known.join(", ")),
            ),
            Problem::MissingKey => Message::new(
                format!("{in_zh}中缺少 \"{key}\"{expected_zh}"),
                format!("missing key \"{key}\" {in_en}{expected_en}"),
            ),
            Problem::BadValue { found: Some(found) } => Message::new(
                format!("{dotted} 的值 {found} 无效{expected_zh}"),
                format!("bad value {found} for {dotted}{expected_en}"),
            ),
            Problem::BadValue { found: None } => Message::new(
                format!("{dotted} 的值无效{expected_zh}"),
                format!("bad value for {dotted}{expected_en}"),
            ),
            Problem::Unfit(why) => {
                Message::new(format!("{dotted}：{}", why.zh), format!("{dotted}: {}", why.en))
            }
            Problem::VariableNotSet { name } => Message::new(
                format!("{dotted} 引用环境变量 {name}，但该变量未设置或为空；请先设置"),
                format!(
                    "{dotted} comes from the environment variable {name}, which is not set or empty; \
                     set it first"
                ),
            ),
            Problem::SecretFile { path, reason } => Message::new(
                format!(
                    "{dotted} 引用文件 {}，但该文件无法使用（{}）；请检查该文件",
                    path.display(),
                    reason.zh
                ),
                format!(
                    "{dotted} comes from the file {}, which cannot be used ({}); check that file",
                    path.display(),
                    reason.en
                ),
            ),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}
