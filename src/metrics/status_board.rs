//! The cached status of all tenants.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::status::alerts_unsent;
use super::{CallbackCounts, Plan, TenantStatus};

/// Kept by a scheduler, read by the HTTP edge.
#[derive(Debug)]
pub struct StatusBoard {
    data: PathBuf,
    heartbeat: Mutex<Instant>,
    tenants: Mutex<BTreeMap<String, TenantStatus>>,
    callbacks: Arc<CallbackCounts>,
}

impl StatusBoard {
    /// An empty board over a data folder.
    pub fn new(data: &Path) -> StatusBoard {
        StatusBoard {
            data: data.to_path_buf(),
            heartbeat: Mutex::new(Instant::now()),
            tenants: Mutex::default(),
            callbacks: Arc::default(),
        }
    }

    /// The scheduler says that it is alive. To be said more often than it may sleep.
    pub fn heartbeat(&self) {
        *self.heartbeat.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long ago the scheduler last said so.
    pub fn since_beat(&self) -> Duration {
        self.heartbeat.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Reads anew how a tenant stands: when its job is loaded, and after each run. Returns whether that was to be
    /// had: a writer that is at its first import keeps readers out and is not waited for. What was known stands then.
    pub fn refresh(&self, tenant: &str) -> bool {
        let seen = TenantStatus::poll(&self.data, tenant);
        let read = seen.is_some();
        let mut tenants = self.tenants();
        let known = tenants.remove(tenant);
        let plan = known.as_ref().and_then(|known| known.plan);
        let status = seen.or(known).unwrap_or_else(|| TenantStatus::unknown(&self.data, tenant));
        tenants.insert(tenant.to_owned(), TenantStatus { plan, ..status });
        read
    }

    /// Stores the plan of the scheduler for a tenant.
    pub fn plan(&self, tenant: &str, plan: Plan) {
        if let Some(known) = self.tenants().get_mut(tenant) {
            known.plan = Some(plan);
        }
    }

    /// Takes a tenant off the board.
    pub fn forget(&self, tenant: &str) {
        self.tenants().remove(tenant);
    }

    /// The counters of callbacks, for their receiver.
    pub fn callbacks(&self) -> Arc<CallbackCounts> {
        Arc::clone(&self.callbacks)
    }

    /// How all tenants stand, by tenant.
    pub fn statuses(&self) -> Vec<TenantStatus> {
        let mut statuses: Vec<TenantStatus> = self.tenants().values().cloned().collect();
        // Alerts go out between runs, too.
        for status in &mut statuses {
            status.alerts_unsent = alerts_unsent(&self.data, &status.tenant);
        }
        statuses
    }

    fn tenants(&self) -> MutexGuard<'_, BTreeMap<String, TenantStatus>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
