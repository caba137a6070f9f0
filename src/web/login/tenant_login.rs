//! The login of one tenant: its settings, its keys, and what it remembers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use tokio::sync::Semaphore;

use crate::config::job::{Job, LoginSettings};
use crate::model::Message;
use crate::store::{AccountOwner, AgentPlace, DATABASE, Reader};
use crate::wecom::login::key_file;
use crate::wecom::login::once::{CAPACITY, UsedOnce};
use crate::wecom::login::pages::Pages;
use crate::wecom::login::signer::Signer;

use super::answers::CookieName;
use super::random::random;
use super::wecom_calls::WecomCalls;

/// Calls of WeCom's API that may be under way at once.
const MAX_EXCHANGES: usize = 64;
/// Look-ups in the database that may be under way at once.
const MAX_LOOKUPS: usize = 4;
/// How long a look-up waits for a writer that keeps readers out.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// The login of one tenant.
pub(super) struct TenantLogin {
    pub(super) tenant: String,
    pub(super) corp_id: String,
    pub(super) agent_id: u64,
    pub(super) public_url: String,
    pub(super) authorize_url: String,
    pub(super) pages: Pages,
    pub(super) lifetime: TimeDelta,
    pub(super) states: Signer,
    pub(super) sessions: Signer,
    pub(super) used: Arc<UsedOnce>,
    pub(super) wecom: Arc<WecomCalls>,
    pub(super) exchanges: Arc<Semaphore>,
    pub(super) lookups: Arc<Semaphore>,
    database: PathBuf,
}

impl TenantLogin {
    /// The login of a job. What `earlier` remembers is kept: states that were used, and tickets while they belong to the same
    /// application.
    ///
    /// Returns why nobody can log in, if so.
    pub(super) fn new(
        job: &Job,
        settings: &LoginSettings,
        folder: &Path,
        process: Option<[u8; 32]>,
        earlier: Option<&Arc<TenantLogin>>,
    ) -> Result<Arc<TenantLogin>, Message> {
        let process = process.ok_or_else(|| key_file::KeyFileError::Random.message())?;
        let key = key_file::key(folder, random).map_err(|error| error.message())?;
        // A job with a login has all three.
        let corp_id = job.wecom.corp_id.clone().unwrap_or_default();
        let public_url = job.wecom.public_url.clone().unwrap_or_default();
        let wecom = WecomCalls::new(job, settings, earlier.map(|earlier| &earlier.wecom))?;
        let secret = [key.as_bytes(), &process].concat();
        let of = |text: &str| [text, &job.tenant, &corp_id].map(str::to_owned);
        let signer = |secret: &[u8], purpose: &str| {
            let purpose = of(purpose);
            Signer::new(secret, &purpose.each_ref().map(String::as_str))
        };
        let kept = |new: fn() -> Arc<Semaphore>, old: fn(&TenantLogin) -> &Arc<Semaphore>| {
            earlier.map_or_else(new, |earlier| Arc::clone(old(earlier)))
        };
        Ok(Arc::new(TenantLogin {
            tenant: job.tenant.clone(),
            agent_id: settings.agent_id,
            authorize_url: job.wecom.api.authorize_url.clone(),
            pages: Pages::new(&public_url, &settings.domains),
            lifetime: TimeDelta::from_std(settings.lifetime).unwrap_or_default(),
            // A state of an earlier process is refused: what that one had used is forgotten.
            states: signer(&secret, "state"),
            sessions: signer(key.as_bytes(), "session"),
            used: earlier.map_or_else(
                || Arc::new(UsedOnce::new(CAPACITY)),
                |earlier| Arc::clone(&earlier.used),
            ),
            wecom,
            exchanges: kept(|| Arc::new(Semaphore::new(MAX_EXCHANGES)), |login| &login.exchanges),
            lookups: kept(|| Arc::new(Semaphore::new(MAX_LOOKUPS)), |login| &login.lookups),
            database: folder.join(DATABASE),
            corp_id,
            public_url,
        }))
    }

    /// The cookie of a login that is under way; with no mark, what all of them begin with.
    pub(super) fn pending_cookie(&self, mark: &str) -> CookieName {
        self.cookie(&format!("orgsnap-login.{}.{mark}", self.tenant))
    }

    /// The cookie of whoever has logged in.
    pub(super) fn session_cookie(&self) -> CookieName {
        self.cookie(&format!("orgsnap-session.{}", self.tenant))
    }

    fn cookie(&self, name: &str) -> CookieName {
        CookieName::new(self.public_url.starts_with("https://"), name)
    }

    /// The agent that a member is, in the newest snapshot. Waits for the disk.
    ///
    /// # Errors
    /// Why the database cannot tell.
    pub(super) fn agent(&self, member: &str) -> Result<(NaiveDate, Option<AgentPlace>), Message> {
        // A user id is the agent's key, in whatever case.
        let owner = AccountOwner { column: None, value: member, ignores_case: true };
        let reader = Reader::open_with_timeout(&self.database, BUSY_TIMEOUT);
        reader.and_then(|reader| reader.agent_place(owner)).map_err(|error| error.message())
    }
}
