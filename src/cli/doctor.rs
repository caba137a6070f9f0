//! `orgsnap doctor`: the onboarding document as a checklist, step by step.

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};

use chrono::{Local, Offset as _};
use clap::Args;
use orgsnap::config::job;
use orgsnap::disk::{PRIVATE_FILE, replace_file};
use orgsnap::doctor::{self, Checklist, Neighbourhood, State, Surroundings, render};
use orgsnap::model::{Cancel, Message};
use orgsnap::tls::Certificates;

use super::destination::check_outside_data;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::output;

/// Walk the onboarding checklist: what is done, what is not, who does what next. Nothing is changed
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job files [default: the machine alone]
    #[arg(value_name = "JOB")]
    jobs: Vec<PathBuf>,
    /// Print it as JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print it as Markdown, a checklist to forward
    #[arg(long)]
    markdown: bool,
    /// Also write it as a page for a browser to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Trust the authorities in this PEM file at public_url instead of the public ones
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Send a test alert on each channel
    #[arg(long, requires = "jobs")]
    send_test_alert: bool,
}

/// Walks it.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    if let Some(file) = &arguments.html {
        check_outside_data(file, environment)?;
        check_is_page(file)?;
    }
    if let Some(file) = &arguments.ca {
        Certificates::of_file(file).map_err(|error| Failure::usage(error.message()))?;
    }
    let clock = || environment.now();
    // A program that reads JSON reads both streams at times.
    let tells_wait = |part: &Message| {
        if !arguments.json {
            output::note(
                environment,
                &Message::new(
                    format!("正在检查 {}……", part.zh),
                    format!("looking at {} ...", part.en),
                ),
            );
        }
    };
    let cancel = Cancel::new();
    let (reader, variables) = (environment.archive_reader(), environment.archive_variables());
    let around = Surroundings {
        data: &environment.data,
        now: environment.now(),
        clock: &clock,
        offset: Local::now().offset().fix(),
        authorities: arguments.ca.as_deref(),
        noise: noise(),
        sends_test_alert: arguments.send_test_alert,
        archive_reader: &reader,
        archive_variables: &variables,
        tells_wait: &tells_wait,
        cancel: &cancel,
    };
    let mut checklists: Vec<Checklist> = Vec::new();
    if arguments.jobs.is_empty() {
        checklists.push(doctor::machine(&around));
    }
    let neighbourhood = Neighbourhood::of(&arguments.jobs, &Environment::variable);
    for path in &arguments.jobs {
        checklists.push(match job::load(path, &Environment::variable) {
            Ok(job) => {
                let neighbours = neighbourhood.of_job(&job);
                doctor::job(&job, &neighbours, &around).map_err(Failure::usage)?
            }
            Err(error) => doctor::broken_job(path, &error),
        });
    }
    let language = environment.language;
    if let Some(file) = &arguments.html {
        let page = render::html::render(&checklists, language).map_err(|error| {
            Failure::internal(Message::new(
                format!("无法生成页面：{error}；请反馈给开发者"),
                format!("the page could not be made: {error}; please report this"),
            ))
        })?;
        replace_file(file, page.as_bytes(), PRIVATE_FILE)
            .map_err(|error| Failure::usage(output::cannot_write(file, &error)))?;
    }
    let text = if arguments.json {
        render::json::render(&checklists, around.now)?
    } else if arguments.markdown {
        render::markdown::render(&checklists, language)
    } else {
        let one = |list| render::terminal::render(list, language, environment.width);
        checklists.iter().map(one).collect::<Vec<_>>().join("\n")
    };
    output::print(&text)?;
    let failed = checklists.iter().any(|list| list.count(State::Failed) > 0);
    Ok(if failed { Exit::Refused } else { Exit::Done })
}

/// Refuses to write over what is no page, such as a job file.
fn check_is_page(file: &Path) -> Result<(), Failure> {
    const BEGINNING: &[u8] = b"<!doctype html>";
    let is_other = std::fs::read(file).is_ok_and(|content| {
        let beginning = content.get(..BEGINNING.len()).unwrap_or(&content);
        !content.is_empty() && !beginning.eq_ignore_ascii_case(BEGINNING)
    });
    if !is_other {
        return Ok(());
    }
    let file = file.display();
    Err(Failure::usage(Message::new(
        format!("{file} 已存在且不是网页，未作改动；请换一个文件名"),
        format!("{file} is there and is no page, so it was left as it is; name another file"),
    )))
}

/// Sixteen bytes that no other look has; nothing here has to be secret.
fn noise() -> [u8; 16] {
    let half = || RandomState::new().hash_one(std::process::id()).to_be_bytes();
    let mut noise = [0; 16];
    noise[..8].copy_from_slice(&half());
    noise[8..].copy_from_slice(&half());
    noise
}
