//! `[archive] keep`: what is removed, what never is, and what can no longer be done.

use std::fs;

use orgsnap::sample::Defects;

use rusqlite::Connection;

use super::back_dated::STATUS;
use super::{Workspace, date};

impl Workspace {
    /// The dates in the archive.
    fn archived(&self) -> Vec<String> {
        let days = fs::read_dir(self.path("data/t/archive")).unwrap().flatten();
        let days = days.filter(|day| day.path().is_dir());
        let mut dates: Vec<String> =
            days.map(|day| day.file_name().into_string().unwrap()).collect();
        dates.sort();
        dates
    }
}

#[test]
fn old_deliveries_are_removed_after_a_publication_and_replay_says_what_it_lacks() {
    let workspace = Workspace::new();
    let job = fs::read_to_string(workspace.path("job.toml")).unwrap();
    for day in 22..=27 {
        workspace.deliver(day, 300, Defects::None);
    }
    for day in [22, 24, 25] {
        assert_eq!(workspace.import(day).code, Some(0));
    }
    workspace.write("job.toml", format!("{job}[archive]\nkeep = '2d'\n"));
    // A refused delivery that can be approved, and something else in a folder.
    let agents = workspace.path("in/20241123/temp_agent.txt");
    let whole = fs::read_to_string(&agents).unwrap_or_default();
    let whole = if whole.is_empty() { fs::read(&agents).unwrap() } else { whole.into_bytes() };
    let end = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(&agents, &whole[..end + whole[end..].len() / 3]).unwrap();
    assert_eq!(workspace.import(23).code, Some(3));
    let refused = workspace.newest_run();
    assert_eq!(workspace.archived(), ["2024-11-22", "2024-11-23", "2024-11-24", "2024-11-25"]);
    let stranger = workspace.path("data/t/archive/2024-11-24/notes.txt");
    fs::write(&stranger, "x").unwrap();

    let published = workspace.import(27);
    assert_eq!((published.code, published.err.contains("归档")), (Some(0), false), "{published:?}");
    assert_eq!(workspace.archived(), ["2024-11-23", "2024-11-24", "2024-11-25", "2024-11-27"]);
    assert_eq!(fs::read_dir(stranger.parent().unwrap()).unwrap().count(), 1, "notes are left");
    let replayed = workspace.run(&["replay", "job.toml", "--lang", "en"]);
    assert_eq!(replayed.code, Some(3), "{replayed:?}");
    for words in [
        "removed by [archive] keep, so that these dates cannot be made anew: 2024-11-22, 2024-11-24",
        "the content of the newest snapshot and its trees are compared",
        "org.db is what the archive gives",
    ] {
        assert!(replayed.out.contains(words), "{words}: {replayed:?}");
    }
    assert_eq!(workspace.approve(&refused, &["--yes"]).code, Some(0));
    assert_eq!(workspace.archived(), ["2024-11-24", "2024-11-25", "2024-11-27"], "it is old, too");
    // The newest two are never removed.
    workspace.write("job.toml", format!("{job}[archive]\nkeep = '1s'\nmonth_ends = false\n"));
    assert_eq!(workspace.import(27).code, Some(0));
    let kept = fs::read_dir(workspace.path("data/t/archive/2024-11-25")).unwrap().count();
    assert_eq!((workspace.archived().len(), kept), (3, 1));
    let unknown = date(26);
    assert!(!workspace.path(&format!("data/t/archive/{unknown}")).exists());
}

#[test]
fn the_delivery_with_which_carried_content_began_is_kept_and_replay_names_what_it_cannot_have() {
    let workspace = Workspace::new();
    let job = fs::read_to_string(workspace.path("job.toml")).unwrap();
    for day in 22..=26 {
        workspace.deliver(day, 300, Defects::None);
    }
    for day in 23..=26 {
        workspace.edit_agents(day, &[(100, STATUS, "x")]);
    }
    workspace.write("job.toml", format!("{job}[archive]\nkeep = '1d'\nmonth_ends = false\n"));
    for day in 22..=26 {
        assert_eq!(workspace.import(day).code, Some(0), "{day}");
    }
    assert_eq!(workspace.archived(), ["2024-11-22", "2024-11-25", "2024-11-26"]);
    let replayed = workspace.run(&["replay", "job.toml", "--lang", "en"]);
    assert!(replayed.out.contains("org.db is what the archive gives"), "{replayed:?}");
    assert!(!replayed.out.contains("keys of agent"), "{replayed:?}");

    // An archive of an earlier version may lack it.
    let (key, name): (String, String) = Connection::open(workspace.database())
        .unwrap()
        .query_row("select id, agent_name from agent where carried_since is not null", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    fs::remove_dir_all(workspace.path("data/t/archive/2024-11-22")).unwrap();
    let lacks = format!("that they cannot be made anew: {key}\n");
    let compared = workspace.run(&["replay", "job.toml", "--lang", "en"]);
    assert!(compared.code == Some(3) && compared.out.contains(&lacks), "{compared:?}");
    fs::rename(workspace.database(), workspace.path("kept.db")).unwrap();
    let back = workspace.run(&["replay", "job.toml", "--to", "data/t/org.db", "--lang", "en"]);
    assert!(back.code == Some(3) && back.out.contains(&lacks), "{back:?}");
    assert!(!back.out.contains(&name) && !compared.out.contains(&name), "{back:?}");
}
