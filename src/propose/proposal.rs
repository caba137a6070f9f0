//! What is proposed for a job, and what is asked.

use chrono::NaiveDate;

use crate::model::{Feed, Message};

/// The settings that a job needs, and questions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    /// What is certain.
    pub settings: Vec<Setting>,
    /// What a person has to decide.
    pub questions: Vec<Question>,
    /// What is found out without being told, for people to see.
    pub recognised: Vec<Recognised>,
    /// The names of files that are not those of the schema, as a job says them.
    pub names: Vec<(Feed, String)>,
    /// The date in the names.
    pub date: Option<NaiveDate>,
}

/// A change of the settings, with what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What is set.
    pub change: Change,
    /// How many cells or lines speak for it, with an example.
    pub evidence: Message,
}

/// What cannot be told from the files alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What was found, and what is asked.
    pub text: Message,
    /// The answers for which there are settings.
    pub choices: Vec<Vec<Change>>,
}

/// The layout of a file, which a job need not name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// The file.
    pub file: String,
    /// Its encoding.
    pub encoding: &'static str,
    /// Its delimiter.
    pub delimiter: String,
    /// Whether it has a header.
    pub header: bool,
}

/// One value of one setting of `[format]` or `[codes]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Physical lines before the header or the first record.
    SkipLines(usize),
    /// What comment lines begin with.
    Comment(String),
    /// The form of the last line.
    Trailer(String),
    /// What quotes mean.
    Quotes(&'static str),
    /// A cell that means: no value.
    Null(String),
    /// A date cell that means: no date.
    NoDate(String),
    /// A further form of dates.
    DateForm(String),
    /// A parent that means: a top.
    Top {
        /// The forest.
        forest: String,
        /// The text, or `self`.
        marker: String,
    },
    /// A word for a code.
    Code {
        /// The field, or `feed.field`.
        field: String,
        /// The word.
        word: String,
        /// The code.
        code: i64,
    },
}

impl Proposal {
    pub(super) fn set(&mut self, change: Change, evidence: Message) {
        self.settings.push(Setting { change, evidence });
    }

    pub(super) fn ask(&mut self, text: Message, choices: impl Into<Vec<Vec<Change>>>) {
        self.questions.push(Question { text, choices: choices.into() });
    }

    /// Takes an answer to a question: its changes become settings.
    pub fn accept(&mut self, question: usize, choice: usize) {
        let question = self.questions.remove(question);
        if let Some(changes) = question.choices.into_iter().nth(choice) {
            let evidence = question.text;
            let setting = |change| Setting { change, evidence: evidence.clone() };
            self.settings.extend(changes.into_iter().map(setting));
        }
    }
}

/// Text of a delivery as part of a line of comment: short, and without control characters.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let visible = |c: char| if c.is_control() { '\u{2426}' } else { c };
    let mut short: String = text.chars().take(LONGEST).map(visible).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push_str("...");
    }
    short
}
