//! A text in both languages, as documents hold it.

use serde::Serialize;

use crate::model::Message;

#[derive(Serialize)]
pub(super) struct Text<'a> {
    zh: &'a str,
    en: &'a str,
}

pub(super) fn text(message: &Message) -> Text<'_> {
    Text { zh: &message.zh, en: &message.en }
}
