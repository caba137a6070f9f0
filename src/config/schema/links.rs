//! Resolves what links records to one another: foreign keys, copied names, forests.

use crate::model::{Feed, Message};

use super::error::SchemaError;
use super::export::top_markers;
use super::json_cursor::Cursor;
use super::resolved::{Copy, ForestSchema, Kind, LevelSchema, Reference, Schema, Tops};

/// Rule of a foreign key that names none, which only custom schema files contain.
const UNNAMED_REFERENCE_RULE: &str = "X413";

/// The foreign keys of one Table Schema, in field order.
pub(super) fn references(
    schema: &Schema,
    feed: Feed,
    table: &Cursor<'_>,
) -> Result<Vec<Reference>, SchemaError> {
    let mut found: Vec<(usize, Reference)> = Vec::new();
    for key in table.elements_of("foreignKeys")? {
        key.only("orgsnap:", &["orgsnap:rule"])?;
        let fields = key.need("fields")?;
        let field = fields.single()?;
        let position = position_of(schema, feed, &fields, field)?;
        if schema.feed(feed).fields[position].kind != Kind::Text {
            return Err(fields.fail(Message::fixed(
                "应为类型是 \"string\" 的字段",
                "expected a field of type \"string\"",
            )));
        }
        if found.iter().any(|(seen, _)| *seen == position) {
            return Err(fields.fail(Message::new(
                format!("\"{field}\" 已有外键"),
                format!("\"{field}\" has a foreign key already"),
            )));
        }

        let reference = key.need("reference")?;
        // The standard leaves the resource out for a reference to the same table; its first version
        // wrote an empty text.
        let target = match reference.get("resource")? {
            Some(resource) if !resource.is_empty_text() => Feed::from_name(resource.text()?)
                .ok_or_else(|| {
                    resource.fail(Message::fixed(
                        "应为本包中某个资源的名称",
                        "expected the name of a resource of this package",
                    ))
                })?,
            _ => feed,
        };
        let target_fields = reference.need("fields")?;
        let target_key = &schema.feed(target).key_field().name;
        if target_fields.single()? != target_key {
            let problem = Message::new(
                format!("应为 \"{target}\" 的主键 \"{target_key}\""),
                format!("expected \"{target_key}\", the primary key of \"{target}\""),
            );
            return Err(target_fields.fail(problem));
        }

        let rule = match key.get("orgsnap:rule")? {
            Some(rule) if !is_reference_rule(rule.text()?) => {
                return Err(rule.fail(Message::fixed(
                    "应为引用类规则的代码，如 \"X404\"",
                    "expected the code of a reference rule, such as \"X404\"",
                )));
            }
            Some(rule) => rule.text()?,
            None => UNNAMED_REFERENCE_RULE,
        };
        let reference = Reference { rule: rule.to_owned(), feed, field: field.to_owned(), target };
        found.push((position, reference));
    }
    found.sort_by_key(|(position, _)| *position);
    Ok(found.into_iter().map(|(_, reference)| reference).collect())
}

fn is_reference_rule(code: &str) -> bool {
    let digits = code.strip_prefix('X').unwrap_or_default();
    digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())
}

fn position_of(
    schema: &Schema,
    feed: Feed,
    here: &Cursor<'_>,
    field: &str,
) -> Result<usize, SchemaError> {
    let position = schema.feed(feed).position(field);
    position.ok_or_else(|| {
        here.fail(Message::new(
            format!("\"{feed}\" 没有名为 \"{field}\" 的字段"),
            format!("\"{feed}\" has no field named \"{field}\""),
        ))
    })
}

/// The feed that a field refers to.
fn target_of(schema: &Schema, feed: Feed, here: &Cursor<'_>) -> Result<Feed, SchemaError> {
    let field = here.text()?;
    position_of(schema, feed, here, field)?;
    let reference = schema.references.iter().find(|r| r.feed == feed && r.field == field);
    let reference = reference.ok_or_else(|| {
        here.fail(Message::fixed("应为有外键的字段", "expected a field with a foreign key"))
    })?;
    Ok(reference.target)
}

