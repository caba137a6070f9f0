//! Causes: findings that one event explains, and where in the organisation findings are.

use super::{feed::Feed, finding::Level, finding::Message};

/// What kind of event explains a group of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CauseKind {
    /// A record that others refer to is missing or quarantined.
    MissingRecord,
    /// The records at the end of a file are gone.
    FileCutShort,
    /// The cells of lines stand in other columns than they should.
    ShiftedColumns,
    /// One value in a whole column, or in most of it, such as `NULL`.
    UniformValue,
    /// A run of lines in another encoding than the file.
    OtherEncoding,
    /// A record that has come back under another key.
    Renumbered,
    /// Files or records of different days in one delivery.
    MixedDates,
    /// None of the above: findings of one rule in one field.
    SameRule,
}

impl CauseKind {
    /// All kinds.
    pub const ALL: [CauseKind; 8] = [
        CauseKind::MissingRecord,
        CauseKind::FileCutShort,
        CauseKind::ShiftedColumns,
        CauseKind::UniformValue,
        CauseKind::OtherEncoding,
        CauseKind::Renumbered,
        CauseKind::MixedDates,
        CauseKind::SameRule,
    ];

    /// The name in reports, such as `missing-record`.
    pub fn name(self) -> &'static str {
        match self {
            CauseKind::MissingRecord => "missing-record",
            CauseKind::FileCutShort => "file-cut-short",
            CauseKind::ShiftedColumns => "shifted-columns",
            CauseKind::UniformValue => "uniform-value",
            CauseKind::OtherEncoding => "other-encoding",
            CauseKind::Renumbered => "renumbered",
            CauseKind::MixedDates => "mixed-dates",
            CauseKind::SameRule => "same-rule",
        }
    }
}

/// Findings that one event explains. Each finding of a run belongs to exactly one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What kind of event.
    pub kind: CauseKind,
    /// The highest level of its findings; error where it has none.
    pub level: Level,
    /// What happened, one sentence with the facts.
    pub what: Message,
    /// What to do, one sentence.
    pub action: Message,
    /// The feed to look at first.
    pub feed: Feed,
    /// A line of it to look at first, 1-based.
    pub line: Option<u64>,
    /// The key of the record that the event is about, where it is about one.
    pub key: Option<String>,
    /// Agents concerned: those of the findings and those below the records at fault, each counted once.
    pub people: u64,
    /// Organisations concerned, each counted once.
    pub organs: u64,
    /// The organisation below which all of it lies, where there is one below the head office: id and name.
    pub organ: Option<(String, String)>,
    /// Number of findings, those that the run does not hold included; 0 where the delivery is refused for records that are
    /// gone and no rule has a finding.
    pub findings: u64,
    /// Codes of the rules whose findings it explains, sorted.
    pub codes: Vec<&'static str>,
}

/// The findings of one organisation and all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganFindings {
    /// Its key.
    pub id: String,
    /// Its name as delivered.
    pub name: String,
    /// The key of the organisation above it; none for a top.
    pub parent: Option<String>,
    /// Steps from the top: 0 for a head office.
    pub depth: u32,
    /// Accepted agents of it and of all organisations below it.
    pub people: u64,
    /// Findings in it and below it, infos left out.
    pub findings: u64,
}
