//! An open transaction on a server.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use chrono::NaiveDate;

use crate::config::schema::{ForestSchema, Schema};
use crate::headcount::{Differences, Group};
use crate::model::{Feed, MendedFinding, PerFeed, RowCounter, RunId, StoredRows};
use crate::store::branches::Branches;
use crate::store::current_rows::NextRows;
use crate::store::date_list::Dates;
use crate::store::delivered_rows::DeliveredRows;
use crate::store::derived_columns::DerivedColumns;
use crate::store::earlier_findings::{EarlierFinding, EarlierFindings};
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::keys::KeyList;
use crate::store::made_by::made_by;
use crate::store::postgres::claim;
use crate::store::postgres::feed_reading::{self, Select};
use crate::store::postgres::feed_writer::PostgresFeedWriter;
use crate::store::postgres::headcount_rows::HeadcountRows;
use crate::store::postgres::recorded_findings::{self, RecordedFindings};
use crate::store::postgres::session::Session;
use crate::store::postgres::tables::{TABLES, table};
use crate::store::postgres::{
    derived_rows, recorded_runs, run_records, snapshots, staging, tree_rows,
};
use crate::store::record::RunRecord;
use crate::store::retraction_record::RetractionRecord;
use crate::store::rows::{self, Written};
use crate::store::run_claim::RunClaim;
use crate::store::snapshot::SnapshotInfo;
use crate::store::sqlite::first_trees::{FirstTrees, FirstTreesPlace};
use crate::store::stored_feed::StoredFeed;
use crate::store::stored_key::Place;
use crate::store::transaction::Transaction;
use crate::store::tree_layout::tree_table;
use crate::store::trees::NewTree;
use crate::store::{ages, headcount_change, previous_rows};

/// How often a server whose connection was lost in a commit is asked whether it is done, and how long apart.
const QUESTIONS: u32 = 30;
const BETWEEN: Duration = Duration::from_secs(1);

/// What a transaction records, by which it is known again.
#[derive(Debug, Clone)]
struct Recorded {
    run: String,
    is_retraction: bool,
}

/// An open transaction.
#[derive(Debug)]
pub(super) struct PostgresTransaction<'s> {
    session: &'s mut Session,
    tenant: i32,
    schema: &'s Schema,
    tables: &'s PerFeed<FeedTable>,
    claim: Option<&'s RunClaim>,
    /// The run of the snapshot before the date.
    previous: Option<RunId>,
    recorded: Option<Recorded>,
    is_over: bool,
}

impl<'s> PostgresTransaction<'s> {
    /// Opens the transaction. While it lasts no other changes anything of the tenant.
    pub(super) fn begin(
        session: &'s mut Session,
        tenant: i32,
        (schema, tables): (&'s Schema, &'s PerFeed<FeedTable>),
        date: NaiveDate,
        claim: Option<&'s RunClaim>,
    ) -> Result<PostgresTransaction<'s>, StoreError> {
        if let Some(claim) = claim.filter(|claim| claim.date != date) {
            return Err(StoreError::Misuse(format!("the claim is on {}, not {date}", claim.date)));
        }
        session.batch("begin")?;
        // From here on `Drop` rolls back whatever happens.
        let transaction = PostgresTransaction {
            session,
            tenant,
            schema,
            tables,
            claim,
            previous: None,
            recorded: None,
            is_over: false,
        };
        transaction.session.batch(&lock(tenant))?;
        staging::create(transaction.session)?;
        Ok(transaction)
    }

    fn select<'f>(&self, feed: Feed, fields: &[&'f str]) -> Result<Select<'f>, StoreError> {
        Select::new(self.schema.feed(feed), fields)
    }

    /// Asks a server whose connection was lost in a commit whether it is done.
    fn is_done(&self) -> Result<bool, StoreError> {
        let run = self.recorded.as_ref().map(|recorded| recorded.run.clone()).unwrap_or_default();
        let server = self.session.label().to_owned();
        let unknown = || StoreError::CommitUnknown { server, run };
        let Some(Recorded { run, is_retraction }) = self.recorded.clone() else {
            return Err(unknown());
        };
        for question in 0..QUESTIONS {
            if question > 0 {
                thread::sleep(BETWEEN);
            }
            let Ok(mut session) = Session::open(self.session.address()) else { continue };
            // Whoever commits holds this lock until the commit is done, or not.
            let asked = session.batch("begin").and_then(|()| session.batch(&lock(self.tenant)));
            let asked = asked.and_then(|()| {
                recorded_runs::is_recorded(&mut session, self.tenant, &run, is_retraction)
            });
            if let Ok(is_done) = asked {
                return Ok(is_done);
            }
        }
        Err(unknown())
    }
}

