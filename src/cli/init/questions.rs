//! Questions to the person at the terminal, where the files alone do not decide.

use std::io::{self, BufRead as _, IsTerminal as _};

use orgsnap::model::{Message, system_reason};
use orgsnap::propose::{Change, Proposal};

use crate::cli::environment::Environment;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Asks what has an answer that is a setting. An empty answer leaves the question in the file.
pub(super) fn ask(proposal: &mut Proposal, environment: &Environment) -> Result<(), Failure> {
    let language = environment.language;
    if !io::stdin().is_terminal() {
        return Ok(());
    }
    let mut at = 0;
    while let Some(question) = proposal.questions.get(at) {
        if question.choices.is_empty() {
            at += 1;
            continue;
        }
        let mut text = format!("{}\n", language.of(&question.text));
        for (number, choice) in question.choices.iter().enumerate() {
            text.push_str(&format!("  {}) {}\n", number + 1, Change::together(choice)));
        }
        let numbers = question.choices.len();
        text.push_str(&language.choose(
            format!("选择 1 到 {numbers}，回车表示暂不决定："),
            format!("1 to {numbers}, or Enter to leave it open: "),
        ));
        output::print(&text)?;
        match answer()?.and_then(|text| text.trim().parse::<usize>().ok()) {
            Some(number) if (1..=numbers).contains(&number) => proposal.accept(at, number - 1),
            _ => at += 1,
        }
    }
    Ok(())
}

/// A line from the terminal; `None` at its end.
fn answer() -> Result<Option<String>, Failure> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line).map_err(|error| {
        let Message { zh, en } = system_reason(&error);
        Failure::usage(Message::new(
            format!("无法读取输入：{zh}；可加 --yes 不提问"),
            format!("the answer cannot be read: {en}; with --yes nothing is asked"),
        ))
    })?;
    Ok((read > 0).then_some(line))
}
