//! Events and headcount: an agent's life, and their definitions in SQL over versions and dates.

use rusqlite::Connection;

use super::fixture::*;
use super::importing::*;
use crate::model::RowCounter;
use crate::store::Store;
use crate::store::sqlite::{derived_filling, layout};

/// The definition of the events of a table: each version beside the one before it.
///
/// `own` are columns with a kind of their own, `content` those that are told together.
fn event_definition(
    (feed, status, organ, place): (&str, &str, &str, &str),
    [first, off, on]: [&str; 3],
    own: &[(&str, &str)],
    content: &[&str],
) -> String {
    let columns: Vec<&str> = own
        .iter()
        .map(|(column, _)| *column)
        .chain(content.iter().copied())
        .chain([status])
        .collect();
    let before: String =
        columns.iter().map(|column| format!(", lag({column}) over key as old_{column}")).collect();
    let row = |date: &str, kind: &str, from: &str, to: &str, of: &str| {
        format!(
            "select {date}, id, '{kind}', {from}, {to}, {organ}, {place} from line, oldest where {of}"
        )
    };
    let next = |kind: &str, column: &str, of: &str| {
        let of = format!("ended = valid_from and {of}");
        row("valid_from", kind, &format!("old_{column}"), column, &of)
    };
    let mut parts = vec![
        row("valid_from", first, "null", status, "ended is null and oldest < valid_from"),
        row("valid_from", "back", "null", status, "ended < valid_from"),
        row("valid_to", "gone", status, "null", "next is not valid_to and valid_to is not null"),
        next(off, status, &format!("old_{status} = 1 and {status} = 2")),
        next(on, status, &format!("old_{status} = 2 and {status} = 1")),
    ];
    for (column, kind) in own {
        parts.push(next(kind, column, &format!("old_{column} is not {column}")));
    }
    let list = |old: &str| {
        let cell = |column: &&str| {
            let differs = format!("old_{column} is not {column}");
            let shown = match *column == status {
                // A status changes into another one by an event of its own.
                true => format!(
                    "{differs} and coalesce(old_{status}, 0) || coalesce({status}, 0) not in ('12', '21')"
                ),
                false => differs,
            };
            format!(
                "case when {shown} then '; {column}=' || coalesce({old}{column}, '') else '' end"
            )
        };
        let cells: Vec<String> = content.iter().map(cell).collect();
        format!("substr({}, 3)", cells.join(" || "))
    };
    let (from, to) = (list("old_"), list(""));
    parts.push(row(
        "valid_from",
        "changed",
        &from,
        &to,
        &format!("ended = valid_from and {to} <> ''"),
    ));
    format!(
        "with oldest as (select min(business_date) as oldest from snapshot), \
         line as (select *, lag(valid_to) over key as ended, lead(valid_from) over key as next{before} \
         from {feed}_version window key as (partition by id order by valid_from)) {} order by 1, 3, 2",
        parts.join(" union all ")
    )
}

/// The agents of every date by organisation, and those of the organisations below it on that date.
const HEADCOUNT_DEFINITION: &str = "with recursive \
    organs (day, id, parent_id) as (select business_date, id, parent_id \
      from snapshot join organ_version \
      on valid_from <= business_date and (valid_to is null or business_date < valid_to)), \
    above (day, id, above) as (select day, id, id from organs union all \
      select above.day, above.id, parent.id from above \
      join organs as own on own.day = above.day and own.id = above.above \
      join organs as parent on parent.day = above.day and parent.id = own.parent_id), \
    counted (day, organ_id, channel, status, agents) as ( \
      select business_date, coalesce(working_organ_id, ''), coalesce(channel, ''), \
      coalesce(agent_status, ''), count(*) from snapshot join agent_version \
      on valid_from <= business_date and (valid_to is null or business_date < valid_to) \
      group by 1, 2, 3, 4), \
    summed (day, organ_id, channel, status, agents, below) as ( \
      select day, organ_id, channel, status, agents, agents from counted union all \
      select day, above.above, channel, status, 0, agents \
      from counted join above using (day) where above.id = organ_id and above.above <> organ_id) \
    select organ_id, day, channel, status, sum(agents), sum(below) from summed \
    group by 1, 2, 3, 4 order by 1, 2, 3, 4";

