//! Causes: made-up disasters, each one change of a sample delivery, and what explains their findings.

mod deliveries;

use std::collections::BTreeSet;

use deliveries::{Files, Row};
use encoding_rs::GB18030;
use orgsnap::model::{Cause, CauseKind, Feed, Level, Message, RunReport};

/// The causes that are more than a note, after checks that hold for every report.
fn causes(report: &RunReport) -> Vec<&Cause> {
    for finding in &report.findings {
        let cause = finding.cause.and_then(|cause| report.causes.get(cause));
        let cause = cause.unwrap_or_else(|| panic!("no cause: {finding:?}"));
        assert!(cause.codes.contains(&finding.code), "{cause:?}");
    }
    let total: u64 = report.causes.iter().map(|cause| cause.findings).sum();
    assert_eq!(total, report.totals.values().sum::<u64>());
    let rank = |cause: &Cause| {
        let (fatal, info) = (cause.level == Level::Fatal, cause.level == Level::Info);
        (fatal, !info, cause.people, cause.level, cause.findings)
    };
    assert!(report.causes.is_sorted_by(|a, b| rank(a) >= rank(b)));
    for text in report.causes.iter().flat_map(|cause| [&cause.what.zh, &cause.action.zh]) {
        assert!(is_set_well(text), "{text}");
    }
    report.causes.iter().filter(|cause| cause.level > Level::Info).collect()
}

/// Whether spaces stand only beside letters and digits, never between Chinese characters or beside their punctuation.
fn is_set_well(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let wide = |char: Option<&char>| char.is_none_or(|char| !char.is_ascii());
    let punctuation =
        |char: Option<&char>| char.is_none_or(|char| "，。；：、（）“”".contains(*char));
    let spaces = (0..chars.len()).filter(|at| chars[*at] == ' ');
    let sides =
        spaces.map(|at| (at.checked_sub(1).and_then(|at| chars.get(at)), chars.get(at + 1)));
    sides.into_iter().all(|(before, behind)| {
        let chinese = wide(before) && wide(behind);
        !(chinese || punctuation(before) || punctuation(behind))
    })
}

/// Kind, people, organisations and the organisation of the one cause of a delivery.
fn only(report: &RunReport) -> (CauseKind, u64, u64, Option<String>) {
    let causes = causes(report);
    assert_eq!(causes.len(), 1, "{causes:#?}");
    let cause = causes[0];
    (cause.kind, cause.people, cause.organs, cause.organ.as_ref().map(|(id, _)| id.clone()))
}

/// The same after another delivery, whether that was published or is only compared with.
fn only_after(files: &Files, before: &Files) -> (CauseKind, u64, u64, Option<String>) {
    let reports = files.check_after(before);
    let [published, compared] = [only(&reports[0]), only(&reports[1])];
    assert_eq!((published.0, &published.3), (compared.0, &compared.3));
    published
}

/// Whether an organisation is a branch or lies below it, as the ids of the sample tell.
fn below<'b>(branch: &'b str, field: &'b str) -> impl Fn(&Row) -> bool + 'b {
    move |row| row[field].starts_with(branch)
}

const BRANCH: &str = "8602";

