//! One history in a file and on a server: the same rows in every table that is a function of the deliveries.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};

use super::any_order::{Step, histories, steps};
use super::derived;
use super::fixture::*;
use super::importing::*;
use super::server::Server;
use crate::model::Feed;
use crate::store::{Comparison, ComparisonScope, Reader, Store, StoreError};

/// Everything that must not depend on how often and in what order deliveries were imported, of a store in a file.
fn of_file(store: &Store) -> Vec<String> {
    let mut lines = content(store.conn());
    for table in ["agent_event", "node_event", "headcount"] {
        let stored = derived::stored(store.conn(), table);
        lines.extend(stored.into_iter().map(|line| format!("{table}|{line}")));
    }
    lines.sort();
    lines
}

/// The same of a store on a server.
pub(super) fn of_server(store: &mut Store) -> Vec<String> {
    let (session, tenant) = store.server();
    let mut lines = Vec::new();
    let mut add = |name: &str, columns: &[String], from: &str| {
        let cells: Vec<String> =
            columns.iter().map(|column| format!("coalesce({column}::text, '-')")).collect();
        let sql = format!(
            "select concat_ws('|', '{name}', {}) from orgsnap_data.{from}",
            cells.join(", ")
        );
        let rows = session.query(&sql, &[]).unwrap();
        lines.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    };
    let own = |columns: &[&str]| columns.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
    let schema = schema();
    for feed in Feed::ALL {
        let content: Vec<String> =
            schema.feed(feed).fields.iter().map(|field| field.column.clone()).collect();
        let current = [content.clone(), own(&["valid_from", "carried_since", "content_hash"])];
        let ended = [content, own(&["valid_from", "valid_to", "carried_since", "content_hash"])];
        let of = |further: &str| format!("{feed} where tenant_id = {tenant} and {further}");
        add(feed.name(), &current.concat(), &of("valid_to = 'infinity'"));
        add(&format!("old {feed}"), &ended.concat(), &of("valid_to <> 'infinity'"));
    }
    let trees = schema.forests.iter().map(|forest| {
        let columns = crate::store::tree_layout::tree_columns(forest);
        (format!("{}_tree", forest.name), columns.iter().map(|(c, _)| (*c).to_owned()).collect())
    });
    let others: [(&str, &[&str]); 6] = [
        ("carry", &["feed", "id", "carried_from", "carried_to"]),
        ("quarantined_key", &["feed", "id", "business_date"]),
        ("snapshot", &["business_date", "agent_rows", "node_rows", "organ_rows", "principal_rows"]),
        (
            "agent_event",
            &["business_date", "id", "kind", "from_value", "to_value", "organ_id", "node_id"],
        ),
        (
            "node_event",
            &["business_date", "id", "kind", "from_value", "to_value", "organ_id", "parent_id"],
        ),
        (
            "headcount",
            &["organ_id", "business_date", "channel", "agent_status", "agents", "agents_below"],
        ),
    ];
    let others = others.map(|(name, columns)| (name.to_owned(), own(columns)));
    for (name, columns) in trees.chain(others) {
        add(&name, &columns, &format!("{name} where tenant_id = {tenant}"));
    }
    lines.sort();
    lines
}

/// Takes the same steps on both, and compares them after each.
fn take(steps: &[Step], file: &mut Store, server: &mut Store) {
    let mut last: std::collections::BTreeMap<u32, Delivery> = Default::default();
    for (at, step) in steps.iter().enumerate() {
        let run = format!("run-{at}");
        let (n, delivery) = match step {
            Step::Deliver(n, delivery) => (*n, Some(delivery.clone())),
            Step::Repeat(n) => match last.get(n) {
                Some(delivery) => (*n, Some(delivery.clone())),
                None => continue,
            },
            Step::Retract(n) => (*n, None),
        };
        match delivery {
            Some(delivery) => {
                let of = |store: &mut Store| {
                    import_as(store, &schema(), &run, day(n), &delivery).unwrap()
                };
                assert_eq!(of(server), of(file), "what step {at} counts");
                last.insert(n, delivery);
            }
            None => match (retract(server, n), retract(file, n)) {
                (Ok(one), Ok(other)) => assert_eq!(one, other),
                (Err(StoreError::UnknownDate { .. }), Err(StoreError::UnknownDate { .. })) => {}
                (one, other) => panic!("step {at}: {one:?} {other:?}"),
            },
        }
        if matches!(step, Step::Retract(_)) {
            last.remove(&n);
        }
        assert_eq!(of_server(server), of_file(file), "after step {at} of {steps:?}");
    }
}

