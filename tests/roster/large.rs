//! A hundred thousand members against a server that takes a tenth of a second for each answer.

use std::fs;
use std::time::{Duration, Instant};

use super::insurer::Insurer;

/// KiB that a process used at most.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").trim().parse().ok()
}

#[test]
#[ignore = "takes minutes to make the snapshot, and measures time and memory of the whole process"]
fn a_hundred_thousand_members_are_compared_within_a_minute_and_200_mb() {
    let insurer = Insurer::new(120_000);
    let agents = insurer.active.len();
    insurer.set_members(|members| {
        members.truncate(100_000 - 1_000);
        members.extend((0..1_000).map(|n| format!("stranger-{n}")));
    });
    insurer.server.set_latency(Duration::from_millis(100));
    for round in ["first", "second"] {
        let began = Instant::now();
        let mut command = insurer.command("en", &["wecom", "reconcile", "t"]);
        command.stdout(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut most = 0;
        let status = loop {
            most = most.max(peak(child.id()).unwrap_or_default());
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let took = began.elapsed();
        assert!(status.success());
        eprintln!("{round}: {agents} active agents, {took:?}, {} MiB", most / 1_024);
        assert!(took < Duration::from_secs(60), "{took:?}");
        assert!(most < 200 * 1_000, "{most} KiB");
    }
}
