//! Benchmark of `import` against the SQLite script that a user would write without orgsnap, on the same files.
//!
//!     cargo bench
//!     ORGSNAP_BENCH_AGENTS=100000 ORGSNAP_BENCH_ROUNDS=3 cargo bench
//!
//! Every round runs, one after the other: the SQLite script, a cold import, the next day with 1 % churn, a day
//! on which nothing changed, and a cold import of the first delivery with 100,000 findings. Imports write all their
//! reports: page, workbook and document. Wall times are medians over the rounds; machines are noisy, so only figures of one
//! run compare. Peaks are the highest resident size of the largest process over all rounds. Times by stage come
//! from the recorded runs. The script is `../shared/bench/sqlite_import.sh` unless
//! ORGSNAP_BENCH_SCRIPT names another; without it, or without its `sqlite3`, only our own times are shown.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use chrono::NaiveDate;
use orgsnap::sample::{self, Options};

/// One measured run.
#[derive(Clone)]
struct Measured {
    wall: Duration,
    /// Highest resident size in MB; 0 if the system does not report it.
    peak: u64,
    /// Milliseconds by stage, for our own runs.
    stages: Vec<(String, f64)>,
}

/// The runs of each round in order, with the goal for the wall time as a fraction of the script's.
const RUNS: [(&str, Option<f64>); 5] = [
    ("sqlite_import.sh", None),
    ("cold import", Some(0.4)),
    ("next day, 1 % churn", Some(0.18)),
    ("unchanged day", Some(0.12)),
    ("cold import, 100,000 findings", None),
];

/// Number of findings in the delivery that has many.
const FINDINGS: usize = 100_000;

/// The goal for what they add to a cold import, in milliseconds.
const FINDINGS_GOAL: f64 = 3_000.0;

/// The goal for every peak, in MB.
const PEAK_GOAL: u64 = 750;

fn main() -> anyhow::Result<()> {
    let number =
        |name: &str, default: usize| setting(name).and_then(|v| v.parse().ok()).unwrap_or(default);
    let agents = number("ORGSNAP_BENCH_AGENTS", 1_000_000);
    let rounds = number("ORGSNAP_BENCH_ROUNDS", 5);
    let folder = setting("ORGSNAP_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("orgsnap-bench-{}", std::process::id()));
    let result = bench(&folder, agents, rounds);
    fs::remove_dir_all(&folder)?;
    result
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is set up by its environment")]
fn setting(name: &str) -> Option<String> {
    env::var(name).ok()
}

#[expect(clippy::print_stderr, reason = "a round takes half a minute")]
fn bench(folder: &Path, agents: usize, rounds: usize) -> anyhow::Result<()> {
    let days = [2, 3, 4].map(|day| NaiveDate::from_ymd_opt(2024, 12, day).unwrap_or_default());
    let feeds = [folder.join("day1"), folder.join("day2")];
    for (feed, churn, date) in [(&feeds[0], 0.0, days[0]), (&feeds[1], 0.01, days[1])] {
        fs::create_dir_all(feed)?;
        sample::write(&Options { agents, churn, ..Options::new(date) }, feed)?;
    }
    let with_findings = folder.join("findings");
    plant_findings(&feeds[0], &with_findings)?;
    let job = folder.join("bench.toml");
    fs::write(&job, "tenant = \"bench\"\n[source]\nkind = \"dir\"\npath = \"day1\"\n")?;
    let script = setting("ORGSNAP_BENCH_SCRIPT").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/bench/sqlite_import.sh"),
        PathBuf::from,
    );
    let script = Some(script).filter(|s| s.is_file() && has("sqlite3") && has("iconv"));
    let mut measured: [Vec<Measured>; 5] = Default::default();
    for round in 1..=rounds {
        let (data, other) = (folder.join("data"), folder.join("other"));
        for data in [&data, &other] {
            if data.exists() {
                fs::remove_dir_all(data)?;
            }
        }
        if let Some(script) = &script {
            measured[0].push(run(Command::new(script).arg(&feeds[0]))?);
        }
        for (slot, feed, date, data) in [
            (1, &feeds[0], days[0], &data),
            (2, &feeds[1], days[1], &data),
            (3, &feeds[1], days[2], &data),
            (4, &with_findings, days[0], &other),
        ] {
            let mut import = Command::new(env!("CARGO_BIN_EXE_orgsnap"));
            import.arg("import").arg(&job).arg("--from").arg(feed);
            import.arg("--date").arg(date.to_string()).arg("--data").arg(data);
            let mut done = run(&mut import)?;
            done.stages = stages(&data.join("bench").join("org.db"), done.wall)?;
            measured[slot].push(done);
        }
        eprintln!("round {round} of {rounds} done");
    }
    show(agents, rounds, &measured);
    Ok(())
}

/// Copies a delivery, with the date of recruitment changed on so many agents: findings (B704) that change nothing else.
fn plant_findings(from: &Path, to: &Path) -> anyhow::Result<()> {
    /// The field `recommendDate` in the contract's order, which `sample` keeps.
    const RECOMMEND_DATE: usize = 6;
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    let path = to.join("temp_agent.txt");
    let bytes = fs::read(&path)?;
    let (text, _, _) = encoding_rs::GB18030.decode(&bytes);
    let mut planted = 0;
    let mut changed = String::with_capacity(text.len());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let mut cells: Vec<&str> = line.split('|').collect();
        if number > 0
            && planted < FINDINGS
            && let Some(date) = cells.get_mut(RECOMMEND_DATE).filter(|date| !date.is_empty())
        {
            *date = "1999-09-09";
            planted += 1;
        }
        changed.push_str(&cells.join("|"));
    }
    fs::write(&path, encoding_rs::GB18030.encode(&changed).0)?;
    Ok(())
}

