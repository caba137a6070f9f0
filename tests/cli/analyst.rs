//! What an analyst finds beside the snapshot: names and levels in the trees, the views, the labels of codes, the dictionary.

use std::fs;

use orgsnap::analyst::QUESTIONS;
use orgsnap::sample::{self, Charset, Options};
use rusqlite::Connection;

use super::Workspace;

/// A company of three days: clean, then a branch renamed, a team without a leader, one whose leader left, one whose leader
/// nobody knows, and an agent in an organisation that is not there.
struct Company {
    workspace: Workspace,
}

impl Company {
    fn new() -> Company {
        let workspace = Workspace::new();
        let date = "2024-11-22".parse().unwrap();
        let options = Options { agents: 600, charset: Charset::Utf8, ..Options::new(date) };
        fs::create_dir_all(workspace.path("in")).unwrap();
        sample::write(&options, &workspace.path("in")).unwrap();
        let job = "tenant = \"t\"\n[source]\nkind = \"dir\"\npath = \"in\"\n";
        workspace.write("t.toml", job);
        Company { workspace }
    }

    /// Edits the cells of a file's lines.
    fn edit(&self, file: &str, mut edit: impl FnMut(&mut Vec<String>)) {
        let path = self.workspace.path("in").join(file);
        let text = fs::read_to_string(&path).unwrap();
        let mut out = String::new();
        for (at, line) in text.lines().enumerate() {
            let mut cells: Vec<String> = line.split('|').map(str::to_owned).collect();
            if at > 0 {
                edit(&mut cells);
            }
            out += &(cells.join("|") + "\n");
        }
        fs::write(path, out).unwrap();
    }

    fn import(&self, date: &str) -> Connection {
        let output = self.workspace.run(&["import", "t.toml", "--date", date]);
        assert_eq!(output.code, Some(0), "{output:?}");
        Connection::open(self.workspace.path("data/t/org.db")).unwrap()
    }
}

fn rows(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    let columns = statement.column_count();
    let cell = |row: &rusqlite::Row<'_>, at: usize| -> rusqlite::Result<String> {
        Ok(match row.get_ref(at)? {
            rusqlite::types::ValueRef::Null => "-".to_owned(),
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            text => text.as_str()?.to_owned(),
        })
    };
    let row = |row: &rusqlite::Row<'_>| {
        (0..columns).map(|at| cell(row, at)).collect::<rusqlite::Result<Vec<_>>>()
    };
    let found = statement.query_map([], row).unwrap();
    found.map(|row| row.unwrap().join("|")).collect()
}

fn one(db: &Connection, sql: &str) -> String {
    let found = rows(db, sql);
    assert_eq!(found.len(), 1, "{sql}: {found:?}");
    found[0].clone()
}

/// Records of a tree whose path or levels differ from a walk along the parents.
fn wrong_levels(db: &Connection, tree: &str, feed: &str, name: &str) -> Vec<String> {
    let levels: String = (1..=6)
        .map(|n| {
            format!(
                " or level_{n}_id is not (select up from line where id = t.id and depth = {n} - 1) \
                  or level_{n}_name is not (select s.{name} from line join {feed} s on s.id = up \
                     where line.id = t.id and depth = {n} - 1)"
            )
        })
        .collect();
    rows(
        db,
        &format!(
            "with recursive line(id, up, depth, parent) as materialized (\
             select id, id, depth, parent_id from {tree} union all \
             select l.id, p.id, p.depth, p.parent_id from line l join {tree} p on p.id = l.parent) \
             select id from {tree} t where path_name is not (select group_concat(named, '/') from \
             (select s.{name} as named from line join {feed} s on s.id = up where line.id = t.id \
             order by depth)){levels}"
        ),
    )
}

#[test]
fn names_and_levels_of_the_trees_follow_the_parents_and_the_newest_names() {
    let company = Company::new();
    let db = company.import("2024-11-22");
    let trees = [("organ_tree", "organ", "organ_name"), ("node_tree", "node", "node_name")];
    for (tree, feed, name) in trees {
        assert_eq!(wrong_levels(&db, tree, feed, name), Vec::<String>::new(), "{tree}");
    }
    let branch = one(&db, "select id from organ_tree where depth = 1 order by id limit 1");
    company.edit("temp_organization.txt", |cells| {
        if cells[0] == branch {
            cells[1] = "新名分公司".to_owned();
        }
        if cells[2] == branch {
            cells[3] = "新名分公司".to_owned();
        }
    });
    let db = company.import("2024-11-23");
    for (tree, feed, name) in trees {
        assert_eq!(wrong_levels(&db, tree, feed, name), Vec::<String>::new(), "{tree}");
    }
    let renamed = "select count(*) > 1 from organ_tree where level_2_name = '新名分公司' and path_name like '%/新名分公司%'";
    assert_eq!(one(&db, renamed), "1");
}

