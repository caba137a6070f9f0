//! An open transaction that changes what there is of one business date: what a publication and a retraction share.

use chrono::NaiveDate;

use crate::config::schema::{ForestSchema, Schema};
use crate::model::{Feed, PerFeed, RowCounter, StoredRows, TreeRows};
use crate::store::branches::Branches;
use crate::store::date_list::Dates;
use crate::store::delivered_rows::DeliveredRows;
use crate::store::derivation::Derived;
use crate::store::error::StoreError;
use crate::store::feed_table::FeedTable;
use crate::store::rows::Written;
use crate::store::sqlite::first_trees::FirstTrees;
use crate::store::stored_feed::StoredFeed;
use crate::store::transaction::{Opened, Transaction};
use crate::store::trees::NewTree;

/// An open transaction. Nothing is visible to others before it is committed; if dropped before that, it changes
/// nothing.
#[derive(Debug)]
pub struct DateChange<'s> {
    pub(super) transaction: Box<dyn Transaction<'s> + 's>,
    pub(super) schema: &'s Schema,
    pub(super) tables: &'s PerFeed<FeedTable>,
    pub(super) date: NaiveDate,
    /// All dates with a delivery, ascending, this one among them.
    dates: Vec<NaiveDate>,
    /// Whether the date had a delivery before the transaction.
    known: bool,
    /// Whether the date is to have a delivery after it.
    pub(super) kept: bool,
    /// The newest date before the transaction.
    newest: Option<NaiveDate>,
    /// One a feed, once its rows are written.
    pub(super) written: PerFeed<Option<Written>>,
    /// One a forest.
    trees_written: Vec<bool>,
    /// Is told of the rows that are written.
    pub(super) counter: RowCounter<'s>,
}

impl<'s> DateChange<'s> {
    /// Reads which dates there are.
    pub(super) fn begin(opened: Opened<'s>, date: NaiveDate) -> Result<DateChange<'s>, StoreError> {
        let Opened { mut transaction, schema, tables } = opened;
        // Read inside the transaction: no other process can publish after it.
        let mut dates = transaction.dates()?;
        let newest = dates.last().copied();
        let at = dates.binary_search(&date);
        if let Err(at) = at {
            dates.insert(at, date);
        }
        Ok(DateChange {
            transaction,
            schema,
            tables,
            date,
            dates,
            known: at.is_ok(),
            kept: true,
            newest,
            written: PerFeed::default(),
            trees_written: vec![false; schema.forests.len()],
            counter: RowCounter::default(),
        })
    }

    /// The dates, for the rows of a feed.
    pub(super) fn dates(&self) -> Dates<'_> {
        Dates { date: self.date, all: &self.dates, known: self.known, kept: self.kept }
    }

    /// Reads the rows of a feed around the date.
    pub(super) fn stored(
        &mut self,
        feed: Feed,
        branches: Option<&mut Branches>,
    ) -> Result<StoredFeed, StoreError> {
        self.transaction.stored(feed, self.date, self.newest, branches)
    }

    /// Writes the rows of a feed as a delivery brings them.
    pub(super) fn write_feed(
        &mut self,
        feed: Feed,
        stored: &StoredFeed,
        branches: &mut Branches,
        delivery: DeliveredRows<'_>,
        counter: RowCounter<'_>,
    ) -> Result<Written, StoreError> {
        let dates = Dates { date: self.date, all: &self.dates, known: self.known, kept: self.kept };
        self.transaction.write_feed(feed, dates, stored, branches, delivery, counter)
    }

    /// Brings the rows of a feed to what they are without a delivery of the date.
    pub(super) fn write_feed_without(&mut self, feed: Feed) -> Result<(), StoreError> {
        let stored = self.stored(feed, None)?;
        let dates = Dates { date: self.date, all: &self.dates, known: self.known, kept: self.kept };
        let written = self.transaction.write_feed_without(feed, dates, &stored)?;
        self.written[feed] = Some(written);
        Ok(())
    }

    /// Whether this date is after all others.
    pub(super) fn is_forward(&self) -> bool {
        self.newest.is_some_and(|newest| newest < self.date)
    }

    /// Whether an older date changed the content of the newest snapshot, so that its forests are to be made anew from
    /// [`DateChange::newest_rows`]; once all feeds are written.
    pub fn newest_changed(&self) -> bool {
        self.written.iter().flatten().any(|written| written.newest_changed)
    }

