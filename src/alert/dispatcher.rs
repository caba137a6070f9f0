//! The dispatcher: decides which run events are alerted, stores alerts in the outbox and has them sent.
//!
//! An alert goes out at least once a channel and, but for a kill between a server's answer and the note of it,
//! exactly once; a receiver recognises a repetition by its `id`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::config::job::{AlertChannel, Job};
use crate::model::{Cancel, Message};

use super::delivery_pass::{DeliveryPass, Fault, send_all};
use super::document::Alert;
use super::ledger::{Ledger, LedgerError, OutboxEntry};
use super::open_conditions::decide;
use super::send::{ChannelSender, Sender};
use super::{AlertKind, RunEvent};

/// Number of tenants whose alerts are sent in parallel, so that a dead server of one does not delay the rest.
const WORKERS: usize = 4;
/// Timeout of one delivery pass for one tenant in the background: every channel of a job may take all its attempts.
const PASS_TIMEOUT: Duration = Duration::from_secs(330);
/// Delays after delivery passes that left alerts unsent; the last one is repeated until the alert is sent or
/// dropped after `MAX_AGE` of the ledger.
const RETRY_DELAYS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(45),
    Duration::from_secs(120),
    Duration::from_secs(300),
    Duration::from_secs(600),
    Duration::from_secs(1800),
];
/// Retry delays while a caller waits in [`AlertDispatcher::flush`].
const FLUSH_RETRY_DELAYS: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(4)];

/// Receives the events of all tenants. Shared by all that run jobs, from any thread.
#[derive(Debug)]
pub struct AlertDispatcher {
    shared: Arc<Shared>,
}

/// What is left after [`AlertDispatcher::flush`].
#[derive(Debug, Default)]
pub struct Unsent {
    /// Number of alerts that wait, an alert counted once a channel.
    pub count: u64,
    /// What was in the way, once a tenant and channel.
    pub faults: Vec<Fault>,
}

#[derive(Debug)]
struct Shared {
    data: PathBuf,
    sender: Arc<dyn Sender>,
    cancel: Cancel,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    tenants: BTreeMap<String, Tenant>,
    workers: usize,
}

#[derive(Debug)]
struct Tenant {
    ledger: Ledger,
    channels: Vec<AlertChannel>,
    /// When to send next; `None` if the outbox is empty, or held no further alert when a worker began to send.
    due: Option<Instant>,
    /// Delivery passes in a row that left alerts unsent.
    failures: usize,
    /// A worker is sending. The others leave the tenant alone until it is done: they would find the ledger locked
    /// and take that for a failure.
    sending: bool,
}

/// A tenant whose alerts are to be sent.
struct TenantOutbox {
    tenant: String,
    ledger: Ledger,
    channels: Vec<AlertChannel>,
}

impl AlertDispatcher {
    /// A dispatcher with its ledgers below the data folder. It sends nothing before [`AlertDispatcher::start`] or
    /// [`AlertDispatcher::flush`].
    pub fn new(data: &Path) -> AlertDispatcher {
        AlertDispatcher::with_sender(data, Arc::new(ChannelSender::default()))
    }

    /// A dispatcher that sends through `sender`.
    pub fn with_sender(data: &Path, sender: Arc<dyn Sender>) -> AlertDispatcher {
        let shared = Shared {
            data: data.to_path_buf(),
            sender,
            cancel: Cancel::new(),
            state: Mutex::default(),
            changed: Condvar::new(),
        };
        AlertDispatcher { shared: Arc::new(shared) }
    }

