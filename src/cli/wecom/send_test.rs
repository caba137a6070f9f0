//! `orgsnap wecom send-test`: plays WeCom, to prove the way through proxy and firewall.

use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;

use clap::Args;
use orgsnap::config::job::{AgentId, Job, WecomApp};
use orgsnap::model::Message;
use orgsnap::wecom::account::account;
use orgsnap::wecom::probe::{self, Outcome, Probe, Verdict};
use serde::Serialize;

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::import::load;
use crate::cli::output;
use crate::cli::wecom::urls;

/// Send a signed and encrypted sample event to the configured URL, as WeCom would, and look it up in the data folder
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job file
    #[arg(value_name = "JOB")]
    job: PathBuf,
    /// Only this application: a number, chengyuan or kehu [default: all that receive callbacks]
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Instead of public_url, such as http://127.0.0.1:9300 to try without the proxy
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Trust the authorities in this PEM file instead of the public ones
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Print what happened as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document {
    agent_id: String,
    url: String,
    step: &'static str,
    verdict: &'static str,
    milliseconds: u64,
    message: Words,
}

#[derive(Serialize)]
struct Words {
    zh: String,
    en: String,
}

pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let job = load(&arguments.job, environment)?;
    let base = urls::base(&job, arguments.url.as_deref())?;
    let mut exit = Exit::Done;
    let mut documents = Vec::new();
    for app in chosen(&job, arguments.agent.as_deref())? {
        let url = urls::callback_url(&job, base, app.agent_id);
        let outcomes = match send(&job, app, &url, arguments, environment) {
            Ok(outcomes) => outcomes,
            Err(failure) => {
                // The other applications are tried all the same.
                output::complain(environment, &failure);
                exit = exit.max(failure.exit);
                continue;
            }
        };
        if !arguments.json {
            output::print(&drawn(app.agent_id, &url, &outcomes, environment))?;
        }
        for outcome in outcomes {
            exit = exit.max(exit_of(&outcome.verdict));
            let Message { zh, en } = outcome.message();
            documents.push(Document {
                agent_id: app.agent_id.to_string(),
                url: url.clone(),
                step: outcome.step.name(),
                verdict: outcome.verdict.name(),
                milliseconds: outcome.took.as_millis().try_into().unwrap_or(u64::MAX),
                message: Words { zh: zh.into_owned(), en: en.into_owned() },
            });
        }
    }
    if arguments.json {
        output::print(&format!("{}\n", serde_json::to_string_pretty(&documents)?))?;
    }
    Ok(exit)
}

fn exit_of(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Right => Exit::Done,
        verdict if verdict.is_worth_retrying() => Exit::Unavailable,
        _ => Exit::Usage,
    }
}

/// The applications to try.
fn chosen<'a>(job: &'a Job, agent: Option<&str>) -> Result<Vec<&'a WecomApp>, Failure> {
    let receiving: Vec<&WecomApp> =
        job.wecom.apps.iter().filter(|app| app.callback.is_some()).collect();
    let chosen: Vec<&WecomApp> = match agent {
        None => receiving.clone(),
        Some(text) => {
            let id = AgentId::parse(text);
            receiving.iter().filter(|app| Some(app.agent_id) == id).copied().collect()
        }
    };
    if chosen.is_empty() {
        let file = job.path.display();
        let known: Vec<String> = receiving.iter().map(|app| app.agent_id.to_string()).collect();
        return Err(Failure::usage(match (agent, known.is_empty()) {
            (Some(agent), false) => Message::new(
                format!("{file}: 应用 {agent} 不接收回调；接收回调的有 {}", known.join("、")),
                format!(
                    "{file}: {agent} receives no callbacks; those that do: {}",
                    known.join(", ")
                ),
            ),
            _ => Message::new(
                format!("{file}: 没有接收回调的 [[wecom_app]]；请先写上 token 和 aes_key"),
                format!(
                    "{file}: no [[wecom_app]] receives callbacks; give one a token and an aes_key first"
                ),
            ),
        }));
    }
    Ok(chosen)
}

fn send(
    job: &Job,
    app: &WecomApp,
    url: &str,
    arguments: &Arguments,
    environment: &Environment,
) -> Result<Vec<Outcome>, Failure> {
    // Chosen above for having them; a job file that has applications has a corp id.
    let (Some(secrets), Some(corp_id)) = (&app.callback, &job.wecom.corp_id) else {
        return Ok(Vec::new());
    };
    let account = account(corp_id, secrets)
        .map_err(|error| Failure::usage(error.message(&job.path, app.line)))?;
    let probe = Probe {
        url,
        credentials: &account.credentials,
        corp_id,
        now: environment.now(),
        noise: noise(),
    };
    let tenant_dir = environment.data.join(&job.tenant);
    probe::send(&probe, arguments.ca.as_deref(), &tenant_dir)
        .map_err(|error| Failure::usage(error.message()))
}

/// Sixteen bytes that no other run has. The standard library's hasher is seeded by the system; nothing here has to be
/// secret.
fn noise() -> [u8; 16] {
    let half = || RandomState::new().hash_one(std::process::id()).to_be_bytes();
    let mut noise = [0; 16];
    noise[..8].copy_from_slice(&half());
    noise[8..].copy_from_slice(&half());
    noise
}

fn drawn(agent: AgentId, url: &str, outcomes: &[Outcome], environment: &Environment) -> String {
    let language = environment.language;
    let mut text = format!("{agent}  {url}\n");
    for outcome in outcomes {
        let mark = match outcome.verdict {
            Verdict::Right => "ok",
            _ => language.choose("失败", "failed"),
        };
        text.push_str(&format!(
            "  {mark}  {}  {} ms  {}\n",
            language.of(&outcome.step.title()),
            outcome.took.as_millis(),
            language.of(&outcome.message())
        ));
    }
    text
}
