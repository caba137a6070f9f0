//! Compares two databases row for row, as far as their tables are a function of the deliveries. Rows are read in the order
//! of their keys from both, one at a time.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, Rows};

use crate::store::error::StoreError;
use crate::store::identifier::quoted;
use crate::store::sqlite::connection::{self, BUSY_TIMEOUT};

/// Tables that hold records of runs, or what follows from the schema alone.
const LEFT_OUT: [&str; 10] = [
    "approval",
    "code_label",
    "data_dictionary",
    "finding",
    "forest",
    "quarantine",
    "retraction",
    "run",
    "run_rule",
    "source_file",
];

/// What says since when a row holds: it depends on the dates that are known.
const SINCE: [&str; 2] = ["valid_from", "carried_since"];

/// The tables of the newest snapshot.
const SNAPSHOT: [&str; 4] = ["agent", "node", "organ", "principal"];

/// Rows of a table that are named at most.
const MOST_NAMED: usize = 10;

/// Rows between two signs of life.
const ROWS_TOLD: u64 = 65_536;

/// How much of two databases is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparisonScope {
    /// All dates.
    Whole,
    /// The newest snapshot and its forests, without since when its rows hold.
    NewestSnapshot,
}

/// How a table differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDifference {
    /// The table.
    pub table: String,
    /// Rows that the first database alone has.
    pub only_first: u64,
    /// Rows that the second alone has.
    pub only_second: u64,
    /// Rows that both have, with other content.
    pub different: u64,
    /// The first of these rows.
    pub rows: Vec<RowDifference>,
}

/// How a row differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowDifference {
    /// Its key: the values of the key's columns.
    pub key: Vec<String>,
    /// What differs.
    pub what: RowDifferenceKind,
}

/// What differs in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowDifferenceKind {
    /// The first database alone has it.
    OnlyFirst,
    /// The second alone has it.
    OnlySecond,
    /// These columns have other values.
    Columns(Vec<String>),
}

/// Two databases, each as it was when this was made.
#[derive(Debug)]
pub struct Comparison {
    first: (Connection, PathBuf),
    second: (Connection, PathBuf),
}

impl Comparison {
    /// Opens both for reading. What is published from now on is not seen.
    ///
    /// # Errors
    /// Any fault of either file.
    pub fn begin(first: &Path, second: &Path) -> Result<Comparison, StoreError> {
        let open = |path: &Path| {
            let conn = connection::open_existing(path, BUSY_TIMEOUT)?;
            // The transaction begins with the first thing that is read.
            conn.execute_batch("begin; select count(*) from sqlite_schema")
                .map_err(|error| StoreError::sqlite(path, error))?;
            Ok((conn, path.to_path_buf()))
        };
        Ok(Comparison { first: open(first)?, second: open(second)? })
    }

    /// The tables that differ, by name. `progress` is told the table and how many of its rows are compared.
    ///
    /// # Errors
    /// Any fault of either file.
    pub fn run(
        &self,
        scope: ComparisonScope,
        progress: &mut dyn FnMut(&str, u64),
    ) -> Result<Vec<TableDifference>, StoreError> {
        let mut found = Vec::new();
        let names = [tables(&self.first.0), tables(&self.second.0)];
        let [first, second] = names;
        let mut names = first.map_err(|error| StoreError::sqlite(&self.first.1, error))?;
        names.extend(second.map_err(|error| StoreError::sqlite(&self.second.1, error))?);
        for table in names.iter().filter(|table| scope.includes(table)) {
            progress(table, 0);
            let difference = self.table(table, scope, progress);
            let difference =
                difference.map_err(|error| StoreError::sqlite(&self.second.1, error))?;
            found.extend(difference.filter(|d| !d.is_none()));
        }
        Ok(found)
    }

