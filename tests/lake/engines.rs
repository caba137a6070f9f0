//! What other programs read.

use std::process::Command;

use super::WithLake;
use crate::life::random_days;

/// The state of a date by SQL alone: the steps of its highest revision joined with the data, the last row of a key.
const SQL: &str = r#"
import sys, duckdb
root, date = sys.argv[1:]
duckdb.sql(f"create view publication as select * from read_parquet('{root}/v1/publication_table/*/*/*.parquet', hive_partitioning=false, union_by_name=true)")
for table in ["organ", "node", "agent", "recruit_tree"]:
    rows = duckdb.sql(f"""
        with step as (select * from publication p where business_date = '{date}' and step is not null and
                      revision = (select max(revision) from publication q
                                  where q.lake_tenant = p.lake_tenant and q.business_date = p.business_date)),
        last as (select d.*, row_number() over (partition by d.lake_tenant, d.id order by s.step desc) as n
                 from read_parquet('{root}/v1/{table}/*/*/*/*/*.parquet', hive_partitioning=false, union_by_name=true) d
                 join step s on d.lake_tenant = s.lake_tenant and d.lake_run = s.step_run)
        select count(*), min(id), max(id) from last where n = 1 and lake_removed = 0""").fetchall()[0]
    print(table, *rows)
"#;

#[test]
fn duckdb_reads_the_state_of_each_date_from_the_files_by_sql_alone() {
    let has = Command::new("python3").args(["-c", "import duckdb"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no Python with duckdb here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let days = random_days(5, folder.path(), 4);
    let mut insurer = WithLake::new();
    for (date, day) in &days {
        insurer.insurer.import(day, date);
        insurer.export();
    }
    insurer.insurer.retract(&days[1].0);
    insurer.export();
    for date in insurer.dates() {
        let output = Command::new("python3")
            .args(["-c", SQL, insurer.root().to_str().unwrap(), &date.to_string()])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let stored = insurer.stored(date);
        let line = |table: &str| {
            let keys = stored[table].keys();
            let (first, last) = (keys.clone().min().unwrap(), keys.clone().max().unwrap());
            format!("{table} {} {first} {last}\n", keys.count())
        };
        let expected: String = ["organ", "node", "agent", "recruit_tree"].map(line).concat();
        assert_eq!(text, expected, "{date}");
    }
}
