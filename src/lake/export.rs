//! Exports the snapshots of a tenant that the lake does not have as the database has them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use crate::export::Source;
use crate::store::{Question, Reader, RowSink, StatementError};

use super::error::LakeError;
use super::history::{MarkedDate, hex, marked};
use super::keyed_row::HashedRows;
use super::opened::{Lake, Tenant};
use super::place;
use super::plan::{self, Step, What};
use super::publication::{Base, FORMAT, Form, Publication, PublishedTable, Scope};
use super::publication_rows;
use super::row_hash::KeyedHashes;
use super::table_file::{Origin, TableFiles, lake_error};
use super::tables::{self, LakeTable};
use super::unfinished::{self, Note};

/// How often an export begins anew because the database was written meanwhile.
const ATTEMPTS: usize = 5;

/// A date that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedDate {
    /// The date.
    pub date: NaiveDate,
    /// Its revision.
    pub revision: u32,
    /// What was published.
    pub form: Form,
    /// Rows that were written, over all tables.
    pub rows: u64,
    /// Bytes of their files.
    pub bytes: u64,
}

/// What an export did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The dates, in order; none if the lake had all of them.
    pub dates: Vec<ExportedDate>,
    /// Exports that had ended before they published, whose files were removed.
    pub removed: u64,
    /// Exports that have not published, and may be under way.
    pub under_way: u64,
}

/// The rows of a date by table, to compare those of the next date with.
type DateRows = BTreeMap<String, KeyedHashes>;

/// Publishes what the lake lacks of a tenant, date by date.
///
/// # Errors
/// [`LakeError`]. What was published until then stays; the next export goes on from there.
pub fn export(lake: &Lake, tenant: Tenant<'_>, now: DateTime<Utc>) -> Result<Outcome, LakeError> {
    let mut outcome = Outcome::default();
    for _ in 0..ATTEMPTS {
        let mut export = Export::begin(lake, tenant, now, &mut outcome)?;
        if export.run(&mut outcome)? {
            return Ok(outcome);
        }
    }
    Err(LakeError::Busy)
}

/// The publications of a tenant: dates and revisions.
pub(super) fn publications(lake: &Lake, tenant: &str) -> Result<Vec<(NaiveDate, u32)>, LakeError> {
    let files = lake.list(&place::publications(tenant))?;
    Ok(files.iter().filter_map(|file| place::of_publication(tenant, &file.path)).collect())
}

/// Reads a publication.
pub(super) fn read(
    lake: &Lake,
    tenant: &str,
    date: NaiveDate,
    revision: u32,
) -> Result<Publication, LakeError> {
    let path = place::publication(tenant, date, revision);
    let file = lake.shown(&path);
    match lake.read(&path)? {
        Some(content) => Publication::parse(&file, &content),
        None => Err(LakeError::Damaged { file, reason: "it is not there".to_owned() }),
    }
}

/// The publications from the full copy to this one.
pub(super) fn chain(lake: &Lake, last: Publication) -> Result<Vec<Publication>, LakeError> {
    let mut chain = vec![last];
    while let Some(Publication { base: Some(base), tenant, business_date, .. }) = chain.last() {
        // Bases go back in time, so that a damaged one leads to no circle.
        if base.business_date >= *business_date {
            let path = place::publication(tenant, *business_date, base.revision);
            let reason = format!("it continues {}", base.business_date);
            return Err(LakeError::Damaged { file: lake.shown(&path), reason });
        }
        chain.push(read(lake, tenant, base.business_date, base.revision)?);
    }
    chain.reverse();
    Ok(chain)
}

/// The source as of a date, its snapshots being those of the plan; none if the database was written since.
pub(super) fn source_of(
    tenant: Tenant<'_>,
    date: NaiveDate,
    dates: &[MarkedDate],
) -> Result<Option<Source>, LakeError> {
    let source = Source::open(tenant.id, tenant.database, Some(date), tenant.schema.clone())?;
    let is_same = marked(&source.reader.snapshots()?) == dates;
    Ok(is_same.then_some(source))
}

