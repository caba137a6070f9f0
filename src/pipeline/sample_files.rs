//! What the files of a sample are called.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::config::job::Job;
use crate::config::schema::Schema;
use crate::fetch;
use crate::model::{Feed, Message, is_gzip, is_zip};
use crate::propose::{self, Sample};

/// More files than a sample has beside the four; of those behind them the content is not looked at.
const MOST_FILES: usize = 64;
/// As much of a file as tells whose it is, in bytes.
const BEGINNING: usize = 64 << 10;

/// The names of the files that are not called as usual.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// As a job says them.
    pub(super) names: Vec<(Feed, String)>,
    /// The date in them.
    pub(super) date: Option<NaiveDate>,
    /// What is to be asked about them.
    pub(super) question: Option<Message>,
}

/// Where the files of a sample are.
enum Place {
    Folder(PathBuf),
    Zip(Vec<u8>),
}

impl Place {
    /// The zip file of a folder, if none of the files is in the folder itself.
    fn of(dir: &Path, schema: &Schema) -> Place {
        let names = file_names(dir);
        let is_there = |feed: Feed| {
            let expected = &schema.feed(feed).file_name;
            has(expected, &names) || fetch::only_near(expected, &newest(names.clone())).is_some()
        };
        let mut zips = names.iter().filter(|name| is_zip(name));
        if let (Some(zip), None) = (zips.next(), zips.next())
            && !Feed::ALL.into_iter().any(is_there)
        {
            let mut packed = Vec::new();
            let file = File::open(dir.join(zip)).map(|file| file.take(Job::MAX_FILE_SIZE));
            if file.and_then(|mut file| file.read_to_end(&mut packed)).is_ok() {
                return Place::Zip(packed);
            }
        }
        Place::Folder(dir.to_owned())
    }

    fn names(&self) -> Vec<String> {
        match self {
            Place::Folder(dir) => file_names(dir),
            Place::Zip(packed) => fetch::member_names(packed).unwrap_or_default(),
        }
    }

    /// The whole lines at the beginning of a file; `None` if it cannot be read, which the fetch tells.
    fn beginning(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = match self {
            Place::Folder(dir) => {
                let path = dir.join(name);
                // A pipe would be waited for.
                if !path.is_file() {
                    return None;
                }
                let mut bytes = Vec::new();
                let most = BEGINNING as u64 + 1;
                File::open(path).ok()?.take(most).read_to_end(&mut bytes).ok()?;
                bytes
            }
            Place::Zip(packed) => fetch::member(packed, name, Job::MAX_FILE_SIZE)?,
        };
        if bytes.len() > BEGINNING
            && let Some(end) = bytes[..BEGINNING].iter().rposition(|byte| *byte == b'\n')
        {
            // In UTF-16 a line end takes two bytes.
            bytes.truncate((end + 1).next_multiple_of(if bytes.contains(&0) { 2 } else { 1 }));
        }
        Some(bytes)
    }
}

/// The names of files that are not there under their usual ones: the one alone that is near or, where the name tells
/// nothing, the one whose content fits; and the date in them. Of several days the newest counts.
pub(super) fn names(dir: &Path, schema: &Schema) -> Names {
    let place = Place::of(dir, schema);
    let there = newest(place.names());
    let expected = |feed: Feed| &schema.feed(feed).file_name;
    let near = |feed| Some((feed, fetch::only_near(expected(feed), &there)?));
    let mut found: Vec<(Feed, String)> = Feed::ALL.into_iter().filter_map(near).collect();
    let lacking: Vec<Feed> = Feed::ALL
        .into_iter()
        .filter(|feed| !has(expected(*feed), &there) && !found.iter().any(|(of, _)| of == feed))
        .collect();
    if !lacking.is_empty() {
        let is_free = |name: &&String| {
            let lower = name.to_lowercase();
            !is_zip(name)
                && !is_gzip(name)
                && !found.iter().any(|(_, taken)| taken == *name)
                && !Feed::ALL.into_iter().any(|feed| expected(feed).to_lowercase() == lower)
        };
        let free: Vec<(&String, Vec<u8>)> = there
            .iter()
            .filter(is_free)
            .take(MOST_FILES)
            .filter_map(|name| Some((name, place.beginning(name)?)))
            .collect();
        let samples: Vec<Sample<'_>> =
            free.iter().map(|(name, bytes)| Sample { name, bytes }).collect();
        let by_content = propose::by_content(schema, &samples);
        let named = |feed: &Feed| Some((*feed, free[by_content[*feed]?].0.clone()));
        let recognised: Vec<(Feed, String)> = lacking.iter().filter_map(named).collect();
        found.extend(recognised);
        found.sort_by_key(|(feed, _)| Feed::ALL.into_iter().position(|other| other == *feed));
    }
    let question = found.iter().find_map(|(_, name)| propose::changing_name(name));
    let dates: BTreeSet<Option<NaiveDate>> =
        found.iter().map(|(_, name)| propose::dated_name(name).1).collect();
    // Dates that differ are no business date.
    match dates.iter().collect::<Vec<_>>().as_slice() {
        [Some(date)] => {
            let dated = |(feed, name): (Feed, String)| (feed, propose::dated_name(&name).0);
            let names = found.into_iter().map(dated).collect();
            Names { names, date: Some(*date), question }
        }
        _ => Names { names: found, date: None, question },
    }
}

/// Of names that differ in their date alone those of the newest day on which all are there.
fn newest(mut names: Vec<String>) -> Vec<String> {
    let mut days: BTreeMap<String, BTreeSet<NaiveDate>> = BTreeMap::new();
    for name in &names {
        if let (pattern, Some(date)) = propose::dated_name(name) {
            days.entry(pattern).or_default().insert(date);
        }
    }
    let several = || days.values().filter(|dates| dates.len() > 1);
    let common = several().cloned().reduce(|one, other| &one & &other);
    let Some(newest) = common.as_ref().and_then(|common| common.last()) else { return names };
    names.retain(|name| match propose::dated_name(name) {
        (pattern, Some(date)) => days[&pattern].len() < 2 || date == *newest,
        (_, None) => true,
    });
    names
}

/// Whether a file is there under its usual name.
fn has(expected: &str, names: &[String]) -> bool {
    let expected = expected.to_lowercase();
    let is_same = |name: &String| {
        let name = name.to_lowercase();
        name.strip_suffix(".gz").unwrap_or(&name) == expected
    };
    names.iter().any(is_same)
}

/// The names in a folder. One that cannot be read is told by the fetch.
pub(super) fn file_names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}
