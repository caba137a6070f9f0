//! What happened to one record from date to date: its versions in, events out. Pure.
//!
//! An event is told by two neighbouring versions of a key, by its first version or by the end of one, and by nothing
//! else, so the events of a key follow from its versions and from the oldest date of all: before that date there is
//! nothing that a first version could be compared with.

use chrono::NaiveDate;

use crate::timeline::Interval;

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// An agent that was never seen before.
    Entered,
    /// A team that was never seen before.
    Opened,
    /// Delivered again after it was gone; of an agent also: active again after it had left.
    Back,
    /// An agent left: its status.
    Left,
    /// A team closed: its mark.
    Closed,
    /// A closed team is open again.
    Reopened,
    /// Not delivered any more.
    Gone,
    /// Another organisation.
    MovedOrgan,
    /// Another team of an agent.
    MovedTeam,
    /// Another parent of a team.
    MovedParent,
    /// Another grade of an agent.
    Regraded,
    /// Another name.
    Renamed,
    /// Another recruiter of an agent.
    RecruiterChanged,
    /// Another leader of a team.
    LeaderChanged,
    /// Other content in the remaining columns.
    Changed,
}

impl EventKind {
    /// Its name in the tables.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Entered => "entered",
            EventKind::Opened => "opened",
            EventKind::Back => "back",
            EventKind::Left => "left",
            EventKind::Closed => "closed",
            EventKind::Reopened => "reopened",
            EventKind::Gone => "gone",
            EventKind::MovedOrgan => "moved_organ",
            EventKind::MovedTeam => "moved_team",
            EventKind::MovedParent => "moved_parent",
            EventKind::Regraded => "regraded",
            EventKind::Renamed => "renamed",
            EventKind::RecruiterChanged => "recruiter_changed",
            EventKind::LeaderChanged => "leader_changed",
            EventKind::Changed => "changed",
        }
    }
}

/// What a column is to the events of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Whether the record is active (1) or not (2).
    Status,
    /// The organisation of the record.
    Organ,
    /// The team of an agent, or the parent of a team.
    Place,
    /// A change of it is an event of its own.
    Own(EventKind),
    /// The date on which a record left: a change of it together with the status is told by the event of the status.
    LeaveDate,
    /// A change of it is told with those of the other columns of this kind.
    Content,
}

/// The records that events are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Agents.
    Agent,
    /// Teams.
    Node,
}

/// The cells of a version, in the order of the columns of its [`EventRule`].
pub type Cells = [Option<String>];

/// By which columns the events of a table are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRule {
    subject: Subject,
    columns: Vec<(String, Meaning)>,
}

/// One change of one record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The date of the first delivery that shows it.
    pub date: NaiveDate,
    /// What it is.
    pub kind: EventKind,
    /// The value before it.
    pub from: Option<String>,
    /// The value after it.
    pub to: Option<String>,
    /// The organisation of the record after it; before it where the record is gone.
    pub organ: Option<String>,
    /// The team of the agent or the parent of the team, likewise.
    pub place: Option<String>,
}

/// The versions of one key as far as a change of them goes.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Versions in order: when they hold, and their cells.
    pub versions: &'a [(Interval, &'a Cells)],
    /// Whether the key had a version before the first of these.
    pub had_version: bool,
    /// The oldest date with a delivery.
    pub oldest: Option<NaiveDate>,
}

impl EventRule {
    /// For a table with these columns, named as they are told of.
    pub fn new(subject: Subject, columns: Vec<(String, Meaning)>) -> EventRule {
        EventRule { subject, columns }
    }

