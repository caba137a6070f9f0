//! A former delivery, and how a delivery differs from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;
use polars_arrow::array::Array as _;

use crate::config::job::{Format, Source};
use crate::config::schema::Schema;
use crate::delivery::{Acceptance, Background, Delivery, Readable};
use crate::fetch::{self, RawDelivery};
use crate::model::{
    Cancel, Column, Feed, FeedChanges, FormerDelivery, FormerFeed, Message, PerFeed, RowCounter,
    StoredRows, VanishedRecord,
};
use crate::rules::{Levels, check_lines, fields_of_previous};
use crate::store::{Branch, BranchFields, Branches, Organ};

use super::error::RunError;
use super::former_unreadable::FormerUnreadable;
use super::intake;

/// The raw files of the folder of a former delivery, under the names that the source of the job has for them. Its date is
/// not known; the names in the folder say it, where names have one. `date` is that of the delivery to be compared.
pub(super) fn fetch_former(
    folder: &Path,
    schema: &Schema,
    (names, date): (Option<&Source>, NaiveDate),
    max_file_size: u64,
) -> Result<RawDelivery, RunError> {
    let source = Source::dir_instead_of(folder, names);
    // What keeps the folder from being read is reported when it is fetched from.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let listed: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let date = source.fetching().files.newest_before(date, &listed).unwrap_or(date);
    let request = fetch::Request {
        source: &source,
        schema,
        date,
        max_file_size,
        workdir: folder,
        cancel: &Cancel::new(),
        caller_polls: false,
        earlier: &[],
    };
    let fetched = fetch::fetch(&request, &fetch::NoProgress).and_then(|mut raw| {
        raw.load(max_file_size)?;
        Ok(raw)
    });
    fetched.map_err(|error| {
        let folder = folder.display().to_string();
        RunError::Former(Box::new(FormerUnreadable { folder, why: error.message() }))
    })
}

/// A former delivery with the rows that were accepted.
pub(super) struct Former<'a> {
    delivery: Delivery<'a>,
    accepted: PerFeed<Acceptance>,
    folder: String,
}

/// How a delivery differs from a former one.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) feeds: BTreeMap<Feed, FeedComparison>,
    /// Agents gone by level-2 organ.
    pub(super) branches: Vec<Branch>,
}

/// How one feed differs.
#[derive(Debug)]
pub(super) struct FeedComparison {
    /// Accepted rows of the former delivery.
    pub(super) before: u64,
    pub(super) changes: FeedChanges,
    pub(super) former: FormerFeed,
    /// Former rows that are gone or have other content now.
    differing: Vec<u32>,
}

