//! `orgsnap wecom archive pull`: what came since the last time.

use std::path::Path;

use chrono::SecondsFormat;
use clap::Args;
use orgsnap::config::job::Job;
use orgsnap::model::Message;
use orgsnap::report::formatting::grouped;
use orgsnap::wecom::archive::{PullSummary, UndecryptedWhy};

use crate::cli::alerting::Alerting;
use crate::cli::archive_pull::ArchivePull;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::import::load;
use crate::cli::{output, tenant};

/// Fetch the messages that came since the last time, decrypt them and store them
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job file, or a tenant whose job file is jobs/TENANT.toml
    #[arg(value_name = "TENANT|JOB")]
    tenant: String,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

/// Pulls.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let job = job_of(&arguments.tenant, environment)?;
    let alerting = Alerting::new(environment);
    alerting.watch(&job);
    let pull = ArchivePull { environment, job: &job, now: environment.now() };
    let pulled = pull.run(&|event| {
        alerting.report(&job, event);
    });
    alerting.finish();
    let summary = pulled?;
    let text = match arguments.json {
        true => format!("{}\n", serde_json::to_string_pretty(&document(&summary))?),
        false => format!("{}\n", environment.language.of(&done(&summary))),
    };
    output::print(&text)?;
    for problem in summary.problems() {
        output::warn(environment, &problem);
    }
    Ok(exit(&summary))
}

/// The exit code is about what this pull brought: a timer is to fail once, not for as long as messages of earlier pulls
/// wait. A missing key and lost messages are for whoever runs orgsnap; what the library did may be over at the next pull.
fn exit(summary: &PullSummary) -> Exit {
    let new = summary.undecrypted.iter().filter(|group| group.new > 0);
    let exits = new.map(|group| match group.why.lacks_key() {
        true => Exit::Usage,
        false => Exit::Unavailable,
    });
    let to_act = summary.gap.is_some() || summary.no_keys.is_some();
    exits.chain(to_act.then_some(Exit::Usage)).fold(Exit::Done, Exit::max)
}

/// The job of a pull, which holds the secret and the library.
fn job_of(tenant_or_job: &str, environment: &Environment) -> Result<Job, Failure> {
    if let Some(job) = tenant::job(tenant_or_job, environment)? {
        return Ok(job);
    }
    let path = tenant::usual_job(tenant_or_job);
    match path.is_file() {
        true => load(&path, environment),
        false => Err(no_job(tenant_or_job, &path)),
    }
}

fn no_job(tenant: &str, path: &Path) -> Failure {
    let path = path.display();
    Failure::usage(Message::new(
        format!(
            "没有 {path}；会话内容存档的 Secret 和 SDK 在任务文件中，请用任务文件代替 {tenant}"
        ),
        format!(
            "there is no {path}; the archive's secret and library stand in the job file: name it instead of {tenant}"
        ),
    ))
}

/// What a pull did, in a line.
pub(crate) fn done(summary: &PullSummary) -> Message {
    let PullSummary { stored, repeated, last_seq, .. } = summary;
    let (mut zh, mut en) = (
        format!("会话内容存档：新增 {} 条消息，已到序号 {last_seq}", grouped(*stored)),
        format!(
            "session archive: {} new {}, up to number {last_seq}",
            grouped(*stored),
            if *stored == 1 { "message" } else { "messages" }
        ),
    );
    let mut add = |count: u64, text: (&str, &str, &str)| {
        if count > 0 {
            zh.push_str(&format!("，{} {}", text.0, grouped(count)));
            let en_text = if count == 1 { text.1 } else { text.2 };
            en.push_str(&format!(", {} {en_text}", grouped(count)));
        }
    };
    add(*repeated, ("重复", "repeated", "repeated"));
    add(
        summary.other_text,
        ("msgid 相同而内容不同", "with an id stored before", "with ids stored before"),
    );
    add(
        summary.decrypted_later,
        ("补解密", "of earlier pulls decrypted now", "of earlier pulls decrypted now"),
    );
    add(summary.files, ("下载文件", "file fetched", "files fetched"));
    add(
        summary.files_failed,
        (
            "文件下载失败（下次重试）",
            "file failed and is tried again",
            "files failed and are tried again",
        ),
    );
    add(
        summary.files_lost,
        ("文件已过期", "file can no longer be fetched", "files can no longer be fetched"),
    );
    add(summary.kept_encrypted(), ("以密文保存", "kept encrypted", "kept encrypted"));
    add(summary.removed, ("按 keep 删除", "removed by keep", "removed by keep"));
    Message::new(zh, en)
}

fn document(summary: &PullSummary) -> serde_json::Value {
    let text =
        |moment: chrono::DateTime<chrono::Utc>| moment.to_rfc3339_opts(SecondsFormat::Millis, true);
    let gap = summary.gap.as_ref().map(|gap| {
        serde_json::json!({
            "from": text(gap.from),
            "to": text(gap.to),
            "seq_before": gap.seq_before,
            "seq_after": gap.seq_after,
        })
    });
    let undecrypted = summary.undecrypted.iter().map(|group| {
        let code = match group.why {
            UndecryptedWhy::Code(code) => Some(code),
            _ => None,
        };
        let Message { zh, en } = group.message();
        serde_json::json!({
            "count": group.count,
            "new": group.new,
            "key_version": group.key_version,
            "reason": group.why.name(),
            "code": code,
            "message": { "zh": zh, "en": en },
        })
    });
    serde_json::json!({
        "stored": summary.stored,
        "repeated": summary.repeated,
        "other_text": summary.other_text,
        "decrypted_later": summary.decrypted_later,
        "last_seq": summary.last_seq,
        "files": summary.files,
        "files_failed": summary.files_failed,
        "files_lost": summary.files_lost,
        "removed": summary.removed,
        "gap": gap,
        "has_keys": summary.no_keys.is_none(),
        "undecrypted": undecrypted.collect::<Vec<_>>(),
    })
}
