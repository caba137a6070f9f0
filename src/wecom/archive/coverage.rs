//! Until when messages are pulled, and the time of which they are lost.

use chrono::{DateTime, TimeDelta, Utc};

use super::chat_data::Item;
use super::store::{Batch, Progress};
use super::summary::Gap;

/// For how long WeCom keeps messages.
const KEPT: TimeDelta = TimeDelta::days(5);

/// The time of which messages are lost: from the moment until which they are pulled to five days ago.
pub(super) fn gap(progress: Progress, first: Option<&Item>, now: DateTime<Utc>) -> Option<Gap> {
    let (from, to) = (progress.covered_until?, now - KEPT);
    (from < to).then(|| Gap {
        from,
        to,
        seq_before: progress.last_seq,
        seq_after: first.map(|item| item.seq),
    })
}

/// Until when messages are pulled once a batch is stored: they come in the order in which they were sent.
pub(super) fn covered_until(
    progress: Progress,
    gap: Option<&Gap>,
    batch: &Batch,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let sent = batch.messages.iter().filter_map(|message| message.fields.sent_at.as_deref());
    let sent = sent.filter_map(|text| DateTime::parse_from_rfc3339(text).ok());
    // A time that has not come yet would hide gaps.
    let newest = sent.map(|moment| moment.to_utc()).filter(|moment| *moment <= now).max();
    [progress.covered_until, gap.map(|gap| gap.to), newest].into_iter().flatten().max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_gap_is_what_is_older_than_five_days_and_was_not_pulled() {
        let now = at("2026-11-28T12:00:00Z");
        let gap_after = |covered: Option<&str>| {
            gap(Progress { last_seq: 7, covered_until: covered.map(at) }, None, now)
        };
        assert_eq!(gap_after(None), None, "before the first pull nothing was promised");
        assert_eq!(gap_after(Some("2026-11-23T12:00:00Z")), None);
        let found = gap_after(Some("2026-11-20T00:00:00Z")).unwrap();
        assert_eq!(
            (found.from, found.to),
            (at("2026-11-20T00:00:00Z"), at("2026-11-23T12:00:00Z"))
        );
        assert_eq!((found.seq_before, found.seq_after), (7, None));
    }
}
