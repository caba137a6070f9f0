//! Makes the tables of the forests, and brings those of an earlier format up to date.

use rusqlite::Connection;

use crate::config::schema::{ForestSchema, Schema};
use crate::store::identifier::quoted;
use crate::store::tree_layout::{LEVEL_COLUMNS, LEVELS, tree_columns, tree_table};

/// Makes the table of a forest if it is missing, and fills what an earlier format did not have.
pub(in crate::store) fn prepare(
    conn: &Connection,
    schema: &Schema,
    forest: &ForestSchema,
) -> rusqlite::Result<()> {
    let stored = stored_columns(conn, forest)?;
    if stored.is_empty() {
        return conn.execute_batch(&create(schema, forest));
    }
    if lacks_levels(forest, &stored) {
        conn.execute_batch(&widen(schema, forest))?;
    }
    Ok(())
}

/// Makes the table of a forest anew, with declared references, in the migration of a database of an earlier format. One
/// that lacks columns is left to [`prepare`].
pub(super) fn rebuild(
    conn: &Connection,
    schema: &Schema,
    forest: &ForestSchema,
) -> rusqlite::Result<()> {
    let stored = stored_columns(conn, forest)?;
    if stored.is_empty() || lacks_levels(forest, &stored) {
        return Ok(());
    }
    let names: Vec<&str> = tree_columns(forest).iter().map(|(name, _)| *name).collect();
    conn.execute_batch(&format!(
        "create temp table former as select * from main.{table};\n\
         drop table main.{table};\n\
         {create}\n\
         insert into main.{table} ({columns}) select {columns} from temp.former order by id;\n\
         drop table temp.former;",
        table = quoted(&tree_table(&forest.name)),
        create = create(schema, forest),
        columns = names.join(", "),
    ))
}

fn stored_columns(conn: &Connection, forest: &ForestSchema) -> rusqlite::Result<Vec<String>> {
    let mut statement = conn.prepare("select name from pragma_table_info(?1)")?;
    statement.query_map([tree_table(&forest.name)], |row| row.get(0))?.collect()
}

fn lacks_levels(forest: &ForestSchema, stored: &[String]) -> bool {
    forest.has_levels() && !stored.iter().any(|column| column == "path_name")
}

/// The rows of a forest with levels are wide: as an index, which a table without rowid is, it would be deep, and every
/// join to it three times as slow. The columns with keys refer to the table of the feed, for the tools that read the file.
fn create(schema: &Schema, forest: &ForestSchema) -> String {
    let key = quoted(&schema.feed(forest.feed).key_field().column);
    let columns = tree_columns(forest).iter().map(|(name, kind)| {
        let reference = match *name == "id" || name.ends_with("_id") {
            true => format!(" references {} ({key})", forest.feed),
            false => String::new(),
        };
        format!("{name} {kind}{reference}")
    });
    let columns: Vec<String> = columns.collect();
    let kind = if forest.has_levels() { "" } else { " without rowid" };
    format!("create table {} ({}){kind};", quoted(&tree_table(&forest.name)), columns.join(", "))
}

/// Makes the table of a forest with levels anew, with names and levels, from one without them.
fn widen(schema: &Schema, forest: &ForestSchema) -> String {
    let feed = schema.feed(forest.feed);
    let name = schema.name_field(forest.feed);
    let name = name.map_or("null".to_owned(), |field| format!("s.{}", quoted(&field.column)));
    let name = format!("nullif({name}, '')");
    let levels: Vec<String> =
        (1..=LEVELS).flat_map(|n| [format!("level_{n}_id"), format!("level_{n}_name")]).collect();
    let levels = levels.join(", ");
    let (mut top, mut below) = (vec!["t.id".to_owned(), name.clone()], Vec::new());
    top.resize(2 * LEVELS, "null".to_owned());
    for (at, n) in (1..=LEVELS).enumerate() {
        below.push(format!("iif(t.depth = {at}, t.id, level_{n}_id)"));
        below.push(format!("iif(t.depth = {at}, {name}, level_{n}_name)"));
    }
    let names: Vec<&str> = LEVEL_COLUMNS.iter().map(|(name, _)| *name).collect();
    let values: Vec<String> = names
        .iter()
        .map(|name| match name.starts_with("level_") || *name == "path_name" {
            true => format!("d.{name}"),
            false => format!("t.{name}"),
        })
        .collect();
    format!(
        "create temp table former as select * from main.{table};\n\
         create index temp.former_parent on former (parent_id);\n\
         create index temp.former_id on former (id);\n\
         drop table main.{table};\n\
         {create}\n\
         insert into main.{table} ({columns})\n\
         with recursive d(id, path_name, {levels}) as (\n\
         select t.id, coalesce({name}, t.id), {top} from temp.former t left join {feed} s on s.{key} = t.id \
         where t.parent_id is null\n\
         union all\n\
         select t.id, iif(t.path is null, null, d.path_name || '/' || coalesce({name}, t.id)), {below}\n\
         from d join temp.former t on t.parent_id = d.id left join {feed} s on s.{key} = t.id)\n\
         select {values} from d join temp.former t on t.id = d.id order by t.id;\n\
         drop table temp.former;",
        table = quoted(&tree_table(&forest.name)),
        create = create(schema, forest),
        columns = names.join(", "),
        top = top.join(", "),
        below = below.join(", "),
        values = values.join(", "),
        feed = quoted(forest.feed.name()),
        key = quoted(&feed.key_field().column),
    )
}