/// Locks what a transaction of a tenant holds until its end. It ends with the connection, wherever that leads.
fn lock(tenant: i32) -> String {
    format!("select from {TABLES}.tenant where id = {tenant} for update")
}

impl<'s> Transaction<'s> for PostgresTransaction<'s> {
    fn dates(&mut self) -> Result<Vec<NaiveDate>, StoreError> {
        snapshots::dates(self.session, self.tenant)
    }

    fn snapshot_before(&mut self, date: NaiveDate) -> Result<Option<SnapshotInfo>, StoreError> {
        let found = snapshots::newest(self.session, self.tenant, Some(date))?;
        self.previous = found.as_ref().map(|snapshot| snapshot.run.clone());
        Ok(found)
    }

    fn snapshot_of(&mut self, date: NaiveDate) -> Result<Option<SnapshotInfo>, StoreError> {
        snapshots::of(self.session, self.tenant, date)
    }

    fn branches(&mut self, date: NaiveDate) -> Result<Branches, StoreError> {
        feed_reading::read_branches(self.session, self.tenant, self.schema, date)
    }

    fn stored(
        &mut self,
        feed: Feed,
        date: NaiveDate,
        newest: Option<NaiveDate>,
        branches: Option<&mut Branches>,
    ) -> Result<StoredFeed, StoreError> {
        let table = &self.tables[feed];
        feed_reading::read(self.session, self.tenant, table, date, newest, branches)
    }

    fn has_current_trees(&mut self) -> Result<bool, StoreError> {
        let sql =
            format!("select count(*) from {TABLES}.forest where tenant_id = $1 and made_by = $2");
        let current: Option<i64> =
            self.session.value(&sql, &[&self.tenant, &made_by(self.schema)])?;
        Ok(current.and_then(|n| usize::try_from(n).ok()) == Some(self.schema.forests.len()))
    }

    fn previous_rows(
        &mut self,
        feed: Feed,
        fields: &[&str],
        date: NaiveDate,
        stored: &StoredFeed,
        delivery: DeliveredRows<'_>,
    ) -> Result<StoredRows, StoreError> {
        let select = self.select(feed, fields)?;
        let (mut keys, mut places) = (KeyList::default(), Vec::new());
        previous_rows::each(date, stored, delivery, |key, place| {
            keys.push(key);
            places.push(match place {
                Place::History(from) => Some(from),
                Place::Current | Place::Delivered(_) => None,
            });
            Ok::<(), StoreError>(())
        })?;
        select.at(self.session, self.tenant, &self.tables[feed], &keys, &places)
    }

    fn rows_of(
        &mut self,
        feed: Feed,
        fields: &[&str],
        keys: &KeyList,
    ) -> Result<StoredRows, StoreError> {
        let places = vec![None; keys.len()];
        let select = self.select(feed, fields)?;
        select.at(self.session, self.tenant, &self.tables[feed], keys, &places)
    }

    fn newest_rows(&mut self, feed: Feed, fields: &[&str]) -> Result<StoredRows, StoreError> {
        self.select(feed, fields)?.newest(self.session, self.tenant, &self.tables[feed])
    }

    fn write_feed(
        &mut self,
        feed: Feed,
        dates: Dates<'_>,
        stored: &StoredFeed,
        branches: &mut Branches,
        delivery: DeliveredRows<'_>,
        counter: RowCounter<'_>,
    ) -> Result<Written, StoreError> {
        let of = (self.schema, &self.tables[feed]);
        let writer =
            PostgresFeedWriter::new(self.session, self.tenant, of, dates, stored, Some(&delivery))?;
        rows::write(writer, dates, stored, branches, delivery, counter)
    }

    fn write_feed_without(
        &mut self,
        feed: Feed,
        dates: Dates<'_>,
        stored: &StoredFeed,
    ) -> Result<Written, StoreError> {
        let of = (self.schema, &self.tables[feed]);
        let writer = PostgresFeedWriter::new(self.session, self.tenant, of, dates, stored, None)?;
        rows::write_without(writer, dates, stored)
    }

    fn write_tree(
        &mut self,
        forest: &ForestSchema,
        new: &NewTree<'_>,
        known: Option<NewTree<'_>>,
        counter: RowCounter<'_>,
    ) -> Result<u64, StoreError> {
        tree_rows::write(self.session, self.tenant, forest, new, known, counter)
    }

    fn first_trees(&mut self) -> Result<Option<FirstTreesPlace<'s>>, StoreError> {
        Ok(None)
    }

    fn take_trees(&mut self, _: FirstTrees, _: RowCounter<'_>) -> Result<(), StoreError> {
        Err(StoreError::Misuse("a server takes no file of forests".to_owned()))
    }

    fn note_trees(&mut self) -> Result<(), StoreError> {
        let sql = format!(
            "update {TABLES}.forest set made_by = $2 where tenant_id = $1 and made_by is distinct from $2"
        );
        self.session.execute(&sql, &[&self.tenant, &made_by(self.schema)]).map(drop)
    }

    fn write_snapshot(&mut self, snapshot: &SnapshotInfo) -> Result<(), StoreError> {
        snapshots::write(self.session, self.tenant, snapshot)
    }

    fn add_rows(&mut self, date: NaiveDate, more: &PerFeed<i64>) -> Result<(), StoreError> {
        snapshots::add_rows(self.session, self.tenant, date, more)
    }

    fn delete_snapshot(
        &mut self,
        snapshot: &SnapshotInfo,
        record: RetractionRecord<'_>,
    ) -> Result<(), StoreError> {
        self.recorded = Some(Recorded { run: snapshot.run.0.clone(), is_retraction: true });
        snapshots::delete(self.session, self.tenant, snapshot, record)
    }

    fn write_derived(
        &mut self,
        dates: Dates<'_>,
        agents: &Differences<Group>,
        hierarchy: &BTreeSet<NaiveDate>,
    ) -> Result<(), StoreError> {
        for table in self.tables.iter() {
            let columns = DerivedColumns::new(self.schema, table);
            derived_rows::renew_oldest(self.session, self.tenant, table, &columns, dates)?;
        }
        let mut rows = HeadcountRows::new(self.session, self.tenant, self.schema);
        headcount_change::write(&mut rows, dates, agents, hierarchy)?;
        rows.write()
    }

    fn record(&mut self, record: RunRecord<'_, '_>) -> Result<(), StoreError> {
        let run = record.report.run.0.clone();
        self.recorded = Some(Recorded { run, is_retraction: false });
        run_records::write(self.session, self.tenant, record)
    }

    fn earlier_findings(&mut self, snapshot: &SnapshotInfo) -> Result<EarlierFindings, StoreError> {
        recorded_findings::read(self.session, self.tenant, snapshot)
    }

    fn mended(&mut self, findings: &[EarlierFinding]) -> Result<Vec<MendedFinding>, StoreError> {
        match &self.previous {
            Some(run) => recorded_findings::details(self.session, self.tenant, run, findings),
            None => Ok(Vec::new()),
        }
    }

    fn renew_ages(&mut self, after: NaiveDate) -> Result<(), StoreError> {
        let mut findings = RecordedFindings { session: self.session, tenant: self.tenant };
        ages::renew_after(&mut findings, after)
    }

    fn prepare_reading(&mut self) -> Result<(), StoreError> {
        // The server keeps its statistics itself, but not before the next publication may come.
        if self.previous.is_some() {
            return Ok(());
        }
        let trees = self.schema.forests.iter().map(|forest| tree_table(&forest.name));
        let feeds = Feed::ALL.into_iter().map(|feed| feed.name().to_owned());
        for name in feeds.chain(trees).chain(["headcount".to_owned()]) {
            let sql = format!(
                "select tableoid::regclass::text from {} where tenant_id = $1 limit 1",
                table(&name)
            );
            let part: Option<String> = self.session.value(&sql, &[&self.tenant])?;
            if let Some(part) = part {
                self.session.batch(&format!("analyze {part}"))?;
            }
        }
        Ok(())
    }

    fn commit(mut self: Box<Self>, _next: PerFeed<Option<NextRows>>) -> Result<bool, StoreError> {
        if let Some(claim) = self.claim {
            claim::publish(self.session, self.tenant, claim)?;
        }
        match self.session.batch("commit") {
            Ok(()) => {}
            // What the server has refused is rolled back.
            Err(error) if !self.session.is_closed() => return Err(error),
            Err(error) => {
                self.is_over = true;
                if !self.is_done()? {
                    return Err(error);
                }
            }
        }
        self.is_over = true;
        match (&self.recorded, self.session.is_local_only()) {
            (Some(Recorded { run, .. }), true) => Err(StoreError::CommitUnknown {
                server: self.session.label().to_owned(),
                run: run.clone(),
            }),
            _ => Ok(false),
        }
    }
}

impl Drop for PostgresTransaction<'_> {
    fn drop(&mut self) {
        // Without a commit everything is rolled back; if the rollback fails, the end of the connection does it.
        if !self.is_over
            && !self.session.is_closed()
            && let Err(error) = self.session.batch("rollback")
        {
            tracing::warn!("rolling back on {} failed: {error}", self.session.label());
        }
    }
}
