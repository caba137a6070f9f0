//! Tests of the schema files: what the built-in ones say, and how a fault is named.

use super::load::{PACKAGE, load};
use super::*;
use crate::model::Feed;
use std::path::Path;

use crate::config::schema::{Kind, Required, Tops};

fn load_builtin() -> Schema {
    Schema::builtin().expect("the built-in schema is valid")
}

#[test]
fn the_builtin_schema_has_every_field_of_the_contract() {
    let schema = load_builtin();
    let widths: Vec<_> = schema.feeds.iter().map(|f| (f.feed, f.fields.len(), f.key)).collect();
    assert_eq!(
        widths,
        [(Feed::Agent, 15, 0), (Feed::Node, 14, 0), (Feed::Organ, 8, 0), (Feed::Principal, 7, 1)]
    );
    let rules: Vec<_> = schema
        .references
        .iter()
        .map(|r| format!("{} {}.{} -> {}", r.rule, r.feed, r.field, r.target))
        .collect();
    assert_eq!(
        rules,
        [
            "X409 agent.recommendByAgentId -> agent",
            "X410 agent.recommendByNodeId -> node",
            "X411 agent.workingNodeId -> node",
            "X412 agent.workingOrganId -> organ",
            "X406 node.agentId -> agent",
            "X407 node.mentoredByNodeId -> node",
            "X408 node.mentoredByAgentId -> agent",
            "X404 node.parentNodeId -> node",
            "X405 node.organId -> organ",
            "X401 organ.parentId -> organ",
            "X402 organ.leaderId -> principal",
            "X403 principal.organId -> organ",
        ]
    );
    let forests: Vec<_> = schema
        .forests
        .iter()
        .map(|f| (f.name.as_str(), f.parent.as_str(), f.level.as_ref().map(|l| l.step), f.tops))
        .collect();
    assert_eq!(
        forests,
        [
            ("organ", "parentId", Some(1), Tops::One),
            ("node", "parentNodeId", Some(-1), Tops::Many),
            ("mentor", "mentoredByNodeId", None, Tops::Many),
            ("recruit", "recommendByAgentId", None, Tops::Many),
        ]
    );
    let copies: Vec<_> = schema
        .copies
        .iter()
        .map(|c| format!("{}.{} = {}.{}", c.feed, c.field, c.target, c.target_field))
        .collect();
    assert_eq!(
        copies,
        [
            "agent.workingNodeName = node.nodeName",
            "agent.workingOrganName = organ.organName",
            "node.parentNodeName = node.nodeName",
            "node.organName = organ.organName",
            "organ.parentOrganName = organ.organName",
            "organ.leaderName = principal.principalName",
            "principal.organName = organ.organName",
        ]
    );
}

#[test]
fn schema_fields_have_the_types_and_requirements_of_the_contract() {
    let schema = load_builtin();
    let organ = schema.feed(Feed::Organ);
    let name = &organ.fields[3];
    assert_eq!(name.column, "parent_organ_name");
    assert_eq!(name.required, Required::Unless("parentId".to_owned()));
    assert!(matches!(&organ.fields[5].kind, Kind::Date(dates) if dates.forms.len() == 4));
    let channel = &schema.feed(Feed::Principal).fields[0];
    let words: Vec<_> = channel.allowed.iter().map(|(v, m)| (*v, &*m.zh)).collect();
    assert_eq!(words, [(1, "个险"), (2, "收展"), (3, "寿险顾问")]);
    assert_eq!(schema.feed(Feed::Node).file_name, "temp_base_node.txt");
}

/// Loads the built-in files with one replacement in one file and returns the error.
fn error_with(file: &str, from: &str, to: &str) -> Option<SchemaError> {
    let read = |name: &str| {
        let (_, text) = BUILTIN_FILES.iter().find(|(f, _)| *f == name).expect("a built-in file");
        assert!(name != file || text.contains(from), "{file} holds no {from}");
        let text = if name == file { text.replacen(from, to, 1) } else { (*text).to_owned() };
        Ok((name.to_owned(), text))
    };
    load(PACKAGE, &read).err()
}

