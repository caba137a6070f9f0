//! An alert as a WeCom group reads it.
//!
//! The robot's `markdown` knows headings, bold, links, inline code, quotes and three colours (`info` green,
//! `comment` grey, `warning` orange-red); no lists, no tables
//! (<https://developer.work.weixin.qq.com/document/path/91770>).

use chrono::DateTime;

use crate::model::Language;
use crate::report::formatting;

use super::AlertKind;
use super::document::{Alert, RuleCount};

/// The longest text that the robot takes, in bytes of UTF-8 (same source).
const MAX_BYTES: usize = 4096;
/// Number of rules that are named; the report has them all.
const RULES: usize = 8;

/// The message of an alert, at most 4096 bytes long and cut at a line end.
pub fn markdown(alert: &Alert, language: Language) -> String {
    let mut lines = vec![heading(alert, language)];
    lines.extend(facts(alert, language).into_iter().map(|line| format!("> {line}")));
    if !alert.reasons.is_empty() {
        lines.push(String::new());
        let heading = match alert.kind {
            AlertKind::Members => language.choose("新的差异", "New differences"),
            _ => language.choose("原因", "Why"),
        };
        lines.push(format!("**{heading}**"));
        lines.extend(alert.reasons.iter().map(|reason| tame(reason.of(language))));
    }
    if !alert.causes.is_empty() {
        lines.push(String::new());
        lines.push(format!(
            "**{}**",
            language.choose("问题的主要原因", "What explains the findings")
        ));
        for (at, cause) in alert.causes.iter().enumerate() {
            lines.push(format!("{}. {}", at + 1, tame(cause.what.of(language))));
            lines.push(grey(&tame(cause.action.of(language))));
        }
        let more = alert.all_causes.saturating_sub(alert.causes.len() as u64);
        if more > 0 {
            lines.push(grey(&match language {
                Language::Chinese => format!("另有 {more} 个原因，见报告"),
                Language::English => format!("{more} more causes, see the report"),
            }));
        }
    }
    if !alert.findings.is_empty() {
        lines.push(String::new());
        lines.push(format!("**{}**", language.choose("主要问题", "Top findings")));
        let shown = &alert.findings[..alert.findings.len().min(RULES)];
        lines.extend(shown.iter().map(|rule| finding(rule, language)));
        let more = alert.rules_fired.saturating_sub(shown.len() as u64);
        if more > 0 {
            let text = match language {
                Language::Chinese => format!("另有 {more} 条规则报出问题，见报告"),
                Language::English => format!("{more} more rules fired, see the report"),
            };
            lines.push(grey(&text));
        }
    }
    if let Some(step) = next_step(alert, language) {
        lines.push(String::new());
        lines.push(step.to_owned());
    }
    cut(&lines, language)
}

fn heading(alert: &Alert, language: Language) -> String {
    let colour = match alert.kind {
        AlertKind::Recovered | AlertKind::Test => "info",
        AlertKind::Refused | AlertKind::Failed | AlertKind::Late | AlertKind::Members => "warning",
    };
    format!("### <font color=\"{colour}\">{}</font>", tame(alert.title.of(language)))
}

/// What stands right below the heading, and is therefore never cut: first of all, where the report lies.
fn facts(alert: &Alert, language: Language) -> Vec<String> {
    let zh = language == Language::Chinese;
    let mut facts = Vec::new();
    if let Some(report) = &alert.report {
        facts.push(format!("{}`{}`", language.choose("报告 ", "report "), tame(report)));
    }
    match (&alert.snapshot_date, alert.kind) {
        (Some(date), AlertKind::Refused) if zh => facts.push(format!("当前快照仍为 {date}")),
        (Some(date), AlertKind::Refused) => {
            facts.push(format!("the snapshot in use is still that of {date}"));
        }
        (None, AlertKind::Refused) => {
            facts.push(language.choose("尚未发布任何快照", "there is no snapshot yet").to_owned());
        }
        _ => {}
    }
    if let (Some(rows), Some(quarantined)) = (alert.rows, alert.quarantined) {
        let (rows, quarantined) = (formatting::grouped(rows), formatting::grouped(quarantined));
        facts.push(match language {
            Language::Chinese => format!("接收 {rows} 行，隔离 {quarantined} 行"),
            Language::English => format!("{rows} rows accepted, {quarantined} lines quarantined"),
        });
    }
    if let Some(waiting) = &alert.waiting {
        let since = clock(&waiting.since);
        let until = waiting.until.as_deref().map(clock);
        facts.push(match (language, until) {
            (Language::Chinese, Some(until)) if in_vain(alert) => {
                format!("从 {since} 等待到 {until}，文件仍未到")
            }
            (Language::English, Some(until)) if in_vain(alert) => {
                format!("waited for from {since} to {until} in vain")
            }
            (Language::Chinese, Some(until)) => format!("自 {since} 起等待，最晚等到 {until}"),
            (Language::Chinese, None) => format!("{since} 时尚未到"),
            (Language::English, Some(until)) => format!("waited for since {since}, until {until}"),
            (Language::English, None) => format!("not there at {since}"),
        });
    }
    for ended in &alert.ended {
        let what = words_of(ended.kind, language);
        facts.push(match language {
            Language::Chinese => format!("{} 的异常已解除：{what}", ended.business_date),
            Language::English => format!("over: {what} of {}", ended.business_date),
        });
    }
    if let Some(run) = &alert.run {
        facts.push(format!("{}{run}", language.choose("运行 ", "run ")));
    }
    facts
}

