//! The claim of a run on a business date, which the transaction of its publication checks: whoever was paused or cut off for
//! so long that another has taken over publishes nothing. Leases are measured by the clock of the server alone.

use std::time::Duration;

use chrono::NaiveDate;

use crate::store::claim_keeper::HeldClaim;
use crate::store::error::StoreError;
use crate::store::postgres::address::ServerAddress;
use crate::store::postgres::session::Session;
use crate::store::postgres::tables::TABLES;
use crate::store::run_claim::{ClaimEnd, ClaimTerms, RunClaim};

/// From here on the server ends a transaction that nobody goes on with.
const COMMIT_SOON: &str = "set local idle_in_transaction_session_timeout = '10s'";

/// The row of a claim that still holds.
const HELD: &str = "tenant_id = $1 and business_date = $2 and epoch = $3 and owner = $4";

/// Claims a date that nobody has claimed, or whose lease has run out.
///
/// # Errors
/// [`StoreError::Claimed`] if another holds it; any fault of the server.
pub(super) fn take(
    session: &mut Session,
    tenant: i32,
    date: NaiveDate,
    terms: &ClaimTerms,
) -> Result<RunClaim, StoreError> {
    let sql = format!(
        "insert into {TABLES}.run_claim as held (tenant_id, business_date, owner, epoch, lease_until, state) \
         values ($1, $2, $3, 1, clock_timestamp() + make_interval(secs => $4), 'running') \
         on conflict (tenant_id, business_date) do update set owner = excluded.owner, epoch = held.epoch + 1, \
         lease_until = excluded.lease_until, state = excluded.state \
         where held.state <> 'running' or held.lease_until < clock_timestamp() returning epoch"
    );
    let ClaimTerms { owner, lease } = terms;
    let epoch: Option<i64> = session.value(&sql, &[&tenant, &date, owner, &lease.as_secs_f64()])?;
    let Some(epoch) = epoch else {
        let sql = format!(
            "select owner from {TABLES}.run_claim where tenant_id = $1 and business_date = $2"
        );
        let holder = session.value(&sql, &[&tenant, &date])?;
        return Err(StoreError::Claimed { date, owner: holder.unwrap_or_else(|| "?".to_owned()) });
    };
    end_earlier_sessions(session, tenant, date, epoch)?;
    Ok(RunClaim { date, owner: owner.clone(), epoch })
}

/// The name of the connection of a claim, by which whoever takes over finds it.
fn session_name(tenant: i32, date: NaiveDate, epoch: &str) -> String {
    format!("orgsnap {tenant} {date} {epoch}")
}

/// Names the connection that publishes under a claim.
pub(super) fn name_session(
    session: &mut Session,
    tenant: i32,
    claim: &RunClaim,
) -> Result<(), StoreError> {
    let name = session_name(tenant, claim.date, &claim.epoch.to_string());
    session.batch(&format!("set application_name = '{name}'"))
}

/// Ends the connections of those whose claim was taken over: a paused program keeps its transaction open, and with it the lock
/// of the tenant.
fn end_earlier_sessions(
    session: &mut Session,
    tenant: i32,
    date: NaiveDate,
    epoch: i64,
) -> Result<(), StoreError> {
    if epoch == 1 {
        return Ok(());
    }
    let sql = "select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user \
               and datname = current_database() and substring(application_name from $1)::bigint < $2";
    let name = format!("^{}$", session_name(tenant, date, "([0-9]+)"));
    session.query(sql, &[&name, &epoch]).map(drop)
}

/// Ends a claim as published, within the transaction that publishes: from here on nobody can take it over before that ends.
///
/// # Errors
/// [`StoreError::Fenced`] if another holds the date by now; any fault of the server.
pub(super) fn publish(
    session: &mut Session,
    tenant: i32,
    claim: &RunClaim,
) -> Result<(), StoreError> {
    // Whoever stops between this and the commit must not keep others from taking over.
    session.batch(COMMIT_SOON)?;
    match end_as(session, tenant, claim, "published")? {
        true => Ok(()),
        false => Err(StoreError::Fenced { date: claim.date, owner: claim.owner.clone() }),
    }
}

/// Ends a claim that is running, and says whether it was.
pub(super) fn end(
    session: &mut Session,
    tenant: i32,
    claim: &RunClaim,
    end: ClaimEnd,
) -> Result<bool, StoreError> {
    end_as(session, tenant, claim, end.name())
}

fn end_as(
    session: &mut Session,
    tenant: i32,
    claim: &RunClaim,
    state: &str,
) -> Result<bool, StoreError> {
    let sql =
        format!("update {TABLES}.run_claim set state = $5 where {HELD} and state = 'running'");
    let RunClaim { date, owner, epoch } = claim;
    Ok(session.execute(&sql, &[&tenant, date, epoch, owner, &state])? > 0)
}

/// Whether nobody has taken over since, whatever has become of the claim. Nobody does before the transaction ends.
pub(super) fn is_last(
    session: &mut Session,
    tenant: i32,
    claim: &RunClaim,
) -> Result<bool, StoreError> {
    let sql = format!("select true from {TABLES}.run_claim where {HELD} for update");
    let RunClaim { date, owner, epoch } = claim;
    Ok(session.value(&sql, &[&tenant, date, epoch, owner])? == Some(true))
}

/// A claim on a server, renewed over a connection of its own.
pub(super) struct ServerClaim {
    pub(super) address: ServerAddress,
    pub(super) tenant: i32,
    pub(super) claim: RunClaim,
    pub(super) lease: Duration,
    pub(super) session: Option<Session>,
}

impl ServerClaim {
    /// The connection, made anew if it was lost.
    fn session(&mut self) -> Result<&mut Session, StoreError> {
        let open = match self.session.take().filter(|session| !session.is_closed()) {
            Some(session) => session,
            None => Session::open(&self.address)?,
        };
        Ok(self.session.insert(open))
    }
}

impl HeldClaim for ServerClaim {
    fn renew(&mut self) -> Result<bool, StoreError> {
        let (tenant, claim, lease) = (self.tenant, self.claim.clone(), self.lease.as_secs_f64());
        let sql = format!(
            "update {TABLES}.run_claim set lease_until = clock_timestamp() + make_interval(secs => $5) where {HELD}"
        );
        let session = self.session()?;
        let RunClaim { date, owner, epoch } = &claim;
        Ok(session.execute(&sql, &[&tenant, date, epoch, owner, &lease])? > 0)
    }

    fn end(&mut self, end: ClaimEnd) -> Result<bool, StoreError> {
        let (tenant, claim) = (self.tenant, self.claim.clone());
        let session = self.session()?;
        if self::end(session, tenant, &claim, end)? {
            return Ok(true);
        }
        is_last(session, tenant, &claim)
    }
}
