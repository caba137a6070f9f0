//! The report of small runs made by hand: as text in both languages and as a document with a schema.

mod workbook;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use orgsnap::model::{
    Cause, CauseKind, Disposition, Example, Excerpt, Feed, FeedChanges, FileFacts, Finding,
    FindingAge, GateReason, Group, Level, MendedFinding, Message, NotRun, NotRunWhy, OrganFindings,
    RecentRun, Related, ReportFiles, RuleMeta, RunId, RunReport, StageTiming, Verdict,
};
use orgsnap::report::mask_run::mask_run;
use orgsnap::report::terminal::{self, Options};
use orgsnap::report::view::View;
use orgsnap::report::{Language, display_width, json};
use serde_json::Value;

fn meta(code: &'static str, name: &'static str, zh: &'static str, en: &'static str) -> RuleMeta {
    RuleMeta {
        code,
        name,
        level: Level::Error,
        floor: Level::Off,
        disposition: Disposition::Keep,
        group: Group::Value,
        summary: Message::fixed(zh, en),
        example: Example { header: "", defect: "", mended: "" },
        docs: Message::fixed("", ""),
    }
}

fn catalogue() -> Vec<RuleMeta> {
    vec![
        meta(
            "R201",
            "wrong-field-count",
            "字段个数不对",
            "the line splits into more or fewer fields",
        ),
        meta("T601", "cycle", "记录是自己的上级", "a record is its own ancestor"),
        meta("V203", "not-a-date", "不是日期，或该日期不存在", "a date cell that no format reads"),
        meta(
            "X409",
            "unknown-recruiter",
            "增员人不在代理人文件中",
            "the recruiter is not an agent",
        ),
    ]
}

fn file(feed: Feed, name: &str, rows: u64, previous_rows: Option<u64>) -> FileFacts {
    FileFacts {
        feed,
        name: name.to_owned(),
        sha256: Some("0f".repeat(32)),
        size: rows * 120,
        mtime: None,
        encoding: Some("gb18030".to_owned()),
        delimiter: Some("|".to_owned()),
        header: Some(true),
        lines: rows + 1,
        rows,
        quarantined: 0,
        repeated: 0,
        header_lines: 1,
        blank: 0,
        other: 0,
        quotes: Some("none".to_owned()),
        previous_rows,
    }
}

pub(crate) fn finding(
    code: &'static str,
    name: &'static str,
    level: Level,
    disposition: Disposition,
) -> Finding {
    Finding {
        code,
        name,
        level,
        disposition,
        feed: Feed::Agent,
        line: None,
        lines: Vec::new(),
        key: None,
        field: None,
        value: None,
        message: Message::fixed("", ""),
        related: Vec::new(),
        affected: 1,
        hint: None,
        names: Vec::new(),
        excerpt: None,
        cause: None,
        age: None,
    }
}

/// A finding on a line that is shown, with the field marked.
pub(crate) fn shown(
    mut finding: Finding,
    line: u64,
    text: &str,
    field: &str,
    zh: &str,
    en: &str,
) -> Finding {
    let start = text.find(field).expect("the field stands in the line");
    finding.line = Some(line);
    finding.lines = vec![line];
    finding.key = text.split('|').next().map(str::to_owned);
    finding.value = Some(field.to_owned());
    finding.message = Message::new(zh, en);
    finding.excerpt = Some(Excerpt {
        text: text.to_owned(),
        mark: start..start + field.len(),
        column: text[..start].chars().count() as u64 + 1,
        names: Vec::new(),
    });
    finding
}

