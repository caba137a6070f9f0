//! Checklists as Markdown, to be forwarded to whoever has to act.

use crate::model::Language;
use crate::report::visible;

use super::super::{Checklist, State, Step};
use super::{ADVICE, PASTE, SEEN, WHO, heading, summary};

/// The text of checklists.
pub fn render(checklists: &[Checklist], language: Language) -> String {
    let title = language.choose("接入检查清单", "Onboarding checklist");
    let mut text = format!("# {title}\n");
    for checklist in checklists {
        text.push_str(&format!("\n## {}\n\n", plain(&heading(checklist, language))));
        text.push_str(&format!("{}\n\n", summary(checklist, language)));
        for step in &checklist.steps {
            text.push_str(&item(step, language));
        }
    }
    text
}

fn item(step: &Step, language: Language) -> String {
    let tick = if step.state == State::Ok { "x" } else { " " };
    let (number, title) = (step.subject.number(), language.of(&step.subject.title()).to_owned());
    let state = language.of(&step.state.title()).to_owned();
    let colon = language.choose("：", ": ");
    let mut text = format!("- [{tick}] **{number} {title}**{colon}{state}\n");
    let mut line = |name: &str, said: &str| {
        text.push_str(&format!("  - {name}{colon}{}\n", plain(said)));
    };
    line(language.of(&SEEN), language.of(&step.seen));
    if let Some(advice) = &step.advice {
        line(language.of(&ADVICE), language.of(advice));
        line(language.of(&WHO), language.of(&step.who.title()));
    }
    for paste in &step.paste {
        let (name, place) = (language.of(&PASTE), plain(language.of(&paste.place.words())));
        text.push_str(&format!("  - {name}{colon}{place}\n\n    ```text\n"));
        for line in paste.value.lines() {
            // A fence in a value would end the block.
            text.push_str(&format!("    {}\n", visible(line).replace("```", "` ` `")));
        }
        text.push_str("    ```\n\n");
    }
    text
}

/// A text in which nothing means anything to Markdown or HTML: parts of it are what servers say.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '!' | '~') {
            shown.push('\\');
        }
        shown.push(c);
    }
    shown
}
