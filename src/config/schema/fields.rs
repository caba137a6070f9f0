//! Resolves the fields of one Table Schema: types, constraints, titles, key.

use std::collections::BTreeMap;

use crate::model::{Feed, Message};

use super::allowed;
use super::error::SchemaError;
use super::export;
use super::json_cursor::Cursor;
use super::resolved::{FeedSchema, Field, Kind, Required};
use super::unread;

/// Columns that every snapshot table or its history has besides the fields.
const RESERVED_COLUMNS: [&str; 3] = ["valid_from", "valid_to", "carried_since"];

/// Resolves a resource and its Table Schema, but for what links it to others.
pub(super) fn feed_schema(
    feed: Feed,
    resource: &Cursor<'_>,
    schema: &Cursor<'_>,
) -> Result<FeedSchema, SchemaError> {
    let path = resource.need("path")?;
    let file_name = path.text()?;
    if file_name.contains(['/', '\\']) || file_name.starts_with('.') {
        return Err(path.fail(Message::fixed(
            "应为不含目录的文件名",
            "expected a file name without a folder",
        )));
    }
    let name = feed.name();
    unread::tell(resource, &unread::RESOURCE)?;
    unread::tell(schema, &unread::TABLE)?;
    let title_zh = resource.text_of("title")?.unwrap_or(feed.title_zh());
    let title_en = resource.text_of("orgsnap:titleEn")?.unwrap_or(name);

    let mut fields: Vec<Field> = Vec::new();
    let mut titles: BTreeMap<String, String> = BTreeMap::new();
    let missing = export::missing_values(schema)?.unwrap_or_default();
    for cursor in schema.need("fields")?.elements()? {
        let field = field(&cursor, &missing)?;
        if fields.iter().any(|f| f.column.eq_ignore_ascii_case(&field.column)) {
            let problem = Message::new(
                format!("列 \"{}\" 对应了两个字段", field.column),
                format!("a second field for the column \"{}\"", field.column),
            );
            return Err(cursor.need("name")?.fail(problem));
        }
        // A header is read by names and titles alike, so none may mean two fields.
        let own = [&field.name, &field.column, &*field.title.zh, &*field.title.en];
        for title in own.into_iter().chain(field.aliases.iter().map(String::as_str)) {
            let taken = titles.insert(title.to_lowercase(), field.name.clone());
            if let Some(other) = taken.filter(|other| *other != field.name) {
                let problem = Message::new(
                    format!("标题 \"{title}\" 已用于 \"{other}\""),
                    format!("the title \"{title}\" already stands for \"{other}\""),
                );
                return Err(cursor.fail(problem));
            }
        }
        fields.push(field);
    }

    let key = schema.need("primaryKey")?;
    let key_name = key.single()?;
    let position = fields.iter().position(|f| f.name == key_name);
    let position = position.ok_or_else(|| {
        key.fail(Message::new(
            format!("没有名为 \"{key_name}\" 的字段"),
            format!("no field is named \"{key_name}\""),
        ))
    })?;
    if fields[position].kind != Kind::Text || fields[position].required != Required::Yes {
        return Err(key.fail(Message::fixed(
            "应为必填且类型是 \"string\" 的字段",
            "expected a required field of type \"string\"",
        )));
    }
    for (i, cursor) in schema.need("fields")?.elements()?.iter().enumerate() {
        if let Required::Unless(other) = &fields[i].required
            && !fields.iter().any(|f| f.name == *other)
        {
            let here = cursor.need("orgsnap:requiredUnlessEmpty")?;
            return Err(here.fail(Message::new(
                format!("没有名为 \"{other}\" 的字段"),
                format!("no field is named \"{other}\""),
            )));
        }
    }
    Ok(FeedSchema {
        feed,
        file_name: file_name.to_owned(),
        title: Message::new(title_zh, title_en),
        fields,
        key: position,
        dialect: export::dialect(resource)?,
    })
}

const FIELD_KEYS: [&str; 7] = [
    "orgsnap:titleEn",
    "orgsnap:descriptionEn",
    "orgsnap:aliases",
    "orgsnap:enumTitles",
    "orgsnap:requiredUnlessEmpty",
    "orgsnap:copyOf",
    "orgsnap:personName",
];

/// Fields that hold names of people although a schema does not say so: an insurer's own copy may be older than the
/// declaration.
const PERSON_NAMES: [&str; 2] = ["agentName", "principalName"];

/// The standard allows an example of any type; here it is shown as a text.
fn example(cursor: &Cursor<'_>) -> Result<Option<String>, SchemaError> {
    let Some(example) = cursor.get("example")? else { return Ok(None) };
    let text = example.text().map(str::to_owned);
    Ok(text.or_else(|_| example.integer().map(|number| number.to_string())).ok())
}

