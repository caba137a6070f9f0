//! What `GetChatData` hands over: encrypted messages, each with its number.

use serde::Deserialize;
use serde_json::Value;

/// Encrypted messages in the order in which they came.
pub(super) struct ChatData {
    /// The messages.
    pub(super) items: Vec<Item>,
}

/// Why an answer is none. Nothing of it is quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatDataFault {
    /// It is not the JSON that is documented.
    NotJson,
    /// WeCom refuses in the answer itself.
    Refused {
        /// Its code.
        code: i64,
    },
    /// A message has no number or no id, so that nothing can be kept of it.
    NoNumber,
    /// The numbers do not go on from the one that was asked with.
    NotAfter,
}

/// An encrypted message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Its number, which grows.
    pub(super) seq: i64,
    /// Its id.
    pub(super) msgid: String,
    /// The item as JSON.
    pub(super) json: String,
    /// What is needed to decrypt it; `None` if it lacks any of that.
    pub(super) encrypted: Option<Encrypted>,
}

/// What is needed to decrypt a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Encrypted {
    /// Version of the public key.
    #[serde(rename = "publickey_ver")]
    pub(super) key_version: u32,
    /// The random key, encrypted for that public key, in Base64.
    #[serde(rename = "encrypt_random_key")]
    pub(super) random_key: String,
    /// The message, encrypted with the random key.
    #[serde(rename = "encrypt_chat_msg")]
    pub(super) message: String,
}

impl ChatData {
    /// Reads an answer to the question for what comes after `after`.
    pub(super) fn read(bytes: &[u8], after: i64) -> Result<ChatData, ChatDataFault> {
        let mut document: Value =
            serde_json::from_slice(bytes).map_err(|_| ChatDataFault::NotJson)?;
        let code = document.get("errcode").and_then(Value::as_i64).unwrap_or_default();
        if code != 0 {
            return Err(ChatDataFault::Refused { code });
        }
        // A list that is not there is not an empty one, which would mean that there is nothing more.
        let Some(Value::Array(items)) = document.get_mut("chatdata").map(Value::take) else {
            return Err(ChatDataFault::NotJson);
        };
        let items = items.into_iter().map(Item::of);
        let items: Vec<Item> = items.collect::<Option<_>>().ok_or(ChatDataFault::NoNumber)?;
        // An answer that does not go on would be asked for again for ever. One that goes on may repeat what came before.
        match items.is_empty() || items.iter().any(|item| item.seq > after) {
            true => Ok(ChatData { items }),
            false => Err(ChatDataFault::NotAfter),
        }
    }
}

impl Item {
    fn of(value: Value) -> Option<Item> {
        let seq = value.get("seq")?.as_i64()?;
        let msgid = value.get("msgid")?.as_str().filter(|id| !id.is_empty())?.to_owned();
        let json = value.to_string();
        Some(Item { seq, msgid, json, encrypted: serde_json::from_value(value).ok() })
    }

    /// An item that was kept as JSON.
    pub(super) fn from_json(json: &str) -> Option<Item> {
        Item::of(serde_json::from_str(json).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: &str = r#"{"seq":7,"msgid":"m7","publickey_ver":3,"encrypt_random_key":"a2V5","encrypt_chat_msg":"bXNn"}"#;

    fn fault(text: &str, after: i64) -> Option<ChatDataFault> {
        ChatData::read(text.as_bytes(), after).err()
    }

    #[test]
    fn items_are_read_and_come_back_from_their_json() {
        let text = format!(r#"{{"errcode":0,"errmsg":"ok","chatdata":[{ITEM}]}}"#);
        let items = ChatData::read(text.as_bytes(), 6).unwrap().items;
        let encrypted = items[0].encrypted.as_ref().unwrap();
        assert_eq!((items[0].seq, items[0].msgid.as_str(), encrypted.key_version), (7, "m7", 3));
        assert_eq!(Item::from_json(&items[0].json).as_ref(), Some(&items[0]));
        assert_eq!(ChatData::read(br#"{"errcode":0,"chatdata":[]}"#, 6).unwrap().items, []);
    }

    #[test]
    fn an_item_that_lacks_its_key_is_kept_and_one_that_lacks_its_number_is_a_fault() {
        let text = r#"{"chatdata":[{"seq":7,"msgid":"m7","publickey_ver":"three"}]}"#;
        let items = ChatData::read(text.as_bytes(), 0).unwrap().items;
        assert_eq!(items[0].encrypted, None);
        for text in [
            r#"{"chatdata":[{"msgid":"m7"}]}"#,
            r#"{"chatdata":[{"seq":7}]}"#,
            r#"{"chatdata":[{"seq":7,"msgid":""}]}"#,
            r#"{"chatdata":[{"seq":18446744073709551615,"msgid":"m"}]}"#,
        ] {
            assert_eq!(fault(text, 0), Some(ChatDataFault::NoNumber), "{text}");
        }
    }

    #[test]
    fn what_is_no_answer_or_does_not_go_on_is_a_fault() {
        assert_eq!(fault("\u{1}", 0), Some(ChatDataFault::NotJson));
        for text in ["[]", "{}", "null", r#"{"errcode":0,"chatdata":null}"#] {
            assert_eq!(fault(text, 0), Some(ChatDataFault::NotJson), "{text}");
        }
        let refused = r#"{"errcode":301042,"errmsg":"not allowed"}"#;
        assert_eq!(fault(refused, 0), Some(ChatDataFault::Refused { code: 301_042 }));
        let text = format!(r#"{{"chatdata":[{ITEM}]}}"#);
        assert_eq!(fault(&text, 7), Some(ChatDataFault::NotAfter));
        let next = ITEM.replace("7", "8");
        let text = format!(r#"{{"chatdata":[{ITEM},{next}]}}"#);
        assert_eq!(ChatData::read(text.as_bytes(), 7).unwrap().items.len(), 2);
    }
}