    /// Begins to send in the background, until [`AlertDispatcher::stop`].
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(&self) -> std::io::Result<()> {
        for _ in 0..WORKERS {
            let shared = Arc::clone(&self.shared);
            self.shared.state().workers += 1;
            let started = thread::Builder::new().name("alerts".to_owned()).spawn(move || {
                shared.work();
                shared.state().workers -= 1;
                shared.changed.notify_all();
            });
            if let Err(error) = started {
                self.shared.state().workers -= 1;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Registers a job's channels, so that alerts left unsent by an earlier process are sent. To be called at start
    /// and whenever a job file was read anew.
    ///
    /// # Errors
    /// If the ledger cannot be read or written, and the job has channels.
    pub fn register(&self, job: &Job, now: DateTime<Utc>) -> Result<(), LedgerError> {
        let ledger = self.shared.ledger(&job.tenant);
        let tidy = || -> Result<u64, LedgerError> {
            if ledger.read()?.outbox.is_empty() {
                return Ok(0);
            }
            let names: BTreeSet<&str> = job.alerts.iter().map(|c| c.name.as_str()).collect();
            ledger.update(|content| {
                content.tidy(&names, now);
                content.unsent()
            })
        };
        let waiting = match tidy() {
            // A job without channels has no alert to lose.
            Err(_) if job.alerts.is_empty() => 0,
            waiting => waiting?,
        };
        self.shared.schedule_tenant(job, waiting > 0);
        Ok(())
    }

    /// Decides whether an event is alerted, and stores the alert durably if so; returns its kind, none too where no channel
    /// wants that kind. Never waits for the network.
    ///
    /// # Errors
    /// If the ledger cannot be read or written. The run that the event is about must not fail for it.
    pub fn report(
        &self,
        job: &Job,
        event: &RunEvent,
        now: DateTime<Utc>,
    ) -> Result<Option<AlertKind>, LedgerError> {
        if job.alerts.is_empty() {
            return Ok(None);
        }
        let names: BTreeSet<&str> = job.alerts.iter().map(|c| c.name.as_str()).collect();
        let ledger = self.shared.ledger(&job.tenant);
        let recorded = ledger.update(|content| {
            content.tidy(&names, now);
            let decision = decide(&mut content.conditions, event)?;
            let alert = Alert::new(event, &decision, job.timezone, now);
            tracing::info!(tenant = %event.tenant, alert = %alert.id, "alert stored in the outbox");
            let wants = |channel: &&AlertChannel| channel.on.contains(&decision.kind);
            let to: Vec<String> =
                job.alerts.iter().filter(wants).map(|channel| channel.name.clone()).collect();
            if to.is_empty() {
                return None;
            }
            content.post(OutboxEntry { alert, to });
            Some(decision.kind)
        })?;
        self.shared.schedule_tenant(job, recorded.is_some());
        Ok(recorded)
    }

    /// Sends what waits, with a few retries, for at most `within`; what is left then stays in the
    /// ledgers for the next process or the background.
    pub fn flush(&self, within: Duration) -> Unsent {
        let deadline = Instant::now() + within;
        let has_channels = |tenant: &(&String, &Tenant)| !tenant.1.channels.is_empty();
        let tenants: Vec<TenantOutbox> =
            self.shared.state().tenants.iter().filter(has_channels).map(TenantOutbox::of).collect();
        let mut unsent = Unsent::default();
        // A few at a time: there may be a hundred.
        for some in tenants.chunks(WORKERS) {
            thread::scope(|scope| {
                let shared = &self.shared;
                let threads: Vec<_> = some
                    .iter()
                    .map(|tenant_outbox| scope.spawn(move || shared.flush(tenant_outbox, deadline)))
                    .collect();
                for one in threads.into_iter().filter_map(|handle| handle.join().ok()) {
                    unsent.count += one.count;
                    unsent.faults.extend(one.faults);
                }
            });
        }
        unsent
    }

    /// Stops sending in the background, waiting at most `within` for attempts under way. What does not
    /// come out stays in the ledgers.
    pub fn stop(&self, within: Duration) {
        self.shared.end();
        let working = |state: &mut State| state.workers > 0;
        let waited = self.shared.changed.wait_timeout_while(self.shared.state(), within, working);
        drop(waited);
    }
}

impl Drop for AlertDispatcher {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Shared {
    /// The state. A thread that panicked left it whole: no change of it is made in two steps.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the workers to end.
    fn end(&self) {
        // Under the lock: a worker that has just seen that nobody asks, and does not wait yet, would not be
        // woken and wait for an hour.
        let _state = self.state();
        self.cancel.ask();
        self.changed.notify_all();
    }

    fn tenant<'s>(&self, state: &'s mut State, name: &str) -> &'s mut Tenant {
        state.tenants.entry(name.to_owned()).or_insert_with(|| Tenant {
            ledger: Ledger::of(&self.data, name),
            channels: Vec::new(),
            due: None,
            failures: 0,
            sending: false,
        })
    }

    fn ledger(&self, tenant: &str) -> Ledger {
        self.tenant(&mut self.state(), tenant).ledger.clone()
    }

    fn schedule_tenant(&self, job: &Job, posted: bool) {
        let mut state = self.state();
        let tenant = self.tenant(&mut state, &job.tenant);
        tenant.channels.clone_from(&job.alerts);
        if posted {
            // A new alert is worth an attempt at once, whatever became of older ones.
            tenant.due = Some(Instant::now());
            tenant.failures = 0;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// What a worker does.
    fn work(&self) {
        while let Some(tenant_outbox) = self.next() {
            let pass = self.run_pass(&tenant_outbox, Instant::now() + PASS_TIMEOUT);
            for fault in &pass.faults {
                tracing::warn!(tenant = %fault.tenant, channel = %fault.channel, "an alert was not sent: {}", fault.message.en);
            }
            let mut state = self.state();
            if let Some(tenant) = state.tenants.get_mut(&tenant_outbox.tenant) {
                tenant.sending = false;
                if pass.unsent == 0 {
                    tenant.failures = 0;
                } else if tenant.due.is_none() {
                    let wait = RETRY_DELAYS[tenant.failures.min(RETRY_DELAYS.len() - 1)];
                    tenant.failures += 1;
                    tenant.due = Some(Instant::now() + wait);
                }
            }
            drop(state);
            // What was posted during the pass is due now.
            self.changed.notify_all();
        }
    }

    /// The next tenant whose alerts are due; waits for one. None when the program ends.
    fn next(&self) -> Option<TenantOutbox> {
        let mut state = self.state();
        loop {
            if self.cancel.is_asked() {
                return None;
            }
            let now = Instant::now();
            let first = state
                .tenants
                .iter_mut()
                .filter(|(_, tenant)| !tenant.sending)
                .filter_map(|(name, tenant)| Some((tenant.due?, name, tenant)))
                .min_by_key(|(due, _, _)| *due);
            let wait = match first {
                Some((due, name, tenant)) if due <= now => {
                    tenant.due = None;
                    tenant.sending = true;
                    return Some(TenantOutbox::of((name, &*tenant)));
                }
                Some((due, _, _)) => due - now,
                None => Duration::from_secs(3600),
            };
            state = match self.changed.wait_timeout(state, wait) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    fn run_pass(&self, tenant_outbox: &TenantOutbox, deadline: Instant) -> DeliveryPass {
        let TenantOutbox { tenant, ledger, channels } = tenant_outbox;
        send_all(ledger, tenant, channels, self.sender.as_ref(), &self.cancel, deadline)
    }

    fn flush(&self, tenant_outbox: &TenantOutbox, deadline: Instant) -> Unsent {
        let mut failures = 0;
        loop {
            let pass = self.run_pass(tenant_outbox, deadline);
            let wait = FLUSH_RETRY_DELAYS[failures.min(FLUSH_RETRY_DELAYS.len() - 1)];
            failures += 1;
            if pass.unsent == 0 || Instant::now() + wait >= deadline || self.cancel.is_asked() {
                return Unsent { count: pass.unsent, faults: pass.faults };
            }
            thread::sleep(wait);
        }
    }
}

impl TenantOutbox {
    fn of((name, tenant): (&String, &Tenant)) -> TenantOutbox {
        TenantOutbox {
            tenant: name.clone(),
            ledger: tenant.ledger.clone(),
            channels: tenant.channels.clone(),
        }
    }
}

impl Unsent {
    /// What there is to say of it, in both languages; nothing if all is sent.
    pub fn messages(&self) -> Vec<Message> {
        let mut messages: Vec<Message> = self.faults.iter().map(Fault::message).collect();
        if self.count > 0 {
            messages.push(Message::new(
                format!("{} 条告警尚未发出，已保存，下次运行时重发", self.count),
                format!(
                    "{} alert(s) could not be sent; they are kept for the next run",
                    self.count
                ),
            ));
        }
        messages
    }
}
