//! The views for analysts, made from the schema: one wide row an agent, the recruitment line upwards, teams to look at.
//!
//! A view must be fast in any program that brings a SQLite from 3.35 on, with nothing but the statistics that the file
//! holds. Nothing but outer joins by key follows the first table, so that SQLite can read it in the order of its key, and
//! begin with a joined table where a column of that one is compared.

use rusqlite::{Connection, OptionalExtension};

use crate::config::schema::{Field, Schema};
use crate::model::Feed;
use crate::store::identifier::quoted;
use crate::store::sqlite::layout;
use crate::store::sqlite::team_problem::TeamProblem;
use crate::store::tree_layout::{LEVELS, tree_table};

/// Most recruiters above an agent that `recruit_line` shows. A chain may be as long as the feed; its whole length is the
/// depth in the table of the forest.
pub(super) const MAX_RECRUIT_LINE: u32 = 1_000;

/// Name of the view with one wide row an agent.
pub(super) const AGENT_NOW: &str = "agent_now";
/// Name of the view of the recruiters above an agent.
pub(super) const RECRUIT_LINE: &str = "recruit_line";
/// Name of the view of teams to look at.
pub(super) const TEAM_CHECK: &str = "team_check";

/// Columns of the snapshot table that the wide row leaves out.
const LEFT_OUT: [&str; 1] = ["content_hash"];

/// Fields of the contract that the views are made of. What depends on one that a job's schema lacks is null.
mod fields {
    pub(super) const AGENT_TEAM: &str = "workingNodeId";
    pub(super) const AGENT_ORGAN: &str = "workingOrganId";
    pub(super) const AGENT_RECRUITER: &str = "recommendByAgentId";
    pub(super) const AGENT_STATUS: &str = "agentStatus";
    pub(super) const TEAM_LEADER: &str = "agentId";
    pub(super) const TEAM_ORGAN: &str = "organId";
    pub(super) const TEAM_STATUS: &str = "work";
}

/// How SQLite begins the text of a view that it keeps; what follows is verbatim.
const CREATE: &str = "CREATE VIEW ";

/// Makes the views anew that are not as the schema and this program want them.
pub(super) fn prepare(conn: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    let columns = layout::columns_of(conn, Feed::Agent.name())?;
    let wanted = [
        (AGENT_NOW, Some(agent_now(schema, &columns))),
        (RECRUIT_LINE, recruit_line(schema)),
        (TEAM_CHECK, Some(team_check(schema))),
    ];
    for (name, wanted) in wanted {
        let sql = "select sql from sqlite_master where type = 'view' and name = ?1";
        let stored: Option<String> = conn.query_row(sql, [name], |row| row.get(0)).optional()?;
        let stored = stored.as_deref().and_then(|sql| sql.strip_prefix(CREATE));
        if stored == wanted.as_deref() {
            continue;
        }
        conn.execute_batch(&format!("drop view if exists {name}"))?;
        if let Some(wanted) = wanted {
            conn.execute_batch(&format!("{CREATE}{wanted}"))?;
        }
    }
    Ok(())
}

/// A field by its name of the contract.
fn field<'s>(schema: &'s Schema, feed: Feed, name: &str) -> Option<&'s Field> {
    let feed = schema.feed(feed);
    feed.position(name).and_then(|at| feed.fields.get(at))
}

/// A quoted column of a table, by the contract's name of its field.
fn column(schema: &Schema, feed: Feed, table: &str, name: &str) -> Option<String> {
    Some(format!("{table}.{}", quoted(&field(schema, feed, name)?.column)))
}

fn key(schema: &Schema, feed: Feed) -> String {
    quoted(&schema.feed(feed).key_field().column)
}

/// The name of the record whose key an expression holds.
fn name_of(schema: &Schema, feed: Feed, id: Option<&str>) -> Option<String> {
    let name = schema.name_field(feed)?;
    let key = key(schema, feed);
    Some(format!("(select x.{} from {feed} x where x.{key} = {})", quoted(&name.column), id?))
}

/// What a coded value means, in Chinese.
fn label(field: &Field, value: &str) -> String {
    let titles: Vec<(String, &str)> =
        field.allowed.iter().map(|(code, title)| (code.to_string(), &*title.zh)).collect();
    cases(value, &titles)
}

fn cases(value: &str, titles: &[(String, &str)]) -> String {
    let cases: String = titles
        .iter()
        .map(|(code, title)| format!(" when {code} then '{}'", title.replace('\'', "''")))
        .collect();
    format!("case {value}{cases} end")
}

