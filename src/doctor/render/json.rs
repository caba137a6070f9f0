//! Checklists for programs: `schemas/doctor.schema.json`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::model::Message;

use super::super::{Checklist, State, Step};

/// The JSON Schema (2020-12) of the document.
pub const SCHEMA: &str = include_str!("../../../schemas/doctor.schema.json");

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    generated_at: String,
    checklists: Vec<ChecklistDocument<'a>>,
}

#[derive(Serialize)]
struct ChecklistDocument<'a> {
    tenant: Option<&'a str>,
    insurer: Option<&'a str>,
    job: Option<String>,
    failed: usize,
    steps: Vec<StepDocument<'a>>,
}

#[derive(Serialize)]
struct StepDocument<'a> {
    number: &'static str,
    id: &'static str,
    title: Text,
    state: &'static str,
    seen: Text,
    advice: Option<Text>,
    who: &'static str,
    paste: Vec<PasteDocument<'a>>,
}

#[derive(Serialize)]
struct PasteDocument<'a> {
    place: Text,
    value: &'a str,
}

#[derive(Serialize)]
struct Text {
    zh: String,
    en: String,
}

impl From<&Message> for Text {
    fn from(message: &Message) -> Text {
        Text { zh: message.zh.to_string(), en: message.en.to_string() }
    }
}

/// The document.
///
/// # Errors
/// None that can happen: all keys are texts.
pub fn render(checklists: &[Checklist], now: DateTime<Utc>) -> serde_json::Result<String> {
    let document = Document {
        version: 1,
        generated_at: now.to_rfc3339_opts(SecondsFormat::Secs, true),
        checklists: checklists.iter().map(checklist).collect(),
    };
    Ok(format!("{}\n", serde_json::to_string_pretty(&document)?))
}

fn checklist(checklist: &Checklist) -> ChecklistDocument<'_> {
    ChecklistDocument {
        tenant: checklist.tenant.as_deref(),
        insurer: checklist.insurer.as_deref(),
        job: checklist.job.as_ref().map(|job| job.display().to_string()),
        failed: checklist.count(State::Failed),
        steps: checklist.steps.iter().map(step).collect(),
    }
}

fn step(step: &Step) -> StepDocument<'_> {
    let paste = step.paste.iter();
    StepDocument {
        number: step.subject.number(),
        id: step.subject.id(),
        title: (&step.subject.title()).into(),
        state: step.state.name(),
        seen: (&step.seen).into(),
        advice: step.advice.as_ref().map(Into::into),
        who: step.who.name(),
        paste: paste
            .map(|p| PasteDocument { place: (&p.place.words()).into(), value: &p.value })
            .collect(),
    }
}
