//! Exports that were ended before they published: a note is made before the first data file and goes after the publication,
//! so that what is left of one is found without looking through the lake.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::error::LakeError;
use super::opened::Lake;
use super::place;
use super::publication::Publication;

/// After this time an export that has not published is taken for ended.
const ENDED_AFTER: TimeDelta = TimeDelta::hours(24);

/// The note of an export that is under way.
#[derive(Debug)]
pub(super) struct Note {
    path: String,
}

impl Note {
    /// Notes that files in folders of this name are going to be written.
    pub(super) fn make(
        lake: &Lake,
        tenant: &str,
        date: NaiveDate,
        run: &str,
        folders: &[String],
    ) -> Result<Note, LakeError> {
        let path = format!("{}/{date}.{run}", place::unfinished(tenant));
        lake.create(&path, (folders.join("\n") + "\n").as_bytes())?;
        Ok(Note { path })
    }

    /// The date is published.
    pub(super) fn remove(self, lake: &Lake) -> Result<(), LakeError> {
        lake.remove(&self.path)
    }
}

/// Removes the files of exports that ended without publishing. Returns how many exports there were, and how many may be under
/// way still.
pub(super) fn clean(
    lake: &Lake,
    tenant: &str,
    publications: &[(NaiveDate, u32)],
    now: DateTime<Utc>,
) -> Result<(u64, u64), LakeError> {
    let (mut removed, mut under_way) = (0, 0);
    for note in lake.list(&place::unfinished(tenant))? {
        let name = note.path.rsplit('/').next().unwrap_or_default();
        let Some((date, run)) = name.split_once('.') else { continue };
        let Ok(date) = date.parse::<NaiveDate>() else { continue };
        if is_published(lake, tenant, publications, date, run)? {
            // It was ended between its publication and the removal of its note.
            lake.remove(&note.path)?;
        } else if now - note.modified < ENDED_AFTER {
            under_way += 1;
        } else {
            let folders = lake.read(&note.path)?.unwrap_or_default();
            for folder in String::from_utf8_lossy(&folders).lines() {
                for file in lake.list(folder)? {
                    lake.remove(&file.path)?;
                }
            }
            lake.remove(&note.path)?;
            removed += 1;
        }
    }
    Ok((removed, under_way))
}

fn is_published(
    lake: &Lake,
    tenant: &str,
    publications: &[(NaiveDate, u32)],
    date: NaiveDate,
    run: &str,
) -> Result<bool, LakeError> {
    for (_, revision) in publications.iter().filter(|(known, _)| *known == date) {
        let path = place::publication(tenant, date, *revision);
        let Some(content) = lake.read(&path)? else { continue };
        if Publication::parse(&lake.shown(&path), &content)?.folder.as_deref() == Some(run) {
            return Ok(true);
        }
    }
    Ok(false)
}