fn has(tool: &str) -> bool {
    let found =
        Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// Flushes the disk, then runs a command to its end.
fn run(command: &mut Command) -> io::Result<Measured> {
    // Writes that an earlier run left pending must not be measured in this one.
    let _ = Command::new("sync").status();
    let began = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut peak = 0;
    let status = loop {
        peak = peak.max(resident(child.id()));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_millis(2));
    };
    let wall = began.elapsed();
    if !status.success() {
        return Err(io::Error::other(format!("{command:?} ended with {status}")));
    }
    Ok(Measured { wall, peak, stages: Vec::new() })
}

/// Durations of the stages of the last run, and the rest: starting, committing, reporting.
fn stages(database: &Path, wall: Duration) -> anyhow::Result<Vec<(String, f64)>> {
    let database = rusqlite::Connection::open(database)?;
    let timings: String = database.query_row(
        "select timings from run order by started desc, id desc limit 1",
        [],
        |row| row.get(0),
    )?;
    let timings: serde_json::Value = serde_json::from_str(&timings)?;
    let mut stages: Vec<(String, f64)> = Vec::new();
    for timing in timings.as_array().into_iter().flatten() {
        let name = timing["stage"].as_str().unwrap_or_default().to_owned();
        stages.push((name, timing["ms"].as_f64().unwrap_or_default()));
    }
    let recorded: f64 = stages.iter().map(|(_, ms)| ms).sum();
    stages.push(("start, commit, report".to_owned(), wall.as_secs_f64() * 1000.0 - recorded));
    Ok(stages)
}

/// Highest resident size so far of a process and those that it started, the largest of them, in MB.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = mark.and_then(|m| m.trim().trim_end_matches(" kB").parse::<u64>().ok());
    let children =
        fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let below = children.split_whitespace().filter_map(|pid| pid.parse().ok()).map(resident);
    below.chain([kilobytes.unwrap_or(0) / 1000]).max().unwrap_or(0)
}

/// The median; of an even number of values the upper of the two.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn walls(runs: &[Measured]) -> Vec<f64> {
    runs.iter().map(|run| run.wall.as_secs_f64() * 1000.0).collect()
}

#[expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]
fn show(agents: usize, rounds: usize, measured: &[Vec<Measured>; 5]) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let script = median(walls(&measured[0]));
    println!("{agents} agents, {rounds} rounds, one after the other in each, {cores} cores\n");
    println!("| run | median ms | min-max | x script | goal | peak MB (goal {PEAK_GOAL}) |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for ((name, goal), runs) in RUNS.iter().zip(measured) {
        let times = walls(runs);
        let Some(middle) = median(times.clone()) else {
            println!("| {name} | not run | | | | |");
            continue;
        };
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        let most = times.iter().copied().fold(0.0, f64::max);
        let ratio = script.map_or_else(String::new, |script| format!("{:.2}", middle / script));
        let goal = goal.map_or_else(String::new, |goal| format!("{goal:.2}"));
        let peak = runs.iter().map(|run| run.peak).max().unwrap_or(0);
        println!("| {name} | {middle:.0} | {least:.0}-{most:.0} | {ratio} | {goal} | {peak} |");
    }
    if let (Some(without), Some(with)) = (median(walls(&measured[1])), median(walls(&measured[4])))
    {
        let added = with - without;
        println!(
            "\n{FINDINGS} findings add {added:.0} ms to a cold import (goal {FINDINGS_GOAL:.0})"
        );
    }
    let ours =
        || RUNS.iter().zip(measured).filter(|(_, runs)| runs.iter().any(|r| !r.stages.is_empty()));
    let Some(stages) = ours().find_map(|(_, runs)| runs.first()).map(|run| &run.stages) else {
        return;
    };
    let names: Vec<&str> = stages.iter().map(|(name, _)| name.as_str()).collect();
    println!("\nWhere the time goes, medians in ms:\n\n| run | {} |", names.join(" | "));
    println!("| --- |{}", " ---: |".repeat(names.len()));
    for ((name, _), runs) in ours() {
        let stage = |stage: &&str| {
            let took = runs.iter().flat_map(|run| run.stages.iter().filter(|(n, _)| n == stage));
            let middle = median(took.map(|(_, ms)| *ms).collect());
            middle.map_or_else(String::new, |ms| format!("{ms:.0}"))
        };
        println!("| {name} | {} |", names.iter().map(stage).collect::<Vec<_>>().join(" | "));
    }
}
