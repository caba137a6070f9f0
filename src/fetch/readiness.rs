//! When a delivery counts as complete: the marker is there, or all four files have stopped changing.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::config::job::Ready;
use crate::model::{Feed, Message, PerFeed, RecordedFile};

use super::deadline::FetchDeadline;
use super::expected_files::{ExpectedFiles, Found};
use super::remote::{Folder, Stat, Version};
use super::{EarlierDelivery, FetchError, matching};

/// Shortest and longest poll interval for a marker that is not there yet.
const MIN_MARKER_POLL_INTERVAL: Duration = Duration::from_millis(50);
const MAX_MARKER_POLL_INTERVAL: Duration = Duration::from_secs(15);
/// Polls for a marker within the deadline, as far as these bounds allow.
const MARKER_POLLS: u32 = 60;

/// The state of the files at the source at one poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PollResult {
    /// The marker, if the job has one. It is polled before the files: a provider writes it after them.
    pub(super) marker: Option<Stat>,
    /// One a feed, in [`Feed::ALL`] order.
    pub(super) files: PerFeed<Stat>,
    /// Under which names they were looked at.
    pub(super) found: Found,
}

impl PollResult {
    /// Looks at the marker and then at the files. Where one is not there under its exact name the folder is listed.
    pub(super) fn look(
        folder: &mut dyn Folder,
        wanted: &ExpectedFiles,
    ) -> Result<PollResult, FetchError> {
        let marker = wanted.marker.as_deref().map(|name| folder.stat(name)).transpose()?;
        let mut found = wanted.exactly();
        let mut files = stat_all(folder, &found)?;
        if files.as_slice().contains(&Stat::Missing)
            && let Some(mut listed) = folder.list()?
        {
            listed.retain(|name| matching::is_bare(name));
            let chosen = wanted.choose(&listed);
            if chosen.names != found.names {
                files = stat_all(folder, &chosen)?;
            }
            found = chosen;
        }
        Ok(PollResult { marker, files, found })
    }

    /// The name of the file of a feed.
    pub(super) fn name(&self, feed: Feed) -> &str {
        &self.found.names[feed]
    }

    /// The names in the folder that are near those that are missing.
    fn near(&self) -> Vec<String> {
        let mut near: Vec<String> = self.found.near.iter().flatten().cloned().collect();
        near.sort_unstable();
        near.dedup();
        near
    }

    /// The file of a feed.
    pub(super) fn file(&self, feed: Feed) -> &Stat {
        &self.files[feed]
    }

    /// The names of the files that differ in another poll result.
    pub(super) fn differences(&self, other: &PollResult, wanted: &ExpectedFiles) -> Vec<String> {
        let differs = |&feed: &Feed| {
            self.file(feed) != other.file(feed) || self.name(feed) != other.name(feed)
        };
        let mut names: Vec<String> =
            Feed::ALL.into_iter().filter(differs).map(|feed| self.name(feed).to_owned()).collect();
        // A zip file is that of all feeds.
        names.dedup();
        if self.marker != other.marker {
            names.extend(wanted.marker.clone());
        }
        names
    }

