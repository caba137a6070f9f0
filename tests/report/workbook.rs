//! The workbook of very many findings.

use std::fs;
use std::path::Path;

use orgsnap::model::{
    DeliveredFiles, Disposition, Feed, FieldNote, Finding, Level, Message, RuleMeta,
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