#[test]
fn a_missing_branch_is_one_cause_with_all_people_below_it() {
    let whole = Files::new(0.0);
    let people = whole.count(Feed::Agent, below(BRANCH, "workingOrganId"));
    let organs = whole.count(Feed::Organ, below(BRANCH, "id"));
    let expected = (CauseKind::MissingRecord, people, organs, Some(BRANCH.to_owned()));

    let mut files = whole.clone();
    files.retain(Feed::Organ, |row| row["id"] != BRANCH);
    assert_eq!(only(&files.check()), expected, "its record alone");
    assert_eq!(only_after(&files, &whole), expected, "its record alone, after");

    files.retain(Feed::Organ, |row| !below(BRANCH, "id")(row));
    assert_eq!(only_after(&files, &whole), expected, "with all below it");
    let (kind, reached, ..) = only(&files.check());
    assert_eq!((kind, reached), (CauseKind::MissingRecord, people), "with all below it, alone");

    files.retain(Feed::Node, |row| !below(BRANCH, "organId")(row));
    assert_eq!(only_after(&files, &whole), expected, "and all teams");
    files.retain(Feed::Principal, |row| !below(BRANCH, "organId")(row));
    files.retain(Feed::Agent, |row| !below(BRANCH, "workingOrganId")(row));
    // Whoever is gone with all that refers to them is missed by the rules of the snapshot before; without one there is no
    // finding, and a cause all the same.
    let gone: u64 = [
        (Feed::Agent, "workingOrganId"),
        (Feed::Node, "organId"),
        (Feed::Organ, "id"),
        (Feed::Principal, "organId"),
    ]
    .map(|(feed, field)| whole.count(feed, below(BRANCH, field)))
    .iter()
    .inspect(|gone| assert!(**gone > 0))
    .sum();
    assert!(gone > people);
    for report in files.check_after(&whole) {
        let (kind, reached, reached_organs, organ) = only(&report);
        assert_eq!((kind, organ), (CauseKind::MissingRecord, Some(BRANCH.to_owned())), "everybody");
        assert!(reached >= people, "{reached} {people}");
        assert_eq!(reached_organs, organs);
        let cause = causes(&report)[0];
        for file in
            ["temp_agent.txt", "temp_base_node.txt", "temp_organization.txt", "temp_principal.txt"]
        {
            assert!(cause.what.zh.contains(file) && cause.action.en.contains(file), "{cause:?}");
        }
    }
}

#[test]
fn the_line_that_refers_to_a_missing_branch_names_it() {
    let whole = Files::new(0.0);
    let organs = whole.count(Feed::Organ, below(BRANCH, "id"));
    let mut files = whole.clone();
    files.retain(Feed::Organ, |row| !below(BRANCH, "id")(row));
    files.retain(Feed::Node, |row| !below(BRANCH, "organId")(row));
    files.retain(Feed::Principal, |row| !below(BRANCH, "organId")(row));
    for report in files.check_after(&whole) {
        let cause = causes(&report)[0];
        assert_eq!((cause.kind, cause.organs), (CauseKind::MissingRecord, organs));
        assert!(!cause.what.en.contains("refers to it"), "{}", cause.what.en);
    }
}

#[test]
fn agents_of_a_branch_who_are_gone_are_one_cause_with_what_refers_to_them() {
    let whole = Files::new(0.0);
    let people = whole.count(Feed::Agent, below(BRANCH, "workingOrganId"));
    let mut files = whole.clone();
    files.retain(Feed::Agent, |row| !below(BRANCH, "workingOrganId")(row));
    for report in files.check_after(&whole) {
        let (kind, reached, _, organ) = only(&report);
        assert_eq!(kind, CauseKind::MissingRecord);
        assert!(reached >= people, "{reached} {people}");
        assert!(organ.is_some_and(|organ| organ.starts_with(BRANCH)));
    }
}

#[test]
fn a_missing_file_concerns_everybody() {
    let whole = Files::new(0.0);
    let mut files = whole.clone();
    files.lines(Feed::Organ).clear();
    for report in files.check_after(&whole) {
        let cause = &report.causes[0];
        assert_eq!((cause.level, cause.people), (Level::Fatal, 2_000), "{cause:?}");
        assert!(cause.what.zh.contains("temp_organization.txt"), "{cause:?}");
        let reason = &report.reasons[0].message;
        assert!(reason.zh.contains("temp_organization.txt"), "{reason:?}");
    }
}

#[test]
fn a_branch_in_quarantine_is_one_cause_with_all_people_below_it() {
    let mut files = Files::new(0.0);
    let people = files.count(Feed::Agent, below(BRANCH, "workingOrganId"));
    let organs = files.count(Feed::Organ, below(BRANCH, "id"));
    files.set(Feed::Organ, "foundDate", "2019-02-30", |row| row["id"] == BRANCH);
    let expected = (CauseKind::MissingRecord, people, organs, Some(BRANCH.to_owned()));
    assert_eq!(only(&files.check()), expected);
}

