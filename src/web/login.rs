//! The pages by which members log in with WeCom, and by which other pages learn who they are and get their JS-SDK signature.
//!
//! A tenant without `[wecom.login]` has none of them: its addresses are refused like any that is not there. Nothing of a query,
//! a cookie or an answer of WeCom's is ever logged.

mod answers;
mod login_event;
mod random;
mod steps;
mod tenant_login;
mod wecom_calls;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::any;

use crate::config::job::Job;
use crate::model::{Language, Message};
use crate::wecom::login::address::{self, Page};

use super::callbacks::{Clock, refused};
use super::request_log::RequestLog;
use login_event::LoginEvent;
use random::random;
use tenant_login::TenantLogin;

/// The logins of all tenants: what the job files say, replaced as a whole when they change.
pub struct Logins {
    data_dir: PathBuf,
    clock: Clock,
    language: Language,
    tenants: RwLock<Arc<BTreeMap<String, Entry>>>,
    request_log: RequestLog,
    /// Random bytes of this process: a state of an earlier one is of no use, as what it used is forgotten.
    process: Option<[u8; 32]>,
}

/// The login of a tenant, or why nobody can log in.
type Entry = Result<Arc<TenantLogin>, Message>;

impl Logins {
    /// No logins yet. The keys of cookies are in the tenants' folders below `data_dir`, as is what is known of members. The log
    /// speaks `language`.
    pub fn new(data_dir: &Path, clock: Clock, language: Language) -> Arc<Logins> {
        Arc::new(Logins {
            data_dir: data_dir.to_path_buf(),
            clock,
            language,
            tenants: RwLock::default(),
            request_log: RequestLog::new(language),
            process: random(),
        })
    }

    /// Takes up the job files instead of those before; what a tenant remembers of used states and tickets stays while its
    /// settings do. Returns what people should know: logins that cannot be used.
    pub fn set_jobs(&self, jobs: &[&Job]) -> Vec<Message> {
        let before = self.tenants();
        let mut tenants: BTreeMap<String, Entry> = BTreeMap::new();
        let mut said = Vec::new();
        for job in jobs {
            let Some(settings) = &job.wecom.login else { continue };
            if tenants.contains_key(&job.tenant) {
                // The duplicate is reported where job files are loaded; here the first one counts.
                continue;
            }
            let earlier = before.get(&job.tenant).and_then(|entry| entry.as_ref().ok());
            let folder = self.data_dir.join(&job.tenant);
            let entry = TenantLogin::new(job, settings, &folder, self.process, earlier);
            if let Err(why) = &entry {
                said.push(LoginEvent::NotReady(why.clone()).message(&job.tenant));
            }
            tenants.insert(job.tenant.clone(), entry);
        }
        *self.tenants.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tenants);
        said
    }

    /// The pages, to be put above those that answer every path.
    pub fn router(self: &Arc<Logins>) -> Router {
        Router::new().route("/wecom/{tenant}/{page}", any(answer)).with_state(Arc::clone(self))
    }

    fn tenants(&self) -> Arc<BTreeMap<String, Entry>> {
        Arc::clone(&self.tenants.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes a line to the log, unless there were too many like it.
    fn note(&self, tenant: &str, event: &LoginEvent) {
        let kind = event.kind();
        let Some(suppressed) = self.request_log.admit(kind, tenant, (self.clock)()) else { return };
        let message = event.message(tenant);
        let text = self.language.of(&message);
        // The field is left out when no line was suppressed.
        let suppressed = Some(suppressed).filter(|suppressed| *suppressed > 0);
        match event.is_fault() {
            true => tracing::error!(target: "orgsnap", kind, suppressed, "{text}"),
            false => tracing::warn!(target: "orgsnap", kind, suppressed, "{text}"),
        }
    }
}

async fn answer(State(logins): State<Arc<Logins>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let Some((tenant, page)) = address::parts(head.uri.path()) else { return refused() };
    let tenants = logins.tenants();
    let Some(entry) = tenants.get(tenant) else { return refused() };
    // A HEAD would use up a code and lead nowhere.
    if head.method != Method::GET {
        return answers::only_get();
    }
    let step = steps::Step { head: &head, now: (logins.clock)() };
    let done = match (entry, page) {
        (Err(why), _) => Err(LoginEvent::NotReady(why.clone())),
        (Ok(login), Page::Login) => step.begin(login),
        (Ok(login), Page::Callback) => step.callback(login).await,
        (Ok(login), Page::Me) => step.me(login).await,
        (Ok(login), Page::JsSdk) => step.js_sdk(login).await,
    };
    let response = done.unwrap_or_else(|event| {
        logins.note(tenant, &event);
        let said = event.said();
        let again = match (entry, page) {
            (Ok(login), Page::Callback) if event.may_begin_again() => step.begin_again(login),
            _ => None,
        };
        match page {
            Page::Login | Page::Callback => match again {
                Some(link) => answers::again(event.status(), &said, &link),
                None => answers::text(event.status(), &said),
            },
            Page::Me | Page::JsSdk => answers::failure(event.status(), event.name(), &said),
        }
    });
    match (entry, page) {
        (Ok(login), Page::Callback) => answers::with_cookies(response, step.forget(login)),
        (Ok(login), Page::Me | Page::JsSdk) => answers::readable_by(response, step.origin(login)),
        _ => response,
    }
}
