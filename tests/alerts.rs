//! Alerts: what is said, that it is said once, and that nothing on the other side can hold up a run.

mod channels;
mod config;
mod import;
mod news;
mod receiver;
mod telling;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use orgsnap::{
    alert::{
        Alert, Desk, Happening,
        ledger::{Book, Ledger},
        send::{Bounds, SendError, Sender},
    },
    config::job::{AlertChannel, Job},
};

/// A channel that only the tests' senders look at.
const TWO_CHANNELS: &str = "[[alert]]\nkind = \"command\"\ncommand = [\"true\"]\n\
    [[alert]]\nkind = \"webhook\"\nurl = \"https://example.com/\"\non = [\"refused\"]\n";

/// Keeps what it is to send, and fails so many times first.
#[derive(Debug, Default)]
struct Recorder {
    failures: Mutex<u32>,
    /// Channel and alert.
    sent: Mutex<Vec<(String, Alert)>>,
    delay: std::time::Duration,
}

impl Sender for Recorder {
    fn send(&self, channel: &AlertChannel, alert: &Alert, _: &Bounds) -> Result<(), SendError> {
        std::thread::sleep(self.delay);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if *failures > 0 {
            *failures -= 1;
            return Err(SendError::TimedOut);
        }
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push((channel.name.clone(), alert.clone()));
        Ok(())
    }
}

impl Recorder {
    fn failing(times: u32) -> Arc<Recorder> {
        Arc::new(Recorder { failures: Mutex::new(times), ..Recorder::default() })
    }

    /// Channels and kinds, in order.
    fn sent(&self) -> Vec<(String, &'static str)> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().map(|(channel, alert)| (channel.clone(), alert.kind.name())).collect()
    }
}

/// A desk of a process that has just started.
fn desk(data: &Path, job: &Job, sender: &Arc<Recorder>) -> Desk {
    let desk = Desk::with_sender(data, Arc::<Recorder>::clone(sender));
    desk.watch(job, *news::NOW).unwrap();
    desk
}

fn report(desk: &Desk, job: &Job, happening: &Happening) -> Option<&'static str> {
    desk.report(job, happening, *news::NOW).unwrap().map(|kind| kind.name())
}

fn book(data: &Path) -> Book {
    Ledger::of(data, "t").read().unwrap()
}

/// The alert that a happening makes.
fn alert(job: &Job, happening: &Happening) -> Alert {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::new(folder.path());
    report(&desk, job, happening).expect("news");
    book(folder.path()).outbox.remove(0).alert
}
