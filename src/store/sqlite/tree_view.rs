//! Reads a part of a forest, in the order in which a tree is printed.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::Message;
use crate::store::identifier::quoted;
use crate::store::tree_layout::tree_table;

/// What part of a forest to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeQuery<'a> {
    /// The record to start from; all tops if `None`.
    pub id: Option<&'a str>,
    /// Number of levels below the record or the tops; all levels if `None`.
    pub depth: Option<u32>,
    /// Maximum number of records.
    pub limit: usize,
}

/// A part of a forest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeView {
    /// Title of the forest.
    pub title: Message,
    /// The records above the one asked for, from the top down.
    pub ancestors: Vec<TreeNode>,
    /// The records in the order in which a tree is printed: each before its children, siblings by id.
    pub nodes: Vec<TreeNode>,
    /// Records within the depth asked for that the limit left out.
    pub omitted: usize,
}

/// A record of a forest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeNode {
    /// Its key.
    pub id: String,
    /// Its name, where the feed has one.
    pub name: Option<String>,
    /// Its parent.
    pub parent_id: Option<String>,
    /// Edges up to the top.
    pub depth: u32,
    /// Number of children.
    pub child_count: u64,
    /// Number of descendants.
    pub descendant_count: u64,
    /// Agents in the record or below it; a forest with levels only.
    pub agent_count: Option<u64>,
    /// Active ones among them; a forest with levels only.
    pub active_agent_count: Option<u64>,
    /// Active records below; a forest without levels only.
    pub active_descendant_count: Option<u64>,
}

/// A row of `forest`.
pub(super) struct Forest {
    title: Message,
    feed: String,
    key_column: String,
    name_column: Option<String>,
    table_name: String,
    /// The name, quoted.
    table: String,
    has_levels: bool,
}

/// The forest of that name.
pub(super) fn forest(conn: &Connection, name: &str) -> rusqlite::Result<Option<Forest>> {
    conn
        .query_row(
            "select title_zh, title_en, feed, key_column, name_column, \
             exists (select 1 from pragma_table_info(forest.name || '_tree') i where i.name = 'path') \
             from forest where name = ?1",
            [name],
            |row| {
                Ok(Forest {
                    title: Message::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?),
                    feed: row.get(2)?,
                    key_column: row.get(3)?,
                    name_column: row.get(4)?,
                    table_name: tree_table(name),
                    table: quoted(&tree_table(name)),
                    has_levels: row.get(5)?,
                })
            },
        )
        .optional()
}

/// A part of a forest; `None` if the record asked for is not in it.
pub(super) fn read(
    conn: &Connection,
    forest: Forest,
    query: TreeQuery<'_>,
) -> rusqlite::Result<Option<TreeView>> {
    // One transaction, so that the parts are of one snapshot; a reader that shows a date has one already.
    let transaction = conn.is_autocommit().then(|| conn.unchecked_transaction()).transpose()?;
    let conn = transaction.as_deref().unwrap_or(conn);
    let start = match query.id {
        None => None,
        Some(id) => match forest.node(conn, id)? {
            None => return Ok(None),
            Some(node) => Some(node),
        },
    };
    let ancestors = forest.ancestors(conn, start.as_ref())?;
    let within = forest.within(conn, start.as_ref(), &ancestors, query.depth)?;
    let (mut nodes, omitted) = in_print_order(within, start.as_ref(), query.limit);
    for node in &mut nodes {
        node.name = forest.name_of(conn, &node.id)?;
    }
    Ok(Some(TreeView { title: forest.title, ancestors, nodes, omitted }))
}

