//! A schema folder of a job's own: an extra column, an extra reference and an extra forest, by JSON alone.

use std::fs;

use orgsnap::sample::Defects;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::Workspace;

/// The built-in schema with a helper for each agent, who works in a team: a column, a reference and a forest.
fn write_schema(workspace: &Workspace) {
    let built_in = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let folder = workspace.path("schema");
    fs::create_dir(&folder).unwrap();
    for name in ["datapackage.json", "organ.json", "principal.json", "node.json", "agent.json"] {
        fs::copy(built_in.join(name), folder.join(name)).unwrap();
    }
    let path = folder.join("agent.json");
    let mut agent: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let add = |list: &mut Value, item: Value| list.as_array_mut().unwrap().push(item);
    let field = |name: &str, title: &str, title_en: &str, kind: &str| {
        json!({
            "name": name,
            "type": kind,
            "title": title,
            "description": title,
            "orgsnap:titleEn": title_en,
            "orgsnap:descriptionEn": title_en,
        })
    };
    add(&mut agent["fields"], field("salesScore", "业绩分", "sales score", "integer"));
    add(&mut agent["fields"], field("helperId", "辅导人id", "helper id", "string"));
    add(&mut agent["fields"], field("helperNodeId", "辅导人团队id", "helper's team", "string"));
    add(
        &mut agent["foreignKeys"],
        json!({"fields": ["helperId"], "reference": {"fields": ["id"]}}),
    );
    add(
        &mut agent["foreignKeys"],
        json!({"fields": ["helperNodeId"], "reference": {"resource": "node", "fields": ["id"]}}),
    );
    add(
        &mut agent["orgsnap:forests"],
        json!({"name": "helper", "title": "辅导关系", "titleEn": "helping", "parent": "helperId", "tops": "many"}),
    );
    fs::write(&path, serde_json::to_vec_pretty(&agent).unwrap()).unwrap();
}

#[test]
fn a_job_schema_adds_a_column_a_reference_and_a_forest() {
    let workspace = Workspace::new();
    write_schema(&workspace);
    let job = fs::read_to_string(workspace.path("job.toml")).unwrap();
    workspace.write("job.toml", job.replacen('\n', "\nschema = \"schema\"\n", 1));
    let folder = workspace.deliver(22, 200, Defects::None);
    let path = folder.join("temp_agent.txt");
    let text = encoding_rs::GB18030.decode(&fs::read(&path).unwrap()).0.into_owned();
    let mut lines = text.lines();
    let mut out = format!("{}|salesScore|helperId|helperNodeId\n", lines.next().unwrap());
    let rows: Vec<&str> = lines.collect();
    let id = |row: usize| rows[row].split('|').next().unwrap();
    for (at, row) in rows.iter().enumerate() {
        // Each is helped by the one before; two are helped by nobody known, one by itself, one scores no number.
        let (helper, team) = match at {
            0 => (String::new(), ""),
            40 => ("nobody".to_owned(), "no-team"),
            80 => (id(80).to_owned(), ""),
            _ => (id(at - 1).to_owned(), ""),
        };
        let score = if at == 120 { "many".to_owned() } else { at.to_string() };
        out += &format!("{row}|{score}|{helper}|{team}\n");
    }
    fs::write(&path, out).unwrap();
    let check = workspace.run(&["check", "in/20241122", "--job", "job.toml", "--json"]);
    let report: Value = serde_json::from_str(&check.out).unwrap();
    let found: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            format!(
                "{} {} {}",
                f["code"].as_str().unwrap(),
                f["line"],
                f["field"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        found,
        ["T601 82 helperId", "V202 122 salesScore", "X413 42 helperId", "X413 42 helperNodeId"]
    );

    // One of 199 edges dangles and one is a cycle: just over the limit of one per cent.
    let output = workspace.run(&["import", "job.toml", "--date", "2024-11-22"]);
    assert_eq!(output.code, Some(3), "{output:?}");
    assert!(output.out.contains("辅导关系"), "{output:?}");
    let job = fs::read_to_string(workspace.path("job.toml")).unwrap();
    workspace.write("job.toml", format!("{job}[gate]\nmax_detached = \"2%\"\n"));
    let output = workspace.run(&["import", "job.toml", "--date", "2024-11-22"]);
    assert_eq!(output.code, Some(0), "{output:?}");

    let db = Connection::open(workspace.database()).unwrap();
    let one = |sql: &str| -> i64 { db.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(one("select sales_score from agent where helper_id = 'nobody'"), 40);
    assert_eq!(
        one("select count(*) from helper_tree where parent_id is null"),
        4,
        "two gaps, two lines lost"
    );
    assert_eq!(one("select max(descendant_count) from helper_tree"), 79);
    assert_eq!(
        one(
            "select count(*) from data_dictionary where table_name = 'helper_tree' or column_name = 'sales_score'"
        ),
        8 + 4,
    );
    let tree = workspace.run(&["tree", "helper", "--limit", "5", "--json"]);
    assert_eq!(tree.code, Some(0), "{tree:?}");
}
