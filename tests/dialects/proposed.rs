//! Jobs proposed from samples: what they say of exports as real ones are, and that no guess is ever wrong.
//!
//! `fixtures/dialects/<name>/` holds each export and, as a snapshot, what `orgsnap init --from` writes of it. They are
//! written anew with `ORGSNAP_WRITE_DIALECTS=1`.

use encoding_rs::{Encoding, GB18030, UTF_8};
use orgsnap::propose::{Proposal, Question};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;

/// How an export is written. The default is the contract.
#[derive(Clone, Copy)]
struct Export {
    name: &'static str,
    encoding: &'static Encoding,
    delimiter: &'static str,
    line_end: &'static str,
    header: bool,
    trailing: bool,
    quotes: Quotes,
    titles: &'static [&'static str],
    comment: Option<&'static str>,
    /// `{rows}` is the number of records, `{file}` the file's name.
    trailer: Option<&'static str>,
    null: Option<&'static str>,
    date: &'static str,
    no_date: Option<&'static str>,
    top: Option<&'static str>,
    gender: Option<[&'static str; 3]>,
    status: Option<[&'static str; 2]>,
    work: Option<[&'static str; 2]>,
    level: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    None,
    Needed,
    Always,
}

const CONTRACT: Export = Export {
    name: "",
    encoding: UTF_8,
    delimiter: "|",
    line_end: "\n",
    header: true,
    trailing: false,
    quotes: Quotes::None,
    titles: &[],
    comment: None,
    trailer: None,
    null: None,
    date: "%Y-%m-%d",
    no_date: None,
    top: None,
    gender: None,
    status: None,
    work: None,
    level: None,
};

const EXPORTS: [Export; 22] = [
    Export {
        name: "gb18030-trailing-null",
        encoding: GB18030,
        line_end: "\r\n",
        header: false,
        trailing: true,
        null: Some("NULL"),
        ..CONTRACT
    },
    Export {
        name: "spreadsheet-csv",
        delimiter: ",",
        line_end: "\r\n",
        quotes: Quotes::Needed,
        date: "%Y/%-m/%-d",
        gender: Some(["男", "女", "未知"]),
        status: Some(["在职", "离职"]),
        ..CONTRACT
    },
    Export {
        name: "spreadsheet-csv-letters",
        encoding: GB18030,
        delimiter: ",",
        line_end: "\r\n",
        quotes: Quotes::Needed,
        date: "%d/%m/%Y",
        gender: Some(["M", "F", "U"]),
        ..CONTRACT
    },
    Export {
        name: "oracle-unload",
        encoding: GB18030,
        header: false,
        trailing: true,
        date: "%d-%b-%Y",
        top: Some("0"),
        ..CONTRACT
    },
    Export {
        name: "oracle-sqlplus",
        trailing: true,
        date: "%Y-%m-%d %H:%M:%S",
        null: Some("(null)"),
        top: Some("-1"),
        trailer: Some("*** {rows} rows selected ***"),
        ..CONTRACT
    },
    Export {
        name: "mysql-outfile",
        delimiter: "\t",
        header: false,
        null: Some("\\N"),
        no_date: Some("0000-00-00"),
        ..CONTRACT
    },
    Export {
        name: "mysql-zero-dates",
        encoding: GB18030,
        no_date: Some("0000-00-00 00:00:00"),
        date: "%Y-%m-%d %H:%M:%S",
        top: Some("0"),
        ..CONTRACT
    },
    Export {
        name: "sqlserver-bcp",
        delimiter: "|+|",
        line_end: "\r\n",
        header: false,
        null: Some("NULL"),
        date: "%Y-%m-%d 00:00:00.000",
        top: Some("self"),
        ..CONTRACT
    },
    Export {
        name: "informix-unload",
        encoding: GB18030,
        header: false,
        trailing: true,
        date: "%m/%d/%Y",
        ..CONTRACT
    },
    Export {
        name: "mainframe-control-record",
        encoding: GB18030,
        header: false,
        titles: &["HDR|20241122|LIFE"],
        trailer: Some("TRL|{rows}|20241122"),
        date: "%Y%m%d",
        no_date: Some("00000000"),
        ..CONTRACT
    },
    Export {
        name: "report-with-title",
        encoding: GB18030,
        delimiter: ",",
        quotes: Quotes::Needed,
        titles: &["某某人寿保险股份有限公司", "导出日期：2024-11-22"],
        trailer: Some("合计：{rows} 条"),
        date: "%Y年%-m月%-d日",
        gender: Some(["男", "女", "未知"]),
        work: Some(["正常", "停业"]),
        ..CONTRACT
    },
    Export { name: "comments", comment: Some("#"), null: Some("NA"), ..CONTRACT },
    Export {
        name: "comments-and-end",
        encoding: GB18030,
        header: false,
        comment: Some("--"),
        trailer: Some("***END***"),
        top: Some("ROOT"),
        ..CONTRACT
    },
    Export {
        name: "all-quoted",
        delimiter: ",",
        quotes: Quotes::Always,
        null: Some("NULL"),
        no_date: Some("9999-12-31"),
        ..CONTRACT
    },
    Export {
        name: "all-quoted-semicolons",
        encoding: GB18030,
        delimiter: ";",
        quotes: Quotes::Always,
        date: "%d.%m.%Y",
        top: Some("self"),
        ..CONTRACT
    },
    Export {
        name: "endless-dates",
        encoding: GB18030,
        line_end: "\r\n",
        no_date: Some("9999-12-31"),
        top: Some("000000"),
        ..CONTRACT
    },
    Export {
        name: "classic-mac",
        line_end: "\r",
        trailing: true,
        gender: Some(["男", "女", "未知"]),
        ..CONTRACT
    },
    Export {
        name: "broken-bar",
        encoding: GB18030,
        delimiter: "¦",
        header: false,
        work: Some(["是", "否"]),
        null: Some("无"),
        ..CONTRACT
    },
    Export {
        name: "levels-in-words",
        level: Some("级"),
        gender: Some(["男性", "女性", "不详"]),
        work: Some(["Y", "N"]),
        ..CONTRACT
    },
    Export {
        name: "iso-times",
        delimiter: "\u{1}",
        header: false,
        date: "%Y-%m-%dT00:00:00+08:00",
        null: Some("null"),
        ..CONTRACT
    },
    Export {
        name: "named-control-record",
        encoding: GB18030,
        line_end: "\r\n",
        trailer: Some("END|{file}|{rows}"),
        top: Some("self"),
        null: Some("-"),
        ..CONTRACT
    },
    Export {
        name: "everything",
        encoding: GB18030,
        delimiter: "，",
        line_end: "\r\n",
        header: false,
        trailing: true,
        titles: &["某某人寿"],
        comment: Some("//"),
        trailer: Some("合计 {rows}"),
        null: Some("NULL"),
        date: "%d-%m-%Y",
        no_date: Some("1900-01-00"),
        top: Some("-1"),
        gender: Some(["M", "F", "U"]),
        status: Some(["在职", "离职"]),
        work: Some(["Y", "N"]),
        level: Some("级"),
        ..CONTRACT
    },
];

/// A company of which some names need quotes in some exports.
fn small_company() -> Company {
    let mut company = company_of(24);
    *company.cell(Feed::Agent, 1, "agentName") = "欧阳,娜".to_owned();
    *company.cell(Feed::Agent, 5, "agentName") = "李\"小\"四".to_owned();
    company
}

impl Export {
    fn cell(&self, feed: Feed, field: &str, row: &[String], cell: &str) -> String {
        let nth = || cell.parse::<usize>().unwrap() - 1;
        let word = |words: &[&str]| words[nth()].to_owned();
        let is_parent = matches!(field, "parentId" | "parentNodeId");
        let is_parents_name = matches!(field, "parentOrganName" | "parentNodeName");
        match field {
            _ if cell.is_empty() && (is_parent || is_parents_name) && self.top.is_some() => {
                match self.top {
                    Some("self") => row[usize::from(is_parents_name)].clone(),
                    top => top.unwrap().to_owned(),
                }
            }
            "leaveCompanyDate" if cell.is_empty() && self.no_date.is_some() => {
                self.no_date.unwrap().to_owned()
            }
            _ if cell.is_empty() => self.null.unwrap_or_default().to_owned(),
            "gender" if self.gender.is_some() => word(&self.gender.unwrap()),
            "agentStatus" | "principalStatus" if self.status.is_some() => {
                word(&self.status.unwrap())
            }
            "work" if self.work.is_some() => word(&self.work.unwrap()),
            "organLevel" | "nodeLevel" if self.level.is_some() => {
                format!("{cell}{}", self.level.unwrap())
            }
            _ if field.ends_with("Date") => {
                let date: chrono::NaiveDate = cell.parse().unwrap();
                date.and_time(Default::default()).format(self.date).to_string()
            }
            _ => {
                let _ = feed;
                cell.to_owned()
            }
        }
    }

    fn quoted(&self, cell: &str) -> String {
        let needs = cell.contains(self.delimiter) || cell.contains('"');
        match self.quotes {
            Quotes::Needed if needs => format!("\"{}\"", cell.replace('"', "\"\"")),
            Quotes::Always => format!("\"{}\"", cell.replace('"', "\"\"")),
            Quotes::None | Quotes::Needed => cell.to_owned(),
        }
    }

    /// The four files.
    fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut company = small_company();
        company.map(|feed, field, row, cell| self.cell(feed, field, row, cell));
        let file = |((_, name), rows): (&(Feed, &'static str), &Vec<Vec<String>>)| {
            let mut lines: Vec<String> = self.titles.iter().map(|&line| line.to_owned()).collect();
            for (at, row) in rows.iter().enumerate().skip(usize::from(!self.header)) {
                let cells: Vec<String> = row.iter().map(|cell| self.quoted(cell)).collect();
                lines.push(
                    cells.join(self.delimiter) + if self.trailing { self.delimiter } else { "" },
                );
                if let (Some(mark), 1 | 4) = (self.comment, at) {
                    lines.push(format!("{mark} 第 {at} 条之后的说明"));
                }
            }
            if let Some(trailer) = self.trailer {
                let records = (rows.len() - 1).to_string();
                lines.push(trailer.replace("{rows}", &records).replace("{file}", name));
            }
            let text = lines.join(self.line_end) + self.line_end;
            (*name, self.encoding.encode(&text).0.into_owned())
        };
        FILES.iter().zip(&company.0).map(file).collect()
    }
}

fn propose(dir: &Path) -> Proposal {
    pipeline::propose(dir, "2024-11-24T00:00:00Z".parse().unwrap(), &Quiet)
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_job_proposed_from_an_export_imports_the_tables_of_the_contract() {
    let plain = {
        let folder = tempfile::tempdir().unwrap();
        small_company().write(folder.path());
        published(folder.path(), "").1
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dialects");
    let anew = std::env::var_os("ORGSNAP_WRITE_DIALECTS").is_some();
    for export in EXPORTS {
        let folder = root.join(export.name);
        for (name, bytes) in export.files() {
            let path = folder.join(name);
            if anew {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&path, &bytes).unwrap();
            }
            assert!(fs::read(&path).is_ok_and(|found| found == bytes), "{}: {name}", export.name);
        }
        let proposal = propose(&folder);
        insta::with_settings!({
            snapshot_path => &folder, prepend_module_to_snapshot => false, omit_expression => true
        }, {
            insta::assert_snapshot!("job.toml", proposal.toml());
        });
        assert_eq!(proposal.questions, [], "{}", export.name);
        let (_, rows) = published(&folder, &proposal.toml());
        assert_eq!(rows, plain, "{}", export.name);
    }
}

#[test]
fn the_contract_needs_no_settings() {
    let folder = tempfile::tempdir().unwrap();
    small_company().write(folder.path());
    let proposal = propose(folder.path());
    assert_eq!((proposal.settings, proposal.questions), (Vec::new(), Vec::new()));
}

#[test]
fn what_has_two_meanings_is_asked_and_every_answer_is_a_valid_job() {
    type Change = fn(Feed, &str, &[String], &str) -> String;
    let cases: [(&str, Change, &str, usize); 8] = [
        (
            "days up to the twelfth",
            |_, field, _, cell| match field.ends_with("Date") && !cell.is_empty() {
                true => format!("0{}/05/2{}", 1 + cell.len() % 9, &cell[1..4]),
                false => cell.to_owned(),
            },
            "day or month first",
            2,
        ),
        (
            "codes that are no words",
            |_, field, _, cell| match field {
                "agentStatus" => ["?", "A", "B"][cell.parse::<usize>().unwrap()].to_owned(),
                _ => cell.to_owned(),
            },
            "what do they stand for",
            2,
        ),
        (
            "codes counted from nought",
            |_, field, _, cell| match field {
                "gender" => (cell.parse::<i64>().unwrap() - 1).to_string(),
                _ => cell.to_owned(),
            },
            "what do they stand for",
            0,
        ),
        (
            "a parent that nobody knows",
            |_, field, _, cell| match field {
                "parentId" | "parentOrganName" if cell.is_empty() => "8600000".to_owned(),
                _ => cell.to_owned(),
            },
            "does it mean a top",
            1,
        ),
        (
            "some without a parent, some with nought",
            |_, field, row, cell| match field {
                "parentNodeId" if row[2] == "1" => "0".to_owned(),
                _ => cell.to_owned(),
            },
            "mean a top as well",
            1,
        ),
        (
            "a word in date columns",
            |_, field, _, cell| match field {
                "leaveCompanyDate" if cell.is_empty() => "至今".to_owned(),
                _ => cell.to_owned(),
            },
            "does it mean no date",
            1,
        ),
        (
            "years of two digits",
            |_, field, _, cell| match field.ends_with("Date") && !cell.is_empty() {
                true => cell[2..].to_owned(),
                false => cell.to_owned(),
            },
            "two digits",
            0,
        ),
        (
            "serial numbers of days",
            |_, field, _, cell| match field.ends_with("Date") && !cell.is_empty() {
                true => "45321".to_owned(),
                false => cell.to_owned(),
            },
            "serial number",
            0,
        ),
    ];
    for (what, change, asked, choices) in cases {
        let mut company = company();
        company.map(change);
        let folder = tempfile::tempdir().unwrap();
        company.write(folder.path());
        let proposal = propose(folder.path());
        assert_eq!(proposal.settings, [], "{what}");
        let questions = proposal.questions.iter().enumerate();
        let mut questions = questions.filter(|(_, question)| question.text.en.contains(asked));
        let (at, question) = questions.next().unwrap_or_else(|| panic!("{what}: {proposal:#?}"));
        assert_eq!(question.choices.len(), choices, "{what}");
        job(&proposal.toml());
        for choice in 0..choices {
            let mut answered = proposal.clone();
            answered.accept(at, choice);
            job(&answered.toml());
        }
        // Whatever the file offers to switch on is right, too.
        let mut offered = String::new();
        for line in proposal.toml().lines().filter(|line| !line.starts_with("[")) {
            if let Some(setting) = line.strip_prefix("#: ") {
                let section = if setting.contains("= { \"") { "codes" } else { "format" };
                offered = format!("[{section}]\n{setting}\n");
                job(&offered);
            }
        }
        assert_eq!(
            offered.is_empty(),
            proposal.questions.iter().all(|q| q.choices.is_empty()),
            "{what}"
        );
    }
}

#[test]
fn a_random_dialect_is_proposed_and_imported_as_the_contract_or_not_at_all() {
    let cases: usize = match std::env::var("ORGSNAP_DIALECT_CASES") {
        Ok(cases) => cases.parse().unwrap(),
        Err(_) => 24,
    };
    let mut runner = TestRunner::deterministic();
    let mut equal = 0;
    for _ in 0..cases {
        let dialect = dialect().new_tree(&mut runner).unwrap().current();
        let folder = tempfile::tempdir().unwrap();
        dialect.write(folder.path());
        let settings = propose(folder.path()).toml();
        let (report, rows) = match import(folder.path(), &job(&settings)) {
            Ok(imported) => imported,
            Err(error) => panic!("{error}\n{dialect:?}\n{settings}"),
        };
        match report.verdict {
            Verdict::Published => {
                assert!(rows == plain(), "other content was published\n{dialect:?}\n{settings}");
                equal += 1;
            }
            _ => eprintln!("not published: {dialect:?}\n{settings}\n{:?}", report.totals),
        }
    }
    assert!(equal * 100 >= cases * 95, "{equal} of {cases}");
}

/// Writes the company with these lines behind each file's records; `{rows}` is their number.
fn write_with_end(dir: &Path, end: impl Fn(Feed, usize) -> String) {
    let company = company();
    for (feed, name) in FILES {
        let lines = company.lines(feed, "|");
        let end = end(feed, lines.len() - 1);
        fs::write(dir.join(name), lines.join("\n") + "\n" + &end + "\n").unwrap();
    }
}

#[test]
fn a_control_record_with_a_wrong_number_is_never_declared_as_anything() {
    let folder = tempfile::tempdir().unwrap();
    let cut = |feed, rows| match feed {
        Feed::Agent => format!("TRL|{}", rows + 40),
        _ => format!("TRL|{rows}"),
    };
    write_with_end(folder.path(), cut);
    let proposal = propose(folder.path());
    assert!(proposal.toml().contains("trailer = \"TRL|{rows}\""), "{}", proposal.toml());
    let (report, _) = import(folder.path(), &job(&proposal.toml())).unwrap();
    assert_eq!(report.verdict, Verdict::Refused);
    assert!(codes(&report).contains(&"F112"), "{:?}", report.totals);

    write_with_end(folder.path(), |_, rows| format!("TRL|{}", rows * 10));
    let proposal = propose(folder.path());
    assert_eq!(proposal.settings, []);
    let [question] = proposal.questions.as_slice() else { panic!("{proposal:#?}") };
    let choices: Vec<String> = question.choices.iter().map(|choice| choice[0].line()).collect();
    assert_eq!(choices, ["[format] trailer = \"TRL|{rows}\"", "[format] trailer = \"TRL|{*}\""]);
    job(&proposal.toml());
}

#[test]
fn a_second_control_record_is_told() {
    let folder = tempfile::tempdir().unwrap();
    write_with_end(folder.path(), |_, rows| format!("共{rows}条\n***END***"));
    let proposal = propose(folder.path());
    assert!(proposal.toml().contains("trailer = \"***END***\""), "{}", proposal.toml());
    let [question] = proposal.questions.as_slice() else { panic!("{proposal:#?}") };
    assert!(question.text.en.contains("leave one out"), "{}", question.text.en);
}

#[test]
fn lines_that_may_be_records_are_not_declared_comments() {
    let mut company = company();
    // The names stand first, so that a line begins with one.
    let rows = &mut company.0[at(Feed::Principal)];
    let name = rows[0].iter().position(|title| title == "principalName").unwrap();
    rows.iter_mut().for_each(|row| row.swap(0, name));
    rows[3][0] = "#王强".to_owned();
    let folder = tempfile::tempdir().unwrap();
    company.write(folder.path());
    let path = folder.path().join("temp_organization.txt");
    let text = fs::read_to_string(&path).unwrap() + "# exported by X\n";
    let (head, rest) = text.split_once('\n').unwrap();
    fs::write(&path, format!("{head}\n# exported by X\n{rest}")).unwrap();
    let proposal = propose(folder.path());
    assert_eq!(proposal.settings, []);
    let asked = |question: &&Question| {
        question.choices.iter().flatten().any(|change| change.key() == "comment")
    };
    let question = proposal.questions.iter().find(asked).unwrap();
    assert!(question.text.en.contains("line 4 of temp_principal.txt"), "{}", question.text.en);
}

#[test]
fn the_name_of_no_parent_is_none_whatever_marks_it() {
    for (parent, name) in
        [("0", "ROOT"), ("0", "-"), ("0", "NULL"), ("", "ROOT"), ("", "-"), ("-1", "own")]
    {
        let mut company = company();
        company.map(|_, field, row, cell| match field {
            "parentId" | "parentNodeId" if cell.is_empty() => parent.to_owned(),
            "parentOrganName" | "parentNodeName" if cell.is_empty() => match name {
                "own" => row[1].clone(),
                name => name.to_owned(),
            },
            _ => cell.to_owned(),
        });
        let folder = tempfile::tempdir().unwrap();
        company.write(folder.path());
        let proposal = propose(folder.path());
        assert_eq!(proposal.questions, [], "{parent} {name}");
        let (_, rows) = published(folder.path(), &proposal.toml());
        assert_eq!(rows, plain(), "{parent} {name}\n{}", proposal.toml());
    }
}

/// The one question about a company of which nothing can be set without being asked.
fn only_question(company: &Company) -> Question {
    let folder = tempfile::tempdir().unwrap();
    company.write(folder.path());
    let proposal = propose(folder.path());
    assert_eq!(proposal.settings, []);
    let [question] = proposal.questions.as_slice() else { panic!("{proposal:#?}") };
    question.clone()
}

#[test]
fn a_word_for_no_value_that_required_fields_hold_too_is_asked_about() {
    let mut company = company();
    company.map(|_, field, _, cell| match field.ends_with("Date") && cell.is_empty() {
        true => "无".to_owned(),
        false => cell.to_owned(),
    });
    *company.cell(Feed::Principal, 2, "principalName") = "无".to_owned();
    let question = only_question(&company);
    assert_eq!(question.choices[0][0].line(), "[format] null = [\"无\"]");
    assert!(question.text.en.contains("principalName on line 4"), "{}", question.text.en);
}

#[test]
fn a_first_day_of_a_calendar_in_many_cells_is_asked_about() {
    let mut company = company();
    company.map(|_, field, _, cell| match field == "leaveCompanyDate" && cell.is_empty() {
        true => "1900-01-01".to_owned(),
        false => cell.to_owned(),
    });
    let question = only_question(&company);
    assert_eq!(question.choices[0][0].line(), "[format] no_date = [\"1900-01-01\"]");
}

#[test]
fn lines_above_the_records_of_one_file_are_no_words_for_codes() {
    let folder = tempfile::tempdir().unwrap();
    let company = company();
    company.write(folder.path());
    let lines = company.lines(Feed::Agent, "|").join("\n");
    fs::write(folder.path().join("temp_agent.txt"), format!("某某人寿代理人\n{lines}\n")).unwrap();
    let proposal = propose(folder.path());
    let [question] = proposal.questions.as_slice() else { panic!("{proposal:#?}") };
    assert!(question.text.en.contains("number of title lines differs"), "{}", question.text.en);

    for (feed, name) in FILES {
        let lines = company.lines(feed, "|");
        let control = "|".repeat(lines[0].matches('|').count());
        let text = format!("HDR{control}\n{}\n", lines[1..].join("\n"));
        fs::write(folder.path().join(name), text).unwrap();
    }
    let proposal = propose(folder.path());
    assert_eq!(proposal.questions, []);
    let (_, rows) = published(folder.path(), &proposal.toml());
    assert_eq!(rows, plain());
}

/// Proposes from the company under these names, and imports it with them.
fn renamed(names: [&str; 4], days: &[&str], header: bool) -> (Proposal, Vec<Vec<Value>>) {
    let company = company();
    let folder = tempfile::tempdir().unwrap();
    for ((feed, _), name) in FILES.iter().zip(names) {
        let lines = company.lines(*feed, "|");
        for (at, day) in days.iter().enumerate() {
            // Only the newest delivery is whole.
            let end = if at + 1 == days.len() { lines.len() } else { 3 };
            let lines = &lines[usize::from(!header)..end];
            fs::write(folder.path().join(name.replace("{day}", day)), lines.join("\n") + "\n")
                .unwrap();
        }
    }
    let proposal = propose(folder.path());
    let day = chrono::NaiveDate::from_ymd_opt(2024, 11, 22).unwrap();
    for (feed, name) in &proposal.names {
        let there =
            folder.path().join(name.replace("{date:%Y%m%d}", &day.format("%Y%m%d").to_string()));
        let (_, usual) = FILES.iter().find(|(of, _)| of == feed).unwrap();
        fs::rename(there, folder.path().join(usual)).unwrap();
    }
    let (_, rows) = published(folder.path(), &proposal.toml());
    (proposal, rows)
}

#[test]
fn files_are_known_by_their_content_where_their_names_tell_nothing() {
    for names in [
        ["agent.txt", "node.txt", "organization.txt", "principal.txt"],
        ["代理人.txt", "外勤区部组.txt", "内勤机构.txt", "内勤人员.txt"],
        ["d.csv", "a.csv", "b.csv", "temp_principal.txt"],
    ] {
        for header in [true, false] {
            let (proposal, rows) = renamed(names, &[""], header);
            assert_eq!(rows, plain(), "{names:?}");
            assert_eq!(proposal.questions, [], "{names:?}");
            let named: Vec<&str> = proposal.names.iter().map(|(_, name)| name.as_str()).collect();
            let expected = if names[3].starts_with("temp") { &names[..3] } else { &names[..] };
            assert_eq!(named.len(), expected.len());
            assert!(expected.iter().all(|name| named.contains(name)), "{named:?}");
        }
    }
}

#[test]
fn of_several_days_the_newest_one_is_the_sample() {
    let names = ["temp_agent_{day}.txt", "temp_base_node_{day}.txt", "{day}机构.txt", "p{day}.txt"];
    let (proposal, rows) = renamed(names, &["20241120", "20241121", "20241122"], true);
    assert_eq!(rows, plain());
    assert_eq!(proposal.date, chrono::NaiveDate::from_ymd_opt(2024, 11, 22));
    assert!(proposal.names.iter().all(|(_, name)| name.contains("{date:%Y%m%d}")));
}

#[test]
fn a_name_with_a_time_is_asked_about() {
    let names = ["temp_agent_{day}.txt", "temp_base_node_{day}.txt", "o_{day}.txt", "p_{day}.txt"];
    for (digits, asked) in [("20241122103000", "a day and a time"), ("241122", "{date:%y%m%d}")] {
        let (proposal, rows) = renamed(names, &[digits], true);
        assert_eq!(rows, plain());
        let [question] = proposal.questions.as_slice() else { panic!("{proposal:#?}") };
        assert!(question.text.en.contains(asked), "{}", question.text.en);
    }
}

#[test]
fn the_members_of_a_zip_file_are_named() {
    use std::io::Write as _;
    let (company, folder) = (company(), tempfile::tempdir().unwrap());
    let file = fs::File::create(folder.path().join("all.zip")).unwrap();
    let mut zip = zip::ZipWriter::new(file);
    let names = [
        "TEMP_AGENT_20241123.CSV",
        "temp_base_node_20241123.csv",
        "机构20241123.csv",
        "p_20241123.csv",
    ];
    for ((feed, _), name) in FILES.iter().zip(names) {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all((company.lines(*feed, "|").join("\n") + "\n").as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let proposal = propose(folder.path());
    assert_eq!(proposal.date, chrono::NaiveDate::from_ymd_opt(2024, 11, 23));
    let files = proposal.files_line().unwrap();
    let source = format!("[source]\nkind = \"dir\"\npath = \".\"\n{files}");
    let (_, rows) = published(folder.path(), &format!("{source}{}", proposal.toml()));
    assert_eq!(rows, plain());
}
