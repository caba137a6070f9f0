//! Why the text of an event cannot be read, or does not count as it stands.

/// Why a text, or a part of it, could not be read or does not count. The event is stored all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseProblem {
    /// The text is not UTF-8.
    NotUtf8,
    /// The text is neither well-formed XML nor JSON.
    NotReadable,
    /// The XML declares a document type or uses an entity of its own, which WeCom never does.
    Doctype,
    /// Deeper nested than any event, or of more elements than any event.
    TooLarge,
    /// An event that concerns an object does not say which.
    MissingId,
    /// It names another corp than the one to which it came (`AuthCorpId`, `ToUserName`), or is a suite's and names none.
    OtherCorp,
    /// `CreateTime` is so far in the future that it cannot be true; the arrival counts instead.
    FutureTime,
    /// `CreateTime` is no number of seconds; the arrival counts instead.
    UnreadableTime,
}

impl ParseProblem {
    /// The name in the database.
    pub fn name(self) -> &'static str {
        match self {
            ParseProblem::NotUtf8 => "not_utf8",
            ParseProblem::NotReadable => "not_readable",
            ParseProblem::Doctype => "doctype",
            ParseProblem::TooLarge => "too_large",
            ParseProblem::MissingId => "missing_id",
            ParseProblem::OtherCorp => "other_corp",
            ParseProblem::FutureTime => "future_time",
            ParseProblem::UnreadableTime => "unreadable_time",
        }
    }
}
