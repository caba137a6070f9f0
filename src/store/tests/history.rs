//! Published rows, their history, and importing a date again.

use std::collections::BTreeMap;

use super::fixture::*;
use super::importing::*;
use crate::model::{Feed, FeedChanges, PerFeed, RowCounter};
use crate::store::sqlite::tree_rows::TreeStatements;
use crate::store::trees::{self, NewTree, StoredTree, TreeHashes};
use crate::store::{Branch, Store};

fn agents(store: &Store) -> Vec<String> {
    rows(store.conn(), "select id, agent_name, valid_from, carried_since from agent order by id")
}

#[test]
fn keys_and_references_are_declared_for_tools_that_read_the_file_and_bind_nobody() {
    let database = TestDatabase::new();
    let mut store = database.open();
    let keys = |table: &str| {
        let sql = format!("select name from pragma_table_info('{table}') where pk > 0 order by pk");
        rows(store.conn(), &sql)
    };
    for feed in Feed::ALL {
        assert_eq!(keys(feed.name()), ["id"]);
        assert_eq!(keys(&format!("{feed}_history")), ["id", "valid_from"]);
    }
    for table in ["agent", "agent_history"] {
        let sql = format!(
            "select \"from\", \"table\", \"to\" from pragma_foreign_key_list('{table}') order by 1"
        );
        assert_eq!(
            rows(store.conn(), &sql),
            ["recommend_by_agent_id|agent|id", "working_organ_id|organ|id"]
        );
    }
    let references = |table: &str| {
        let sql = format!(
            "select \"from\" || ' ' || \"table\" from pragma_foreign_key_list('{table}') order by 1"
        );
        rows(store.conn(), &sql)
    };
    assert_eq!(references("recruit_tree"), ["id agent", "parent_id agent", "root_id agent"]);
    let tree = references("organ_tree");
    assert_eq!((&*tree[0], &*tree[1], tree.len()), ("id organ", "level_1_id organ", 8), "{tree:?}");
    import(&mut store, 1, &delivery("A1|a|1||A0|99"));
    assert_eq!(
        rows(store.conn(), "select \"table\", parent from pragma_foreign_key_check order by 1, 2"),
        ["agent|agent", "agent|organ", "headcount|organ"]
    );
}

#[test]
fn rows_are_stored_typed_and_as_delivered() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 1, &delivery("A2|李四|2|||8602\nA1|张三|1|2020-02-29|A2|860101"));
    let columns = "id, agent_name, agent_status, enter_date, recommend_by_agent_id, working_organ_id, \
                   valid_from, carried_since, typeof(agent_status), typeof(content_hash)";
    assert_eq!(
        rows(store.conn(), &format!("select {columns} from agent")),
        [
            "A1|张三|1|2020-02-29|A2|860101|2026-11-01|-|integer|integer",
            "A2|李四|2|-|-|8602|2026-11-01|-|integer|integer",
        ]
    );
    assert_eq!(rows(store.conn(), "pragma journal_mode"), ["wal"]);
    assert_eq!(rows(store.conn(), "pragma page_size"), ["4096"]);
    let duplicate = store.conn().execute("insert into agent (id, valid_from, content_hash) select id, valid_from, content_hash from agent limit 1", []);
    assert!(duplicate.unwrap_err().to_string().contains("UNIQUE"));
}

#[test]
fn a_version_ends_when_its_content_changes_or_its_key_is_gone() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 1, &delivery("A1|a|1\nA2|b|1\nA3|c|1"));
    let outcome = import(&mut store, 2, &delivery("A1|a|1\nA2|B|1\nA4|d|1"))[Feed::Agent];
    let changes = FeedChanges { added: 1, changed: 1, removed: 1, carried: 0, unchanged: 1 };
    assert_eq!((outcome.table_changes, outcome.snapshot_changes), (changes, changes));
    assert_eq!(agents(&store), ["A1|a|2026-11-01|-", "A2|B|2026-11-02|-", "A4|d|2026-11-02|-"]);
    let sql = "select id, agent_name from agent_version \
               where valid_from <= ?1 and (valid_to is null or ?1 < valid_to) order by id";
    for (date, expected) in
        [("2026-11-01", ["A1|a", "A2|b", "A3|c"]), ("2026-11-02", ["A1|a", "A2|B", "A4|d"])]
    {
        assert_eq!(rows(store.conn(), &sql.replace("?1", &format!("'{date}'"))), expected);
    }
}