impl<'a> Former<'a> {
    /// Parses the files as the job pins them; a file that has another layout than that is detected anew, because the
    /// pins are those of today.
    ///
    /// # Errors
    /// [`RunError::Former`] if one of the files of `feeds` cannot be read.
    pub(super) fn parse(
        raw: &'a RawDelivery,
        schema: &'a Schema,
        (pinned, levels): (&Format, &Levels),
        feeds: &[Feed],
    ) -> Result<Former<'a>, RunError> {
        let whole = |former: &Former<'_>| {
            feeds.iter().all(|feed| former.delivery.readable(*feed).is_some())
        };
        let (mut former, mut why) = Former::parse_as(raw, schema, pinned, levels)?;
        if !whole(&former) && *pinned != Format::default() {
            (former, why) = Former::parse_as(raw, schema, &Format::default(), levels)?;
        }
        match feeds.iter().find(|feed| former.delivery.readable(**feed).is_none()) {
            None => Ok(former),
            Some(feed) => {
                let unknown = Message::new(
                    format!("{} 无法解析", raw.file(*feed).name()),
                    format!("{} cannot be parsed", raw.file(*feed).name()),
                );
                let (folder, why) = (former.folder, why[*feed].take().unwrap_or(unknown));
                Err(RunError::Former(Box::new(FormerUnreadable { folder, why })))
            }
        }
    }

    /// Parses the files, and tells for each feed what keeps its file from being read.
    fn parse_as(
        raw: &'a RawDelivery,
        schema: &'a Schema,
        pinned: &Format,
        levels: &Levels,
    ) -> Result<(Former<'a>, PerFeed<Option<Message>>), RunError> {
        let mut delivery =
            intake::parse(raw, schema, pinned, Background::default(), RowCounter::default())?;
        let (checked, accepted) = check_lines(&mut delivery, levels);
        let why = PerFeed::from_fn(|feed| {
            let file = |f: &&crate::model::Finding| f.feed == feed && f.code.starts_with('F');
            checked.findings.iter().find(file).map(|finding| {
                let (name, Message { zh, en }) = (raw.file(feed).name(), &finding.message);
                Message::new(format!("{name}：{zh}"), format!("{name}: {en}"))
            })
        });
        Ok((Former { delivery, accepted, folder: raw.source.clone() }, why))
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &str {
        &self.folder
    }

    /// What the bytes of a file hash to.
    pub(super) fn sha256(&self, feed: Feed) -> Option<&str> {
        self.delivery.files[feed].sha256.as_deref()
    }

    /// Compares a delivery with this one, as far as the files of both can be read. A key of which only a quarantined
    /// row came is carried, as in a publication.
    pub(super) fn compare(
        &self,
        delivery: &Delivery<'_>,
        accepted: &PerFeed<Acceptance>,
        quarantined: &PerFeed<Vec<String>>,
    ) -> Comparison {
        let mut comparison = Comparison::default();
        for feed in Feed::ALL {
            let (Some(former), Some(file)) =
                (self.delivery.readable(feed), delivery.readable(feed))
            else {
                continue;
            };
            let kept: BTreeSet<&str> = quarantined[feed].iter().map(String::as_str).collect();
            let (mut gone, mut differing) = (Vec::new(), Vec::new());
            let changes = compare_rows(
                (&former, &self.accepted[feed]),
                (&file, &accepted[feed]),
                &kept,
                (&mut gone, &mut differing),
            );
            if feed == Feed::Agent {
                comparison.branches = self.branches(&former, &gone);
            }
            let before = self.accepted[feed].order.len() as u64;
            gone.sort_unstable();
            differing.extend_from_slice(&gone);
            let at_end = is_end(&self.accepted[feed], &gone);
            let record = |row: &u32| VanishedRecord {
                key: former.key(*row).unwrap_or_default().to_owned(),
                line: former.line(*row),
            };
            let vanished = gone.iter().map(record).collect();
            let file = self.delivery.files[feed].name.clone();
            let former = FormerFeed { file, vanished, at_end };
            comparison.feeds.insert(feed, FeedComparison { before, changes, former, differing });
        }
        comparison
    }

    /// The records that a delivery no longer has or has with other content, with what they were called and where they
    /// stood.
    pub(super) fn differing_rows(&self, compared: &Comparison) -> PerFeed<Option<StoredRows>> {
        PerFeed::from_fn(|feed| {
            let (compared, file) = (compared.feeds.get(&feed)?, self.delivery.readable(feed)?);
            let table = &file.parsed.table;
            let fields = fields_of_previous(self.delivery.schema, feed).into_iter();
            let texts: Vec<_> =
                fields.filter_map(|field| Some((field, table.text(field)?))).collect();
            let names: Vec<&str> = texts.iter().map(|(field, _)| *field).collect();
            let mut rows = StoredRows::new(&names);
            for row in &compared.differing {
                rows.push(file.key(*row).unwrap_or_default());
                texts.iter().for_each(|(_, cells)| {
                    rows.push(cells.get(*row as usize).unwrap_or_default());
                });
            }
            Some(rows)
        })
    }

    /// Agents by level-2 organ of the former delivery, and how many of them are gone.
    fn branches(&self, agents: &Readable<'_, '_>, gone: &[u32]) -> Vec<Branch> {
        let (Some(fields), Some(organs)) =
            (BranchFields::of(self.delivery.schema), self.delivery.readable(Feed::Organ))
        else {
            return Vec::new();
        };
        let table = &organs.parsed.table;
        let (Some(parents), Some(Column::Int(levels)), Some(of_agent)) = (
            table.text(fields.organ_parent),
            table.column(fields.organ_level),
            agents.parsed.table.text(fields.agent_organ),
        ) else {
            return Vec::new();
        };
        let organ = |row: &u32| -> Option<(String, Organ)> {
            let at = *row as usize;
            let parent = parents.get(at).map(str::to_owned);
            Some((
                organs.key(*row)?.to_owned(),
                (parent, (!levels.is_null(at)).then(|| levels.value(at))),
            ))
        };
        let known: BTreeMap<String, Organ> =
            self.accepted[Feed::Organ].order.iter().filter_map(organ).collect();
        let mut branches = Branches::of(&known);
        for row in &self.accepted[Feed::Agent].order {
            branches.branch_of(of_agent.get(*row as usize), true);
        }
        for row in gone {
            let branch = branches.branch_of(of_agent.get(*row as usize), false);
            branches.count_removed(branch);
        }
        branches.list().to_vec()
    }
}

impl Comparison {
    /// The part that a report holds.
    pub(super) fn into_report(self, folder: String) -> FormerDelivery {
        let feeds = self.feeds.into_iter().map(|(feed, compared)| (feed, compared.former));
        FormerDelivery { folder, feeds: feeds.collect() }
    }
}

/// Counts the differences of one feed and collects the former rows that are gone, and those that have changed.
fn compare_rows(
    (former, former_accepted): (&Readable<'_, '_>, &Acceptance),
    (file, accepted): (&Readable<'_, '_>, &Acceptance),
    quarantined: &BTreeSet<&str>,
    (gone, changed): (&mut Vec<u32>, &mut Vec<u32>),
) -> FeedChanges {
    let mut changes = FeedChanges::default();
    let (before, now) = (former.parsed.table.hashes(), file.parsed.table.hashes());
    for row in &former_accepted.order {
        let Some(key) = former.key(*row) else { continue };
        let found = file.index.find(file.keys, key).filter(|found| accepted.accepts(*found));
        match found {
            Some(found) if now[found as usize] == before[*row as usize] => changes.unchanged += 1,
            Some(_) => {
                changes.changed += 1;
                changed.push(*row);
            }
            None if quarantined.contains(key) => changes.carried += 1,
            None => {
                changes.removed += 1;
                gone.push(*row);
            }
        }
    }
    let known = changes.unchanged + changes.changed;
    changes.added = (accepted.order.len() as u64).saturating_sub(known);
    changes
}

/// Whether these rows, in file order, are the last accepted ones of their file, and not all of it.
fn is_end(accepted: &Acceptance, gone: &[u32]) -> bool {
    let Some(first) = gone.first() else { return false };
    let after = accepted.order.iter().filter(|row| *row >= first).count();
    after == gone.len() && after < accepted.order.len()
}

/// The feeds whose missing rows are the last ones of the former file. `gone` is how many each feed lacks; where the
/// former file lacks another number, it is not what the snapshot was made of, and nothing is concluded.
pub(super) fn cut_off(comparison: &Comparison, gone: &PerFeed<u64>) -> PerFeed<bool> {
    PerFeed::from_fn(|feed| {
        comparison
            .feeds
            .get(&feed)
            .is_some_and(|c| c.former.at_end && c.changes.removed == gone[feed])
    })
}
