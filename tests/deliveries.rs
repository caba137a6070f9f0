//! Deliveries as they come: every layout that occurs, and files that were damaged on the way.

use std::{fs, path::Path, sync::OnceLock};

use chrono::NaiveDate;
use orgsnap::{
    model::{Feed, RunReport},
    rules::CATALOGUE,
    sample::{self, Charset, Defects, Header, LineEnd, Options},
};
use proptest::prelude::*;

use crate::quiet::check;

fn options(agents: usize) -> Options {
    Options {
        agents,
        charset: Charset::Gb18030,
        ..Options::new(NaiveDate::from_ymd_opt(2024, 11, 22).unwrap())
    }
}

fn sampled(options: &Options) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    sample::write(options, folder.path()).unwrap();
    folder
}

/// Every line is counted once, totals are true, and findings stand in their order.
fn is_sound(report: &RunReport) -> Result<(), String> {
    for file in &report.files {
        let counted = file.rows
            + file.quarantined
            + file.repeated
            + file.header_lines
            + file.blank
            + file.other;
        if file.lines != counted {
            return Err(format!(
                "{}: {} lines, {counted} counted: {file:?}",
                file.name, file.lines
            ));
        }
    }
    let order = |f: &orgsnap::model::Finding| (f.code, f.feed, f.line);
    if !report.findings.is_sorted_by_key(order) {
        return Err("findings are not in order".to_owned());
    }
    let listed = |code: &str| report.findings.iter().filter(|f| f.code == code).count() as u64;
    match report.totals.iter().find(|(code, total)| listed(code) != **total) {
        Some((code, total)) => Err(format!("{code}: {total} counted, {} listed", listed(code))),
        None => Ok(()),
    }
}

#[test]
fn every_layout_is_detected() {
    let delimiters = [
        "|", "\t", ",", ";", "^", "\u{1}", "\u{1b}", "|+|", "|@|", "||", "!^!", "^|^", "#|#", "~",
        "$",
    ];
    let charsets = Charset::ALL;
    let headers = [Header::Names, Header::ChineseTitles, Header::None];
    for (at, delimiter) in delimiters.into_iter().enumerate() {
        for (turn, header) in headers.into_iter().enumerate() {
            let charset = charsets[(at + turn) % charsets.len()];
            let line_end = if at % 2 == 0 { LineEnd::Lf } else { LineEnd::CrLf };
            let variant = format!("{delimiter:?} {header:?} {charset:?} {line_end:?}");
            let layout =
                Options { delimiter: delimiter.into(), header, charset, line_end, ..options(60) };
            let report = check(sampled(&layout).path());
            assert_eq!(report.totals.len(), 0, "{variant}: {:?}", report.findings.first());
            let agents = report.file(Feed::Agent).unwrap();
            assert_eq!(agents.rows, 60, "{variant}");
            assert_eq!(agents.delimiter.as_deref(), Some(delimiter), "{variant}");
            assert_eq!(agents.header, Some(header != Header::None), "{variant}");
            is_sound(&report).unwrap();
        }
    }
}

#[test]
fn every_planted_defect_is_found_and_no_other() {
    let cases = [
        (1, 1000, Charset::Gb18030, "|", Header::Names, LineEnd::Lf),
        (2, 1700, Charset::Utf8, "|+|", Header::None, LineEnd::CrLf),
        (3, 2600, Charset::Utf16Le, "\u{1}", Header::ChineseTitles, LineEnd::Lf),
        (4, 1200, Charset::Gbk, "\t", Header::None, LineEnd::Lf),
        (5, 1300, Charset::Utf8Bom, ",", Header::Names, LineEnd::CrLf),
        (6, 1400, Charset::Utf16Be, "^|^", Header::Names, LineEnd::CrLf),
        (7, 1500, Charset::Gb18030, "!^!", Header::None, LineEnd::Lf),
    ];
    for (seed, agents, charset, delimiter, header, line_end) in cases {
        let delimiter = delimiter.into();
        let layout = Options { seed, charset, delimiter, header, line_end, ..options(agents) };
        let folder = sampled(&Options { defects: Defects::All, ..layout });
        let planted = fs::read_to_string(folder.path().join("planted.json")).unwrap();
        let planted: Vec<serde_json::Value> = serde_json::from_str(&planted).unwrap();
        let known = |code: &str| CATALOGUE.iter().any(|rule| rule.meta.code == code);
        let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
        let mut expected: Vec<String> = planted
            .iter()
            .filter(|defect| known(&text(&defect["code"])))
            .map(|d| {
                format!(
                    "{} {} {} {}",
                    text(&d["code"]),
                    text(&d["feed"]),
                    d["lines"],
                    text(&d["key"])
                )
            })
            .collect();
        let report = check(folder.path());
        let mut found: Vec<String> = report
            .findings
            .iter()
            .map(|f| {
                let lines = serde_json::to_string(&f.lines).unwrap();
                format!("{} {} {lines} {}", f.code, f.feed, f.key.as_deref().unwrap_or("-"))
            })
            .collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "seed {seed}");
        is_sound(&report).unwrap();
    }
}

