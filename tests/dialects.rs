//! Exports that are not in the contract's form: what is accepted without being told, what a job declares, and what is
//! never read silently in a wrong way.

mod hints;
mod proposed;

use std::{fs, path::Path, sync::OnceLock};

use orgsnap::config::job::{self, Job};
use orgsnap::model::{Cancel, Feed, RunReport, Verdict};
use orgsnap::pipeline::{self, ImportRequest, NoReports, RunError, WaitPolicy};
use orgsnap::sample::{self, Charset, Header, LineEnd, Options};
use proptest::prelude::*;
use rusqlite::{Connection, types::Value};

use crate::quiet::Quiet;

const FILES: [(Feed, &str); 4] = [
    (Feed::Agent, "temp_agent.txt"),
    (Feed::Node, "temp_base_node.txt"),
    (Feed::Organ, "temp_organization.txt"),
    (Feed::Principal, "temp_principal.txt"),
];

/// A delivery: the records of each file, the first one the header.
#[derive(Debug, Clone)]
struct Company([Vec<Vec<String>>; 4]);

fn company() -> Company {
    company_of(60)
}

fn company_of(agents: usize) -> Company {
    let folder = tempfile::tempdir().unwrap();
    let date = chrono::NaiveDate::from_ymd_opt(2024, 11, 22).unwrap();
    let options = Options {
        agents,
        charset: Charset::Utf8,
        header: Header::Names,
        line_end: LineEnd::Lf,
        ..Options::new(date)
    };
    sample::write(&options, folder.path()).unwrap();
    Company(FILES.map(|(_, name)| {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
    }))
}

fn at(feed: Feed) -> usize {
    FILES.iter().position(|(other, _)| *other == feed).unwrap()
}

impl Company {
    /// Changes every cell but those of the header; the function gets feed, field, row and cell.
    fn map(&mut self, change: impl Fn(Feed, &str, &[String], &str) -> String) {
        for ((feed, _), rows) in FILES.iter().zip(&mut self.0) {
            let (header, rows) = rows.split_first_mut().unwrap();
            for row in rows {
                let old = row.clone();
                for (at, cell) in row.iter_mut().enumerate() {
                    *cell = change(*feed, &header[at], &old, &old[at]);
                }
            }
        }
    }

    /// The cell of a field in the n-th record.
    fn cell(&mut self, feed: Feed, row: usize, field: &str) -> &mut String {
        let rows = &mut self.0[at(feed)];
        let column = rows[0].iter().position(|title| title == field).unwrap();
        &mut rows[row + 1][column]
    }

    /// The text of a file, its lines without ends.
    fn lines(&self, feed: Feed, delimiter: &str) -> Vec<String> {
        self.0[at(feed)].iter().map(|row| row.join(delimiter)).collect()
    }

    fn write(&self, dir: &Path) {
        for (feed, name) in FILES {
            fs::write(dir.join(name), self.lines(feed, "|").join("\n") + "\n").unwrap();
        }
    }
}

