//! A question to the person at the terminal, before something that is not easily undone.

use std::io::{self, BufRead as _, IsTerminal as _};

use orgsnap::model::{Message, system_reason};

use super::environment::Environment;
use super::failure::Failure;
use super::output;

/// Asks, and returns whether the answer is yes.
///
/// # Errors
/// If there is no terminal: `unasked` says what has to be confirmed then. If the answer cannot be read.
pub(super) fn is_given(
    question: &Message,
    unasked: Message,
    environment: &Environment,
) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(unasked));
    }
    output::print(&format!("{} [y/N] ", environment.language.of(question)))?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| {
        let Message { zh, en } = system_reason(&error);
        Failure::usage(Message::new(
            format!("无法读取输入：{zh}；可加 --yes 不提问"),
            format!("the answer cannot be read: {en}; with --yes nothing is asked"),
        ))
    })?;
    Ok(["y", "yes", "是"].contains(&line.trim().to_lowercase().as_str()))
}
