//! The lake: what a reader that follows the publications sees is what the database holds, whatever came in which order and
//! whenever an export was killed.

#[cfg(feature = "lake-s3")]
mod bucket;
mod engines;
mod killed;
mod naive;
mod random;
mod verbs;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use orgsnap::config::schema::Schema;
use orgsnap::lake::{Lake, LakeError, Outcome, Tenant, Verified, export, verify};
use orgsnap::pipeline::schema_of;
use orgsnap::{dated, export as tables};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::life::Insurer;

/// A row: its columns that have a value.
type Row = BTreeMap<String, String>;
/// The rows of a table, by key.
type Rows = BTreeMap<String, Row>;
/// The tables of a date.
type State = BTreeMap<String, Rows>;

/// The tables and their keys.
const TABLES: [(&str, &[&str]); 11] = [
    ("organ", &["id"]),
    ("principal", &["id"]),
    ("node", &["id"]),
    ("agent", &["id"]),
    ("organ_tree", &["id"]),
    ("node_tree", &["id"]),
    ("recruit_tree", &["id"]),
    ("mentor_tree", &["id"]),
    ("agent_event", &["business_date", "kind", "id"]),
    ("node_event", &["business_date", "kind", "id"]),
    ("headcount", &["organ_id", "business_date", "channel", "agent_status"]),
];

fn now() -> DateTime<Utc> {
    "2025-01-31T00:00:00Z".parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// An insurer with a lake beside its data.
struct WithLake {
    insurer: Insurer,
    schema: Schema,
}

impl WithLake {
    fn new() -> WithLake {
        WithLake { insurer: Insurer::new(""), schema: schema_of(None).unwrap() }
    }

    fn root(&self) -> PathBuf {
        self.insurer.data().with_file_name("lake")
    }

    fn database(&self) -> PathBuf {
        self.insurer.data().join("t/org.db")
    }

    fn export_at(&self, now: DateTime<Utc>) -> Result<Outcome, LakeError> {
        let database = self.database();
        let tenant = Tenant { id: "t", database: &database, schema: &self.schema };
        export(&Lake::in_folder(&self.root()), tenant, now)
    }

    fn export(&self) -> Outcome {
        self.export_at(now()).unwrap()
    }

    fn verify(&self) -> Verified {
        let database = self.database();
        let tenant = Tenant { id: "t", database: &database, schema: &self.schema };
        verify(&Lake::in_folder(&self.root()), tenant).unwrap()
    }

    /// The dates of the database.
    fn dates(&self) -> Vec<NaiveDate> {
        let db = self.insurer.db();
        let mut statement =
            db.prepare("select business_date from snapshot order by business_date").unwrap();
        let dates = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        dates.map(|date| day(&date.unwrap())).collect()
    }

    /// What the database holds of a date.
    fn stored(&self, date: NaiveDate) -> State {
        let db = self.insurer.db();
        let is_newest = self.dates().last() == Some(&date);
        let mut state = State::new();
        for (table, key) in TABLES {
            let rows = match table {
                _ if table.ends_with("_event") || table == "headcount" => {
                    read(&db, &format!("select * from {table} where business_date = '{date}'"), key)
                }
                _ if is_newest => read(&db, &format!("select * from {table}"), key),
                _ if table.ends_with("_tree") => self.tree(table, date),
                _ => {
                    let sql = format!(
                        "select * from {table}_version where valid_from <= '{date}' and \
                         (valid_to is null or '{date}' < valid_to)"
                    );
                    read(&db, &sql, key)
                }
            };
            state.insert(table.to_owned(), rows);
        }
        state
    }

    /// A tree of an earlier date, made on demand.
    fn tree(&self, table: &str, date: NaiveDate) -> Rows {
        let mut source =
            tables::Source::open("t", &self.database(), Some(date), self.schema.clone()).unwrap();
        dated::fill_trees(&mut source.reader, &[table.to_owned()].into()).unwrap();
        let columns = source.reader.table_columns(table).unwrap();
        let names = columns.iter().map(|column| format!("'{0}', {0}", column.name));
        let sql =
            format!("select json_object({}) from {table}", names.collect::<Vec<_>>().join(", "));
        struct Documents(Vec<String>);
        impl orgsnap::store::RowSink for Documents {
            fn columns(&mut self, _: &[&str]) -> std::io::Result<()> {
                Ok(())
            }
            fn row(&mut self, cells: &[orgsnap::store::CellValue<'_>]) -> std::io::Result<bool> {
                let orgsnap::store::CellValue::Text(text) = &cells[0] else { panic!("{cells:?}") };
                self.0.push(text.to_string());
                Ok(true)
            }
        }
        let mut documents = Documents(Vec::new());
        let question = orgsnap::store::Question { sql: &sql, parameters: &[] };
        source.reader.ask(&question, None, &mut documents).unwrap();
        let row = |text: &String| -> (String, Row) {
            let object: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(text).unwrap();
            let row: Row = object
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| {
                    (name, value.as_str().map_or(value.to_string(), str::to_owned))
                })
                .collect();
            (row["id"].clone(), row)
        };
        documents.0.iter().map(row).collect()
    }

    /// Sees to it that the naive reading of the lake gives what the database holds, date by date.
    #[track_caller]
    fn assert_equal(&self, context: &str) {
        let (dates, newest) = (self.dates(), self.dates().last().copied());
        assert_eq!(naive::dates(&self.root(), "t"), dates, "{context}: the dates");
        for date in dates {
            let mut found = naive::state(&self.root(), "t", date).unwrap();
            let mut stored = self.stored(date);
            if Some(date) != newest {
                // The view of versions does not say of a past date since when a row is carried, and has its end.
                for state in [&mut found, &mut stored] {
                    for feed in ["organ", "principal", "node", "agent"] {
                        let rows = state.get_mut(feed).unwrap().values_mut();
                        rows.for_each(|row| {
                            row.remove("carried_since");
                            row.remove("valid_to");
                        });
                    }
                }
            }
            for (table, _) in TABLES {
                assert_eq!(found[table], stored[table], "{context}: {table} of {date}");
            }
        }
        let verified = self.verify();
        assert!(verified.differences.is_empty(), "{context}: {:?}", verified.differences);
    }
}

fn read(db: &Connection, sql: &str, key: &[&str]) -> Rows {
    let mut statement = db.prepare(sql).unwrap();
    let names: Vec<String> = statement.column_names().iter().map(ToString::to_string).collect();
    let mut rows = statement.query([]).unwrap();
    let mut found = Rows::new();
    while let Some(row) = rows.next().unwrap() {
        let cell = |at: usize| match row.get_ref(at).unwrap() {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
            other => panic!("{other:?}"),
        };
        let cells = names.iter().enumerate().filter_map(|(at, n)| Some((n.clone(), cell(at)?)));
        let cells: Row = cells.collect();
        found.insert(
            key.iter().map(|part| cells[*part].clone()).collect::<Vec<_>>().join(" "),
            cells,
        );
    }
    found
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}
