//! A cursor over a schema file. It tracks its JSON pointer, so that errors can state it.

use serde_json::{Map, Value};

use crate::model::Message;

use super::error::SchemaError;

/// A JSON value with its file and JSON pointer.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    file: &'a str,
    pointer: String,
    value: &'a Value,
}

impl<'a> Cursor<'a> {
    /// The root of a file.
    pub(super) fn root(file: &'a str, value: &'a Value) -> Cursor<'a> {
        Cursor { file, pointer: String::new(), value }
    }

    /// File and pointer, for messages.
    pub(super) fn place(&self) -> String {
        format!("{}: {}", self.file, self.pointer)
    }

    /// An error at this position.
    pub(super) fn fail(&self, problem: Message) -> SchemaError {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        SchemaError::Invalid { file: self.file.to_owned(), pointer: pointer.to_owned(), problem }
    }

    fn expected(&self, what: Message) -> SchemaError {
        let (zh, en) = match self.value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                (self.value.to_string(), self.value.to_string())
            }
            Value::Array(_) => ("数组".to_owned(), "an array".to_owned()),
            Value::Object(_) => ("对象".to_owned(), "an object".to_owned()),
        };
        self.fail(Message::new(
            format!("应为{}，实为 {zh}", what.zh),
            format!("expected {}, found {en}", what.en),
        ))
    }

    fn object(&self) -> Result<&'a Map<String, Value>, SchemaError> {
        self.value.as_object().ok_or_else(|| self.expected(Message::fixed("对象", "an object")))
    }

    fn at(&self, step: &str, value: &'a Value) -> Cursor<'a> {
        // RFC 6901: `~` and `/` within a name are written `~0` and `~1`.
        let step = step.replace('~', "~0").replace('/', "~1");
        Cursor { file: self.file, pointer: format!("{}/{step}", self.pointer), value }
    }

    /// The member of that name, if it is there.
    pub(super) fn get(&self, name: &str) -> Result<Option<Cursor<'a>>, SchemaError> {
        Ok(self.object()?.get(name).map(|value| self.at(name, value)))
    }

    /// The member of that name, which must be there.
    pub(super) fn need(&self, name: &str) -> Result<Cursor<'a>, SchemaError> {
        self.get(name)?.ok_or_else(|| {
            self.fail(Message::new(
                format!("缺少成员 \"{name}\""),
                format!("expected a member \"{name}\""),
            ))
        })
    }

    /// A text that is not empty.
    pub(super) fn text(&self) -> Result<&'a str, SchemaError> {
        self.value
            .as_str()
            .filter(|s| !s.is_empty())
            .ok_or_else(|| self.expected(Message::fixed("文本", "a text")))
    }

    /// The text of an optional member.
    pub(super) fn text_of(&self, name: &str) -> Result<Option<&'a str>, SchemaError> {
        self.get(name)?.map(|member| member.text()).transpose()
    }

    /// A whole number.
    pub(super) fn integer(&self) -> Result<i64, SchemaError> {
        self.value.as_i64().ok_or_else(|| self.expected(Message::fixed("整数", "a whole number")))
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Result<bool, SchemaError> {
        self.value
            .as_bool()
            .ok_or_else(|| self.expected(Message::fixed(" true 或 false", "true or false")))
    }

    /// Whether the value is an object rather than a text that names a file.
    pub(super) fn is_object(&self) -> bool {
        self.value.is_object()
    }

    /// Whether the value is an empty text.
    pub(super) fn is_empty_text(&self) -> bool {
        self.value.as_str() == Some("")
    }

    /// The elements of an array.
    pub(super) fn elements(&self) -> Result<Vec<Cursor<'a>>, SchemaError> {
        let array = self
            .value
            .as_array()
            .ok_or_else(|| self.expected(Message::fixed("数组", "an array")))?;
        Ok(array.iter().enumerate().map(|(i, value)| self.at(&i.to_string(), value)).collect())
    }

    /// The members of an object, each with its name.
    pub(super) fn members(&self) -> Result<Vec<(&'a str, Cursor<'a>)>, SchemaError> {
        Ok(self
            .object()?
            .iter()
            .map(|(name, value)| (name.as_str(), self.at(name, value)))
            .collect())
    }

    /// The elements of an optional member that is an array; none where it is absent.
    pub(super) fn elements_of(&self, name: &str) -> Result<Vec<Cursor<'a>>, SchemaError> {
        self.get(name)?.map_or_else(|| Ok(Vec::new()), |member| member.elements())
    }

    /// The one text of a member that is a text or an array of one text, as both are allowed for keys.
    pub(super) fn single(&self) -> Result<&'a str, SchemaError> {
        if self.value.is_array() {
            match self.elements()?.as_slice() {
                [only] => only.text(),
                other => Err(self.fail(Message::new(
                    format!("应为一个字段，实为 {} 个", other.len()),
                    format!("expected one field, found {}", other.len()),
                ))),
            }
        } else {
            self.text()
        }
    }

    /// Refuses members outside `known` whose names start with `prefix` (all members for an empty one): a
    /// misspelt member would otherwise be silently without effect.
    pub(super) fn only(&self, prefix: &str, known: &[&str]) -> Result<(), SchemaError> {
        for (name, value) in self.object()? {
            if name.starts_with(prefix) && !known.contains(&name.as_str()) {
                let problem = Message::new(
                    format!("orgsnap 不识别此成员；可识别的有 {}", quote(known)),
                    format!("not a member that orgsnap reads; it reads {}", quote(known)),
                );
                return Err(self.at(name, value).fail(problem));
            }
        }
        Ok(())
    }
}

/// `"a", "b"`, for messages.
pub(super) fn quote(names: &[&str]) -> String {
    names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ")
}