#[test]
fn a_schema_error_names_file_and_json_pointer() {
    let cases = [
        ("agent.json", "{", "[", "agent.json:2:12: not valid JSON"),
        (PACKAGE, "\"organ\"", "\"orgn\"", "datapackage.json: at /resources/0/name: expected one"),
        (PACKAGE, "\"organ\"", "\"node\"", "datapackage.json: at /resources/2/name: the feed"),
        (PACKAGE, "temp_agent.txt", "../a.txt", "at /resources/3/path: expected a file name"),
        (PACKAGE, "\"agent.json\"", "\"../a.json\"", "at /resources/3/schema: expected a path"),
        (PACKAGE, "\"agent.json\"", "7", "at /resources/3/schema: expected a text, found 7"),
        (
            "agent.json",
            "\"type\": \"string\"",
            "\"type\": \"number\"",
            "at /fields/0/type: expected",
        ),
        (
            "agent.json",
            "\"maxLength\": 64",
            "\"pattern\": \"x\"",
            "/fields/0/constraints/pattern: not",
        ),
        (
            "agent.json",
            "\"maxLength\": 64",
            "\"maxLength\": 0",
            "/constraints/maxLength: expected a n",
        ),
        (
            "agent.json",
            "orgsnap:titleEn",
            "orgsnap:titelEn",
            "/fields/0/orgsnap:titelEn: not a member",
        ),
        ("agent.json", "\"agentName\"", "\"agent_name\"", "/fields/1/name: expected ASCII letters"),
        ("agent.json", "\"agentName\"", "\"validFrom\"", "the column \"valid_from\" is kept"),
        ("agent.json", "\"agentName\"", "\"gender\"", "/fields/3/name: a second field"),
        ("agent.json", "\"姓名\"", "\"性别\"", "/fields/3: the title \"性别\" already stands for"),
        ("agent.json", "YYYYMMDD", "DDMMYY", "/orgsnap:dateFormats/1: expected one of"),
        ("agent.json", "\"value\": 2", "\"value\": 9", "/orgsnap:enumTitles/1/value: 9 is not in"),
        ("agent.json", "\"enum\": [1, 2]", "\"enum\": [1, 1]", "/constraints/enum/1: the value 1"),
        (
            "agent.json",
            "\"title\": \"性别\",",
            "\"title\": \"性别\", \"categories\": [1, {\"value\": 2, \"label\": \"女\"}],",
            "/fields/3/categories: other values than in the constraint",
        ),
        (
            "agent.json",
            "\"title\": \"性别\",",
            "\"title\": \"性别\", \"categories\": [1, {\"value\": 1}],",
            "/fields/3/categories/1/value: the value 1 stands",
        ),
        (
            "agent.json",
            "\"title\": \"性别\",",
            "\"title\": \"性别\", \"categories\": [{\"value\": 1, \"lable\": \"男\"}],",
            "/fields/3/categories/0/lable: not a member",
        ),
        (
            "agent.json",
            "\"title\": \"姓名\",",
            "\"title\": \"姓名\", \"categories\": [\"a\"],",
            "/fields/1/categories: expected a field of type",
        ),
        (
            "agent.json",
            "\"primaryKey\": [\"id\"]",
            "\"primaryKey\": [\"gender\"]",
            "/primaryKey: expe",
        ),
        (
            "agent.json",
            "\"primaryKey\": [\"id\"]",
            "\"primaryKey\": []",
            "expected one field, found 0",
        ),
        (
            "agent.json",
            "\"primaryKey\"",
            "\"primary\"",
            "agent.json: at /: expected a member \"prima",
        ),
        (
            "node.json",
            "\"resource\": \"organ\"",
            "\"resource\": \"x\"",
            "/reference/resource: expected",
        ),
        (
            "node.json",
            "{\"fields\": [\"id\"]}",
            "{\"fields\": [\"work\"]}",
            "expected \"id\", the primary",
        ),
        ("node.json", "\"X404\"", "\"T404\"", "/foreignKeys/0/orgsnap:rule: expected the code"),
        (
            "node.json",
            "\"fields\": [\"agentId\"]",
            "\"fields\": [\"organId\"]",
            "has a foreign key already",
        ),
        (
            "node.json",
            "\"via\": \"organId\"",
            "\"via\": \"work\"",
            "expected a field with a foreign key",
        ),
        (
            "node.json",
            "\"parent\": \"parentNodeId\"",
            "\"parent\": \"organId\"",
            "refers to \"node\" itself",
        ),
        ("node.json", "\"step\": -1", "\"step\": 2", "/orgsnap:forests/0/level/step: expected 1"),
        (
            "node.json",
            "\"name\": \"mentor\"",
            "\"name\": \"organ\"",
            "/orgsnap:forests/1/name: a forest",
        ),
        (
            "node.json",
            "\"tops\": \"many\"",
            "\"tops\": \"two\"",
            "/tops: expected \"one\" or \"many\"",
        ),
        (
            "organ.json",
            "\"orgsnap:requiredUnlessEmpty\": \"parentId\"",
            "\"orgsnap:requiredUnlessEmpty\": \"parent\"",
            "/fields/3/orgsnap:requiredUnlessEmpty: no field",
        ),
    ];
    for (file, from, to, expected) in cases {
        let error = error_with(file, from, to).expect(expected);
        let message = error.to_string();
        assert!(message.contains(expected), "{file}: {from} -> {to} gave: {message}");
        let chinese = error.message().zh;
        let english = ["expected", "found", "there", "named"];
        assert!(!english.iter().any(|word| chinese.contains(word)), "{chinese}");
    }
}

