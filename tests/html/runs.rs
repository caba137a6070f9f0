//! Runs made by hand that have all there can be on a page.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use orgsnap::model::{
    Cause, CauseKind, Disposition, Excerpt, Feed, Finding, FindingAge, Level, MendedFinding,
    Message, OrganFindings, RecentRun, RunId, RunReport, Verdict,
};

use crate::report::{finding, published, refused};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A refused run with causes, organisations, earlier runs, ages and mended findings, and `number` findings.
pub(super) fn eventful(number: usize) -> RunReport {
    let mut report = refused();
    report.findings = findings(number);
    report.totals = BTreeMap::new();
    for finding in &report.findings {
        *report.totals.entry(finding.code).or_insert(0) += 1;
    }
    // More than the run holds.
    report.totals.insert("X411", report.totals["X411"] + 1_000_000);
    report.changes = published().changes;
    report.causes = causes();
    report.organs = organs();
    report.recent = recent();
    report.mended = Some(mended());
    // More than the run lists.
    report.mended_totals.mended = [("V203".to_owned(), 145)].into();
    report
}

/// Findings of five rules, sorted as a run has them.
fn findings(number: usize) -> Vec<Finding> {
    let rules: [(&str, &str, Level, Disposition); 5] = [
        ("N501", "name-mismatch", Level::Warning, Disposition::Keep),
        ("R201", "wrong-field-count", Level::Error, Disposition::Quarantine),
        ("V203", "not-a-date", Level::Error, Disposition::Quarantine),
        ("X409", "unknown-recruiter", Level::Warning, Disposition::Detach),
        ("X411", "unknown-working-node", Level::Error, Disposition::Keep),
    ];
    let each = number / rules.len();
    let of =
        |(at, (code, name, level, disposition)): (usize, (&'static str, &'static str, _, _))| {
            (0..each).map(move |n| {
                let mut made = finding(code, name, level, disposition);
                let (line, key) = (n as u64 + 2, format!("8601{:08}", n * 7));
                made.line = Some(line);
                made.lines = vec![line];
                made.key = Some(key.clone());
                made.cause = Some([1, 0, 2, 2, 2][at]);
                made.age = Some(FindingAge {
                    first_seen: if n % 3 == 0 { day("2026-11-24") } else { day("2026-11-12") },
                    deliveries: if n % 3 == 0 { 1 } else { 9 },
                });
                fill(&mut made, n, &key);
                made
            })
        };
    rules.into_iter().enumerate().flat_map(of).collect()
}

fn fill(made: &mut Finding, n: usize, key: &str) {
    match made.code {
        "N501" => {
            made.feed = Feed::Organ;
            made.field = Some("leaderName".to_owned());
            made.message = Message::new(
                format!(
                    "leaderName 为“欧阳娜{n}”，而 leaderId 所指的内勤人员 P{n} 的 principalName 为“司马懿”"
                ),
                format!(
                    "leaderName is \"欧阳娜{n}\", but principalName of principal P{n}, which leaderId names, is \"司马懿\""
                ),
            );
            made.value = Some(format!("欧阳娜{n}"));
            made.names = vec![format!("欧阳娜{n}"), "司马懿".to_owned()];
        }
        "R201" => {
            made.message = Message::fixed(
                "本行有 3 个字段，应为 15 个",
                "the line has 3 fields instead of 15",
            );
        }
        "V203" => {
            made.field = Some("enterCompanyDate".to_owned());
            made.value = Some(format!("2024-02-{}", n % 70 + 30));
            let value = made.value.clone().unwrap();
            made.message = Message::new(
                format!("enterCompanyDate（进入公司日期）应为日期，实为“{value}”"),
                format!("enterCompanyDate (entry date) must be a date, not \"{value}\""),
            );
        }
        _ => {
            made.field = Some("workingNodeId".to_owned());
            made.affected = n as u64 % 40 + 1;
            let rows = made.affected;
            made.message = Message::new(
                format!(
                    "temp_base_node.txt 中没有主键为 {key} 的外勤区部组，{rows} 行的 workingNodeId 引用了它"
                ),
                format!(
                    "temp_base_node.txt has no node {key}; workingNodeId names it on {rows} line(s) of agent"
                ),
            );
        }
    }
    if n < 20 {
        let text = format!(
            "{key}|欧阳娜{n}|1|1||||2024-02-30||1|T03|N0101|郑州第七营销服务部一组|86410101|河南郑州支公司"
        );
        let (name, date) = (format!("欧阳娜{n}"), "2024-02-30");
        let place = |part: &str| {
            let start = text.find(part).unwrap();
            start..start + part.len()
        };
        made.excerpt =
            Some(Excerpt { mark: place(date), column: 30, names: vec![place(&name)], text });
    }
}

