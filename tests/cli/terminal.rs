//! What a terminal shows, what a log gets instead, and what happens when nobody can read it.

use std::{
    io::{Read as _, Write as _},
    process::{Command, Output, Stdio},
};

use orgsnap::sample::Defects;
use unicode_width::UnicodeWidthStr as _;

use super::{CommandOutput, Workspace, clean, orgsnap};

/// What a command shows in a terminal of so many columns; `None`, and a word why, without `script`.
fn shown(
    workspace: &Workspace,
    columns: usize,
    arguments: &str,
    variables: &[(&str, &str)],
) -> Option<String> {
    let inner = format!("stty rows 40 cols {columns}; {} {arguments}", orgsnap().display());
    let mut command = in_terminal(workspace, &inner);
    answered(command.envs(variables.iter().copied()).output()).map(|output| output.out)
}

/// The same where somebody types `keys`, and then the end of input.
pub(super) fn typed(workspace: &Workspace, arguments: &str, keys: &str) -> Option<CommandOutput> {
    let mut command = in_terminal(workspace, &format!("{} {arguments}", orgsnap().display()));
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    answered(child.and_then(|mut child| {
        child.stdin.take().unwrap().write_all(keys.as_bytes()).unwrap();
        child.wait_with_output()
    }))
}

fn in_terminal(workspace: &Workspace, inner: &str) -> Command {
    let mut command = clean("script", workspace.folder.path());
    command.args(["-qec", inner, "/dev/null"]).env("TERM", "xterm");
    command
}

fn answered(output: std::io::Result<Output>) -> Option<CommandOutput> {
    match output {
        Ok(output) => {
            let output = super::output(output);
            Some(CommandOutput { out: output.out.replace('\r', ""), ..output })
        }
        Err(error) => {
            eprintln!("skipped: what a terminal shows, because there is no script ({error})");
            None
        }
    }
}

/// The text without what colours it and what moves the cursor.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => drop(rest.by_ref().find(char::is_ascii_alphabetic)),
            c => out.push(c),
        }
    }
    out
}

#[test]
fn terminal_output_has_colour_and_fits_the_width() {
    let workspace = Workspace::new();
    workspace.deliver(22, 2_000, Defects::All);
    for (columns, language) in [(80, "zh"), (80, "en"), (120, "zh"), (120, "en")] {
        let check = format!("check in/20241122 --lang {language}");
        let Some(text) = shown(&workspace, columns, &check, &[]) else { return };
        assert!(text.contains("\u{1b}[1m"), "{text}");
        let text = plain(&text);
        assert!(!text.contains("RESULT "), "that line is for logs: {text}");
        // Every frame of the progress stands on one line of this text; the report begins behind the last.
        let report = text.split_once("check  ").unwrap().1;
        for line in report.lines() {
            assert!(line.width() <= columns, "{} columns: {line}", line.width());
        }
        // What the progress draws is ASCII, and gone in the end.
        assert!(!text.contains('\u{2591}'), "{text}");
    }
}

#[test]
fn no_colour_is_written_with_no_color_or_without_a_terminal() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    let check = "check in/20241122 2>/dev/null";
    for (arguments, variables, coloured) in [
        (check.to_owned(), vec![], true),
        (check.to_owned(), vec![("NO_COLOR", "1")], false),
        (check.to_owned(), vec![("NO_COLOR", "")], true),
        (check.to_owned(), vec![("TERM", "dumb")], false),
        (format!("--no-color {check}"), vec![], false),
    ] {
        let Some(text) = shown(&workspace, 100, &arguments, &variables) else { return };
        assert!(text.contains("可发布"), "{text}");
        assert_eq!(text.contains('\u{1b}'), coloured, "{arguments} {variables:?}: {text:?}");
    }
}

#[test]
fn output_to_a_log_has_a_line_per_stage_and_a_result() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    let output = workspace.run(&["import", "job.toml", "--date", "2024-11-22", "--lang", "en"]);
    let stages: Vec<&str> = output.err.lines().collect();
    assert_eq!(stages.len(), 4, "{output:?}");
    for (line, stage) in stages.iter().zip(["fetch", "parse", "check", "publish"]) {
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{line}");
        assert_eq!(rest, format!("t {stage}"));
    }
    assert!(!output.out.contains('\u{1b}') && !output.err.contains('\u{1b}'), "{output:?}");
    let result = output.out.lines().last().unwrap();
    assert!(result.starts_with("RESULT published exit=0 run=20"), "{result}");
    assert!(result.ends_with(" database=data/t/org.db"), "{result}");
}

#[test]
fn a_full_standard_output_is_an_error_and_a_closed_pipe_is_not() {
    let workspace = Workspace::new();
    workspace.deliver(22, 300, Defects::None);
    let full = || Stdio::from(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    for arguments in [&["rules"][..], &["import", "job.toml", "--date", "2024-11-22"]] {
        let output = workspace.command(arguments).stdout(full()).output().unwrap();
        let output = super::output(output);
        assert_eq!(output.code, Some(2), "{arguments:?}: {output:?}");
        assert!(output.err.contains("无法写到标准输出：磁盘已满"), "{output:?}");
    }
    // The report could not be shown; what it told of stands all the same.
    assert!(workspace.run(&["runs", "t"]).out.contains("已发布"));
    for arguments in [&["rules"][..], &["import", "job.toml", "--date", "2024-11-22"]] {
        let mut child = workspace
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut complaints = String::new();
        child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}: {complaints}");
        assert!(!complaints.contains("panic"), "{complaints}");
    }
}