impl Forest {
    fn columns(&self) -> &'static str {
        if self.has_levels {
            "id, parent_id, depth, child_count, descendant_count, agent_count, active_agent_count, null"
        } else {
            "id, parent_id, depth, child_count, descendant_count, null, null, active_descendant_count"
        }
    }

    fn node(&self, conn: &Connection, id: &str) -> rusqlite::Result<Option<TreeNode>> {
        let sql = format!("select {} from {} where id = ?1", self.columns(), self.table);
        conn.prepare_cached(&sql)?.query_row([id], node).optional()
    }

    fn name_of(&self, conn: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
        let Some(column) = &self.name_column else {
            return Ok(None);
        };
        let sql = format!(
            "select {} from {} where {} = ?1",
            quoted(column),
            quoted(&self.feed),
            quoted(&self.key_column)
        );
        let name = conn.prepare_cached(&sql)?.query_row([id], |row| row.get(0)).optional()?;
        Ok(name.flatten())
    }

    fn ancestors(
        &self,
        conn: &Connection,
        start: Option<&TreeNode>,
    ) -> rusqlite::Result<Vec<TreeNode>> {
        let mut above = Vec::new();
        let mut parent = start.and_then(|node| node.parent_id.clone());
        // The stored forest has no cycle; the depth bounds the loop all the same.
        for _ in 0..start.map_or(0, |node| node.depth) {
            let Some(id) = parent else { break };
            let Some(mut node) = self.node(conn, &id)? else { break };
            node.name = self.name_of(conn, &id)?;
            parent = node.parent_id.clone();
            above.push(node);
        }
        above.reverse();
        Ok(above)
    }

    /// The records at the requested depths that may be below the start.
    fn within(
        &self,
        conn: &Connection,
        start: Option<&TreeNode>,
        ancestors: &[TreeNode],
        depth: Option<u32>,
    ) -> rusqlite::Result<Vec<TreeNode>> {
        let top = start.map_or(0, |node| node.depth);
        let bottom = depth.map_or(i64::MAX, |depth| i64::from(top) + i64::from(depth));
        match start {
            Some(start) if self.has_parent_index(conn)? => self.below(conn, start, bottom),
            Some(start) => {
                self.scanned(conn, top, bottom, Some(ancestors.first().unwrap_or(start)))
            }
            None => self.scanned(conn, top, bottom, None),
        }
    }

    /// A record and those below it, found by their parents.
    fn below(
        &self,
        conn: &Connection,
        start: &TreeNode,
        bottom: i64,
    ) -> rusqlite::Result<Vec<TreeNode>> {
        let (columns, table) = (self.columns(), &self.table);
        let sql = format!(
            "with recursive part(part_id) as (select ?1 union all \
             select t.id from part join {table} t on t.parent_id = part_id where t.depth <= ?2) \
             select {columns} from part join {table} on id = part_id order by id"
        );
        conn.prepare(&sql)?.query_map(params![start.id, bottom], node)?.collect()
    }

    /// The records at these depths; in a forest without levels, those with the same top only.
    fn scanned(
        &self,
        conn: &Connection,
        top: u32,
        bottom: i64,
        root: Option<&TreeNode>,
    ) -> rusqlite::Result<Vec<TreeNode>> {
        let root = root.filter(|_| !self.has_levels).map(|root| root.id.as_str());
        let root_id = if self.has_levels { "null" } else { "root_id" };
        let sql = format!(
            "select {} from {} where depth between ?1 and ?2 and (?3 is null or {root_id} = ?3) \
             order by id",
            self.columns(),
            self.table
        );
        conn.prepare(&sql)?.query_map(params![top, bottom, root], node)?.collect()
    }

    /// Whether the table has an index on the parent. Files of formats up to 6 have none and can still be read.
    fn has_parent_index(&self, conn: &Connection) -> rusqlite::Result<bool> {
        let sql = "select exists (select 1 from pragma_index_list(?1) l, pragma_index_info(l.name) i \
                   where i.seqno = 0 and i.name = 'parent_id')";
        conn.query_row(sql, [&self.table_name], |row| row.get(0))
    }
}

fn node(row: &Row<'_>) -> rusqlite::Result<TreeNode> {
    let count =
        |at: usize| row.get::<_, Option<i64>>(at).map(|n| n.and_then(|n| n.try_into().ok()));
    Ok(TreeNode {
        id: row.get(0)?,
        name: None,
        parent_id: row.get(1)?,
        depth: row.get(2)?,
        child_count: count(3)?.unwrap_or(0),
        descendant_count: count(4)?.unwrap_or(0),
        agent_count: count(5)?,
        active_agent_count: count(6)?,
        active_descendant_count: count(7)?,
    })
}

/// Sorts records into the order of a printed tree and truncates it at the limit. Records that are not below the
/// start are dropped.
fn in_print_order(
    nodes: Vec<TreeNode>,
    start: Option<&TreeNode>,
    limit: usize,
) -> (Vec<TreeNode>, usize) {
    let mut below: BTreeMap<Option<String>, Vec<TreeNode>> = BTreeMap::new();
    let mut stack: Vec<TreeNode> = Vec::new();
    for node in nodes {
        let starts = start.map_or(node.parent_id.is_none(), |start| start.id == node.id);
        if starts {
            stack.push(node);
        } else {
            below.entry(node.parent_id.clone()).or_default().push(node);
        }
    }
    stack.reverse();
    let (mut printed, mut omitted) = (Vec::new(), 0);
    while let Some(node) = stack.pop() {
        let children = below.remove(&Some(node.id.clone())).unwrap_or_default();
        stack.extend(children.into_iter().rev());
        if printed.len() < limit {
            printed.push(node);
        } else {
            omitted += 1;
        }
    }
    (printed, omitted)
}