#[test]
fn a_bad_row_is_carried_and_ends_no_version() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 1, &delivery("A1|a|1\nA2|b|1"));
    let carried = import(&mut store, 2, &delivery("!A1|?|x\nA2|b|1\n!A9|new|x"));
    assert_eq!(carried[Feed::Agent].table_changes.carried, 1);
    assert_eq!(agents(&store), ["A1|a|2026-11-01|2026-11-02", "A2|b|2026-11-01|-"]);
    import(&mut store, 3, &delivery("!A1|?|x\nA2|b|1"));
    assert_eq!(agents(&store), ["A1|a|2026-11-01|2026-11-02", "A2|b|2026-11-01|-"]);
    import(&mut store, 4, &delivery("A1|a|1\nA2|b|1"));
    assert_eq!(agents(&store), ["A1|a|2026-11-01|-", "A2|b|2026-11-01|-"]);
    assert_eq!(rows(store.conn(), "select * from carry"), ["agent|A1|2026-11-02|2026-11-04"]);
    assert_eq!(rows(store.conn(), "select * from agent_history"), Vec::<String>::new());
}

#[test]
fn a_publication_reports_previous_rows_branches_and_carried_rows() {
    let database = TestDatabase::new();
    let mut store = database.open();
    let first = delivery("A1|a|1|||860101\nA2|b|1|||8601\nA3|c|2|||8602\nA4|d|1|||86");
    assert!(store.begin(day(1)).unwrap().previous().is_none());
    import(&mut store, 1, &first);
    import(&mut store, 2, &first);
    let second = delivery("!A2|bad|\nA4|d|1|||86\nA5|e|1|||8602");
    // The second pass imports the date again after it was published: the snapshot before is the same.
    for _ in 0..2 {
        let mut publication = store.begin(day(2)).unwrap();
        assert_eq!(
            publication.previous().map(|p| (p.date, p.rows)),
            Some((day(1), PerFeed::new([4, 2, 4, 1])))
        );
        let outcomes = stage(&mut publication, &schema(), &second).unwrap();
        assert_eq!(outcomes[Feed::Agent].snapshot_changes.removed, 2);
        assert_eq!(publication.rows_before(Feed::Agent), 4);
        let branch = |organ: &str, before, gone| Branch { organ: organ.to_owned(), before, gone };
        assert_eq!(publication.branches(), [branch("8601", 2, 1), branch("8602", 1, 1)]);
        let carried =
            publication.carried(Feed::Agent, &["workingOrganId", "agentStatus", "enterDate"]);
        let carried = carried.unwrap();
        let cells = ["workingOrganId", "agentStatus", "enterDate"].map(|f| carried.cell(0, f));
        assert_eq!((carried.len(), carried.key(0)), (1, "A2"));
        assert_eq!(cells, [Some("8601"), Some("1"), None]);
        drop(publication);
        import(&mut store, 2, &second);
    }
}

#[test]
fn only_changed_rows_of_a_forest_are_written() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 1, &delivery("A1|a|1\nA2|b|1||A1\nA3|c|1||A2\nA4|d|1"));
    let sql =
        "select id, parent_id, root_id, depth, child_count, descendant_count from recruit_tree";
    assert_eq!(
        rows(store.conn(), sql),
        ["A1|-|A1|0|1|2", "A2|A1|A1|1|1|1", "A3|A2|A1|2|0|0", "A4|-|A4|0|0|0"]
    );
    assert_eq!(
        rows(store.conn(), "select id, depth, path, agent_count from organ_tree"),
        [
            "86|0|/86/|30",
            "8601|1|/86/8601/|10",
            "860101|2|/86/8601/860101/|0",
            "8602|1|/86/8602/|0"
        ]
    );
    let (before, schema) = (store.conn().total_changes(), schema());
    let mut publication = store.begin(day(2)).unwrap();
    // A2 is removed, A3 becomes a top, A5 is added: three rows differ, one is deleted, A4 is not written.
    let parents = [("A1", None), ("A3", None), ("A4", None), ("A5", Some("A4"))];
    let parents: BTreeMap<String, Option<String>> =
        parents.map(|(id, up)| (id.to_owned(), up.map(str::to_owned))).into();
    assert_eq!(
        publication.change().write_tree(&schema.forests[1], &tree(false, &parents), None).unwrap(),
        5
    );
    drop(publication);
    assert_eq!(store.conn().total_changes() - before, 5);
}

