//! The `metadata.json` of Datasette (<https://docs.datasette.io/en/stable/metadata.html>): titles and meanings of tables
//! and columns, what to filter by, and the tested questions as queries.

use serde_json::{Map, Value, json};

use crate::model::Language;
use crate::store::{DocumentedColumn, DocumentedTable};

use super::questions::{QUESTIONS, Question};

/// Tables that tell how orgsnap works and answer no question of an analyst.
const HIDDEN: [&str; 6] =
    ["carry", "forest", "quarantined_key", "run_rule", "sqlite_stat1", "sqlite_stat4"];

/// Most rows of a table that Datasette counts by the values of its coded columns on every page: it does so anew for each
/// page, and gives up after a fifth of a second.
const MAX_COUNTED: u64 = 100_000;

/// The title of a document, Chinese and English.
const TITLES: [&str; 2] = ["机构与人员层级快照", "Snapshots of the sales hierarchy"];

/// Whether a text is such a document, with nothing added at its top.
pub fn is_metadata(text: &str) -> bool {
    let Ok(Value::Object(document)) = serde_json::from_str(text) else { return false };
    let title = document.get("title").and_then(Value::as_str);
    document.len() == 2
        && document.contains_key("databases")
        && title.is_some_and(|title| TITLES.contains(&title))
}

/// The document for a database of that name (that of its file without `.db`).
pub fn metadata(database: &str, tables: &[DocumentedTable], language: Language) -> Value {
    let shown = tables.iter().map(|shown| (shown.name.clone(), table(shown, language)));
    let mut shown: Map<String, Value> = shown.collect();
    for name in HIDDEN {
        shown.insert(name.to_owned(), json!({ "hidden": true }));
    }
    let queries = QUESTIONS.iter().map(|question| (question.id.clone(), query(question, language)));
    json!({
        "title": language.choose(TITLES[0], TITLES[1]),
        "databases": {
            database: {
                "description": language.choose(
                    "日期为文本（YYYY-MM-DD）；各列含义见 data_dictionary，代码含义见 code_label。",
                    "Dates are texts (YYYY-MM-DD); data_dictionary says what columns mean, code_label what codes mean.",
                ),
                "tables": shown,
                "queries": queries.collect::<Map<String, Value>>(),
            }
        }
    })
}

fn table(table: &DocumentedTable, language: Language) -> Value {
    let describe = |column: &DocumentedColumn| {
        let (title, meaning) = (language.of(&column.title), language.of(&column.meaning));
        let text = if title == meaning { title.to_owned() } else { format!("{title}: {meaning}") };
        (column.name.clone(), Value::String(text))
    };
    let mut found = Map::new();
    found.insert("title".to_owned(), json!(language.of(&table.title)));
    found.insert("description".to_owned(), json!(language.of(&table.meaning)));
    let columns: Map<String, Value> = table.columns.iter().map(describe).collect();
    found.insert("columns".to_owned(), Value::Object(columns));
    let name = format!("{}_name", table.name);
    if table.columns.iter().any(|column| column.name == name) {
        found.insert("label_column".to_owned(), json!(name));
    }
    let coded: Vec<&str> =
        table.columns.iter().filter(|c| c.is_coded).map(|c| c.name.as_str()).collect();
    if !coded.is_empty() && table.rows.is_some_and(|rows| rows <= MAX_COUNTED) {
        found.insert("facets".to_owned(), json!(coded));
    }
    // Sorting a large table by a column without an index takes seconds; a view has that of its key at most.
    if table.rows.is_none_or(|rows| rows > MAX_COUNTED) {
        found.insert("sortable_columns".to_owned(), json!(table.indexed));
    }
    Value::Object(found)
}

fn query(question: &Question, language: Language) -> Value {
    let (title, about) = language
        .choose((&question.title_zh, &question.about_zh), (&question.title_en, &question.about_en));
    let examples: Vec<String> =
        question.parameters.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let about = match examples.is_empty() {
        true => about.clone(),
        false => {
            let examples = examples.join(language.choose("，", ", "));
            language.choose(
                format!("{about}示例：{examples}"),
                format!("{about} For example: {examples}"),
            )
        }
    };
    json!({
        "title": title,
        "description": about,
        "sql": question.sql.trim().trim_end_matches(';'),
        "params": question.parameters.keys().collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Message;

    fn documented(rows: u64) -> DocumentedTable {
        let column = |name: &str, is_coded| DocumentedColumn {
            name: name.to_owned(),
            title: Message::fixed("标题", "title"),
            meaning: Message::fixed("含义", "meaning"),
            is_coded,
        };
        DocumentedTable {
            name: "agent".to_owned(),
            title: Message::fixed("代理人", "agents"),
            meaning: Message::fixed("最新快照", "the newest snapshot"),
            columns: vec![
                column("id", false),
                column("agent_name", false),
                column("channel", true),
            ],
            rows: Some(rows),
            indexed: vec!["id".to_owned()],
        }
    }

    #[test]
    fn the_table_of_a_large_company_is_not_counted_by_codes_on_every_page() {
        for (rows, counted, sortable) in
            [(5_000, json!(["channel"]), Value::Null), (1_000_000, Value::Null, json!(["id"]))]
        {
            let document = metadata("org", &[documented(rows)], Language::English);
            let agent = &document["databases"]["org"]["tables"]["agent"];
            assert_eq!(
                (&agent["facets"], &agent["sortable_columns"]),
                (&counted, &sortable),
                "{rows}"
            );
            assert_eq!(agent["label_column"], "agent_name");
            assert_eq!(agent["columns"]["channel"], "title: meaning");
        }
    }

    #[test]
    fn every_question_is_a_query_with_its_parameters() {
        let document = metadata("org", &[], Language::Chinese);
        let queries = document["databases"]["org"]["queries"].as_object().map(Map::len);
        assert_eq!(queries, Some(QUESTIONS.len()));
        for question in QUESTIONS.iter() {
            for name in question.parameters.keys() {
                assert!(question.sql.contains(&format!(":{name}")), "{}: {name}", question.id);
            }
        }
    }
}
