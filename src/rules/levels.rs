//! The level of each rule for one job.

use std::{collections::BTreeMap, path::PathBuf};

use crate::config::job::{Job, RuleSetting};
use crate::model::{Level, Message, RuleMeta};

use super::CATALOGUE;

/// The levels that hold for a run.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    by_code: BTreeMap<&'static str, Level>,
}

/// A level that a job may not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {}", file.display(), message.en)]
pub struct LevelError {
    /// The job file.
    pub file: PathBuf,
    /// The line, 1-based.
    pub line: usize,
    /// What is wrong, and which values are allowed.
    pub message: Message,
}

impl LevelError {
    /// What is wrong and where, in both languages.
    pub fn message(&self) -> Message {
        let place = format!("{}:{}", self.file.display(), self.line);
        let Message { zh, en } = &self.message;
        Message::new(format!("{place}: {zh}"), format!("{place}: {en}"))
    }
}

impl Levels {
    /// Takes the `[rules]` table of a job.
    ///
    /// # Errors
    /// [`LevelError`] for a name that no rule has, or a level below what the rule must have.
    pub fn of(job: &Job) -> Result<Levels, LevelError> {
        let mut levels = Levels::default();
        for (name, setting) in &job.rules {
            let fail = |message| LevelError { file: job.path.clone(), line: setting.line, message };
            let meta = known(name).map_err(fail)?;
            allowed(meta, setting).map_err(fail)?;
            levels.by_code.insert(meta.code, setting.level);
        }
        Ok(levels)
    }

    /// The level of a rule.
    pub fn level(&self, meta: &RuleMeta) -> Level {
        self.by_code.get(meta.code).copied().unwrap_or(meta.level)
    }
}

fn known(name: &str) -> Result<&'static RuleMeta, Message> {
    let metas = || CATALOGUE.iter().map(|rule| &rule.meta);
    metas().find(|meta| meta.name == name).ok_or_else(|| {
        let close = |meta: &&RuleMeta| strsim::jaro_winkler(meta.name, name);
        let nearest = metas().max_by(|a, b| close(a).total_cmp(&close(b)));
        let hint = metas().find(|meta| meta.code == name).or(nearest).map_or("", |m| m.name);
        Message::new(
            format!("[rules] 中没有名为 \"{name}\" 的规则；是否应为 \"{hint}\"？"),
            format!("no rule is named \"{name}\" in [rules]; did you mean \"{hint}\"?"),
        )
    })
}

fn allowed(meta: &RuleMeta, setting: &RuleSetting) -> Result<(), Message> {
    if setting.level >= meta.floor {
        return Ok(());
    }
    let (floor, code, name) = (meta.floor.name(), meta.code, meta.name);
    Err(Message::new(
        format!("规则 {name}（{code}）的数据无法入库，级别不能低于 {floor}"),
        format!("{name} ({code}) cannot go below {floor}: what it finds cannot be stored"),
    ))
}
