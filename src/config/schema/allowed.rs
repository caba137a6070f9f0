//! Resolves the allowed values of a field and what they mean: `constraints.enum` with `orgsnap:enumTitles`, or the
//! `categories` of Data Package 2.

use crate::model::Message;

use super::error::SchemaError;
use super::json_cursor::Cursor;
use super::resolved::Kind;

/// The allowed values of a field, in the order in which they are written; none where any value goes. A value without a
/// title is its own title.
pub(super) fn allowed(
    field: &Cursor<'_>,
    constraints: Option<&Cursor<'_>>,
    kind: &Kind,
) -> Result<Vec<(i64, Message)>, SchemaError> {
    let of_integers = |list: &Cursor<'_>| match kind {
        Kind::Integer => Ok(()),
        Kind::Text | Kind::Date(_) => Err(list.fail(Message::fixed(
            "应为类型是 \"integer\" 的字段",
            "expected a field of type \"integer\"",
        ))),
    };
    let mut allowed: Vec<(i64, Message)> = Vec::new();
    let listed = constraints.map(|constraints| constraints.get("enum")).transpose()?.flatten();
    if let Some(list) = &listed {
        of_integers(list)?;
        for value in list.elements()? {
            add(&mut allowed, &value, None)?;
        }
    }
    if let Some(list) = field.get("categories")? {
        of_integers(&list)?;
        let mut categories = Vec::new();
        for category in list.elements()? {
            if category.is_object() {
                category.only("", &["value", "label"])?;
                add(&mut categories, &category.need("value")?, category.text_of("label")?)?;
            } else {
                add(&mut categories, &category, None)?;
            }
        }
        let values = |allowed: &[(i64, Message)]| {
            let mut values: Vec<i64> = allowed.iter().map(|(value, _)| *value).collect();
            values.sort_unstable();
            values
        };
        if listed.is_some() && values(&allowed) != values(&categories) {
            return Err(list.fail(Message::fixed(
                "与约束 \"enum\" 的值不同；请写相同的值，或只保留其一",
                "other values than in the constraint \"enum\"; write the same ones, or only one of the two",
            )));
        }
        allowed = categories;
    }
    for entry in field.elements_of("orgsnap:enumTitles")? {
        entry.only("", &["value", "title", "titleEn"])?;
        let value = entry.need("value")?;
        let number = value.integer()?;
        let Some((_, title)) = allowed.iter_mut().find(|(seen, _)| *seen == number) else {
            return Err(value.fail(Message::new(
                format!("{number} 不在约束 \"enum\" 或 \"categories\" 之中"),
                format!("{number} is not in the constraint \"enum\" or in \"categories\""),
            )));
        };
        let zh = entry.need("title")?.text()?;
        *title = Message::new(zh, entry.text_of("titleEn")?.unwrap_or(zh));
    }
    Ok(allowed)
}

fn add(
    allowed: &mut Vec<(i64, Message)>,
    value: &Cursor<'_>,
    label: Option<&str>,
) -> Result<(), SchemaError> {
    let number = value.integer()?;
    if allowed.iter().any(|(seen, _)| *seen == number) {
        return Err(value.fail(Message::new(
            format!("值 {number} 出现了两次"),
            format!("the value {number} stands here a second time"),
        )));
    }
    let title = label.map_or_else(|| number.to_string(), str::to_owned);
    allowed.push((number, Message::new(title.clone(), title)));
    Ok(())
}
