//! `orgsnap check --against`: what a delivery lacks of a former one.

use std::{fs, path::Path};

use orgsnap::sample::Defects;

use super::Workspace;

/// The lines of a file, as bytes: what they mean is not looked at.
fn lines(path: &Path) -> Vec<Vec<u8>> {
    let content = fs::read(path).unwrap();
    content.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// Two equal deliveries of so many agents; the second then lacks the given lines (1-based) of the agents' file.
fn deliver(agents: usize, without: std::ops::Range<usize>) -> (Workspace, Vec<String>) {
    let workspace = Workspace::new();
    let former = workspace.deliver(22, agents, Defects::None);
    let now = workspace.path("now");
    fs::create_dir(&now).unwrap();
    for entry in fs::read_dir(&former).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), now.join(entry.file_name())).unwrap();
    }
    let file = now.join("temp_agent.txt");
    let mut kept = lines(&file);
    let gone: Vec<Vec<u8>> = kept.drain(without.start - 1..without.end - 1).collect();
    fs::write(&file, kept.concat()).unwrap();
    let key = |line: &Vec<u8>| {
        let end = line.iter().position(|byte| *byte == b'|').unwrap();
        String::from_utf8(line[..end].to_vec()).unwrap()
    };
    (workspace, gone.iter().map(key).collect())
}

#[test]
fn a_check_against_a_former_delivery_lists_what_would_vanish() {
    let (workspace, keys) = deliver(400, 100..105);
    // Other limits are not what this is about.
    workspace.write("job.toml", "tenant = \"t\"\n[gate]\nmax_detached = \"100%\"\n");
    let check = ["check", "now", "--against", "in/20241122", "--lang", "en", "--job", "job.toml"];
    let output = workspace.run(&check);
    assert_eq!(output.code, Some(0), "a few may vanish: {output:?}");
    assert!(
        output.out.contains("agent: 5 in the former delivery and not in this one\n"),
        "{output:?}"
    );
    for (at, key) in keys.iter().enumerate() {
        let place = format!("in/20241122/temp_agent.txt:{}  {key}\n", 100 + at);
        assert_eq!(output.out.contains(&place), at < 3, "{place} {output:?}");
    }
    assert!(output.out.contains("2 more, shown by --findings all"), "{output:?}");
    let all = workspace
        .run(&[&check[..], &["--findings", "all", "--output", "r.txt", "--csv", "r.csv"]].concat());
    let csv = fs::read_to_string(workspace.path("r.csv")).unwrap();
    let text = fs::read_to_string(workspace.path("r.txt")).unwrap();
    for (at, key) in keys.iter().enumerate() {
        let place = format!("in/20241122/temp_agent.txt:{}  {key}\n", 100 + at);
        assert!(all.out.contains(&place) && text.contains(&place), "{place}");
        let row = format!(",vanished,,,in/20241122/temp_agent.txt,{},,{key},,,", 100 + at);
        assert!(csv.contains(&row), "{row}: {csv}");
    }
    let chinese = workspace.run(&["check", "now", "--against", "in/20241122"]);
    assert!(chinese.out.contains("agent 代理人：上一批次中有 5 个，本次没有\n"), "{chinese:?}");
}

#[test]
fn the_document_of_a_check_has_the_differences_from_a_former_delivery() {
    let (workspace, keys) = deliver(400, 100..105);
    let run = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&workspace.run(arguments).out).unwrap()
    };
    let document = run(&["check", "now", "--against", "in/20241122", "--json"]);
    let schema = serde_json::from_str(orgsnap::report::json::SCHEMA).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&document));
    assert_eq!(document["counts"]["agent"]["removed"], 5);
    assert_eq!(document["counts"]["agent"]["unchanged"], 396);
    assert_eq!(document["former"]["folder"], "in/20241122");
    let agents = &document["former"]["vanished"]["agent"];
    assert_eq!((&agents["total"], &agents["at_end"]), (&5.into(), &false.into()));
    assert_eq!(agents["records"][4], serde_json::json!({ "key": keys[4], "line": 104 }));
    assert_eq!(document["former"]["vanished"]["organ"]["total"], 0);
    // The other way round they are new.
    let document = run(&["check", "in/20241122", "--against", "now", "--json"]);
    assert_eq!(document["counts"]["agent"]["added"], 5);
    assert_eq!(run(&["check", "now", "--json"])["former"], serde_json::Value::Null);
}

