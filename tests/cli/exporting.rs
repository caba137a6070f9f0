//! `orgsnap export`: files that other tools read, complete or not there, without a name where names are masked.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use orgsnap::sample::Defects;
use parquet::basic::LogicalType;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use rusqlite::Connection;

use super::Workspace;

/// Names that are in every place where a delivery has names.
const NAMES: [&str; 4] = ["欧阳独特", "司徒罕见", "诸葛唯一", "夏侯改后"];

fn lines(path: &Path) -> Vec<String> {
    let bytes = fs::read(path).unwrap();
    let text = encoding_rs::GB18030.decode(&bytes).0.into_owned();
    text.lines().map(str::to_owned).collect()
}

fn write(path: &Path, lines: &[String]) {
    let text = lines.join("\n") + "\n";
    fs::write(path, encoding_rs::GB18030.encode(&text).0).unwrap();
}

/// Two days in which one agent is renamed, all office staff have one name, and the leaders' names are copied wrongly.
fn named() -> Workspace {
    let workspace = Workspace::new();
    for day in [22, 23] {
        let folder = workspace.deliver(22, 400, Defects::None);
        let there = workspace.path(&format!("in/202411{day}"));
        if folder != there {
            let _ = fs::remove_dir_all(&there);
            fs::create_dir_all(&there).unwrap();
            for entry in fs::read_dir(&folder).unwrap() {
                let entry = entry.unwrap();
                fs::copy(entry.path(), there.join(entry.file_name())).unwrap();
            }
        }
        let set = |file: &str, records: &[usize], column: usize, value: &str| {
            let path = there.join(file);
            let mut all = lines(&path);
            for (at, line) in all.iter_mut().enumerate() {
                if records.is_empty() || records.contains(&at) {
                    let mut cells: Vec<&str> = line.split('|').collect();
                    cells[column] = value;
                    *line = cells.join("|");
                }
            }
            write(&path, &all);
        };
        let renamed = if day == 22 { NAMES[0] } else { NAMES[3] };
        set("temp_agent.txt", &[50], 1, renamed);
        set("temp_principal.txt", &[1, 2, 3], 2, NAMES[1]);
        set("temp_organization.txt", &[2], 7, NAMES[2]);
        let output = workspace.import(day);
        assert_eq!(output.code, Some(0), "{output:?}");
    }
    workspace
}

/// All that a file says: what is packed is unpacked.
fn content(path: &Path) -> Vec<u8> {
    if path.is_dir() {
        let mut files: Vec<_> = fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        return files.iter().flat_map(|file| content(file)).collect();
    }
    let mut all = fs::read(path).unwrap();
    match path.extension().and_then(|end| end.to_str()) {
        Some("xlsx") => {
            let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
            for at in 0..archive.len() {
                archive.by_index(at).unwrap().read_to_end(&mut all).unwrap();
            }
        }
        Some("parquet") => {
            let file = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
            for row in file.get_row_iter(None).unwrap() {
                all.extend(row.unwrap().to_string().into_bytes());
            }
        }
        _ => {}
    }
    all
}

#[test]
fn no_name_of_a_person_is_anywhere_in_a_masked_export() {
    let workspace = named();
    let db = Connection::open(workspace.database()).unwrap();
    let there = |table: &&str| {
        let sql = "select count(*) from sqlite_schema where name = ?1";
        db.query_row(sql, [table], |row| row.get::<_, i64>(0)).unwrap() == 1
    };
    let tables = [
        "organ",
        "node",
        "principal",
        "agent",
        "organ_tree",
        "node_tree",
        "recruit_tree",
        "mentor_tree",
        "agent_now",
        "team_check",
        "agent_event",
        "node_event",
        "headcount",
        "code_label",
        "data_dictionary",
    ];
    let tables: Vec<&str> = tables.into_iter().filter(there).collect();
    for format in ["csv", "xlsx", "parquet", "sqlite"] {
        for (mask, date) in [
            (true, "2024-11-23"),
            (true, "2024-11-22"),
            (false, "2024-11-23"),
            (false, "2024-11-22"),
        ] {
            let out = format!("out-{format}-{mask}-{date}");
            let out = if format == "xlsx" { format!("{out}.xlsx") } else { out };
            let mask_argument = if mask { &["--mask"][..] } else { &[] };
            let tables = tables.join(",");
            let arguments =
                ["export", &out, "--format", format, "--as-of", date, "--tables", &tables];
            let output = workspace.run(&[&arguments[..], mask_argument].concat());
            assert_eq!(output.code, Some(0), "{output:?}");
            let content = content(&workspace.path(&out));
            let has = |name: &str| content.windows(name.len()).any(|part| part == name.as_bytes());
            // The day before has the former name, the day itself the later one.
            let other = if date == "2024-11-22" { NAMES[0] } else { NAMES[3] };
            for name in NAMES {
                if mask {
                    assert!(!has(name), "{name} in {out}");
                } else if [NAMES[1], NAMES[2], other].contains(&name) {
                    assert!(has(name), "{name} is not in {out}");
                }
            }
            assert!(has("欧*") || has("夏*") || !mask, "{out}");
            if format == "csv" {
                let agents = fs::read_to_string(workspace.path(&format!("{out}/agent.csv")));
                let has_hash = agents.unwrap().lines().next().unwrap().contains("content_hash");
                assert_eq!(has_hash, !mask, "{out}");
            }
        }
    }
}

