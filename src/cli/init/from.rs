//! `orgsnap init --from`: a job from a sample delivery, and what is left when it is checked with that job.

use std::io;
use std::path::Path;

use chrono::NaiveDate;
use orgsnap::fetch::FetchError;
use orgsnap::model::Message;
use orgsnap::pipeline::{self, RunError};
use orgsnap::propose::{Change, Proposal, Setting};

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{check, output, progress};

use super::questions;
use super::template::{failure, schema_lines, text, write};

/// Looks at the files, writes the job with this table `[source]`, and checks the files with it. `is_silent` means that nothing is asked.
pub(super) fn run(
    folder: &Path,
    path: &Path,
    source: &str,
    is_silent: bool,
    environment: &Environment,
) -> Result<Exit, Failure> {
    if path.exists() {
        return Err(failure(path, &io::Error::from(io::ErrorKind::AlreadyExists)));
    }
    let shown = progress::shown(environment, "init");
    let proposal = pipeline::propose(folder, environment.now(), shown.as_ref());
    drop(shown);
    let mut proposal = proposal.map_err(|error| match error {
        RunError::Fetch(FetchError::NothingThere { near, .. }) => no_sample(folder, &near),
        error => error.into(),
    })?;
    if !is_silent && environment.on_terminal {
        questions::ask(&mut proposal, environment)?;
    }
    // Behind the template of the source, so that it stands in the same table.
    let files = proposal.files_line().map(|line| format!("{line}\n")).unwrap_or_default();
    let job = text(source, path, &format!("{files}{}", proposal.toml()));
    let content = format!("{}{job}", schema_lines(path));
    write(path, &content).map_err(|error| failure(path, &error))?;
    output::print(&summary(&proposal, path, environment))?;
    let exit = check::run(&check::Arguments::of(folder, path, proposal.date), environment)?;
    output::print(&next(folder, path, proposal.date, environment))?;
    Ok(exit)
}

/// A folder in which no file is one of the sample.
fn no_sample(folder: &Path, there: &[String]) -> Failure {
    let shown = folder.display();
    Failure::usage(if !folder.is_dir() {
        Message::new(
            format!("目录 {shown} 不存在；请用 --from 指定存放样本文件的目录"),
            format!(
                "there is no folder {shown}; name the one that holds the sample files with --from"
            ),
        )
    } else if there.is_empty() {
        Message::new(
            format!("目录 {shown} 是空的；请先放入样本文件"),
            format!("the folder {shown} is empty; put the sample files into it first"),
        )
    } else {
        let there = there.join(", ");
        Message::new(
            format!(
                "{shown} 中的文件（{there}）从名称和内容都看不出是哪个数据文件；请把样本改为约定的文件名后重试"
            ),
            format!(
                "neither names nor content tell which of the files in {shown} ({there}) is which; give the sample files the \
                 names of the contract and try again"
            ),
        )
    })
}

fn summary(proposal: &Proposal, path: &Path, environment: &Environment) -> String {
    let language = environment.language;
    // Several words of one question are one setting.
    let settings: Vec<&[Setting]> =
        proposal.settings.chunk_by(|one, next| one.evidence == next.evidence).collect();
    let (found, questions) = (settings.len(), proposal.questions.len());
    let path = path.display();
    let mut text = language.choose(
        format!("已写入 {path}：确定 {found} 项设置，待确认 {questions} 项\n"),
        format!("written to {path}: {found} setting(s) found, {questions} question(s) open\n"),
    );
    for settings in settings {
        let changes: Vec<Change> = settings.iter().map(|setting| setting.change.clone()).collect();
        let evidence = language.of(&settings[0].evidence);
        text.push_str(&format!("  {}\n      {evidence}\n", Change::together(&changes)));
    }
    for question in &proposal.questions {
        text.push_str(&format!("  ? {}\n", language.of(&question.text)));
    }
    let heading = Message::fixed("据此校验样本：", "the sample checked with it:");
    text.push_str(&format!("\n{}\n\n", language.of(&heading)));
    text
}

fn next(folder: &Path, path: &Path, date: Option<NaiveDate>, environment: &Environment) -> String {
    let date = date.map(|date| format!(" --date {date}")).unwrap_or_default();
    let (folder, path) = (folder.display(), path.display());
    environment.language.choose(
        format!(
            "\n下一步  填写 {path} 中的租户和数据源，处理其中的“待确认”，然后导入样本：\n  orgsnap import {path} --from {folder}{date}\n"
        ),
        format!(
            "\nnext  fill in tenant and source in {path}, settle what it says is to be decided, then import the sample:\n  \
             orgsnap import {path} --from {folder}{date}\n"
        ),
    )
}
