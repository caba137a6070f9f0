//! `orgsnap wecom archive-key`: the pairs of keys of the session archive.

use clap::{Args, Subcommand};
use orgsnap::model::Message;
use orgsnap::report::{Column, table};
use orgsnap::wecom::archive::{DATABASE, KeyFolder, KeyVersion, SessionStore};

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{output, tenant};

/// The pairs of keys of the session archive: make one, list them
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    New(NewArguments),
    List(ListArguments),
}

/// Make a pair of RSA-2048 keys of the next version: the private one is kept, the public one printed to be pasted
#[derive(Debug, Args)]
#[command(name = "new")]
struct NewArguments {
    /// A tenant or its job file
    #[arg(value_name = "TENANT|JOB")]
    tenant: String,
    /// The version that WeCom's page will show for it [default: the one after the newest here]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    key_version: Option<u32>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// List the pairs of keys, and how many messages were encrypted for each
#[derive(Debug, Args)]
#[command(name = "list")]
struct ListArguments {
    /// A tenant or its job file
    #[arg(value_name = "TENANT|JOB")]
    tenant: String,
    /// Print them, public keys and all, as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    match &arguments.verb {
        Verb::New(arguments) => make(arguments, environment),
        Verb::List(arguments) => list(arguments, environment),
    }
}

fn make(arguments: &NewArguments, environment: &Environment) -> Result<Exit, Failure> {
    let folder = tenant::folder(&arguments.tenant, environment)?;
    let made = KeyFolder::of(&folder).make(arguments.key_version, environment.now())?;
    let (version, path, pem) = (made.version, made.path.display(), &made.public_pem);
    let text = if arguments.json {
        let document = serde_json::json!({
            "version": version,
            "private_key_file": made.path,
            "public_key": pem,
        });
        format!("{}\n", serde_json::to_string_pretty(&document)?)
    } else {
        let message = Message::new(
            format!(
                "已生成版本 {version} 的密钥对，私钥保存在 {path}（仅当前用户可读，请备份，切勿外传）。\n\
                 请将下面的公钥整段粘贴到企业微信管理后台：管理工具 -> 会话内容存档 -> 消息加密公钥 -> 设置。\n\
                 保存后页面显示的版本号应为 {version}；如果不同，请将私钥文件改名为 <页面版本号>.pem。\n"
            ),
            format!(
                "made the pair of version {version}; its private key is in {path} (closed to others; back it up, and give it \
                 to nobody).\n\
                 Paste the whole public key below into WeCom's page: 管理工具 -> 会话内容存档 -> 消息加密公钥 -> 设置.\n\
                 The page must then show version {version}; if it shows another, rename the private key to \
                 <that version>.pem.\n"
            ),
        );
        format!("{}\n{pem}", environment.language.of(&message))
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

fn list(arguments: &ListArguments, environment: &Environment) -> Result<Exit, Failure> {
    let folder = tenant::folder(&arguments.tenant, environment)?;
    let keys = KeyFolder::of(&folder).list()?;
    let counts = match folder.join(DATABASE).exists() {
        true => SessionStore::open_existing(&folder)?.messages_by_key()?,
        false => Vec::new(),
    };
    let of_version = |version: u32| {
        let found = counts.iter().find(|(of, ..)| *of == Some(version));
        found.map_or((0, 0), |(_, decrypted, kept)| (*decrypted, *kept))
    };
    if arguments.json {
        let documents = keys.iter().map(|key| {
            let (messages, undecrypted) = of_version(key.version);
            serde_json::json!({
                "version": key.version,
                "bits": key.bits,
                "fingerprint": key.fingerprint,
                "private_key_file": key.path,
                "public_key": key.public_pem,
                "messages": messages,
                "undecrypted": undecrypted,
            })
        });
        let documents: Vec<_> = documents.collect();
        output::print(&format!("{}\n", serde_json::to_string_pretty(&documents)?))?;
    } else {
        output::print(&drawn(&keys, of_version, environment))?;
    }
    let missing = counts.iter().filter_map(|(version, _, undecrypted)| {
        let version = (*version)?;
        let known = keys.iter().any(|key| key.version == version);
        (!known && *undecrypted > 0).then_some((version, *undecrypted))
    });
    let mut exit = Exit::Done;
    for (version, undecrypted) in missing {
        let file = KeyFolder::of(&folder).file(version);
        output::warn(environment, &missing_key(version, undecrypted, &file));
        exit = Exit::Usage;
    }
    Ok(exit)
}

fn missing_key(version: u32, undecrypted: u64, file: &std::path::Path) -> Message {
    let file = file.display();
    Message::new(
        format!("缺少版本 {version} 的私钥，{undecrypted} 条消息等待解密；请放到 {file}"),
        format!(
            "the private key of version {version} is missing, and {undecrypted} messages wait for it: put it into {file}"
        ),
    )
}

fn drawn(
    keys: &[KeyVersion],
    of_version: impl Fn(u32) -> (u64, u64),
    environment: &Environment,
) -> String {
    let language = environment.language;
    if keys.is_empty() {
        let nothing = language.choose(
            "没有密钥；请执行 orgsnap wecom archive-key new\n",
            "no keys; make one with orgsnap wecom archive-key new\n",
        );
        return nothing.to_owned();
    }
    let header = language.choose(
        ["版本", "位数", "公钥 SHA-256", "已解密", "未解密"],
        ["version", "bits", "SHA-256 of the public key", "decrypted", "not decrypted"],
    );
    let columns = [Column::Number, Column::Number, Column::Text, Column::Number, Column::Number];
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            let (messages, undecrypted) = of_version(key.version);
            vec![
                key.version.to_string(),
                key.bits.to_string(),
                // Enough to compare; the JSON has all of it.
                key.fingerprint.chars().take(16).collect(),
                messages.to_string(),
                undecrypted.to_string(),
            ]
        })
        .collect();
    table(&columns, &header, &rows, 0, environment.width)
}
