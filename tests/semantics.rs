//! How the rules see the rows: small deliveries, each with one trap in it, and exactly what is found.

use std::{fmt::Write as _, fs};

use orgsnap::model::{Feed, Finding, PerFeed, RunReport};

use crate::quiet::check;

const ORGANS: &str = "\
id|organName|parentId|parentOrganName|organLevel|foundDate|leaderId|leaderName
1|总公司|||1|2000-01-01|p1|甲
2|分公司|1|总公司|2|2000-01-01|p1|甲
3|中支|2|分公司|3|2000-01-01|p1|甲
4|支公司|3|中支|4|2000-01-01|p1|甲
";
const PRINCIPALS: &str = "\
channel|id|principalName|principalStatus|organId|organName|gender
1|p1|甲|1|1|总公司|1
";
const NODES: &str = "\
id|nodeName|nodeLevel|agentId|nodeCreateDate|mentoredByNodeId|mentoredByAgentId|mentoredByDate|parentNodeId|parentNodeName|organId|organName|channel|work
n3|区|3|a1|2010-01-01||||||4|支公司|1|1
n2|部|2|a1|2010-01-01||||n3|区|4|支公司|1|1
n1|组|1|a1|2010-01-01||||n2|部|4|支公司|1|1
";
const AGENTS: &str = "\
id|agentName|agentStatus|gender|recommendByAgentId|recommendByNodeId|recommendDate|enterCompanyDate|leaveCompanyDate|channel|agentGradeLevel|workingNodeId|workingNodeName|workingOrganId|workingOrganName
a1|东|1|1||||2011-01-01||1|A1|n1|组|4|支公司
a2|南|1|2|a1|n1|2012-01-01|2012-01-01||1|A1|n1|组|4|支公司
a3|西|1|2|a2|n1|2013-01-01|2013-01-01||1|A1|n1|组|4|支公司
a4|北|1|2|a2|n1|2014-01-01|2014-01-01||1|A1|n1|组|4|支公司
a5|中|1|2|a4|n1|2015-01-01|2015-01-01||1|A1|n1|组|4|支公司
";

/// The four files as bytes, in report order of the feeds.
#[derive(Clone)]
struct Files(PerFeed<Vec<u8>>);

impl Files {
    fn new() -> Files {
        let mut files: PerFeed<Vec<u8>> = PerFeed::default();
        for (feed, text) in [
            (Feed::Organ, ORGANS),
            (Feed::Principal, PRINCIPALS),
            (Feed::Node, NODES),
            (Feed::Agent, AGENTS),
        ] {
            files[feed] = text.as_bytes().to_vec();
        }
        Files(files)
    }

    fn text(&self, feed: Feed) -> String {
        String::from_utf8(self.0[feed].clone()).unwrap()
    }

    /// Replaces a part of a file that must be there.
    fn edit(&mut self, feed: Feed, from: &str, to: &str) {
        let text = self.text(feed);
        assert!(text.contains(from), "{from} is not in the file of {feed}");
        self.0[feed] = text.replacen(from, to, 1).into_bytes();
    }

    fn append(&mut self, feed: Feed, text: &str) {
        self.0[feed].extend_from_slice(text.as_bytes());
    }

    fn every(&mut self, change: impl Fn(&str) -> Vec<u8>) {
        for feed in Feed::ALL {
            self.0[feed] = change(&self.text(feed));
        }
    }

    fn check(&self, job: &str) -> RunReport {
        let folder = tempfile::tempdir().unwrap();
        for (feed, name) in [
            (Feed::Organ, "temp_organization.txt"),
            (Feed::Principal, "temp_principal.txt"),
            (Feed::Node, "temp_base_node.txt"),
            (Feed::Agent, "temp_agent.txt"),
        ] {
            fs::write(folder.path().join(name), &self.0[feed]).unwrap();
        }
        if !job.is_empty() {
            fs::write(folder.path().join("job.toml"), format!("tenant = \"t\"\n{job}")).unwrap();
        }
        check(folder.path())
    }
}

