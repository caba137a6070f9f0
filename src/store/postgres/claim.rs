//! The claim of a run on a business date, which the transaction of its publication checks: whoever was paused or cut off for
//! so long that another has taken over publishes nothing.

use chrono::NaiveDate;

use crate::store::error::StoreError;
use crate::store::postgres::session::Session;
use crate::store::postgres::tables::TABLES;

/// Who has claimed a business date, and for the how manieth time it was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunClaim {
    /// The business date.
    pub date: NaiveDate,
    /// Who.
    pub owner: String,
    /// It rises by one with each claim of the date.
    pub epoch: i64,
}

/// Ends a claim as published, within the transaction that publishes: from here on nobody can take it over before that ends.
///
/// # Errors
/// [`StoreError::Fenced`] if another holds the date by now; any fault of the server.
pub(super) fn end(session: &mut Session, tenant: i32, claim: &RunClaim) -> Result<(), StoreError> {
    let sql = format!(
        "update {TABLES}.run_claim set state = 'published' \
         where tenant_id = $1 and business_date = $2 and epoch = $3 and owner = $4 and state = 'running'"
    );
    let RunClaim { date, owner, epoch } = claim;
    match session.execute(&sql, &[&tenant, date, epoch, owner])? {
        0 => Err(StoreError::Fenced { date: *date, owner: owner.clone() }),
        _ => Ok(()),
    }
}
