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
                (Meaning::Status | Meaning::Content, ..) => {
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
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, n).unwrap()
    }

    fn rule(subject: Subject) -> EventRule {
        let columns = match subject {
            Subject::Agent => vec![
                ("agent_name", Meaning::Own(EventKind::Renamed)),
                ("agent_status", Meaning::Status),
                ("working_organ_id", Meaning::Organ),
                ("working_node_id", Meaning::Place),
                ("agent_grade_level", Meaning::Own(EventKind::Regraded)),
                ("gender", Meaning::Content),
                ("channel", Meaning::Content),
            ],
            Subject::Node => vec![
                ("node_name", Meaning::Own(EventKind::Renamed)),
                ("work", Meaning::Status),
                ("organ_id", Meaning::Organ),
                ("parent_node_id", Meaning::Place),
                ("agent_id", Meaning::Own(EventKind::LeaderChanged)),
            ],
        };
        let columns = columns.into_iter().map(|(column, meaning)| (column.to_owned(), meaning));
        EventRule::new(subject, columns.collect())
    }

    /// Versions as `from..to cells`, an open end and an empty cell by leaving them out.
    fn told(subject: Subject, oldest: u32, had_version: bool, lines: &[&str]) -> Vec<String> {
        let parse = |line: &&str| {
            let (dates, cells) = line.split_once(' ').unwrap();
            let (from, to) = dates.split_once("..").unwrap();
            let valid = Interval { from: day(from.parse().unwrap()), to: to.parse().ok().map(day) };
            let cells = cells.split('|').map(|c| Some(c.to_owned()).filter(|c| !c.is_empty()));
            (valid, cells.collect::<Vec<_>>())
        };
        let versions: Vec<_> = lines.iter().map(parse).collect();
        let versions: Vec<_> = versions.iter().map(|(v, cells)| (*v, cells.as_slice())).collect();
        let line = Line { versions: &versions, had_version, oldest: Some(day(oldest)) };
        let shown = |event: Event| {
            let cell = |cell: Option<String>| cell.unwrap_or_else(|| "-".to_owned());
            let at = format!("{} {}", cell(event.organ), cell(event.place));
            let (from, to) = (cell(event.from), cell(event.to));
            format!("{} {} {from} -> {to} @ {at}", event.date.format("%-d"), event.kind.name())
        };
        rule(subject).events(&line, day(1)).into_iter().map(shown).collect()
    }

    #[test]
    fn the_life_of_an_agent() {
        let lines = [
            "2..5 王芳|1|8601|T1|G1|2|1",
            "5..7 王芳|1|8602|T2|G2|2|1",
            "7..9 王方|2|8602|T2|G2|1|3",
            "11.. 王方|1|8602|T2|G2|1|3",
        ];
        assert_eq!(
            told(Subject::Agent, 1, false, &lines),
            [
                "2 entered - -> 1 @ 8601 T1",
                "5 moved_organ 8601 -> 8602 @ 8602 T2",
                "5 moved_team T1 -> T2 @ 8602 T2",
                "5 regraded G1 -> G2 @ 8602 T2",
                "7 left 1 -> 2 @ 8602 T2",
                "7 renamed 王芳 -> 王方 @ 8602 T2",
                "7 changed gender=2; channel=1 -> gender=1; channel=3 @ 8602 T2",
                "9 gone 2 -> - @ 8602 T2",
                "11 back - -> 1 @ 8602 T2",
            ]
        );
    }

    #[test]
    fn the_life_of_a_team() {
        let lines = [
            "2..3 甲组|1|8601||A1",
            "3..4 甲组|2|8601|N9|A1",
            "4..5 甲组|1|8601|N9|A1",
            "5.. 甲组|1|8601|N9|",
        ];
        assert_eq!(
            told(Subject::Node, 1, false, &lines),
            [
                "2 opened - -> 1 @ 8601 -",
                "3 closed 1 -> 2 @ 8601 N9",
                "3 moved_parent - -> N9 @ 8601 N9",
                "4 reopened 2 -> 1 @ 8601 N9",
                "5 leader_changed A1 -> - @ 8601 N9",
            ]
        );
    }

    #[test]
    fn an_agent_who_was_there_on_the_oldest_date_has_not_entered() {
        let line = ["2..3 王芳|1||||2|1", "3.. 王芳|2||||2|1"];
        assert_eq!(told(Subject::Agent, 2, false, &line), ["3 left 1 -> 2 @ - -"]);
        // With another status than the two of the contract nobody has left.
        let line = ["2..3 王芳|1||||2|1", "3.. 王芳|3||||2|1"];
        let told_of = told(Subject::Agent, 2, false, &line);
        assert_eq!(told_of, ["3 changed agent_status=1 -> agent_status=3 @ - -"]);
        assert_eq!(told(Subject::Agent, 1, true, &["2.. 王芳|1||||2|1"]), ["2 back - -> 1 @ - -"]);
    }

    /// The cells of a record by date; none where it is not there.
    type Days = BTreeMap<u32, Option<[u8; 3]>>;

    fn cells(of: [u8; 3]) -> Vec<Option<String>> {
        of.into_iter().map(|n| (n > 0).then(|| n.to_string())).collect()
    }

    /// The definition: every date is compared with the one before it.
    fn naive(days: &Days) -> Vec<(u32, &'static str, String)> {
        let (mut found, mut seen) = (Vec::new(), false);
        for ((_, before), (n, now)) in days.iter().zip(days.iter().skip(1)) {
            seen |= before.is_some();
            match (before, now) {
                (None, Some(_)) if seen => found.push((*n, "back", String::new())),
                (None, Some(_)) => found.push((*n, "entered", String::new())),
                (Some(_), None) => found.push((*n, "gone", String::new())),
                (Some(old), Some(new)) => {
                    let [status, organ, gender] = [0, 1, 2].map(|at| (old[at], new[at]));
                    let mut others = Vec::new();
                    match status {
                        (1, 2) => found.push((*n, "left", String::new())),
                        (2, 1) => found.push((*n, "back", String::new())),
                        (old, new) if old != new => others.push("agent_status"),
                        _ => {}
                    }
                    if organ.0 != organ.1 {
                        found.push((*n, "moved_organ", String::new()));
                    }
                    if gender.0 != gender.1 {
                        others.push("gender");
                    }
                    if !others.is_empty() {
                        found.push((*n, "changed", others.join("; ")));
                    }
                }
                (None, None) => {}
            }
        }
        found.sort();
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

        #[test]
        fn events_are_what_a_comparison_of_every_date_with_the_one_before_it_tells(
            days in proptest::collection::btree_map(
                1u32..12,
                proptest::option::weighted(0.7, [0u8..3, 0u8..3, 0u8..3]),
                1..12,
            )
        ) {
            let mut versions: Vec<(Interval, [u8; 3])> = Vec::new();
            for (n, now) in &days {
                let open = versions.last_mut().filter(|(valid, _)| valid.to.is_none());
                match (open, now) {
                    (Some((_, cells)), Some(now)) if cells == now => continue,
                    (Some((valid, _)), _) => valid.to = Some(day(*n)),
                    (None, _) => {}
                }
                versions.extend(now.map(|now| (Interval { from: day(*n), to: None }, now)));
            }
            let columns = vec![
                ("agent_status".to_owned(), Meaning::Status),
                ("working_organ_id".to_owned(), Meaning::Organ),
                ("gender".to_owned(), Meaning::Content),
            ];
            let rule = EventRule::new(Subject::Agent, columns);
            let rows: Vec<_> = versions.iter().map(|(valid, of)| (*valid, cells(*of))).collect();
            let rows: Vec<_> = rows.iter().map(|(valid, row)| (*valid, row.as_slice())).collect();
            let oldest = days.keys().next().map(|n| day(*n));
            let line = |from: usize| Line {
                versions: &rows[from..], had_version: from > 0, oldest,
            };
            let all = rule.events(&line(0), NaiveDate::MIN);
            let mut told: Vec<_> = all
                .iter()
                .map(|event| {
                    let others = event.from.as_deref().filter(|_| event.kind == EventKind::Changed);
                    let names = others.unwrap_or_default().split("; ").map(|cell| {
                        cell.split_once('=').map_or("", |(column, _)| column)
                    });
                    let n = event.date.format("%-d").to_string().parse().unwrap();
                    (n, event.kind.name(), names.collect::<Vec<_>>().join("; "))
                })
                .collect();
            told.sort();
            prop_assert_eq!(told, naive(&days));
            // What came before a gap need not be known but for the fact that there was something.
            for from in 1..rows.len() {
                let since = rows[from].0.from;
                if rows[from - 1].0.to != Some(since) {
                    let later = all.iter().filter(|event| event.date >= since);
                    prop_assert_eq!(rule.events(&line(from), since), later.cloned().collect::<Vec<_>>());
                }
            }
        }
    }
}
