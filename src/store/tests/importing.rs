//! Imports and retractions of the small company's deliveries, with their forests.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeZone, Utc};

use super::fixture::*;
use crate::config::schema::Schema;
use crate::gate::Approved;
use crate::model::{
    Cancel, Feed, FileFacts, PerFeed, RunId, RunReport, StageTiming, StoredRows, TreeRows,
    TreeSums, Verdict,
};
use crate::store::{
    DateChange, FeedOutcome, NewRows, Publication, RetractionRecord, RunRecord, Store, StoreError,
    TreeSource,
};

pub(super) fn report(run: &str, date: NaiveDate, verdict: Verdict) -> RunReport {
    let started = Utc.with_ymd_and_hms(2026, 11, 24, 2, 30, 0).unwrap();
    RunReport {
        run: RunId(run.to_owned()),
        tenant: "00010001".to_owned(),
        tenant_name: None,
        business_date: date,
        started,
        timezone: chrono_tz::Asia::Shanghai,
        verdict,
        reasons: Vec::new(),
        approval: None,
        previous_date: None,
        newest_date: None,
        files: Feed::ALL.into_iter().map(facts).collect(),
        changes: BTreeMap::new(),
        former: None,
        rules_run: Vec::new(),
        rules_not_run: Vec::new(),
        findings: Vec::new(),
        totals: BTreeMap::new(),
        causes: Vec::new(),
        mended: None,
        mended_totals: Default::default(),
        organs: Vec::new(),
        recent: Vec::new(),
        timings: vec![StageTiming { stage: "parse", took: std::time::Duration::from_millis(7) }],
        database: None,
        report_files: Default::default(),
        is_log_pending: false,
    }
}

fn facts(feed: Feed) -> FileFacts {
    FileFacts {
        feed,
        name: format!("{feed}.txt"),
        sha256: Some("00".repeat(32)),
        size: 10,
        mtime: None,
        encoding: Some("utf-8".to_owned()),
        delimiter: Some("|".to_owned()),
        header: Some(false),
        lines: 3,
        rows: 2,
        quarantined: 1,
        repeated: 0,
        header_lines: 0,
        blank: 0,
        other: 0,
        quotes: None,
        previous_rows: None,
    }
}

pub(super) fn record(report: &RunReport) -> RunRecord<'_, '_> {
    let finished = report.started + chrono::TimeDelta::seconds(3);
    RunRecord {
        report,
        finished,
        tool_version: "0.1.0",
        identities: &[],
        quarantine: Box::new(std::iter::empty()),
    }
}

/// Writes a whole delivery without a commit.
pub(super) fn stage(
    publication: &mut Publication<'_>,
    schema: &Schema,
    delivery: &Delivery,
) -> Result<PerFeed<FeedOutcome>, StoreError> {
    let parsed = PerFeed::from_fn(|feed| delivery.parse(schema, feed));
    let outcomes = PerFeed::try_from_fn(|feed| {
        let Parsed { table, accepted, quarantined } = &parsed[feed];
        let quarantined: Vec<&str> = quarantined.iter().map(String::as_str).collect();
        publication.write_rows(feed, &NewRows { table, accepted, quarantined: &quarantined })
    })?;
    match publication.tree_source() {
        TreeSource::Unchanged => {}
        TreeSource::NewestRows => write_newest_trees(publication.change(), schema)?,
        TreeSource::Delivery { .. } => {
            let mut parents_by_forest = Vec::new();
            for forest in &schema.forests {
                let Parsed { table, accepted, .. } = &parsed[forest.feed];
                let (keys, up) = (table.text("id").unwrap(), table.text(&forest.parent).unwrap());
                let mut parents = Parents::new();
                for row in accepted.iter().map(|row| *row as usize) {
                    parents.insert(keys.value(row).to_owned(), up.get(row).map(str::to_owned));
                }
                let carried = publication.carried(forest.feed, &[&forest.parent])?;
                parents.extend(parents_of(&carried, &forest.parent));
                parents_by_forest.push((forest, parents));
            }
            let rows = parents_by_forest.iter();
            let rows = rows.map(|(forest, parents)| (*forest, tree(forest.has_levels(), parents)));
            let rows: Vec<_> = rows.collect();
            match publication.first_trees()? {
                Some(place) => {
                    let trees = place.write(&rows, &Cancel::new())?;
                    publication.change().take_trees(trees)?;
                }
                None => {
                    for (forest, rows) in &rows {
                        publication.change().write_tree(forest, rows, None)?;
                    }
                }
            }
        }
    }
    Ok(outcomes)
}

/// By record its parent.
pub(super) type Parents = BTreeMap<String, Option<String>>;

fn parents_of(rows: &StoredRows, field: &str) -> Parents {
    let parent = |row| (rows.key(row).to_owned(), rows.cell(row, field).map(str::to_owned));
    (0..rows.len()).map(parent).collect()
}

fn write_newest_trees(change: &mut DateChange<'_>, schema: &Schema) -> Result<(), StoreError> {
    for forest in &schema.forests {
        let rows = change.newest_rows(forest.feed, &[&forest.parent])?;
        let parents = parents_of(&rows, &forest.parent);
        change.write_tree(forest, &tree(forest.has_levels(), &parents), None)?;
    }
    Ok(())
}

