//! Reads and writes the rows of a forest. Rows that are to be deleted or written over are deleted by one statement; those that
//! are to be are then copied into the table.

use std::convert::Infallible;
use std::io;

use crate::config::schema::ForestSchema;
use crate::model::RowCounter;
use crate::store::error::StoreError;
use crate::store::keys::KeyList;
use crate::store::postgres::session::Session;
use crate::store::postgres::staging::{self, STAGED};
use crate::store::postgres::tables::table;
use crate::store::tree_layout::{tree_columns, tree_table};
use crate::store::trees::{self, Cell, CellBytes, NewTree, StoredTree, TreeHashes, TreeWriter};

/// Reads and hashes the stored rows.
fn read(
    session: &mut Session,
    tenant: i32,
    forest: &ForestSchema,
) -> Result<TreeHashes, StoreError> {
    let columns = tree_columns(forest);
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let query = format!(
        "select {} from {} where tenant_id = {tenant} order by id",
        names.join(", "),
        table(&tree_table(&forest.name))
    );
    let (mut stored, mut content) = (TreeHashes::default(), CellBytes::default());
    session.copy_out(&query, |row| {
        let cells = columns.iter().enumerate().skip(1).map(|(at, (_, kind))| {
            Ok::<_, io::Error>(match kind.starts_with("text") {
                true => Cell::Text(row.text_or_null(at)?),
                false => Cell::Number(u32::try_from(row.int(at)?).unwrap_or(u32::MAX)),
            })
        });
        stored.push(row.text(0)?, &mut content, cells)
    })?;
    Ok(stored)
}

/// Gathers what becomes of the rows.
#[derive(Default)]
struct TreeChanges {
    /// Positions of rows that are to be written.
    written: Vec<usize>,
    /// Ids of rows that are deleted, or written over.
    deleted: KeyList,
}

impl TreeWriter for TreeChanges {
    type Error = Infallible;

    fn insert(&mut self, _: &NewTree<'_>, at: usize) -> Result<(), Infallible> {
        self.written.push(at);
        Ok(())
    }

    fn overwrite(&mut self, new: &NewTree<'_>, at: usize) -> Result<(), Infallible> {
        self.deleted.push(new.id(at as u32).unwrap_or_default());
        self.written.push(at);
        Ok(())
    }

    fn delete(&mut self, id: &str) -> Result<(), Infallible> {
        self.deleted.push(id);
        Ok(())
    }
}

/// Writes the rows that differ from the stored ones. Returns how many rows were written or deleted.
pub(super) fn write(
    session: &mut Session,
    tenant: i32,
    forest: &ForestSchema,
    new: &NewTree<'_>,
    known: Option<NewTree<'_>>,
    counter: RowCounter<'_>,
) -> Result<u64, StoreError> {
    let stored = match known {
        Some(known) => StoredTree::Known(known),
        None => StoredTree::Read(read(session, tenant, forest)?),
    };
    let mut changes = TreeChanges::default();
    let Ok(count) = trees::write(&mut changes, &stored, new, counter);
    let TreeChanges { written, deleted } = changes;
    let name = table(&tree_table(&forest.name));
    if deleted.len() > 0 {
        staging::send_keys(session, (0..deleted.len()).map(|at| deleted.get(at)))?;
        session.batch(&format!(
            "delete from {name} t using {STAGED} s where t.tenant_id = {tenant} and t.id = s.id"
        ))?;
    }
    if !written.is_empty() {
        let names: Vec<&str> = tree_columns(forest).iter().map(|(name, _)| *name).collect();
        let into = format!("{name} (tenant_id, {})", names.join(", "));
        session.copy_in(&into, |copy| {
            for at in written {
                copy.row(1 + names.len())?;
                copy.int4(tenant);
                copy.text(new.id(at as u32));
                let Ok(()) = new.each_cell(at, |cell| {
                    match cell {
                        Cell::Text(text) => copy.text(text),
                        Cell::Number(number) => copy.int8(number.into()),
                    }
                    Ok::<(), Infallible>(())
                });
            }
            Ok(())
        })?;
    }
    Ok(count)
}
