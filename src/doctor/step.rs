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

/// Where a value is to be pasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Before the first table of the job file, where alone its own keys may stand.
    TopOfJob,
    /// Behind all that is in the job file.
    EndOfJob,
    /// Into a table that the job file has.
    TableOfJob(String),
    /// In place of a key that the job file has.
    InsteadInJob {
        /// Its table; empty for the file itself.
        table: String,
        /// The key.
        key: String,
    },
    /// Somewhere else.
    Elsewhere(Message),
}

impl Place {
    /// The words for people.
    pub fn words(&self) -> Message {
        match self {
            Place::TopOfJob => Message::fixed(
                "任务文件最前面（第一个 [ 之前）",
                "the top of the job file, before its first [",
            ),
            Place::EndOfJob => Message::fixed("任务文件末尾", "the end of the job file"),
            Place::TableOfJob(table) => Message::new(
                format!("任务文件已有的 {table} 中"),
                format!("the existing {table} of the job file"),
            ),
            Place::InsteadInJob { table, key } if table.is_empty() => Message::new(
                format!("任务文件中，替换原有的 {key}"),
                format!("the job file, in place of {key} there"),
            ),
            Place::InsteadInJob { table, key } => Message::new(
                format!("任务文件已有的 {table} 中，替换原有的 {key}"),
                format!("the existing {table} of the job file, in place of {key} there"),
            ),
            Place::Elsewhere(words) => words.clone(),
        }
    }
}

/// A value to be pasted somewhere. It is never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paste {
    /// Where it goes.
    pub place: Place,
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
    /// Lines that the job file lacks, as a job file with nothing else in it would have them.
    pub(super) for_job: Vec<String>,
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
        Step {
            subject,
            state,
            seen,
            advice: None,
            who: subject.who(),
            paste: Vec::new(),
            for_job: Vec::new(),
        }
    }

    /// The same step, which somebody else does.
    pub(super) fn by(self, who: Who) -> Step {
        Step { who, ..self }
    }

    /// The same step with a further value to paste.
    pub(super) fn pasting(mut self, place: Message, value: impl Into<String>) -> Step {
        self.paste.push(Paste { place: Place::Elsewhere(place), value: value.into() });
        self
    }

    /// The same step, whose lines a job file is refused with unless those of another step are in it.
    pub(super) fn after(self, first: Subject) -> Step {
        let number = first.number();
        let advice = self.advice.map(|advice| {
            Message::new(
                format!("先填写 {number} 的内容，否则任务文件无效；{}", advice.zh),
                format!(
                    "put the lines of {number} there first, or the job file is refused; {}",
                    advice.en
                ),
            )
        });
        Step { advice, ..self }
    }

    /// The same step with further lines for the job file, as a job file with nothing else in it would have them.
    pub(super) fn for_job(mut self, lines: impl Into<String>) -> Step {
        self.for_job.push(lines.into());
        self
    }
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
