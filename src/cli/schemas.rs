//! `orgsnap schemas`: the built-in schemas as files: those of deliveries, to copy and change for an insurer, and the JSON
//! Schemas of job files and of what the program prints.

use std::path::PathBuf;

use clap::Args;
use orgsnap::config::job;
use orgsnap::config::schema::BUILTIN_FILES;
use orgsnap::model::Message;
use orgsnap::rules::CATALOGUE;
use orgsnap::{alert, doctor, report::json};

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::{init, output};

/// Write the built-in schemas to a folder, and the JSON Schemas of job files and of all JSON output
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder to write to; made if it is not there. No file is overwritten
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// The JSON Schemas of what is printed, sent and answered. That of job files is made from the table of their keys.
const JSON_SCHEMAS: [(&str, &str); 23] = [
    ("alert.schema.json", alert::document::SCHEMA),
    ("config.schema.json", include_str!("../../schemas/config.schema.json")),
    ("diff.schema.json", include_str!("../../schemas/diff.schema.json")),
    ("doctor.schema.json", doctor::render::json::SCHEMA),
    ("explain.schema.json", include_str!("../../schemas/explain.schema.json")),
    ("findings.schema.json", include_str!("../../schemas/findings.schema.json")),
    ("lake-publication.schema.json", include_str!("../../schemas/lake-publication.schema.json")),
    ("report.schema.json", json::SCHEMA),
    ("rules.schema.json", include_str!("../../schemas/rules.schema.json")),
    ("runs.schema.json", include_str!("../../schemas/runs.schema.json")),
    ("sample.schema.json", include_str!("../../schemas/sample.schema.json")),
    ("sql.schema.json", include_str!("../../schemas/sql.schema.json")),
    ("tree.schema.json", include_str!("../../schemas/tree.schema.json")),
    ("wecom-events.schema.json", include_str!("../../schemas/wecom-events.schema.json")),
    (
        "wecom-archive-key-list.schema.json",
        include_str!("../../schemas/wecom-archive-key-list.schema.json"),
    ),
    (
        "wecom-archive-key-new.schema.json",
        include_str!("../../schemas/wecom-archive-key-new.schema.json"),
    ),
    (
        "wecom-archive-pull.schema.json",
        include_str!("../../schemas/wecom-archive-pull.schema.json"),
    ),
    ("wecom-js-sdk.schema.json", include_str!("../../schemas/wecom-js-sdk.schema.json")),
    ("wecom-me.schema.json", include_str!("../../schemas/wecom-me.schema.json")),
    ("wecom-rebuild.schema.json", include_str!("../../schemas/wecom-rebuild.schema.json")),
    ("wecom-reconcile.schema.json", include_str!("../../schemas/wecom-reconcile.schema.json")),
    ("wecom-send-test.schema.json", include_str!("../../schemas/wecom-send-test.schema.json")),
    ("wecom-urls.schema.json", include_str!("../../schemas/wecom-urls.schema.json")),
];

/// Writes the files.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    if arguments.dir.is_file() {
        let dir = arguments.dir.display();
        return Err(Failure::usage(Message::new(
            format!("{dir} 是文件，不是目录；请指定一个目录"),
            format!("{dir} is a file and no folder; name a folder"),
        )));
    }
    let rules = CATALOGUE.iter().map(|rule| (rule.meta.name, &rule.meta.summary));
    let job = format!("{}\n", serde_json::to_string_pretty(&job::json_schema(rules))?);
    let job = (init::JOB_SCHEMA, job.as_str());
    for (name, text) in BUILTIN_FILES.into_iter().chain(JSON_SCHEMAS).chain([job]) {
        let path = arguments.dir.join(name);
        init::write(&path, text).map_err(|error| init::failure(&path, &error))?;
    }
    let dir = arguments.dir.display();
    output::print(&environment.language.choose(
        format!(
            "已写入 {dir}\n下一步  按需修改 datapackage.json 等结构文件，并在任务文件中写 schema = \"...\"（此目录相对于任务文件的路径）；\n\
             *.schema.json 是任务文件和各 JSON 输出的 JSON Schema，供编辑器和程序使用\n"
        ),
        format!(
            "written to {dir}\nnext  change datapackage.json and its like, and write schema = \"...\" into the job file (the path of this folder, relative to the job file);\n\
             *.schema.json are the JSON Schemas of job files and of JSON output, for editors and programs\n"
        ),
    ))?;
    Ok(Exit::Done)
}
