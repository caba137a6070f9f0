//! The trees of a day are compared with those that the rows of the day before make, which are not read back.

use rusqlite::Connection;

use super::{Insurer, random_days, wanted};

/// All rows of all trees.
fn trees(db: &Connection) -> Vec<String> {
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = db.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut all = Vec::new();
    for forest in texts("select name from forest order by name") {
        let columns = format!("select name from pragma_table_info('{forest}_tree')");
        let columns = texts(&columns).join(", ");
        let rows =
            format!("select json_array('{forest}', {columns}) from {forest}_tree order by id");
        all.extend(texts(&rows));
    }
    all
}

#[test]
fn trees_that_are_compared_with_those_of_the_day_before_equal_those_that_are_read_back() {
    let mut written = 0;
    for seed in 0..wanted().div_ceil(2) {
        let folder = tempfile::tempdir().unwrap();
        let (mut compared, mut read_back) = (Insurer::new(""), Insurer::new(""));
        let mut before = Vec::new();
        for (date, day) in random_days(seed + 7_000, folder.path(), 5) {
            if !before.is_empty() {
                read_back.db().execute("update forest set made_by = null", []).unwrap();
            }
            compared.import(&day, &date);
            read_back.import(&day, &date);
            let db = compared.db();
            let unknown = "select count(*) from forest where made_by is null";
            assert_eq!(db.query_row(unknown, [], |row| row.get(0)), Ok(0));
            let now = trees(&db);
            assert_eq!(now, trees(&read_back.db()), "{seed} {date}");
            written += usize::from(!before.is_empty() && now != before);
            before = now;
        }
    }
    assert!(written > 0);
}
