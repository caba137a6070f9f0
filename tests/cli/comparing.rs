//! `orgsnap diff`: what differs between two dates, told once for what moved together.

use std::fs;

use super::Workspace;
use crate::schemas::assert_valid;

const AGENTS: usize = 1_500;

impl Workspace {
    /// Changes the records of a file of a day, by key: each the cell of a column.
    fn edit(&self, day: u32, file: &str, edits: &[(&str, usize, &str)]) {
        let path = self.path(&format!("in/202411{day:02}/{file}"));
        let text = encoding_rs::GB18030.decode(&fs::read(&path).unwrap()).0.into_owned();
        let lines: Vec<String> = text
            .lines()
            .map(|line| {
                let mut cells: Vec<&str> = line.split('|').collect();
                for (id, column, value) in edits {
                    if cells.contains(id) && cells[key(file)] == *id {
                        cells[*column] = value;
                    }
                }
                cells.join("|")
            })
            .collect();
        fs::write(&path, encoding_rs::GB18030.encode(&(lines.join("\n") + "\n")).0).unwrap();
    }

    fn one(&self, sql: &str) -> String {
        self.rows(&[], sql).lines().nth(1).unwrap_or_default().trim_matches('"').to_owned()
    }

    fn diff(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.run(&[&["diff", "--format", "json"], arguments].concat());
        assert_eq!(output.code, Some(0), "{output:?}");
        let document = serde_json::from_str(&output.out).unwrap();
        assert_valid("diff", &document);
        document
    }
}

/// Position of the key in a file.
fn key(file: &str) -> usize {
    usize::from(file == "temp_principal.txt")
}

#[test]
fn a_team_that_moves_is_one_line_with_those_below_it_and_people_are_told_by_what_happened() {
    let workspace = Workspace::new();
    for day in [22, 23] {
        let folder = workspace.path(&format!("in/202411{day}"));
        let options = orgsnap::sample::Options {
            agents: AGENTS,
            ..orgsnap::sample::Options::new(super::date(22))
        };
        orgsnap::sample::write(&options, &folder).unwrap();
    }
    workspace.import(22);
    // A grade, a name, who left, a team of its own organisation below another team.
    let agent = |at: usize| {
        workspace.one(&format!(
            "select id from agent where agent_status = 1 and id not in (select agent_id from node where agent_id is not null) order by id limit 1 offset {at}"
        ))
    };
    let [graded, renamed, gone] = [3, 4, 5].map(agent);
    let moved = workspace.one(
        "select n.id from node n join node_tree t on t.id = n.id where t.agent_count > 3 and n.parent_node_id is not null and t.child_count = 0 order by n.id limit 1",
    );
    let parent = workspace.one(&format!("select parent_node_id from node where id = '{moved}'"));
    let other = workspace.one(&format!(
        "select n.id from node n where n.id <> '{parent}' and n.node_level = (select node_level from node where id = '{parent}') \
         and n.organ_id <> (select organ_id from node where id = '{parent}') order by n.id limit 1"
    ));
    assert!(!moved.is_empty() && !other.is_empty());
    let organ = workspace.one(&format!("select organ_id from node where id = '{other}'"));
    let names = |table: &str, id: &str| {
        workspace.one(&format!("select {table}_name from {table} where id = '{id}'"))
    };
    let (other_name, organ_name) = (names("node", &other), names("organ", &organ));
    let column = |file: &str, title: &str| -> usize {
        let feed = match file {
            "temp_agent.txt" => "agent",
            _ => "node",
        };
        let columns = workspace.rows(&[], &format!("select name from pragma_table_info('{feed}')"));
        columns.lines().skip(1).position(|name| name == title).unwrap()
    };
    let (agents, nodes) = ("temp_agent.txt", "temp_base_node.txt");
    workspace.edit(
        23,
        nodes,
        &[
            (&moved, column(nodes, "parent_node_id"), &other),
            (&moved, column(nodes, "parent_node_name"), &other_name),
            (&moved, column(nodes, "organ_id"), &organ),
            (&moved, column(nodes, "organ_name"), &organ_name),
        ],
    );
    let team =
        workspace.rows(&[], &format!("select id from agent where working_node_id = '{moved}'"));
    let team: Vec<&str> = team.lines().skip(1).collect();
    let mut edits = vec![
        (graded.as_str(), column(agents, "agent_grade_level"), "Z9"),
        (&renamed, column(agents, "agent_name"), "欧阳改名"),
    ];
    for id in &team {
        edits.push((id, column(agents, "working_organ_id"), &organ));
        edits.push((id, column(agents, "working_organ_name"), &organ_name));
    }
    workspace.edit(23, agents, &edits);
    let path = workspace.path("in/20241123/temp_agent.txt");
    let text = fs::read(&path).unwrap();
    let text = encoding_rs::GB18030.decode(&text).0.into_owned();
    let left: Vec<&str> = text.lines().filter(|line| !line.starts_with(&gone)).collect();
    fs::write(&path, encoding_rs::GB18030.encode(&(left.join("\n") + "\n")).0).unwrap();
    let output = workspace.import(23);
    assert_eq!(output.code, Some(0), "{output:?}");

    let document = workspace.diff(&["2024-11-22", "2024-11-23"]);
    let records = document["tenants"][0]["records"].as_array().unwrap();
    let told: Vec<(&str, &str, &str)> = records
        .iter()
        .map(|record| {
            let text = |name: &str| record[name].as_str().unwrap();
            (text("feed"), text("id"), text("change"))
        })
        .collect();
    let moved_line = ("node", moved.as_str(), "moved");
    assert_eq!(told[0], moved_line, "{told:?}");
    for line in [
        ("agent", graded.as_str(), "regraded"),
        ("agent", &renamed, "changed"),
        ("agent", &gone, "gone"),
    ] {
        assert!(told.contains(&line), "{line:?}: {told:?}");
    }
    assert!(
        !told.iter().any(|(_, id, _)| team.contains(id)
            && ![&graded, &renamed, &gone].contains(&&(*id).to_owned())),
        "{told:?}"
    );
    assert_eq!(told.len(), 4, "{told:?}");
    let below = team.iter().filter(|id| **id != gone).count();
    assert_eq!(records[0]["agents_below"], below, "those of the team");
    assert_eq!(document["tenants"][0]["moved_along"]["agent"], below);

    // Over no day nothing differs; names are masked when asked; dates the other way round are refused.
    assert_eq!(
        workspace.diff(&["2024-11-23", "2024-11-23"])["tenants"][0]["records"],
        serde_json::json!([])
    );
    let masked = workspace.run(&["diff", "2024-11-22", "2024-11-23", "--mask"]);
    assert!(masked.out.contains("欧*") && !masked.out.contains("欧阳改名"), "{masked:?}");
    let shown = workspace.run(&[
        "diff",
        "2024-11-22",
        "2024-11-23",
        "--tenant",
        "all",
        "--format",
        "table",
    ]);
    let unwrapped = shown.out.split_whitespace().collect::<String>();
    assert!(unwrapped.contains("欧阳改名"), "{shown:?}");
    assert!(unwrapped.contains(&format!("含下级{below}人")), "{shown:?}");
    assert_eq!(workspace.run(&["diff", "2024-11-23", "2024-11-22"]).code, Some(2));
    let early = workspace.run(&["diff", "2024-11-01", "2024-11-22"]);
    assert!(early.code == Some(2) && early.err.contains("2024-11-22"), "{early:?}");
}
