//! The help of the command line: examples in both languages, and all of it in Chinese where that is the language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use clap::{Arg, ArgAction, Command};
use orgsnap::model::Language;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    global: BTreeMap<String, String>,
    values: BTreeMap<String, String>,
    verbs: BTreeMap<String, Verb>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verb {
    about: String,
    #[serde(default)]
    args: BTreeMap<String, String>,
    /// Command, Chinese and English words.
    examples: Vec<(String, String, String)>,
}

/// The table of texts; `None` if it is malformed, which a test excludes.
static TEXTS: LazyLock<Option<Texts>> =
    LazyLock::new(|| toml::from_str(include_str!("help.toml")).ok());

const EXIT_CODES_ZH: &str = "\
退出码：
  0   完成
  2   用法或配置错误、数据源拒绝访问，或数据目录不可用
  3   批次未通过校验，未发布；check：不可发布，或有错误
  4   数据源暂时不可用，或文件尚未到齐（可稍后重试）
  5   已有任务在运行
  70  内部错误";

/// The command line with its examples, in a language. Without a readable table (a bug that a test finds) it is returned
/// as it is.
pub(super) fn localized(command: Command, language: Language) -> Command {
    match &*TEXTS {
        Some(texts) => verb(command, texts, language, true),
        None => command,
    }
}

fn verb(mut command: Command, texts: &Texts, language: Language, root: bool) -> Command {
    if let Some(words) = texts.verbs.get(command.get_name()) {
        let mut after = examples(words, language);
        match (language, command.get_after_help().map(ToString::to_string)) {
            (Language::Chinese, _) if root => after = format!("{EXIT_CODES_ZH}\n\n{after}"),
            (Language::English, Some(own)) => after = format!("{own}\n\n{after}"),
            _ => {}
        }
        command = command.after_help(after);
        if language == Language::Chinese {
            command = in_chinese(command, words, texts);
        }
    }
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |inner| verb(inner, texts, language, false));
    }
    command
}

fn in_chinese(command: Command, words: &Verb, texts: &Texts) -> Command {
    let ids: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    let mut command = command.about(words.about.clone()).disable_help_flag(true).arg(
        Arg::new("help")
            .short('h')
            .long("help")
            .action(ArgAction::Help)
            .help(texts.global.get("help").cloned().unwrap_or_default()),
    );
    for id in ids {
        let text = words.args.get(&id).or_else(|| texts.global.get(&id)).cloned();
        if let Some(text) = text {
            command = command.mut_arg(id, |arg| arg.help(text));
        }
    }
    command
}

fn examples(words: &Verb, language: Language) -> String {
    let heading = language.choose("示例：", "Examples:");
    let width = words.examples.iter().map(|(line, ..)| line.len()).max().unwrap_or(0).min(60);
    let line = |(command, zh, en): &(String, String, String)| {
        format!("\n  {command:width$}  # {}", language.choose(zh, en))
    };
    format!("{heading}{}", words.examples.iter().map(line).collect::<String>())
}

/// A rendered help in Chinese: what clap itself writes is replaced.
pub(super) fn in_chinese_words(help: &str) -> String {
    let mut text = help.to_owned();
    for (en, zh) in [
        ("Usage: ", "用法："),
        ("Arguments:\n", "参数：\n"),
        ("Options:\n", "选项：\n"),
        ("Commands:\n", "命令：\n"),
        ("Possible values:", "可选值："),
        ("[possible values: ", "[可选值："),
        ("[default: ", "[默认："),
        ("[env: ", "[环境变量："),
        ("[OPTIONS]", "[选项]"),
        ("<COMMAND>", "<命令>"),
        ("Print version", "显示版本"),
    ] {
        text = text.replace(en, zh);
    }
    if let Some(texts) = &*TEXTS {
        let line = |line: &str| {
            // The words of a value stand behind its name and as many spaces as align them.
            let words = line.split_once(": ").map(|(_, words)| words.trim());
            match words.and_then(|en| Some((en, texts.values.get(en)?))) {
                Some((en, zh)) => line.replacen(en, zh, 1),
                None => line.to_owned(),
            }
        };
        text = text.split('\n').map(line).collect::<Vec<String>>().join("\n");
    }
    text
}

/// What of a command line has no help in Chinese or no example.
#[cfg(test)]
pub(super) fn lacking(command: &Command) -> Vec<String> {
    let texts = TEXTS.as_ref().expect("help.toml is well-formed");
    let global: Vec<String> = texts.global.keys().cloned().collect();
    let mut missing_texts = Vec::new();
    missing(command, texts, &global, &mut missing_texts);
    missing_texts
}

#[cfg(test)]
fn missing(command: &Command, texts: &Texts, global: &[String], missing_texts: &mut Vec<String>) {
    let name = command.get_name();
    let Some(words) = texts.verbs.get(name) else {
        missing_texts.push(name.to_owned());
        return;
    };
    if words.examples.is_empty() {
        missing_texts.push(format!("{name}: examples"));
    }
    for arg in command.get_arguments() {
        let id = arg.get_id().to_string();
        if !words.args.contains_key(&id) && !global.contains(&id) {
            missing_texts.push(format!("{name}: {id}"));
        }
    }
    for inner in command.get_subcommands() {
        missing(inner, texts, global, missing_texts);
    }
}