/// Reads the rows of a table of the date that a source shows.
pub(super) fn read_rows(
    lake: &Lake,
    source: &Source,
    table: &LakeTable,
    folder: &str,
    sink: &mut dyn RowSink,
) -> Result<(), LakeError> {
    let sql = table.select(source.snapshot.date);
    let question = Question { sql: &sql, parameters: &[] };
    source.reader.ask(&question, None, sink).map_err(|error| match error {
        StatementError::Write(error) => lake_error(lake, folder, error),
        StatementError::Store(error) => LakeError::Store(error),
        other => LakeError::Statement(table.name().to_owned(), other),
    })
}

/// One attempt.
struct Export<'e> {
    lake: &'e Lake,
    tenant: Tenant<'e>,
    dates: Vec<MarkedDate>,
    /// Highest revisions.
    highest: BTreeMap<NaiveDate, u32>,
    /// The rows of the date that was read last.
    rows: Option<(NaiveDate, DateRows)>,
}

impl<'e> Export<'e> {
    fn begin(
        lake: &'e Lake,
        tenant: Tenant<'e>,
        now: DateTime<Utc>,
        outcome: &mut Outcome,
    ) -> Result<Export<'e>, LakeError> {
        let dates = marked(&Reader::open_existing(tenant.database)?.snapshots()?);
        let known = publications(lake, tenant.id)?;
        let (removed, under_way) = unfinished::clean(lake, tenant.id, &known, now)?;
        outcome.removed += removed;
        outcome.under_way = under_way;
        // They come in ascending order.
        let highest = known.into_iter().collect();
        Ok(Export { lake, tenant, dates, highest, rows: None })
    }

    /// Publishes what is left. False if the database was written meanwhile.
    fn run(&mut self, outcome: &mut Outcome) -> Result<bool, LakeError> {
        self.complete_rows()?;
        let Export { lake, tenant, .. } = *self;
        let read = |date, revision| read(lake, tenant.id, date, revision);
        for step in plan::steps(&self.dates, &self.highest, read)? {
            let Some(done) = self.publish(&step)? else { return Ok(false) };
            self.highest.insert(done.date, done.revision);
            outcome.dates.push(done);
        }
        Ok(true)
    }

    /// Writes the Parquet rows of publications that were ended before they had them.
    fn complete_rows(&self) -> Result<(), LakeError> {
        let there = self.lake.list(&place::publication_table(self.tenant.id))?;
        let there: BTreeSet<String> = there.into_iter().map(|file| file.path).collect();
        for (date, revision) in &self.highest {
            if !there.contains(&place::publication_rows(self.tenant.id, *date, *revision)) {
                let publication = read(self.lake, self.tenant.id, *date, *revision)?;
                publication_rows::write(self.lake, &chain(self.lake, publication)?)?;
            }
        }
        Ok(())
    }

    /// Publishes a date. None if the database was written meanwhile.
    fn publish(&mut self, step: &Step) -> Result<Option<ExportedDate>, LakeError> {
        let (lake, Tenant { id: tenant, .. }) = (self.lake, self.tenant);
        let Step { date, revision, what } = step;
        if *what == What::Retracted {
            let publication = self.publication(step, Form::Retracted, None, None, Vec::new());
            return self.make_visible(publication, Vec::new()).map(Some);
        }
        // The rows before are read first: of this date the next one needs them.
        let base = match what {
            What::Delta(before) => match self.base(*before)? {
                Some(base) => Some(base),
                None => return Ok(None),
            },
            What::Full | What::Retracted => None,
        };
        let Some(mut source) = source_of(self.tenant, *date, &self.dates)? else { return Ok(None) };
        let tables = tables::of(&mut source)?;
        // Where a table has gained a column, the rows before do not tell its values.
        let base = base.filter(|(publication, _)| {
            tables.iter().all(|table| {
                publication.table(table.name()).is_some_and(|t| t.columns == table.columns())
            })
        });
        let form = if base.is_some() { Form::Delta } else { Form::Full };
        let run = folder_name(&source, *revision);
        let folders: Vec<String> = tables
            .iter()
            .map(|table| place::data(table.name(), form.name(), tenant, *date, &run))
            .collect();
        let note = Note::make(lake, tenant, *date, &run, &folders)?;
        let (mut published, mut rows) = (Vec::new(), DateRows::new());
        for (table, folder) in tables.iter().zip(&folders) {
            let base = base.as_ref().and_then(|(_, rows)| rows.get(table.name()));
            let base = base.filter(|_| table.scope == Scope::State);
            let origin = Origin { tenant, date: *date, run: &run, folder };
            let mut files = TableFiles::new(lake, origin, table, base);
            read_rows(lake, &source, table, folder, &mut files)?;
            let (table, hashes) =
                files.finish().map_err(|error| lake_error(lake, folder, error))?;
            rows.insert(table.name.clone(), hashes);
            published.push(table);
        }
        let before = base.map(|(publication, _)| publication);
        let base = before
            .as_ref()
            .map(|before| Base { business_date: before.business_date, revision: before.revision });
        let publication = self.publication(step, form, base, Some(run), published);
        let before = before.map(|before| chain(lake, before)).transpose()?.unwrap_or_default();
        let done = self.make_visible(publication, before)?;
        note.remove(lake)?;
        self.rows = Some((*date, rows));
        Ok(Some(done))
    }

    /// The publication of a date with its rows. None if the database was written meanwhile.
    fn base(&mut self, date: NaiveDate) -> Result<Option<(Publication, DateRows)>, LakeError> {
        let revision = self.highest.get(&date).copied().unwrap_or_default();
        let publication = read(self.lake, self.tenant.id, date, revision)?;
        if let Some((known, rows)) = self.rows.take()
            && known == date
        {
            return Ok(Some((publication, rows)));
        }
        let Some(mut source) = source_of(self.tenant, date, &self.dates)? else { return Ok(None) };
        let mut rows = DateRows::new();
        for table in tables::of(&mut source)? {
            if table.scope == Scope::State {
                let mut hashes = HashedRows::new(&table);
                read_rows(self.lake, &source, &table, table.name(), &mut hashes)?;
                rows.insert(table.name().to_owned(), hashes.rows);
            }
        }
        Ok(Some((publication, rows)))
    }

    fn publication(
        &self,
        step: &Step,
        form: Form,
        base: Option<Base>,
        folder: Option<String>,
        tables: Vec<PublishedTable>,
    ) -> Publication {
        let at = self.dates.partition_point(|marked| marked.date <= step.date);
        let marked = at.checked_sub(1).and_then(|at| self.dates.get(at));
        Publication {
            format: FORMAT,
            tool: concat!("orgsnap ", env!("CARGO_PKG_VERSION")).to_owned(),
            tenant: self.tenant.id.to_owned(),
            business_date: step.date,
            revision: step.revision,
            form,
            run: marked.filter(|_| form != Form::Retracted).map(|marked| marked.run.clone()),
            history: marked.map(|marked| marked.mark.clone()).unwrap_or_default(),
            folder,
            base,
            tables,
        }
    }

    /// From here on the date is there for readers.
    fn make_visible(
        &self,
        publication: Publication,
        mut chain: Vec<Publication>,
    ) -> Result<ExportedDate, LakeError> {
        let Publication { business_date: date, revision, form, .. } = publication;
        let path = place::publication(self.tenant.id, date, revision);
        if !self.lake.create(&path, &publication.document()?)? {
            return Err(LakeError::Concurrent { date });
        }
        let files = || publication.tables.iter().flat_map(|table| &table.files);
        let rows = files().map(|file| file.rows).sum();
        let bytes = files().map(|file| file.bytes).sum();
        chain.push(publication);
        publication_rows::write(self.lake, &chain)?;
        Ok(ExportedDate { date, revision, form, rows, bytes })
    }
}

/// The name of the folders of an export: unlike that of any other, also of one that was ended.
fn folder_name(source: &Source, revision: u32) -> String {
    let mut random = [0; 4];
    // Without random bytes the names of two exports that write at the same time are alike, which fails for one of them.
    let _ = getrandom::fill(&mut random);
    format!("r{}.{revision}.{}", source.snapshot.run, hex(&random))
}
