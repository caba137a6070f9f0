//! A text of the page in both languages, of which the style sheet shows one.

use std::fmt;

use askama::filters::{Html, HtmlSafe, escape};

use crate::model::{Language, Message};
use crate::report::layout::visible;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Both {
    pub(super) zh: String,
    pub(super) en: String,
}

/// A text in both languages.
pub(super) fn both(zh: impl Into<String>, en: impl Into<String>) -> Both {
    Both { zh: zh.into(), en: en.into() }
}

impl Both {
    /// What `text` says in each language.
    pub(super) fn of(text: impl Fn(Language) -> String) -> Both {
        both(text(Language::Chinese), text(Language::English))
    }

    /// A message with its control characters made visible.
    pub(super) fn message(message: &Message) -> Both {
        both(visible(&message.zh), visible(&message.en))
    }
}

/// Escapes a text for HTML. It writes what it is given.
pub(super) fn escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    match escape(text, Html) {
        Ok(safe) => write!(f, "{safe}"),
        Err(never) => match never {},
    }
}

impl fmt::Display for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.zh == self.en {
            return escaped(f, &self.zh);
        }
        f.write_str("<span lang=\"zh-CN\">")?;
        escaped(f, &self.zh)?;
        f.write_str("</span><span lang=\"en\">")?;
        escaped(f, &self.en)?;
        f.write_str("</span>")
    }
}

// What it writes is escaped.
impl HtmlSafe for Both {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_equal_ones_stand_once() {
        let text = both("<b>甲</b>", "<b>a</b>").to_string();
        assert!(!text.contains("<b>"), "{text}");
        assert_eq!(text.matches("<span lang=").count(), 2);
        assert_eq!(both("3", "3").to_string(), "3");
    }
}
