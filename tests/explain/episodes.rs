//! The findings of a record over all published dates.

use std::collections::BTreeMap;

use orgsnap::model::{Explanation, Feed, Verdict};

use super::{ENTERED, date, explain};
use crate::life::{Insurer, deliver, edit, set};

const RECRUITER: usize = 4;
const DATES: [&str; 6] =
    ["2024-11-20", "2024-11-21", "2024-11-23", "2024-11-24", "2024-11-25", "2024-11-26"];

/// Imports days; on each, the cells of lines that are wrong: line, field, value. A value `|` is a field too many.
fn days(wrong: [&[(usize, usize, &str)]; 6]) -> (Insurer, BTreeMap<usize, String>) {
    let folder = tempfile::tempdir().unwrap();
    let (mut insurer, mut ids) = (Insurer::new(""), BTreeMap::new());
    for (day, cells) in DATES.into_iter().zip(wrong) {
        let path = folder.path().join(day);
        deliver(&path, "2024-11-20");
        edit(&path, "temp_agent.txt", |lines| {
            for (at, line) in lines.iter().enumerate() {
                ids.insert(at, line.split('|').next().unwrap().to_owned());
            }
            for (line, field, value) in cells {
                match *value {
                    "|" => lines[*line].push_str("|x"),
                    value => set(lines, *line, *field, value),
                }
            }
        });
        let report = insurer.import(&path, day);
        assert_eq!(report.verdict, Verdict::Published, "{:?}", report.reasons);
    }
    (insurer, ids)
}

/// The findings of a code that have ended: first date, last date, how many.
fn ended(explanation: &Explanation, code: &str) -> Vec<(String, String, u64)> {
    let of_code = explanation.earlier_findings.iter().filter(|(_, f)| f.code == code);
    of_code
        .map(|(last, f)| (f.first_seen.clone().unwrap(), last.to_string(), f.deliveries.unwrap()))
        .collect()
}

fn span(first: &str, last: &str, deliveries: u64) -> (String, String, u64) {
    (first.to_owned(), last.to_owned(), deliveries)
}

#[test]
fn findings_that_came_back_are_told_once_for_each_time() {
    let bad: &[(usize, usize, &str)] = &[(5, ENTERED, "x"), (6, 0, "|")];
    let (insurer, ids) = days([bad, bad, &[], bad, &[], bad]);
    for (line, code) in [(5, "V203"), (6, "R201")] {
        let explanation = explain(&insurer, Feed::Agent, &ids[&line], None);
        let expected = [span(DATES[3], DATES[3], 1), span(DATES[0], DATES[1], 2)];
        assert_eq!(ended(&explanation, code), expected, "{code}");
        let now: Vec<&str> = explanation.findings.iter().map(|f| f.code.as_str()).collect();
        assert!(now.contains(&code), "{now:?}");
        // On an earlier date those after it are not there yet.
        let earlier = explain(&insurer, Feed::Agent, &ids[&line], Some(DATES[2]));
        assert_eq!(ended(&earlier, code), [span(DATES[0], DATES[1], 2)]);
    }
}

#[test]
fn a_record_has_the_findings_that_name_the_key_it_refers_to_on_the_dates_on_which_it_does() {
    let one = (40, RECRUITER, "A99999999");
    let both: &[(usize, usize, &str)] = &[one, (41, RECRUITER, "A99999999")];
    let (insurer, ids) = days([&[one], both, &both[1..], &both[1..], &[one], &[]]);
    let referring = |line: usize, date: Option<&str>| {
        let explanation = explain(&insurer, Feed::Agent, &ids[&line], date);
        assert!(date.is_some() || explanation.findings.iter().all(|f| f.code != "X409"));
        ended(&explanation, "X409")
    };
    let first = span(DATES[0], DATES[1], 2);
    assert_eq!(referring(40, None), [span(DATES[4], DATES[4], 1), first.clone()]);
    assert_eq!(referring(41, None), [span(DATES[1], DATES[3], 3)]);
    assert_eq!(referring(42, None), []);
    // On a date that has it the finding is one of the date.
    assert_eq!(referring(40, Some(DATES[4])), [first]);
    let there = explain(&insurer, Feed::Agent, &ids[&41], Some(DATES[2]));
    assert_eq!(there.date, date(DATES[2]));
    assert_eq!(there.findings.iter().filter(|f| f.code == "X409").count(), 1);
}
