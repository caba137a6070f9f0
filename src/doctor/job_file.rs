//! The job file and the secrets that it names.

use std::path::{Path, PathBuf};

use crate::config::job::{
    ConfigError, Job, SecretState, Setting, Surroundings as OfSettings, settings_in_force,
};
use crate::config::schema::Schema;
use crate::model::{Message, PerFeed};

use super::machine::Secrets;
use super::neighbours::Neighbours;
use super::step::{Step, joined};
use super::subject::Subject;

/// The settings of a job about secrets; none if the file can no longer be read.
fn secret_settings(job: &Job, schema: &Schema) -> Vec<Setting> {
    let file_names = PerFeed::from_fn(|feed| schema.feed(feed).file_name.as_str());
    let around = OfSettings { file_names, rules: Vec::new() };
    let settings = settings_in_force(job, &around).unwrap_or_default();
    settings.into_iter().filter(|setting| setting.secret.is_some()).collect()
}

/// Where the secrets of a job are.
pub(super) fn secrets(job: &Job, schema: &Schema) -> Secrets {
    let settings = secret_settings(job, schema);
    Secrets {
        files: settings.iter().filter_map(|setting| file_of(setting, &job.path)).collect(),
        has_literal: settings.iter().any(|s| s.secret == Some(SecretState::Literal)),
    }
}

/// The file of a secret; a relative path is relative to the job file.
fn file_of(setting: &Setting, job: &Path) -> Option<PathBuf> {
    if setting.secret != Some(SecretState::File) {
        return None;
    }
    let value: toml::Table = toml::from_str(&format!("v = {}", setting.value.as_ref()?)).ok()?;
    let folder = job.parent().unwrap_or(Path::new(""));
    Some(folder.join(value.get("v")?.as_str()?))
}

/// The job file was read; whether its secrets are there.
pub(super) fn read(job: &Job, schema: &Schema, neighbours: &Neighbours) -> Step {
    let shown = job.path.display();
    let tenant = &job.tenant;
    if !neighbours.same_tenant.is_empty() {
        let others = shown_all(&neighbours.same_tenant);
        return Step::failed(
            Subject::JobFile,
            Message::new(
                format!("租户 {tenant} 另有任务文件：{others}"),
                format!("the tenant {tenant} has another job file: {others}"),
            ),
            Message::fixed(
                "每个租户只保留一个任务文件：orgsnap serve 只采用其中一个，请删除或改名其余的",
                "keep one job file a tenant: orgsnap serve takes one of them, so remove or rename the others",
            ),
        );
    }
    let mut missing = Vec::new();
    for setting in secret_settings(job, schema) {
        let key = format!("[{}] {}", setting.table, setting.key);
        match setting.secret {
            Some(SecretState::VariableNotSet) => {
                let name = setting.value.clone().unwrap_or_default();
                missing.push(Message::new(
                    format!("{key} 的环境变量 {name} 未设置"),
                    format!("the variable {name} of {key} is not set"),
                ));
            }
            Some(SecretState::File) => {
                let Some(file) = file_of(&setting, &job.path) else { continue };
                let is_empty = std::fs::read(&file).map(|text| text.trim_ascii().is_empty());
                if is_empty.unwrap_or(true) {
                    let file = file.display();
                    missing.push(Message::new(
                        format!("{key} 的文件 {file} 无法读取或为空"),
                        format!("the file {file} of {key} cannot be read, or is empty"),
                    ));
                }
            }
            _ => {}
        }
    }
    if !missing.is_empty() {
        return Step::failed(
            Subject::JobFile,
            joined(&missing, "；", "; "),
            Message::fixed(
                "请提供这些密钥，并以运行 orgsnap serve 的用户和环境执行本命令",
                "provide these secrets, and run this as the user and in the environment of orgsnap serve",
            ),
        );
    }
    let mut minded = job.warnings.clone();
    if !neighbours.unread.is_empty() {
        let others = shown_all(&neighbours.unread);
        minded.push(Message::new(
            format!("同目录的 {others} 不是有效的任务文件，未作对照"),
            format!("{others} beside it is no valid job file and was not compared"),
        ));
    }
    let warnings = match minded.as_slice() {
        [] => Message::fixed("", ""),
        warnings => {
            let Message { zh, en } = joined(warnings, "；", "; ");
            Message::new(format!("；注意：{zh}"), format!("; mind: {en}"))
        }
    };
    Step::ok(
        Subject::JobFile,
        Message::new(
            format!("{shown} 有效{}", warnings.zh),
            format!("{shown} is valid{}", warnings.en),
        ),
    )
}

fn shown_all(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    shown.join(", ")
}

/// The job file could not be read.
pub(super) fn broken(error: &ConfigError) -> Step {
    Step::failed(
        Subject::JobFile,
        error.message(),
        Message::fixed(
            "请改正任务文件（orgsnap config 任务文件 显示每项设置），其余各项改正后才能检查",
            "correct the job file (orgsnap config JOB shows every setting); the other steps are checked after that",
        ),
    )
}