#[test]
fn any_history_gives_the_same_rows_in_a_file_and_on_a_server() {
    let Some(server) = Server::start("any_history_gives_the_same_rows_in_a_file_and_on_a_server")
    else {
        return;
    };
    let mut runner = TestRunner::new(Config::default());
    for history in 0..histories() {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let database = TestDatabase::new();
        let mut file = database.open();
        file.conn().pragma_update(None, "synchronous", "off").unwrap();
        let mut on_server = server.open(&format!("t{history}"));
        take(&steps, &mut file, &mut on_server);
        let copy = database.folder.path().join("copy.db");
        let tenant = format!("t{history}");
        Store::copy_server(&server.url(), &tenant, &schema(), &copy).unwrap();
        let compared = Comparison::begin(&database.db(), &copy).unwrap();
        let found = compared.run(ComparisonScope::Whole, &mut |_, _| {}).unwrap();
        assert_eq!(found, [], "the copy of {steps:?}");
    }
}

#[test]
fn a_copy_of_what_a_server_has_is_made_anew_once_it_has_something_new() {
    let Some(server) =
        Server::start("a_copy_of_what_a_server_has_is_made_anew_once_it_has_something_new")
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.db");
    let copy = || Store::copy_server(&server.url(), "one", &schema(), &path);
    assert!(matches!(copy(), Err(StoreError::NothingPublished { .. })));
    let mut store = server.open("one");
    let made = || std::fs::metadata(&path).unwrap().modified().unwrap();
    for n in 1..3 {
        let run = format!("run-{n}");
        import_as(&mut store, &schema(), &run, day(n), &delivery("A1|a|1|||8601")).unwrap();
        copy().unwrap();
        let reader = Reader::open_existing(&path).unwrap();
        assert_eq!(reader.latest().unwrap().map(|latest| latest.date), Some(day(n)));
        assert_eq!(reader.runs(9).unwrap().len(), n as usize);
        let first = made();
        copy().unwrap();
        assert_eq!(made(), first);
    }
    retract(&mut store, 2).unwrap();
    copy().unwrap();
    let reader = Reader::open_existing(&path).unwrap();
    assert_eq!(reader.latest().unwrap().map(|latest| latest.date), Some(day(1)));
    assert!(reader.runs(9).unwrap().iter().any(|run| run.retracted.is_some()));
}

#[test]
fn tenants_share_the_tables_of_a_server_and_see_nothing_of_each_other() {
    let Some(server) =
        Server::start("tenants_share_the_tables_of_a_server_and_see_nothing_of_each_other")
    else {
        return;
    };
    let (mut one, mut other) = (server.open("one"), server.open("other"));
    import_as(&mut one, &schema(), "run-1", day(1), &delivery("A1|a|1|||8601")).unwrap();
    let before = of_server(&mut one);
    import_as(&mut other, &schema(), "run-1", day(1), &delivery("A1|b|2|||8602\nA2|c|1")).unwrap();
    retract(&mut other, 1).unwrap();
    assert_eq!(of_server(&mut one), before);
    assert!(of_server(&mut other).is_empty());
    let (session, _) = one.server();
    session.batch("set search_path = orgsnap; set orgsnap.tenant = 'one'").unwrap();
    let names: Option<String> =
        session.value("select string_agg(agent_name, ',') from agent", &[]).unwrap();
    assert_eq!(names.as_deref(), Some("a"));
    session.batch("set orgsnap.tenant = 'other'").unwrap();
    let rows: Option<i64> = session.value("select count(*) from agent_version", &[]).unwrap();
    assert_eq!(rows, Some(0));
}
