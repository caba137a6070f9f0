//! Random deliveries, and random days one after the other: the rules find what the naive model finds, and nothing else.
//!
//! `ORGSNAP_ORACLE=200 cargo test --release oracle` tries as many deliveries and days; the default is few, for CI.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;
use orgsnap::config::job;
use orgsnap::model::{RunReport, Verdict};
use orgsnap::sample::{self, Charset, Options};

use crate::naive::{self, Changes, FEEDS};
use crate::quiet::{check, import};

/// Values that some rule looks for, or just not.
const SPECIAL: [&str; 20] = [
    "2099-12-31",
    "1900-01-01",
    "1949-10-01",
    "1949-09-30",
    "2024-11-23",
    "2024-11-24",
    "2012-02-30",
    "1",
    "2",
    "3",
    "9",
    "01A",
    "锟斤拷",
    "烫烫烫组",
    "烫烫",
    "屯屯屯",
    "ï¿½",
    "\u{fffd}",
    "86",
    "8699",
];
/// What is put into a cell at a random place.
const PARTS: [&str; 8] = ["\u{200b}", "\u{1}", "\u{202e}", "\u{feff}", "\t", " ", "A", "Ａ"];

/// SplitMix64: the same numbers on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) % n as u64) as usize
    }

    pub(crate) fn of<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.below(list.len())]
    }
}

/// The cells of the four files without their headers, in the order of [`FEEDS`].
pub(crate) struct Files([Vec<Vec<String>>; 4]);

impl Files {
    pub(crate) fn read(dir: &Path) -> Files {
        Files(FEEDS.map(|(_, file, _)| {
            let text = std::fs::read_to_string(dir.join(file)).unwrap();
            let cells = |line: &str| line.split('|').map(str::to_owned).collect();
            text.lines().skip(1).map(cells).collect()
        }))
    }

    pub(crate) fn write(&self, dir: &Path) {
        for ((_, file, fields), rows) in FEEDS.into_iter().zip(&self.0) {
            let header: Vec<&str> = fields.split_whitespace().collect();
            let mut text = header.join("|") + "\n";
            rows.iter().for_each(|row| text += &(row.join("|") + "\n"));
            std::fs::write(dir.join(file), text).unwrap();
        }
    }

    /// The rows that a finding is about.
    fn rows(&self, finding: &naive::Finding) -> Vec<String> {
        let (_, feed, lines, _) = finding;
        let at = FEEDS.iter().position(|(name, ..)| name == feed);
        let row = |line: &u64| Some(self.0[at?].get(*line as usize - 2)?.join("|"));
        lines.iter().filter_map(row).collect()
    }

    /// Closes a team, gives it another channel, organisation or parent, an organisation another parent, or
    /// an agent or a member of the staff another status, in one of the files of `feeds`.
    fn edit_structure(&mut self, random: &mut Random, feeds: &[usize]) {
        let position = |feed: usize, name: &str| {
            FEEDS[feed].2.split_whitespace().position(|field| field == name).unwrap()
        };
        let fields = [
            (0, "agentStatus"),
            (1, "work"),
            (1, "channel"),
            (1, "organId"),
            (1, "parentNodeId"),
            (2, "parentId"),
            (3, "principalStatus"),
        ];
        let fields: Vec<_> = fields.into_iter().filter(|(feed, _)| feeds.contains(feed)).collect();
        let (feed, field) = *random.of(&fields);
        let value = match field {
            "work" | "agentStatus" | "principalStatus" => "2".to_owned(),
            "channel" => (*random.of(&["1", "2", "3"])).to_owned(),
            "organId" | "parentId" => random.of(&self.0[2])[position(2, "id")].clone(),
            _ => random.of(&self.0[1])[position(1, "id")].clone(),
        };
        let row = random.below(self.0[feed].len());
        self.0[feed][row][position(feed, field)] = value;
    }

    /// Changes something in one of the files of `feeds`.
    pub(crate) fn edit(&mut self, random: &mut Random, feeds: &[usize]) {
        let feed = *random.of(feeds);
        let (row, other) = (random.below(self.0[feed].len()), random.below(self.0[feed].len()));
        let column = random.below(self.0[feed][row].len());
        let key = FEEDS[feed].2.split_whitespace().position(|field| field == "id").unwrap();
        let kind = random.below(18);
        let value = match kind {
            0..4 => self.0[feed][other][column].clone(),
            4 => String::new(),
            5 => self.0[feed][row][key].clone(),
            6..8 => (*random.of(&SPECIAL)).to_owned(),
            8 => {
                let target = random.below(self.0.len());
                let at = FEEDS[target].2.split_whitespace().position(|field| field == "id");
                random.of(&self.0[target])[at.unwrap()].clone()
            }
            9 => random.of(&["长", "x"]).repeat(*random.of(&[32, 33, 64, 65, 200, 201])),
            10 => {
                let cell = &self.0[feed][row][column];
                let at: Vec<usize> =
                    cell.char_indices().map(|(at, _)| at).chain([cell.len()]).collect();
                let (before, after) = cell.split_at(*random.of(&at));
                format!("{before}{}{after}", random.of(&PARTS))
            }
            11 if self.0[feed].len() > 4 => {
                self.0[feed].remove(row);
                return;
            }
            14.. => {
                self.edit_structure(random, feeds);
                return;
            }
            12 if feed == 0 => {
                // Somebody else under the same id.
                for column in [1, 3, 7] {
                    self.0[feed][row][column] = self.0[feed][other][column].clone();
                }
                return;
            }
            _ => {
                // The row once more: the same, with another cell, or with a key that looks alike.
                let mut copy = self.0[feed][row].clone();
                match random.below(3) {
                    0 => copy[column] = self.0[feed][other][column].clone(),
                    1 => copy[key] = copy[key].replace('0', "０"),
                    _ => {}
                }
                self.0[feed].insert(other, copy);
                return;
            }
        };
        self.0[feed][row][column] = value;
    }
}

