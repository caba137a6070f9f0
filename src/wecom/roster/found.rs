//! What a check found, and how it becomes the rows of `roster_check`.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::checks::{self, Changed, Check, instant};
use super::compare::ToldMember;
use super::difference::Difference;
use crate::config::job::IdCase;
use crate::wecom::store::WecomStoreError;

/// What a check has found so far.
#[derive(Debug)]
pub struct Found<'s> {
    pub(super) transaction: Transaction<'s>,
    pub(super) path: PathBuf,
}

impl Found<'_> {
    /// Adds a difference.
    ///
    /// # Errors
    /// Any fault of the disk.
    pub fn add(&mut self, difference: &Difference) -> Result<(), WecomStoreError> {
        let person = difference.person.as_ref();
        let insert = || -> rusqlite::Result<usize> {
            let mut statement = self.transaction.prepare_cached(
                "insert or replace into temp.found values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?;
            statement.execute(params![
                difference.kind.name(),
                difference.subject,
                difference.user_id,
                person.map(|person| person.feed.name()),
                person.map(|person| person.id.as_str()),
                person.and_then(|person| person.name.as_deref()),
                person.and_then(|person| person.organ_name.as_deref()),
                person.and_then(|person| person.team_name.as_deref()),
                person.and_then(|person| person.leave_date.as_deref())
            ])
        };
        insert().map(|_| ()).map_err(|error| WecomStoreError::sqlite(&self.path, error))
    }

    /// Tells what the callbacks say of each user id of which nothing changed since `settled`: of others the list may be
    /// older than the callback, or the other way round. Of one that left the enterprise but was not deleted they say
    /// nothing.
    ///
    /// # Errors
    /// Any fault of the file.
    pub fn told_members(
        &self,
        settled: DateTime<Utc>,
        case: IdCase,
        mut tell: impl FnMut(ToldMember<'_>),
    ) -> Result<(), WecomStoreError> {
        let mut read = || -> rusqlite::Result<()> {
            let key = match case {
                IdCase::Ignore => "lower(user_id)",
                IdCase::Exact => "user_id",
            };
            // Of spellings of one id, the one that changed last says how it stands. A rename changes both of its ids at
            // the same time: then it is the present one.
            let mut statement = self.transaction.prepare(&format!(
                "select user_id, present from (select user_id, deleted_at is null as present, changed_at, \
                 row_number() over (partition by {key} \
                 order by changed_at desc, deleted_at is not null, renamed_to is not null, user_id) as place \
                 from member where deleted_at is not null or coalesce(status, '') <> '5') \
                 where place = 1 and changed_at < ?1"
            ))?;
            let mut rows = statement.query([instant(settled)])?;
            while let Some(row) = rows.next()? {
                let user_id = row.get_ref(0)?.as_str()?;
                tell(ToldMember { user_id, present: row.get(1)? });
            }
            Ok(())
        };
        read().map_err(|error| WecomStoreError::sqlite(&self.path, error))
    }

    /// Ends the collection.
    ///
    /// # Errors
    /// Any fault of the disk.
    pub fn finish(self) -> Result<(), WecomStoreError> {
        let path = self.path;
        self.transaction.commit().map_err(|error| WecomStoreError::sqlite(&path, error))
    }
}

/// Makes what was collected the open differences, in one transaction, and records the check.
pub(super) fn commit(conn: &mut Connection, check: &Check) -> rusqlite::Result<Changed> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let last = checks::last_done(&transaction)?.map(|last| last.day);
    // A clock that was set back must not end a difference before it began.
    let day = last.map_or(check.day, |last| last.max(check.day));
    let (today, last) = (day.to_string(), last.unwrap_or(day).to_string());
    let closed = transaction.execute(
        "update roster_check set last_day = max(first_day, ?1), closed_on = ?2 where last_day is null and not exists \
         (select 1 from temp.found f where f.kind = roster_check.kind and f.subject = roster_check.subject)",
        [&last, &today],
    )?;
    // What an earlier check of the day no longer found is found again: it never ended.
    let reopened = transaction.execute(
        "update roster_check set last_day = null, closed_on = null where closed_on = ?1 and exists \
         (select 1 from temp.found f where f.kind = roster_check.kind and f.subject = roster_check.subject)",
        [&today],
    )?;
    transaction.execute(
        "update roster_check set (user_id, feed, person_id, person_name, organ_name, team_name, leave_date) = \
         (f.user_id, f.feed, f.person_id, f.person_name, f.organ_name, f.team_name, f.leave_date) \
         from temp.found f where f.kind = roster_check.kind and f.subject = roster_check.subject \
         and roster_check.last_day is null \
         and (f.user_id, f.feed, f.person_id, f.person_name, f.organ_name, f.team_name, f.leave_date) is not \
         (roster_check.user_id, roster_check.feed, roster_check.person_id, roster_check.person_name, \
         roster_check.organ_name, roster_check.team_name, roster_check.leave_date)",
        [],
    )?;
    let inserted = transaction.execute(
        "insert into roster_check (kind, subject, user_id, feed, person_id, person_name, organ_name, team_name, \
         leave_date, first_day) \
         select kind, subject, user_id, feed, person_id, person_name, organ_name, team_name, leave_date, ?1 \
         from temp.found f \
         where not exists (select 1 from roster_check r \
         where r.kind = f.kind and r.subject = f.subject and r.last_day is null)",
        [&today],
    )?;
    let open: i64 =
        transaction.query_row("select count(*) from temp.found", [], |row| row.get(0))?;
    let changed = Changed {
        opened: (inserted + reopened) as u64,
        closed: closed as u64,
        open: u64::try_from(open).unwrap_or_default(),
    };
    checks::record(&transaction, check, &today, changed)?;
    transaction.commit()?;
    Ok(changed)
}
