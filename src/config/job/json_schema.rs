//! The JSON Schema of job files, made from the table of keys, so that an editor knows what the program knows.

use serde_json::{Map, Value, json};

use crate::model::Message;

use super::key::{Key, KeyTable};
use super::keys::TABLE;
use super::value_type::ValueType;

const DURATION: &str = "^0*[1-9][0-9]*\\s*(ms|s|m|h|d)$";
const SIZE: &str = "^0*[1-9][0-9]*\\s*(B|KB|MB|GB|KiB|MiB|GiB|TiB)$";
const SHARE: &str = "^0*(100(\\.0+)?|[1-9][0-9]?(\\.[0-9]+)?|0\\.[0-9]*[1-9][0-9]*)\\s*%$";
const TIME_OF_DAY: &str = "^([01]?[0-9]|2[0-3]):[0-5]?[0-9]$";

/// The JSON Schema of job files (`schemas/job.schema.json`). `rules` are the names that `[rules]` takes, with what
/// they mean.
pub fn json_schema<'r>(rules: impl IntoIterator<Item = (&'r str, &'r Message)>) -> Value {
    let rules: Map<String, Value> =
        rules.into_iter().map(|(name, summary)| (name.to_owned(), rule(summary))).collect();
    let mut schema = table(TABLE, "", &rules);
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("$id".to_owned(), json!("urn:orgsnap:job"));
    schema.insert("title".to_owned(), json!("orgsnap job"));
    schema.insert("description".to_owned(), json!("任务文件 / A job file: one insurer"));
    Value::Object(schema)
}

/// The level of a rule.
fn rule(summary: &Message) -> Value {
    any_key(TABLE, "rules").map_or(Value::Bool(true), |any| {
        let mut schema = json!({ "enum": any.value.words() });
        schema["description"] = json!(both(summary));
        schema
    })
}

fn both(message: &Message) -> String {
    format!("{} / {}", message.zh, message.en)
}

/// A table with its keys, and what holds between them.
fn table(keys: KeyTable, section: &str, rules: &Map<String, Value>) -> Map<String, Value> {
    let any = any_key(keys, section);
    let properties: Map<String, Value> = match (any, section) {
        (Some(_), "rules") => rules.clone(),
        _ => in_section(keys, section)
            .map(|key| (key.name.to_owned(), property(keys, key, rules)))
            .collect(),
    };
    let others = match any {
        // The names of fields and forests are those of the schema of the data.
        Some(any) if section != "rules" => entry(keys, any, rules),
        _ => json!(false),
    };
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("additionalProperties".to_owned(), others);
    let required = required(keys, section, None);
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    let mut conditions = by_kind(keys, section);
    conditions.extend(between_keys(section));
    if !conditions.is_empty() {
        schema.insert("allOf".to_owned(), Value::Array(conditions));
    }
    schema
}

/// What holds for every key of a table.
fn any_key(keys: KeyTable, section: &str) -> Option<&'static Key> {
    keys.0.iter().filter_map(|s| s.any_key).find(|any| any.section == section)
}

/// An entry of a table whose keys are names: a list of texts, or a table from words to codes.
fn entry(keys: KeyTable, any: &Key, rules: &Map<String, Value>) -> Value {
    let mut schema = match any.value {
        ValueType::Table => {
            json!({ "type": "object", "additionalProperties": { "type": "integer" } })
        }
        other => Value::Object(value(keys, other, any.section, rules)),
    };
    schema["description"] = json!(both(&any.expects));
    schema
}

fn in_section(keys: KeyTable, section: &str) -> impl Iterator<Item = &'static Key> {
    keys.keys().filter(move |key| key.section == section)
}

fn required(keys: KeyTable, section: &str, kind: Option<&str>) -> Vec<&'static str> {
    in_section(keys, section).filter(|key| key.is_required_with(kind)).map(|key| key.name).collect()
}

/// What holds with each kind of a table: keys that must be there, and keys that have no meaning.
fn by_kind(keys: KeyTable, section: &str) -> Vec<Value> {
    let kind = in_section(keys, section).find(|key| key.name == "kind");
    let kinds = kind.map(|key| key.value.words()).unwrap_or_default();
    kinds
        .into_iter()
        .map(|kind| {
            let stray: Map<String, Value> = in_section(keys, section)
                .filter(|key| !key.applies_to(kind))
                .map(|key| (key.name.to_owned(), json!(false)))
                .collect();
            json!({
                "if": { "required": ["kind"], "properties": { "kind": { "const": kind } } },
                "then": { "required": required(keys, section, Some(kind)), "properties": stray },
            })
        })
        .collect()
}