/// A finding in one line: code, feed, lines, key, field, affected.
fn summary(finding: &Finding) -> String {
    let lines: Vec<String> = finding.lines.iter().map(u64::to_string).collect();
    format!(
        "{} {} {} {} {} {}",
        finding.code,
        finding.feed,
        if lines.is_empty() { "-".to_owned() } else { lines.join(",") },
        finding.key.as_deref().unwrap_or("-"),
        finding.field.as_deref().unwrap_or("-"),
        finding.affected,
    )
}

fn counts_are_true(what: &str, report: &RunReport) {
    for file in &report.files {
        let counted = file.rows
            + file.quarantined
            + file.repeated
            + file.header_lines
            + file.blank
            + file.other;
        assert_eq!(file.lines, counted, "{what}: {file:?}");
    }
}

type Trap = fn(&mut Files);

#[test]
fn every_planted_anomaly_gives_exactly_its_findings() {
    let cases: &[(&str, Trap, &[&str])] = &[
        ("nothing", |_| {}, &[]),
        (
            "a quarantined parent does not make orphans",
            |f| f.edit(Feed::Agent, "2012-01-01||1", "2012-02-30||1"),
            &["V203 agent 3 a2 enterCompanyDate 2"],
        ),
        (
            "a parent with a delimiter too many is presumed to be who it is, and makes no orphans",
            |f| f.edit(Feed::Agent, "a2|南|", "a2|南||"),
            &["R201 agent 3 - - 2"],
        ),
        (
            "a repeated row that differs in white space only",
            |f| {
                f.append(
                    Feed::Agent,
                    "a3|西 |1|2|a2|n1|2013-01-01|2013-01-01||1|A1|n1|组|4|支公司\n",
                )
            },
            &["K302 agent 4,7 a3 - 2", "V207 agent 7 a3 agentName 1"],
        ),
        (
            "two equal records and a third that differs",
            |f| {
                f.append(
                    Feed::Agent,
                    "a3|西|1|2|a2|n1|2013-01-01|2013-01-01||1|A1|n1|组|4|支公司\n",
                );
                f.append(
                    Feed::Agent,
                    "a3|西|1|1|a2|n1|2013-01-01|2013-01-01||1|A1|n1|组|4|支公司\n",
                );
            },
            &["K303 agent 4,7,8 a3 - 0"],
        ),
        (
            "a good record whose key a bad one shares",
            |f| f.append(Feed::Agent, "a4|北|1|2|a2|n1|2014-01-01|x||1|A1|n1|组|4|支公司\n"),
            &["K303 agent 5,7 a4 - 1", "V203 agent 7 a4 enterCompanyDate 0"],
        ),
        (
            "the same bad record twice",
            |f| {
                f.edit(
                Feed::Agent,
                "a5|中|1|2|a4|n1|2015-01-01|2015-01-01||1|A1|n1|组|4|支公司\n",
                "a5|中|1|2|a4|n1|2015-01-01|x||1|A1|n1|组|4|支公司\na5|中|1|2|a4|n1|2015-01-01|x||1|A1|n1|组|4|支公司\n",
            )
            },
            &[
                "K302 agent 6,7 a5 - 2",
                "V203 agent 6 a5 enterCompanyDate 0",
                "V203 agent 7 a5 enterCompanyDate 0",
            ],
        ),
        (
            "a record that is its own parent",
            |f| f.edit(Feed::Agent, "a2|南|1|2|a1", "a2|南|1|2|a2"),
            &["T601 agent 3 a2 recommendByAgentId 1"],
        ),
        (
            "a cycle is told from its smallest key, and its edges have no level",
            |f| f.edit(Feed::Organ, "2|分公司|1|总公司", "2|分公司|4|支公司"),
            &[
                "B710 agent 2 a1 workingOrganId 1",
                "B710 agent 3 a2 workingOrganId 1",
                "B710 agent 4 a3 workingOrganId 1",
                "B710 agent 5 a4 workingOrganId 1",
                "B710 agent 6 a5 workingOrganId 1",
                "B710 node 2 n3 organId 1",
                "B710 node 3 n2 organId 1",
                "B710 node 4 n1 organId 1",
                "T601 organ 3,4,5 2 parentId 3",
            ],
        ),
        (
            "a key of wide spaces is no key",
            |f| f.edit(Feed::Agent, "a5|", "\u{3000} |"),
            &["K301 agent 6 - id 0"],
        ),
        (
            "wide spaces round a key and round what refers to it",
            |f| {
                f.edit(Feed::Agent, "\na2|", "\n\u{3000}a2\u{3000}|");
                f.edit(Feed::Agent, "|a4|", "|a4\u{3000}|");
            },
            &["V207 agent 3 a2 id 1", "V207 agent 6 a5 recommendByAgentId 1"],
        ),
        (
            "a CR within a line ends no line",
            |f| f.edit(Feed::Agent, "a3|西", "a3|西\r西"),
            &["V208 agent 4 a3 agentName 1"],
        ),
        (
            "two tops by their own data, one of the wrong level",
            |f| f.append(Feed::Organ, "5|另一家|||2|2000-01-01|p1|甲\n"),
            &["T602 organ 2,6 1 parentId 2", "T605 organ 6 5 organLevel 1"],
        ),
        (
            "an office with an unknown parent is no top",
            |f| f.append(Feed::Organ, "5|另一家|9|无|2|2000-01-01|p1|甲\n"),
            &["X401 organ 6 9 parentId 1"],
        ),
        (
            "no top at all",
            |f| f.edit(Feed::Organ, "1|总公司||", "1|总公司|4|支公司"),
            &[
                "B710 agent 2 a1 workingOrganId 1",
                "B710 agent 3 a2 workingOrganId 1",
                "B710 agent 4 a3 workingOrganId 1",
                "B710 agent 5 a4 workingOrganId 1",
                "B710 agent 6 a5 workingOrganId 1",
                "B710 node 2 n3 organId 1",
                "B710 node 3 n2 organId 1",
                "B710 node 4 n1 organId 1",
                "T601 organ 2,3,4,5 1 parentId 4",
                "T603 organ - - parentId 0",
            ],
        ),
        (
            "levels that do not follow each other, down and up",
            |f| {
                f.edit(Feed::Organ, "3|中支|2|分公司|3", "3|中支|2|分公司|4");
                f.edit(Feed::Node, "n2|部|2", "n2|部|3");
            },
            &[
                "T604 node 3 n2 nodeLevel 1",
                "T604 node 4 n1 nodeLevel 1",
                "T604 organ 4 3 organLevel 1",
                "T604 organ 5 4 organLevel 1",
            ],
        ),
        (
            "a parent's name without the parent, and the other way round",
            |f| {
                f.edit(Feed::Organ, "2|分公司|1|总公司", "2|分公司||总公司");
                f.edit(Feed::Organ, "3|中支|2|分公司", "3|中支|2|");
            },
            &[
                "T602 organ 2,3 1 parentId 2",
                "T605 organ 3 2 organLevel 1",
                "V201 organ 4 3 parentOrganName 1",
            ],
        ),
        (
            "a full-width digit, a code outside its list, a cell of wide spaces",
            |f| {
                f.edit(Feed::Agent, "a3|西|1|", "a3|西|１|");
                f.edit(Feed::Agent, "a4|北|1|2", "a4|北|1|9");
                f.edit(Feed::Agent, "a5|中|", "a5|\u{3000}|");
            },
            &[
                "V201 agent 6 a5 agentName 0",
                "V204 agent 5 a4 gender 0",
                "V211 agent 4 a3 agentStatus 1",
            ],
        ),
        (
            "a line of delimiters alone is a record without a key",
            |f| f.append(Feed::Principal, "||||||\n"),
            &[
                "K301 principal 3 - id 0",
                "V201 principal 3 - channel 0",
                "V201 principal 3 - principalName 0",
                "V201 principal 3 - principalStatus 0",
                "V201 principal 3 - organId 0",
                "V201 principal 3 - organName 0",
                "V201 principal 3 - gender 0",
            ],
        ),
        (
            "what two rows lack together is one finding",
            |f| {
                f.edit(Feed::Agent, "|n1|组|4|支公司\na3", "|n9|组|4|支公司\na3");
                f.edit(Feed::Agent, "|n1|组|4|支公司\na5", "|n9|组|4|支公司\na5");
            },
            &["X411 agent 3,5 n9 workingNodeId 2"],
        ),
        (
            "a line that is too long has a key all the same",
            |f| f.edit(Feed::Agent, "a4|北", &format!("a4|{}", "北".repeat(30_000))),
            &["R203 agent 5 a4 - 1"],
        ),
        (
            "a line that is too long above the header is not a blank one",
            |f| {
                let text = format!("{}\n\n{}", "x".repeat(70_000), f.text(Feed::Agent));
                f.0[Feed::Agent] = text.into_bytes();
            },
            &["R203 agent 1 - - 0"],
        ),
        (
            "a file that a program of DOS filled up with end marks",
            |f| f.append(Feed::Agent, "\u{1a}\u{1a}\u{1a}"),
            &[],
        ),
        (
            "end marks right behind the last record",
            |f| f.edit(Feed::Principal, "总公司|1\n", "总公司|1\u{1a}\u{1a}"),
            &["F108 principal 2 - - 1"],
        ),
        (
            "an end mark within the last line belongs to its cell",
            |f| f.edit(Feed::Principal, "总公司|1\n", "总公司|1\u{1a}\n"),
            &["V208 principal 2 p1 gender 1"],
        ),
        (
            "a short last line without a line end",
            |f| f.edit(Feed::Agent, "2015-01-01|2015-01-01||1|A1|n1|组|4|支公司\n", "2015"),
            &["F108 agent 6 - - 1", "R201 agent 6 - - 0"],
        ),
    ];
    let mut wrong = String::new();
    for (what, trap, expected) in cases {
        let mut files = Files::new();
        trap(&mut files);
        let report = files.check("");
        counts_are_true(what, &report);
        let found: Vec<String> = report.findings.iter().map(summary).collect();
        if found != *expected {
            writeln!(wrong, "{what}: {found:#?}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn rows_that_name_the_same_missing_key_are_one_finding_with_a_thousand_lines_and_the_true_number() {
    let mut files = Files::new();
    for at in 0..1_200 {
        let row = format!("b{at:04}|众|1|2|gone|n1||2016-01-01||1|A1|n1|组|4|支公司\n");
        files.append(Feed::Agent, &row);
    }
    let report = files.check("");
    let [finding] = &report.findings[..] else { panic!("{:?}", report.findings) };
    assert_eq!((finding.code, finding.key.as_deref()), ("X409", Some("gone")));
    assert_eq!((finding.lines.len(), finding.affected), (1_000, 1_200));
    assert_eq!((finding.lines[0], finding.lines[999]), (7, 1_006));
}

/// How a file is written.
type Writing = Box<dyn Fn(&str) -> Vec<u8>>;

/// Every encoding, delimiter and shape of header gives the same clean delivery.
#[test]
fn a_delivery_gives_the_same_tables_in_every_encoding_and_layout() {
    let gb = |text: &str| encoding_rs::GB18030.encode(text).0.into_owned();
    let cases: Vec<(&str, Writing)> = vec![
        ("UTF-8 with a mark", Box::new(|t| format!("\u{feff}{t}").into_bytes())),
        ("GB18030", Box::new(gb)),
        (
            "GB18030 with a trail byte that is a delimiter, and with four bytes",
            Box::new(move |t| gb(&t.replace("东", "東").replace("南", "𠮷"))),
        ),
        ("GB18030 with a mark", Box::new(move |t| gb(&format!("\u{feff}{t}")))),
        (
            "UTF-16",
            Box::new(|t| {
                format!("\u{feff}{t}").encode_utf16().flat_map(u16::to_le_bytes).collect()
            }),
        ),
        (
            "UTF-16, big end first, with an end mark",
            Box::new(|t| {
                let text = format!("\u{feff}{t}\u{1a}");
                text.encode_utf16().flat_map(u16::to_be_bytes).collect()
            }),
        ),
        ("CRLF", Box::new(|t| t.replace('\n', "\r\n").into_bytes())),
        (
            "upper case titles",
            Box::new(|t| {
                let (header, rows) = t.split_once('\n').unwrap();
                format!("{}\n{rows}", header.to_uppercase()).into_bytes()
            }),
        ),
        ("no header", Box::new(|t| t.split_once('\n').unwrap().1.as_bytes().to_vec())),
        (
            "columns in reverse",
            Box::new(|t| {
                let reversed =
                    |line: &str| line.split('|').rev().collect::<Vec<_>>().join("|") + "\n";
                t.lines().map(reversed).collect::<String>().into_bytes()
            }),
        ),
        (
            "snake case titles in quotes",
            Box::new(|t| {
                let (header, rows) = t.split_once('\n').unwrap();
                let snake: String = header
                    .chars()
                    .flat_map(|c| {
                        let joiner = c.is_ascii_uppercase().then_some('_');
                        joiner.into_iter().chain([c.to_ascii_lowercase()])
                    })
                    .collect();
                format!(
                    "{}\n{rows}",
                    snake.split('|').map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join("|")
                )
                .into_bytes()
            }),
        ),
    ];
    let same = |what: &str, files: &Files| {
        let report = files.check("");
        counts_are_true(what, &report);
        assert_eq!(report.findings.first().map(summary), None, "{what}");
        let rows: Vec<u64> = report.files.iter().map(|file| file.rows).collect();
        assert_eq!(rows.iter().sum::<u64>(), 13, "{what}");
        report
    };
    for (what, change) in &cases {
        let mut files = Files::new();
        files.every(change);
        same(what, &files);
    }
    for delimiter in
        ["\t", ",", ";", "^", "\u{1}", "\u{1b}", "|+|", "|@|", "||", "!^!", "^|^", "~", "@@"]
    {
        for header in [true, false] {
            let mut files = Files::new();
            files.every(|t| {
                let t = if header { t } else { t.split_once('\n').unwrap().1 };
                t.replace('|', delimiter).into_bytes()
            });
            let report = same(&format!("{delimiter:?}, header {header}"), &files);
            let agents = report.file(Feed::Agent).unwrap();
            assert_eq!(agents.delimiter.as_deref(), Some(delimiter));
        }
    }
}

#[test]
fn quotes_around_all_fields_are_removed() {
    let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    let all: fn(&str) -> bool = |_| true;
    let texts: fn(&str) -> bool = |cell| cell.parse::<i64>().is_err() && !cell.is_empty();
    for (what, header, which) in [
        ("all quoted", true, all),
        ("texts quoted", true, texts),
        ("all quoted, no header", false, all),
    ] {
        let mut files = Files::new();
        files.edit(Feed::Agent, "a5|中", "a5|\"中\",小");
        files.edit(Feed::Agent, "a4|北|1|2", "a4|北|1|9");
        files.every(|text| {
            let line = |line: &str| {
                let cell = |cell: &str| if which(cell) { quoted(cell) } else { cell.to_owned() };
                line.split('|').map(cell).collect::<Vec<_>>().join(",") + "\r\n"
            };
            text.lines().skip(usize::from(!header)).map(line).collect::<String>().into_bytes()
        });
        let agents = Feed::Agent;
        let text = String::from_utf8(files.0[agents].clone()).unwrap();
        assert!(text.contains(r#""""中"",小""#), "{text}");
        let report = files.check("");
        counts_are_true(what, &report);
        let line = 4 + u64::from(header);
        let found: Vec<String> = report.findings.iter().map(summary).collect();
        assert_eq!(found, [format!("V204 agent {line} a4 gender 1")], "{what}");
        assert_eq!(report.file(agents).unwrap().delimiter.as_deref(), Some(","), "{what}");
        let excerpt = report.findings[0].excerpt.as_ref().unwrap();
        let marked = &excerpt.text[excerpt.mark.clone()];
        assert_eq!(marked.trim_matches('"'), "9", "{what}: {excerpt:?}");
    }
    // A few quotes inside values are ordinary text; round a value they may be either.
    for (value, finding) in [("中\"小", None), ("\"中\"", Some("F115 agent 6 - - 1".to_owned()))]
    {
        let mut files = Files::new();
        files.edit(Feed::Agent, "a5|中", &format!("a5|{value}"));
        let report = files.check("");
        assert_eq!(report.findings.first().map(summary), finding);
    }
}

#[test]
fn a_header_with_many_extra_columns_is_read() {
    let mut files = Files::new();
    files.every(|text| {
        let mut lines = text.lines();
        let titles: String = (1..=30).map(|n| format!("ext{n}|")).collect();
        let mut out = format!("{titles}{}\n", lines.next().unwrap());
        for line in lines {
            out += &format!("{}{line}\n", "z|".repeat(30));
        }
        out.into_bytes()
    });
    let report = files.check("");
    assert_eq!(report.totals.get("F106"), Some(&120), "{:?}", report.totals);
    assert_eq!(report.totals.len(), 1, "{:?}", report.totals);
    assert_eq!(report.files.iter().map(|file| file.rows).sum::<u64>(), 13);
}

#[test]
fn a_truncated_gb18030_character_spoils_one_line_only() {
    let mut files = Files::new();
    let mut bytes = encoding_rs::GB18030.encode(AGENTS).0.into_owned();
    let end = |bytes: &[u8], line: usize| {
        bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').nth(line).unwrap().0
    };
    let at = end(&bytes, 1);
    bytes.insert(at, 0x81);
    files.0[Feed::Agent] = bytes;
    let report = files.check("");
    let found: Vec<String> = report.findings.iter().map(summary).collect();
    assert_eq!(found, ["R202 agent 2 a1 workingOrganName 1"]);
    counts_are_true("a lead byte", &report);
}

#[test]
fn a_job_sets_levels_but_not_below_what_cannot_be_stored() {
    let trap = |files: &mut Files| {
        files.edit(Feed::Agent, "a4|北|1|2", "a4|北|1|9");
        files.edit(Feed::Agent, "|a1|n1|2012", "|a0|n1|2012");
        files.edit(Feed::Agent, "a5|", " a5|");
    };
    for (rules, expected) in [
        ("", vec!["V204 error", "V207 warning", "X409 warning"]),
        ("not-in-enumeration = \"warning\"", vec!["V204 warning", "V207 warning", "X409 warning"]),
        (
            "not-in-enumeration = \"off\"\nunknown-recruiter = \"fatal\"",
            vec!["V207 warning", "X409 fatal"],
        ),
        (
            "surrounding-whitespace = \"info\"\nunknown-recruiter = \"off\"",
            vec!["V204 error", "V207 info"],
        ),
    ] {
        let mut files = Files::new();
        trap(&mut files);
        let report = files.check(&format!("[rules]\n{rules}"));
        let found: Vec<String> =
            report.findings.iter().map(|f| format!("{} {}", f.code, f.level.name())).collect();
        assert_eq!(found, expected, "{rules}");
        // A level is how grave a finding is; what becomes of the row is its disposition.
        let quarantined = u64::from(!rules.contains("enumeration = \"off\""));
        assert_eq!(report.file(Feed::Agent).unwrap().quarantined, quarantined, "{rules}");
        counts_are_true(rules, &report);
    }
}
