//! Alerts: what is said, that it is said once, and that nothing on the other side can hold up a run.

mod channels;
mod config;
mod import;
mod events;
pub(crate) mod receiver;
mod dispatcher;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use orgsnap::{
    alert::{
        Alert, AlertDispatcher, RunEvent,
        ledger::{Ledger, LedgerContent},
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

/// A dispatcher of a process that has just started.
fn dispatcher(data: &Path, job: &Job, sender: &Arc<Recorder>) -> AlertDispatcher {
    let dispatcher = AlertDispatcher::with_sender(data, Arc::<Recorder>::clone(sender));
    dispatcher.register(job, *events::NOW).unwrap();
    dispatcher
}

fn report(dispatcher: &AlertDispatcher, job: &Job, event: &RunEvent) -> Option<&'static str> {
    dispatcher.report(job, event, *events::NOW).unwrap().map(|kind| kind.name())
}

fn content(data: &Path) -> LedgerContent {
    Ledger::of(data, "t").read().unwrap()
}

/// The alert of an event.
fn alert(job: &Job, event: &RunEvent) -> Alert {
    let folder = tempfile::tempdir().unwrap();
    let dispatcher = AlertDispatcher::new(folder.path());
    report(&dispatcher, job, event).expect("a changed condition");
    content(folder.path()).outbox.remove(0).alert
}
