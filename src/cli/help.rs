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
    /// What the exit codes mean for this verb, in Chinese and English, where they mean more than for all.
    #[serde(default)]
    exits: Vec<(u8, String, String)>,
}

/// The table of texts; `None` if it is malformed, which a test excludes.
static TEXTS: LazyLock<Option<Texts>> =
    LazyLock::new(|| toml::from_str(include_str!("help.toml")).ok());

const EXIT_CODES_ZH: &str = "\
退出码：
  0   完成
  2   用法或配置错误、数据源拒绝访问，或数据目录不可用
  3   批次未通过校验，未发布；check：不可发布，或有错误；doctor：有步骤失败；
      wecom reconcile：成员列表变短或可见范围变小
  4   数据源暂时不可用，或文件尚未到齐（可稍后重试）
  5   已有任务在运行，或已由其他进程接手
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
        if !words.exits.is_empty() {
            after = format!("{}\n\n{after}", exits(words, language));
        }
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

fn exits(words: &Verb, language: Language) -> String {
    let heading = language.choose("退出码：", "Exit codes:");
    let line = |(code, zh, en): &(u8, String, String)| {
        format!("\n  {code:<2}  {}", language.choose(zh, en))
    };
    format!("{heading}{}", words.exits.iter().map(line).collect::<String>())
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
        text = with_values(&text, &texts.values);
    }
    text
}

/// A help with the words of its values, by the English ones: they stand behind a name and as many spaces as align them, and
/// long ones run over several lines.
fn with_values(help: &str, values: &BTreeMap<String, String>) -> String {
    let lines: Vec<&str> = help.split('\n').collect();
    let (mut shown, mut at) = (Vec::new(), 0);
    while let Some(line) = lines.get(at) {
        let (name, words) = line.split_once(": ").unwrap_or((line, ""));
        let (mut said, mut taken) = (words.trim().to_owned(), 1);
        let begins = |said: &str| !said.is_empty() && values.keys().any(|en| en.starts_with(said));
        while begins(&said) && !values.contains_key(&said) {
            let Some(next) = lines.get(at + taken) else { break };
            said = format!("{said} {}", next.trim());
            taken += 1;
        }
        match values.get(&said) {
            Some(zh) => {
                let gap = words.len() - words.trim_start().len();
                shown.push(format!("{name}: {}{zh}", " ".repeat(gap)));
                at += taken;
            }
            None => {
                shown.push((*line).to_owned());
                at += 1;
            }
        }
    }
    shown.join("\n")
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