    fn table(
        &self,
        table: &str,
        scope: ComparisonScope,
        progress: &mut dyn FnMut(&str, u64),
    ) -> rusqlite::Result<Option<TableDifference>> {
        let (first, second) = (&self.first.0, &self.second.0);
        let (of_first, of_second) = (columns(first, table)?, columns(second, table)?);
        let key = match of_second.is_empty() {
            true => key(first, table, &of_first)?,
            false => key(second, table, &of_second)?,
        };
        // The key first. A column that one of them lacks is empty there.
        let mut all = key.clone();
        for column in of_first.iter().chain(&of_second) {
            let since =
                scope == ComparisonScope::NewestSnapshot && SINCE.contains(&column.as_str());
            if !all.contains(column) && !since {
                all.push(column.clone());
            }
        }
        let sql = |own: &[String]| {
            let list: Vec<String> = all
                .iter()
                .map(|column| if own.contains(column) { quoted(column) } else { "null".to_owned() })
                .collect();
            let order: Vec<String> = (1..=key.len()).map(|at| at.to_string()).collect();
            format!(
                "select {} from {} order by {}",
                list.join(", "),
                quoted(table),
                order.join(", ")
            )
        };
        let mut statements = (
            (!of_first.is_empty()).then(|| first.prepare(&sql(&of_first))).transpose()?,
            (!of_second.is_empty()).then(|| second.prepare(&sql(&of_second))).transpose()?,
        );
        let mut one = Side::new(statements.0.as_mut().map(|s| s.query([])).transpose()?, all.len());
        let mut two = Side::new(statements.1.as_mut().map(|s| s.query([])).transpose()?, all.len());
        one.advance()?;
        two.advance()?;
        let mut difference = TableDifference {
            table: table.to_owned(),
            only_first: 0,
            only_second: 0,
            different: 0,
            rows: Vec::new(),
        };
        let mut compared = 0;
        loop {
            let order = match (one.is_over, two.is_over) {
                (true, true) => break,
                (false, true) => Ordering::Less,
                (true, false) => Ordering::Greater,
                (false, false) => compare(&one.row[..key.len()], &two.row[..key.len()]),
            };
            match order {
                Ordering::Less => {
                    difference.only_first += 1;
                    difference.name(&one.row[..key.len()], || RowDifferenceKind::OnlyFirst);
                    one.advance()?;
                }
                Ordering::Greater => {
                    difference.only_second += 1;
                    difference.name(&two.row[..key.len()], || RowDifferenceKind::OnlySecond);
                    two.advance()?;
                }
                Ordering::Equal => {
                    if one.row != two.row {
                        difference.different += 1;
                        difference.name(&one.row[..key.len()], || {
                            let pairs = one.row.iter().zip(&two.row).zip(&all);
                            let other = pairs.filter(|((a, b), _)| a != b);
                            RowDifferenceKind::Columns(other.map(|(_, c)| c.clone()).collect())
                        });
                    }
                    one.advance()?;
                    two.advance()?;
                }
            }
            compared += 1;
            if compared % ROWS_TOLD == 0 {
                progress(table, compared);
            }
        }
        Ok(Some(difference))
    }
}

impl ComparisonScope {
    fn includes(self, table: &str) -> bool {
        match self {
            ComparisonScope::Whole => !LEFT_OUT.contains(&table),
            ComparisonScope::NewestSnapshot => {
                SNAPSHOT.contains(&table) || table.ends_with("_tree")
            }
        }
    }
}

impl TableDifference {
    fn is_none(&self) -> bool {
        self.only_first + self.only_second + self.different == 0
    }

    fn name(&mut self, key: &[Value], what: impl FnOnce() -> RowDifferenceKind) {
        if self.rows.len() < MOST_NAMED {
            let text = |value: &Value| match value {
                Value::Null => String::new(),
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => text.clone(),
                Value::Blob(bytes) => format!("{} bytes", bytes.len()),
            };
            self.rows.push(RowDifference { key: key.iter().map(text).collect(), what: what() });
        }
    }
}

/// The rows of one table in one database, one at a time.
struct Side<'s> {
    rows: Option<Rows<'s>>,
    row: Vec<Value>,
    is_over: bool,
}

impl<'s> Side<'s> {
    fn new(rows: Option<Rows<'s>>, width: usize) -> Side<'s> {
        Side { rows, row: vec![Value::Null; width], is_over: false }
    }

    fn advance(&mut self) -> rusqlite::Result<()> {
        let next = match &mut self.rows {
            Some(rows) => rows.next()?,
            None => None,
        };
        match next {
            Some(row) => read(row, &mut self.row)?,
            None => self.is_over = true,
        }
        Ok(())
    }
}

fn read(row: &Row<'_>, values: &mut [Value]) -> rusqlite::Result<()> {
    for (at, value) in values.iter_mut().enumerate() {
        let found = row.get_ref(at)?;
        match (&mut *value, found) {
            // Texts take most of the time: their memory is used again.
            (Value::Text(text), ValueRef::Text(bytes)) => {
                text.clear();
                text.push_str(&String::from_utf8_lossy(bytes));
            }
            _ => *value = row.get(at)?,
        }
    }
    Ok(())
}

/// The order of keys, as SQLite has it: nothing, numbers, texts by their bytes.
fn compare(one: &[Value], two: &[Value]) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    };
    let of_values = |(one, two): (&Value, &Value)| match (one, two) {
        (Value::Integer(one), Value::Integer(two)) => one.cmp(two),
        (Value::Real(one), Value::Real(two)) => one.total_cmp(two),
        (Value::Text(one), Value::Text(two)) => one.as_bytes().cmp(two.as_bytes()),
        (Value::Blob(one), Value::Blob(two)) => one.cmp(two),
        _ => rank(one).cmp(&rank(two)),
    };
    one.iter().zip(two).map(of_values).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn names(conn: &Connection, sql: &str, table: &str) -> rusqlite::Result<Vec<String>> {
    conn.prepare(sql)?.query_map([table], |row| row.get(0))?.collect()
}

fn tables(conn: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let sql =
        "select name from sqlite_schema where type = ?1 and name not like 'sqlite\\_%' escape '\\'";
    Ok(names(conn, sql, "table")?.into_iter().collect())
}

fn columns(conn: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    names(conn, "select name from pragma_table_info(?1) order by cid", table)
}

/// The columns that tell the rows of a table apart: its primary key, or else a unique index, or else all.
fn key(conn: &Connection, table: &str, all: &[String]) -> rusqlite::Result<Vec<String>> {
    let declared = "select name from pragma_table_info(?1) where pk > 0 order by pk";
    let unique = "select name from pragma_index_info( \
                  (select name from pragma_index_list(?1) where \"unique\" order by name limit 1)) order by seqno";
    for sql in [declared, unique] {
        let found = names(conn, sql, table)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(all.to_vec())
}
