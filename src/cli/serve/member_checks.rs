//! Checks of WeCom's members at their times, each in a thread of its own: no run waits for one.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use chrono::{DateTime, Utc};
use orgsnap::alert::AlertDispatcher;
use orgsnap::config::job::Job;
use orgsnap::model::{Cancel, Message};
use orgsnap::report::{Language, formatting};
use orgsnap::wecom::roster::RosterStore;

use super::super::member_check::MemberCheck;

/// Checks side by side: each holds a list of members in memory.
const MOST_RUNNING: usize = 2;

/// Starts checks when they are due.
pub(super) struct MemberChecks {
    data: PathBuf,
    language: Language,
    dispatcher: Arc<AlertDispatcher>,
    cancel: Cancel,
    /// Tenants whose check is under way.
    running: Arc<Mutex<BTreeSet<String>>>,
    /// By tenant.
    due: RefCell<BTreeMap<String, Due>>,
}

/// When the next check of a tenant is due.
struct Due {
    /// Expression and zone that it follows from.
    cron: (String, chrono_tz::Tz),
    next: Option<DateTime<Utc>>,
}

impl MemberChecks {
    pub(super) fn new(
        data: PathBuf,
        language: Language,
        dispatcher: Arc<AlertDispatcher>,
    ) -> MemberChecks {
        MemberChecks {
            data,
            language,
            dispatcher,
            cancel: Cancel::new(),
            running: Arc::default(),
            due: RefCell::default(),
        }
    }

    /// Starts what is due.
    pub(super) fn on_tick(&self, jobs: &[Arc<Job>], now: DateTime<Utc>) {
        let mut due = self.due.borrow_mut();
        due.retain(|tenant, _| jobs.iter().any(|job| job.tenant == *tenant));
        for job in jobs {
            let Some(cron) = &job.wecom.reconcile else {
                due.remove(&job.tenant);
                continue;
            };
            let is_known = due.contains_key(&job.tenant);
            let own = due
                .entry(job.tenant.clone())
                .or_insert_with(|| Due { cron: (String::new(), job.timezone), next: None });
            if own.cron != (cron.text().to_owned(), job.timezone) {
                // A check that was missed while nothing ran is made up; a new expression counts from now.
                let from = if is_known { now } else { self.last_start(job).unwrap_or(now) };
                own.cron = (cron.text().to_owned(), job.timezone);
                own.next = cron.next_after(job.timezone, from);
            }
            if own.next.is_some_and(|next| next <= now) && self.start(job, now) {
                own.next = cron.next_after(job.timezone, now);
            }
        }
    }

    /// Ends what is under way: nothing of it is kept.
    pub(super) fn stop(&self) {
        self.cancel.ask();
    }

    fn last_start(&self, job: &Job) -> Option<DateTime<Utc>> {
        // A database that cannot be read is reported by the check itself.
        RosterStore::open_existing(&self.data.join(&job.tenant)).ok()??.last_start().ok()?
    }

    /// Starts the check of a job; `false` if it has to wait.
    fn start(&self, job: &Arc<Job>, now: DateTime<Utc>) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.len() >= MOST_RUNNING || !running.insert(job.tenant.clone()) {
            return false;
        }
        drop(running);
        let end = Ended { tenant: job.tenant.clone(), running: Arc::clone(&self.running) };
        let (job, data, language) = (Arc::clone(job), self.data.clone(), self.language);
        let (dispatcher, cancel) = (Arc::clone(&self.dispatcher), self.cancel.clone());
        let check = move || {
            let _end = end;
            let warn = |message: &Message| {
                tracing::warn!(target: "orgsnap", tenant = %job.tenant, "{}", language.of(message));
            };
            let check =
                MemberCheck { job: &job, data: &data, now, accept_smaller: false, cancel: &cancel };
            let outcome = check.run(&|event| match dispatcher.report(&job, event, now) {
                Ok(alerted) => alerted.is_some(),
                Err(error) => {
                    warn(&error.message());
                    false
                }
            });
            match outcome {
                Ok(done) => {
                    let changed = done.changed;
                    let english = |number, one, many| {
                        formatting::count(Language::English, number, "", one, many)
                    };
                    let en_members = english(done.members, "member", "members");
                    let en_opened =
                        english(changed.opened, "difference is new", "differences are new");
                    let [members, opened, closed, open] =
                        [done.members, changed.opened, changed.closed, changed.open]
                            .map(formatting::grouped);
                    let text = language.choose(
                        format!(
                            "企业微信成员核对完成：成员 {members} 人，新增差异 {opened} 条，消除 {closed} 条，未解决 {open} 条"
                        ),
                        format!(
                            "{en_members} compared with the roster: {en_opened}, {closed} over, {open} open"
                        ),
                    );
                    tracing::info!(target: "orgsnap", tenant = %job.tenant, "{text}");
                }
                Err(_) if cancel.is_asked() => {}
                Err(failure) => warn(&failure.message),
            }
        };
        // Without a thread the entry is dropped, and the next tick tries again.
        match thread::Builder::new().name("members".to_owned()).spawn(check) {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!("no thread for a check of members: {error}");
                false
            }
        }
    }
}

/// Takes a tenant from those whose check is under way, however it ends.
struct Ended {
    tenant: String,
    running: Arc<Mutex<BTreeSet<String>>>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.tenant);
    }
}
