//! The life of a finding: new, persisting since a date, mended. A naive model over dates tells what must come of it.

mod any_order;
mod replayed;
mod names;
mod trees;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{NaiveDate, TimeDelta};
use orgsnap::config::job::{self, Job};
use orgsnap::model::{AgeCounts, ListedFinding, RunReport, Verdict};
use orgsnap::sample::{self, Charset, Options};
use orgsnap::store::{FindingQuery, Reader, Standing};
use rusqlite::Connection;

use crate::naive::FEEDS;
use crate::oracle::{Files, Random};
use crate::quiet::{check, import_at};

const LIMITS: &str =
    "[gate]\nmax_quarantined = '100%'\nmax_detached = '100%'\nmax_vanished = '100%'\n";

/// Code, feed, field, then the key, or the line without one.
type Identity = (String, String, Option<String>, Option<String>);
/// Since which date, in how many deliveries.
type Age = (NaiveDate, u64);

/// An insurer with deliveries of its own.
pub(crate) struct Insurer {
    folder: tempfile::TempDir,
    job: Job,
    runs: i64,
}

impl Insurer {
    pub(crate) fn new(more: &str) -> Insurer {
        Insurer { folder: tempfile::tempdir().unwrap(), job: job_of(more), runs: 0 }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn db(&self) -> Connection {
        Connection::open(self.data().join("t/org.db")).unwrap()
    }

    pub(crate) fn import(&mut self, from: &Path, date: &str) -> RunReport {
        self.runs += 1;
        let now = "2024-12-31T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap()
            + TimeDelta::seconds(self.runs);
        import_at(now, &self.job, &self.data(), (from, date), false)
    }

    /// As [`Insurer::import`], but nothing is published.
    fn dry_run(&self, from: &Path, date: &str) -> RunReport {
        let now = "2024-12-31T00:00:00Z".parse().unwrap();
        import_at(now, &self.job, &self.data(), (from, date), true)
    }

    /// The findings of the published dates, without what names runs.
    fn findings(&self) -> Vec<String> {
        self.findings_but("''")
    }

    /// As [`Insurer::findings`], without those of some groups or rules: a list of SQL.
    fn findings_but(&self, left_out: &str) -> Vec<String> {
        let db = self.db();
        let mut statement = db
            .prepare(&format!(
                "select json_array(s.business_date, f.code, f.name, f.level, f.disposition, f.feed, f.line, f.lines, \
                   f.key, f.field, f.value, f.message_zh, f.message_en, f.related, f.affected, f.first_seen, \
                   f.deliveries, f.identity, f.person_names) \
                 from snapshot s join finding f on f.run = s.run \
                 where substr(f.code, 1, 1) not in ({left_out}) and f.code not in ({left_out}) \
                 order by s.business_date, f.rowid",
            ))
            .unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

fn job_of(more: &str) -> Job {
    let text = format!("tenant = 't'\n{LIMITS}{more}");
    job::parse(Path::new("life.toml"), &text, &|_| None).unwrap()
}

/// Writes a company of some 60 agents.
pub(crate) fn deliver(folder: &Path, date: &str) {
    let options =
        Options { agents: 60, charset: Charset::Utf8, ..Options::new(date.parse().unwrap()) };
    fs::create_dir_all(folder).unwrap();
    sample::write(&options, folder).unwrap();
}

/// Changes the lines of a file.
pub(crate) fn edit(folder: &Path, file: &str, change: impl FnOnce(&mut Vec<String>)) {
    let path = folder.join(file);
    let mut lines: Vec<String> =
        fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

/// Writes a cell of a line; lines count from 0, the header is one.
pub(crate) fn set(lines: &mut [String], line: usize, field: usize, value: &str) {
    let mut cells: Vec<&str> = lines[line].split('|').collect();
    cells[field] = value;
    lines[line] = cells.join("|");
}

/// What each finding of a report is, as the model tells them apart.
fn identities(report: &RunReport, folder: &Path) -> Vec<Identity> {
    let text = |feed: &str| {
        let (_, file, _) = FEEDS.into_iter().find(|(name, ..)| *name == feed).unwrap();
        fs::read_to_string(folder.join(file)).unwrap_or_default()
    };
    let files: BTreeMap<&str, Vec<String>> = FEEDS
        .into_iter()
        .map(|(feed, ..)| (feed, text(feed).lines().map(str::to_owned).collect()))
        .collect();
    let identity = |f: &orgsnap::model::Finding| {
        let line = |line: u64| files[f.feed.name()].get(line as usize - 1).cloned();
        let subject = match (&f.key, f.line) {
            (Some(key), _) => Some(format!("key {key}")),
            (None, Some(number)) => line(number).map(|line| format!("line {line}")),
            (None, None) => None,
        };
        (f.code.to_owned(), f.feed.name().to_owned(), f.field.clone(), subject)
    };
    report.findings.iter().map(identity).collect()
}

/// Ages by the dates alone.
#[derive(Default)]
struct Model {
    published: BTreeMap<NaiveDate, BTreeMap<Identity, Age>>,
}

impl Model {
    fn before(&self, date: NaiveDate) -> Option<&BTreeMap<Identity, Age>> {
        self.published.range(..date).next_back().map(|(_, findings)| findings)
    }

    fn ages(&self, date: NaiveDate, found: &[Identity]) -> BTreeMap<Identity, Age> {
        let none = BTreeMap::new();
        let before = self.before(date).unwrap_or(&none);
        let age = |identity: &Identity| match before.get(identity) {
            Some((first, deliveries)) => (*first, deliveries + 1),
            None => (date, 1),
        };
        found.iter().map(|identity| (identity.clone(), age(identity))).collect()
    }
}

/// The model's answer to a run, compared with the report's; returns what the model would hold of the date.
fn compare(model: &Model, report: &RunReport, folder: &Path) -> BTreeMap<Identity, Age> {
    let date = report.business_date;
    let found = identities(report, folder);
    let ages = model.ages(date, &found);
    for (finding, identity) in report.findings.iter().zip(&found) {
        let age = finding.age.map(|age| (age.first_seen, age.deliveries));
        assert_eq!(age, ages.get(identity).copied(), "{date}: {identity:?}");
    }
    let readable = |feed: &str| {
        let file = report.files.iter().find(|file| file.feed.name() == feed).unwrap();
        file.lines > 0
    };
    let gone = model.before(date).map(|before| {
        let gone = before.keys().filter(|identity| !ages.contains_key(*identity));
        gone.partition::<BTreeSet<&Identity>, _>(|(code, feed, ..)| {
            report.rules_run.contains(&code.as_str()) && readable(feed)
        })
    });
    let count = |set: &BTreeSet<&Identity>| {
        let mut counts = BTreeMap::new();
        set.iter().for_each(|(code, ..)| *counts.entry(code.clone()).or_insert(0) += 1);
        counts
    };
    let (mended, unsettled) = gone.clone().unwrap_or_default();
    assert_eq!(report.mended_totals.mended, count(&mended), "{date}");
    assert_eq!(report.mended_totals.unsettled, count(&unsettled), "{date}");
    let expected: Option<BTreeSet<_>> = gone.map(|(mended, _)| {
        let before = model.before(date).unwrap();
        let listed = |identity: &Identity| {
            let (code, feed, field, subject) = identity.clone();
            let key = subject.and_then(|s| s.strip_prefix("key ").map(str::to_owned));
            (code, feed, field, key, before[identity])
        };
        mended.into_iter().map(listed).collect()
    });
    let listed = report.mended.as_ref().map(|mended| {
        let one = |m: &orgsnap::model::MendedFinding| {
            let feed = m.feed.name().to_owned();
            let age = (m.first_seen, m.deliveries);
            (m.code.clone(), feed, m.field.clone(), m.key.clone(), age)
        };
        mended.iter().map(one).collect()
    });
    assert_eq!(listed, expected, "{date}");
    ages
}

/// Random days: each begins with what the day before had, mends some of it and breaks something else.
pub(crate) fn random_days(seed: u64, folder: &Path, number: usize) -> Vec<(String, PathBuf)> {
    let mut random = Random(seed);
    let dates =
        ["2024-11-20", "2024-11-21", "2024-11-23", "2024-11-24", "2024-11-25", "2024-11-28"];
    let mut days = Vec::new();
    for date in dates.into_iter().take(number) {
        let day = folder.join(date);
        let options = Options {
            agents: 40 + (seed as usize * 7) % 40,
            seed,
            charset: Charset::Utf8,
            ..Options::new("2024-11-20".parse().unwrap())
        };
        fs::create_dir_all(&day).unwrap();
        sample::write(&options, &day).unwrap();
        let mut files = Files::read(&day);
        // The same edits again, but for some, and others after them.
        let mut again = Random(seed);
        for edit in 0..12 {
            let mut one = Random(again.below(usize::MAX) as u64);
            if random.below(4) > 0 {
                // Each edit is its own, or one that is left out would change those after it.
                files.edit(&mut one, &[0, 0, 1]);
            } else if edit % 2 == 0 {
                files.edit(&mut random, &[0, 0, 1]);
            }
        }
        files.write(&day);
        days.push((date.to_owned(), day));
    }
    days
}

pub(crate) fn wanted() -> u64 {
    std::env::var("ORGSNAP_ORACLE").ok().and_then(|n| n.parse().ok()).unwrap_or(10)
}

#[test]
fn ages_of_findings_follow_the_dates_on_random_days_whatever_is_repeated_or_refused() {
    let (mut new, mut persisting, mut mended) = (0, 0, 0);
    for seed in 0..wanted() {
        let folder = tempfile::tempdir().unwrap();
        let days = random_days(seed, folder.path(), 4);
        let (mut plain, mut repeated) = (Insurer::new(""), Insurer::new(""));
        let mut model = Model::default();
        let mut random = Random(seed + 1_000);
        for (at, (date, day)) in days.iter().enumerate() {
            let report = plain.import(day, date);
            assert_eq!(report.verdict, Verdict::Published, "{seed} {date}: {:?}", report.reasons);
            let ages = compare(&model, &report, day);
            if at > 0 {
                let AgeCounts { new: fresh, persisting: old, .. } = report.ages().unwrap();
                (new, persisting) = (new + fresh, persisting + old);
                mended += report.mended_totals.mended.values().sum::<u64>();
            }

            for _ in 0..random.below(3) {
                // Another delivery of the date, which a later one replaces; or one that is refused.
                let other = folder.path().join("other");
                let _ = fs::remove_dir_all(&other);
                copy(&days[random.below(days.len())].1, &other);
                if random.below(2) == 0 {
                    fs::remove_file(other.join("temp_base_node.txt")).unwrap();
                }
                let report = repeated.import(&other, date);
                compare(&model, &report, &other);
            }
            let again = repeated.import(day, date);
            assert_eq!(again.verdict, Verdict::Published);
            assert_eq!(compare(&model, &again, day), ages);
            compare_lists(&repeated, &again);
            model.published.insert(date.parse().unwrap(), ages);
        }
        assert_eq!(plain.findings(), repeated.findings(), "{seed}");
    }
    assert!(new > 0 && persisting > 0 && mended > 0, "{new} {persisting} {mended}");
}

/// The lists that the database gives are those of the report.
fn compare_lists(insurer: &Insurer, report: &RunReport) {
    let reader = Reader::open_existing(&insurer.data().join("t/org.db")).unwrap();
    let list = |standing| {
        let query = FindingQuery { standing, code: None, date: None, limit: usize::MAX };
        let list = reader.findings(query).unwrap().unwrap();
        assert_eq!((list.date, list.total), (report.business_date, list.findings.len() as u64));
        let finding = |f: &ListedFinding| {
            (f.code.clone(), f.feed.clone(), f.key.clone(), f.first_seen.clone(), f.deliveries)
        };
        let mut found: Vec<_> = list.findings.iter().map(finding).collect();
        found.sort();
        (found, list.unsettled)
    };
    let present = |only_new: bool| {
        let findings = report.findings.iter().filter(|f| !only_new || f.age.unwrap().is_new());
        let mut found: Vec<_> = findings
            .map(|f| {
                let age = f.age.unwrap();
                let (code, feed) = (f.code.to_owned(), f.feed.name().to_owned());
                (code, feed, f.key.clone(), Some(age.first_seen.to_string()), Some(age.deliveries))
            })
            .collect();
        found.sort();
        found
    };
    assert_eq!(list(Standing::Open).0, present(false));
    assert_eq!(list(Standing::New).0, present(true));
    let mended = report.mended.iter().flatten().map(|m| {
        let (feed, since) = (m.feed.name().to_owned(), m.first_seen.to_string());
        (m.code.clone(), feed, m.key.clone(), Some(since), Some(m.deliveries))
    });
    let mut mended: Vec<_> = mended.collect();
    mended.sort();
    assert_eq!(list(Standing::Mended), (mended, report.mended_totals.unsettled.clone()));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

const ENTERED: usize = 7;

/// An insurer with a first day on which two dates are wrong and one line has a field too many.
fn first_day() -> (Insurer, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let day = folder.path().join("1");
    deliver(&day, "2024-11-20");
    edit(&day, "temp_agent.txt", |lines| {
        set(lines, 5, ENTERED, "2024-02-30");
        set(lines, 6, ENTERED, "2024-02-31");
        lines[7].push_str("|x");
    });
    let mut insurer = Insurer::new("");
    let report = insurer.import(&day, "2024-11-20");
    assert_eq!(report.verdict, Verdict::Published, "{:?}", report.reasons);
    assert_eq!(report.totals, BTreeMap::from([("R201", 1), ("V203", 2)]));
    assert_eq!((&report.mended, report.ages()), (&None, None));
    (insurer, folder)
}

/// Of findings in rows: files that are the same as the day before are no matter here.
fn ages(report: &RunReport) -> Vec<(&'static str, u64, Option<(String, u64)>)> {
    let age = |f: &orgsnap::model::Finding| {
        let age = f.age.map(|age| (age.first_seen.to_string(), age.deliveries));
        (f.code, f.line.unwrap_or_default(), age)
    };
    report.findings.iter().filter(|finding| finding.code != "F109").map(age).collect()
}

fn since(date: &str, deliveries: u64) -> Option<(String, u64)> {
    Some((date.to_owned(), deliveries))
}

#[test]
fn findings_that_a_run_did_not_keep_are_neither_new_nor_mended() {
    let (mut insurer, folder) = first_day();
    // As if the list of V203 had been longer than what is kept, and the second of them beyond it.
    let db = insurer.db();
    db.execute("update run_rule set findings = 3 where code = 'V203'", []).unwrap();
    db.execute("delete from finding where code = 'V203' and line = 7", []).unwrap();
    let dry = insurer.dry_run(&folder.path().join("1"), "2024-11-21");
    let report = insurer.import(&folder.path().join("1"), "2024-11-21");
    assert_eq!(ages(&dry), ages(&report));
    let expected = [
        ("R201", 8, since("2024-11-20", 2)),
        ("V203", 6, since("2024-11-20", 2)),
        ("V203", 7, None),
    ];
    assert_eq!(ages(&report), expected);
    // From the next delivery on it counts from the first date that is known to have it.
    let report = insurer.import(&folder.path().join("1"), "2024-11-22");
    assert_eq!(ages(&report)[2], ("V203", 7, since("2024-11-21", 2)));
    assert_eq!(report.mended, Some(Vec::new()));
}

#[test]
fn findings_of_a_list_that_is_cut_off_now_are_not_mended() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { agents: 1_500, ..Options::new("2024-11-20".parse().unwrap()) };
    let (first, second) = (folder.path().join("1"), folder.path().join("2"));
    for (day, from) in [(&first, 1_400), (&second, 1)] {
        fs::create_dir_all(day).unwrap();
        sample::write(&Options { charset: Charset::Utf8, ..options.clone() }, day).unwrap();
        edit(day, "temp_agent.txt", |lines| {
            for line in from..lines.len() {
                let written = lines[line].split('|').nth(ENTERED).unwrap().replace('-', ".");
                set(lines, line, ENTERED, &written);
            }
        });
    }
    let mut insurer = Insurer::new("");
    let report = insurer.import(&first, "2024-11-20");
    assert_eq!(report.totals, BTreeMap::from([("V205", 101)]));
    let report = insurer.import(&second, "2024-11-21");
    assert_eq!(report.totals["V205"], 1_500);
    assert_eq!(report.mended, Some(Vec::new()));
    assert_eq!(report.mended_totals.unsettled, BTreeMap::from([("V205".to_owned(), 101)]));
    // Neither is one beyond the list of the second day new on the third.
    let report = insurer.import(&first, "2024-11-22");
    assert_eq!(ages(&report).len(), 101);
    assert!(ages(&report).iter().all(|(_, _, age)| age.is_none()));
}

#[test]
fn findings_of_a_rule_that_is_not_run_are_not_mended() {
    let (mut insurer, folder) = first_day();
    let second = folder.path().join("2");
    deliver(&second, "2024-11-20");
    edit(&second, "temp_agent.txt", |lines| set(lines, 5, ENTERED, "2024/12/01"));
    let report = insurer.import(&second, "2024-11-21");
    assert_eq!(report.mended_totals.mended.values().sum::<u64>(), 3);
    let had: Vec<&str> = report.findings.iter().map(|finding| finding.code).collect();
    assert!(!had.is_empty());
    let clean = folder.path().join("3");
    deliver(&clean, "2024-11-20");
    let off: String = had
        .iter()
        .map(|code| {
            let rule = orgsnap::rules::find(code).unwrap();
            format!("{} = 'off'\n", rule.meta.name)
        })
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    insurer.job = job_of(&format!("[rules]\n{off}"));
    let report = insurer.import(&clean, "2024-11-22");
    assert_eq!(report.mended, Some(Vec::new()));
    assert_eq!(report.mended_totals.unsettled.values().sum::<u64>(), had.len() as u64);
}

#[test]
fn findings_of_an_earlier_version_count_from_their_date() {
    let (mut insurer, folder) = first_day();
    let db = insurer.db();
    db.execute("update finding set first_seen = null, deliveries = null, identity = null", [])
        .unwrap();
    db.execute("delete from run_rule", []).unwrap();
    let report = insurer.import(&folder.path().join("1"), "2024-11-21");
    let expected = [("R201", 8), ("V203", 6), ("V203", 7)]
        .map(|(code, line)| (code, line, since("2024-11-20", 2)));
    assert_eq!(ages(&report), expected);
}

#[test]
fn a_report_has_the_runs_before_it_newest_first() {
    let (mut insurer, folder) = first_day();
    let other = folder.path().join("other");
    copy(&folder.path().join("1"), &other);
    fs::remove_file(other.join("temp_agent.txt")).unwrap();
    let refused = insurer.import(&other, "2024-11-21");
    let report = insurer.import(&folder.path().join("1"), "2024-11-21");
    let recent: Vec<_> = report
        .recent
        .iter()
        .map(|run| (run.date.to_string(), run.verdict, run.rows > 0, run.errors))
        .collect();
    let errors = refused.count_of(orgsnap::model::Level::Error)
        + refused.count_of(orgsnap::model::Level::Fatal);
    assert!(errors > 0);
    assert_eq!(
        recent,
        [
            ("2024-11-21".to_owned(), Verdict::Refused, true, errors),
            ("2024-11-20".to_owned(), Verdict::Published, true, 3),
        ]
    );
}

/// Runs `orgsnap findings` on an insurer.
fn findings(insurer: &Insurer, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_orgsnap"))
        .args(["findings", "t", "--lang", "en", "--data"])
        .arg(insurer.data())
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_findings_of_a_date_are_listed_as_text_json_and_table() {
    let (mut insurer, folder) = first_day();
    let second = folder.path().join("2");
    copy(&folder.path().join("1"), &second);
    edit(&second, "temp_agent.txt", |lines| {
        set(lines, 6, ENTERED, "2020-01-02");
        set(lines, 8, ENTERED, "=1+1");
        set(lines, 9, 0, "=A1");
        set(lines, 9, ENTERED, "x");
    });
    insurer.import(&second, "2024-11-21");
    // A check has no database: it does not know what was there before.
    let check = check(&second);
    assert!(check.mended.is_none() && check.findings.iter().all(|finding| finding.age.is_none()));
    let print = |arguments: &[&str]| {
        let output = findings(&insurer, arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let json = |arguments: &[&str]| -> serde_json::Value {
        let document = serde_json::from_str(&print(&[arguments, &["--json"]].concat())).unwrap();
        crate::schemas::assert_valid("findings", &document);
        document
    };
    let open = json(&["--code", "V203"]);
    let line = |list: &serde_json::Value| -> Vec<(u64, String, u64)> {
        let found = list["findings"].as_array().unwrap().iter();
        let one = |f: &serde_json::Value| {
            let since = f["first_seen"].as_str().unwrap().to_owned();
            (f["line"].as_u64().unwrap(), since, f["deliveries"].as_u64().unwrap())
        };
        found.map(one).collect()
    };
    let since = |line, date: &str, deliveries| (line, date.to_owned(), deliveries);
    let new = [since(9, "2024-11-21", 1), since(10, "2024-11-21", 1)];
    assert_eq!(line(&open), [&[since(6, "2024-11-20", 2)], &new[..]].concat());
    assert_eq!(line(&json(&["--new", "--code", "not-a-date"])), new);
    let mended = json(&["--mended"]);
    assert_eq!(line(&mended), [since(7, "2024-11-20", 1)]);
    assert_eq!((&mended["total"], &mended["business_date"]), (&1.into(), &"2024-11-21".into()));
    assert_eq!(json(&["--date", "2024-11-20"])["total"], 3);

    let table = print(&["--csv", "--code", "V203"]);
    assert!(table.starts_with('\u{feff}'));
    assert_eq!(table.matches("\r\n").count(), 4);
    assert!(table.contains(",'=1+1,2024-11-21,1,") && table.contains(",'=A1,"), "{table}");

    let text = print(&["--limit", "1"]);
    assert!(text.contains("more not shown"), "{text}");
    let none = findings(&insurer, &["--date", "2024-11-19"]);
    assert_eq!(none.status.code(), Some(2), "{none:?}");
}