#[test]
fn a_team_file_cut_short_is_one_cause() {
    let whole = Files::new(0.0);
    for torn in [true, false] {
        let mut files = whole.clone();
        let lines = files.lines(Feed::Node);
        lines.truncate(lines.len() * 4 / 5);
        let last = lines.last_mut().unwrap();
        if torn {
            last.truncate(last.len() / 2);
            assert_eq!(only(&files.check()).0, CauseKind::FileCutShort);
        }
        let there: Vec<String> =
            files.rows(Feed::Node).into_iter().map(|mut row| row.remove("id").unwrap()).collect();
        let there = &there[..there.len() - usize::from(torn)];
        let people = whole.count(Feed::Agent, |row| !there.contains(&row["workingNodeId"]));
        let (kind, reached, ..) = only_after(&files, &whole);
        assert_eq!((kind, reached), (CauseKind::FileCutShort, people), "torn: {torn}");
    }
}

#[test]
fn an_agent_file_cut_short_is_one_cause_with_those_who_are_gone() {
    let whole = Files::new(0.0);
    let mut files = whole.clone();
    files.lines(Feed::Agent).truncate(1_201);
    let gone = &whole.rows(Feed::Agent)[1_200..];
    let organs: BTreeSet<&str> = gone.iter().map(|row| row["workingOrganId"].as_str()).collect();
    for report in files.check_after(&whole) {
        let (kind, people, reached_organs, _) = only(&report);
        assert_eq!(kind, CauseKind::FileCutShort);
        assert!((800..1_000).contains(&people), "{people}");
        assert!(reached_organs >= organs.len() as u64, "{reached_organs} {}", organs.len());
    }
}

#[test]
fn columns_shifted_from_a_line_on_are_one_cause() {
    for right in [true, false] {
        let mut files = Files::new(0.0);
        for line in files.lines(Feed::Agent).iter_mut().skip(501).take(300) {
            let text = String::from_utf8(line.clone()).unwrap();
            let mut cells: Vec<&str> = text.trim_end().split('|').collect();
            if right {
                cells.insert(2, "");
                cells.pop();
            } else {
                cells.remove(2);
                cells.push("");
            }
            *line = (cells.join("|") + "\n").into_bytes();
        }
        let report = files.check();
        let (kind, people, ..) = only(&report);
        assert_eq!((kind, people), (CauseKind::ShiftedColumns, 300), "right: {right}");
        assert_eq!(causes(&report)[0].line, Some(502));
    }
}

#[test]
fn a_delimiter_too_many_or_too_few_in_a_run_of_lines_is_one_cause_with_all_who_refer_to_them() {
    let whole = Files::new(0.0);
    let ids: Vec<String> =
        whole.rows(Feed::Agent)[500..800].iter().map(|row| row["id"].clone()).collect();
    let others = whole.count(Feed::Agent, |row| {
        !ids.contains(&row["id"]) && ids.contains(&row["recommendByAgentId"])
    });
    for (found, more, field) in [(16, true, "recommendByAgentId"), (14, false, "gender")] {
        let mut files = whole.clone();
        for line in files.lines(Feed::Agent).iter_mut().skip(501).take(300) {
            let text = String::from_utf8(line.clone()).unwrap();
            let mut cells: Vec<&str> = text.trim_end_matches('\n').split('|').collect();
            assert_eq!(cells.len(), 15);
            match more {
                true => cells.insert(4, "x"),
                false => _ = cells.remove(3),
            }
            *line = (cells.join("|") + "\n").into_bytes();
        }
        let report = files.check();
        let (kind, people, ..) = only(&report);
        assert_eq!(kind, CauseKind::ShiftedColumns, "{found}");
        assert!((300..=300 + others).contains(&people), "{found}: {people}");
        let cause = causes(&report)[0];
        assert_eq!(cause.line, Some(502));
        let what = &cause.what.zh;
        for fact in ["502 至 801", &format!("有 {found} 个字段"), "应为 15 个", field] {
            assert!(what.contains(fact), "{what}");
        }
        let after = files.check_after(&whole).map(|report| {
            let [cause] = causes(&report)[..] else { panic!("{:#?}", causes(&report)) };
            cause.kind
        });
        assert_eq!(after, [CauseKind::ShiftedColumns; 2]);
    }
}

/// Writes a delimiter behind the first cell of a line.
fn widen(line: &mut Vec<u8>) {
    let at = line.iter().position(|byte| *byte == b'|').unwrap();
    line.insert(at, b'|');
}

