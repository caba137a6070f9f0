//! `orgsnap wecom archive-key list`: the pairs of keys, and what was encrypted for each.

use std::path::Path;

use clap::Args;
use orgsnap::model::Message;
use orgsnap::report::{Column, table};
use orgsnap::wecom::archive::{DATABASE, KeyFolder, KeyVersion, SessionStore};

use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{output, tenant};

/// List the pairs of keys, and how many messages were encrypted for each
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A tenant or its job file
    #[arg(value_name = "TENANT|JOB")]
    tenant: String,
    /// Print them, public keys and all, as JSON
    #[arg(long)]
    json: bool,
}

/// Lists them.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
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

fn missing_key(version: u32, undecrypted: u64, file: &Path) -> Message {
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