fn options(seed: u64, date: &str) -> Options {
    let date: NaiveDate = date.parse().unwrap();
    let agents = 40 + (seed as usize * 7) % 80;
    Options { agents, seed, charset: Charset::Utf8, ..Options::new(date) }
}

/// How many deliveries, or days, are tried.
fn wanted() -> u64 {
    std::env::var("ORGSNAP_ORACLE").ok().and_then(|n| n.parse().ok()).unwrap_or(20)
}

/// What the rules found, but of rules that look at the file as a whole or at the snapshot before.
fn found(report: &RunReport) -> BTreeSet<naive::Finding> {
    let of_rows = report
        .findings
        .iter()
        .filter(|f| ["F108", "F113", "F114"].contains(&f.code) || !f.code.starts_with(['F', 'S']));
    let finding = |f: &orgsnap::model::Finding| {
        (f.code.to_owned(), f.feed.name().to_owned(), f.lines.clone(), f.key.clone())
    };
    of_rows.map(finding).collect()
}

#[test]
fn the_rules_find_in_random_deliveries_what_the_naive_model_finds() {
    let mut fired: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..wanted() {
        let mut random = Random(seed);
        let options = options(seed, "2024-11-23");
        let folder = tempfile::tempdir().unwrap();
        sample::write(&options, folder.path()).unwrap();
        let mut files = Files::read(folder.path());
        // Sometimes a few, so that rules see most rows; sometimes so many that everything is broken.
        let edits = *random.of(&[3, 10, 30, 30, 100]);
        (0..edits).for_each(|_| files.edit(&mut random, &[0, 0, 0, 0, 1, 1, 1, 2, 2, 3]));
        files.write(folder.path());
        let (found, expected) =
            (found(&check(folder.path())), naive::check(folder.path(), &options));
        let with_rows = |finding: &naive::Finding| format!("{finding:?} {:?}", files.rows(finding));
        let missing: Vec<_> = expected.difference(&found).map(with_rows).collect();
        let surplus: Vec<_> = found.difference(&expected).map(with_rows).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "seed {seed}: not found {missing:#?}, found {surplus:#?}"
        );
        found.into_iter().for_each(|finding| *fired.entry(finding.0).or_default() += 1);
    }
    if wanted() >= 200 {
        let silent: Vec<&str> = orgsnap::rules::CATALOGUE
            .iter()
            .map(|rule| rule.meta.code)
            .filter(|code| code.starts_with(['B', 'K', 'N', 'T']) && !fired.contains_key(*code))
            .collect();
        assert!(silent.is_empty(), "never fired: {silent:?}");
    }
}

/// What the rules of group S found.
fn changes(report: &RunReport) -> Changes {
    let change = |f: &orgsnap::model::Finding| {
        let code = match f.code {
            "S801" => format!("S801 {}", f.level.name()),
            code => code.to_owned(),
        };
        (code, f.feed.name().to_owned(), f.lines.clone(), f.key.clone(), f.affected)
    };
    report.findings.iter().filter(|f| f.code.starts_with('S')).map(change).collect()
}

#[test]
fn the_rules_of_the_snapshot_before_find_on_random_days_what_the_naive_model_finds() {
    let limits = "tenant = 'oracle'\n[gate]\nmax_quarantined = '100%'\nmax_detached = '100%'\nmax_vanished = '100%'\n";
    let job = job::parse(Path::new("oracle.toml"), limits, &|_| None).unwrap();
    let mut fired: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..wanted() {
        let mut random = Random(seed);
        let data = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut published = naive::Snapshot::default();
        let mut day = |date: &str, edits: usize, dry: bool, published: &naive::Snapshot| {
            let first: NaiveDate = "2024-11-20".parse().unwrap();
            let since = Some(first).filter(|first| date != first.to_string());
            let churn = if since.is_some() { 0.2 } else { 0.0 };
            let options = Options { churn, since, ..options(seed, date) };
            sample::write(&options, folder.path()).unwrap();
            let mut files = Files::read(folder.path());
            // The top of the offices stays, or the delivery is refused.
            let feeds: &[usize] = if dry { &[0, 0, 1, 1, 2] } else { &[0, 0, 1] };
            (0..edits).for_each(|_| files.edit(&mut random, feeds));
            files.write(folder.path());
            let report = import(&job, data.path(), (folder.path(), date), dry);
            let read = naive::read(folder.path(), &options);
            if date != "2024-11-20" {
                let (found, expected) = (changes(&report), naive::changes(published, &read));
                assert_eq!(found, expected, "seed {seed}, {date}");
                found.into_iter().for_each(|change| *fired.entry(change.0).or_default() += 1);
            }
            let after = naive::snapshot(published, &read);
            if report.verdict == Verdict::Published { Some(after) } else { None }
        };
        // Rows that are bad on one day are carried to the next; a day that comes again is compared with the day before.
        published = day("2024-11-20", 3, false, &published).unwrap();
        let second = day("2024-11-21", 20, false, &published);
        day("2024-11-21", 20, true, &published);
        let newest = second.unwrap_or(published);
        day("2024-11-22", 30, true, &newest);
    }
    if wanted() >= 200 {
        let codes = ["S801 info", "S801 warning", "S802", "S803", "S804", "S805"];
        let silent: Vec<&str> =
            codes.into_iter().filter(|code| !fired.contains_key(*code)).collect();
        assert!(silent.is_empty(), "never fired: {silent:?}");
    }
}