#[test]
fn a_delimiter_too_many_on_lines_of_teams_concerns_all_who_hang_from_them() {
    let mut files = Files::new(0.0);
    let nodes = files.rows(Feed::Node);
    let mut below: Vec<String> = nodes[9..29].iter().map(|row| row["id"].clone()).collect();
    let mut at = 0;
    while at < below.len() {
        let children = nodes.iter().filter(|row| row["parentNodeId"] == below[at]);
        let children: Vec<String> = children.map(|row| row["id"].clone()).collect();
        below.extend(children.into_iter().filter(|id| !below.contains(id)).collect::<Vec<_>>());
        at += 1;
    }
    let people = files.count(Feed::Agent, |row| below.contains(&row["workingNodeId"]));
    files.lines(Feed::Node)[10..30].iter_mut().for_each(widen);
    let (kind, reached, ..) = only(&files.check());
    assert_eq!((kind, reached), (CauseKind::ShiftedColumns, people));
}

#[test]
fn a_branch_on_a_line_with_a_delimiter_too_many_is_one_cause_with_all_people_below_it() {
    let mut files = Files::new(0.0);
    let people = files.count(Feed::Agent, below(BRANCH, "workingOrganId"));
    let at = files.rows(Feed::Organ).iter().position(|row| row["id"] == BRANCH).unwrap();
    widen(&mut files.lines(Feed::Organ)[at + 1]);
    let report = files.check();
    let (kind, reached, ..) = only(&report);
    assert_eq!((kind, reached), (CauseKind::MissingRecord, people));
    assert_eq!(causes(&report)[0].key.as_deref(), Some(BRANCH));
}

#[test]
fn values_of_one_form_in_a_whole_column_are_one_cause() {
    let mut files = Files::new(0.0);
    for level in ["1", "2", "3"] {
        let value = format!("{level}级");
        files.set(Feed::Node, "nodeLevel", &value, |row| row["nodeLevel"] == level);
    }
    let report = files.check();
    assert_eq!(only(&report).0, CauseKind::UniformValue);
    let what = &causes(&report)[0].what.zh;
    assert!(["1级", "2级", "3级"].iter().all(|value| what.contains(value)), "{what}");
}

#[test]
fn one_value_in_a_whole_column_is_one_cause() {
    for (feed, field, value, people) in [
        (Feed::Agent, "gender", "NULL", 2_000),
        (Feed::Agent, "agentStatus", "1级", 2_000),
        (Feed::Agent, "workingNodeId", "NULL", 2_000),
        (Feed::Agent, "channel", "", 2_000),
        (Feed::Node, "organName", "NULL", 0),
    ] {
        let mut files = Files::new(0.0);
        files.set(feed, field, value, |_| true);
        let report = files.check();
        let (kind, reached, ..) = only(&report);
        assert_eq!((kind, reached), (CauseKind::UniformValue, people), "{field}");
        let what = &causes(&report)[0].what;
        assert!(what.zh.contains(field) && what.zh.contains(value), "{what:?}");
    }
}

#[test]
fn lines_in_another_encoding_are_one_cause() {
    let whole = Files::new(0.0);
    let ids: Vec<String> =
        whole.rows(Feed::Agent)[399..499].iter().map(|row| row["id"].clone()).collect();
    for file_is_utf8 in [true, false] {
        let mut files = whole.clone();
        for (at, line) in files.lines(Feed::Agent).iter_mut().enumerate() {
            let among = (400..500).contains(&at);
            if among == file_is_utf8 {
                *line = GB18030.encode(&String::from_utf8(line.clone()).unwrap()).0.into_owned();
            }
        }
        // Where the delimiter is part of a character, the recruits of an agent lose theirs.
        let recruits = whole.count(Feed::Agent, |row| ids.contains(&row["recommendByAgentId"]));
        let (kind, people, ..) = only(&files.check());
        assert_eq!(kind, CauseKind::OtherEncoding, "{file_is_utf8}");
        assert!((100..=100 + recruits).contains(&people), "{file_is_utf8}: {people}");
    }
}

#[test]
fn lines_in_utf_8_that_decode_as_gb18030_are_one_cause() {
    let mut files = Files::new(0.0);
    for (at, line) in files.lines(Feed::Node).iter_mut().enumerate() {
        if !(20..60).contains(&at) {
            *line = GB18030.encode(&String::from_utf8(line.clone()).unwrap()).0.into_owned();
        }
    }
    let report = files.check();
    assert_eq!(report.totals.get("R202"), None);
    assert_eq!(only(&report).0, CauseKind::OtherEncoding);
}

