//! Calls from a thread without a runtime, which end when the program is asked to stop.

use std::time::Duration;

use crate::http;
use crate::model::{Cancel, system_reason};

use super::error::{ApiError, Fault};

/// How often it is looked whether the program ends.
const CANCEL_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// Runs calls to their end, or until `cancel` is asked. The client that they use must be used in no other runtime.
///
/// # Errors
/// Those of the work; [`Fault::Cancelled`] if it was stopped.
pub fn block_on<T, E: From<ApiError>>(
    cancel: &Cancel,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let runtime = http::runtime().map_err(|error| {
        ApiError::before_any_call(Fault::Setup { reason: system_reason(&error).en.into_owned() })
    })?;
    let cancelled = async {
        while !cancel.is_asked() {
            tokio::time::sleep(CANCEL_CHECK_INTERVAL).await;
        }
    };
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = work => outcome,
            () = cancelled => Err(ApiError::cancelled().into()),
        }
    });
    // Looking up a name may hang in a thread of its own, which is not waited for.
    runtime.shutdown_background();
    outcome
}
