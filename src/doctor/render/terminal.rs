//! A checklist on a terminal: a line a step, and below those that are not ok what was seen and what to do.

use crate::model::Language;
use crate::report::{display_width, pad, visible, wrap};

use super::super::{Checklist, State, Step, Subject};
use super::{ADVICE, PASTE, SEEN, WHO, heading, summary};

/// The text of a checklist, of so many columns.
pub fn render(checklist: &Checklist, language: Language, width: usize) -> String {
    let numbers = Subject::ALL.iter().map(|s| display_width(s.number())).max().unwrap_or(0);
    let states =
        State::ALL.iter().map(|s| display_width(language.of(&s.title()))).max().unwrap_or(0);
    let titles =
        Subject::ALL.iter().map(|s| display_width(language.of(&s.title()))).max().unwrap_or(0);
    let mut text = format!("{}\n\n", visible(&heading(checklist, language)));
    for step in &checklist.steps {
        let number = pad(step.subject.number(), numbers);
        let state = pad(language.of(&step.state.title()), states);
        let title = language.of(&step.subject.title()).to_owned();
        if step.state == State::Ok {
            let (title, seen) = (pad(&title, titles), visible(language.of(&step.seen)));
            text.push_str(&format!("{number}  {state}  {title}  {seen}\n"));
        } else {
            text.push_str(&format!("{number}  {state}  {title}\n"));
            text.push_str(&details(step, language, numbers + 2, width));
        }
    }
    text.push_str(&format!("\n{}\n", summary(checklist, language)));
    text
}

/// What was seen of a step, and what to do, indented.
fn details(step: &Step, language: Language, indent: usize, width: usize) -> String {
    let label =
        [&SEEN, &ADVICE, &WHO, &PASTE].into_iter().map(|l| display_width(language.of(l))).max();
    let label = label.unwrap_or(0) + 2;
    let (margin, room) = (" ".repeat(indent), width.saturating_sub(indent + label).max(20));
    let mut text = String::new();
    let mut lines = |name: &str, said: &[String]| {
        for (at, line) in said.iter().enumerate() {
            let name = pad(if at == 0 { name } else { "" }, label);
            text.push_str(format!("{margin}{name}{line}").trim_end());
            text.push('\n');
        }
    };
    lines(language.of(&SEEN), &wrap(&visible(language.of(&step.seen)), room));
    if let Some(advice) = &step.advice {
        lines(language.of(&ADVICE), &wrap(&visible(language.of(advice)), room));
        lines(language.of(&WHO), &[language.of(&step.who.title()).to_owned()]);
    }
    for paste in &step.paste {
        let colon = language.choose("：", ":");
        let place = format!("{}{colon}", language.of(&paste.place.words()));
        // One line as it is, unbroken, so that it can be copied.
        let value = paste.value.lines().map(|line| format!("  {}", visible(line)));
        let said: Vec<String> = std::iter::once(place).chain(value).collect();
        lines(language.of(&PASTE), &said);
    }
    text
}
