//! `orgsnap wecom rebuild`: the state made anew from the events.

use clap::Args;
use orgsnap::model::Message;
use orgsnap::report::formatting;
use orgsnap::wecom::store;

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{output, tenant};

/// Make the state tables of wecom.db anew from the callbacks, also while orgsnap serve runs
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A tenant or its job file
    #[arg(value_name = "TENANT|JOB")]
    tenant: String,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

/// Rebuilds.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let folder = tenant::folder(&arguments.tenant, environment)?;
    let done = store::rebuild(&folder)?;
    let text = if arguments.json {
        let document = serde_json::json!({
            "events": done.events,
            "reread": done.reread,
            "objects": done.objects,
            "removed": done.removed,
            "failed": done.failed,
        });
        format!("{}\n", serde_json::to_string_pretty(&document)?)
    } else {
        let language = environment.language;
        let events = |number| formatting::count(language, number, "个事件", "event", "events");
        let objects = formatting::count(language, done.objects, "个对象", "object", "objects");
        let removed = formatting::count(language, done.removed, "行", "row", "rows");
        let (all, reread) = (events(done.events), events(done.reread));
        language.choose(
            format!("已重放 {all}，重建 {objects}；{reread}的解析结果有变化，清除无依据的 {removed}\n"),
            format!(
                "replayed {all}, made {objects} anew; read otherwise than before: {reread}; removed, as no event \
                 tells of them: {removed}\n"
            ),
        )
    };
    output::print(&text)?;
    if done.failed > 0 {
        return Err(Failure::internal(Message::new(
            format!("{} 个对象无法重建，保持原样；请用 -v 查看日志并反馈给开发者", done.failed),
            format!(
                "{} objects could not be made anew and are as they were; see the log with -v and report this",
                done.failed
            ),
        )));
    }
    Ok(Exit::Done)
}