#[test]
fn blank_lines_a_dos_end_mark_and_a_shuffled_header_change_nothing() {
    let plain = sampled(&Options { charset: Charset::Utf8, ..options(60) });
    let path = plain.path().join("temp_agent.txt");
    let text = fs::read_to_string(&path).unwrap();
    let reversed = |line: &str| line.split('|').rev().collect::<Vec<_>>().join("|") + "\n";
    let cases: [(&str, String, u64); 4] = [
        ("blank lines", text.replacen('\n', "\n\n  \n", 3), 6),
        ("a DOS end mark", format!("{text}\u{1a}"), 1),
        ("CRLF", text.replace('\n', "\r\n"), 0),
        ("columns reversed", text.lines().map(reversed).collect(), 0),
    ];
    for (what, text, blank) in cases {
        fs::write(&path, text).unwrap();
        let report = check(plain.path());
        assert_eq!(report.totals.len(), 0, "{what}: {:?}", report.findings.first());
        let agents = report.file(Feed::Agent).unwrap();
        assert_eq!((agents.rows, agents.blank), (60, blank), "{what}");
    }
}

/// What can happen to a file on its way.
#[derive(Debug, Clone)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    DoubleLine(prop::sample::Index),
    DropLine(prop::sample::Index),
    Insert(prop::sample::Index, u8),
    OtherDelimiter(prop::sample::Index, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), 1u8..).prop_map(|(i, b)| Damage::Flip(i, b)),
        at().prop_map(Damage::Cut),
        at().prop_map(Damage::DoubleLine),
        at().prop_map(Damage::DropLine),
        (at(), prop::sample::select(vec![0u8, 0x1a, b'\r', b'\n', b'|', b'"', 0xff, 0x81]))
            .prop_map(|(i, b)| Damage::Insert(i, b)),
        (at(), prop::sample::select(vec![b',', b'\t', b'^']))
            .prop_map(|(i, b)| Damage::OtherDelimiter(i, b)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    let line = |bytes: &[u8], at: usize| {
        let start = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        let end = bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |p| at + p + 1);
        start..end
    };
    match damage {
        Damage::Flip(i, bits) => {
            let at = i.index(bytes.len());
            bytes[at] ^= bits;
        }
        Damage::Cut(i) => bytes.truncate(i.index(bytes.len())),
        Damage::DoubleLine(i) => {
            let range = line(bytes, i.index(bytes.len()));
            let copy = bytes[range.clone()].to_vec();
            bytes.splice(range.end..range.end, copy);
        }
        Damage::DropLine(i) => {
            let range = line(bytes, i.index(bytes.len()));
            bytes.drain(range);
        }
        Damage::Insert(i, byte) => bytes.insert(i.index(bytes.len()), *byte),
        Damage::OtherDelimiter(i, byte) => {
            let range = line(bytes, i.index(bytes.len()));
            bytes[range].iter_mut().filter(|b| **b == b'|').for_each(|b| *b = *byte);
        }
    }
}

/// A small clean delivery: names and bytes.
fn clean() -> &'static [(String, Vec<u8>)] {
    static CLEAN: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    CLEAN.get_or_init(|| {
        let folder = sampled(&options(40));
        let read = |name: &str| (name.to_owned(), fs::read(folder.path().join(name)).unwrap());
        ["temp_agent.txt", "temp_base_node.txt", "temp_organization.txt", "temp_principal.txt"]
            .map(read)
            .to_vec()
    })
}

/// The same file with its fields in quotes.
fn quoted(bytes: &[u8]) -> Vec<u8> {
    let (text, _, _) = encoding_rs::GB18030.decode(bytes);
    let line = |line: &str| {
        line.split('|').map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join("|") + "\n"
    };
    let text: String = text.lines().map(line).collect();
    encoding_rs::GB18030.encode(&text).0.into_owned()
}

fn write(folder: &Path, in_quotes: bool, damages: &[(usize, Damage)]) {
    for (at, (name, bytes)) in clean().iter().enumerate() {
        let mut bytes = if in_quotes { quoted(bytes) } else { bytes.clone() };
        damages
            .iter()
            .filter(|(file, _)| *file == at)
            .for_each(|(_, damage)| apply(&mut bytes, damage));
        fs::write(folder.join(name), bytes).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_of_a_damaged_delivery_is_accounted_for(
        in_quotes: bool,
        damages in prop::collection::vec((0usize..4, damage()), 1..6)
    ) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), in_quotes, &damages);
        let report = check(folder.path());
        prop_assert_eq!(is_sound(&report), Ok(()));
        let again = check(folder.path());
        prop_assert_eq!(report.findings, again.findings);
        prop_assert_eq!(report.files, again.files);
    }
}
