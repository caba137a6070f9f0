//! One connection to an SFTP server.

use std::sync::Arc;

use crate::config::job::SftpSource;

use super::leash::Leash;
use super::{FetchError, Progress, RawDelivery, Request, Wanted};

/// Downloads the delivery of an account.
pub(super) fn fetch(
    _account: &SftpSource,
    _leash: &Arc<Leash>,
    _request: &Request<'_>,
    _wanted: &Wanted,
    _progress: &dyn Progress,
) -> Result<RawDelivery, FetchError> {
    // Written on another branch against `remote::{Connector, Remote}` and `download::fetch`.
    Err(FetchError::NotBuiltIn { feature: "sftp" })
}
