//! Hands the job files to the pages that WeCom and its members call, whenever they change.

use std::cell::RefCell;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use orgsnap::config::job::Job;
use orgsnap::model::Message;
use orgsnap::web::callbacks::Callbacks;
use orgsnap::web::login::Logins;

/// Interval of reloading the jobs though no job file changed: the file of a secret may have changed,
/// and a database that could not be opened is tried again.
const AGAIN: TimeDelta = TimeDelta::seconds(30);

/// The pages about WeCom.
pub(super) struct WecomPages {
    /// The receiver of callbacks.
    pub(super) receiver: Arc<Callbacks>,
    /// The login of members.
    pub(super) logins: Arc<Logins>,
}

/// The pages, and what they were last handed.
pub(super) struct CallbackReload {
    /// None if nothing listens.
    pages: Option<WecomPages>,
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
    pub(super) fn new(pages: Option<WecomPages>) -> CallbackReload {
        CallbackReload { pages, state: RefCell::default() }
    }

    /// Passes the jobs to the pages if they have changed or the last time was too long ago. Returns new faults.
    pub(super) fn on_tick(&self, jobs: Vec<Arc<Job>>, now: DateTime<Utc>) -> Vec<Message> {
        let mut state = self.state.borrow_mut();
        let same = state.jobs.len() == jobs.len()
            && state.jobs.iter().zip(&jobs).all(|(before, now)| Arc::ptr_eq(before, now));
        let recent = state.at.is_some_and(|at| (now - at).abs() < AGAIN);
        if same && recent {
            return Vec::new();
        }
        let said = match &self.pages {
            Some(WecomPages { receiver, logins }) => {
                let jobs: Vec<&Job> = jobs.iter().map(Arc::as_ref).collect();
                let mut said = receiver.set_jobs(&jobs);
                said.extend(logins.set_jobs(&jobs));
                said
            }
            None => unreceived_callbacks(&jobs),
        };
        let new = said.iter().filter(|message| !state.said.contains(message)).cloned().collect();
        *state = State { jobs, at: Some(now), said };
        new
    }
}

/// Callbacks and logins that are configured, while nothing listens.
fn unreceived_callbacks(jobs: &[Arc<Job>]) -> Vec<Message> {
    let callbacks = |job: &Arc<Job>| {
        job.wecom.login.is_some() || job.wecom.apps.iter().any(|app| app.callback.is_some())
    };
    let unreceived_callbacks = jobs.iter().filter(|job| callbacks(job));
    unreceived_callbacks
        .map(|job| {
            let file = job.path.display();
            Message::new(
                format!("{file}: 配置了企业微信回调或登录，但 orgsnap serve 没有监听任何地址；请加上 --listen"),
                format!(
                    "{file}: WeCom callbacks or logins are configured, but orgsnap serve listens nowhere; start it with --listen"
                ),
            )
        })
        .collect()
}
