//! A decrypted message: the columns that are made of it, and the files that it names. The text itself is kept as it is.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

/// What is known of a message without reading it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct MessageFields {
    /// `send`, `recall` or `switch`.
    pub(super) action: Option<String>,
    /// `text`, `image`, `file`, ...
    pub(super) msg_type: Option<String>,
    /// Who sent it.
    pub(super) from_user: Option<String>,
    /// To whom, as a JSON array.
    pub(super) to_users: Option<String>,
    /// The group.
    pub(super) room_id: Option<String>,
    /// When it was sent, in UTC.
    pub(super) sent_at: Option<String>,
    /// The files that it names.
    pub(super) files: Vec<FileReference>,
}

/// A file that a message names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileReference {
    /// The id to fetch it with.
    pub(super) file_id: String,
    /// The extension of its name; empty if it is not known.
    pub(super) extension: String,
    /// MD5 of its content in hex, if the message says it.
    pub(super) md5: Option<String>,
    /// Its size in bytes, if the message says it.
    pub(super) size: Option<i64>,
}

/// How deep a message is searched for files: a forwarded conversation may hold forwarded conversations.
const DEPTH: usize = 16;

impl MessageFields {
    /// Reads what there is; a text that is no JSON has no fields.
    pub(super) fn of(text: &[u8]) -> MessageFields {
        let Some(value) = parsed(text) else { return MessageFields::default() };
        let string = |key: &str| {
            value
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let milliseconds = value.get("msgtime").or(value.get("time")).and_then(Value::as_i64);
        let msg_type = string("msgtype");
        let mut files = Vec::new();
        find_files(&value, msg_type.as_deref(), DEPTH, &mut files);
        MessageFields {
            action: string("action"),
            from_user: string("from").or_else(|| string("user")),
            to_users: value.get("tolist").filter(|list| list.is_array()).map(Value::to_string),
            room_id: string("roomid"),
            sent_at: milliseconds.and_then(DateTime::from_timestamp_millis).map(as_text),
            msg_type,
            files,
        }
    }
}

/// A moment as the columns hold it.
pub(super) fn as_text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The text as JSON. WeCom leaves control characters in it, which JSON does not allow.
fn parsed(text: &[u8]) -> Option<Value> {
    let plain: Vec<u8> = text.iter().map(|byte| if *byte < b' ' { b' ' } else { *byte }).collect();
    serde_json::from_slice(&plain).ok().filter(Value::is_object)
}

/// Every object with an `sdkfileid`. Mixed and forwarded messages hold others as text.
fn find_files(value: &Value, kind: Option<&str>, depth: usize, files: &mut Vec<FileReference>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Value::Object(fields) => {
            let text = |key: &str| fields.get(key).and_then(Value::as_str);
            let kind = text("type").or(kind);
            if let Some(file_id) = text("sdkfileid").filter(|id| !id.is_empty()) {
                let named =
                    text("fileext").or_else(|| text("filename")?.rsplit_once('.').map(|n| n.1));
                let extension = named.or_else(|| usual_extension(kind?)).unwrap_or_default();
                let plain = extension.len() <= 10
                    && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
                let md5 = text("md5sum").map(str::to_ascii_lowercase);
                let sizes = ["filesize", "imagesize", "voice_size"];
                let size = sizes.into_iter().find_map(|key| fields.get(key)?.as_i64());
                let known = files.iter().any(|file| file.file_id == file_id);
                if !known {
                    files.push(FileReference {
                        file_id: file_id.to_owned(),
                        extension: if plain {
                            extension.to_ascii_lowercase()
                        } else {
                            String::new()
                        },
                        md5: md5.filter(|md5| md5.len() == 32),
                        size: size.filter(|size| *size >= 0),
                    });
                }
            }
            for (key, inner) in fields {
                let inside = match (key.as_str(), inner) {
                    ("content", Value::String(text)) => parsed(text.as_bytes()),
                    _ => None,
                };
                find_files(inside.as_ref().unwrap_or(inner), kind, depth, files);
            }
        }
        Value::Array(items) => {
            for item in items {
                find_files(item, kind, depth, files);
            }
        }
        _ => {}
    }
}

fn usual_extension(kind: &str) -> Option<&'static str> {
    let kind = kind.strip_prefix("ChatRecord").unwrap_or(kind).to_ascii_lowercase();
    match kind.as_str() {
        "image" => Some("jpg"),
        "voice" | "meeting_voice_call" => Some("amr"),
        "video" => Some("mp4"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_from_a_message_with_control_characters() {
        let text = b"{\"msgid\":\"m\",\"action\":\"send\",\"from\":\"a\",\"tolist\":[\"b\",\"c\"],\"roomid\":\"\",\
            \"msgtime\":1732300000123,\"msgtype\":\"text\",\"text\":{\"content\":\"one\x02two\"}}";
        let fields = MessageFields::of(text);
        assert_eq!(fields.action.as_deref(), Some("send"));
        assert_eq!(fields.to_users.as_deref(), Some(r#"["b","c"]"#));
        assert_eq!(fields.room_id, None);
        assert_eq!(fields.sent_at.as_deref(), Some("2024-11-22T18:26:40.123Z"));
        assert_eq!(fields.files, []);
    }

    #[test]
    fn files_are_found_in_plain_mixed_and_forwarded_messages() {
        let image = r#"{"msgtype":"image","image":{"md5sum":"0123456789ABCDEF0123456789abcdef","filesize":7,"sdkfileid":"f1"}}"#;
        let files = MessageFields::of(image.as_bytes()).files;
        assert_eq!(files.len(), 1);
        assert_eq!((files[0].extension.as_str(), files[0].size), ("jpg", Some(7)));
        assert_eq!(files[0].md5.as_deref(), Some("0123456789abcdef0123456789abcdef"));
        let inner = r#"{\"filename\":\"x.PDF\",\"sdkfileid\":\"f2\"}"#;
        let mixed = format!(
            r#"{{"msgtype":"mixed","mixed":{{"item":[{{"type":"file","content":"{inner}"}},{{"type":"voice","content":"{{\"sdkfileid\":\"f3\"}}"}}]}}}}"#
        );
        let files = MessageFields::of(mixed.as_bytes()).files;
        let found: Vec<_> =
            files.iter().map(|f| (f.file_id.as_str(), f.extension.as_str())).collect();
        assert_eq!(found, [("f2", "pdf"), ("f3", "amr")]);
        // An extension becomes part of a file's name.
        let hostile = br#"{"msgtype":"file","file":{"fileext":"../../x","sdkfileid":"f4"}}"#;
        assert_eq!(MessageFields::of(hostile).files[0].extension, "");
    }

    #[test]
    fn what_is_no_json_has_no_fields_and_deep_nesting_ends() {
        for text in [b"".as_slice(), b"no JSON", b"[1]", b"\xff\xfe"] {
            assert_eq!(MessageFields::of(text), MessageFields::default());
        }
        let mut deep = r#"{"sdkfileid":"f"}"#.to_owned();
        for _ in 0..40 {
            deep = format!(r#"{{"a":{deep}}}"#);
        }
        assert_eq!(MessageFields::of(deep.as_bytes()).files, []);
    }
}