#[test]
fn a_wrong_key_beside_the_name_of_a_record_that_others_name_is_no_renumbering() {
    let mut files = Files::new(0.0);
    let organ = files.rows(Feed::Organ).into_iter().find(|row| row["id"] == "86").unwrap();
    let nodes = files.rows(Feed::Node);
    for node in &nodes[10..14] {
        files.set(Feed::Node, "organId", "86999999", |row| row["id"] == node["id"]);
        files.set(Feed::Node, "organName", &organ["organName"], |row| row["id"] == node["id"]);
    }
    let report = files.check();
    let found = causes(&report);
    assert!(
        found.iter().any(|cause| cause.codes.iter().any(|code| code.starts_with('X'))),
        "{found:#?}"
    );
    assert!(found.iter().all(|cause| cause.kind != CauseKind::Renumbered), "{found:#?}");
}

#[test]
fn an_organisation_without_a_name_is_told_by_its_id() {
    let mut files = Files::new(0.0);
    files.set(Feed::Organ, "organName", "", |row| row["id"] == BRANCH);
    let report = files.check();
    let what: Vec<_> = causes(&report).iter().map(|cause| &cause.what).collect();
    assert!(what.iter().any(|what| what.zh.contains("机构 8602")), "{what:#?}");
    assert!(what.iter().any(|what| what.en.contains("organisation 8602")), "{what:#?}");
    let blank = |what: &&&Message| what.zh.contains("（8602）") || what.en.contains("(8602)");
    assert_eq!(what.iter().find(blank), None);
}

#[test]
fn what_is_only_worth_knowing_comes_last_and_asks_for_nothing() {
    let mut files = Files::new(0.0);
    let before = files.clone();
    files.set(Feed::Agent, "gender", "NULL", |row| row["id"].ends_with('7'));
    let of = |row: &Row| row["leaveCompanyDate"].is_empty() && row["id"].ends_with("11");
    files.set(Feed::Agent, "enterCompanyDate", "2010/02/03", of);
    files.set(Feed::Agent, "recommendDate", "", of);
    files.set(Feed::Agent, "recommendByAgentId", "", of);
    files.set(Feed::Agent, "recommendByNodeId", "", of);
    for report in files.check_after(&before) {
        let asking = causes(&report).len();
        assert!(asking > 0 && asking < report.causes.len(), "{:#?}", report.causes);
        for (at, cause) in report.causes.iter().enumerate() {
            let asks = cause.action.zh.contains('请') && !cause.action.zh.contains("orgsnap");
            assert_eq!(asks, at < asking, "{cause:#?}");
        }
    }
}

#[test]
fn a_renumbered_team_is_one_cause() {
    let whole = Files::new(0.0);
    let team = whole.rows(Feed::Agent)[700]["workingNodeId"].clone();
    let people = whole.count(Feed::Agent, |row| row["workingNodeId"] == team);
    let mut files = whole.clone();
    files.set(Feed::Node, "id", "N999", |row| row["id"] == team);
    let after = files.check_after(&whole);
    for report in after.into_iter().chain([files.check()]) {
        let (kind, reached, ..) = only(&report);
        assert_eq!((kind, reached), (CauseKind::Renumbered, people));
        assert!(causes(&report)[0].what.zh.contains("N999"));
    }
}

#[test]
fn a_file_of_the_day_before_is_one_cause() {
    let before = Files::new(0.0);
    let agents = before.rows(Feed::Agent);
    let [closed, first, second] = [300, 700, 1_100].map(|at| agents[at]["workingNodeId"].clone());
    let people = before.count(Feed::Agent, |row| {
        row["workingNodeId"] == closed || row["recommendByNodeId"] == closed
    });
    // The new team file knows new leaders, and a team less; the agents are those of the day before.
    let mut files = before.clone();
    files.set(Feed::Node, "agentId", "A901", |row| row["id"] == first);
    files.set(Feed::Node, "agentId", "A902", |row| row["id"] == second);
    files.retain(Feed::Node, |row| row["id"] != closed);
    for report in files.check_after(&before) {
        let (kind, reached, ..) = only(&report);
        assert_eq!((kind, reached), (CauseKind::MixedDates, people));
        let codes = &causes(&report)[0].codes;
        assert!(codes.ends_with(&["X406", "X410", "X411"]), "{codes:?}");
    }
}

