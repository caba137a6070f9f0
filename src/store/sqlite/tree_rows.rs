//! Reads and writes the rows of a forest.

use rusqlite::types::{Null, ValueRef};
use rusqlite::{Connection, Statement};

use crate::config::schema::ForestSchema;
use crate::store::identifier::quoted;
use crate::store::tree_layout::{tree_columns, tree_table};
use crate::store::trees::{Cell, CellBytes, NewTree, TreeHashes, TreeWriter};

fn column_names(forest: &ForestSchema) -> Vec<&'static str> {
    tree_columns(forest).iter().map(|(name, _)| *name).collect()
}

/// Reads and hashes the stored rows.
pub(super) fn read(conn: &Connection, forest: &ForestSchema) -> rusqlite::Result<TreeHashes> {
    let names = column_names(forest);
    let sql = format!(
        "select {} from {} order by id",
        names.join(", "),
        quoted(&tree_table(&forest.name))
    );
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let (mut stored, mut content) = (TreeHashes::default(), CellBytes::default());
    while let Some(row) = rows.next()? {
        let cell = |at: usize| -> rusqlite::Result<Cell<'_>> {
            Ok(match row.get_ref(at)? {
                ValueRef::Integer(number) => {
                    Cell::Number(u32::try_from(number).unwrap_or(u32::MAX))
                }
                text => Cell::Text(text.as_str_or_null()?),
            })
        };
        stored.push(row.get_ref(0)?.as_str()?, &mut content, (1..names.len()).map(cell))?;
    }
    Ok(stored)
}

/// The prepared statements of the table of a forest.
pub(in crate::store) struct TreeStatements<'c> {
    insert: Statement<'c>,
    upsert: Statement<'c>,
    update: Statement<'c>,
    delete: Statement<'c>,
}

impl<'c> TreeStatements<'c> {
    /// Prepares them.
    pub(in crate::store) fn new(
        conn: &'c Connection,
        forest: &ForestSchema,
    ) -> rusqlite::Result<TreeStatements<'c>> {
        let table = quoted(&tree_table(&forest.name));
        let names = column_names(forest);
        let parameters: Vec<String> = (1..=names.len()).map(|n| format!("?{n}")).collect();
        let sets: Vec<String> =
            names.iter().skip(1).map(|name| format!("{name} = excluded.{name}")).collect();
        let insert = format!(
            "insert into {table} ({}) values ({})",
            names.join(", "),
            parameters.join(", ")
        );
        let upsert = format!("{insert} on conflict (id) do update set {}", sets.join(", "));
        let others: Vec<String> = (1..)
            .zip(&names)
            .filter(|(_, name)| !["id", "parent_id"].contains(*name))
            .map(|(n, name)| format!("{name} = ?{n}"))
            .collect();
        // The index on the parent is written anew whenever the parent is set, though it be to what it is.
        let parent =
            (1..).zip(&names).find(|(_, name)| **name == "parent_id").map_or(0, |(n, _)| n);
        let update = format!(
            "update {table} set {} where id = ?1 and parent_id is ?{parent}",
            others.join(", ")
        );
        Ok(TreeStatements {
            insert: conn.prepare(&insert)?,
            upsert: conn.prepare(&upsert)?,
            update: conn.prepare(&update)?,
            delete: conn.prepare(&format!("delete from {table} where id = ?1"))?,
        })
    }
}

impl TreeWriter for TreeStatements<'_> {
    type Error = rusqlite::Error;

    fn insert(&mut self, new: &NewTree<'_>, at: usize) -> rusqlite::Result<()> {
        bind(&mut self.insert, new, at)?;
        self.insert.raw_execute().map(drop)
    }

    fn overwrite(&mut self, new: &NewTree<'_>, at: usize) -> rusqlite::Result<()> {
        bind(&mut self.update, new, at)?;
        if self.update.raw_execute()? == 0 {
            bind(&mut self.upsert, new, at)?;
            self.upsert.raw_execute()?;
        }
        Ok(())
    }

    fn delete(&mut self, id: &str) -> rusqlite::Result<()> {
        self.delete.execute([id]).map(drop)
    }
}

fn bind(statement: &mut Statement<'_>, new: &NewTree<'_>, at: usize) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(1, new.id(at as u32))?;
    let mut parameter = 1usize;
    new.each_cell(at, |cell| {
        parameter += 1;
        match cell {
            Cell::Text(Some(text)) => statement.raw_bind_parameter(parameter, text),
            Cell::Text(None) => statement.raw_bind_parameter(parameter, Null),
            Cell::Number(number) => statement.raw_bind_parameter(parameter, number),
        }
    })
}