/// The selected columns of a view, no name twice: a job's schema may use one of ours.
#[derive(Default)]
struct Columns {
    names: Vec<String>,
    sql: Vec<String>,
}

impl Columns {
    fn add(&mut self, name: &str, value: Option<&str>) {
        if !self.names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            self.names.push(name.to_owned());
            self.sql.push(format!("{} as {}", value.unwrap_or("null"), quoted(name)));
        }
    }

    /// The levels and the path of a forest, of the joined table.
    fn add_levels(&mut self, title: &str, table: Option<&str>) {
        let of = |column: &str| table.map(|table| format!("{table}.{column}"));
        for n in 1..=LEVELS {
            for part in ["id", "name"] {
                let value = of(&format!("level_{n}_{part}"));
                self.add(&format!("{title}_{n}_{part}"), value.as_deref());
            }
        }
        self.add(&format!("{title}_path_name"), of("path_name").as_deref());
    }
}

/// The outer joins of a view. A column of each may be compared with a value.
struct Joins {
    /// A condition that stands before that of the first join.
    unindexed: &'static str,
    sql: Vec<String>,
}

/// Always true. SQLite takes the condition of an outer join for one that sorts out rows, and finds it cheap to go through
/// all agents by an index that holds its column, which takes ten times as long as going through the table. It no longer
/// does so after a condition with a column that no index holds.
const UNINDEXED_OF_AGENT: &str = "length(a.valid_from) and ";

impl Joins {
    /// Joins a table by its key; none if there is nothing to join it by. Returns the name of the joined table.
    fn add(
        &mut self,
        table: &str,
        name: &'static str,
        key: &str,
        id: Option<&str>,
    ) -> Option<&'static str> {
        let id = id?;
        let unindexed = if self.sql.is_empty() { self.unindexed } else { "" };
        let sql = format!("left join {} {name} on {unindexed}{name}.{key} = {id}", quoted(table));
        self.sql.push(sql);
        Some(name)
    }

    /// The table of a forest with levels.
    fn add_levels(
        &mut self,
        schema: &Schema,
        feed: Feed,
        name: &'static str,
        id: Option<&str>,
    ) -> Option<&'static str> {
        self.add(&tree_table(&schema.levels(feed)?.name), name, "id", id)
    }

    fn sql(&self) -> String {
        self.sql.join("\n")
    }
}

fn agent_now(schema: &Schema, stored: &[String]) -> String {
    let agent = schema.feed(Feed::Agent);
    let of = |name: &str| column(schema, Feed::Agent, "a", name);
    let (team, organ, recruiter) =
        (of(fields::AGENT_TEAM), of(fields::AGENT_ORGAN), of(fields::AGENT_RECRUITER));
    let mut joins = Joins { unindexed: UNINDEXED_OF_AGENT, sql: Vec::new() };
    let organs = joins.add_levels(schema, Feed::Organ, "o", organ.as_deref());
    let teams = joins.add_levels(schema, Feed::Node, "t", team.as_deref());
    let leader = field(schema, Feed::Node, fields::TEAM_LEADER);
    let joined =
        leader.and_then(|_| joins.add("node", "n", &key(schema, Feed::Node), team.as_deref()));
    let leader = joined.and_then(|table| column(schema, Feed::Node, table, fields::TEAM_LEADER));

    let mut columns = Columns::default();
    for name in stored.iter().filter(|name| !LEFT_OUT.contains(&name.as_str())) {
        let value = format!("a.{}", quoted(name));
        columns.add(name, Some(&value));
        let coded = agent.fields.iter().find(|f| f.column.eq_ignore_ascii_case(name));
        if let Some(coded) = coded.filter(|field| !field.allowed.is_empty()) {
            columns.add(&label_column(name), Some(&label(coded, &value)));
        }
    }
    columns.add_levels("organ", organs);
    columns.add_levels("team", teams);
    columns.add("recruiter_name", name_of(schema, Feed::Agent, recruiter.as_deref()).as_deref());
    columns.add("leader_id", leader.as_deref());
    columns.add("leader_name", name_of(schema, Feed::Agent, leader.as_deref()).as_deref());
    format!("{AGENT_NOW} as select\n{}\nfrom agent a\n{}", columns.sql.join(",\n"), joins.sql())
}

