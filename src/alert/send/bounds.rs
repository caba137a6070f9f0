//! The bounds of one attempt to send.

use std::time::{Duration, Instant};

use crate::model::Cancel;

/// How long one attempt over HTTP may take.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// How an attempt is bounded.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// The attempt is over by then.
    pub deadline: Instant,
    /// Asked when the program ends: the attempt is given up.
    pub cancel: Cancel,
}
