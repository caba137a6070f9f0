//! Questions to the person at the terminal, where the files alone do not decide.

use std::io::{self, BufRead as _, IsTerminal as _};

use orgsnap::model::{Message, system_reason};
use orgsnap::propose::{Change, Proposal};

use crate::cli::environment::Environment;
use crate::cli::failure::Failure;
use crate::cli::output;

/// How often an answer that is none is asked for again.
const TRIES: usize = 3;

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
        match choice(numbers, answer, |text| output::print(language.of(text)))? {
            Some(number) => proposal.accept(at, number - 1),
            None => at += 1,
        }
    }
    Ok(())
}

/// The number that is answered, of so many; `None` if the question is left open: by an empty answer, or by several that
/// are no such number.
fn choice(
    numbers: usize,
    mut answer: impl FnMut() -> Result<Option<String>, Failure>,
    mut tell: impl FnMut(&Message) -> Result<(), Failure>,
) -> Result<Option<usize>, Failure> {
    for tries in 1..=TRIES {
        let Some(text) = answer()? else { return Ok(None) };
        let text = text.trim();
        match text.parse::<usize>() {
            _ if text.is_empty() => return Ok(None),
            Ok(number) if (1..=numbers).contains(&number) => return Ok(Some(number)),
            _ if tries < TRIES => tell(&Message::new(
                format!("请输入 1 到 {numbers} 之间的数字，或直接回车："),
                format!("a number from 1 to {numbers}, or Enter alone: "),
            ))?,
            _ => tell(&Message::fixed(
                "不是可选的数字，暂不决定\n",
                "none of these numbers; the question is left open\n",
            ))?,
        }
    }
    Ok(None)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_none_is_asked_for_again_but_not_for_ever() {
        for (answers, chosen, told) in [
            (&["2"][..], Some(2), 0),
            (&["", "2"], None, 0),
            (&["3", "x", "1"], Some(1), 2),
            (&["0", "y", "9", "1"], None, 3),
            (&[], None, 0),
        ] {
            let mut given = answers.iter();
            let mut tellings = 0;
            let found = choice(
                2,
                || Ok(given.next().map(|text| format!("{text}\n"))),
                |_| {
                    tellings += 1;
                    Ok(())
                },
            );
            assert!(found.is_ok_and(|found| found == chosen), "{answers:?}");
            assert_eq!(tellings, told, "{answers:?}");
        }
    }
}