/// Name of the column with what the codes of a column mean.
pub(super) fn label_column(column: &str) -> String {
    format!("{column}_label")
}

/// Walks up from one agent at a time, so that a question about one agent walks one line only; a recursive view would
/// make all lines first. None without a forest of recruiters.
fn recruit_line(schema: &Schema) -> Option<String> {
    let is_recruiters = |forest: &&crate::config::schema::ForestSchema| {
        forest.feed == Feed::Agent
            && forest.parent == fields::AGENT_RECRUITER
            && !forest.has_levels()
    };
    let table = quoted(&tree_table(&schema.forests.iter().find(is_recruiters)?.name));
    Some(format!(
        "{RECRUIT_LINE} as\n\
         select t.id as id, u.value as ancestor_id, u.key + 1 as distance\n\
         from {table} t, json_each((\n\
         with recursive up(id, distance) as (\n\
         select t.parent_id, 1 where t.parent_id is not null\n\
         union all\n\
         select p.parent_id, distance + 1 from up join {table} p on p.id = up.id\n\
         where p.parent_id is not null and distance < {MAX_RECRUIT_LINE})\n\
         select json_group_array(id) from up)) u"
    ))
}

/// Teams in operation with something to look at: one row for each problem of a team.
fn team_check(schema: &Schema) -> String {
    let of = |name: &str| column(schema, Feed::Node, "n", name);
    let (leader, organ, status) =
        (of(fields::TEAM_LEADER), of(fields::TEAM_ORGAN), of(fields::TEAM_STATUS));
    let id = format!("n.{}", key(schema, Feed::Node));
    let mut joins = Joins { unindexed: "", sql: Vec::new() };
    let teams = joins.add_levels(schema, Feed::Node, "t", Some(&id));
    let organs = joins.add_levels(schema, Feed::Organ, "o", organ.as_deref());
    let agents = joins.add("agent", "l", &key(schema, Feed::Agent), leader.as_deref());
    let of_team = |column: &str| teams.map(|table| format!("{table}.{column}"));
    let of_organ = |column: &str| organs.map(|table| format!("{table}.{column}"));

    let holds = |problem: TeamProblem| {
        let agent = agents.map(|table| format!("{table}.{}", key(schema, Feed::Agent)));
        Some(match problem {
            TeamProblem::NoLeader => format!("{} is null", leader.as_ref()?),
            TeamProblem::LeaderMissing => {
                format!("{} is not null and {} is null", leader.as_ref()?, agent?)
            }
            TeamProblem::LeaderLeft => {
                format!("{} = 2", column(schema, Feed::Agent, agents?, fields::AGENT_STATUS)?)
            }
            TeamProblem::Empty => format!("{} = 0", of_team("active_agent_count")?),
        })
    };
    let problems = TeamProblem::ALL;
    let conditions: String = problems
        .into_iter()
        .map(|problem| {
            let holds = holds(problem).unwrap_or_else(|| "0".to_owned());
            format!(" when '{}' then {holds}", problem.name())
        })
        .collect();
    let names: Vec<String> =
        problems.iter().map(|problem| format!("select '{}' as problem", problem.name())).collect();
    let titles: Vec<(String, &str)> =
        problems.iter().map(|p| (format!("'{}'", p.name()), p.title().0)).collect();

    let mut columns = Columns::default();
    columns.add("id", Some(&id));
    columns.add("problem", Some("p.problem"));
    columns.add("problem_label", Some(&cases("p.problem", &titles)));
    columns.add(
        "node_name",
        schema.name_field(Feed::Node).map(|f| format!("n.{}", quoted(&f.column))).as_deref(),
    );
    columns.add("team_path_name", of_team("path_name").as_deref());
    columns.add("organ_id", organ.as_deref());
    columns.add("organ_path_name", of_organ("path_name").as_deref());
    columns.add("leader_id", leader.as_deref());
    columns.add("leader_name", name_of(schema, Feed::Agent, leader.as_deref()).as_deref());
    columns.add("agent_count", of_team("agent_count").as_deref());
    columns.add("active_agent_count", of_team("active_agent_count").as_deref());
    let open = status.map_or("1".to_owned(), |status| format!("{status} = 1"));
    format!(
        "{TEAM_CHECK} as select\n{}\nfrom node n\n{}\ncross join ({}) p\n\
         where {open} and case p.problem{conditions} end",
        columns.sql.join(",\n"),
        joins.sql(),
        names.join(" union all "),
    )
}
