//! Where all that the daemon tells goes: the log, the desk of alerts, the board of metrics, the receiver of callbacks.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use orgsnap::alert::{Desk, Happening, What};
use orgsnap::config::job::Job;
use orgsnap::daemon::plan::{Lack, Phase};
use orgsnap::daemon::{Note, Observer, Standing, Tone};
use orgsnap::metrics::{self, Board, Plan};
use orgsnap::model::{Message, system_reason};
use orgsnap::report::Language;
use orgsnap::store::replace_file;

use super::callbacks::Handover;

/// A metrics file is at most so old.
const METRICS_AGE: TimeDelta = TimeDelta::seconds(30);

/// Log, desk and board.
pub(super) struct Told {
    language: Language,
    desk: Arc<Desk>,
    board: Arc<Board>,
    metrics_file: Option<PathBuf>,
    handover: Handover,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Tenants on the board.
    known: BTreeSet<String>,
    /// Tenants of whom something is new.
    stale: BTreeSet<String>,
    /// When the metrics file was written.
    written: Option<DateTime<Utc>>,
    /// Whether it was told that it cannot be.
    unwritable: bool,
}

impl Told {
    pub(super) fn new(
        language: Language,
        desk: Arc<Desk>,
        board: Arc<Board>,
        metrics_file: Option<PathBuf>,
        handover: Handover,
    ) -> Told {
        Told { language, desk, board, metrics_file, handover, state: RefCell::default() }
    }

    /// Tells what is served.
    pub(super) fn starting(&self, jobs: &Path, data: &Path, most: usize) {
        let (version, jobs, data) = (env!("CARGO_PKG_VERSION"), jobs.display(), data.display());
        let text = match self.language {
            Language::Chinese => {
                format!(
                    "orgsnap {version}：任务文件夹 {jobs}，数据文件夹 {data}，最多同时运行 {most} 家"
                )
            }
            Language::English => {
                format!("orgsnap {version} serves {jobs} into {data}, at most {most} side by side")
            }
        };
        tracing::info!(target: "orgsnap", "{text}");
    }

    /// Tells where pages are answered.
    pub(super) fn listening(&self, address: SocketAddr) {
        tracing::info!(target: "orgsnap", "{} http://{address}", self.language.choose("HTTP 地址", "answering at"));
    }

    /// Writes the metrics file, if there is to be one.
    pub(super) fn write_metrics(&self) {
        let Some(path) = &self.metrics_file else { return };
        let text = metrics::render(&self.board.statuses()) + &self.board.callbacks().render();
        let written = replace_file(path, text.as_bytes(), 0o644);
        let failed = written.is_err();
        let before = std::mem::replace(&mut self.state.borrow_mut().unwritable, failed);
        if let (Err(error), false) = (written, before) {
            let what = self.language.choose("无法写入指标文件", "cannot write the metrics file");
            let why = system_reason(&error);
            tracing::warn!(target: "orgsnap", "{what} {}: {}", path.display(), self.language.of(&why));
        }
    }

    fn warn(&self, tenant: &str, message: &Message) {
        tracing::warn!(target: "orgsnap", tenant, "{}", self.language.of(message));
    }
}

impl Observer for Told {
    fn note(&self, note: &Note) {
        let text = self.language.of(&note.message);
        let tenant = note.tenant.as_deref();
        match note.tone {
            Tone::Info => tracing::info!(target: "orgsnap", tenant, "{text}"),
            Tone::Warning => tracing::warn!(target: "orgsnap", tenant, "{text}"),
            Tone::Error => tracing::error!(target: "orgsnap", tenant, "{text}"),
        }
    }

    fn happened(&self, job: &Job, happening: &Happening, now: DateTime<Utc>) {
        if let Err(error) = self.desk.report(job, happening, now) {
            self.warn(&job.tenant, &error.message());
        }
        if !matches!(happening.what, What::JobFileRead) {
            self.state.borrow_mut().stale.insert(job.tenant.clone());
        }
    }

    fn watching(&self, job: &Job, now: DateTime<Utc>) {
        if let Err(error) = self.desk.watch(job, now) {
            self.warn(&job.tenant, &error.message());
        }
    }

    fn turned(&self, standings: &[Standing], now: DateTime<Utc>) {
        let jobs = standings.iter().map(|standing| Arc::clone(&standing.job)).collect();
        for message in self.handover.turned(jobs, now) {
            tracing::warn!(target: "orgsnap", "{}", self.language.of(&message));
        }
        let mut state = self.state.borrow_mut();
        let tenants: BTreeSet<String> =
            standings.iter().map(|standing| standing.job.tenant.clone()).collect();
        for gone in state.known.difference(&tenants) {
            self.board.forget(gone);
        }
        let (mut news, mut again) = (state.known != tenants, BTreeSet::new());
        for standing in standings {
            let tenant = &standing.job.tenant;
            if state.stale.remove(tenant) || !state.known.contains(tenant) {
                if !self.board.refresh(tenant) {
                    again.insert(tenant.clone());
                }
                news = true;
            }
            self.board.plan(tenant, plan(standing));
        }
        state.known = tenants;
        // What is left was told of tenants that have gone meanwhile.
        state.stale = again;
        self.board.beat();
        if news || state.written.is_none_or(|written| (now - written).abs() > METRICS_AGE) {
            state.written = Some(now);
            drop(state);
            self.write_metrics();
        }
    }
}

/// What the scheduler has in mind with an insurer, as the metrics tell it.
fn plan(standing: &Standing) -> Plan {
    let errand = standing.track.as_ref().and_then(|track| track.errand.as_ref());
    let due = errand.and_then(|errand| match errand.phase {
        Phase::Due(at) => Some(at),
        _ => None,
    });
    let waiting = errand.filter(|errand| {
        let lacks = matches!(errand.lack, Some(Lack::Files | Lack::Source));
        lacks && errand.refused.is_none() && matches!(errand.phase, Phase::Due(_) | Phase::Running)
    });
    Plan {
        running: errand.is_some_and(|errand| errand.phase == Phase::Running),
        waiting_since: waiting.map(|errand| errand.scheduled),
        next_run: due.or(standing.next),
        job_file_broken: standing.outdated,
    }
}
