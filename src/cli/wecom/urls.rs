//! `orgsnap wecom urls`: the exact addresses to paste into WeCom's pages.

use std::path::PathBuf;

use clap::Args;
use orgsnap::config::job::{AgentId, Job};
use orgsnap::model::Message;
use orgsnap::wecom::address;
use orgsnap::wecom::login::address::Page;
use orgsnap::wecom::login::pages::Pages;
use orgsnap::wecom::store::Endpoint;
use serde::Serialize;

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::import::load;
use crate::cli::output;

/// Print the URLs to paste into WeCom's pages
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The job file
    #[arg(value_name = "JOB")]
    job: PathBuf,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    callbacks: Vec<Callback<'a>>,
    domain_verification: Vec<File<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<Login>,
}

#[derive(Serialize)]
struct Login {
    agent_id: String,
    /// To be set as trusted in the application; WeCom leads back to the first.
    trusted_domains: Vec<String>,
    /// A page's address follows, percent-encoded.
    login_url: String,
    me_url: String,
    js_sdk_url: String,
}

#[derive(Serialize)]
struct Callback<'a> {
    agent_id: String,
    endpoint: &'a str,
    url: String,
    /// Whether the job file has a token and a key, without which the application receives nothing.
    configured: bool,
}

#[derive(Serialize)]
struct File<'a> {
    url: String,
    content: &'a str,
}

pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let job = load(&arguments.job, environment)?;
    let base = base(&job, None)?;
    let document = document(&job, base);
    let text = if arguments.json {
        format!("{}\n", serde_json::to_string_pretty(&document)?)
    } else {
        drawn(&document, environment)
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

/// What the addresses begin with: what the command line says, else the job file.
///
/// # Errors
/// If neither says it.
pub(super) fn base<'a>(job: &'a Job, said: Option<&'a str>) -> Result<&'a str, Failure> {
    said.map(|base| base.trim_end_matches('/')).or(job.wecom.public_url.as_deref()).ok_or_else(
        || {
            let file = job.path.display();
            Failure::usage(Message::new(
                format!(
                    "{file}: 缺少 public_url；请写入企业微信访问的域名，如 public_url = \"https://wecom.example.com\""
                ),
                format!(
                    "{file}: there is no public_url; write what WeCom reaches the proxy by, such as public_url = \
                     \"https://wecom.example.com\""
                ),
            ))
        },
    )
}

/// The address of an application's callbacks. A job file that has applications has a corp id.
pub(super) fn callback_url(job: &Job, base: &str, agent: AgentId) -> String {
    let corp_id = job.wecom.corp_id.as_deref().unwrap_or_default();
    format!("{base}{}", address::path(corp_id, &job.tenant, agent))
}

fn document<'a>(job: &'a Job, base: &str) -> Document<'a> {
    let callbacks = job.wecom.apps.iter().map(|app| Callback {
        agent_id: app.agent_id.to_string(),
        endpoint: Endpoint::of(app.agent_id).name(),
        url: callback_url(job, base, app.agent_id),
        configured: app.callback.is_some(),
    });
    let files = job
        .wecom
        .domain_verification
        .iter()
        .map(|file| File { url: format!("{base}/{}", file.file), content: &file.content });
    let login = job.wecom.login.as_ref().map(|login| {
        let url = |page: Page| format!("{base}{}", page.path(&job.tenant));
        Login {
            agent_id: login.agent_id.to_string(),
            trusted_domains: Pages::new(base, &login.domains).domains().to_vec(),
            login_url: format!("{}?next=", url(Page::Login)),
            me_url: url(Page::Me),
            js_sdk_url: format!("{}?url=", url(Page::JsSdk)),
        }
    });
    Document { callbacks: callbacks.collect(), domain_verification: files.collect(), login }
}

/// One address a line, unbroken, so that it can be copied.
fn drawn(document: &Document<'_>, environment: &Environment) -> String {
    let language = environment.language;
    let mut lines = Vec::new();
    for callback in &document.callbacks {
        let what = match (callback.agent_id.as_str(), callback.configured) {
            (_, false) => language.choose(
                "任务文件中没有 token 和 aes_key：不接收回调，填写此 URL 会保存失败",
                "no token and aes_key in the job file: it receives no callbacks, and WeCom will not save this URL",
            ),
            ("chengyuan", true) => language.choose(
                "通讯录：管理工具 -> 通讯录同步 -> 设置接收事件服务器",
                "contacts: 管理工具 -> 通讯录同步 -> 设置接收事件服务器",
            ),
            ("kehu", true) => language.choose(
                "客户：客户联系 -> 设置接收事件服务器",
                "customers: 客户联系 -> 设置接收事件服务器",
            ),
            (_, true) => language.choose(
                "应用：应用管理 -> 该应用 -> 接收消息",
                "application: 应用管理 -> the application -> 接收消息",
            ),
        };
        lines.push(format!("{}  ({what})", callback.agent_id));
        lines.push(format!("  {}", callback.url));
    }
    for file in &document.domain_verification {
        let what = language.choose("域名归属验证", "verification of the domain");
        lines.push(format!("{what}  ({})", file.content));
        lines.push(format!("  {}", file.url));
    }
    if let Some(login) = &document.login {
        let domains = login.trusted_domains.iter();
        let said = domains.map(|domain| {
            (
                language.choose(
                    "可信域名：应用管理 -> 该应用 -> 网页授权及 JS-SDK",
                    "trusted domain: 应用管理 -> the application -> 网页授权及 JS-SDK",
                ),
                domain,
            )
        });
        let said = said.chain([
            (
                language.choose(
                    "登录：页面跳转到此，后接登录后要打开的地址（URL 编码）",
                    "login: pages lead here; the page to open after it follows, percent-encoded",
                ),
                &login.login_url,
            ),
            (language.choose("当前成员（JSON）", "who is logged in (JSON)"), &login.me_url),
            (
                language.choose(
                    "JS-SDK 签名（JSON），后接页面地址（URL 编码）",
                    "signature for the JS-SDK (JSON); the page's address follows, percent-encoded",
                ),
                &login.js_sdk_url,
            ),
        ]);
        for (what, text) in said {
            lines.push(format!("{}  ({what})", login.agent_id));
            lines.push(format!("  {text}"));
        }
    }
    if lines.is_empty() {
        lines.push(
            language
                .choose(
                    "任务文件中没有 [[wecom_app]] 和 [[domain_verification]]",
                    "the job file has neither [[wecom_app]] nor [[domain_verification]]",
                )
                .to_owned(),
        );
    } else {
        lines.push(String::new());
        lines.push(
            language
                .choose(
                    "先让 orgsnap serve 读取这份任务文件，再到企业微信保存 URL：顺序颠倒会保存失败。可先用 orgsnap wecom send-test 验证连通。",
                    "Let orgsnap serve take this job file up before the URL is saved in WeCom: the other way round saving \
                     fails. orgsnap wecom send-test tries the way first.",
                )
                .to_owned(),
        );
    }
    lines.join("\n") + "\n"
}