/// Every derived table with its definition.
pub(super) fn definitions() -> [(&'static str, String); 3] {
    let agent = event_definition(
        ("agent", "agent_status", "working_organ_id", "working_node_id"),
        ["entered", "left", "back"],
        &[
            ("agent_name", "renamed"),
            ("recommend_by_agent_id", "recruiter_changed"),
            ("working_organ_id", "moved_organ"),
            ("agent_grade_level", "regraded"),
            ("working_node_id", "moved_team"),
        ],
        // The name of the team is a copy.
        &["agent_status", "enter_date", "channel"],
    );
    let node = event_definition(
        ("node", "work", "organ_id", "parent_node_id"),
        ["opened", "closed", "reopened"],
        &[
            ("node_name", "renamed"),
            ("parent_node_id", "moved_parent"),
            ("agent_id", "leader_changed"),
            ("organ_id", "moved_organ"),
        ],
        &["work"],
    );
    [("agent_event", agent), ("node_event", node), ("headcount", HEADCOUNT_DEFINITION.to_owned())]
}

/// The rows of a derived table in the order of its definition.
pub(super) fn stored(conn: &Connection, table: &str) -> Vec<String> {
    let order = if table == "headcount" { "1, 2, 3, 4" } else { "1, 3, 2" };
    rows(conn, &format!("select * from {table} order by {order}"))
}

/// That every derived table is what its definition makes of the versions.
pub(super) fn assert_definitions(conn: &Connection) {
    for (table, definition) in definitions() {
        assert_eq!(stored(conn, table), rows(conn, &definition), "{table}");
    }
}

/// That filling the tables from nothing makes what many imports have made of them.
pub(super) fn assert_filled_alike(store: &Store) {
    let tables = definitions().map(|(table, _)| table);
    let before = tables.map(|table| stored(store.conn(), table));
    let feeds = layout::prepare(store.conn(), &schema()).unwrap();
    derived_filling::fill(store.conn(), &schema(), &feeds, RowCounter::default()).unwrap();
    assert_eq!(tables.map(|table| stored(store.conn(), table)), before);
}

#[test]
fn a_database_of_an_earlier_format_gets_the_derived_tables_that_follow_from_its_versions() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 1, &delivery("A1|a|1|||8601\nA2|b|1|||8601"));
    import(&mut store, 2, &delivery("A1|a|2|||8602\nA3|c|1|||8601"));
    let before = ["agent_event", "headcount"].map(|table| stored(store.conn(), table));
    assert!(before.iter().all(|rows| rows.len() > 2));
    store
        .conn()
        .execute_batch(
            "drop view headcount_below; drop table headcount; drop table agent_event; drop table node_event",
        )
        .unwrap();
    drop(store);
    let store = database.open();
    assert_eq!(["agent_event", "headcount"].map(|table| stored(store.conn(), table)), before);
}

fn events(store: &Store) -> Vec<String> {
    let sql = "select substr(business_date, 9), id, kind, from_value, to_value, organ_id, node_id \
               from agent_event order by 1, 2, 3";
    rows(store.conn(), sql)
}

#[test]
fn an_agents_life_is_one_row_a_change() {
    let database = TestDatabase::new();
    let mut store = database.open();
    let days = [
        "A1|张三|1|2020-01-01||8601|1|G1|N1|甲组",
        "A1|张三|1|2020-01-01||8601|1|G1|N1|甲组\nA2|李四|1|2026-11-02|A1|8601|1|G1|N1|甲组",
        "A1|张三|1|2020-01-01||8602|1|G2|N2|乙组\nA2|李四|2|2026-11-02|A1|8601|1|G1|N1|甲组",
        "A1|张三|1|2020-01-01||8602|1|G2|N2|改名的组",
        "A2|李四|1|2026-11-05||8601|2|G1|N1|甲组",
    ];
    for (n, agents) in (1..).zip(days) {
        import(&mut store, n, &delivery(agents));
    }
    assert_eq!(
        events(&store),
        [
            "02|A2|entered|-|1|8601|N1",
            "03|A1|moved_organ|8601|8602|8602|N2",
            "03|A1|moved_team|N1|N2|8602|N2",
            "03|A1|regraded|G1|G2|8602|N2",
            "03|A2|left|1|2|8601|N1",
            "04|A2|gone|2|-|8601|N1",
            "05|A1|gone|1|-|8602|N2",
            "05|A2|back|-|1|8601|N1",
        ]
    );
    assert_definitions(store.conn());
}

#[test]
fn an_older_first_date_makes_those_enter_who_were_not_on_it() {
    let database = TestDatabase::new();
    let mut store = database.open();
    import(&mut store, 3, &delivery("A1|a|1|||8601\nA2|b|1|||8601"));
    assert_eq!(events(&store), Vec::<String>::new());
    import(&mut store, 1, &delivery("A1|a|1|||8602"));
    assert_eq!(events(&store), ["03|A1|moved_organ|8602|8601|8601|-", "03|A2|entered|-|1|8601|-"]);
    retract(&mut store, 1).unwrap();
    assert_eq!(events(&store), Vec::<String>::new());
}

#[test]
fn the_headcount_of_a_date_is_summed_along_the_hierarchy_of_that_date() {
    let database = TestDatabase::new();
    let mut store = database.open();
    let agents = "A1|a|1|||860101|1\nA2|b|1|||860101|1\nA3|c|2|||8601|1\nA4|d|1|||8699|2\nA5|e|1";
    import(&mut store, 1, &delivery(agents));
    let moved =
        Delivery { organ: ORGANS.replace("海淀|8601", "海淀|8602"), ..delivery(agents) };
    import(&mut store, 2, &moved);
    let sql = "select organ_id, channel, agent_status, agents, agents_below from headcount \
               where business_date = '2026-11-0?' order by 1, 2, 3";
    let common = ["|-|1|1|1".replace('-', ""), "86|1|1|0|2".into(), "86|1|2|0|1".into()];
    let of = |own: [&str; 2]| {
        let rest = own
            .map(str::to_owned)
            .into_iter()
            .chain(["860101|1|1|2|2".to_owned(), "8699|2|1|1|1".to_owned()]);
        let mut lines: Vec<String> = common.iter().cloned().chain(rest).collect();
        lines.sort();
        lines
    };
    let sorted = |n: &str| {
        let mut lines = rows(store.conn(), &sql.replace('?', n));
        lines.sort();
        lines
    };
    assert_eq!(sorted("1"), of(["8601|1|1|0|2", "8601|1|2|1|1"]));
    assert_eq!(sorted("2"), of(["8602|1|1|0|2", "8601|1|2|1|1"]));
    let below = "select agents from headcount_below \
                 where organ_id = '86' and business_date = '2026-11-02' and agent_status = 1";
    assert_eq!(rows(store.conn(), below), ["2"]);
    let typed =
        "select distinct typeof(channel), typeof(agent_status) from headcount where channel <> ''";
    assert_eq!(rows(store.conn(), typed), ["integer|integer"]);
}
