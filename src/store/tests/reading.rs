//! Reading of forests.

use super::fixture::*;
use super::importing::*;
use crate::store::{AccountIndex, AccountOwner, Reader, StoreError, TreeNode, TreeQuery, TreeView};

/// The tree as indented lines, as the command line prints it.
fn printed_tree(view: &TreeView) -> Vec<String> {
    let line = |node: &TreeNode| {
        let indent = "  ".repeat(node.depth as usize);
        format!(
            "{indent}{} {} {}",
            node.id,
            node.name.as_deref().unwrap_or("?"),
            node.descendant_count
        )
    };
    view.nodes.iter().map(line).collect()
}

fn query<'a>(id: Option<&'a str>, depth: Option<u32>, limit: usize) -> TreeQuery<'a> {
    TreeQuery { id, depth, limit }
}

#[test]
fn a_forest_is_read_from_the_tops_or_from_a_record() {
    let database = TestDatabase::new();
    let agents = "A1|a|1\nA2|b|1||A1\nA3|c|1||A2\nA4|d|1||A1\nB1|x|1\nB2|y|1||B1";
    import(&mut database.open(), 1, &delivery(agents));
    let reader = Reader::open_existing(&database.db()).unwrap();
    assert_eq!(reader.forests().unwrap(), ["organ", "recruit"]);
    /// Forest, question, lines shown, records left out, ancestors.
    type Case<'c> = (&'c str, TreeQuery<'c>, &'c [&'c str], usize, &'c [&'c str]);
    let cases: [Case<'_>; 6] = [
        ("recruit", query(None, Some(0), 9), &["A1 a 3", "B1 x 1"], 0, &[]),
        (
            "recruit",
            query(None, None, 4),
            &["A1 a 3", "  A2 b 1", "    A3 c 0", "  A4 d 0"],
            2,
            &[],
        ),
        ("recruit", query(Some("A2"), None, 9), &["  A2 b 1", "    A3 c 0"], 0, &["A1"]),
        ("recruit", query(Some("A3"), None, 9), &["    A3 c 0"], 0, &["A1", "A2"]),
        (
            "organ",
            query(None, Some(1), 9),
            &["86 总公司 3", "  8601 北京 1", "  8602 上海 0"],
            0,
            &[],
        ),
        (
            "organ",
            query(Some("8601"), None, 9),
            &["  8601 北京 1", "    860101 海淀 0"],
            0,
            &["86"],
        ),
    ];
    for (forest, query, lines, omitted, above) in cases {
        let view = reader.tree(forest, query).unwrap().unwrap();
        assert_eq!(printed_tree(&view), lines, "{forest} {query:?}");
        assert_eq!(view.omitted, omitted, "{forest} {query:?}");
        let ancestors: Vec<&str> = view.ancestors.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(ancestors, above, "{forest} {query:?}");
    }
    assert!(reader.tree("recruit", query(Some("Z9"), None, 9)).unwrap().is_none());
    let error = reader.tree("mentor", query(None, None, 9)).unwrap_err();
    assert!(matches!(error, StoreError::UnknownForest { .. }));
    assert_eq!(error.to_string(), "there is no forest mentor; there are organ, recruit");
}

#[test]
fn counts_are_those_of_the_forest() {
    let database = TestDatabase::new();
    import(&mut database.open(), 1, &delivery("A1|a|1\nA2|b|1||A1"));
    let reader = Reader::open_existing(&database.db()).unwrap();
    let top = |forest: &str| {
        let view = reader.tree(forest, query(None, Some(0), 1)).unwrap().unwrap();
        view.nodes.into_iter().next().unwrap()
    };
    let organ = top("organ");
    assert_eq!((organ.agent_count, organ.active_agent_count), (Some(30), Some(3)));
    assert_eq!((organ.active_descendant_count, organ.child_count), (None, 2));
    let recruit = top("recruit");
    assert_eq!((recruit.agent_count, recruit.active_descendant_count), (None, Some(1)));
}

#[test]
fn the_agent_of_an_account_is_found_in_whatever_case_unless_several_would_do() {
    let database = TestDatabase::new();
    let agents = "A1|a|1\nB2|b|2\nc3|c|1\nC3|d|1\n";
    import(&mut database.open(), 1, &delivery(agents));
    let reader = Reader::open_existing(&database.db()).unwrap();
    let accounts = AccountIndex::default();
    let found = |column, value, ignores_case| {
        let owner = AccountOwner { column, value, ignores_case };
        let (date, place) = reader.agent_place(owner, &accounts).unwrap();
        assert_eq!(date, day(1));
        place.map(|place| (place.id, place.is_active))
    };
    let owned = |id: &str, active| Some((id.to_owned(), active));
    for (column, value, ignores_case, expected) in [
        (None, "A1", false, owned("A1", true)),
        (None, "a1", false, None),
        (None, "a1", true, owned("A1", true)),
        (None, "b2", true, owned("B2", false)),
        (None, "c3", true, owned("c3", true)),
        (None, "C3", true, owned("C3", true)),
        (None, "x", true, None),
        (None, "", true, None),
        (Some("agent_name"), "B", true, owned("B2", false)),
        (Some("agent_name"), "B", false, None),
    ] {
        assert_eq!(found(column, value, ignores_case), expected, "{column:?} {value}");
    }
    // Two that differ by case alone, neither of which is exactly the account's.
    let agents = "c3x|c|1\nC3X|d|1\n";
    import(&mut database.open(), 2, &delivery(agents));
    let owner = |value| AccountOwner { column: None, value, ignores_case: true };
    assert_eq!(reader.agent_place(owner("c3X"), &accounts).unwrap().1, None);
    // The index is that of the newest snapshot: the agents of the earlier one are gone from it.
    assert_eq!(reader.agent_place(owner("a1"), &accounts).unwrap().1, None);
}

#[test]
fn an_index_of_accounts_is_made_once_a_snapshot() {
    let database = TestDatabase::new();
    import(&mut database.open(), 1, &delivery("A1|a|1\nB2|b|2\n"));
    let reader = Reader::open_existing(&database.db()).unwrap();
    let accounts = AccountIndex::default();
    let of = |value| {
        let owner = AccountOwner { column: Some("agent_name"), value, ignores_case: true };
        reader.agent_place(owner, &accounts).unwrap().1.map(|agent| agent.id)
    };
    assert_eq!(of("A"), Some("A1".to_owned()));
    // Behind its back, as no import does it: the index still leads to the row, which no longer says so.
    let conn = rusqlite::Connection::open(database.db()).unwrap();
    conn.execute("update agent set agent_name = 'new' where id = 'A1'", []).unwrap();
    assert_eq!((of("A"), of("new"), of("b")), (None, None, Some("B2".to_owned())));
    // By an import.
    import(&mut database.open(), 2, &delivery("A1|new|1\nB2|b|2\n"));
    assert_eq!((of("A"), of("NEW"), of("b")), (None, Some("A1".to_owned()), Some("B2".to_owned())));
}
