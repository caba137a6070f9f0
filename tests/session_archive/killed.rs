//! A pull that is killed loses nothing and stores nothing twice.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// How long to wait for what should take seconds, on a machine that does much else.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Messages of the large test, and the times that its pull is killed.
const MESSAGES: usize = 10_000;
const KILLS: usize = 12;
/// So many of the kills at least find messages stored by the pull that they end.
const ADVANCES: usize = 3;

fn start(place: &Place) -> Child {
    let mut command = place.command(&["wecom", "archive", "pull", "job.toml", "--json"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn stored_so_far(place: &Place) -> i64 {
    let db = place.tenant().join("session.db");
    // The first pulls may be killed before they make the tables.
    Connection::open(db)
        .and_then(|db| db.query_row("select count(*) from message", [], |row| row.get(0)))
        .unwrap_or_default()
}

#[test]
fn ten_thousand_messages_of_three_keys_pulled_by_killed_programs_are_stored_once_each() {
    if !has_sdk(
        "ten_thousand_messages_of_three_keys_pulled_by_killed_programs_are_stored_once_each",
    ) {
        return;
    }
    let mut place = Place::new(3);
    assert!(reader().exists());
    for number in 0..MESSAGES {
        let sent_at = now() - TimeDelta::seconds((MESSAGES - number) as i64);
        place.send(1 + number % 3, sent_at, &format!("第 {number} 条"));
    }
    let (mut kills, mut advances) = (0, 0);
    let mut longest = Duration::from_secs(1);
    let begun = Instant::now();
    // Some kills must come after a part was stored, however slow the machine is.
    while kills < KILLS || advances < ADVANCES {
        assert!(begun.elapsed() < TIMEOUT, "{kills} kills, {advances} of them in the midst");
        let before = stored_so_far(&place);
        let mut child = start(&place);
        let began = Instant::now();
        let fate = longest.mul_f64(f64::from(place.rng.next_u32()) / f64::from(u32::MAX));
        while began.elapsed() < fate && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        if child.try_wait().unwrap().is_some() {
            // It was done before its moment came. What is stored is not pulled again: more messages are sent.
            for number in 0..MESSAGES / 10 {
                place.send(1 + number % 3, now(), "more");
            }
            continue;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        match stored_so_far(&place) > before {
            true => advances += 1,
            false => longest = longest.mul_f64(1.2),
        }
    }
    let output = start(&place).wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let stored = place.stored();
    let ids: BTreeSet<&str> = stored.iter().map(|message| message.msgid.as_str()).collect();
    assert_eq!(ids.len(), stored.len());
    assert!(stored.len() >= MESSAGES);
    assert_eq!(stored, place.sent());
    let left: i64 = place
        .database()
        .query_row("select count(*) from undecrypted", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_hanging_library_does_not_outlive_a_pull_that_is_killed() {
    if !has_sdk("a_hanging_library_does_not_outlive_a_pull_that_is_killed") {
        return;
    }
    let place = Place::new(1);
    place.write_job("timeout = \"10m\"");
    place.faults("chat * hang");
    let mut child = start(&place);
    let began = Instant::now();
    let pid = loop {
        let seen = fs::read_to_string(place.wecom("seen")).unwrap_or_default();
        let called = seen.lines().find_map(|line| line.strip_prefix("chat ")?.split(' ').next());
        if let Some(pid) = called {
            break pid.to_owned();
        }
        assert!(began.elapsed() < TIMEOUT && child.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(10));
    };
    // A process that has ended stays in the list until somebody asks for its status.
    let lives = || {
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !status.is_empty() && !status.contains(") Z ")
    };
    assert!(lives());
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = Instant::now();
    while lives() {
        assert!(killed.elapsed() < TIMEOUT, "the process that hangs outlives its parent");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn two_pulls_at_once_are_refused() {
    if !has_sdk("two_pulls_at_once_are_refused") {
        return;
    }
    let place = Place::new(1);
    place.write_job("timeout = \"10m\"");
    place.faults("chat * hang");
    let mut first = start(&place);
    let began = Instant::now();
    while !place.wecom("seen").exists() {
        assert!(began.elapsed() < TIMEOUT && first.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(10));
    }
    let second = place.run(&["wecom", "archive", "pull", "job.toml"]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(second.status.code(), Some(5), "{}", said(&second));
}
