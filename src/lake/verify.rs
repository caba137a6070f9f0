//! Compares the lake with the database: every file by its sum, every date row by row.

use std::collections::BTreeMap;
use std::io;

use chrono::NaiveDate;

use crate::store::{CellValue, Reader, RowSink};

use super::difference::Difference;
use super::error::LakeError;
use super::export::{chain, publications, read, read_rows, source_of};
use super::history::{MarkedDate, marked};
use super::keyed_row::{BETWEEN, RowKeys};
use super::opened::{Lake, Tenant};
use super::place;
use super::publication::{Base, Form, Publication, PublishedTable};
use super::reading::{Expected, TableState, apply};
use super::row_hash::RowsHash;
use super::tables::{self, LakeTable};

/// Keys that are named of the rows that differ.
const EXAMPLES: usize = 3;

/// What a comparison has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Dates of the database.
    pub dates: u64,
    /// Rows that were compared.
    pub rows: u64,
    /// What differs.
    pub differences: Vec<Difference>,
}

/// The state of a tenant that is followed from date to date.
#[derive(Debug, Default)]
struct Followed {
    at: Option<Base>,
    tables: BTreeMap<String, TableState>,
}

/// Compares all dates of a tenant.
///
/// # Errors
/// [`LakeError`] if either cannot be read.
pub fn verify(lake: &Lake, tenant: Tenant<'_>) -> Result<Verified, LakeError> {
    let dates = marked(&Reader::open_existing(tenant.database)?.snapshots()?);
    let highest: BTreeMap<NaiveDate, u32> = publications(lake, tenant.id)?.into_iter().collect();
    let mut verified = Verified { dates: dates.len() as u64, ..Verified::default() };
    let mut followed = Followed::default();
    for date in &dates {
        let Some(revision) = highest.get(&date.date) else {
            verified.differences.push(Difference::DateMissing(date.date));
            continue;
        };
        let publication = read(lake, tenant.id, date.date, *revision)?;
        if publication.form == Form::Retracted || publication.history != date.mark {
            verified.differences.push(Difference::DateOutdated(date.date));
            continue;
        }
        followed.follow(lake, &publication, &mut verified.differences)?;
        compare(lake, tenant, &dates, &publication, &mut followed, &mut verified)?;
    }
    for (date, revision) in highest {
        if !dates.iter().any(|known| known.date == date)
            && read(lake, tenant.id, date, revision)?.form != Form::Retracted
        {
            verified.differences.push(Difference::DateNotRetracted(date));
        }
    }
    Ok(verified)
}

impl Followed {
    /// Goes on to a publication: from the one it continues, or from the full copy on.
    fn follow(
        &mut self,
        lake: &Lake,
        publication: &Publication,
        differences: &mut Vec<Difference>,
    ) -> Result<(), LakeError> {
        let goes_on = publication.base.is_some() && self.at == publication.base;
        let steps = match goes_on {
            true => vec![publication.clone()],
            false => {
                self.tables.clear();
                chain(lake, publication.clone())?
            }
        };
        for step in steps {
            let run = step.folder.as_deref().unwrap_or_default();
            let expected = Expected { tenant: &step.tenant, run };
            for table in &step.tables {
                let state = self.tables.entry(table.name.clone()).or_default();
                apply(lake, expected, table, state, differences)?;
            }
            let (business_date, revision) = (step.business_date, step.revision);
            self.at = Some(Base { business_date, revision });
        }
        Ok(())
    }
}

/// Compares the state of a date with the database.
fn compare(
    lake: &Lake,
    tenant: Tenant<'_>,
    dates: &[MarkedDate],
    publication: &Publication,
    followed: &mut Followed,
    verified: &mut Verified,
) -> Result<(), LakeError> {
    let date = publication.business_date;
    let Some(mut source) = source_of(tenant, date, dates)? else { return Err(LakeError::Busy) };
    for table in tables::of(&mut source)? {
        let name = table.name().to_owned();
        let Some(published) = publication.table(&name) else {
            verified.differences.push(Difference::TableMissing { date, table: name });
            continue;
        };
        let state = followed.tables.entry(name.clone()).or_default();
        let mut sum = RowsHash::default();
        state.values().for_each(|(hash, _)| sum.add(*hash));
        if (sum.rows, &sum.hex()) != (published.rows, &published.rows_hash) {
            verified.differences.push(Difference::Counts { date, table: name.clone() });
        }
        let mut rows = ComparedRows::new(&table, published, state);
        read_rows(lake, &source, &table, &place::publications(tenant.id), &mut rows)?;
        verified.rows += rows.seen;
        verified.differences.extend(rows.difference(date, name));
    }
    Ok(())
}

/// Compares the rows of the database with those of the lake.
struct ComparedRows<'r> {
    keys: RowKeys,
    key: String,
    state: &'r mut TableState,
    /// The mark of rows that were seen.
    mark: u32,
    seen: u64,
    missing: u64,
    other: u64,
    examples: Vec<String>,
}

impl<'r> ComparedRows<'r> {
    fn new(table: &LakeTable, published: &PublishedTable, state: &'r mut TableState) -> Self {
        // What the table has gained since is not in the lake.
        let counts = |name: &str| published.columns.iter().any(|column| column.name == name);
        let mark = state.values().map(|(_, mark)| mark + 1).max().unwrap_or(1);
        let (seen, missing, other) = (0, 0, 0);
        let (key, examples) = (String::new(), Vec::new());
        ComparedRows {
            keys: RowKeys::new(table, counts),
            key,
            state,
            mark,
            seen,
            missing,
            other,
            examples,
        }
    }

    fn difference(mut self, date: NaiveDate, table: String) -> Option<Difference> {
        let mut extra = 0;
        for (key, (_, mark)) in self.state.iter() {
            if *mark != self.mark {
                extra += 1;
                if self.examples.len() < EXAMPLES {
                    self.examples.push(key.clone());
                }
            }
        }
        let ComparedRows { missing, other, examples, .. } = self;
        let keys: Vec<String> = examples.iter().map(|key| key.replace(BETWEEN, " ")).collect();
        let differs = missing + extra + other > 0;
        differs.then_some(Difference::Rows { date, table, missing, extra, other, keys })
    }
}

impl RowSink for ComparedRows<'_> {
    fn columns(&mut self, _: &[&str]) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, cells: &[CellValue<'_>]) -> io::Result<bool> {
        let hash = self.keys.of(cells, &mut self.key)?;
        self.seen += 1;
        let is_right = match self.state.get_mut(&self.key) {
            Some((found, mark)) => {
                *mark = self.mark;
                let is_same = *found == hash;
                self.other += u64::from(!is_same);
                is_same
            }
            None => {
                self.missing += 1;
                false
            }
        };
        if !is_right && self.examples.len() < EXAMPLES {
            self.examples.push(self.key.clone());
        }
        Ok(true)
    }
}
