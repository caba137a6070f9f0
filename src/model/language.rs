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

/// A number with separators, as both languages write it: `60,015`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
