//! How many WeCom callbacks came since the start, and what became of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use super::prometheus;

const NAME: &str = "orgsnap_callbacks_total";

/// Counters by tenant, application and outcome. All three are to come from job files and from the program, never
/// from a request, so that strangers cannot make up series.
#[derive(Debug, Default)]
pub struct CallbackCounts {
    counts: Mutex<BTreeMap<(String, String, &'static str), u64>>,
}

impl CallbackCounts {
    /// Adds `more` requests of an application that had this outcome. Adding none makes the counter visible, so that
    /// its first increase is seen as one. Requests to no known application have neither tenant nor agent.
    pub fn add(&self, tenant: &str, agent: &str, outcome: &'static str, more: u64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((tenant.to_owned(), agent.to_owned(), outcome)).or_default() += more;
    }

    /// The counters as Prometheus text, to follow that of [`super::render`].
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "# HELP {NAME} Requests to the callbacks' addresses since the start, by what became of them.\n\
             # TYPE {NAME} counter"
        );
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for ((tenant, agent, outcome), count) in counts.iter() {
            let labels = [("tenant", tenant.as_str()), ("agent", agent), ("outcome", outcome)];
            prometheus::sample(&mut text, NAME, &labels, *count as f64);
        }
        text
    }
}