/// The copied names of one Table Schema, in field order.
pub(super) fn copies(
    schema: &Schema,
    feed: Feed,
    table: &Cursor<'_>,
) -> Result<Vec<Copy>, SchemaError> {
    let mut found = Vec::new();
    for cursor in table.need("fields")?.elements()? {
        let Some(copy) = cursor.get("orgsnap:copyOf")? else { continue };
        copy.only("", &["via", "field"])?;
        let field = cursor.need("name")?.text()?;
        let via = copy.need("via")?;
        let target = target_of(schema, feed, &via)?;
        let original = copy.need("field")?;
        let position = position_of(schema, target, &original, original.text()?)?;
        let kinds = [feed, target].map(|f| schema.feed(f)).map(|f| &f.fields);
        let own = schema.feed(feed).position(field).map(|i| &kinds[0][i].kind);
        if own != Some(&kinds[1][position].kind) {
            return Err(original.fail(Message::fixed(
                "应为与副本类型相同的字段",
                "expected a field of the same type as the copy",
            )));
        }
        found.push(Copy {
            feed,
            field: field.to_owned(),
            via: via.text()?.to_owned(),
            target,
            target_field: original.text()?.to_owned(),
        });
    }
    Ok(found)
}

/// The forests of one Table Schema, as declared. `schema.forests` holds those declared before.
pub(super) fn forests(
    schema: &Schema,
    feed: Feed,
    table: &Cursor<'_>,
) -> Result<Vec<ForestSchema>, SchemaError> {
    let mut found: Vec<ForestSchema> = Vec::new();
    for cursor in table.elements_of("orgsnap:forests")? {
        cursor.only(
            "",
            &["name", "title", "titleEn", "parent", "level", "tops", "orgsnap:topMarkers"],
        )?;
        let name = cursor.need("name")?;
        let text = name.text()?;
        // The name becomes part of a table name.
        if !text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            return Err(
                name.fail(Message::fixed("应为小写英文字母", "expected lower-case ASCII letters"))
            );
        }
        if schema.forests.iter().chain(&found).any(|f| f.name == text) {
            return Err(name.fail(Message::new(
                format!("已有名为 \"{text}\" 的树"),
                format!("a forest named \"{text}\" is declared already"),
            )));
        }
        let parent = cursor.need("parent")?;
        if target_of(schema, feed, &parent)? != feed {
            return Err(parent.fail(Message::new(
                format!("应为引用 \"{feed}\" 自身的字段"),
                format!("expected a field that refers to \"{feed}\" itself"),
            )));
        }
        let tops = match cursor.get("tops")? {
            None => Tops::Many,
            Some(tops) => match tops.text()? {
                "one" => Tops::One,
                "many" => Tops::Many,
                _ => {
                    return Err(tops.fail(Message::fixed(
                        "应为 \"one\" 或 \"many\"",
                        "expected \"one\" or \"many\"",
                    )));
                }
            },
        };
        let title = cursor.text_of("title")?.unwrap_or(text);
        found.push(ForestSchema {
            name: text.to_owned(),
            title: Message::new(title, cursor.text_of("titleEn")?.unwrap_or(title)),
            feed,
            parent: parent.text()?.to_owned(),
            level: cursor.get("level")?.map(|level| level_of(schema, feed, &level)).transpose()?,
            tops,
            top_markers: top_markers(&cursor)?,
        });
    }
    Ok(found)
}

fn level_of(schema: &Schema, feed: Feed, cursor: &Cursor<'_>) -> Result<LevelSchema, SchemaError> {
    cursor.only("", &["field", "step", "top"])?;
    let field = cursor.need("field")?;
    let position = position_of(schema, feed, &field, field.text()?)?;
    if schema.feed(feed).fields[position].kind != Kind::Integer {
        return Err(field.fail(Message::fixed(
            "应为类型是 \"integer\" 的字段",
            "expected a field of type \"integer\"",
        )));
    }
    let step = cursor.need("step")?;
    if !matches!(step.integer()?, 1 | -1) {
        return Err(step.fail(Message::fixed(
            "应为 1（级别向下递增）或 -1（级别向上递增）",
            "expected 1 (levels grow going down) or -1 (levels grow going up)",
        )));
    }
    Ok(LevelSchema {
        field: field.text()?.to_owned(),
        step: step.integer()?,
        top: cursor.get("top")?.map(|top| top.integer()).transpose()?,
    })
}