    /// Refuses files that were delivered before, as far as sizes and times show it.
    ///
    /// # Errors
    /// What the delivery says that they are, see [`EarlierDelivery::fault`].
    pub(super) fn reject_earlier_delivery(
        &self,
        known: &[EarlierDelivery<'_>],
        place: &str,
    ) -> Result<(), FetchError> {
        let again = known.iter().find(|known| {
            self.files
                .iter()
                .zip(&known.files().files)
                .all(|(polled, before)| is_same(polled, before))
        });
        again.map_or(Ok(()), |known| Err(known.fault(place)))
    }

    fn is_empty(&self) -> bool {
        let missing = |stat: &Stat| *stat == Stat::Missing;
        self.files.iter().all(missing) && self.marker.as_ref().is_none_or(missing)
    }

    fn missing(&self) -> Vec<String> {
        let missing = |feed: &Feed| *self.file(*feed) == Stat::Missing;
        let names = Feed::ALL.into_iter().filter(missing).map(|feed| self.name(feed).to_owned());
        let mut names = Vec::from_iter(names);
        names.dedup();
        names
    }

    /// Why the files cannot be complete, even if they do not change any more.
    fn incomplete_reason(&self, min_size: u64) -> Option<Message> {
        let missing = self.missing();
        if !missing.is_empty() {
            let names = missing.join(", ");
            return Some(Message::new(
                format!("{names} 尚未到达"),
                format!("{names} is not there yet"),
            ));
        }
        let small = |feed: &Feed| match self.file(*feed) {
            Stat::Present(Version { size: Some(size), .. }) => *size < min_size,
            _ => false,
        };
        let feed = Feed::ALL.into_iter().find(small)?;
        let name = self.name(feed);
        if matches!(self.file(feed), Stat::Present(Version { size: Some(0), .. })) {
            return Some(Message::new(
                format!("{name} 是空文件（0 字节）"),
                format!("{name} is empty, it has 0 bytes"),
            ));
        }
        Some(Message::new(
            format!("{name} 小于 {min_size} 字节"),
            format!("{name} has fewer than {min_size} bytes"),
        ))
    }
}

fn stat_all(folder: &mut dyn Folder, found: &Found) -> Result<PerFeed<Stat>, FetchError> {
    if found.zipped {
        let stat = folder.stat(&found.names[Feed::Agent])?;
        return Ok(PerFeed::from_fn(|_| stat.clone()));
    }
    PerFeed::try_from_fn(|feed| folder.stat(&found.names[feed]))
}

/// Whether what is seen of a file is what was seen before. A file whose time is unknown may be any.
fn is_same(polled: &Stat, before: &RecordedFile) -> bool {
    match polled {
        Stat::Missing => before.sha256.is_none() && before.size == 0,
        Stat::Present(Version { size: Some(size), mtime: Some(mtime), .. }) => {
            let same = |time: DateTime<Utc>| time.timestamp_millis() == mtime.timestamp_millis();
            *size == before.size && before.mtime.is_some_and(same)
        }
        Stat::Present(_) => false,
    }
}

/// Polls until the delivery is complete, and returns the result of the last poll.
///
/// # Errors
/// [`FetchError::NothingThere`] at once if nothing of the delivery is there: that it comes at all may
/// take hours, for which the caller has better means than a connection. [`FetchError::NotReady`] if
/// a part of it is there and the rest does not come within the deadline; at once if the caller polls again by itself (`caller_polls`), as
/// the documentation of that field says.
pub(super) fn wait_until_complete(
    ready: &Ready,
    wanted: &ExpectedFiles,
    place: &str,
    deadline: &FetchDeadline,
    caller_polls: bool,
    look: &mut dyn FnMut() -> Result<PollResult, FetchError>,
) -> Result<PollResult, FetchError> {
    let not_ready = |error: FetchError, why: Message| match error {
        FetchError::Deadline { allowed, last: None } => {
            FetchError::NotReady { place: place.to_owned(), why, allowed }
        }
        error => error,
    };
    let mut last: Option<PollResult> = None;
    let mut last_why: Option<Message> = None;
    let mut equal = 0;
    loop {
        // The deadline may pass in the middle of a poll; what the poll before it saw says more.
        let polled = look().map_err(|error| match last_why.take() {
            Some(why) => not_ready(error, why),
            None => error,
        })?;
        if polled.is_empty() {
            return Err(FetchError::NothingThere { place: place.to_owned(), near: polled.near() });
        }
        let mut incomplete = false;
        let (why, interval) = match ready {
            Ready::Now => return Ok(polled),
            Ready::Marker(_) => match &polled.marker {
                Some(Stat::Present(_)) => return Ok(polled),
                _ => (no_marker(wanted), deadline.allowed() / MARKER_POLLS),
            },
            Ready::Stable { wait, polls, min_size } => {
                let why = polled.incomplete_reason(*min_size);
                incomplete = why.is_some();
                let same = last.as_ref() == Some(&polled);
                equal = if why.is_none() && same { equal + 1 } else { 1 };
                let why = match why {
                    None if equal >= *polls => return Ok(polled),
                    None => still_changing(&polled, last.as_ref(), wanted),
                    Some(why) => why,
                };
                (why, stable_poll_interval(*wait, *polls))
            }
        };
        // Only whether files have stopped changing needs a second poll now; otherwise the caller polls again later.
        let may_be_stable = matches!(ready, Ready::Stable { .. })
            && !incomplete
            && last.as_ref().is_none_or(|last| *last == polled);
        if caller_polls && !may_be_stable {
            let allowed = Duration::ZERO;
            return Err(FetchError::NotReady { place: place.to_owned(), why, allowed });
        }
        let interval = match ready {
            Ready::Stable { .. } => interval,
            _ => interval.clamp(MIN_MARKER_POLL_INTERVAL, MAX_MARKER_POLL_INTERVAL),
        };
        last = Some(polled);
        deadline.wait(interval).map_err(|error| not_ready(error, why.clone()))?;
        last_why = Some(why);
    }
}

/// The interval between the polls that show whether files have stopped changing.
pub(super) fn stable_poll_interval(wait: Duration, polls: u32) -> Duration {
    wait / (polls - 1).max(1)
}

fn no_marker(wanted: &ExpectedFiles) -> Message {
    let name = wanted.marker.as_deref().unwrap_or_default();
    Message::new(format!("标志文件 {name} 尚未出现"), format!("the marker {name} is not there yet"))
}

fn still_changing(
    polled: &PollResult,
    last: Option<&PollResult>,
    wanted: &ExpectedFiles,
) -> Message {
    let names = last.map(|last| polled.differences(last, wanted)).unwrap_or_default().join(", ");
    if names.is_empty() {
        return Message::fixed(
            "文件保持不变的时间还不够长",
            "the files have not been unchanged for long enough",
        );
    }
    Message::new(format!("{names} 仍在变化"), format!("{names} is still growing or changing"))
}

#[cfg(test)]
mod tests {
    use crate::model::Cancel;