fn job(settings: &str) -> Job {
    let text = format!("tenant = \"t\"\n{settings}");
    job::parse(Path::new("t.toml"), &text, &|_| None)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Imports a folder; the report, and the rows of the four snapshot tables.
fn import(dir: &Path, job: &Job) -> Result<(RunReport, Vec<Vec<Value>>), RunError> {
    let data = tempfile::tempdir().unwrap();
    let report = pipeline::import(
        &ImportRequest {
            job,
            date: chrono::NaiveDate::from_ymd_opt(2024, 11, 23),
            from: Some(dir),
            dry_run: false,
            data_dir: data.path(),
            now: "2024-11-24T00:00:00Z".parse().unwrap(),
            cancel: &Cancel::new(),
            wait_policy: WaitPolicy::WaitForFiles,
            accept_unchanged: false,
            backup: true,
            refused: None,
        },
        &Quiet,
        &NoReports,
    )?;
    for file in &report.files {
        let counted = file.rows
            + file.quarantined
            + file.repeated
            + file.header_lines
            + file.blank
            + file.other;
        assert_eq!(file.lines, counted, "{file:?}");
    }
    let database = Connection::open(data.path().join("t/org.db")).unwrap();
    let mut rows = Vec::new();
    if report.verdict == Verdict::Published {
        let tables =
            ["agent", "node", "organ", "principal", "organ_tree", "node_tree", "recruit_tree"];
        for table in tables {
            let mut select =
                database.prepare(&format!("select * from {table} order by id")).unwrap();
            let columns = select.column_count();
            let read = select.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
            rows.extend(read.unwrap().map(|row| row.unwrap()));
        }
    }
    Ok((report, rows))
}

fn published(dir: &Path, settings: &str) -> (RunReport, Vec<Vec<Value>>) {
    let (report, rows) = import(dir, &job(settings)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.verdict, Verdict::Published, "{settings}\n{:#?}", report.findings);
    (report, rows)
}

/// The tables of the company by the contract.
fn plain() -> Vec<Vec<Value>> {
    static PLAIN: OnceLock<Vec<Vec<Value>>> = OnceLock::new();
    let import = || {
        let folder = tempfile::tempdir().unwrap();
        company().write(folder.path());
        published(folder.path(), "").1
    };
    PLAIN.get_or_init(import).clone()
}

fn codes(report: &RunReport) -> Vec<&str> {
    report.totals.keys().copied().collect()
}

const DECLARED: &str = r##"
[format]
null = ["NULL", "无"]
no_date = ["0000-00-00"]
dates = ["%d/%m/%Y"]
skip_lines = 2
comment = "#"
trailer = "TRL|{rows}|{*}"
tops = { organ = ["0", "self"], node = ["-1"] }
[codes]
gender = { "M" = 1, "F" = 2 }
"agent.agentStatus" = { "在职" = 1, "离职" = 2 }
"##;

/// The company in a dialect that the job [`DECLARED`] describes.
fn declared() -> Company {
    let mut company = company();
    company.map(|feed, field, row, cell| match (feed, field) {
        (_, "gender") => ["?", "M", "F", "3"][cell.parse::<usize>().unwrap()].to_owned(),
        (Feed::Agent, "agentStatus") => {
            ["?", "在职", "离职"][cell.parse::<usize>().unwrap()].to_owned()
        }
        (Feed::Organ, "parentId") if cell.is_empty() => row[0].clone(),
        (Feed::Organ, "parentOrganName") if cell.is_empty() => row[1].clone(),
        (Feed::Node, "parentNodeId" | "parentNodeName") if cell.is_empty() => "-1".to_owned(),
        (_, "leaveCompanyDate") if cell.is_empty() => "0000-00-00".to_owned(),
        (_, field) if field.ends_with("Date") && !cell.is_empty() => {
            cell.split('-').rev().collect::<Vec<_>>().join("/")
        }
        _ if cell.is_empty() => if row[0].ends_with('1') { "NULL" } else { " 无 " }.to_owned(),
        _ => cell.to_owned(),
    });
    company
}

fn write_declared(dir: &Path) {
    let company = declared();
    for (feed, name) in FILES {
        let mut lines = company.lines(feed, "|");
        let records = lines.len() - 1;
        lines
            .splice(0..0, ["某某人寿".to_owned(), "2024-11-22|导出".to_owned(), "# 列".to_owned()]);
        lines.insert(7, "#|||".to_owned());
        lines.push(format!("TRL|{records}|EOF"));
        fs::write(dir.join(name), lines.join("\n") + "\n\n").unwrap();
    }
}

#[test]
fn a_delivery_in_a_declared_dialect_is_the_delivery_by_the_contract_without_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    write_declared(folder.path());
    let (report, rows) = published(folder.path(), DECLARED);
    assert_eq!(rows, plain());
    let unexpected: Vec<_> = report.findings.iter().filter(|f| f.code != "V207").collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    let agents = report.file(Feed::Agent).unwrap();
    assert_eq!((agents.rows, agents.header_lines, agents.blank, agents.other), (60, 1, 1, 5));
}

