//! The login of one tenant: its settings, its keys, and what it remembers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use tokio::sync::Semaphore;

use crate::config::job::{IdCase, Job, LoginSettings, RosterMapping};
use crate::config::schema::Schema;
use crate::model::{Feed, Message};
use crate::store::{AccountIndex, AccountOwner, AgentPlace, DATABASE, Reader};
use crate::wecom::login::account_value::account_value;
use crate::wecom::login::key_file;
use crate::wecom::login::once::{CAPACITY, UsedOnce};
use crate::wecom::login::pages::Pages;
use crate::wecom::login::pending::{self, MAX_PENDING};
use crate::wecom::login::session::{self, Session};
use crate::wecom::login::signer::Signer;
use crate::wecom::store::{EventReader, WecomStoreError};

use super::answers::CookieName;
use super::random::random;
use super::wecom_calls::WecomCalls;

/// Calls of WeCom's API that may be under way at once.
const MAX_EXCHANGES: usize = 64;
/// Look-ups in the database that may be under way at once.
const MAX_LOOKUPS: usize = 4;
/// How long a look-up waits for a writer that keeps readers out.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// Bytes that a `Cookie` line may have of this program: proxies take 8 KiB, other applications of the host need some.
const MAX_COOKIE_LINE: usize = 4_096;
/// Of so many tenants, with ids of so many bytes, somebody may be a member.
const MEMBERSHIPS: usize = 4;
const TENANT_ID: usize = 64;
const _: () = assert!(
    "Cookie: ".len()
        + MAX_PENDING * ("__Host-orgsnap-login.0=; ".len() + pending::MAX_VALUE)
        + MEMBERSHIPS * ("__Host-orgsnap-session.=; ".len() + TENANT_ID + session::MAX_VALUE)
        <= MAX_COOKIE_LINE
);

/// A member who has logged in.
pub(super) struct KnownMember {
    /// The date of the newest snapshot.
    pub(super) date: NaiveDate,
    /// The agent that the member is in it.
    pub(super) agent: Option<AgentPlace>,
}

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
    /// The tenant's folder.
    folder: PathBuf,
    /// Whose the accounts are, in the newest snapshot.
    accounts: Arc<AccountIndex>,
    mapping: RosterMapping,
    /// The column of the mapping's field; none if it is the agents' key.
    account_column: Option<String>,
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
            folder: folder.to_path_buf(),
            accounts: earlier.map(|earlier| Arc::clone(&earlier.accounts)).unwrap_or_default(),
            account_column: account_column(job)?,
            mapping: job.wecom.roster.clone(),
            corp_id,
            public_url,
        }))
    }

    /// The cookies of logins that are under way, of whatever tenant.
    pub(super) fn pending_cookies(&self) -> [CookieName; MAX_PENDING] {
        std::array::from_fn(|place| self.cookie(&format!("orgsnap-login.{place}")))
    }

    /// The cookie of whoever has logged in.
    pub(super) fn session_cookie(&self) -> CookieName {
        self.cookie(&format!("orgsnap-session.{}", self.tenant))
    }

    fn cookie(&self, name: &str) -> CookieName {
        CookieName::new(self.public_url.starts_with("https://"), name)
    }

    /// Who a session is by now; none if it is no member's any more. Waits for the disk.
    ///
    /// # Errors
    /// Why the databases cannot tell.
    pub(super) fn who(&self, session: &Session) -> Result<Option<KnownMember>, Message> {
        if self.has_left(session).map_err(|error| error.message())? {
            return Ok(None);
        }
        let owner = AccountOwner {
            column: self.account_column.as_deref(),
            value: account_value(&self.mapping, &session.member).unwrap_or_default(),
            ignores_case: self.mapping.case == IdCase::Ignore,
        };
        let reader = Reader::open_with_timeout(&self.folder.join(DATABASE), BUSY_TIMEOUT);
        let found = reader.and_then(|reader| reader.agent_place(owner, &self.accounts));
        let (date, agent) = found.map_err(|error| error.message())?;
        Ok(Some(KnownMember { date, agent }))
    }

    /// Whether callbacks tell that the member left after the login.
    fn has_left(&self, session: &Session) -> Result<bool, WecomStoreError> {
        match EventReader::open(&self.folder) {
            Ok(reader) => reader.has_left(&session.member, session.since),
            // No callback came yet.
            Err(WecomStoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The column of the agents that holds their user ids; none if it is their key.
///
/// Returns why there is no such column, if so.
fn account_column(job: &Job) -> Result<Option<String>, Message> {
    let Some(wanted) = &job.wecom.roster.field else { return Ok(None) };
    let schema = match &job.schema {
        Some(folder) => Schema::from_dir(folder),
        None => Schema::builtin(),
    };
    let schema = schema.map_err(|error| error.message())?;
    let feed = schema.feed(Feed::Agent);
    let found = feed.fields.iter().find(|field| field.name == *wanted || field.column == *wanted);
    let field = found.ok_or_else(|| {
        let file = job.path.display();
        Message::new(
            format!("{file}: [wecom.roster] 的 field = \"{wanted}\" 不是代理人文件的字段；请更正"),
            format!(
                "{file}: field = \"{wanted}\" of [wecom.roster] is no field of the agents' file; correct it"
            ),
        )
    })?;
    Ok((field.column != feed.key_field().column).then(|| field.column.clone()))
}