    use super::*;

    fn poll_result(sizes: [Option<u64>; 4], marker: Option<bool>) -> PollResult {
        let stat = |size: Option<u64>| match size {
            None => Stat::Missing,
            size => Stat::Present(Version { size, ..Version::default() }),
        };
        PollResult {
            marker: marker.map(|there| stat(there.then_some(0))),
            files: PerFeed::new(sizes).map(stat),
            found: wanted().exactly(),
        }
    }

    fn wanted() -> ExpectedFiles {
        ExpectedFiles {
            names: PerFeed::new(["agent.txt", "node.txt", "organ.txt", "principal.txt"])
                .map(str::to_owned),
            usual: None,
            zip: None,
            zip_optional: false,
            marker: Some("done.ok".to_owned()),
        }
    }

    #[test]
    fn a_delivery_is_complete_when_the_ready_setting_says_so() {
        let stable = Ready::Stable { wait: Duration::from_millis(20), polls: 3, min_size: 2 };
        let marker = Ready::Marker(Default::default());
        let all = |size| [Some(5), Some(5), Some(size), Some(5)];
        let three = [Some(5), Some(5), None, Some(5)];
        let none = [None; 4];
        // What is seen one after the other, the last for ever; how often it is looked then, and why not.
        type Seen = ([Option<u64>; 4], Option<bool>);
        let cases: [(&Ready, Vec<Seen>, Result<usize, &str>); 10] = [
            (&Ready::Now, vec![(three, None)], Ok(1)),
            (&Ready::Now, vec![(none, None)], Err("none of the files")),
            (&stable, vec![(all(5), None)], Ok(3)),
            (&stable, vec![(three, None), (all(3), None), (all(4), None)], Ok(5)),
            (&stable, vec![(three, None)], Err("organ.txt is not there yet")),
            (&stable, vec![(all(1), None)], Err("organ.txt has fewer than 2 bytes")),
            (&stable, vec![(all(0), None)], Err("organ.txt is empty, it has 0 bytes")),
            (&stable, (2..90).map(|n| (all(n), None)).collect(), Err("organ.txt is still growing")),
            (&marker, vec![(all(5), Some(false)), (three, Some(true))], Ok(2)),
            (&marker, vec![(all(5), Some(false))], Err("marker done.ok is not there yet")),
        ];
        let wanted = wanted();
        for (number, (ready, polled, expected)) in cases.into_iter().enumerate() {
            let cancel = Cancel::new();
            let deadline = FetchDeadline::starting_now(Duration::from_millis(500), &cancel);
            let mut looks = 0;
            let mut look = || {
                let (sizes, marker) = polled[looks.min(polled.len() - 1)];
                looks += 1;
                Ok(poll_result(sizes, marker))
            };
            let result = wait_until_complete(ready, &wanted, "here", &deadline, false, &mut look);
            match (result, expected) {
                (Ok(_), Ok(times)) => assert_eq!(looks, times, "case {number}"),
                (Err(error), Err(expected)) => {
                    assert!(error.to_string().contains(expected), "case {number}: {error}");
                }
                (result, expected) => panic!("case {number}: {result:?}, expected {expected:?}"),
            }
        }
    }