fn findings() -> Vec<Finding> {
    let count = || finding("R201", "wrong-field-count", Level::Error, Disposition::Quarantine);
    let date = || finding("V203", "not-a-date", Level::Error, Disposition::Quarantine);
    let recruiter = || finding("X409", "unknown-recruiter", Level::Warning, Disposition::Detach);
    let mut ragged: Vec<Finding> = [37_380, 37_381, 37_382]
        .into_iter()
        .map(|line| {
            let text = "8616030712|郑州第七营销服务部|T016";
            shown(
                count(),
                line,
                text,
                text,
                "应有 15 个字段，实有 3 个",
                "3 fields where 15 belong",
            )
        })
        .collect();
    let mut cycle = shown(
        finding("T601", "cycle", Level::Error, Disposition::Detach),
        12,
        "A000007|欧阳娜|1|2|A000009|N01",
        "A000009",
        "增员关系成环：A000007 -> A000009 -> A000008 -> A000007",
        "cycle in recruit: A000007 -> A000009 -> A000008 -> A000007",
    );
    cycle.lines = vec![12, 13, 14];
    cycle.affected = 3;
    cycle.related = vec![Related { feed: Feed::Agent, line: 13, key: "A000008".to_owned() }];
    ragged.push(cycle);
    ragged.push(shown(
        date(),
        137,
        "A000136|司马相如|1|1||||2024-02-30||1|T03|N0101|郑州一组|86410101|河南郑州支公司",
        "2024-02-30",
        "enterCompanyDate 的值 2024-02-30 不是日期",
        "enterCompanyDate holds 2024-02-30, which is not a date",
    ));
    let mut dangling = shown(
        recruiter(),
        201,
        "A000200|王芳|1|2|Z999999|N0102|2020-05-06|2020-05-06||1|T01|N0102|郑州二组|86410101|河南郑州支公司",
        "Z999999",
        "增员人 Z999999 不在代理人文件中",
        "the recruiter Z999999 is not an agent",
    );
    dangling.lines = (0..9).map(|n| 201 + 10 * n).collect();
    dangling.affected = 60_015;
    ragged.push(dangling);
    let mut bare = recruiter();
    bare.line = Some(777);
    bare.lines = vec![777];
    bare.message = Message::fixed(
        "增员人 \u{1b}[2J 不在代理人文件中",
        "the recruiter \u{1b}[2J is not an agent",
    );
    ragged.push(bare);
    ragged
}

fn instant() -> DateTime<Utc> {
    "2026-11-24T02:30:00Z".parse().expect("an instant")
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// What explains them: a recruiter who is missing, and for the others only their rules.
fn causes() -> Vec<Cause> {
    let same_rule = |code: &'static str, level, findings| Cause {
        kind: CauseKind::SameRule,
        level,
        what: Message::new(
            format!("{code}，共 {findings} 处"),
            format!("{code}, {findings} findings"),
        ),
        action: Message::fixed("请提供方处理", "ask the provider to correct it"),
        feed: Feed::Agent,
        line: None,
        key: None,
        people: 3,
        organs: 1,
        organ: None,
        findings,
        codes: vec![code],
    };
    let missing = Cause {
        kind: CauseKind::MissingRecord,
        what: Message::fixed(
            "代理人 Z999999 不在 temp_agent.txt 中；涉及 60,016 名代理人、412 个机构",
            "the agent Z999999 is not in temp_agent.txt; it concerns 60,016 agents and 412 organisations",
        ),
        action: Message::fixed(
            "请提供方在 temp_agent.txt 中补回缺少的代理人记录后重新导出",
            "ask the provider to add the missing agents to temp_agent.txt",
        ),
        key: Some("Z999999".to_owned()),
        people: 60_016,
        organs: 412,
        organ: Some(("8616".to_owned(), "河南分公司".to_owned())),
        ..same_rule("X409", Level::Warning, 2)
    };
    let errors = [("R201", 120_003), ("T601", 1), ("V203", 1)];
    let errors = errors.map(|(code, findings)| same_rule(code, Level::Error, findings));
    errors.into_iter().chain([missing]).collect()
}

/// A run that was published, with findings of four rules.
pub(crate) fn published() -> RunReport {
    let mut files = vec![
        file(Feed::Agent, "temp_agent.txt", 986_214, Some(985_802)),
        file(Feed::Node, "temp_base_node.txt", 37_380, Some(41_358)),
        file(Feed::Organ, "temp_organization.txt", 12_804, Some(12_800)),
        file(Feed::Principal, "temp_principal.txt", 40_127, None),
    ];
    files[0].quarantined = 4;
    files[0].lines += 4;
    let causes = causes();
    let mut findings = findings();
    for finding in &mut findings {
        finding.cause = causes.iter().position(|cause| cause.codes.contains(&finding.code));
    }
    let mut totals = BTreeMap::new();
    for finding in &findings {
        *totals.entry(finding.code).or_insert(0) += 1;
    }
    // More were found than are held.
    totals.insert("R201", 120_003);
    RunReport {
        run: RunId("20261124-023000-1f3a".to_owned()),
        tenant: "00010001".to_owned(),
        tenant_name: Some("示例人寿".to_owned()),
        business_date: date("2026-11-24"),
        started: instant(),
        timezone: chrono_tz::Asia::Shanghai,
        verdict: Verdict::Published,
        reasons: Vec::new(),
        approval: None,
        previous_date: Some(date("2026-11-23")),
        newest_date: Some(date("2026-11-23")),
        files,
        changes: BTreeMap::from([
            (
                Feed::Agent,
                FeedChanges {
                    added: 416,
                    changed: 9_812,
                    removed: 4,
                    carried: 4,
                    unchanged: 975_986,
                },
            ),
            (Feed::Node, FeedChanges { unchanged: 37_380, ..FeedChanges::default() }),
        ]),
        former: None,
        rules_run: vec!["R201", "T601", "V203", "X409"],
        rules_not_run: vec![NotRun { code: "V205", why: NotRunWhy::Off }],
        findings,
        totals,
        causes,
        mended: None,
        mended_totals: Default::default(),
        organs: vec![OrganFindings {
            id: "86".to_owned(),
            name: "示例人寿总公司".to_owned(),
            parent: None,
            depth: 0,
            people: 986_214,
            findings: 7,
        }],
        recent: vec![RecentRun {
            run: RunId("20261123-023000-0b1c".to_owned()),
            date: date("2026-11-23"),
            verdict: Verdict::Published,
            rows: 1_076_525,
            errors: 2,
            warnings: 0,
        }],
        timings: [("fetch", 41_200), ("parse", 6_000), ("check", 421), ("publish", 185_000)]
            .map(|(stage, ms)| StageTiming { stage, took: Duration::from_millis(ms) })
            .to_vec(),
        database: Some(PathBuf::from("data/00010001/org.db")),
        is_log_pending: false,
        report_files: ReportFiles {
            dir: Some(PathBuf::from("data/00010001/reports/20261124-023000-1f3a")),
            names: vec!["report.json"],
            ..ReportFiles::default()
        },
    }
}

