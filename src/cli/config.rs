//! `orgsnap config`: the settings of a job that are in force, and where each comes from.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use orgsnap::config::job::{Job, Origin, SecretState, Setting, Surroundings, settings_in_force};
use orgsnap::config::schema::Schema;
use orgsnap::model::{Feed, Message, PerFeed};
use orgsnap::pipeline::RunError;
use orgsnap::report::{Language, pad};
use orgsnap::rules::{CATALOGUE, Levels};
use serde::Serialize;

use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::import::load;
use super::output;

/// Show the settings of a job that are in force, and where each comes from
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job file
    #[arg(value_name = "JOB")]
    job: PathBuf,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    job: String,
    tenant: &'a str,
    settings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    table: &'a str,
    index: Option<usize>,
    key: &'a str,
    value: Option<toml::Value>,
    origin: &'static str,
    line: Option<usize>,
    note: Option<Text<'a>>,
    secret: Option<&'static str>,
}

#[derive(Serialize)]
struct Text<'a> {
    zh: &'a str,
    en: &'a str,
}

/// Prints the settings.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let job = load(&arguments.job, environment)?;
    Levels::of(&job).map_err(RunError::from)?;
    let schema = match &job.schema {
        Some(folder) => Schema::from_dir(folder),
        None => Schema::builtin(),
    };
    let schema = schema.map_err(RunError::from)?.adapted(&job).map_err(RunError::from)?;
    let surroundings = Surroundings {
        file_names: PerFeed::from_fn(|feed: Feed| schema.feed(feed).file_name.as_str()),
        rules: CATALOGUE.iter().map(|rule| (rule.meta.name, rule.meta.level.name())).collect(),
    };
    let settings = settings_in_force(&job, &surroundings)?;
    let text = match arguments.json {
        true => format!("{}\n", serde_json::to_string_pretty(&document(&job, &settings))?),
        false => as_toml(&job, &settings, environment.language),
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

fn document<'a>(job: &'a Job, settings: &'a [Setting]) -> Document<'a> {
    let entry = |setting: &'a Setting| {
        let (origin, line, note) = match &setting.origin {
            Origin::Line(line) => ("job-file", Some(*line), None),
            Origin::Default => ("default", None, None),
            Origin::Derived(from) => ("derived", None, Some(from)),
            Origin::Unset(why) => ("unset", None, Some(why)),
        };
        let value = setting.value.as_ref().and_then(|value| {
            let mut table: toml::Table = toml::from_str(&format!("value = {value}")).ok()?;
            table.remove("value")
        });
        Entry {
            table: setting.table,
            index: setting.index,
            key: &setting.key,
            value,
            origin,
            line,
            note: note.map(|Message { zh, en }| Text { zh, en }),
            secret: setting.secret.map(|state| match state {
                SecretState::Literal => "literal",
                SecretState::VariableSet => "variable-set",
                SecretState::VariableNotSet => "variable-not-set",
                SecretState::File => "file",
            }),
        }
    };
    Document {
        job: job.path.display().to_string(),
        tenant: &job.tenant,
        settings: settings.iter().map(entry).collect(),
    }
}

/// The settings as a job file, with comments on where they come from. What has no value is commented out.
fn as_toml(job: &Job, settings: &[Setting], language: Language) -> String {
    let path = job.path.display();
    let mut text = match language {
        Language::Chinese => format!("# {path} 生效的设置及其出处\n"),
        Language::English => {
            format!("# The settings of {path} that are in force, and their origin\n")
        }
    };
    for table in settings.chunk_by(|a, b| (a.table, a.index) == (b.table, b.index)) {
        text.push_str(&header(table));
        for setting in table {
            let assignment = match (&setting.value, setting.secret) {
                (Some(value), _) => format!("{} = {value}", setting.key),
                (None, Some(_)) => format!("# {} = \"***\"", setting.key),
                (None, None) => format!("# {}", setting.key),
            };
            let _ = writeln!(text, "{}  # {}", pad(&assignment, 44), origin(setting, language));
        }
    }
    text
}

/// The header of a table, commented out if nothing in it is in force.
fn header(table: &[Setting]) -> String {
    let Some(Setting { table: name, index, .. }) = table.first() else { return String::new() };
    let repeats = matches!(
        *name,
        "alert" | "wecom_app" | "official_account" | "mini_program" | "domain_verification"
    );
    let is_unset = |setting: &Setting| matches!(setting.origin, Origin::Unset(_));
    let comment = if table.iter().all(is_unset) { "# " } else { "" };
    match (name.is_empty(), repeats || index.is_some()) {
        (true, _) => String::new(),
        (false, true) => format!("\n{comment}[[{name}]]\n"),
        (false, false) => format!("\n{comment}[{name}]\n"),
    }
}

fn origin(setting: &Setting, language: Language) -> String {
    let mut text = match &setting.origin {
        Origin::Line(line) => match language {
            Language::Chinese => format!("第 {line} 行"),
            Language::English => format!("line {line}"),
        },
        Origin::Default => language.choose("默认值", "default").to_owned(),
        Origin::Derived(message) | Origin::Unset(message) => language.of(message).to_owned(),
    };
    if let Some(state) = setting.secret {
        let note = match state {
            SecretState::Literal => language.choose(
                "；明文写在任务文件中，不显示",
                "; the secret is in the job file and not shown",
            ),
            SecretState::VariableSet => {
                language.choose("；环境变量已设置", "; the variable is set")
            }
            SecretState::VariableNotSet => {
                language.choose("；环境变量未设置", "; the variable is not set")
            }
            SecretState::File => language.choose("；取自文件", "; from the file"),
        };
        text.push_str(note);
    }
    text
}