#[test]
fn forests_of_a_first_load_have_their_index_and_leave_no_file() {
    let database = TestDatabase::new();
    let (mut store, schema) = (database.open(), schema());
    let files = || {
        let files = std::fs::read_dir(database.db().parent().unwrap()).unwrap();
        files.filter(|file| file.as_ref().unwrap().path().ends_with("org.db-trees")).count()
    };
    let company = delivery("A1|a|1\nA2|b|1|||A1");
    let mut refused = store.begin(day(1)).unwrap();
    stage(&mut refused, &schema, &company).unwrap();
    assert_eq!(files(), 1);
    drop(refused);
    assert_eq!((files(), count(&store, "select count(*) from recruit_tree")), (0, 0));
    import(&mut store, 1, &company);
    assert_eq!(files(), 0);
    let sql = "select name from pragma_index_list('recruit_tree') where origin = 'c'";
    assert_eq!(rows(store.conn(), sql), ["recruit_tree_parent_id"]);
    assert_eq!(rows(store.conn(), "pragma integrity_check"), ["ok"]);
    assert_eq!(rows(store.conn(), "select count(*) from recruit_tree"), ["2"]);
    assert!(store.begin(day(2)).unwrap().first_trees().unwrap().is_none());
}

#[test]
fn paths_are_null_below_the_maximum_depth() {
    let database = TestDatabase::new();
    let (store, schema) = (database.open(), schema());
    let id = |n: u32| format!("{n:04}");
    let parents: BTreeMap<String, Option<String>> =
        (0..200).map(|n| (id(n), n.checked_sub(1).map(id))).collect();
    let (forest, rows_of_tree) = (&schema.forests[0], tree(true, &parents));
    let new = NewTree::new(forest, &rows_of_tree).unwrap();
    let stored = StoredTree::Read(TreeHashes::default());
    let mut writer = TreeStatements::new(store.conn(), forest).unwrap();
    trees::write(&mut writer, &stored, &new, RowCounter::default()).unwrap();
    let sql = "select count(path), max(length(path)), max(depth) from organ_tree";
    assert_eq!(rows(store.conn(), sql), ["65|326|199"]);
}

#[test]
fn a_schema_can_gain_and_lose_columns() {
    let database = TestDatabase::new();
    import(&mut database.open(), 1, &delivery("A1|a|1"));
    let mut wide = schema();
    let mut extra = wide.feeds[Feed::Agent].fields[1].clone();
    (extra.name, extra.column) = ("licence\"No".to_owned(), "licence\"no".to_owned());
    wide.feeds[Feed::Agent].fields.push(extra);
    let mut store = Store::open(&database.db(), &wide).unwrap();
    import_as(&mut store, &wide, "wide", day(2), &delivery("A1|a|1||||||||L7")).unwrap();
    let sql =
        "select id, \"licence\"\"no\", valid_from, valid_to from agent_version order by valid_from";
    assert_eq!(rows(store.conn(), sql), ["A1|-|2026-11-01|2026-11-02", "A1|L7|2026-11-02|-"]);
    drop(store);
    let mut store = database.open();
    import(&mut store, 3, &delivery("A1|A|1"));
    assert_eq!(
        rows(store.conn(), sql),
        ["A1|-|2026-11-01|2026-11-02", "A1|L7|2026-11-02|2026-11-03", "A1|-|2026-11-03|-"]
    );
}

#[test]
fn indexes_and_their_statistics_are_made_when_a_table_is_first_filled() {
    let database = TestDatabase::new();
    let mut store = database.open();
    let indexes = "select name from sqlite_schema where type = 'index' and sql is not null \
                   and name not glob 'finding_*' and name not glob 'quarantine_*' and name not glob '*_event_*' order by name";
    let history = [
        "agent_history_valid_to",
        "agent_history_working_node_id",
        "agent_history_working_organ_id",
        "node_history_valid_to",
        "organ_history_valid_to",
        "principal_history_valid_to",
    ];
    assert_eq!(rows(store.conn(), indexes), history);
    import(&mut store, 1, &delivery("A1|a|1||A2|86\nA2|b|1"));
    let all = [
        "agent_history_valid_to",
        "agent_history_working_node_id",
        "agent_history_working_organ_id",
        "agent_recommend_by_agent_id",
        "agent_working_node_id",
        "agent_working_organ_id",
        "node_history_valid_to",
        "node_organ_id",
        "node_parent_node_id",
        "organ_history_valid_to",
        "organ_parent_id",
        "organ_tree_parent_id",
        "principal_history_valid_to",
        "recruit_tree_parent_id",
    ];
    assert_eq!(rows(store.conn(), indexes), all);
    let analyzed =
        "select distinct tbl from sqlite_stat1 where tbl in ('agent', 'organ_tree') order by 1";
    assert_eq!(rows(store.conn(), analyzed), ["agent", "organ_tree"]);
    // One that is missing is made when the database is opened.
    store.conn().execute_batch("drop index organ_parent_id").unwrap();
    drop(store);
    let store = database.open();
    assert_eq!(rows(store.conn(), indexes), all);
    assert_eq!(
        rows(store.conn(), "select sql from sqlite_schema where name = 'agent_working_organ_id'"),
        ["CREATE INDEX \"agent_working_organ_id\" on agent (\"working_organ_id\")"]
    );
}