/// The run refused, a file of it not having come.
pub(crate) fn refused() -> RunReport {
    let mut report = published();
    report.verdict = Verdict::Refused;
    report.reasons = vec![
        GateReason {
            limit: "vanished",
            message: Message::fixed(
                "外勤区部组较上次减少 3,978 行（9.6%），超过上限 5%",
                "node lost 3,978 rows (9.6%) since the last snapshot, more than the limit of 5%",
            ),
        },
        GateReason {
            limit: "fatal-finding",
            message: Message::fixed("缺少内勤人员文件", "the principal file is missing"),
        },
    ];
    report.changes.clear();
    report.files[3] = FileFacts {
        sha256: None,
        encoding: None,
        delimiter: None,
        header: None,
        quotes: None,
        lines: 0,
        rows: 0,
        header_lines: 0,
        size: 0,
        ..report.files[3].clone()
    };
    report
        .rules_not_run
        .push(NotRun { code: "X402", why: NotRunWhy::FeedUnreadable(Feed::Principal) });
    report
        .rules_not_run
        .push(NotRun { code: "X403", why: NotRunWhy::FeedUnreadable(Feed::Principal) });
    report.timings.pop();
    report
}

/// A check that found nothing.
pub(crate) fn clean() -> RunReport {
    let mut report = published();
    report.verdict = Verdict::Passed;
    report.tenant = "check".to_owned();
    report.tenant_name = None;
    report.newest_date = None;
    report.findings.clear();
    report.causes.clear();
    report.totals.clear();
    report.changes.clear();
    report.rules_not_run.clear();
    report.files.iter_mut().for_each(|f| {
        f.lines -= f.quarantined;
        f.quarantined = 0;
        f.previous_rows = None;
    });
    report.timings.pop();
    report.database = None;
    report.report_files = ReportFiles::default();
    report
}

fn draw(report: &RunReport, language: Language, width: usize, colour: bool) -> String {
    let catalogue = catalogue();
    let metas: Vec<&RuleMeta> = catalogue.iter().collect();
    let exit_code = if report.verdict == Verdict::Refused { 3 } else { 0 };
    let options = Options { width, colour, language, per_rule: Options::PER_RULE, exit_code };
    terminal::render(&View::new(report, &metas), &options)
}

#[test]
fn the_terminal_report_matches_its_snapshots_in_both_languages_at_two_widths() {
    let runs = [("published", published()), ("refused", refused()), ("clean", clean())];
    for (name, report) in &runs {
        for (suffix, language) in [("zh", Language::Chinese), ("en", Language::English)] {
            for width in [80, 120] {
                let drawn = draw(report, language, width, false);
                insta::assert_snapshot!(format!("{name}_{suffix}_{width}"), drawn);
            }
        }
    }
}

#[test]
fn report_lines_fit_the_terminal_and_have_no_ambiguous_width() {
    for report in [published(), refused(), clean()] {
        for language in [Language::Chinese, Language::English] {
            for width in [60, 80, 120] {
                let drawn = draw(&report, language, width, false);
                for line in drawn.lines() {
                    let narrow = display_width(line);
                    assert_eq!(narrow, unicode_width::UnicodeWidthStr::width_cjk(line), "{line}");
                    let command = line.starts_with("  sqlite3 ") || line.contains("data/");
                    assert!(command || narrow <= width, "wider than {width}: {line}");
                    assert_eq!(line, line.trim_end(), "spaces at the end");
                }
            }
        }
    }
}

