//! A step of the checklist as data: what it is about, how it stands, what was seen, and what is to be done by whom.

use crate::model::Message;

use super::subject::Subject;
use super::who::Who;

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It is done, as far as can be seen.
    Ok,
    /// It is not done, or wrong.
    Failed,
    /// Nothing that can be asked from here shows it.
    NotCheckable,
    /// The job file does not ask for it.
    NotConfigured,
}

impl State {
    /// All, in the order in which they are counted.
    pub const ALL: [State; 4] =
        [State::Ok, State::Failed, State::NotCheckable, State::NotConfigured];

    /// The name in documents.
    pub fn name(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Failed => "failed",
            State::NotCheckable => "not-checkable",
            State::NotConfigured => "not-configured",
        }
    }

    /// The words for people.
    pub fn title(self) -> Message {
        match self {
            State::Ok => Message::fixed("正常", "ok"),
            State::Failed => Message::fixed("失败", "failed"),
            State::NotCheckable => Message::fixed("无法在此验证", "not checkable from here"),
            State::NotConfigured => Message::fixed("未配置", "not configured"),
        }
    }
}

/// A value to be pasted somewhere. It is never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paste {
    /// Where it goes.
    pub place: Message,
    /// The value, of one line or several.
    pub value: String,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it is about.
    pub subject: Subject,
    /// How it stands.
    pub state: State,
    /// What was seen.
    pub seen: Message,
    /// What is to be done; `None` if nothing is.
    pub advice: Option<Message>,
    /// Who does it.
    pub who: Who,
    /// The values for it.
    pub paste: Vec<Paste>,
}

impl Step {
    /// A step that is done.
    pub(super) fn ok(subject: Subject, seen: Message) -> Step {
        Step::new(subject, State::Ok, seen)
    }

    /// A step that is not done, or wrong.
    pub(super) fn failed(subject: Subject, seen: Message, advice: Message) -> Step {
        Step { advice: Some(advice), ..Step::new(subject, State::Failed, seen) }
    }

    /// A step that nothing shows from here.
    pub(super) fn not_checkable(subject: Subject, seen: Message, advice: Message) -> Step {
        Step { advice: Some(advice), ..Step::new(subject, State::NotCheckable, seen) }
    }

    /// A step that the job file does not ask for; `advice` says how it would.
    pub(super) fn not_configured(subject: Subject, seen: Message, advice: Message) -> Step {
        Step { advice: Some(advice), ..Step::new(subject, State::NotConfigured, seen) }
    }

    /// A step that such a job does not need.
    pub(super) fn not_needed(subject: Subject, seen: Message) -> Step {
        Step::new(subject, State::NotConfigured, seen)
    }

    fn new(subject: Subject, state: State, seen: Message) -> Step {
        Step { subject, state, seen, advice: None, who: subject.who(), paste: Vec::new() }
    }

    /// The same step, which somebody else does.
    pub(super) fn by(self, who: Who) -> Step {
        Step { who, ..self }
    }

    /// The same step with a further value to paste.
    pub(super) fn pasting(mut self, place: Message, value: impl Into<String>) -> Step {
        self.paste.push(Paste { place, value: value.into() });
        self
    }
}

/// Where lines of a job file go.
pub(super) fn into_job_file() -> Message {
    Message::fixed("任务文件", "the job file")
}

/// Texts one after the other, in both languages.
pub(super) fn joined(parts: &[Message], zh: &str, en: &str) -> Message {
    let all = |text: fn(&Message) -> &str, between: &str| {
        parts.iter().map(text).collect::<Vec<_>>().join(between)
    };
    Message::new(all(|part| &part.zh, zh), all(|part| &part.en, en))
}

/// A text that is the same in both languages.
pub(super) fn same(text: impl Into<String>) -> Message {
    let text = text.into();
    Message::new(text.clone(), text)
}