#[test]
fn a_control_record_that_is_missing_or_states_another_number_refuses_the_delivery() {
    let folder = tempfile::tempdir().unwrap();
    for (from, to) in [("TRL|60|", "TRL|61|"), ("TRL|60|", "ENDE|60|")] {
        write_declared(folder.path());
        let path = folder.path().join("temp_agent.txt");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        fs::write(&path, text.replace(from, to)).unwrap();
        let (report, _) = import(folder.path(), &job(DECLARED)).unwrap();
        assert_eq!(report.verdict, Verdict::Refused);
        assert!(codes(&report).contains(&"F112"), "{to}: {:?}", report.totals);
    }
}

#[test]
fn a_cycle_of_two_is_found_where_a_record_that_names_itself_is_a_top() {
    let mut company = company();
    let (a, b) =
        (company.cell(Feed::Node, 0, "id").clone(), company.cell(Feed::Node, 1, "id").clone());
    *company.cell(Feed::Node, 0, "parentNodeId") = b;
    *company.cell(Feed::Node, 1, "parentNodeId") = a;
    let own = company.cell(Feed::Node, 2, "id").clone();
    *company.cell(Feed::Node, 2, "parentNodeId") = own.clone();
    let folder = tempfile::tempdir().unwrap();
    company.write(folder.path());
    let cycles = |settings: &str| {
        let (report, _) = import(folder.path(), &job(settings)).unwrap();
        let cycles = report.findings.iter().filter(|f| f.code == "T601");
        cycles.map(|f| f.lines.len()).collect::<Vec<_>>()
    };
    assert_eq!(cycles(""), [2, 1]);
    assert_eq!(cycles("[format]\ntops = { node = [\"self\"] }"), [2]);
}

#[test]
fn an_integer_whose_word_means_another_code_is_read_by_the_words_alone() {
    let mut company = company();
    company.map(|_, field, _, cell| match field {
        "gender" => (cell.parse::<i64>().unwrap() - 1).to_string(),
        _ => cell.to_owned(),
    });
    *company.cell(Feed::Agent, 3, "gender") = "3".to_owned();
    let folder = tempfile::tempdir().unwrap();
    company.write(folder.path());
    let settings = "[gate]\nmax_quarantined = \"10%\"\n[codes]\ngender = { \"0\" = 1, \"1\" = 2 }";
    let (report, _) = published(folder.path(), settings);
    let finding = report.findings.iter().find(|f| f.code == "V204").unwrap();
    assert_eq!(finding.lines, [5]);
    assert!(finding.message.en.contains("[codes]: 0 = 1, 1 = 2"), "{}", finding.message.en);
}

/// What is accepted without being told.
#[test]
fn forms_that_mean_one_thing_only_are_accepted_with_an_info_finding() {
    type Change = fn(Vec<String>) -> String;
    let trailing: Change = |lines| lines.iter().map(|line| format!("{line}|\n")).collect();
    let headerless: Change = |lines| lines[1..].iter().map(|line| format!("{line}|\n")).collect();
    let body: Change = |lines| {
        let body: String = lines[1..].iter().map(|line| format!("{line}|\n")).collect();
        format!("{}\n{body}", lines[0])
    };
    let title: Change = |lines| format!("{}|\n{}\n", lines[0], lines[1..].join("\n"));
    let returns: Change = |lines| lines.join("\r") + "\r";
    let bar: Change = |lines| lines.join("\n").replace('|', "¦") + "\n";
    let paragraph: Change = |lines| lines[1..].join("\n").replace('|', "§") + "\n";
    let comma: Change = |lines| lines.join("\n").replace('|', "，") + "\n";
    let cases: [(&str, Change, &[&str]); 8] = [
        ("a delimiter behind every line", trailing, &["F113"]),
        ("the same without a header", headerless, &["F113"]),
        ("the same but for the header", body, &["F113"]),
        ("behind the header alone", title, &[]),
        ("CR alone", returns, &["F114"]),
        ("a broken bar", bar, &[]),
        ("section signs without a header", paragraph, &[]),
        ("full-width commas", comma, &[]),
    ];
    let (company, expected) = (company(), plain());
    let folder = tempfile::tempdir().unwrap();
    for (what, change, found) in cases {
        for (feed, name) in FILES {
            fs::write(folder.path().join(name), change(company.lines(feed, "|"))).unwrap();
        }
        let (report, rows) = published(folder.path(), "");
        assert_eq!(codes(&report), found, "{what}");
        assert_eq!(rows, expected, "{what}");
    }
}