#[test]
fn a_file_of_the_day_before_is_known_by_the_names_it_copies() {
    let before = Files::new(0.0);
    let agents = before.rows(Feed::Agent);
    let [closed, first, second] = [300, 700, 1_100].map(|at| agents[at]["workingNodeId"].clone());
    let people = before.count(Feed::Agent, |row| {
        [&closed, &first, &second].contains(&&row["workingNodeId"])
            || row["recommendByNodeId"] == closed
    });
    let mut files = before.clone();
    files.retain(Feed::Node, |row| row["id"] != closed);
    files.set(Feed::Node, "nodeName", "明日组", |row| [&first, &second].contains(&&row["id"]));
    // The same records in another order are no other day.
    let mut in_other_order = files.clone();
    in_other_order.lines(Feed::Agent).swap(1, 2);
    for files in [files, in_other_order] {
        for report in files.check_after(&before) {
            let (kind, reached, ..) = only(&report);
            assert_eq!((kind, reached), (CauseKind::MixedDates, people));
        }
    }
}

#[test]
fn a_file_of_the_day_before_is_known_by_names_that_all_others_have() {
    let before = Files::new(0.0);
    let organ = before.rows(Feed::Agent)[300]["workingOrganId"].clone();
    let people = before.count(Feed::Agent, |row| row["workingOrganId"] == organ);
    let mut files = before.clone();
    for (feed, id, name) in [
        (Feed::Agent, "workingOrganId", "workingOrganName"),
        (Feed::Node, "organId", "organName"),
        (Feed::Principal, "organId", "organName"),
    ] {
        files.set(feed, name, "新支公司", |row| row[id] == organ);
    }
    for report in files.check_after(&before) {
        let (kind, reached, ..) = only(&report);
        assert_eq!((kind, reached), (CauseKind::MixedDates, people));
        assert_eq!(causes(&report)[0].feed, Feed::Organ);
    }
    // One file alone with other names is at fault itself.
    let mut files = before.clone();
    files.set(Feed::Node, "organName", "新支公司", |row| row["organId"] == organ);
    for report in files.check_after(&before) {
        assert_eq!(only(&report).0, CauseKind::SameRule);
    }
}

#[test]
fn two_disasters_are_two_causes() {
    let mut files = Files::new(0.0);
    let people = files.count(Feed::Agent, below(BRANCH, "workingOrganId"));
    files.retain(Feed::Organ, |row| row["id"] != BRANCH);
    files.set(Feed::Agent, "gender", "NULL", |_| true);
    let report = files.check();
    let found: Vec<(CauseKind, u64)> = causes(&report).iter().map(|c| (c.kind, c.people)).collect();
    assert_eq!(found, [(CauseKind::UniformValue, 2_000), (CauseKind::MissingRecord, people)]);
}

#[test]
fn no_sentence_of_a_cause_names_an_agent() {
    let mut files = Files::new(0.0);
    let names: Vec<String> = files
        .rows(Feed::Agent)
        .into_iter()
        .map(|mut row| row.remove("agentName").unwrap())
        .collect();
    // Names slip into a column of codes, the same one three times.
    for (at, line) in files.lines(Feed::Agent).iter_mut().enumerate().skip(1) {
        let text = String::from_utf8(line.clone()).unwrap();
        let mut cells: Vec<&str> = text.trim_end().split('|').collect();
        match at {
            1..4 => cells[3] = &names[0],
            10..20 => cells.swap(1, 5),
            _ => {}
        }
        *line = (cells.join("|") + "\n").into_bytes();
    }
    let report = files.check();
    assert!(causes(&report).len() > 1);
    for cause in &report.causes {
        for text in [&cause.what, &cause.action].into_iter().flat_map(|m| [&m.zh, &m.en]) {
            let named = names.iter().find(|name| text.contains(name.as_str()));
            assert_eq!(named, None, "{text}");
        }
    }
}
