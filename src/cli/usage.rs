//! Errors of the command line in Chinese. In English clap prints them.

use std::io::Write as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::argument::BadArgument;

/// Prints what is wrong, and the usage as clap has it.
pub(super) fn complain(error: &clap::Error) {
    let text = match words(error) {
        Some(words) => super::help::in_chinese_words(&format!(
            "错误：{words}{}\n\n更多说明请用 --help\n",
            rest(error)
        )),
        // Called with nothing: clap shows the help.
        None => super::help::in_chinese_words(&error.to_string()),
    };
    // There is nowhere left to tell that standard error cannot be written to.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn words(error: &clap::Error) -> Option<String> {
    let get = |kind| error.get(kind).map(said);
    let argument = get(ContextKind::InvalidArg).unwrap_or_default();
    let value = get(ContextKind::InvalidValue).unwrap_or_default();
    Some(match error.kind() {
        ErrorKind::InvalidSubcommand => {
            format!("没有命令 {}", get(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::UnknownArgument => format!("没有参数 {argument}"),
        ErrorKind::InvalidValue if value.is_empty() => format!("参数 {argument} 缺少取值"),
        ErrorKind::InvalidValue => format!("参数 {argument} 的值 {value} 无效"),
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(why).unwrap_or_default();
            format!("参数 {argument} 的值 {value} 无效{why}")
        }
        ErrorKind::MissingRequiredArgument => format!("缺少参数 {argument}"),
        ErrorKind::ArgumentConflict => {
            let other = get(ContextKind::PriorArg).unwrap_or_default();
            format!("参数 {argument} 不能与 {other} 同用")
        }
        ErrorKind::MissingSubcommand => "缺少命令".to_owned(),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return None,
        _ => format!("无法解析命令行：{}", error.kind()),
    })
}

/// Why a value is invalid, after a colon. What clap and the standard library say is left out where words are known.
fn why(source: &(dyn std::error::Error + 'static)) -> String {
    if let Some(BadArgument(message)) = source.downcast_ref() {
        return format!("：{}", message.zh);
    }
    let said = source.to_string();
    match said.as_str() {
        "invalid digit found in string"
        | "cannot parse integer from empty string"
        | "number too large to fit in target type"
        | "number too small to fit in target type" => "：应为不超出范围的整数".to_owned(),
        "invalid socket address syntax" => "：应为地址和端口，如 127.0.0.1:9300".to_owned(),
        _ => match said.split_once(" is not in ") {
            Some((_, range)) => format!("：应在 {range} 之内"),
            None => format!("（{said}）"),
        },
    }
}

/// What may be meant, what is possible, and the usage.
fn rest(error: &clap::Error) -> String {
    let mut text = String::new();
    let suggested =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    if let Some(meant) = suggested.into_iter().find_map(|kind| error.get(kind)) {
        text += &format!("；是否应为 {}？", said(meant));
    }
    let possible = error.get(ContextKind::ValidValue).map(said).filter(|values| !values.is_empty());
    if let Some(values) = possible {
        text += &format!("\n可用的值：{values}");
    }
    if let Some(usage) = error.get(ContextKind::Usage) {
        text += &format!("\n\n{}", said(usage).replacen("Usage: ", "用法：", 1));
    }
    text
}

fn said(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(several) => several.join("、"),
        other => other.to_string(),
    }
}
