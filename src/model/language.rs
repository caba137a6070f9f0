//! The language of messages to people.

use super::Message;

/// The language of messages to a person. Machine formats carry both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Chinese, the language of the insurers.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// The text of a message in this language.
    pub fn of(self, message: &Message) -> &str {
        match self {
            Language::Chinese => &message.zh,
            Language::English => &message.en,
        }
    }

    /// The one of two things that belongs to this language.
    pub fn choose<T>(self, chinese: T, english: T) -> T {
        match self {
            Language::Chinese => chinese,
            Language::English => english,
        }
    }
}
