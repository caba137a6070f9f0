//! Checklists for people and programs: on a terminal, as JSON, as a page, as Markdown to forward.

pub mod html;
pub mod json;
pub mod markdown;
pub mod terminal;

use crate::model::{Language, Message};

use super::{Checklist, State};

/// What a checklist is of, in a language.
fn heading(checklist: &Checklist, language: Language) -> String {
    let insurer = checklist.insurer.as_deref();
    let who: Vec<&str> = insurer.into_iter().chain(checklist.tenant.as_deref()).collect();
    match &checklist.job {
        None => language.choose("本机", "This machine").to_owned(),
        Some(job) if who.is_empty() => job.display().to_string(),
        Some(job) => format!("{}  {}", who.join(" "), job.display()),
    }
}

/// How many steps stand how, in a language.
fn summary(checklist: &Checklist, language: Language) -> String {
    let counts = State::ALL
        .map(|state| format!("{} {}", language.of(&state.title()), checklist.count(state)));
    let all = checklist.steps.len();
    match language {
        Language::Chinese => format!("共 {all} 项：{}", counts.join("，")),
        Language::English => format!("{all} steps: {}", counts.join(", ")),
    }
}

/// The words before what was seen, what to do, who does it.
static SEEN: Message = Message::fixed("现状", "seen");
static ADVICE: Message = Message::fixed("处理", "to do");
static WHO: Message = Message::fixed("负责", "who");
static PASTE: Message = Message::fixed("填写", "paste");
