//! The log of refused and not stored requests: never more than a few lines a minute of one kind.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::Language;

use super::refusal_message::resembles_callback;
use super::registry::RouteError;
use super::request_event::RequestEvent;

/// The most lines of one kind about one application in a [`WINDOW`]; the rest is counted.
const MAX_LINES: u32 = 5;
/// The length of a window.
const WINDOW: TimeDelta = TimeDelta::minutes(1);

/// Counts lines by kind and application. What strangers make up is no part of the key, so that they cannot fill it.
#[derive(Debug)]
pub(super) struct RequestLog {
    language: Language,
    counters: Mutex<BTreeMap<(&'static str, String), Counter>>,
}

#[derive(Debug)]
struct Counter {
    since: DateTime<Utc>,
    logged: u32,
    suppressed: u64,
}

impl RequestLog {
    /// A log in that language.
    pub(super) fn new(language: Language) -> RequestLog {
        RequestLog { language, counters: Mutex::default() }
    }

    /// Writes a line, if there were not too many like it. `about` is the tenant and application, or nothing.
    pub(super) fn note(&self, about: &str, event: &RequestEvent<'_>, now: DateTime<Utc>) {
        let kind = event.kind();
        let Some(suppressed) = self.admit(kind, about, now) else { return };
        let message = event.message();
        let text = self.language.of(&message);
        // The field is left out when no line was suppressed.
        let suppressed = Some(suppressed).filter(|suppressed| *suppressed > 0);
        match event {
            RequestEvent::NotStored(..) | RequestEvent::Crowded => {
                tracing::error!(target: "orgsnap", kind, suppressed, "{text}");
            }
            // Whoever scans the internet asks for pages; only what was meant as a callback is worth a line.
            RequestEvent::RouteError(RouteError::Path(path)) if !resembles_callback(path) => {
                tracing::debug!(target: "orgsnap", kind, suppressed, "{text}");
            }
            RequestEvent::Age(..) | RequestEvent::Verified(_) => {
                tracing::info!(target: "orgsnap", kind, suppressed, "{text}");
            }
            _ => tracing::warn!(target: "orgsnap", kind, suppressed, "{text}"),
        }
    }

    /// Whether to write a line; if so, how many were left out before it.
    pub(super) fn admit(&self, kind: &'static str, about: &str, now: DateTime<Utc>) -> Option<u64> {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = counters.entry((kind, about.to_owned())).or_insert(Counter {
            since: now,
            logged: 0,
            suppressed: 0,
        });
        // A clock that was set back starts the count anew, too.
        if now < counter.since || now - counter.since >= WINDOW {
            counter.since = now;
            counter.logged = 0;
        }
        if counter.logged == MAX_LINES {
            counter.suppressed += 1;
            return None;
        }
        counter.logged += 1;
        Some(std::mem::take(&mut counter.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_refusals_are_counted_instead_of_logged() {
        let request_log = RequestLog::new(Language::English);
        let at = |seconds: i64| DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap();
        let mut logged = Vec::new();
        for second in 0..130 {
            logged
                .extend(request_log.admit("signature", "t/kehu", at(second)).map(|n| (second, n)));
        }
        let expected =
            [0, 1, 2, 3, 4, 60, 61, 62, 63, 64, 120, 121, 122, 123, 124].map(
                |second| match second {
                    60 | 120 => (second, 55),
                    _ => (second, 0),
                },
            );
        assert_eq!(logged, expected);
        assert_eq!(request_log.admit("signature", "t/chengyuan", at(0)), Some(0));
        assert_eq!(request_log.admit("decrypt", "t/kehu", at(0)), Some(0));
        assert_eq!(request_log.admit("signature", "t/kehu", at(-1)), Some(5), "a clock set back");
    }
}