    /// The columns in the order of the cells.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(column, _)| column.as_str())
    }

    /// The position of the column with a meaning.
    pub fn position(&self, meaning: Meaning) -> Option<usize> {
        self.columns.iter().position(|(_, other)| *other == meaning)
    }

    /// What the first version of a record is.
    pub fn first(&self) -> EventKind {
        match self.subject {
            Subject::Agent => EventKind::Entered,
            Subject::Node => EventKind::Opened,
        }
    }

    /// The events of a key, by date and kind, from a date on.
    pub fn events(&self, line: &Line<'_>, since: NaiveDate) -> Vec<Event> {
        let mut events = Vec::new();
        let mut before: Option<&(Interval, &Cells)> = None;
        for version in line.versions {
            let (valid, cells) = *version;
            match before {
                Some((earlier, former)) if earlier.to == Some(valid.from) => {
                    self.compare(valid.from, former, cells, &mut events);
                }
                _ => {
                    events.extend(before.and_then(|before| self.gone(before)));
                    let kind = match before.is_some() || line.had_version {
                        true => EventKind::Back,
                        false => self.first(),
                    };
                    if line.oldest.is_some_and(|oldest| oldest < valid.from) {
                        let status = self.cell(cells, Meaning::Status);
                        events.push(self.event(valid.from, kind, None, status, cells));
                    }
                }
            }
            before = Some(version);
        }
        events.extend(before.and_then(|before| self.gone(before)));
        events.retain(|event| event.date >= since);
        events.sort_unstable();
        events
    }

    fn cell(&self, cells: &Cells, meaning: Meaning) -> Option<String> {
        self.position(meaning).and_then(|at| cells.get(at)).cloned().flatten()
    }

    fn event(
        &self,
        date: NaiveDate,
        kind: EventKind,
        from: Option<String>,
        to: Option<String>,
        at: &Cells,
    ) -> Event {
        let (organ, place) = (self.cell(at, Meaning::Organ), self.cell(at, Meaning::Place));
        Event { date, kind, from, to, organ, place }
    }

    fn gone(&self, (valid, cells): &(Interval, &Cells)) -> Option<Event> {
        let status = self.cell(cells, Meaning::Status);
        valid.to.map(|to| self.event(to, EventKind::Gone, status, None, cells))
    }

    fn compare(&self, date: NaiveDate, former: &Cells, cells: &Cells, events: &mut Vec<Event>) {
        let (mut from, mut to) = (String::new(), String::new());
        let status = |cells: &Cells| self.cell(cells, Meaning::Status);
        let told_by_status = status(former) != status(cells);
        for (((column, meaning), old), new) in self.columns.iter().zip(former).zip(cells) {
            if old == new {
                continue;
            }
            let change = (old.as_deref(), new.as_deref());
            let kind = match (meaning, self.subject, change) {
                (Meaning::Status, Subject::Agent, (Some("1"), Some("2"))) => EventKind::Left,
                (Meaning::Status, Subject::Agent, (Some("2"), Some("1"))) => EventKind::Back,
                (Meaning::Status, Subject::Node, (Some("1"), Some("2"))) => EventKind::Closed,
                (Meaning::Status, Subject::Node, (Some("2"), Some("1"))) => EventKind::Reopened,
                (Meaning::Organ, ..) => EventKind::MovedOrgan,
                (Meaning::Place, Subject::Agent, _) => EventKind::MovedTeam,
                (Meaning::Place, Subject::Node, _) => EventKind::MovedParent,
                (Meaning::Own(kind), ..) => *kind,
                (Meaning::LeaveDate, ..) if told_by_status => continue,
                (Meaning::Status | Meaning::LeaveDate | Meaning::Content, ..) => {
                    add(&mut from, column, old.as_deref());
                    add(&mut to, column, new.as_deref());
                    continue;
                }
            };
            events.push(self.event(date, kind, old.clone(), new.clone(), cells));
        }
        if !from.is_empty() {
            events.push(self.event(date, EventKind::Changed, Some(from), Some(to), cells));
        }
    }
}

fn add(list: &mut String, column: &str, value: Option<&str>) {
    if !list.is_empty() {
        list.push_str("; ");
    }
    list.push_str(column);
    list.push('=');
    list.push_str(value.unwrap_or_default());
}

#[cfg(test)]
mod tests;