#[test]
fn the_wide_view_has_one_row_an_agent_also_where_team_or_organisation_is_unknown() {
    let company = Company::new();
    let mut left = 2;
    company.edit("temp_agent.txt", |cells| match left {
        0 => {}
        2 => {
            cells[13] = "nowhere".to_owned();
            left = 1;
        }
        _ => {
            cells[11] = "no-team".to_owned();
            left = 0;
        }
    });
    let db = company.import("2024-11-22");
    assert_eq!(one(&db, "select count(*), count(distinct id) from agent_now"), "600|600");
    let lost = "select count(*) from agent_now where working_organ_id = 'nowhere' and organ_1_id is null and team_1_id is not null";
    assert_eq!(one(&db, lost), "1");
    let lost = "select count(*) from agent_now where working_node_id = 'no-team' and team_path_name is null and organ_path_name is not null";
    assert_eq!(one(&db, lost), "1");
    let wrong = "select a.id from agent_now a join agent s on s.id = a.id \
                 where a.agent_status_label is not (select label_zh from code_label where table_name = 'agent' \
                 and column_name = 'agent_status' and value = s.agent_status) \
                 or a.organ_path_name is not (select path_name from organ_tree where id = s.working_organ_id) \
                 or a.team_2_name is not (select level_2_name from node_tree where id = s.working_node_id) \
                 or a.recruiter_name is not (select agent_name from agent where id = s.recommend_by_agent_id) \
                 or a.leader_id is not (select agent_id from node where id = s.working_node_id) \
                 or a.leader_name is not (select agent_name from agent where id = a.leader_id)";
    assert_eq!(rows(&db, wrong), Vec::<String>::new());
}

/// The steps by which SQLite answers a question at a company of a million agents.
fn plan(db: &Connection, sql: &str) -> Vec<String> {
    let sizes = "delete from sqlite_stat1 where tbl in ('agent', 'node', 'organ_tree', 'node_tree'); \
                 insert into sqlite_stat1 values ('agent', 'agent_working_organ_id', '1000000 334 334 201'), \
                 ('agent', 'agent_working_node_id', '1000000 19'), ('agent', 'agent', '1000000 1'), \
                 ('node', 'node', '83330 1'), ('organ_tree', 'sqlite_autoindex_organ_tree_1', '2943 1'), \
                 ('node_tree', 'sqlite_autoindex_node_tree_1', '83330 1'); analyze sqlite_schema";
    db.execute_batch(sizes).unwrap();
    let mut statement = db.prepare(&format!("explain query plan {sql}")).unwrap();
    // Parameters have no value, as a program that asks for the plan alone gives none.
    let plan = statement.raw_query().mapped(|row| row.get(3));
    plan.map(Result::unwrap).collect()
}

#[test]
fn the_wide_view_begins_with_the_tree_whose_level_is_asked_for_or_with_the_agents_in_their_order() {
    let company = Company::new();
    let db = company.import("2024-11-22");
    for (rest, first) in [
        ("where organ_2_id = '8601'", "SCAN o"),
        ("where organ_3_name = '郑州中心支公司'", "SCAN o"),
        ("where organ_2_id = '8601' and agent_status = 1 order by +id", "SCAN o"),
        ("where team_1_id = '86010101010000'", "SCAN t"),
        ("where leader_id = '1000000001'", "SCAN n"),
        ("where id = '1000000001'", "SEARCH a USING PRIMARY KEY (id=?)"),
        ("where agent_name = '王芳'", "SCAN a"),
        ("order by id limit 20", "SCAN a"),
        ("order by id desc limit 100", "SCAN a"),
        ("", "SCAN a"),
    ] {
        let plan = plan(&db, &format!("select * from agent_now {rest}"));
        let by_index = format!("{first} USING INDEX");
        let agents = first.ends_with('a');
        assert!(plan[0] == first || !agents && plan[0].starts_with(&by_index), "{rest}: {plan:?}");
        let sorted = plan.iter().any(|step| step.contains("ORDER BY"));
        assert_eq!(sorted, rest.contains("+id"), "{rest}: {plan:?}");
    }
    let plan = plan(&db, "select * from team_check order by id limit 20");
    assert!(!plan.iter().any(|step| step.contains("ORDER BY")), "{plan:?}");
}

#[test]
fn no_question_looks_up_most_agents_one_by_one() {
    let company = Company::new();
    let db = company.import("2024-11-22");
    for question in QUESTIONS.iter() {
        let plan = plan(&db, &question.sql);
        let range = |step: &String| {
            step.starts_with("SEARCH agent USING INDEX")
                && (step.contains(">?") || step.contains("<?"))
        };
        assert!(!plan.iter().any(range), "{}: {plan:?}", question.id);
    }
}