/// Takes a day of November back.
pub(super) fn retract(store: &mut Store, n: u32) -> Result<RunId, StoreError> {
    let mut retraction = store.begin_retraction(day(n))?;
    if retraction.change().newest_changed() {
        write_newest_trees(retraction.change(), &schema())?;
    }
    let at = Utc.with_ymd_and_hms(2026, 11, 30, 2, 30, 0).unwrap();
    retraction.commit(RetractionRecord { at, by: "tester", reason: "wrong file" })
}

pub(super) fn import_as(
    store: &mut Store,
    schema: &Schema,
    run: &str,
    date: NaiveDate,
    delivery: &Delivery,
) -> Result<PerFeed<FeedOutcome>, StoreError> {
    let mut publication = store.begin(date)?;
    let outcomes = stage(&mut publication, schema, delivery)?;
    publication.commit(Approved::for_tests(), record(&report(run, date, Verdict::Published)))?;
    Ok(outcomes)
}

/// Imports a delivery for a day of November; the run is named by its number.
pub(super) fn import(store: &mut Store, n: u32, delivery: &Delivery) -> PerFeed<FeedOutcome> {
    let run = format!("run-{}", count(store, "select count(*) from run"));
    import_as(store, &schema(), &run, day(n), delivery).unwrap()
}

/// A forest, computed naively. Records whose parent is missing are tops.
pub(super) fn tree(has_levels: bool, parents: &Parents) -> TreeRows<'_> {
    let ids: Vec<&str> = parents.keys().map(String::as_str).collect();
    let at = |id: &str| ids.binary_search(&id).ok().map(|at| at as u32);
    let parent: Vec<Option<u32>> = parents.values().map(|parent| at(parent.as_deref()?)).collect();
    let chain = |mut at: usize| {
        let mut chain = vec![at as u32];
        while let Some(up) = parent[at] {
            chain.push(up);
            at = up as usize;
        }
        chain
    };
    let chains: Vec<Vec<u32>> = (0..ids.len()).map(chain).collect();
    let below = |n: usize| chains.iter().filter(|c| c[1..].contains(&(n as u32))).count() as u32;
    let descendant_count: Vec<u32> = (0..ids.len()).map(below).collect();
    let sums = if has_levels {
        TreeSums::Levels {
            names: vec![None; ids.len()],
            agent_count: descendant_count.iter().map(|n| n * 10).collect(),
            active_agent_count: descendant_count.clone(),
        }
    } else {
        TreeSums::Lineage {
            root: chains.iter().map(|chain| *chain.last().unwrap()).collect(),
            active_descendant_count: descendant_count.clone(),
        }
    };
    TreeRows {
        depth: chains.iter().map(|chain| chain.len() as u32 - 1).collect(),
        child_count: (0..ids.len() as u32)
            .map(|n| parent.iter().filter(|p| **p == Some(n)).count() as u32)
            .collect(),
        descendant_count,
        sums,
        parent,
        ids,
    }
}

/// Brings a database back to format 6, whose tables of the feeds had no declared keys.
pub(super) fn to_format_6(conn: &rusqlite::Connection) {
    let mut sql = "alter table forest drop column made_by; pragma user_version = 6;".to_owned();
    for feed in Feed::ALL {
        let columns = |table: &str| {
            let declared = format!(
                "select name || ' ' || type || iif(\"notnull\", ' not null', '') \
                 from pragma_table_info('{table}') order by cid"
            );
            rows(conn, &declared).join(", ")
        };
        let history = format!("{feed}_history");
        sql += &format!(
            "alter table {feed} rename to new_{feed}; alter table {history} rename to new_{history}; \
             create table {feed} ({}); create table {history} ({}); \
             insert into {feed} select * from new_{feed}; insert into {history} select * from new_{history}; \
             drop table new_{feed}; drop table new_{history}; \
             create unique index {history}_key on {history} (id, valid_from); \
             create unique index {feed}_key on {feed} (id);",
            columns(feed.name()),
            columns(&history),
        );
    }
    // The trees of forests without levels have the same columns.
    let of_format_6 = "select group_concat(name, ', ') from pragma_table_info('organ_tree') \
                       where name != 'path_name' and name not glob 'level_*'";
    let columns: String = conn.query_row(of_format_6, [], |row| row.get(0)).unwrap();
    let declared = "select name || ' ' || type || iif(\"notnull\", ' not null', '') || iif(pk, ' primary key', '') \
                    from pragma_table_info('recruit_tree') order by cid";
    let lineage = rows(conn, declared).join(", ");
    sql += &format!(
        "create table former_tree as select * from recruit_tree; drop table recruit_tree; \
         create table recruit_tree ({lineage}) without rowid; \
         insert into recruit_tree select * from former_tree; drop table former_tree; \
         create table former_tree as select {columns} from organ_tree; drop table organ_tree; \
         create table organ_tree ({columns}, primary key (id)) without rowid; \
         insert into organ_tree select * from former_tree; drop table former_tree;"
    );
    let views = "select name from sqlite_schema where type = 'view' and name not glob '*_version'";
    let mut drops: String =
        rows(conn, views).iter().map(|view| format!("drop view {view};")).collect();
    for table in ["agent_event", "node_event", "headcount", "code_label", "approval"] {
        drops += &format!("drop table {table};");
    }
    for column in ["type", "nullable", "example"] {
        drops += &format!("alter table data_dictionary drop column {column};");
    }
    let sql = drops + &sql;
    conn.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, true)
        .unwrap();
    conn.execute_batch(&format!("begin; {sql} commit")).unwrap();
}
