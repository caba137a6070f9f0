//! Where the reports of the daemon go: the log, the alert dispatcher, the status board, the receiver of callbacks, the pulls
//! of session archives.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use orgsnap::alert::{AlertDispatcher, EventKind, RunEvent};
use orgsnap::config::job::Job;
use orgsnap::daemon::plan::{MissingPrecondition, Phase};
use orgsnap::daemon::{LogEntry, Observer, TenantStatus};
use orgsnap::disk::replace_file;
use orgsnap::metrics::{self, Plan, StatusBoard};
use orgsnap::model::Message;
use orgsnap::report::Language;
use orgsnap::store::{self, DATABASE};

use super::super::{logging, output};
use super::archive_pulls::ArchivePulls;
use super::callbacks::CallbackReload;
use super::member_checks::MemberChecks;

/// How often a log that a reader kept from being folded back is tried again.
const LOG_INTERVAL: TimeDelta = TimeDelta::seconds(30);
/// A metrics file is at most so old.
const METRICS_AGE: TimeDelta = TimeDelta::seconds(30);

/// Log, dispatcher and status board.
pub(super) struct ServeObserver {
    data: PathBuf,
    language: Language,
    dispatcher: Arc<AlertDispatcher>,
    status_board: Arc<StatusBoard>,
    metrics_file: Option<PathBuf>,
    callback_reload: CallbackReload,
    member_checks: MemberChecks,
    archive_pulls: ArchivePulls,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Tenants on the board.
    known: BTreeSet<String>,
    /// Tenants whose status must be read again.
    stale: BTreeSet<String>,
    /// When logs were folded back last.
    folded: Option<DateTime<Utc>>,
    /// When the metrics file was written.
    written: Option<DateTime<Utc>>,
    /// Whether the last write of the metrics file failed; only the first failure is logged.
    unwritable: bool,
}

impl ServeObserver {
    pub(super) fn new(
        data: PathBuf,
        language: Language,
        dispatcher: Arc<AlertDispatcher>,
        status_board: Arc<StatusBoard>,
        metrics_file: Option<PathBuf>,
        callback_reload: CallbackReload,
        archive_pulls: ArchivePulls,
    ) -> ServeObserver {
        let member_checks = MemberChecks::new(data.clone(), language, Arc::clone(&dispatcher));
        ServeObserver {
            data,
            language,
            dispatcher,
            status_board,
            metrics_file,
            callback_reload,
            member_checks,
            archive_pulls,
            state: RefCell::default(),
        }
    }

    /// Logs what is served.
    pub(super) fn starting(&self, jobs: &Path, data: &Path, most: usize) {
        let (version, jobs, data) = (env!("CARGO_PKG_VERSION"), jobs.display(), data.display());
        let text = match self.language {
            Language::Chinese => {
                format!(
                    "orgsnap {version}：任务目录 {jobs}，数据目录 {data}，最多同时运行 {most} 个任务"
                )
            }
            Language::English => {
                format!("orgsnap {version} serves {jobs} into {data}, at most {most} side by side")
            }
        };
        tracing::info!(target: "orgsnap", "{text}");
    }

    /// Logs the address of the HTTP server.
    pub(super) fn listening(&self, address: SocketAddr) {
        tracing::info!(target: "orgsnap", "{} http://{address}", self.language.choose("HTTP 监听地址", "answering at"));
    }

    /// Writes the metrics file, if there is to be one.
    pub(super) fn write_metrics(&self) {
        let Some(path) = &self.metrics_file else { return };
        let text = metrics::render(&self.status_board.statuses())
            + &self.status_board.callbacks().render();
        let written = replace_file(path, text.as_bytes(), 0o644);
        let failed = written.is_err();
        let before = std::mem::replace(&mut self.state.borrow_mut().unwritable, failed);
        if let (Err(error), false) = (written, before) {
            let why = output::cannot_write(path, &error);
            tracing::warn!(target: "orgsnap", "{}", self.language.of(&why));
        }
    }

    /// Ends what is under way besides runs.
    pub(super) fn stop(&self) {
        self.member_checks.stop();
    }