#[test]
fn the_recruitment_line_of_an_agent_is_the_walk_along_the_recruiters() {
    let company = Company::new();
    let db = company.import("2024-11-22");
    let wrong = "with recursive line(id, up, distance) as (\
                 select id, parent_id, 1 from recruit_tree where parent_id is not null union all \
                 select l.id, t.parent_id, distance + 1 from line l join recruit_tree t on t.id = l.up \
                 where t.parent_id is not null) \
                 select * from (select * from line except select id, ancestor_id, distance from recruit_line) \
                 union all select * from (select id, ancestor_id, distance from recruit_line except select * from line)";
    assert_eq!(rows(&db, wrong), Vec::<String>::new());
    assert_eq!(one(&db, "select count(*) > 600 from recruit_line"), "1");
}

#[test]
fn problems_of_teams_are_listed_once_each() {
    let company = Company::new();
    let mut teams = Vec::new();
    company.edit("temp_base_node.txt", |cells| {
        if cells[2] == "1" && cells[13] == "1" && !cells[3].is_empty() && teams.len() < 3 {
            match teams.len() {
                0 => cells[3] = String::new(),
                1 => cells[3] = "nobody".to_owned(),
                _ => {}
            }
            teams.push((cells[0].clone(), cells[3].clone()));
        }
    });
    company.edit("temp_agent.txt", |cells| {
        if cells[0] == teams[2].1 {
            cells[2] = "2".to_owned();
            cells[8] = "2024-11-01".to_owned();
        }
    });
    let db = company.import("2024-11-22");
    for (team, problem) in teams.iter().zip(["no_leader", "leader_missing", "leader_left"]) {
        let sql = format!(
            "select problem from team_check where id = '{}' and problem <> 'empty'",
            team.0
        );
        assert_eq!(rows(&db, &sql), [problem]);
    }
    let wrong = "select id from node_tree t where (active_agent_count = 0 and \
                 (select work from node where id = t.id) = 1) <> \
                 (select count(*) from team_check c where c.id = t.id and problem = 'empty')";
    assert_eq!(rows(&db, wrong), Vec::<String>::new());
    let unlabelled = "select distinct problem from team_check where problem_label is not \
                      (select label_zh from code_label where table_name = 'team_check' and value = problem)";
    assert_eq!(rows(&db, unlabelled), Vec::<String>::new());
}

#[test]
fn every_column_of_the_dictionary_has_an_example_of_its_type() {
    let company = Company::new();
    let db = company.import("2024-11-22");
    let without = "select table_name, column_name from data_dictionary where column_name <> '' and example is null";
    assert_eq!(rows(&db, without), Vec::<String>::new());
    let odd = "select table_name, column_name, example from data_dictionary \
               where type = 'integer' and cast(cast(example as integer) as text) <> example \
               or type = 'date' and example not glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' \
               or type = 'json' and not json_valid(example)";
    assert_eq!(rows(&db, odd), Vec::<String>::new());
}

#[test]
fn metadata_of_datasette_names_tables_columns_and_questions_in_the_language_asked_for() {
    let company = Company::new();
    company.import("2024-11-22");
    for (lang, title, question) in
        [("zh", "代理人宽表", "某日在职人数"), ("en", "agents, wide", "Headcount on a day")]
    {
        let arguments = ["--lang", lang, "datasette-metadata", "t", "--out", "metadata.json"];
        let output = company.workspace.run(&arguments);
        assert_eq!(output.code, Some(0), "{output:?}");
        assert!(output.out.contains("datasette data/t/org.db -m metadata.json"), "{output:?}");
        let text = fs::read_to_string(company.workspace.path("metadata.json")).unwrap();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let org = &document["databases"]["org"];
        assert_eq!(org["tables"]["agent_now"]["title"], title);
        assert_eq!(org["queries"]["headcount-on-a-day"]["title"], question);
        assert_eq!(org["tables"]["agent"]["label_column"], "agent_name");
        assert_eq!(org["tables"]["agent"]["facets"][0], "agent_status");
        assert_eq!(org["tables"]["forest"]["hidden"], true);
        for view in ["agent_now", "recruit_line", "team_check"] {
            let sortable = &org["tables"][view]["sortable_columns"];
            assert_eq!(*sortable, serde_json::json!(["id"]), "{view}");
        }
    }
    // A file of somebody else is replaced only when told.
    company.workspace.write("metadata.json", "{\"plugins\": {}}");
    let write = |more: &[&str]| {
        let arguments = ["datasette-metadata", "t", "--out", "metadata.json"];
        company.workspace.run(&[&arguments[..], more].concat())
    };
    let refused = write(&[]);
    assert!(refused.code == Some(2) && refused.err.contains("--force"), "{refused:?}");
    assert_eq!(write(&["--force"]).code, Some(0));
    assert_eq!(write(&[]).code, Some(0));
}
