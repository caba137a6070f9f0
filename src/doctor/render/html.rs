//! Checklists as a page that loads nothing.

use askama::Template;

use crate::model::{Language, Message};
use crate::report::visible;

use super::super::{Checklist, State};
use super::{ADVICE, PASTE, SEEN, WHO, heading, summary};

#[derive(Template)]
#[template(path = "doctor.html")]
struct Page {
    lang: &'static str,
    title: &'static str,
    seen: String,
    advice: String,
    who: String,
    paste: String,
    sections: Vec<Section>,
}

struct Section {
    heading: String,
    summary: String,
    rows: Vec<Row>,
}

struct Row {
    number: &'static str,
    title: String,
    class: &'static str,
    state: String,
    seen: String,
    advice: Option<String>,
    who: String,
    paste: Vec<(String, String)>,
}

/// The page of checklists.
///
/// # Errors
/// None that can happen: the template is compiled with the program.
pub fn render(checklists: &[Checklist], language: Language) -> Result<String, askama::Error> {
    let word = |message: &Message| language.of(message).to_owned();
    Page {
        lang: language.choose("zh-CN", "en"),
        title: language.choose("接入检查清单", "Onboarding checklist"),
        seen: word(&SEEN),
        advice: word(&ADVICE),
        who: word(&WHO),
        paste: word(&PASTE),
        sections: checklists.iter().map(|checklist| section(checklist, language)).collect(),
    }
    .render()
}

fn section(checklist: &Checklist, language: Language) -> Section {
    let shown = |message: &Message| visible(language.of(message)).into_owned();
    let rows = checklist.steps.iter().map(|step| Row {
        number: step.subject.number(),
        title: shown(&step.subject.title()),
        class: step.state.name(),
        state: shown(&step.state.title()),
        seen: shown(&step.seen),
        advice: step.advice.as_ref().filter(|_| step.state != State::Ok).map(shown),
        who: shown(&step.who.title()),
        paste: step
            .paste
            .iter()
            .map(|paste| {
                let lines: Vec<_> = paste.value.lines().map(visible).collect();
                (shown(&paste.place.words()), lines.join("\n"))
            })
            .collect(),
    });
    Section {
        heading: visible(&heading(checklist, language)).into_owned(),
        summary: summary(checklist, language),
        rows: rows.collect(),
    }
}