    fn warn(&self, tenant: &str, message: &Message) {
        tracing::warn!(target: "orgsnap", tenant, "{}", self.language.of(message));
    }
}

impl Observer for ServeObserver {
    fn log(&self, log: &LogEntry) {
        logging::entry(self.language, log);
    }

    fn on_event(&self, job: &Job, event: &RunEvent, now: DateTime<Utc>) {
        if let Err(error) = self.dispatcher.report(job, event, now) {
            self.warn(&job.tenant, &error.message());
        }
        if !matches!(event.what, EventKind::JobFileRead) {
            self.state.borrow_mut().stale.insert(job.tenant.clone());
        }
    }

    fn job_loaded(&self, job: &Job, now: DateTime<Utc>) {
        if let Err(error) = self.dispatcher.register(job, now) {
            self.warn(&job.tenant, &error.message());
        }
    }

    fn on_tick(&self, statuses: &[TenantStatus], now: DateTime<Utc>) {
        let jobs: Vec<Arc<Job>> = statuses.iter().map(|status| Arc::clone(&status.job)).collect();
        self.member_checks.on_tick(&jobs, now);
        self.archive_pulls.on_tick(&jobs, now);
        for message in self.callback_reload.on_tick(jobs, now) {
            tracing::warn!(target: "orgsnap", "{}", self.language.of(&message));
        }
        let mut state = self.state.borrow_mut();
        let tenants: BTreeSet<String> =
            statuses.iter().map(|status| status.job.tenant.clone()).collect();
        for gone in state.known.difference(&tenants) {
            self.status_board.forget(gone);
        }
        let (mut changed, mut again) = (state.known != tenants, BTreeSet::new());
        let idle = state.folded.is_none_or(|folded| (now - folded).abs() > LOG_INTERVAL);
        if idle {
            state.folded = Some(now);
        }
        for status in statuses {
            let tenant = &status.job.tenant;
            if state.stale.remove(tenant) || !state.known.contains(tenant) {
                if !self.status_board.refresh(tenant) {
                    again.insert(tenant.clone());
                }
                changed = true;
            }
            let plan = plan(status);
            self.status_board.plan(tenant, plan);
            if idle && !plan.running && fold_log(&self.data.join(tenant).join(DATABASE)) {
                self.status_board.refresh(tenant);
            }
        }
        state.known = tenants;
        // What is left belongs to tenants that were removed meanwhile.
        state.stale = again;
        self.status_board.heartbeat();
        if changed || state.written.is_none_or(|written| (now - written).abs() > METRICS_AGE) {
            state.written = Some(now);
            drop(state);
            self.write_metrics();
        }
    }
}

/// Folds the log of a database back that a reader kept from it. Returns whether there was one.
fn fold_log(database: &Path) -> bool {
    if !store::is_log_pending(database) {
        return false;
    }
    // A database that cannot be opened is reported by the next run.
    if let Err(error) = store::fold_log(database) {
        tracing::debug!(%error, "the log of a database is not folded back");
    }
    true
}

/// The plan of the scheduler for an insurer, as the metrics show it.
fn plan(status: &TenantStatus) -> Plan {
    let scheduled_run = status.state.as_ref().and_then(|state| state.scheduled_run.as_ref());
    let due = scheduled_run.and_then(|scheduled_run| match scheduled_run.phase {
        Phase::Due(at) => Some(at),
        _ => None,
    });
    let waiting = scheduled_run.filter(|scheduled_run| {
        let overdue = matches!(
            scheduled_run.missing,
            Some(MissingPrecondition::Files | MissingPrecondition::Source)
        );
        overdue
            && scheduled_run.refused.is_none()
            && matches!(scheduled_run.phase, Phase::Due(_) | Phase::Running)
    });
    Plan {
        running: scheduled_run.is_some_and(|scheduled_run| scheduled_run.phase == Phase::Running),
        waiting_since: waiting.map(|scheduled_run| scheduled_run.scheduled),
        next_run: due.or(status.next),
        job_file_broken: status.outdated,
    }
}
