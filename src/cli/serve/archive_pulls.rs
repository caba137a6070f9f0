//! Pulls of the session archive at their times, each in a thread of its own, so that whatever WeCom's library does keeps
//! nothing else.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use chrono::{DateTime, Utc};
use orgsnap::alert::AlertDispatcher;
use orgsnap::config::job::{Cron, Job};
use orgsnap::model::Message;

use super::super::archive_pull::ArchivePull;
use super::super::environment::Environment;
use super::super::wecom::archive::pull::done;

/// When each tenant is pulled next.
pub(super) struct ArchivePulls {
    environment: Environment,
    dispatcher: Arc<AlertDispatcher>,
    planned: RefCell<BTreeMap<String, Planned>>,
}

struct Planned {
    cron: Cron,
    next: Option<DateTime<Utc>>,
    running: Arc<AtomicBool>,
}

impl ArchivePulls {
    pub(super) fn new(environment: Environment, dispatcher: Arc<AlertDispatcher>) -> ArchivePulls {
        ArchivePulls { environment, dispatcher, planned: RefCell::default() }
    }

    /// Starts the pulls that are due. A pull that is still running is not started again: the next one goes on from it.
    pub(super) fn on_tick(&self, jobs: &[Arc<Job>], now: DateTime<Utc>) {
        let mut planned = self.planned.borrow_mut();
        planned.retain(|tenant, _| jobs.iter().any(|job| job.tenant == *tenant));
        for job in jobs {
            let Some(cron) =
                job.wecom.archive.as_ref().and_then(|archive| archive.schedule.clone())
            else {
                planned.remove(&job.tenant);
                continue;
            };
            let next = |after| cron.next_after(job.timezone, after);
            let plan = planned.entry(job.tenant.clone()).or_insert_with(|| Planned {
                cron: cron.clone(),
                next: next(now),
                running: Arc::default(),
            });
            if plan.cron != cron {
                (plan.cron, plan.next) = (cron.clone(), next(now));
            }
            if plan.next.is_none_or(|due| due > now) {
                continue;
            }
            plan.next = next(now);
            if !plan.running.swap(true, Ordering::AcqRel) {
                self.start(job, &plan.running, now);
            }
        }
    }

    fn start(&self, job: &Arc<Job>, running: &Arc<AtomicBool>, now: DateTime<Utc>) {
        let (environment, job, flag) =
            (self.environment.clone(), Arc::clone(job), Arc::clone(running));
        let dispatcher = Arc::clone(&self.dispatcher);
        let run = move || {
            // The flag is taken back however the pull ends, by a panic too.
            let _ended = Ended(flag);
            pull(&environment, &dispatcher, &job, now);
        };
        let started = thread::Builder::new().name("archive pull".to_owned()).spawn(run);
        if let Err(error) = started {
            running.store(false, Ordering::Release);
            tracing::error!("a pull of the session archive could not be started: {error}");
        }
    }
}

struct Ended(Arc<AtomicBool>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Pulls, logs what came of it, and reports what there is to alert of.
fn pull(environment: &Environment, dispatcher: &AlertDispatcher, job: &Job, now: DateTime<Utc>) {
    let (tenant, language) = (job.tenant.as_str(), environment.language);
    let text = |message: &Message| language.of(message).to_owned();
    let pull = ArchivePull { environment, job, now };
    let pulled = pull.run(&|event| {
        if let Err(error) = dispatcher.report(job, event, now) {
            tracing::warn!(target: "orgsnap", tenant, "{}", text(&error.message()));
        }
    });
    match pulled {
        Ok(summary) => {
            tracing::info!(target: "orgsnap", tenant, "{}", text(&done(&summary)));
            for problem in summary.problems() {
                tracing::warn!(target: "orgsnap", tenant, "{}", text(&problem));
            }
        }
        Err(error) => tracing::error!(target: "orgsnap", tenant, "{}", text(&error.message())),
    }
}