    #[test]
    fn a_deadline_that_passes_within_a_poll_is_told_by_what_the_poll_before_it_saw() {
        let marker = Ready::Marker(Default::default());
        let wanted = wanted();
        let allowed = Duration::from_secs(1);
        for (first, said) in [(Some(false), "marker done.ok is not there yet"), (None, "deadline")]
        {
            let deadline = FetchDeadline::starting_now(allowed, &Cancel::new());
            let mut polls = first.into_iter();
            let mut look = || match polls.next() {
                Some(there) => Ok(poll_result([Some(5); 4], Some(there))),
                None => Err(FetchError::Deadline { allowed, last: None }),
            };
            let result = wait_until_complete(&marker, &wanted, "here", &deadline, false, &mut look);
            let error = result.unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn an_incomplete_delivery_is_reported_at_once_when_the_caller_polls() {
        let stable = Ready::Stable { wait: Duration::from_millis(20), polls: 3, min_size: 2 };
        let marker = Ready::Marker(Default::default());
        let all = |size| [Some(5), Some(5), Some(size), Some(5)];
        // What is seen one after the other, the last for ever; how often it is looked, and whether it is taken.
        type Seen = ([Option<u64>; 4], Option<bool>);
        let cases: [(&Ready, Vec<Seen>, usize, bool); 6] = [
            (&stable, vec![(all(5), None)], 3, true),
            (&stable, vec![([Some(5), Some(5), None, Some(5)], None)], 1, false),
            (&stable, vec![(all(1), None)], 1, false),
            (&stable, vec![(all(4), None), (all(5), None)], 2, false),
            (&marker, vec![(all(5), Some(false))], 1, false),
            (&marker, vec![(all(5), Some(true))], 1, true),
        ];
        let wanted = wanted();
        for (number, (ready, polled, expected, fetched_result)) in cases.into_iter().enumerate() {
            let deadline = FetchDeadline::starting_now(Duration::from_secs(60), &Cancel::new());
            let mut looks = 0;
            let mut look = || {
                let (sizes, marker) = polled[looks.min(polled.len() - 1)];
                looks += 1;
                Ok(poll_result(sizes, marker))
            };
            let result = wait_until_complete(ready, &wanted, "here", &deadline, true, &mut look);
            assert_eq!(result.is_ok(), fetched_result, "case {number}: {result:?}");
            assert_eq!(looks, expected, "case {number}");
        }
    }
}
