//! Which address WeCom refused. The library says no more than its code (10009); a refusal by WeCom's API names the address
//! that it came from.

use std::time::Duration;

use super::error::{ArchiveError, RequestOrigin};
use crate::config::job::{Job, Secret};
use crate::model::Cancel;
use crate::wecom::api::{self, ApiError, Client};

/// How long all questions may take: a pull that failed is to say so soon.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The same error, with the address that was refused, if WeCom tells it. Through a proxy of the library's the API is not
/// asked: it would name another address.
pub(super) fn named(error: ArchiveError, job: &Job, cancel: &Cancel) -> ArchiveError {
    match &error {
        ArchiveError::Code { code, from: RequestOrigin::Machine(_) }
            if error.is_refused_address() =>
        {
            match asked(job, cancel) {
                Some(address) => {
                    ArchiveError::Code { code: *code, from: RequestOrigin::Address(address) }
                }
                None => error,
            }
        }
        _ => error,
    }
}

fn asked(job: &Job, cancel: &Cancel) -> Option<String> {
    let archive = job.wecom.archive.iter().map(|archive| &archive.secret);
    let secrets = archive.chain(job.wecom.apps.iter().map(|app| &app.secret));
    let secrets: Vec<Secret> = secrets.filter_map(|secret| secret.reveal().ok()).collect();
    let client = Client::of(&job.wecom).ok()?;
    let ask = async {
        for secret in &secrets {
            let address = client.refused_address(secret).await;
            if address.is_some() {
                return Ok(address);
            }
        }
        Ok(None)
    };
    let asked = async { tokio::time::timeout(TIMEOUT, ask).await.unwrap_or(Ok(None)) };
    api::block_on::<_, ApiError>(cancel, asked).ok().flatten()
}