/// What the resolvers ask of keys together.
fn between_keys(section: &str) -> Vec<Value> {
    let secret = in_section(TABLE, section).map(|key| key.name).eq(["env", "file"]);
    match section {
        _ if secret => vec![json!({ "minProperties": 1, "maxProperties": 1 })],
        "" => vec![
            json!({
                "dependentRequired": { "schedule": ["source"], "wecom_app": ["corp_id"] },
                "if": { "properties": { "report": { "required": ["reply"] } }, "required": ["report"] },
                "then": { "required": ["source"] },
            }),
            json!({
                "if": { "properties": { "wecom": { "required": ["login"] } }, "required": ["wecom"] },
                "then": { "required": ["public_url", "wecom_app"] },
            }),
        ],
        "source" => vec![json!({
            "if": { "required": ["kind"], "properties": { "kind": { "const": "sftp" } } },
            "then": { "anyOf": [{ "required": ["password"] }, { "required": ["key"] }] },
        })],
        "source.tls" => vec![json!({
            "minProperties": 1,
            "not": { "required": ["pin_sha256", "ca"] },
        })],
        "source.ready" => vec![json!({
            "oneOf": [
                { "required": ["stable"], "properties": { "marker": false } },
                { "required": ["marker"], "maxProperties": 1 },
            ]
        })],
        "report.reply" => vec![json!({ "properties": { "formats": { "minItems": 1 } } })],
        "alert" => vec![json!({
            "properties": { "on": { "minItems": 1 }, "command": { "minItems": 1 } }
        })],
        "wecom_app" => vec![json!({
            "dependentRequired": {
                "token": ["aes_key"],
                "aes_key": ["token"],
                "receive_ids": ["token", "aes_key"],
            }
        })],
        _ => Vec::new(),
    }
}

fn property(keys: KeyTable, key: &Key, rules: &Map<String, Value>) -> Value {
    let section = match key.section {
        "" => key.name.to_owned(),
        section => format!("{section}.{}", key.name),
    };
    let mut schema = value(keys, key.value, &section, rules);
    schema.insert("description".to_owned(), json!(both(&key.expects)));
    if let Some(default) = key.default.and_then(default) {
        schema.insert("default".to_owned(), default);
    }
    Value::Object(schema)
}

/// The pattern of these words in whatever case.
fn in_any_case(words: &[&str]) -> String {
    let letter = |c: char| match c.is_ascii_alphabetic() {
        true => format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase()),
        false => c.to_string(),
    };
    let words: Vec<String> = words.iter().map(|word| word.chars().map(letter).collect()).collect();
    format!("^({})$", words.join("|"))
}

/// A default as JSON.
fn default(written: &str) -> Option<Value> {
    let mut table: toml::Table = toml::from_str(&format!("value = {written}")).ok()?;
    serde_json::to_value(table.remove("value")?).ok()
}

/// A value of a type; `section` names the keys of a table.
fn value(
    keys: KeyTable,
    value_type: ValueType,
    section: &str,
    rules: &Map<String, Value>,
) -> Map<String, Value> {
    let inner = |one| Value::Object(value(keys, one, section, rules));
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let schema = match value_type {
        ValueType::String => json!({ "type": "string" }),
        ValueType::Boolean => json!({ "type": "boolean" }),
        ValueType::Integer { min, max: i64::MAX } => json!({ "type": "integer", "minimum": min }),
        ValueType::Integer { min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        ValueType::Duration => text(DURATION),
        ValueType::Size => text(SIZE),
        ValueType::Share => text(SHARE),
        ValueType::TimeOfDay => text(TIME_OF_DAY),
        ValueType::Enumeration(words) => json!({ "enum": words }),
        // The list is what editors offer; a pattern of JSON Schema has no mark for any case.
        ValueType::WordInAnyCase(words) => {
            json!({ "anyOf": [{ "enum": words }, text(&in_any_case(words))] })
        }
        ValueType::List(item) => json!({ "type": "array", "items": inner(*item) }),
        ValueType::Table => Value::Object(table(keys, section, rules)),
        ValueType::Tables => {
            json!({ "type": "array", "items": table(keys, section, rules) })
        }
        ValueType::AnyOf(types) => {
            json!({ "anyOf": types.iter().map(|one| inner(*one)).collect::<Vec<_>>() })
        }
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}
