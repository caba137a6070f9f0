//! The workbook of very many findings.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use orgsnap::model::{
    DeliveredFiles, Disposition, Feed, FieldNote, Finding, Level, Message, RuleMeta, RunReport,
};
use orgsnap::report::{Language, xlsx};

use super::{finding, published};

/// A delivery whose every line has the same cells, but for its number.
struct Lines;

impl DeliveredFiles for Lines {
    fn titles(&self, _: Feed) -> Vec<String> {
        ["id", "agentName", "gender", "enterCompanyDate"].map(str::to_owned).to_vec()
    }

    fn cells(&self, _: Feed, line: u64) -> Vec<String> {
        vec![format!("{line:018}"), "=1+1".to_owned(), "9".to_owned(), "2024-02-30".to_owned()]
    }

    fn column(&self, feed: Feed, field: &str) -> Option<usize> {
        self.titles(feed).iter().position(|title| title == field)
    }

    fn fields(&self, _: Feed) -> Vec<FieldNote> {
        Vec::new()
    }
}

/// The highest resident size of this process so far, in MB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    mark.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_000
}

fn write(findings: Vec<Finding>, dir: &Path) -> u64 {
    let mut report = published();
    report.findings = findings;
    let metas: [&RuleMeta; 0] = [];
    let before = peak();
    let path = xlsx::write(dir, &report, &Lines, &metas, Language::Chinese).unwrap();
    assert_eq!(fs::read_dir(dir).unwrap().count(), 1, "nothing is left beside the workbook");
    eprintln!("{} MB", fs::metadata(path).unwrap().len() / 1_000_000);
    peak() - before
}

#[test]
fn findings_with_more_lines_than_are_listed_are_named_and_a_line_has_its_causes_and_one_advice() {
    let of_line = |code, name, cause| {
        let mut made = finding(code, name, Level::Error, Disposition::Keep);
        (made.line, made.lines, made.cause) = (Some(2), vec![2], Some(cause));
        made
    };
    let (first, second) =
        (of_line("X408", "unknown-mentor", 1), of_line("X409", "unknown-recruiter", 2));
    let mut long = finding("X411", "unknown-working-node", Level::Error, Disposition::Keep);
    (long.line, long.affected, long.cause) = (Some(10), 5_091, Some(0));
    long.lines = (10..10 + Finding::MAX_LINES as u64).collect();
    let mut report = published();
    report.tenant = RunReport::CHECK.to_owned();
    report.tenant_name = None;
    (report.findings, report.totals) = (vec![first, second, long], BTreeMap::new());
    let docs = Message::fixed("## 如何修正\n请补上记录。", "## How to mend\nAdd it.");
    let meta =
        |code| RuleMeta { docs: docs.clone(), ..super::meta(code, "unknown", "无", "none") };
    let metas = [meta("X408"), meta("X409")];
    let dir = tempfile::tempdir().unwrap();
    let metas: Vec<&RuleMeta> = metas.iter().collect();
    let path = xlsx::write(dir.path(), &report, &Lines, &metas, Language::Chinese).unwrap();
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut sheet = |number: u32| {
        let mut text = String::new();
        let mut part = archive.by_name(&format!("xl/worksheets/sheet{number}.xml")).unwrap();
        part.read_to_string(&mut text).unwrap();
        text
    };
    let about = sheet(1);
    assert!(about.contains("涉及 5,091 行，需更正清单只列出前 1,000 行"), "{about}");
    assert!(!about.contains("数据提供方"), "nobody is known");
    let lines = sheet(4);
    assert!(lines.contains("<t>X408 X409</t>") && lines.contains("<t>2 3</t>"), "{lines:.3000}");
    assert_eq!(lines.matches("请补上记录。").count(), 1);
    assert_eq!(lines.matches("<row ").count(), 1 + 1 + 1_000);
}

/// Run by itself, because it measures the process: `cargo test --release -- --ignored a_million_findings`.
#[test]
#[ignore = "takes a minute and measures the memory of the whole process"]
fn a_million_findings_take_no_more_memory_than_a_few() {
    let made_up = |at: u64| {
        let mut finding = finding("V204", "not-in-enumeration", Level::Error, Disposition::Keep);
        finding.line = Some(at + 2);
        finding.lines = vec![at + 2];
        finding.key = Some(format!("{at:018}"));
        finding.field = Some("gender".to_owned());
        finding.value = Some("=1+1".to_owned());
        finding.message = Message::fixed(
            "gender（性别）应为 1、2 或 3，实为“9”",
            "gender must be 1, 2 or 3, not 9",
        );
        finding
    };
    let findings: Vec<Finding> = (0..1_000_000).map(made_up).collect();
    let dir = tempfile::tempdir().unwrap();
    let grown = write(findings, dir.path());
    eprintln!("grown by {grown} MB");
    // Positions of the lines, 16 bytes each, and the buffers of one row.
    assert!(grown < 100, "{grown} MB");
}