/// Whether files were waited for, and the wait is over.
fn in_vain(alert: &Alert) -> bool {
    let instant = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    let until = alert.waiting.as_ref().and_then(|waiting| instant(waiting.until.as_deref()?));
    until.zip(instant(&alert.at)).is_some_and(|(until, at)| until <= at)
}

/// An instant as people read it where it is said: `11-24 02:30`.
fn clock(instant: &str) -> String {
    match DateTime::parse_from_rfc3339(instant) {
        Ok(at) => at.format("%m-%d %H:%M").to_string(),
        Err(_) => tame(instant),
    }
}

fn words_of(kind: AlertKind, language: Language) -> &'static str {
    match kind {
        AlertKind::Refused => language.choose("未发布", "refused"),
        AlertKind::Failed => language.choose("运行未完成", "failed"),
        AlertKind::Late => language.choose("文件未到", "late"),
        AlertKind::Recovered => language.choose("已恢复", "recovered"),
        AlertKind::Members => language.choose("成员差异", "members"),
        AlertKind::Test => language.choose("测试", "test"),
    }
}

fn finding(rule: &RuleCount, language: Language) -> String {
    let count = formatting::count(language, rule.count, "处", "finding", "findings");
    let colour = match rule.level.as_str() {
        "fatal" | "error" => "warning",
        _ => "comment",
    };
    format!(
        "`{}` {} <font color=\"{colour}\">{count}</font>",
        rule.code,
        tame(rule.summary.of(language))
    )
}

fn next_step(alert: &Alert, language: Language) -> Option<&'static str> {
    match (alert.kind, alert.cause.as_deref()) {
        (AlertKind::Refused, _) => Some(language.choose(
            "下一步：请将报告转交提供方，更正后重新导出",
            "Next: forward the report to the provider for a corrected export",
        )),
        (AlertKind::Failed, Some("source")) => Some(language.choose(
            "下一步：请与提供方核对服务器、网络和账号",
            "Next: check server, network and account with the provider",
        )),
        (AlertKind::Late, _) if in_vain(alert) => Some(language.choose(
            "下一步：请向提供方确认今日导出是否正常；文件到达后请执行 orgsnap import",
            "Next: ask the provider about today's export; once it is there, run orgsnap import",
        )),
        (AlertKind::Late, _) => Some(language.choose(
            "下一步：请向提供方确认今日导出是否正常；下一次运行会重新获取",
            "Next: ask the provider about today's export; the next run looks for it again",
        )),
        (AlertKind::Members, _) => Some(language.choose(
            "下一步：用 orgsnap wecom reconcile 任务文件 --last --xlsx 文件 导出清单，请保险公司逐项处理",
            "Next: orgsnap wecom reconcile JOB --last --xlsx FILE writes the list for the insurer to go through",
        )),
        _ => None,
    }
}

fn grey(text: &str) -> String {
    format!("<font color=\"comment\">{text}</font>")
}

/// Removes from a text what the robot would read as markup. It may hold what a server or a file name says,
/// which must neither mention people nor contain links or colours.
fn tame(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '<' => '＜',
            '>' => '＞',
            '[' => '［',
            ']' => '］',
            '`' => '\'',
            '*' => '＊',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

/// Joins as many lines as fit.
fn cut(lines: &[String], language: Language) -> String {
    let note = grey(language.choose("（以下省略，详见报告）", "(more in the report)"));
    let mut text = String::new();
    let all: usize = lines.iter().map(|line| line.len() + 1).sum();
    let limit = if all <= MAX_BYTES + 1 { MAX_BYTES + 1 } else { MAX_BYTES - note.len() };
    for line in lines {
        if text.len() + line.len() + 1 > limit {
            text.push_str(&note);
            return text;
        }
        text.push_str(line);
        text.push('\n');
    }
    text.pop();
    text
}