/// `missing` are the texts that mean no value where the field names none of its own.
fn field(cursor: &Cursor<'_>, missing: &[String]) -> Result<Field, SchemaError> {
    cursor.only("orgsnap:", &[FIELD_KEYS.as_slice(), &export::FIELD_KEYS].concat())?;
    unread::tell(cursor, &unread::FIELD)?;
    let name = cursor.need("name")?;
    let column = snake_case(name.text()?).ok_or_else(|| {
        name.fail(Message::fixed(
            "应为英文字母和数字，以小写字母开头",
            "expected ASCII letters and digits, starting with a lower-case letter",
        ))
    })?;
    if RESERVED_COLUMNS.contains(&column.as_str()) {
        return Err(name.fail(Message::new(
            format!("列名 \"{column}\" 由 orgsnap 保留"),
            format!("the column \"{column}\" is kept for orgsnap itself"),
        )));
    }
    let name = name.text()?;
    let title = cursor.text_of("title")?.unwrap_or(name);
    let description = cursor.text_of("description")?.unwrap_or(title);
    let title_en = cursor.text_of("orgsnap:titleEn")?.unwrap_or(name);
    let description_en = cursor.text_of("orgsnap:descriptionEn")?.unwrap_or(title_en);
    let aliases = cursor.elements_of("orgsnap:aliases")?;
    let aliases = aliases.iter().map(|a| a.text().map(str::to_owned)).collect::<Result<_, _>>()?;

    let kind = kind(cursor)?;
    let constraints = cursor.get("constraints")?;
    let mut required = Required::No;
    let allowed = allowed::allowed(cursor, constraints.as_ref(), &kind)?;
    let mut max_length = None;
    if let Some(constraints) = &constraints {
        constraints.only("", &["required", "enum", "maxLength"])?;
        if let Some(flag) = constraints.get("required")?
            && flag.boolean()?
        {
            required = Required::Yes;
        }
        if let Some(max) = constraints.get("maxLength")? {
            let length = usize::try_from(max.integer()?).ok().filter(|n| *n > 0);
            max_length = Some(length.ok_or_else(|| {
                max.fail(Message::fixed("应为大于 0 的数", "expected a number above 0"))
            })?);
            if kind != Kind::Text {
                return Err(max.fail(Message::fixed(
                    "应为类型是 \"string\" 的字段",
                    "expected a field of type \"string\"",
                )));
            }
        }
    }
    if let Some(unless) = cursor.get("orgsnap:requiredUnlessEmpty")? {
        if required == Required::Yes {
            return Err(unless
                .fail(Message::fixed("该字段本来就是必填", "the field is required in any case")));
        }
        required = Required::Unless(unless.text()?.to_owned());
    }
    let codes = export::codes(cursor, &kind)?;
    if let Some((word, code)) = codes
        .iter()
        .find(|(_, code)| !allowed.is_empty() && !allowed.iter().any(|(value, _)| value == *code))
    {
        let codes = cursor.need("orgsnap:codes")?;
        return Err(codes.fail(Message::new(
            format!("\"{word}\"：{code} 不在约束 \"enum\" 或 \"categories\" 之中"),
            format!("\"{word}\": {code} is not in the constraint \"enum\" or in \"categories\""),
        )));
    }
    let field = Field {
        name: name.to_owned(),
        column,
        title: Message::new(title, title_en),
        description: Message::new(description, description_en),
        aliases,
        kind,
        person: match cursor.get("orgsnap:personName")? {
            Some(flag) => flag.boolean()?,
            None => PERSON_NAMES.contains(&name),
        },
        required,
        allowed,
        max_length,
        no_value: export::missing_values(cursor)?.unwrap_or_else(|| missing.to_vec()),
        codes,
        example: example(cursor)?,
    };
    if let Some(word) = field.word_without_value() {
        return Err(cursor.need("orgsnap:codes")?.fail(Message::new(
            format!("\"{word}\" 也在 missingValues 中，表示没有值；请只留一处"),
            format!("\"{word}\" is in missingValues too and means no value; take one of them out"),
        )));
    }
    Ok(field)
}

fn kind(field: &Cursor<'_>) -> Result<Kind, SchemaError> {
    let of_dates = ["orgsnap:dateFormats", "orgsnap:noDate"];
    let kind = field.need("type")?;
    match kind.text()? {
        "string" | "integer" => {
            for name in of_dates {
                if field.get(name)?.is_some() {
                    return Err(kind.fail(Message::new(format!("已有 \"{name}\"，类型应为 \"date\""), format!("expected \"date\", as there are \"{name}\""))));
                }
            }
            Ok(if kind.text()? == "integer" { Kind::Integer } else { Kind::Text })
        }
        "date" => Ok(Kind::Date(export::date_forms(field)?)),
        other => Err(kind.fail(Message::new(format!("应为 \"string\"、\"integer\" 或 \"date\"，实为 \"{other}\"，orgsnap 不存储该类型"), format!("expected \"string\", \"integer\" or \"date\", found \"{other}\", which orgsnap does not store")))),
    }
}

/// `agentName` -> `agent_name`; `None` for a name that is not plain camel case.
fn snake_case(name: &str) -> Option<String> {
    if !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(|c| c.is_ascii_alphanumeric())
    {
        return None;
    }
    let mut column = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            column.push('_');
        }
        column.push(c.to_ascii_lowercase());
    }
    Some(column)
}