#[test]
fn colour_adds_only_escape_sequences() {
    for report in [published(), refused()] {
        let plain = draw(&report, Language::Chinese, 100, false);
        let coloured = draw(&report, Language::Chinese, 100, true);
        assert!(!plain.contains('\u{1b}'), "a plain report has no escape sequence");
        assert!(coloured.contains('\u{1b}'), "a coloured report has some");
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    }
}

#[test]
fn rules_are_sorted_by_level_then_rows_and_equal_findings_are_merged() {
    let report = published();
    let catalogue = catalogue();
    let metas: Vec<&RuleMeta> = catalogue.iter().collect();
    let view = View::new(&report, &metas);
    let order: Vec<&str> = view.rules.iter().map(|rule| rule.code).collect();
    assert_eq!(order, ["R201", "T601", "V203", "X409"]);
    let ragged = &view.rules[0];
    assert_eq!((ragged.total, ragged.affected, ragged.groups.len()), (120_003, 120_003, 1));
    assert_eq!((ragged.groups[0].count, ragged.groups[0].finding.line), (3, Some(37_380)));
    let dangling = &view.rules[3];
    assert_eq!((dangling.total, dangling.affected), (2, 60_016));
    assert_eq!(view.levels, [(Level::Error, 120_005), (Level::Warning, 2)]);
    assert_eq!(view.not_run, [(NotRunWhy::Off, vec!["V205"])]);
}

#[test]
fn findings_of_a_rule_with_two_levels_count_at_their_own() {
    let mut report = published();
    report.findings.retain(|finding| finding.code == "R201");
    report.totals.retain(|code, _| *code == "R201");
    report.findings[1].level = Level::Info;
    let view = View::new(&report, &[]);
    assert_eq!(view.levels, [(Level::Error, 120_002), (Level::Info, 1)]);
    assert!(view.totals(Language::Chinese).ends_with("错误 120,002，提示 1"));
}

#[test]
fn names_in_mended_findings_are_masked_by_what_was_recorded_of_them() {
    let mended = |names| MendedFinding {
        code: "V203".to_owned(),
        feed: Feed::Agent,
        key: Some("A1".to_owned()),
        field: None,
        line: Some(12),
        message: Message::fixed("张三丰 的“业务主任”不是日期", "张三丰: \"业务主任\" is no date"),
        names,
        first_seen: date("2026-11-21"),
        deliveries: 2,
    };
    let mut report = published();
    report.mended = Some(vec![mended(Some(vec!["张三丰".to_owned()])), mended(None)]);
    mask_run(&mut report);
    let [known, unknown] = report.mended.as_deref().unwrap() else { unreachable!() };
    assert_eq!(known.message.zh, "张* 的“业务主任”不是日期");
    // Of an earlier version: what stands in quotes may be a name.
    assert_eq!(unknown.message.zh, "张三丰 的“业*”不是日期");
}

#[test]
fn a_refused_report_without_findings_does_not_say_that_nothing_was_found() {
    for (report, said) in [(published(), true), (refused(), false)] {
        let report = RunReport { findings: Vec::new(), totals: BTreeMap::new(), ..report };
        let totals = View::new(&report, &[]).totals(Language::Chinese);
        assert_eq!(totals == "未发现问题", said, "{totals}");
    }
}

#[test]
fn a_refused_report_does_not_say_that_rows_are_published() {
    for (report, said) in [(published(), true), (refused(), false)] {
        let mut report = report;
        report.findings[0].disposition = Disposition::Keep;
        for (language, words) in
            [(Language::Chinese, "照常发布"), (Language::English, "published all the same")]
        {
            assert_eq!(draw(&report, language, 100, false).contains(words), said);
        }
    }
}

fn document(report: &RunReport) -> Value {
    serde_json::from_str(&json::pretty(report).expect("serialised")).expect("JSON")
}