fn causes() -> Vec<Cause> {
    let cause =
        |kind, (zh, en): (&'static str, &'static str), (do_zh, do_en), people, codes| Cause {
            kind,
            level: Level::Error,
            what: Message::fixed(zh, en),
            action: Message::fixed(do_zh, do_en),
            feed: Feed::Node,
            line: Some(37_380),
            key: Some("8616030712".to_owned()),
            people,
            organs: 12,
            organ: Some(("8641".to_owned(), "河南分公司".to_owned())),
            findings: people,
            codes,
        };
    vec![
        cause(
            CauseKind::FileCutShort,
            (
                "temp_base_node.txt 在第 37,380 行中断，河南缺 3,998 个团队；涉及 河南分公司（8641）的 60,015 名代理人、12 个机构",
                "temp_base_node.txt ends at line 37,380: 3,998 teams of 河南 are missing; it concerns 60,015 agents and 12 organisations of 河南分公司 (8641)",
            ),
            (
                "请提供方重传本文件（上次 41,358 行）",
                "have the provider send this file again (41,358 rows last time)",
            ),
            60_015,
            vec!["X411", "R201"],
        ),
        cause(
            CauseKind::UniformValue,
            (
                "temp_agent.txt 的 enterCompanyDate 有 812 行为同一个值“欧阳娜0”",
                "812 rows of temp_agent.txt have the same enterCompanyDate",
            ),
            (
                "请提供方核对该字段的导出条件",
                "have the provider look at how this field is exported",
            ),
            812,
            vec!["V203"],
        ),
        cause(
            CauseKind::SameRule,
            ("推荐人不在代理人文件中", "recruiters who are not agents"),
            ("请补全推荐人，或清空该字段", "deliver the recruiters, or empty the field"),
            9,
            vec!["X409", "N501"],
        ),
    ]
}

fn organs() -> Vec<OrganFindings> {
    let organ = |id: &str, name: &str, parent: Option<&str>, depth, people, findings| {
        let (id, name, parent) = (id.to_owned(), name.to_owned(), parent.map(str::to_owned));
        OrganFindings { id, name, parent, depth, people, findings }
    };
    let mut organs = vec![organ("86", "总公司", None, 0, 986_214, 61_000)];
    let branches = [
        ("8641", "河南分公司", 60_100, 52_000),
        ("8644", "广东分公司", 120_000, 6_000),
        ("8632", "江苏分公司", 98_000, 2_000),
        ("8611", "北京分公司", 40_000, 700),
        ("8631", "上海分公司", 52_000, 300),
        ("8651", "四川分公司", 77_000, 0),
    ];
    for (id, name, people, findings) in branches {
        organs.push(organ(id, name, Some("86"), 1, people, findings));
        for (at, (place, share)) in
            [("郑州中心支公司", 6), ("洛阳中心支公司", 3), ("开封中心支公司", 1)]
                .into_iter()
                .enumerate()
        {
            let below = format!("{id}{:02}", at + 1);
            organs.push(organ(&below, place, Some(id), 2, people / 4, findings * share / 10));
        }
    }
    organs
}

fn recent() -> Vec<RecentRun> {
    let run = |back: u64| RecentRun {
        run: RunId(format!("run-{back}")),
        date: day("2026-11-24") - Days::new(back),
        verdict: if back % 11 == 5 { Verdict::Refused } else { Verdict::Published },
        rows: 1_076_000 - back * 311,
        errors: if back % 11 == 5 { 40_000 } else { back * 13 % 90 },
        warnings: back * 7 % 50,
    };
    (1..=30).map(run).collect()
}

fn mended() -> Vec<MendedFinding> {
    let one = |n: u64| MendedFinding {
        code: "V203".to_owned(),
        feed: Feed::Agent,
        key: Some(format!("8601{n:08}")),
        field: Some("enterCompanyDate".to_owned()),
        line: Some(n + 2),
        message: Message::fixed("司马懿 不是日期", "司马懿 is not a date"),
        names: Some(vec!["司马懿".to_owned()]),
        first_seen: day("2026-11-20"),
        deliveries: 3,
    };
    (0..45).map(one).collect()
}