#[test]
fn categories_are_the_allowed_values_with_their_labels() {
    let gender = |from: &[(&str, &str)]| {
        let read = |name: &str| {
            let (_, text) = BUILTIN_FILES.iter().find(|(f, _)| *f == name).expect("a file");
            let mut text = (*text).to_owned();
            for (from, to) in from.iter().filter(|_| name == "agent.json") {
                assert!(text.contains(from), "{from}");
                text = text.replacen(from, to, 1);
            }
            Ok((name.to_owned(), text))
        };
        let schema = load(PACKAGE, &read).unwrap_or_else(|error| panic!("{error}"));
        let allowed = schema.feed(Feed::Agent).fields[3].allowed.clone();
        allowed
            .into_iter()
            .map(|(value, m)| format!("{value} {} {}", m.zh, m.en))
            .collect::<Vec<_>>()
    };
    let categories = (
        "\"title\": \"性别\",",
        "\"title\": \"性别\", \"categories\": [{\"value\": 3, \"label\": \"未说明\"}, {\"value\": 1}, 2],",
    );
    let builtin = ["1 男 male", "2 女 female", "3 未知 unknown"];
    assert_eq!(gender(&[]), builtin);
    // Titles in two languages say more than a label.
    let mut sorted = gender(&[categories]);
    sorted.sort();
    assert_eq!(sorted, builtin);
    let alone = gender(&[
        categories,
        (", \"enum\": [1, 2, 3]", ""),
        ("{\"value\": 1, \"title\": \"男\", \"titleEn\": \"male\"},", ""),
        ("{\"value\": 2, \"title\": \"女\", \"titleEn\": \"female\"},", ""),
        ("{\"value\": 3, \"title\": \"未知\", \"titleEn\": \"unknown\"}", ""),
    ]);
    assert_eq!(alone, ["3 未说明 未说明", "1 1 1", "2 2 2"]);
}

#[test]
fn a_reference_without_a_rule_gets_rule_x413() {
    let read = |name: &str| {
        let (_, text) = BUILTIN_FILES.iter().find(|(f, _)| *f == name).expect("a built-in file");
        Ok((name.to_owned(), text.replace(", \"orgsnap:rule\": \"X404\"", "")))
    };
    let schema = load(PACKAGE, &read).expect("a rule is optional");
    let parent = schema.references.iter().find(|r| r.field == "parentNodeId");
    assert_eq!(parent.map(|r| r.rule.as_str()), Some("X413"));
}

#[test]
fn a_schema_folder_is_read_like_the_builtin_schema() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    assert_eq!(Schema::from_dir(&dir).expect("the files of the repository"), load_builtin());
    let missing = Schema::from_dir(&dir.join("nowhere")).expect_err("no such folder");
    assert!(matches!(missing, SchemaError::Read { .. }), "{missing}");
}
