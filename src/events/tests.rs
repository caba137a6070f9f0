//! The events of single lives, and of random ones beside a comparison of every date with the one before it.

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
            ("leave_company_date", Meaning::LeaveDate),
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
        "2..5 王芳|1|8601|T1|G1|2|1|",
        "5..7 王芳|1|8602|T2|G2|2|1|",
        "7..8 王方|2|8602|T2|G2|1|3|2026-11-06",
        "8..9 王方|2|8602|T2|G2|1|3|2026-11-05",
        "11.. 王方|1|8602|T2|G2|1|3|",
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
            "8 changed leave_company_date=2026-11-06 -> leave_company_date=2026-11-05 @ 8602 T2",
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
