//! `orgsnap config`: the settings in force, in a form that can be pasted into a job file.

use orgsnap::{config::job, rules::CATALOGUE};

use super::Workspace;

const JOB: &str = "tenant = \"t\"\n[source]\nkind = \"ftps\"\nhost = \"h\"\nusername = \"u\"\n\
                   password = { env = \"PASSWORD\" }\n[rules]\nlevel-gap = \"warning\"\n";

#[test]
fn config_prints_each_setting_with_its_origin_as_a_job_file() {
    let workspace = Workspace::new();
    workspace.write("job.toml", JOB);
    let mut command = workspace.command(&["config", "job.toml", "--lang", "en"]);
    let output = super::output(command.env("PASSWORD", "c0nfidential").output().unwrap());
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(!format!("{output:?}").contains("c0nfidential"));
    let line = |start: &str| {
        let found = output.out.lines().find(|line| line.starts_with(start));
        let found = found.unwrap_or_else(|| panic!("{start}: {}", output.out));
        found.split_once(" # ").unwrap().1.to_owned()
    };
    assert_eq!(line("tenant = \"t\""), "line 1");
    assert_eq!(line("password.env = \"PASSWORD\""), "line 6; the variable is set");
    assert_eq!(line("timeout = \"60s\""), "default");
    assert_eq!(line("port = 21"), "follows from kind");
    assert_eq!(line("files.agent = \"temp_agent.txt\""), "follows from schema");
    assert_eq!(line("# host_key"), "means nothing with kind = \"ftps\"");
    assert_eq!(line("level-gap = \"warning\""), "line 8");
    assert!(output.out.contains("\n# [schedule]\n"), "{output:?}");
    for rule in CATALOGUE {
        line(&format!("{} = ", rule.meta.name));
    }
    workspace.write("again.toml", &output.out);
    job::load(&workspace.path("again.toml"), &|_| None).unwrap();
    // What is written out is now on lines of its own.
    let again = workspace.run(&["config", "again.toml", "--lang", "en"]);
    let values = |text: &str| -> Vec<String> {
        let lines = text.lines().skip(1).filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| Some(line.split_once(" # ")?.0.trim_end().to_owned())).collect()
    };
    let listed = values(&again.out);
    for value in values(&output.out) {
        // The default of ready is written as a table, and listed key by key.
        assert!(listed.contains(&value) || value.starts_with("ready = "), "{value}: {again:?}");
    }
    let chinese = workspace.run(&["config", "job.toml"]);
    assert!(chinese.out.contains("# 第 6 行；环境变量未设置\n"), "{chinese:?}");
}

#[test]
fn config_prints_the_settings_as_json() {
    let workspace = Workspace::new();
    workspace.write("job.toml", JOB.replace("{ env = \"PASSWORD\" }", "\"c0nfidential\""));
    let output = workspace.run(&["config", "job.toml", "--json"]);
    assert!(!format!("{output:?}").contains("c0nfidential"));
    let document: serde_json::Value = serde_json::from_str(&output.out).unwrap();
    crate::schemas::assert_valid("config", &document);
    assert_eq!((&document["job"], &document["tenant"]), (&"job.toml".into(), &"t".into()));
    let of = |table: &str, key: &str| {
        let mut settings = document["settings"].as_array().unwrap().iter();
        settings.find(|s| s["table"] == table && s["key"] == key).unwrap().clone()
    };
    let password = of("source", "password");
    assert_eq!((&password["secret"], &password["value"]), (&"literal".into(), &().into()));
    assert_eq!((&password["origin"], &password["line"]), (&"job-file".into(), &6.into()));
    let attempts = of("source", "attempts");
    assert_eq!((&attempts["value"], &attempts["origin"]), (&5.into(), &"default".into()));
    assert_eq!(of("schedule", "cron")["origin"], "unset");
}

#[test]
fn config_of_a_wrong_job_file_ends_as_every_verb_does() {
    let workspace = Workspace::new();
    workspace.write("typo.toml", "tenant = \"t\"\nnmae = \"x\"\n");
    workspace.write("floor.toml", "tenant = \"t\"\n[rules]\nwrong-field-count = \"info\"\n");
    workspace.write("schema.toml", "tenant = \"t\"\nschema = \"absent\"\n");
    for (job, what) in [
        ("typo.toml", "typo.toml:2"),
        ("floor.toml", "floor.toml:3"),
        ("schema.toml", "absent"),
        ("absent.toml", "absent.toml"),
    ] {
        let output = workspace.run(&["config", job]);
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.err.contains(what) && output.out.is_empty(), "{output:?}");
    }
}