#[test]
fn a_line_cut_before_its_last_delimiter_is_not_taken_for_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let company = company();
    for (feed, name) in FILES {
        let mut lines: Vec<String> =
            company.lines(feed, "|").iter().map(|line| format!("{line}|")).collect();
        if feed == Feed::Agent {
            lines[5] = lines[5].chars().take(lines[5].chars().count() - 3).collect();
            lines[6].push('多');
        }
        fs::write(folder.path().join(name), lines.join("\n") + "\n").unwrap();
    }
    let (report, _) =
        published(folder.path(), "[gate]\nmax_quarantined = \"10%\"\nmax_detached = \"100%\"");
    let ragged = report.findings.iter().filter(|f| f.code == "R201");
    assert_eq!(ragged.flat_map(|f| f.lines.clone()).collect::<Vec<_>>(), [6, 7]);
}

#[test]
fn a_column_of_reformatted_cells_is_counted_whole() {
    let mut company = company();
    company.map(|feed, field, _, cell| match (feed, field) {
        (Feed::Agent, "enterCompanyDate") => cell.replace('-', "."),
        (Feed::Agent, "gender") => format!("{cell}.0"),
        _ => cell.to_owned(),
    });
    let folder = tempfile::tempdir().unwrap();
    company.write(folder.path());
    let (report, rows) = published(folder.path(), "");
    assert_eq!(rows, plain());
    assert_eq!(Vec::from_iter(report.totals), [("V205", 60), ("V211", 60)]);
    let finding = &report.findings[0];
    assert!(finding.message.en.contains(" and was read as "), "{}", finding.message.en);
}

/// Lines of the agents' file, with commas, in which a name is replaced.
fn with_names(names: &[(usize, &str)], pinned: &str) -> (RunReport, Vec<Option<String>>) {
    let mut company = company();
    for (row, name) in names {
        *company.cell(Feed::Agent, *row, "agentName") = (*name).to_owned();
    }
    let folder = tempfile::tempdir().unwrap();
    for (feed, name) in FILES {
        let text = company.lines(feed, ",").join("\n") + "\n";
        fs::write(folder.path().join(name), text).unwrap();
    }
    let ids: Vec<String> =
        names.iter().map(|(row, _)| company.cell(Feed::Agent, *row, "id").clone()).collect();
    let settings =
        format!("[gate]\nmax_quarantined = \"10%\"\nmax_detached = \"100%\"\n[format]\n{pinned}");
    let (report, rows) = published(folder.path(), &settings);
    let name = |id: &String| {
        let row = rows.iter().find(|row| row[0] == Value::Text(id.clone()))?;
        match &row[1] {
            Value::Text(name) => Some(name.clone()),
            _ => None,
        }
    };
    let names = ids.iter().map(name).collect();
    (report, names)
}

