//! Reads and writes the agents of each organisation by date. What is read of a date is kept, and what becomes of all dates is
//! written at once.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use crate::config::schema::Schema;
use crate::headcount::{Counts, Group, Headcount, with_those_below};
use crate::model::Feed;
use crate::store::derived_columns::parent_column;
use crate::store::error::StoreError;
use crate::store::headcount_change::{Day, HeadcountStore};
use crate::store::identifier::quoted;
use crate::store::postgres::copy::CopyIn;
use crate::store::postgres::session::Session;
use crate::store::postgres::tables::table;

/// The parent of each organisation.
type Parents = HashMap<String, Option<String>>;

/// The rows of the dates that are looked at.
pub(super) struct HeadcountRows<'s> {
    session: &'s mut Session,
    tenant: i32,
    schema: &'s Schema,
    stored: BTreeMap<NaiveDate, Day>,
    /// The hierarchy of the date that was asked for last.
    hierarchy: Option<(NaiveDate, Parents)>,
    changed: BTreeMap<NaiveDate, Day>,
    forgotten: Vec<NaiveDate>,
}

impl<'s> HeadcountRows<'s> {
    /// Nothing is read yet.
    pub(super) fn new(
        session: &'s mut Session,
        tenant: i32,
        schema: &'s Schema,
    ) -> HeadcountRows<'s> {
        HeadcountRows {
            session,
            tenant,
            schema,
            stored: BTreeMap::new(),
            hierarchy: None,
            changed: BTreeMap::new(),
            forgotten: Vec::new(),
        }
    }

    fn read(&mut self, date: NaiveDate) -> Result<&mut Day, StoreError> {
        if !self.stored.contains_key(&date) {
            let query = format!(
                "select organ_id, channel, agent_status, agents, agents_below from {} \
                 where tenant_id = {} and business_date = '{date}'",
                table("headcount"),
                self.tenant
            );
            let mut day = Day::new();
            self.session.copy_out(&query, |row| {
                let text = |at| Ok::<_, std::io::Error>(row.text(at)?.into());
                let group = Group { organ: text(0)?, channel: text(1)?, status: text(2)? };
                day.insert(group, Headcount { agents: row.int(3)?, below: row.int(4)? });
                Ok(())
            })?;
            self.stored.insert(date, day);
        }
        Ok(self.stored.entry(date).or_default())
    }

    /// Writes what has changed.
    pub(super) fn write(self) -> Result<(), StoreError> {
        let HeadcountRows { session, tenant, changed, forgotten, .. } = self;
        let name = table("headcount");
        for date in forgotten {
            session.batch(&format!(
                "delete from {name} where tenant_id = {tenant} and business_date = '{date}'"
            ))?;
        }
        if changed.is_empty() {
            return Ok(());
        }
        session.batch(&format!(
            "create temp table orgsnap_headcount on commit drop as select * from {name} where false"
        ))?;
        let rows = |copy: &mut CopyIn<'_>| {
            for (date, day) in &changed {
                for (Group { organ, channel, status }, headcount) in day {
                    copy.row(7)?;
                    copy.int4(tenant);
                    copy.text(Some(organ));
                    copy.date(*date);
                    copy.text(Some(channel));
                    copy.text(Some(status));
                    copy.int8(headcount.agents);
                    copy.int8(headcount.below);
                }
            }
            Ok(())
        };
        let columns =
            "tenant_id, organ_id, business_date, channel, agent_status, agents, agents_below";
        session.copy_in(&format!("orgsnap_headcount ({columns})"), rows)?;
        session.batch(&format!(
            "analyze orgsnap_headcount; \
             delete from {name} h using orgsnap_headcount s where h.tenant_id = {tenant} \
             and h.business_date = s.business_date and h.organ_id = s.organ_id and h.channel = s.channel \
             and h.agent_status = s.agent_status; \
             insert into {name} ({columns}) select {columns} from orgsnap_headcount where agents_below <> 0; \
             drop table orgsnap_headcount"
        ))
    }
}

impl HeadcountStore for HeadcountRows<'_> {
    type Error = StoreError;

    fn of(&mut self, date: NaiveDate) -> Result<Day, StoreError> {
        self.read(date).cloned()
    }

    fn get(&mut self, date: NaiveDate, group: &Group) -> Result<Option<Headcount>, StoreError> {
        Ok(self.read(date)?.get(group).copied())
    }

    fn set(
        &mut self,
        date: NaiveDate,
        group: &Group,
        headcount: Headcount,
    ) -> Result<(), StoreError> {
        let day = self.read(date)?;
        match headcount.below {
            0 => _ = day.remove(group),
            _ => _ = day.insert(group.clone(), headcount),
        }
        self.changed.entry(date).or_default().insert(group.clone(), headcount);
        Ok(())
    }

    fn forget(&mut self, date: NaiveDate) -> Result<(), StoreError> {
        self.stored.insert(date, Day::new());
        self.forgotten.push(date);
        Ok(())
    }

    fn sum(&mut self, date: NaiveDate, counts: &Counts<Group>) -> Result<Day, StoreError> {
        let Some(parent) = parent_column(self.schema) else {
            return with_those_below(counts, |_| Ok(None));
        };
        if self.hierarchy.as_ref().is_none_or(|(of, _)| *of != date) {
            let key = &self.schema.feed(Feed::Organ).key_field().column;
            let query = format!(
                "select {}, {} from {} where tenant_id = {} and valid_from <= '{date}' and valid_to > '{date}'",
                quoted(key),
                quoted(parent),
                table(Feed::Organ.name()),
                self.tenant
            );
            let mut parents = Parents::new();
            self.session.copy_out(&query, |row| {
                parents.insert(row.text(0)?.to_owned(), row.text_or_null(1)?.map(str::to_owned));
                Ok(())
            })?;
            self.hierarchy = Some((date, parents));
        }
        let parents = self.hierarchy.as_ref().map(|(_, parents)| parents);
        with_those_below(counts, |organ| Ok(parents.and_then(|p| p.get(organ)).cloned()))
    }
}
