//! The questions that analysts ask, with their SQL.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// A question with a statement that answers it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its name in addresses.
    pub id: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// What it answers, in Chinese.
    pub about_zh: String,
    /// What it answers, in English.
    pub about_en: String,
    /// The statement; a `:name` in it is a parameter.
    pub sql: String,
    /// An example value of each parameter.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    question: Vec<Question>,
}

/// All questions, in the order in which they are shown.
pub static QUESTIONS: LazyLock<Vec<Question>> = LazyLock::new(|| {
    let document: Document = toml::from_str(include_str!("questions.toml"))
        .unwrap_or_else(|error| unreachable!("questions.toml: {error}"));
    document.question
});
