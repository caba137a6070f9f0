//! Reads `datapackage.json` and its Table Schemas (Data Package v2) into a [`Schema`].
//!
//! What the standard does not define is under `orgsnap:` keys: forests, copied names, English
//! titles, header aliases, date forms, the rule of a foreign key. Whatever would be without effect (a
//! misspelt `orgsnap:` key, a constraint that no rule checks) is refused, not ignored.

use std::{cell::RefCell, collections::BTreeMap, fs, io, path::Path, path::PathBuf};

use serde_json::Value;

use crate::model::{Feed, Message, PerFeed, json_reason};

use super::error::SchemaError;
use super::fields::feed_schema;
use super::json_cursor::Cursor;
use super::links::{copies, forests, references};
use super::resolved::Schema;

pub(super) const PACKAGE: &str = "datapackage.json";
/// The built-in schema files: name and content.
pub const BUILTIN_FILES: [(&str, &str); 5] = [
    (PACKAGE, include_str!("../../../schemas/datapackage.json")),
    ("agent.json", include_str!("../../../schemas/agent.json")),
    ("node.json", include_str!("../../../schemas/node.json")),
    ("organ.json", include_str!("../../../schemas/organ.json")),
    ("principal.json", include_str!("../../../schemas/principal.json")),
];

impl Schema {
    /// The contract as built into the binary.
    ///
    /// # Errors
    /// Never, as the tests of this module show; the type is that of [`Schema::from_dir`].
    pub fn builtin() -> Result<Schema, SchemaError> {
        load(PACKAGE, &|name| match BUILTIN_FILES.iter().find(|(file, _)| *file == name) {
            Some((file, text)) => Ok(((*file).to_owned(), (*text).to_owned())),
            None => Err(SchemaError::Read {
                path: PathBuf::from(name),
                source: io::Error::from(io::ErrorKind::NotFound),
            }),
        })
    }

    /// The schema of a folder that holds a `datapackage.json`. It replaces the built-in one altogether.
    ///
    /// # Errors
    /// A file that cannot be read, that is not JSON, or that does not say what is needed; the error
    /// names the file, the JSON pointer and what was expected.
    pub fn from_dir(dir: &Path) -> Result<Schema, SchemaError> {
        load(PACKAGE, &|name| {
            let path = dir.join(name);
            match fs::read_to_string(&path) {
                Ok(text) => Ok((path.display().to_string(), text)),
                Err(source) => Err(SchemaError::Read { path, source }),
            }
        })
    }
}

impl Schema {
    /// The files of the schema of a folder, by name, so that they can be kept.
    ///
    /// # Errors
    /// As [`Schema::from_dir`].
    pub fn texts(dir: &Path) -> Result<BTreeMap<String, String>, SchemaError> {
        let texts = RefCell::new(BTreeMap::new());
        load(PACKAGE, &|name| {
            let path = dir.join(name);
            match fs::read_to_string(&path) {
                Ok(text) => {
                    texts.borrow_mut().insert(name.to_owned(), text.clone());
                    Ok((path.display().to_string(), text))
                }
                Err(source) => Err(SchemaError::Read { path, source }),
            }
        })?;
        Ok(texts.into_inner())
    }

    /// The schema of files that were kept; `place` is where, for messages.
    ///
    /// # Errors
    /// As [`Schema::from_dir`].
    pub fn from_texts(
        texts: &BTreeMap<String, String>,
        place: &Path,
    ) -> Result<Schema, SchemaError> {
        load(PACKAGE, &|name| match texts.get(name) {
            Some(text) => Ok((format!("{}: {name}", place.display()), text.clone())),
            None => Err(SchemaError::Read {
                path: place.join(name),
                source: io::Error::from(io::ErrorKind::NotFound),
            }),
        })
    }
}

/// Reads a file by its name relative to the package: what to call it in messages, and its text.
type Reader<'a> = &'a dyn Fn(&str) -> Result<(String, String), SchemaError>;

