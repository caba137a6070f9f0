//! Hands the job files to the receiver of WeCom callbacks, whenever they change.

use std::cell::RefCell;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use orgsnap::config::job::Job;
use orgsnap::model::Message;
use orgsnap::web::callbacks::Callbacks;

/// Interval of reloading the jobs though no job file changed: the file of a secret may have changed,
/// and a database that could not be opened is tried again.
const AGAIN: TimeDelta = TimeDelta::seconds(30);

/// The receiver, and what it was last handed.
pub(super) struct CallbackReload {
    /// None if nothing listens.
    receiver: Option<Arc<Callbacks>>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    jobs: Vec<Arc<Job>>,
    at: Option<DateTime<Utc>>,
    /// What was wrong the last time.
    said: Vec<Message>,
}

impl CallbackReload {
    pub(super) fn new(receiver: Option<Arc<Callbacks>>) -> CallbackReload {
        CallbackReload { receiver, state: RefCell::default() }
    }

    /// Passes the jobs to the receiver if they have changed or the last time was too long ago. Returns new faults.
    pub(super) fn on_tick(&self, jobs: Vec<Arc<Job>>, now: DateTime<Utc>) -> Vec<Message> {
        let mut state = self.state.borrow_mut();
        let same = state.jobs.len() == jobs.len()
            && state.jobs.iter().zip(&jobs).all(|(before, now)| Arc::ptr_eq(before, now));
        let recent = state.at.is_some_and(|at| (now - at).abs() < AGAIN);
        if same && recent {
            return Vec::new();
        }
        let said = match &self.receiver {
            Some(receiver) => receiver.set_jobs(&jobs.iter().map(Arc::as_ref).collect::<Vec<_>>()),
            None => unreceived_callbacks(&jobs),
        };
        let new = said.iter().filter(|message| !state.said.contains(message)).cloned().collect();
        *state = State { jobs, at: Some(now), said };
        new
    }
}

/// Callbacks that are configured, while nothing listens.
fn unreceived_callbacks(jobs: &[Arc<Job>]) -> Vec<Message> {
    let callbacks = |job: &Arc<Job>| job.wecom.apps.iter().any(|app| app.callback.is_some());
    let unreceived_callbacks = jobs.iter().filter(|job| callbacks(job));
    unreceived_callbacks
        .map(|job| {
            let file = job.path.display();
            Message::new(
                format!("{file}: 配置了企业微信回调，但 orgsnap serve 没有监听任何地址；请加上 --listen"),
                format!(
                    "{file}: WeCom callbacks are configured, but orgsnap serve listens nowhere; start it with --listen"
                ),
            )
        })
        .collect()
}
