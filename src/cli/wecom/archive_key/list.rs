//! `orgsnap wecom archive-key list`: the pairs of keys, and what was encrypted for each.

use std::path::Path;

use clap::Args;
use orgsnap::model::Message;
use orgsnap::report::{Column, table};
use orgsnap::wecom::archive::{DATABASE, KeyFolder, KeyList, SessionStore};

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
    let list = KeyFolder::of(&folder).list()?;
    let counts = match folder.join(DATABASE).exists() {
        true => SessionStore::open_existing(&folder)?.messages_by_key()?,
        false => Vec::new(),
    };
    let of_version = |version: u32| {
        let found = counts.iter().find(|(of, ..)| *of == Some(version));
        found.map_or((0, 0), |(_, decrypted, kept)| (*decrypted, *kept))
    };
    if arguments.json {
        let documents = documents(&list, of_version);
        output::print(&format!("{}\n", serde_json::to_string_pretty(&documents)?))?;
    } else {
        output::print(&drawn(&list, of_version, environment))?;
    }
    let missing = counts.iter().filter_map(|(version, _, undecrypted)| {
        let version = (*version)?;
        let known = list.keys.iter().any(|key| key.version == version);
        (!known && *undecrypted > 0).then_some((version, *undecrypted))
    });
    for key in &list.unreadable {
        output::warn(environment, &key.message());
    }
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
    let messages = match undecrypted {
        1 => "1 message waits".to_owned(),
        count => format!("{count} messages wait"),
    };
    Message::new(
        format!("缺少版本 {version} 的私钥，{undecrypted} 条消息等待解密；请放到 {file}"),
        format!(
            "the private key of version {version} is missing, and {messages} for it: put it into {file}"
        ),
    )
}

/// The pairs, and files that cannot be read, by version.
fn documents(list: &KeyList, of_version: impl Fn(u32) -> (u64, u64)) -> Vec<serde_json::Value> {
    let readable = list.keys.iter().map(|key| {
        let (messages, undecrypted) = of_version(key.version);
        let document = serde_json::json!({
            "version": key.version,
            "bits": key.bits,
            "fingerprint": key.fingerprint,
            "private_key_file": key.path,
            "public_key": key.public_pem,
            "unreadable": null,
            "messages": messages,
            "undecrypted": undecrypted,
        });
        (key.version, document)
    });
    let unreadable = list.unreadable.iter().map(|key| {
        let (messages, undecrypted) = of_version(key.version);
        let Message { zh, en } = key.fault.message();
        let document = serde_json::json!({
            "version": key.version,
            "bits": null,
            "fingerprint": null,
            "private_key_file": key.path,
            "public_key": null,
            "unreadable": { "zh": zh, "en": en },
            "messages": messages,
            "undecrypted": undecrypted,
        });
        (key.version, document)
    });
    let mut documents: Vec<_> = readable.chain(unreadable).collect();
    documents.sort_by_key(|(version, _)| *version);
    documents.into_iter().map(|(_, document)| document).collect()
}

fn drawn(
    list: &KeyList,
    of_version: impl Fn(u32) -> (u64, u64),
    environment: &Environment,
) -> String {
    let language = environment.language;
    if list.keys.is_empty() && list.unreadable.is_empty() {
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
    // Enough of the digest to compare; the JSON has all of it.
    let readable = list.keys.iter().map(|key| {
        let digest: String = key.fingerprint.chars().take(16).collect();
        (key.version, key.bits.to_string(), digest)
    });
    let unreadable = list.unreadable.iter().map(|key| {
        let word = language.choose("无法读取", "unreadable");
        (key.version, String::new(), word.to_owned())
    });
    let mut rows: Vec<_> = readable.chain(unreadable).collect();
    rows.sort_by_key(|(version, ..)| *version);
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(version, bits, digest)| {
            let (messages, undecrypted) = of_version(version);
            vec![version.to_string(), bits, digest, messages.to_string(), undecrypted.to_string()]
        })
        .collect();
    table(&columns, &header, &rows, 0, environment.width)
}
