//! `orgsnap wecom archive-key new`: a pair of keys of the next version.

use clap::Args;
use orgsnap::model::Message;
use orgsnap::wecom::archive::KeyFolder;

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{output, tenant};

/// Make a pair of RSA-2048 keys of the next version: the private one is kept, the public one printed to be pasted
#[derive(Debug, Args)]
pub(super) struct Arguments {
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

/// Makes the pair.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
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