#[test]
fn quotes_are_read_as_they_are_meant_and_the_report_says_so_where_two_readings_are_possible() {
    let quarantined = None;
    let some = |text: &str| Some(text.to_owned());
    type Case<'c> = (&'c [(usize, &'c str)], &'c str, Vec<Option<String>>, &'c [&'c str]);
    let cases: [Case<'_>; 19] = [
        (&[(1, r#""张,三""#)], "", vec![some("张,三")], &[]),
        (&[(1, r#""张""三""#)], "", vec![some("张\"三")], &["F115"]),
        (&[(1, r#""张,""三""#), (9, r#""李四""#)], "", vec![some("张,\"三"), some("李四")], &[]),
        (&[(1, r#""张三""#)], "", vec![some("张三")], &["F115"]),
        (&[(1, r#"张"三"#)], "", vec![some("张\"三")], &[]),
        // One stray quote: where quotes are text it costs nothing, elsewhere its own line.
        (&[(1, r#""张三"#)], "", vec![some("\"张三")], &[]),
        (
            &[(1, r#""张,三""#), (9, r#""李四"#)],
            "",
            vec![some("张,三"), quarantined.clone()],
            &["F115", "R201"],
        ),
        // A cell that needs its quotes says more of the file than some stray ones.
        (
            &[(1, r#""张,三""#), (8, r#""赵六"#), (9, r#""李四"#)],
            "",
            vec![some("张,三"), quarantined.clone(), quarantined.clone()],
            &["F115", "R201"],
        ),
        (
            &[(1, r#""张""三""#), (8, r#""赵六"#), (9, r#""李四"#)],
            "",
            vec![some("张\"三"), quarantined.clone(), quarantined.clone()],
            &["F115", "R201"],
        ),
        (
            &[(1, r#""张""三""#), (7, r#""钱七"#), (8, r#""赵六"#), (9, r#""李四"#)],
            "",
            vec![some(r#""张""三""#), some("\"钱七"), some("\"赵六"), some("\"李四")],
            &["F115"],
        ),
        (
            &[(1, r#"张"三"#), (9, r#""李四""#)],
            "",
            vec![some("张\"三"), some("\"李四\"")],
            &["F115"],
        ),
        (&[(1, r#""张三""#)], "quotes = \"none\"", vec![some("\"张三\"")], &[]),
        (&[(1, r#""张三""#)], "quotes = \"needed\"", vec![some("张三")], &[]),
        (&[(1, r#""张"三"#)], "quotes = \"needed\"", vec![quarantined.clone()], &["R201"]),
        // A cell goes over line ends only where that is declared.
        (&[(1, "\"张,\n三\"")], "quotes = \"needed\"", vec![some("张,三")], &["V208"]),
        (&[(1, "\"张\r\n\r\n三\"")], "quotes = \"always\"", vec![some("张三")], &["V208"]),
        (&[(1, "\"张,\n三\"")], "quotes = \"none\"", vec![quarantined.clone()], &["R201"]),
        (
            &[(1, r#""张三"#), (4, "\"李\n四\""), (9, r#""王,五""#)],
            "quotes = \"needed\"",
            vec![quarantined.clone(), some("李四"), some("王,五")],
            &["R201", "V208"],
        ),
        (&[(1, "\"张\n\"三\"")], "quotes = \"needed\"", vec![quarantined], &["R201"]),
    ];
    for (names, pinned, expected, found) in cases {
        let (report, published) = with_names(names, pinned);
        assert_eq!(published, expected, "{names:?} {pinned}");
        // A quarantined row leaves references to it dangling.
        let codes: Vec<&str> =
            codes(&report).into_iter().filter(|code| !code.starts_with('X')).collect();
        assert_eq!(codes, found, "{names:?} {pinned}");
    }
}

/// How a company is written at random.
#[derive(Debug, Clone)]
struct Dialect {
    delimiter: &'static str,
    line_end: &'static str,
    header: bool,
    trailing: bool,
    quoted: bool,
    title: usize,
    comment: bool,
    trailer: bool,
    null: Option<&'static str>,
    date: &'static str,
    no_date: bool,
    top: Option<&'static str>,
    codes: bool,
}

fn dialect() -> impl Strategy<Value = Dialect> {
    use prop::sample::select;
    let layout = (
        select(vec!["|", ",", "\t", "|+|", "¦", "§", "，"]),
        select(vec!["\n", "\r\n", "\r"]),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    let lines = (0usize..3, any::<bool>(), any::<bool>());
    let cells = (
        select(vec![None, Some("NULL"), Some("\\N"), Some("-")]),
        select(vec![
            "%Y-%m-%d",
            "%Y%m%d",
            "%Y.%-m.%-d",
            "%Y年%-m月%-d日",
            "%d/%m/%Y",
            "%Y-%m-%dT00:00:00Z",
        ]),
        any::<bool>(),
        select(vec![None, Some("0"), Some("self")]),
        any::<bool>(),
    );
    (layout, lines, cells).prop_map(|(layout, lines, cells)| {
        let (delimiter, line_end, header, trailing, quoted) = layout;
        let (title, comment, trailer) = lines;
        let (null, date, no_date, top, codes) = cells;
        Dialect {
            delimiter,
            line_end,
            header,
            trailing,
            quoted,
            title,
            comment,
            trailer,
            null,
            date,
            no_date,
            top,
            codes,
        }
    })
}

impl Dialect {
    fn settings(&self) -> String {
        let mut text = "[format]\n".to_owned();
        let mut set = |line: String| text.push_str(&(line + "\n"));
        if let Some(null) = self.null {
            set(format!("null = ['{null}']"));
        }
        if self.no_date {
            set("no_date = ['9999-12-31']".to_owned());
        }
        if self.date == "%d/%m/%Y" {
            set("dates = ['%d/%m/%Y']".to_owned());
        }
        if self.title > 0 {
            set(format!("skip_lines = {}", self.title));
        }
        if self.comment {
            set("comment = '//'".to_owned());
        }
        if self.trailer {
            set("trailer = '合计：{rows} 条'".to_owned());
        }
        if let Some(top) = self.top {
            set(format!("tops = {{ organ = ['{top}'], node = ['{top}'] }}"));
        }
        if self.codes {
            text.push_str("[codes]\ngender = { '男' = 1, '女' = 2, '未知' = 3 }\n'node.work' = { 'Y' = 1, 'N' = 2 }\n");
        }
        text
    }

    fn cell(&self, feed: Feed, field: &str, row: &[String], cell: &str) -> String {
        let is_parent = matches!(field, "parentId" | "parentNodeId");
        let is_parents_name = matches!(field, "parentOrganName" | "parentNodeName");
        match (feed, field) {
            _ if cell.is_empty() && (is_parent || is_parents_name) && self.top.is_some() => {
                match self.top {
                    Some("self") => row[usize::from(is_parents_name)].clone(),
                    top => top.unwrap_or_default().to_owned(),
                }
            }
            (_, "leaveCompanyDate") if cell.is_empty() && self.no_date => "9999-12-31".to_owned(),
            (_, "gender") if self.codes => {
                ["?", "男", "女", "未知"][cell.parse::<usize>().unwrap()].to_owned()
            }
            (_, "work") if self.codes => ["?", "Y", "N"][cell.parse::<usize>().unwrap()].to_owned(),
            _ if cell.is_empty() => self.null.unwrap_or_default().to_owned(),
            (_, field) if field.ends_with("Date") => {
                let date: chrono::NaiveDate = cell.parse().unwrap();
                date.and_time(Default::default()).format(self.date).to_string()
            }
            _ => cell.to_owned(),
        }
    }

    fn write(&self, dir: &Path) {
        let mut company = company();
        company.map(|feed, field, row, cell| self.cell(feed, field, row, cell));
        for ((_, name), rows) in FILES.iter().zip(&company.0) {
            let quote = |cell: &String| match self.quoted && cell.contains(['年', '/', '司']) {
                true => format!("\"{cell}\""),
                false => cell.clone(),
            };
            let mut lines = vec!["某某人寿保险".to_owned(); self.title];
            let records = rows[1..].len();
            for row in &rows[usize::from(!self.header)..] {
                let cells: Vec<String> = row.iter().map(quote).collect();
                let end = if self.trailing { self.delimiter } else { "" };
                lines.push(cells.join(self.delimiter) + end);
                if self.comment {
                    lines.push("// 注释|,".to_owned());
                }
            }
            if self.trailer {
                lines.push(format!("合计：{records} 条"));
            }
            fs::write(dir.join(name), lines.join(self.line_end) + self.line_end).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_company_in_a_random_declared_dialect_equals_the_company_by_the_contract(dialect in dialect()) {
        let folder = tempfile::tempdir().unwrap();
        dialect.write(folder.path());
        let (report, rows) = published(folder.path(), &dialect.settings());
        prop_assert_eq!(rows, plain());
        let allowed = ["F113", "F114", "F115", "V205"];
        prop_assert!(codes(&report).iter().all(|code| allowed.contains(code)), "{:?}", report.totals);
    }
}

#[test]
fn a_setting_that_cannot_be_meant_is_pointed_out() {
    let parse = |text: &str| {
        let text = format!("tenant = \"t\"\n{text}");
        job::parse(Path::new("t.toml"), &text, &|_| None).map_err(|error| error.to_string())
    };
    let cases = [
        (
            "[format]\ntrailer = \"{rows}\"",
            "t.toml:3: bad value \"{rows}\" for format.trailer; expected the form",
        ),
        (
            "[format]\ndates = [\"%d.%m.%y\"]",
            "bad value \"%d.%m.%y\" for format.dates; expected further",
        ),
        ("[format]\nnull = [\"\"]", "for format.null; expected cells"),
        ("[format]\nquotes = \"some\"", "for format.quotes; expected \"auto\""),
        ("[format]\ntops = { organ = \"0\" }", "for format.tops.organ; expected parents"),
        ("[codes]\ngender = { \"M\" = 1, \"M\" = 2 }", "duplicate key \"M\""),
        (
            "[codes]\ngender = { \"M\" = 1, \"M \" = 2 }",
            "codes.gender.M : the word \"M\" is written twice",
        ),
        ("[codes]\ngender = { \"M\" = \"1\" }", "codes.gender.M; expected a whole number"),
        (
            "[format]\ndates = [\"%d/%m/%Y\", \"%m/%d/%Y\"]",
            "\"%d/%m/%Y\" and \"%m/%d/%Y\" read 01/02/2003 as different days",
        ),
    ];
    for (text, expected) in cases {
        let error = parse(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    company().write(folder.path());
    let cases = [
        (
            "[format]\ntops = { organs = [\"0\"] }",
            "t.toml:3: format.tops.organs: no forest is named",
        ),
        ("[codes]\nsex = { \"M\" = 1 }", "t.toml:3: codes.sex: the schema has no field \"sex\""),
        ("[codes]\nagentName = { \"M\" = 1 }", "codes.agentName: agentName holds no integers"),
        (
            "[codes]\n\"agent.gender\" = { \"M\" = 7 }",
            "\"M\" stands for 7, which is none of 1 male",
        ),
        (
            "[format]\nnull = [\"U\"]\n[codes]\ngender = { \"M\" = 1, \"U\" = 2 }",
            "t.toml:5: codes.gender: \"U\" is a code of agent.gender and also means no value (null)",
        ),
    ];
    for (text, expected) in cases {
        let error = import(folder.path(), &job(text)).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn a_file_whose_header_is_skipped_is_refused_and_not_read_by_position() {
    let company = company();
    let write = |first: &str| {
        let folder = tempfile::tempdir().unwrap();
        company.write(folder.path());
        let mut lines = company.lines(Feed::Node, "|");
        // The two columns are swapped, so that reading by position would mix them up.
        let mut swapped = company.clone();
        for row in &mut swapped.0[at(Feed::Node)] {
            row.swap(3, 6);
        }
        if first.is_empty() {
            lines = swapped.lines(Feed::Node, "|");
        }
        lines[0] = format!("{first}{}", lines[0]);
        fs::write(folder.path().join("temp_base_node.txt"), lines.join("\n") + "\n").unwrap();
        for name in ["temp_agent.txt", "temp_organization.txt", "temp_principal.txt"] {
            let path = folder.path().join(name);
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, format!("#NIGHTLY\n{text}")).unwrap();
        }
        folder
    };
    let found = |folder: &tempfile::TempDir, settings: &str| {
        let (report, _) = import(folder.path(), &job(&format!("[format]\n{settings}"))).unwrap();
        let refused = report.verdict == Verdict::Refused;
        (refused, report.findings.iter().any(|finding| finding.code == "F116"))
    };
    let bare = write("");
    assert_eq!(found(&bare, "skip_lines = 1"), (true, true));
    let commented = write("#");
    assert_eq!(found(&commented, "comment = \"#\""), (true, true));
    let titled = write("#NIGHTLY\n");
    assert_eq!(found(&titled, "skip_lines = 1"), (false, false));
    assert_eq!(found(&titled, "comment = \"#\""), (false, false));
}

#[test]
fn the_words_of_one_feed_go_before_those_of_every_feed() {
    let mut company = company();
    company.map(|feed, field, _, cell| match (feed, field, cell) {
        (Feed::Agent, "gender", "1") | (Feed::Principal, "gender", "2") => "A".to_owned(),
        (Feed::Agent, "gender", "2") | (Feed::Principal, "gender", "1") => "B".to_owned(),
        _ => cell.to_owned(),
    });
    let folder = tempfile::tempdir().unwrap();
    company.write(folder.path());
    let codes = "[codes]\n\"agent.gender\" = { A = 1, B = 2 }\ngender = { A = 2, B = 1 }";
    let (report, rows) = published(folder.path(), codes);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(rows, plain());
}

#[test]
fn a_day_that_means_no_date_does_so_however_it_is_written() {
    for (declared, written) in [
        ("9999-12-31", &["9999-12-31 00:00:00", "99991231", "9999/12/31", "9999年12月31日"][..]),
        ("99991231", &["9999-12-31", "9999-12-31T00:00:00"]),
        ("0000-00-00", &["0000-00-00 00:00:00", "00000000"]),
    ] {
        let mut company = company();
        let count = std::cell::Cell::new(0);
        company.map(|_, field, _, cell| match field {
            "leaveCompanyDate" if cell.is_empty() => {
                count.set(count.get() + 1);
                written[count.get() % written.len()].to_owned()
            }
            _ => cell.to_owned(),
        });
        let folder = tempfile::tempdir().unwrap();
        company.write(folder.path());
        let settings = format!("[format]\nno_date = [\"{declared}\"]");
        let (report, rows) = published(folder.path(), &settings);
        assert!(report.findings.is_empty(), "{declared}: {:?}", report.findings);
        assert_eq!(rows, plain(), "{declared}");
    }
}

#[test]
fn a_line_that_fits_only_in_quotes_says_so() {
    let mut names = vec![(1, r#""张,三""#)];
    names.extend((2..14).map(|row| (row, r#""李四"#)));
    let (report, published) = with_names(&names, "");
    assert_eq!(published[..2], [None, Some("\"李四".to_owned())], "one against twelve");
    let message = |code| {
        let mut found = report.findings.iter().filter(|finding| finding.code == code);
        found.next().map(|finding| finding.message.en.to_string()).unwrap_or_default()
    };
    assert!(message("R201").contains("[format] quotes = \"needed\""), "{}", message("R201"));
    assert!(message("F115").contains("1 line(s) with a delimiter within quotes"));
    assert!(message("F115").contains("taken for text"), "{}", message("F115"));
}