#[test]
fn documents_follow_their_json_schema_and_invalid_ones_do_not() {
    let schema: Value = serde_json::from_str(json::SCHEMA).expect("the schema is JSON");
    jsonschema::meta::validate(&schema).expect("the schema is a schema");
    let validator = jsonschema::validator_for(&schema).expect("the schema compiles");
    let mut aged = published();
    aged.findings[0].age = Some(FindingAge { first_seen: date("2026-11-20"), deliveries: 4 });
    aged.mended = Some(vec![MendedFinding {
        code: "V203".to_owned(),
        feed: Feed::Agent,
        key: Some("A1".to_owned()),
        field: None,
        line: Some(12),
        message: Message::fixed("不是日期", "not a date"),
        names: Some(Vec::new()),
        first_seen: date("2026-11-21"),
        deliveries: 2,
    }]);
    aged.mended_totals.mended.insert("V203".to_owned(), 1);
    for report in [published(), refused(), clean(), aged] {
        let document = document(&report);
        let faults: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new());
    }

    let alter: [(&str, fn(&mut Value)); 10] = [
        ("kind of cause", |d| d["causes"][0]["kind"] = "bad-luck".into()),
        ("people", |d| d["causes"][0]["people"] = (-1).into()),
        ("verdict", |d| d["verdict"] = "maybe".into()),
        ("unknown key", |d| d["extra"] = 1.into()),
        ("missing key", |d| drop(d.as_object_mut().expect("object").remove("totals"))),
        ("feed", |d| d["findings"][0]["feed"] = "temp_agent.txt".into()),
        ("line 0", |d| d["findings"][0]["line"] = 0.into()),
        ("code", |d| d["rules_run"][0] = "r201".into()),
        ("one language", |d| {
            drop(d["findings"][0]["message"].as_object_mut().expect("object").remove("en"))
        }),
        ("count", |d| d["counts"]["agent"]["rows"] = (-1).into()),
    ];
    for (what, alter) in alter {
        let mut document = document(&published());
        alter(&mut document);
        assert!(!validator.is_valid(&document), "the schema lets pass: {what}");
    }
}

#[test]
fn every_key_of_the_schema_is_described() {
    fn walk(at: &str, schema: &Value, bare: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (key, property) in properties {
                if property.get("description").is_none() {
                    bare.push(format!("{at}/{key}"));
                }
            }
        }
        match schema {
            Value::Object(members) => {
                members.iter().for_each(|(key, member)| walk(&format!("{at}/{key}"), member, bare));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(at, item, bare)),
            _ => {}
        }
    }
    let mut bare = Vec::new();
    walk("", &serde_json::from_str(json::SCHEMA).expect("JSON"), &mut bare);
    assert_eq!(bare, Vec::<String>::new());
}

#[test]
fn the_document_lists_at_most_a_thousand_findings_a_code_and_keeps_the_true_totals() {
    let mut report = published();
    let many = report.findings[0].clone();
    report.findings.splice(0..0, std::iter::repeat_n(many, 2_000));
    let document = document(&report);
    let listed = document["findings"].as_array().expect("a list");
    let of = |code: &str| listed.iter().filter(|f| f["code"] == code).count();
    assert_eq!((of("R201"), of("X409")), (json::MAX_FINDINGS, 2));
    assert_eq!(document["totals"]["R201"], 120_003);
}

#[test]
fn report_json_is_deterministic_and_equals_the_printed_document() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("reports/run");
    let path = json::write(&folder, &published()).expect("written");
    let text = std::fs::read_to_string(&path).expect("readable");
    assert_eq!(text, json::pretty(&published()).expect("serialised"));
    let names: Vec<_> =
        std::fs::read_dir(&folder).expect("a folder").flatten().map(|e| e.file_name()).collect();
    assert_eq!(names, ["report.json"], "nothing but the report is left");
    let compact = json::compact(&published()).expect("serialised");
    assert_eq!(compact.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&compact).expect("JSON"), document(&published()));
}

#[test]
fn a_report_that_cannot_be_written_names_its_path() {
    let dir = tempfile::tempdir().expect("a folder");
    let blocked = dir.path().join("blocked");
    std::fs::write(&blocked, "a file where a folder belongs").expect("written");
    let error = json::write(&blocked, &clean()).expect_err("cannot be written");
    assert_eq!(error.path, blocked.join("report.json"));
    assert!(error.to_string().contains("blocked"), "{error}");
}

#[test]
fn the_snapshot_in_use_after_an_older_date_is_the_newest() {
    let of = |verdict, newest: Option<&str>| {
        let report = RunReport { verdict, newest_date: newest.map(date), ..published() };
        report.date_in_use().map(|date| date.to_string())
    };
    let (older, newer) = (Some("2026-11-20"), Some("2026-11-27"));
    assert_eq!(of(Verdict::Published, newer).as_deref(), newer);
    assert_eq!(of(Verdict::Published, older).as_deref(), Some("2026-11-24"));
    assert_eq!(of(Verdict::Published, None).as_deref(), Some("2026-11-24"));
    assert_eq!(of(Verdict::Refused, newer).as_deref(), newer);
    assert_eq!(of(Verdict::Refused, None), None);
}
