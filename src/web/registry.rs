//! Which callbacks are received: what the job files say, ready to be looked up by path.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use crate::config::job::Job;
use crate::model::Message;
use crate::wecom::account::account;
use crate::wecom::address;
use crate::wecom::receive::Account;
use crate::wecom::store::{Endpoint, EventStore, WecomStoreError};

/// All that callbacks and domain verification need of the job files.
#[derive(Debug, Default)]
pub(super) struct Registry {
    /// The tenants that have a job file, with their corp ids.
    tenants: BTreeMap<String, Option<String>>,
    /// By tenant and agent id.
    apps: BTreeMap<(String, String), App>,
    /// The files at the root: path and content.
    files: BTreeMap<String, String>,
}

/// An application of a job file.
#[derive(Debug, Clone)]
pub(super) struct App {
    pub corp_id: String,
    pub tenant: String,
    pub agent_id: String,
    pub endpoint: Endpoint,
    /// What it takes to receive, or what is missing for that.
    pub account: Result<Account, NotReady>,
    pub event_store: Arc<TenantEventStore>,
}

/// Why an application of the job file receives nothing.
#[derive(Debug, Clone)]
pub(super) enum NotReady {
    /// It has neither token nor key.
    NoCallback,
    /// One of them cannot be had, or is none.
    Secret(Message),
}

/// Why there is no application to give a request to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RouteError<'a> {
    /// The path is no callback's.
    Path(&'a str),
    /// No job file of that tenant.
    Tenant(&'a str),
    /// The tenant's job file has another corp id, or none.
    Corp { tenant: &'a str },
    /// The tenant's job file has no such application.
    Agent { tenant: &'a str, agent: &'a str },
    /// The application belongs to the other address.
    Endpoint { tenant: &'a str, agent: &'a str },
}

/// The tenant's event store, opened when it is first needed and again after it could not be.
#[derive(Debug)]
pub(super) struct TenantEventStore {
    folder: PathBuf,
    open: Mutex<Option<EventStore>>,
}

impl TenantEventStore {
    fn new(folder: PathBuf) -> TenantEventStore {
        TenantEventStore { folder, open: Mutex::new(None) }
    }

    /// The store. Opening may wait for the disk.
    pub(super) fn store(&self) -> Result<EventStore, WecomStoreError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match &*open {
            Some(store) => Ok(store.clone()),
            None => Ok(open.insert(EventStore::open(&self.folder)?).clone()),
        }
    }

    /// The tenant's folder.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.clone()
    }

    /// The store, if it is open. Never waits: whoever opens it holds the lock for as long as the disk takes, and
    /// the threads that ask here answer the callbacks of all tenants.
    pub(super) fn opened(&self) -> Option<EventStore> {
        match self.open.try_lock() {
            Ok(open) => open.clone(),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().clone(),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl Registry {
    /// Takes up job files. What `before` has open stays open. What is said of it is for the log: applications that
    /// receive nothing though they should, and files that two tenants claim.
    pub(super) fn build(
        jobs: &[&Job],
        data_dir: &Path,
        before: &Registry,
    ) -> (Registry, Vec<Message>) {
        let mut registry = Registry::default();
        let mut said = Vec::new();
        let mut event_stores: BTreeMap<String, Arc<TenantEventStore>> = before
            .apps
            .values()
            .map(|app| (app.tenant.clone(), Arc::clone(&app.event_store)))
            .collect();
        let mut seen = BTreeSet::new();
        for job in jobs {
            if !seen.insert(job.tenant.as_str()) {
                // The duplicate is reported where job files are loaded; here the first one counts.
                continue;
            }
            registry.tenants.insert(job.tenant.clone(), job.wecom.corp_id.clone());
            let event_store = event_stores
                .entry(job.tenant.clone())
                .or_insert_with(|| Arc::new(TenantEventStore::new(data_dir.join(&job.tenant))));
            registry.add_apps(job, event_store, &mut said);
            for file in &job.wecom.domain_verification {
                let path = format!("/{}", file.file);
                if let Some(content) = registry.files.get(&path) {
                    if *content != file.content {
                        said.push(Message::new(
                            format!(
                                "{}：{} 在其他任务文件中已有不同的内容；沿用先读到的",
                                job.path.display(),
                                file.file
                            ),
                            format!(
                                "{}: {} has another content in another job file; the one read first is kept",
                                job.path.display(),
                                file.file
                            ),
                        ));
                    }
                    continue;
                }
                registry.files.insert(path, file.content.clone());
            }
        }
        (registry, said)
    }

    fn add_apps(
        &mut self,
        job: &Job,
        event_store: &Arc<TenantEventStore>,
        said: &mut Vec<Message>,
    ) {
        // The job file has a corp id if it has an application.
        let Some(corp_id) = &job.wecom.corp_id else { return };
        for app in &job.wecom.apps {
            let account = match &app.callback {
                None => Err(NotReady::NoCallback),
                Some(secrets) => account(corp_id, secrets).map_err(|error| {
                    let message = error.message(&job.path, app.line);
                    said.push(message.clone());
                    NotReady::Secret(message)
                }),
            };
            let agent_id = app.agent_id.to_string();
            self.apps.insert(
                (job.tenant.clone(), agent_id.clone()),
                App {
                    corp_id: corp_id.clone(),
                    tenant: job.tenant.clone(),
                    agent_id,
                    endpoint: Endpoint::of(app.agent_id),
                    account,
                    event_store: Arc::clone(event_store),
                },
            );
        }
    }

    /// The application to which a path belongs.
    pub(super) fn app<'a>(&'a self, path: &'a str) -> Result<&'a App, RouteError<'a>> {
        let (endpoint, corp_id, tenant, agent) =
            address::parts(path).ok_or(RouteError::Path(path))?;
        let known = self.tenants.get(tenant).ok_or(RouteError::Tenant(tenant))?;
        if known.as_deref() != Some(corp_id) {
            return Err(RouteError::Corp { tenant });
        }
        let app = self
            .apps
            .get(&(tenant.to_owned(), agent.to_owned()))
            .ok_or(RouteError::Agent { tenant, agent })?;
        match app.endpoint == endpoint {
            true => Ok(app),
            false => Err(RouteError::Endpoint { tenant, agent }),
        }
    }

    /// The content of a file at the root.
    pub(super) fn file(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The applications that receive something.
    pub(super) fn receiving(&self) -> impl Iterator<Item = &App> {
        self.apps.values().filter(|app| app.account.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_being_opened_does_not_block_a_lookup() {
        let folder = tempfile::tempdir().unwrap();
        let event_store = TenantEventStore::new(folder.path().to_path_buf());
        let opening = event_store.open.lock().unwrap();
        assert!(event_store.opened().is_none());
        drop(opening);
        event_store.store().unwrap();
        assert!(event_store.opened().is_some());
    }
}
