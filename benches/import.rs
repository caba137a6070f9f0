//! The main job beside what a user would write without us, on the same files in the same run.
//!
//!     cargo bench
//!     ORGSNAP_BENCH_AGENTS=100000 ORGSNAP_BENCH_ROUNDS=3 cargo bench
//!
//! Every round runs, one after the other: the SQLite script, a cold import, the next day with 1 % churn, and a day
//! on which nothing changed. Wall times are medians over the rounds; machines are noisy, so only figures of one
//! run compare. The script is `../shared/bench/sqlite_import.sh` unless ORGSNAP_BENCH_SCRIPT names another; without
//! it, or without its `sqlite3`, only our own times are shown.

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
#[derive(Clone, Copy)]
struct Measured {
    wall: Duration,
    /// Highest resident size in MB; 0 where the system does not tell.
    peak: u64,
}

/// What is run each round, in order.
const RUNS: [&str; 4] = ["sqlite_import.sh", "cold import", "next day, 1 % churn", "unchanged day"];

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
    let job = folder.join("bench.toml");
    fs::write(&job, "tenant = \"bench\"\n[source]\nkind = \"dir\"\npath = \"day1\"\n")?;
    let script = setting("ORGSNAP_BENCH_SCRIPT").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/bench/sqlite_import.sh"),
        PathBuf::from,
    );
    let script = Some(script).filter(|s| s.is_file() && has("sqlite3") && has("iconv"));
    let mut measured: [Vec<Measured>; 4] = Default::default();
    for round in 1..=rounds {
        let data = folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        if let Some(script) = &script {
            measured[0].push(run(Command::new(script).arg(&feeds[0]))?);
        }
        for (slot, feed, date) in
            [(1, &feeds[0], days[0]), (2, &feeds[1], days[1]), (3, &feeds[1], days[2])]
        {
            let mut import = Command::new(env!("CARGO_BIN_EXE_orgsnap"));
            import.arg("import").arg(&job).arg("--from").arg(feed);
            import.arg("--date").arg(date.to_string()).arg("--data").arg(&data);
            measured[slot].push(run(&mut import)?);
        }
        eprintln!("round {round} of {rounds} done");
    }
    show(agents, rounds, &measured);
    Ok(())
}

fn has(tool: &str) -> bool {
    let found =
        Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// Runs a command to its end with the disk quiet before it.
fn run(command: &mut Command) -> io::Result<Measured> {
    // What an earlier run left to be written must not be paid by this one.
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
    Ok(Measured { wall, peak })
}

/// High-water mark of a process in MB, as Linux tells it.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = mark.and_then(|m| m.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1000
}

#[expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]
fn show(agents: usize, rounds: usize, measured: &[Vec<Measured>; 4]) {
    let wall = |runs: &[Measured]| {
        let mut walls: Vec<f64> = runs.iter().map(|m| m.wall.as_secs_f64() * 1000.0).collect();
        walls.sort_by(f64::total_cmp);
        walls
    };
    let median = |walls: &[f64]| walls.get(walls.len() / 2).copied();
    let script = median(&wall(&measured[0]));
    println!("{agents} agents, {rounds} rounds, one after the other in each\n");
    println!(
        "| run | median ms | min-max | x script | peak MB |\n| --- | ---: | ---: | ---: | ---: |"
    );
    for (name, runs) in RUNS.iter().zip(measured) {
        let walls = wall(runs);
        let (Some(middle), Some(least), Some(most)) = (median(&walls), walls.first(), walls.last())
        else {
            println!("| {name} | not run | | | |");
            continue;
        };
        let times = script.map_or_else(String::new, |script| format!("{:.2}", middle / script));
        let peak = runs.iter().map(|m| m.peak).max().unwrap_or(0);
        println!("| {name} | {middle:.0} | {least:.0}-{most:.0} | {times} | {peak} |");
    }
}