fn read_json(name: &str, read: Reader<'_>) -> Result<(String, Value), SchemaError> {
    let (file, text) = read(name)?;
    // Editors on Windows write a BOM, which JSON does not allow and editors do not show.
    match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(value) => Ok((file, value)),
        Err(e) => {
            let (line, column, problem) = (e.line(), e.column(), json_reason(&e));
            Err(SchemaError::Json { file, line, column, problem })
        }
    }
}

pub(super) fn load(package: &str, read: Reader<'_>) -> Result<Schema, SchemaError> {
    let (file, value) = read_json(package, read)?;
    let root = Cursor::root(&file, &value);
    root.only("orgsnap:", &["orgsnap:titleEn", "orgsnap:descriptionEn"])?;

    // Table Schemas first: a foreign key may point to a resource further down.
    let mut tables = Vec::new();
    for resource in root.need("resources")?.elements()? {
        resource.only("orgsnap:", &["orgsnap:titleEn", "orgsnap:descriptionEn"])?;
        let name = resource.need("name")?;
        let feed = Feed::from_name(name.text()?).ok_or_else(|| {
            name.fail(Message::fixed(
                "应为 \"agent\"、\"node\"、\"organ\"、\"principal\" 之一",
                "expected one of \"agent\", \"node\", \"organ\", \"principal\"",
            ))
        })?;
        if tables.iter().any(|(seen, _, _)| *seen == feed) {
            return Err(name.fail(Message::new(
                format!("数据文件 \"{feed}\" 出现了两次"),
                format!("the feed \"{feed}\" stands here a second time"),
            )));
        }
        let schema = resource.need("schema")?;
        let table =
            if schema.is_object() { None } else { Some(read_json(inside(&schema)?, read)?) };
        tables.push((feed, resource, table));
    }
    let mut schemas = BTreeMap::new();
    for (feed, resource, table) in &tables {
        let schema = match table {
            Some((file, value)) => Cursor::root(file, value),
            None => resource.need("schema")?,
        };
        schemas.insert(*feed, (feed_schema(*feed, resource, &schema)?, schema));
    }
    if let Some(feed) = Feed::ALL.into_iter().find(|feed| !schemas.contains_key(feed)) {
        let problem = Message::new(
            format!("缺少名为 \"{feed}\" 的资源；四个数据文件都须有"),
            format!("expected a resource named \"{feed}\"; all four feeds are needed"),
        );
        return Err(root.need("resources")?.fail(problem));
    }

    let feeds = PerFeed::from_fn(|feed| schemas[&feed].0.clone());
    let mut schema =
        Schema { feeds, references: Vec::new(), forests: Vec::new(), copies: Vec::new() };
    for (feed, (_, cursor)) in &schemas {
        cursor.only("orgsnap:", &["orgsnap:forests"])?;
        let found = references(&schema, *feed, cursor)?;
        schema.references.extend(found);
    }
    // Copies and forests build on references, so all of these come first.
    for (feed, (_, cursor)) in &schemas {
        let found = copies(&schema, *feed, cursor)?;
        schema.copies.extend(found);
    }
    for copy in &schema.copies {
        let target = schema.feeds[copy.target].position(&copy.target_field);
        let own = schema.feeds[copy.feed].position(&copy.field);
        if let (Some(target), Some(own)) = (target, own)
            && schema.feeds[copy.target].fields[target].person
        {
            schema.feeds[copy.feed].fields[own].person = true;
        }
    }
    for (feed, _, _) in &tables {
        if let Some((_, cursor)) = schemas.get(feed) {
            let found = forests(&schema, *feed, cursor)?;
            schema.forests.extend(found);
        }
    }
    Ok(schema)
}

/// A path of the package, which must stay within its folder (as the standard demands).
fn inside<'a>(path: &Cursor<'a>) -> Result<&'a str, SchemaError> {
    let text = path.text()?;
    let climbs = text.split(['/', '\\']).any(|part| part == "..");
    if climbs || text.starts_with(['/', '\\']) || text.contains(':') {
        return Err(path.fail(Message::fixed(
            "应为包所在目录之内的路径",
            "expected a path within the folder of the package",
        )));
    }
    Ok(text)
}