#[test]
fn each_format_is_what_its_readers_expect() {
    let workspace = named();
    let export = |arguments: &[&str]| {
        let output = workspace.run(&[&["export"], arguments].concat());
        assert_eq!(output.code, Some(0), "{output:?}");
    };
    let count = |table: &str| -> usize {
        workspace
            .rows(&[], &format!("select count(*) from {table}"))
            .lines()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap()
    };
    let agents = count("agent");

    export(&["--tables", "agent", "a.csv"]);
    let text = String::from_utf8(fs::read(workspace.path("a.csv")).unwrap()).unwrap();
    assert!(text.starts_with("\u{feff}id,agent_name,"), "{text:.60}");
    assert_eq!(text.matches("\r\n").count(), agents + 1);
    assert!(text.contains("\"=\"\"86"), "a long key stays digits");

    export(&["--tables", "agent,organ", "--format", "parquet", "p"]);
    let file =
        SerializedFileReader::new(File::open(workspace.path("p/agent.parquet")).unwrap()).unwrap();
    let metadata = file.metadata().file_metadata();
    assert_eq!(metadata.num_rows(), agents as i64);
    let schema = metadata.schema_descr();
    let kind = |name: &str| {
        let column = schema.columns().iter().find(|column| column.name() == name).unwrap();
        column.logical_type_ref().cloned()
    };
    assert_eq!(kind("id"), Some(LogicalType::String));
    assert_eq!(kind("enter_company_date"), Some(LogicalType::Date));
    assert_eq!(kind("agent_status"), None);
    let facts: Vec<(String, Option<String>)> = metadata
        .key_value_metadata()
        .unwrap()
        .iter()
        .map(|fact| (fact.key.clone(), fact.value.clone()))
        .collect();
    let date = ("orgsnap.business_date".to_owned(), Some("2024-11-23".to_owned()));
    assert!(facts.contains(&date), "{facts:?}");

    // Rows of a past date come from two tables, and stand by key all the same.
    export(&["--tables", "agent", "--as-of", "2024-11-22", "past.csv"]);
    let past = fs::read_to_string(workspace.path("past.csv")).unwrap();
    let keys: Vec<&str> = past.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert!(keys.len() == agents && keys.is_sorted(), "{keys:?}");

    export(&["--as-of", "2024-11-22", "day.db"]);
    let db = Connection::open(workspace.path("day.db")).unwrap();
    let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(one("select count(*) from agent where agent_name = '欧阳独特'"), 1);
    assert_eq!(one("select count(*) from agent where agent_name = '夏侯改后'"), 0);
    assert_eq!(one("select max(agent_count) from organ_tree"), agents as i64);
    assert_eq!(
        one("select count(*) from pragma_table_info('agent') where name = 'id' and pk = 1"),
        1
    );
    assert!(one("select count(*) from pragma_foreign_key_list('agent')") > 0);
    assert!(one("select count(*) from data_dictionary") > 0);
    assert_eq!(
        one("select count(*) from pragma_integrity_check() where integrity_check <> 'ok'"),
        0
    );

    export(&["--tables", "organ,agent", "book.xlsx", "--lang", "zh"]);
    let mut archive =
        zip::ZipArchive::new(File::open(workspace.path("book.xlsx")).unwrap()).unwrap();
    let mut part = |name: &str| {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let sheet = part("xl/worksheets/sheet2.xml");
    assert!(sheet.contains("state=\"frozen\"") && !sheet.contains("<f>"), "frozen, and no formula");
    assert!(part("xl/styles.xml").contains("yyyy"), "dates are dates");
    // All hashes are texts: as numbers some would be rounded.
    let row = sheet.split("<row ").nth(2).unwrap().to_owned();
    let last = row.rsplit("<c ").next().unwrap();
    assert!(
        last.contains("t=\"s\"") || last.contains("t=\"inlineStr\""),
        "the hash is the last column: {last}"
    );

    for name in ["a.csv", "p/agent.parquet", "day.db", "book.xlsx"] {
        let mode = fs::metadata(workspace.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn an_export_replaces_nothing_unless_told_and_leaves_nothing_half_written() {
    let workspace = named();
    let run = |arguments: &[&str]| workspace.run(&[&["export"], arguments].concat());
    workspace.write("there.csv", "mine");
    let refused = run(&["--tables", "agent", "there.csv"]);
    assert!(refused.code == Some(2) && refused.err.contains("--force"), "{refused:?}");
    assert_eq!(fs::read_to_string(workspace.path("there.csv")).unwrap(), "mine");
    assert_eq!(run(&["--tables", "agent", "there.csv", "--force"]).code, Some(0));
    assert!(fs::read_to_string(workspace.path("there.csv")).unwrap().contains("agent_name"));

    for (arguments, words) in [
        (&["--tables", "quarantine", "x.csv"][..], "没有可导出的表 quarantine"),
        (&["--tables", "agent", "x.doc"], "--format"),
        (&["--as-of", "2024-11-01", "x.db"], "2024-11-22"),
        (&["--tables", "agent", "none/x.csv"], "none/x.csv"),
    ] {
        let output = run(arguments);
        assert_eq!(output.code, Some(2), "{arguments:?}: {output:?}");
        assert!(output.err.contains(words), "{words}: {output:?}");
    }
    let left: Vec<String> = fs::read_dir(workspace.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".part") || name.starts_with('x'))
        .collect();
    assert_eq!(left, Vec::<String>::new());

    // Several tenants stand in one file, each row with its tenant.
    workspace
        .write("u.toml", "tenant = \"u\"\n[source]\nkind = \"dir\"\npath = \"in/{date:%Y%m%d}\"\n");
    workspace.run(&["import", "u.toml", "--date", "2024-11-22"]);
    for out in ["all.db", "all.csv", "all.parquet", "all.xlsx"] {
        let output = run(&["--tenant", "all", "--tables", "organ", out]);
        assert_eq!(output.code, Some(0), "{output:?}");
    }
    let db = Connection::open(workspace.path("all.db")).unwrap();
    let tenants = "select count(distinct tenant) from organ";
    assert_eq!(db.query_row(tenants, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
    let csv = fs::read_to_string(workspace.path("all.csv")).unwrap();
    assert!(csv.contains("\r\nt,") && csv.contains("\r\nu,"), "{csv:.200}");
}

#[test]
fn no_verb_writes_a_file_into_the_data_folder_whatever_leads_there() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    assert_eq!(workspace.import(22).code, Some(0));
    fs::create_dir_all(workspace.path("data/other")).unwrap();
    workspace.write("data/other/session.json", "kept");
    fs::create_dir_all(workspace.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(workspace.path("data/t"), workspace.path("folder")).unwrap();
    std::os::unix::fs::symlink(workspace.path("data/t/org.db"), workspace.path("file.db")).unwrap();
    std::os::unix::fs::symlink(workspace.path("elsewhere"), workspace.path("data/far")).unwrap();
    let before = workspace.dump();
    for out in [
        "data/t/org.db",
        "data/t/new.db",
        "data/new.db",
        "data/t/archive/new.db",
        "data/other/session.json",
        "in/../data/t/new.db",
        "none/../data/t/new.db",
        "folder/new.db",
        "file.db",
        "elsewhere/new.db",
    ] {
        for arguments in [
            &["export", "--tenant", "t", "--format", "sqlite", out][..],
            &["backup", "t", out],
            &["datasette-metadata", "t", "--out", out],
        ] {
            for force in [&[][..], &["--force"]] {
                let output = workspace.run(&[arguments, force, &["--lang", "en"]].concat());
                assert_eq!(output.code, Some(2), "{arguments:?}: {output:?}");
                assert!(output.err.contains("is in the data folder"), "{arguments:?}: {output:?}");
            }
        }
    }
    let folder = workspace.run(&["export", "--format", "csv", "data/t", "--force"]);
    assert_eq!(folder.code, Some(2), "{folder:?}");
    assert!(workspace.dump() == before);
    assert_eq!(fs::read_to_string(workspace.path("data/other/session.json")).unwrap(), "kept");
    assert!(!workspace.path("none").exists() && !workspace.path("data/t/agent.csv").exists());
    assert_eq!(workspace.run(&["backup", "t", "data/../copy.db"]).code, Some(0));
}

#[test]
fn masking_hides_names_that_stand_where_keys_belong_and_keeps_grades_and_names_of_teams() {
    let workspace = Workspace::new();
    let first = workspace.deliver(22, 400, Defects::None);
    let second = workspace.path("in/20241123");
    fs::create_dir_all(&second).unwrap();
    for entry in fs::read_dir(&first).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), second.join(entry.file_name())).unwrap();
    }
    let agents = columns_of("agent");
    let nodes = columns_of("node");
    let organs = columns_of("organ");
    let set = |file: &str, record: usize, column: usize, value: &str| {
        let path = second.join(file);
        let mut all = lines(&path);
        let mut cells: Vec<&str> = all[record].split('|').collect();
        cells[column] = value;
        all[record] = cells.join("|");
        write(&path, &all);
    };
    let at = |columns: &[String], name: &str| columns.iter().position(|c| c == name).unwrap();
    set("temp_agent.txt", 60, at(&agents, "recommend_by_agent_id"), NAMES[0]);
    set("temp_agent.txt", 61, at(&agents, "agent_grade_level"), "特级主任");
    set("temp_base_node.txt", 3, at(&nodes, "agent_id"), NAMES[1]);
    set("temp_base_node.txt", 4, at(&nodes, "mentored_by_agent_id"), NAMES[2]);
    set("temp_base_node.txt", 5, at(&nodes, "node_name"), "雄鹰先锋部");
    set("temp_organization.txt", 2, at(&organs, "leader_id"), NAMES[3]);
    for day in [22, 23] {
        let output = workspace.import(day);
        assert!(output.code == Some(0), "{output:?}");
    }
    let tables = "organ,node,agent,agent_now,team_check,agent_event,node_event,headcount";
    for mask in [false, true] {
        let out = format!("masked-{mask}");
        let more = if mask { &["--mask"][..] } else { &[] };
        let arguments = ["export", &out, "--format", "csv", "--tables", tables];
        let exported = workspace.run(&[&arguments[..], more].concat());
        assert_eq!(exported.code, Some(0), "{exported:?}");
        let arguments = ["diff", "2024-11-22", "2024-11-23", "--format", "json"];
        let differing = workspace.run(&[&arguments[..], more].concat());
        assert_eq!(differing.code, Some(0), "{differing:?}");
        let exported = String::from_utf8(content(&workspace.path(&out))).unwrap();
        for text in [&exported, &differing.out] {
            for name in NAMES {
                assert_eq!(text.contains(name), !mask, "{name}, masked: {mask}");
            }
            assert!(text.contains("雄鹰先锋部"), "masked: {mask}");
        }
        let events = fs::read_to_string(workspace.path(&format!("{out}/node_event.csv"))).unwrap();
        assert!(events.contains("雄鹰先锋部"), "{events}");
        let events = fs::read_to_string(workspace.path(&format!("{out}/agent_event.csv"))).unwrap();
        assert!(events.contains("特级主任"), "{events}");
    }
}

/// The columns of a feed in the order of its file.
fn columns_of(feed: &str) -> Vec<String> {
    let schema = orgsnap::config::schema::Schema::builtin().unwrap();
    let feed = orgsnap::model::Feed::from_name(feed).unwrap();
    schema.feed(feed).fields.iter().map(|field| field.column.clone()).collect()
}
