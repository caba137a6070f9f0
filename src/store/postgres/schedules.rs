//! The schedules of all tenants on a server, and what is decided of one while nobody else decides: whether a run is due, and
//! who begins it.

use chrono::{DateTime, NaiveDate, Utc};

use crate::model::{RunId, Verdict};
use crate::store::error::StoreError;
use crate::store::postgres::address::ServerAddress;
use crate::store::postgres::session::Session;
use crate::store::postgres::tables::TABLES;
use crate::store::postgres::{claim, layout, recorded_runs, snapshots, tables};
use crate::store::run_claim::{ClaimEnd, ClaimTerms, RunClaim};

/// The schedule of imports.
const IMPORT: &str = "import";

/// The schedules of all tenants on a server.
#[derive(Debug)]
pub struct SharedSchedules {
    address: ServerAddress,
    session: Option<Session>,
}

/// The schedule of a tenant, as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSchedule {
    /// The tenant.
    pub tenant: String,
    /// What was written.
    pub text: String,
    /// Dates that somebody is working at.
    pub claimed: Vec<NaiveDate>,
}

/// The schedule of one tenant, which nobody else changes meanwhile. Dropped without a commit it is as it was.
#[derive(Debug)]
pub struct LockedSchedule<'s> {
    session: &'s mut Session,
    tenant: i32,
    /// What was written; none of a tenant that is new.
    pub text: Option<String>,
    /// The time, by the clock of the server.
    pub now: DateTime<Utc>,
    is_over: bool,
}

impl SharedSchedules {
    /// The schedules on the server at a URL. It is connected to when it is asked.
    ///
    /// # Errors
    /// [`StoreError::ServerUrl`].
    pub fn new(url: &str) -> Result<SharedSchedules, StoreError> {
        Ok(SharedSchedules { address: ServerAddress::parse(url)?, session: None })
    }

    /// The connection, made anew if it was lost.
    fn session(&mut self) -> Result<&mut Session, StoreError> {
        let open = match self.session.take().filter(|session| !session.is_closed()) {
            Some(session) => session,
            None => {
                let mut session = Session::open(&self.address)?;
                tables::migrate(&mut session)?;
                session
            }
        };
        Ok(self.session.insert(open))
    }

    /// All schedules, and the time by the clock of the server.
    ///
    /// # Errors
    /// Any fault of the server.
    pub fn all(&mut self) -> Result<(DateTime<Utc>, Vec<StoredSchedule>), StoreError> {
        let session = self.session()?;
        let sql = format!(
            "select t.slug, s.state, array(select c.business_date from {TABLES}.run_claim c \
             where c.tenant_id = t.id and c.state = 'running' and c.lease_until >= clock_timestamp()) \
             from {TABLES}.schedule_state s join {TABLES}.tenant t on t.id = s.tenant_id where s.schedule = $1"
        );
        let rows = session.query(&sql, &[&IMPORT])?;
        let stored = rows.iter().map(|row| StoredSchedule {
            tenant: row.get(0),
            text: row.get(1),
            claimed: row.get(2),
        });
        let stored = stored.collect();
        Ok((now(session)?, stored))
    }

    /// Locks the schedule of a tenant, which is made if it is new.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another holds it for long; any fault of the server.
    pub fn lock(&mut self, tenant: &str) -> Result<LockedSchedule<'_>, StoreError> {
        let session = self.session()?;
        session.batch("begin")?;
        // From here on `Drop` rolls back whatever happens.
        let mut locked = LockedSchedule {
            session,
            tenant: 0,
            text: None,
            now: DateTime::default(),
            is_over: false,
        };
        locked.tenant = layout::tenant(locked.session, tenant)?;
        let insert = format!(
            "insert into {TABLES}.schedule_state (tenant_id, schedule, state) values ($1, $2, '') on conflict do nothing"
        );
        locked.session.execute(&insert, &[&locked.tenant, &IMPORT])?;
        let select = format!(
            "select state from {TABLES}.schedule_state where tenant_id = $1 and schedule = $2 for update"
        );
        let text: Option<String> = locked.session.value(&select, &[&locked.tenant, &IMPORT])?;
        locked.text = text.filter(|text| !text.is_empty());
        locked.now = now(locked.session)?;
        Ok(locked)
    }
}

fn now(session: &mut Session) -> Result<DateTime<Utc>, StoreError> {
    let now = session.value("select clock_timestamp()", &[])?;
    now.ok_or_else(|| StoreError::Server {
        server: session.label().to_owned(),
        reason: "it does not tell the time".to_owned(),
    })
}

impl LockedSchedule<'_> {
    /// Claims a date; none if another holds it.
    ///
    /// # Errors
    /// Any fault of the server.
    pub fn claim(
        &mut self,
        date: NaiveDate,
        terms: &ClaimTerms,
    ) -> Result<Option<RunClaim>, StoreError> {
        match claim::take(self.session, self.tenant, date, terms) {
            Ok(claim) => Ok(Some(claim)),
            Err(StoreError::Claimed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether nobody has taken a claim over, whatever has become of it.
    ///
    /// # Errors
    /// Any fault of the server.
    pub fn is_last(&mut self, claim: &RunClaim) -> Result<bool, StoreError> {
        claim::is_last(self.session, self.tenant, claim)
    }

    /// Ends a claim, unless its publication has ended it.
    ///
    /// # Errors
    /// Any fault of the server.
    pub fn end(&mut self, claim: &RunClaim, end: ClaimEnd) -> Result<(), StoreError> {
        claim::end(self.session, self.tenant, claim, end).map(drop)
    }

    /// The verdict of a recorded run, and its rows.
    ///
    /// # Errors
    /// Any fault of the server.
    pub fn verdict_of(&mut self, run: &RunId) -> Result<Option<(Verdict, u64)>, StoreError> {
        recorded_runs::verdict(self.session, self.tenant, run)
    }

    /// The run that has published a date.
    ///
    /// # Errors
    /// Any fault of the server.
    pub fn published_by(&mut self, date: NaiveDate) -> Result<Option<RunId>, StoreError> {
        Ok(snapshots::of(self.session, self.tenant, date)?.map(|snapshot| snapshot.run))
    }

    /// Writes the schedule and ends the transaction.
    ///
    /// # Errors
    /// Any fault of the server. If the connection was lost, whether it is written is not known.
    pub fn commit(mut self, text: &str) -> Result<(), StoreError> {
        if self.text.as_deref() != Some(text) {
            let sql = format!(
                "update {TABLES}.schedule_state set state = $3 where tenant_id = $1 and schedule = $2"
            );
            self.session.execute(&sql, &[&self.tenant, &IMPORT, &text])?;
        }
        self.session.batch("commit")?;
        self.is_over = true;
        Ok(())
    }
}

impl Drop for LockedSchedule<'_> {
    fn drop(&mut self) {
        // If the rollback fails, the end of the connection does it.
        if !self.is_over && !self.session.is_closed() {
            let _ = self.session.batch("rollback");
        }
    }
}
