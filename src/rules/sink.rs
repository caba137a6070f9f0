//! Where a rule reports: bound to that rule, so that no other code or level can be stamped.

use crate::model::{Disposition, Feed, Finding, Level, Message, PerFeed, Related, RuleMeta};

/// What a rule says of one defect; code, level and disposition come from the sink.
#[derive(Debug)]
pub struct NewFinding {
    /// The record's key; for X the missing key.
    pub key: Option<String>,
    /// The field at fault.
    pub field: Option<String>,
    /// The value as delivered.
    pub value: Option<String>,
    /// What is wrong.
    pub message: Message,
    /// Other records of the defect.
    pub related: Vec<Related>,
    /// The level of this finding, where it is lower than that of the rule.
    pub most: Option<Level>,
    /// Names of people in the message, besides the value at fault.
    pub names: Vec<String>,
}

impl NewFinding {
    /// A draft of a message alone.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> NewFinding {
        let message = Message::new(zh, en);
        NewFinding {
            key: None,
            field: None,
            value: None,
            message,
            related: Vec::new(),
            most: None,
            names: Vec::new(),
        }
    }

    /// With the record's key.
    pub fn key(self, key: Option<impl Into<String>>) -> NewFinding {
        NewFinding { key: key.map(Into::into), ..self }
    }

    /// With the field at fault.
    pub fn field(self, field: impl Into<String>) -> NewFinding {
        NewFinding { field: Some(field.into()), ..self }
    }

    /// With the value at fault.
    pub fn value(self, value: Option<String>) -> NewFinding {
        NewFinding { value, ..self }
    }

    /// Of this level at most.
    pub fn at_most(self, level: Level) -> NewFinding {
        NewFinding { most: Some(level), ..self }
    }

    /// With names of people in the message. The value of a field that holds names is known as one.
    pub fn names<'n>(self, names: impl IntoIterator<Item = &'n str>) -> NewFinding {
        NewFinding { names: names.into_iter().map(str::to_owned).collect(), ..self }
    }

    /// With related records.
    pub fn related(self, related: Vec<Related>) -> NewFinding {
        NewFinding { related, ..self }
    }
}

/// Takes the findings of one rule.
#[derive(Debug)]
pub struct Sink {
    meta: &'static RuleMeta,
    level: Level,
    pub(super) kept: Vec<Finding>,
    pub(super) total: u64,
    /// 1-based lines that go into quarantine, by feed.
    pub(super) quarantine: PerFeed<Vec<u32>>,
}

impl Sink {
    /// Maximum number of findings of a rule that are kept; all are counted.
    pub const MAX_KEPT: usize = 100_000;

    pub(super) fn new(meta: &'static RuleMeta, level: Level) -> Sink {
        Sink { meta, level, kept: Vec::new(), total: 0, quarantine: Default::default() }
    }

    /// The code of the rule that reports here.
    pub fn code(&self) -> &'static str {
        self.meta.code
    }

    /// Reports one defect on these 1-based lines (in order; none for a file as a whole). `finding` is called
    /// only if the finding is kept, so that a million defects cost no million texts.
    ///
    /// Rules report in the order of feeds, then first lines: the first are the ones that are kept.
    pub fn report(&mut self, feed: Feed, lines: &[u64], finding: impl FnOnce() -> NewFinding) {
        self.report_affected(feed, lines, lines.len() as u64, finding);
    }

    /// Counts defects that are not listed, beside those that are.
    pub fn count(&mut self, defects: u64) {
        self.total += defects;
    }

    /// As [`Sink::report`], with the true number of rows concerned where `lines` are not all of them.
    pub fn report_affected(
        &mut self,
        feed: Feed,
        lines: &[u64],
        affected: u64,
        finding: impl FnOnce() -> NewFinding,
    ) {
        self.total += 1;
        let quarantines = self.meta.disposition == Disposition::Quarantine;
        if quarantines {
            self.quarantine[feed].extend(lines.iter().map(|line| *line as u32));
        }
        if self.kept.len() >= Sink::MAX_KEPT {
            return;
        }
        let NewFinding { key, field, value, message, mut related, most, names } = finding();
        related.truncate(Finding::MAX_LINES);
        self.kept.push(Finding {
            code: self.meta.code,
            name: self.meta.name,
            level: most.map_or(self.level, |level| level.min(self.level)),
            disposition: self.meta.disposition,
            feed,
            line: lines.first().copied(),
            lines: lines.iter().take(Finding::MAX_LINES).copied().collect(),
            key,
            field,
            value: value.map(|v| v.chars().take(Finding::MAX_VALUE).collect()),
            message,
            related,
            affected: if quarantines { 0 } else { affected },
            hint: None,
            names,
            excerpt: None,
            cause: None,
            age: None,
        });
    }
}