#[test]
fn a_check_against_a_former_delivery_is_refused_as_the_gate_would_refuse_it() {
    // Line 1 is the header, so these are the last 60 of 401 agents.
    let (workspace, _) = deliver(400, 343..403);
    let check = ["check", "now", "--against", "in/20241122", "--lang", "en", "--job"];
    let output = workspace.run(&[&check[..], &["job.toml"]].concat());
    assert_eq!(output.code, Some(3), "{output:?}");
    let text = output.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("60 of 401 (14.96%), over the limit of 5% (max_vanished)"), "{text}");
    assert!(text.contains("the 60 missing agents are the last 60 of the former file"), "{text}");
    workspace.write(
        "lenient.toml",
        "tenant = \"t\"\n[gate]\nmax_vanished = \"20%\"\nmax_vanished_in_organ = \"90%\"\n",
    );
    let output = workspace.run(&[&check[..], &["lenient.toml"]].concat());
    assert!(!output.out.contains("max_vanished"), "{output:?}");
    assert!(output.out.contains("they are the last ones of the former file"), "{output:?}");
}

#[test]
fn a_former_delivery_that_cannot_be_read_is_a_fault_of_the_arguments() {
    let (workspace, _) = deliver(300, 2..3);
    let check =
        |former: &str| workspace.run(&["check", "now", "--lang", "en", "--against", former]);
    fs::create_dir(workspace.path("empty")).unwrap();
    let broken = workspace.deliver(23, 300, Defects::None);
    fs::write(broken.join("temp_base_node.txt"), "").unwrap();
    let partial = workspace.deliver(24, 300, Defects::None);
    fs::remove_file(partial.join("temp_principal.txt")).unwrap();
    for (former, what) in [
        ("empty", "empty"),
        ("in/20241123", "temp_base_node.txt"),
        ("in/20241124", "temp_principal.txt"),
    ] {
        let output = check(former);
        assert_eq!(output.code, Some(2), "{former}: {output:?}");
        let expected = format!("--against {former}: the former delivery cannot be read");
        assert!(output.err.contains(&expected) && output.err.contains(what), "{output:?}");
        assert!(output.err.contains("nothing is said of the delivery to be checked"), "{output:?}");
        assert!(!output.out.contains("not be published"), "{output:?}");
    }
}

#[test]
fn a_former_delivery_is_found_under_the_names_of_the_job() {
    let (workspace, _) = deliver(400, 100..105);
    workspace.write(
        "job.toml",
        "tenant = \"t\"\n[gate]\nmax_detached = \"100%\"\n[source]\nkind = \"dir\"\npath = \"now\"\n\
         files = { agent = \"ren_{date:%Y%m%d}.txt\" }\n",
    );
    let rename = |folder: &str, name: &str| {
        let folder = workspace.path(folder);
        fs::rename(folder.join("temp_agent.txt"), folder.join(name)).unwrap();
    };
    rename("now", "ren_20241123.txt");
    rename("in/20241122", "REN_20241122.TXT");
    // What is later, or older, is not what the delivery is compared with.
    for name in ["ren_20241124.txt", "ren_20241120.txt"] {
        fs::write(workspace.path("in/20241122").join(name), "no delivery").unwrap();
    }
    let output = workspace.run(&[
        "check",
        "now",
        "--against",
        "in/20241122",
        "--lang",
        "en",
        "--job",
        "job.toml",
        "--date",
        "2024-11-23",
    ]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(
        output.out.contains("agent: 5 in the former delivery and not in this one\n")
            && output.out.contains("in/20241122/REN_20241122.TXT:100  "),
        "{output:?}"
    );
}
