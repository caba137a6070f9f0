//! The naive reading of the lake: publications as JSON, the highest revision of a date, the full copy and the deltas after it
//! in order. Nothing is shared with orgsnap but the files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use chrono::NaiveDate;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use super::{Row, Rows, State, TABLES};

/// The highest publication of each date.
pub(crate) fn publications(root: &Path, tenant: &str) -> BTreeMap<NaiveDate, Value> {
    let folder = root.join(format!("v1/publication/tenant=t_{tenant}"));
    let mut found = BTreeMap::new();
    for date in fs::read_dir(folder).into_iter().flatten() {
        let date = date.unwrap().path();
        let mut revisions: Vec<_> =
            fs::read_dir(&date).unwrap().map(|file| file.unwrap().path()).collect();
        revisions.retain(|path| path.extension().is_some_and(|end| end == "json"));
        revisions.sort();
        let Some(last) = revisions.last() else { continue };
        let name = date.file_name().unwrap().to_str().unwrap();
        let date = name.strip_prefix("date=").unwrap().parse().unwrap();
        found.insert(date, read(last));
    }
    found
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The dates that have a state.
pub(crate) fn dates(root: &Path, tenant: &str) -> Vec<NaiveDate> {
    let published = publications(root, tenant).into_iter();
    published.filter(|(_, one)| one["form"] != "retracted").map(|(date, _)| date).collect()
}

/// The state of a date.
pub(crate) fn state(root: &Path, tenant: &str, date: NaiveDate) -> Option<State> {
    let last = publications(root, tenant).remove(&date)?;
    if last["form"] == "retracted" {
        return None;
    }
    let mut chain = vec![last];
    while let Some(base) = chain.last().unwrap().get("base") {
        let (date, revision) = (base["business_date"].as_str()?, base["revision"].as_u64()?);
        let path =
            format!("v1/publication/tenant=t_{tenant}/date={date}/revision={revision:06}.json");
        chain.push(read(&root.join(path)));
    }
    assert_eq!(chain.last().unwrap()["form"], "full");
    let mut state: State = TABLES.map(|(table, _)| (table.to_owned(), Rows::new())).into();
    for publication in chain.iter().rev() {
        for table in publication["tables"].as_array().unwrap() {
            let name = table["name"].as_str().unwrap();
            let (_, key) = TABLES.into_iter().find(|(known, _)| *known == name).unwrap();
            let rows = state.get_mut(name).unwrap();
            if table["scope"] == "date" {
                rows.clear();
            }
            for file in table["files"].as_array().unwrap() {
                apply(&root.join(file["path"].as_str().unwrap()), key, rows);
            }
            assert_eq!(table["rows"].as_u64().unwrap(), rows.len() as u64, "{name}");
        }
    }
    Some(state)
}

/// All rows of a file, in its order.
pub(crate) fn rows(path: &Path) -> Vec<Row> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let value = |field: &Field| match field {
        Field::Null => None,
        Field::Str(text) => Some(text.clone()),
        Field::Long(number) => Some(number.to_string()),
        Field::Date(days) => Some(NaiveDate::from_epoch_days(*days).unwrap().to_string()),
        other => panic!("{other:?}"),
    };
    let row = |row: parquet::record::Row| -> Row {
        row.get_column_iter()
            .filter_map(|(name, field)| Some((name.clone(), value(field)?)))
            .collect()
    };
    reader.get_row_iter(None).unwrap().map(|one| row(one.unwrap())).collect()
}

fn apply(path: &Path, key: &[&str], rows: &mut Rows) {
    let mut before: Option<String> = None;
    for mut row in self::rows(path) {
        let key: Vec<String> = key.iter().map(|part| row[*part].clone()).collect();
        let key = key.join(" ");
        assert!(before.is_none_or(|before| before < key), "{} is sorted", path.display());
        before = Some(key.clone());
        let removed = row.remove("lake_removed").unwrap();
        assert_eq!(row.remove("lake_tenant").as_deref(), Some("t"));
        row.remove("lake_date").unwrap();
        row.remove("lake_run").unwrap();
        match removed.as_str() {
            "1" => assert!(rows.remove(&key).is_some(), "{}: {key}", path.display()),
            _ => _ = rows.insert(key, row),
        }
    }
}
