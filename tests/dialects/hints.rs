//! Findings that carry the remedy: what the job could say, or what became of the data on its way.

use encoding_rs::GB18030;

use super::*;

type Change = fn(Feed, &str, &[String], &str) -> String;

fn report_of(change: Change, settings: &str) -> RunReport {
    let mut company = company();
    company.map(change);
    let folder = tempfile::tempdir().unwrap();
    company.write(folder.path());
    import(folder.path(), &job(settings)).unwrap().0
}

/// Rules with a hint, and the English hints.
fn hints(report: &RunReport) -> Vec<(&str, &str)> {
    report
        .findings
        .iter()
        .filter_map(|finding| Some((finding.code, finding.hint.as_ref()?.en.as_ref())))
        .collect()
}

#[test]
fn a_finding_says_what_the_job_could_say() {
    let cases: [(&str, Change, &[&str], &str); 8] = [
        (
            "NULL",
            |_, _, _, cell| if cell.is_empty() { "NULL".to_owned() } else { cell.to_owned() },
            &["V203"],
            "[format] null = [\"NULL\"]",
        ),
        (
            "nought for the top",
            |_, field, _, cell| match field {
                "parentId" if cell.is_empty() => "0".to_owned(),
                _ => cell.to_owned(),
            },
            &["T603", "V201"],
            "[format] tops = { organ = [\"0\"] }",
        ),
        (
            "its own parent",
            |_, field, row, cell| match field {
                "parentId" if cell.is_empty() => row[0].clone(),
                "parentOrganName" if cell.is_empty() => row[1].clone(),
                _ => cell.to_owned(),
            },
            &["T601", "T603"],
            "[format] tops = { organ = [\"self\"] }",
        ),
        (
            "letters for genders",
            |_, field, _, cell| match field {
                "gender" => ["?", "M", "F", "U"][cell.parse::<usize>().unwrap()].to_owned(),
                _ => cell.to_owned(),
            },
            &["V202"],
            "[codes] gender = { \"M\" = 1, \"F\" = 2",
        ),
        (
            "days first",
            |_, field, _, cell| match field.ends_with("Date") && !cell.is_empty() {
                true => cell.split('-').rev().collect::<Vec<_>>().join("/"),
                false => cell.to_owned(),
            },
            &["V203"],
            "[format] dates = [\"%d/%m/%Y\"]",
        ),
        (
            "no day",
            |_, field, _, cell| match field {
                "leaveCompanyDate" if cell.is_empty() => "0000-00-00".to_owned(),
                _ => cell.to_owned(),
            },
            &["V203"],
            "[format] no_date = [\"0000-00-00\"]",
        ),
        (
            "numbers of a spreadsheet",
            |_, field, _, cell| match field {
                "recommendByAgentId" if !cell.is_empty() => "1.00E+09".to_owned(),
                _ => cell.to_owned(),
            },
            &["X409"],
            "the ids were lost when a spreadsheet wrote them",
        ),
        (
            "leading zeros",
            |_, field, _, cell| match field {
                "id" | "workingOrganId" | "parentId" if !cell.is_empty() && cell.len() < 12 => {
                    format!("000{cell}")
                }
                _ => cell.to_owned(),
            },
            &["X403", "X405"],
            "may have lost its leading zeros",
        ),
    ];
    for (what, change, codes, expected) in cases {
        let report = report_of(change, "");
        let found = hints(&report);
        for code in codes {
            let is_there = found.iter().any(|(at, hint)| at == code && hint.contains(expected));
            assert!(is_there, "{what} {code}: {found:#?} {:?}", report.totals);
        }
    }
}

#[test]
fn a_delivery_by_the_contract_and_a_declared_one_have_no_hints() {
    let report = report_of(|_, _, _, cell| cell.to_owned(), "");
    assert_eq!(hints(&report), []);
    let null: Change = |_, _, _, cell| if cell.is_empty() { "NULL" } else { cell }.to_owned();
    assert_eq!(hints(&report_of(null, "[format]\nnull = [\"NULL\"]")), []);
}

#[test]
fn lines_above_below_and_between_the_records_are_named() {
    let cases: [(fn(&mut Vec<String>), &str); 3] = [
        (|lines| lines.insert(0, "某某人寿|2024".to_owned()), "[format] skip_lines = 1"),
        (|lines| lines.push("TRL|60".to_owned()), "[format] trailer = \"TRL|{rows}\""),
        (|lines| lines.insert(3, "# 说明".to_owned()), "[format] comment = \"#\""),
    ];
    for (change, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        for (feed, name) in FILES {
            let mut lines = company().lines(feed, "|");
            if feed == Feed::Agent {
                change(&mut lines);
            }
            fs::write(folder.path().join(name), lines.join("\n") + "\n").unwrap();
        }
        let (report, _) = import(folder.path(), &job("")).unwrap();
        let found = hints(&report);
        assert!(found.iter().any(|(_, hint)| hint.contains(expected)), "{expected}: {found:#?}");
    }
}

#[test]
fn a_run_of_lines_in_another_encoding_is_named_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    company().write(folder.path());
    let path = folder.path().join("temp_agent.txt");
    let text = fs::read_to_string(&path).unwrap();
    let lines = text.lines().enumerate().map(|(at, line)| match at < 40 {
        true => GB18030.encode(&format!("{line}\n")).0.into_owned(),
        false => format!("{line}\n").into_bytes(),
    });
    fs::write(&path, lines.collect::<Vec<_>>().concat()).unwrap();
    let (report, _) = import(folder.path(), &job("[format]\nencoding = \"gb18030\"")).unwrap();
    let found = hints(&report);
    assert!(
        found.iter().any(|(code, hint)| *code == "R202"
            && hint.starts_with("lines 41 to 61 read as UTF-8, the rest of the file is gb18030")),
        "{found:#?}"
    );
}