    /// All rows of a feed in the newest snapshot, by key, with the fields asked for (by the schema's names).
    ///
    /// # Errors
    /// [`StoreError::Misuse`] for an unknown field; any fault of the store.
    pub fn newest_rows(&mut self, feed: Feed, fields: &[&str]) -> Result<StoredRows, StoreError> {
        self.transaction.newest_rows(feed, fields)
    }

    /// Writes the rows of one forest, once, those that differ from the stored ones. `former` is what is stored if that is
    /// known; otherwise it is read. Returns how many rows had to be written or deleted.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if the rows do not have the shape that [`TreeRows`] promises; any fault of
    /// the store. After an error the transaction can only be dropped.
    pub fn write_tree(
        &mut self,
        forest: &ForestSchema,
        rows: &TreeRows<'_>,
        former: Option<&TreeRows<'_>>,
    ) -> Result<u64, StoreError> {
        let unknown = || StoreError::Misuse(format!("the schema has no forest {}", forest.name));
        let at = self.schema.forests.iter().position(|f| f == forest).ok_or_else(unknown)?;
        let written = self.trees_written.get_mut(at).ok_or_else(unknown)?;
        if std::mem::replace(written, true) {
            return Err(StoreError::Misuse(format!("the forest {} comes twice", forest.name)));
        }
        let known = former.map(|former| NewTree::new(forest, former)).transpose()?;
        let new = NewTree::new(forest, rows)?;
        self.transaction.write_tree(forest, &new, known, self.counter)
    }

    /// Whether nothing has been published yet.
    pub(super) fn is_first_load(&self) -> bool {
        self.newest.is_none()
    }

    /// Takes over the forests of a first load, all of them at once.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] if a forest is written already; any fault of the database or of the file. After an error the
    /// transaction can only be dropped.
    pub fn take_trees(&mut self, trees: FirstTrees) -> Result<(), StoreError> {
        if self.trees_written.contains(&true) {
            return Err(StoreError::Misuse("the forests come twice".to_owned()));
        }
        self.transaction.take_trees(trees, self.counter)?;
        self.trees_written.fill(true);
        Ok(())
    }

    /// The feeds and forests that are not written. `trees` says whether the forests have to be.
    pub(super) fn missing(&self, trees: bool) -> Result<(), StoreError> {
        let feeds = self.tables.iter().zip(&self.written);
        let feeds = feeds.filter(|(_, done)| done.is_none()).map(|(t, _)| t.name().to_owned());
        let forests = self.schema.forests.iter().zip(&self.trees_written);
        let forests = forests
            .filter(|(_, done)| trees && !**done)
            .map(|(forest, _)| format!("forest {}", forest.name));
        let missing: Vec<String> = feeds.chain(forests).collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(StoreError::Misuse(format!("not written: {}", missing.join(", ")))),
        }
    }

    /// Corrects the counts of the later dates, which an older one changes through what is carried.
    pub(super) fn write_later_counts(&mut self) -> Result<(), StoreError> {
        let later = self.dates.iter().filter(|date| **date > self.date);
        let more = |feed: Feed, date: NaiveDate| -> i64 {
            let written = self.written[feed].iter();
            written.flat_map(|written| written.more_rows.range(..=date)).map(|(_, more)| more).sum()
        };
        for date in later {
            let counts = PerFeed::from_fn(|feed| more(feed, *date));
            if counts.iter().any(|more| *more != 0) {
                self.transaction.add_rows(*date, &counts)?;
            }
        }
        Ok(())
    }

    /// Writes what of the derived tables can be told once all feeds are written.
    pub(super) fn write_derived(&mut self) -> Result<(), StoreError> {
        let dates = Dates { date: self.date, all: &self.dates, known: self.known, kept: self.kept };
        let derived = |feed: Feed| self.written[feed].as_ref().map(|written| &written.derived);
        let none = Derived::default();
        let agents = &derived(Feed::Agent).unwrap_or(&none).agents;
        let hierarchy = &derived(Feed::Organ).unwrap_or(&none).hierarchy;
        self.transaction.write_derived(dates, agents, hierarchy)
    }

    /// Notes what the forests were made of, if they were written.
    pub(super) fn note_trees(&mut self) -> Result<(), StoreError> {
        match self.trees_written.iter().all(|written| *written) {
            true => self.transaction.note_trees(),
            false => Ok(()),
        }
    }

    /// Makes the changes visible to all readers; from here on they survive a power cut. Returns whether the log still
    /// holds them, as a reader keeps it from being folded back.
    pub(super) fn commit(mut self) -> Result<bool, StoreError> {
        let next = PerFeed::from_fn(|feed| self.written[feed].as_mut()?.next.take());
        self.transaction.commit(next)
    }
}
