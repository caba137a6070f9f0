//! Findings, and what a rule says of itself.

use super::feed::Feed;

/// How grave a finding is. A job may change it rule by rule; `Off` means that the rule is not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not run.
    Off,
    /// Worth knowing.
    Info,
    /// Probably wrong.
    Warning,
    /// Wrong.
    Error,
    /// The run is not published.
    Fatal,
}

impl Level {
    /// All levels, the lowest first.
    pub const ALL: [Level; 5] =
        [Level::Off, Level::Info, Level::Warning, Level::Error, Level::Fatal];

    /// The name in job files and reports: `off`, `info`, `warning`, `error`, `fatal`.
    pub fn name(self) -> &'static str {
        match self {
            Level::Off => "off",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Fatal => "fatal",
        }
    }

    /// The level of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|l| l.name() == name)
    }
}

/// What happens to the data that a rule finds at fault. It does not depend on the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// The run is not published; the last good snapshot stays.
    Refuse,
    /// The row is kept verbatim in `quarantine` and not published as new data.
    Quarantine,
    /// The row is published as delivered, its edge is left out of the derived forest.
    Detach,
    /// Published as delivered.
    Keep,
}

impl Disposition {
    /// The name in reports: `refuse`, `quarantine`, `detach`, `keep`.
    pub fn name(self) -> &'static str {
        match self {
            Disposition::Refuse => "refuse",
            Disposition::Quarantine => "quarantine",
            Disposition::Detach => "detach",
            Disposition::Keep => "keep",
        }
    }
}

/// The group of a rule: the letter of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// F: the file as a whole.
    File,
    /// R: the raw line.
    Record,
    /// V: one value.
    Value,
    /// K: keys.
    Key,
    /// X: references between records.
    Reference,
    /// T: the forests.
    Tree,
    /// N: copied names.
    Name,
    /// B: what the trade allows.
    Business,
    /// S: the snapshot before.
    Snapshot,
}

/// What a rule says of itself: permanent code, name, level, disposition, words.
#[derive(Debug)]
pub struct RuleMeta {
    /// Permanent code, such as `T601`. Never reused.
    pub code: &'static str,
    /// Kebab-case name that states the defect, such as `cycle`.
    pub name: &'static str,
    /// The level unless a job says otherwise.
    pub level: Level,
    /// The lowest level that a job may set: `Error` where the row cannot be stored, `Fatal` where the
    /// file cannot be read, `Off` for all others.
    pub floor: Level,
    /// What happens to the data.
    pub disposition: Disposition,
    /// The group, which decides what rows the rule sees.
    pub group: Group,
    /// One line in both languages.
    pub summary: Message,
    /// A small example of the defect.
    pub example: Example,
    /// The documentation page in both languages (Markdown): what it checks, why it matters, how to fix it.
    pub docs: Message,
}

/// Lines with a defect, and the same lines mended. Lines of a file have the fields that matter, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// What stands above both: the names of the fields that are shown; empty where lines are not split into fields.
    pub header: &'static str,
    /// With the defect.
    pub defect: &'static str,
    /// Mended.
    pub mended: &'static str,
}

/// A text in Chinese and English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Chinese.
    pub zh: std::borrow::Cow<'static, str>,
    /// English.
    pub en: std::borrow::Cow<'static, str>,
}

impl Message {
    /// A message known when the program was built.
    pub const fn fixed(zh: &'static str, en: &'static str) -> Message {
        Message { zh: std::borrow::Cow::Borrowed(zh), en: std::borrow::Cow::Borrowed(en) }
    }

    /// A message made at run time.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Message {
        Message { zh: std::borrow::Cow::Owned(zh.into()), en: std::borrow::Cow::Owned(en.into()) }
    }
}

/// A record that a finding points to besides its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The feed that holds it.
    pub feed: Feed,
    /// Its physical line, 1-based.
    pub line: u64,
    /// Its key.
    pub key: String,
}

/// The delivered line of a finding as a reader should see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, decoded, control characters made visible, shortened around the field if very long.
    pub text: String,
    /// The field at fault, as a byte range of `text`; the whole text if no one field is at fault.
    pub mark: std::ops::Range<usize>,
    /// The 1-based character column of `mark` in the delivered line.
    pub column: u64,
    /// The cells that are names of people, or may be, as byte ranges of `text`, in order.
    pub names: Vec<std::ops::Range<usize>>,
}

/// One defect. Made by rules only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's code.
    pub code: &'static str,
    /// The rule's name.
    pub name: &'static str,
    /// The level that holds for this job.
    pub level: Level,
    /// What happens to the data.
    pub disposition: Disposition,
    /// The feed in which the defect stands.
    pub feed: Feed,
    /// First physical line, 1-based, header counted; none for a finding about a whole file.
    pub line: Option<u64>,
    /// All lines in order, at most [`Finding::MAX_LINES`].
    pub lines: Vec<u64>,
    /// The record's key; for X the missing key; none where it cannot be read.
    pub key: Option<String>,
    /// The field's name as in `feeds.md`, where one field is at fault.
    pub field: Option<String>,
    /// The value at fault as delivered, at most [`Finding::MAX_VALUE`] characters.
    pub value: Option<String>,
    /// What is wrong, with the facts.
    pub message: Message,
    /// Other records that belong to the defect, at most [`Finding::MAX_LINES`].
    pub related: Vec<Related>,
    /// True number of rows concerned: rows that dangle (X), edges left out because they lead to the
    /// quarantined row (R, V, K with disposition quarantine), members (T601), tops (T602), agents below
    /// what was moved (S804, S805), one for what is gone (S801), else the number of lines.
    pub affected: u64,
    /// What a job could say so that this would be no finding, or what became of the data on its way. The first finding
    /// of a rule to which it applies has it.
    pub hint: Option<Message>,
    /// Names of people that stand in value, key, related keys, message or hint, and texts there that may be names. A report
    /// that masks names shows none of them.
    pub names: Vec<String>,
    /// The line to show, filled for the first findings of each code.
    pub excerpt: Option<Excerpt>,
    /// Its cause, as a position in the causes of the run, once they are known.
    pub cause: Option<usize>,
    /// Since when deliveries have had it; `None` where earlier deliveries are not known.
    pub age: Option<FindingAge>,
}

/// Since when a finding has been there, over published business dates and not over runs. Two findings are the same
/// one if code, feed, field and key are the same, and without a key the content of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingAge {
    /// The first business date of the unbroken row of deliveries that have it.
    pub first_seen: chrono::NaiveDate,
    /// How many deliveries that row is long, this one included; 1 for a new finding.
    pub deliveries: u64,
}

impl FindingAge {
    /// Whether no delivery before this one had it.
    pub fn is_new(self) -> bool {
        self.deliveries <= 1
    }
}

impl Finding {
    /// Maximum number of lines and of related records in one finding.
    pub const MAX_LINES: usize = 1_000;
    /// Maximum number of characters of a value in one finding.
    pub const MAX_VALUE: usize = 200;
}
