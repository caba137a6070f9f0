//! One check: list the members, look whether the list can be trusted, compare, store.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::checks::{Changed, Check};
use super::compare::{Comparison, Members, Person, Standing};
use super::error::RosterError;
use super::scope::{Departments, Scope};
use super::store::RosterStore;
use crate::config::job::{AgentId, Job, Secret, WecomApp};
use crate::config::schema::Schema;
use crate::model::Feed;
use crate::store::{self as org, Reader, RosterPerson};
use crate::wecom::api::{Client, Limits};

/// Most members that are read: the largest enterprises have fewer.
const MOST_MEMBERS: usize = 3_000_000;
/// How long the list may take in all.
const LIST_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// A change of which a callback told within this time before the list was begun may be missing in it.
const SETTLED: TimeDelta = TimeDelta::minutes(5);

/// What to check.
#[derive(Debug, Clone, Copy)]
pub struct Reconciliation<'r> {
    /// The job.
    pub job: &'r Job,
    /// Its schema.
    pub schema: &'r Schema,
    /// The folder of the tenant.
    pub tenant_dir: &'r Path,
    /// The time.
    pub now: DateTime<Utc>,
    /// Whether a list that is shorter, or a scope that is narrower than before, is taken for true.
    pub accept_smaller: bool,
}

/// A check that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// Its day.
    pub day: NaiveDate,
    /// Date of the snapshot.
    pub snapshot_date: NaiveDate,
    /// Members listed.
    pub members: u64,
    /// What it changed.
    pub changed: Changed,
}

impl Reconciliation<'_> {
    /// Compares the members with the roster. A failure is recorded, too, where it can be; one that is known before WeCom is
    /// asked makes no database for that.
    ///
    /// # Errors
    /// [`RosterError`]; no difference is changed then.
    pub async fn run(&self, client: &Client) -> Result<Reconciled, RosterError> {
        let prepared = match self.prepared() {
            Err(error) if !RosterStore::exists(self.tenant_dir) => return Err(error),
            prepared => prepared,
        };
        let mut store = RosterStore::open(self.tenant_dir)?;
        let day = self.job.business_date(self.now);
        let outcome = match prepared {
            Ok(prepared) => self.check(&mut store, day, client, &prepared).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &outcome
            && let Err(unrecorded) = store.record_failure(day, self.now, &error.message())
        {
            tracing::debug!(%unrecorded, "a check of members that failed is not recorded");
        }
        outcome
    }

    /// Everything that is needed before anything is asked.
    fn prepared(&self) -> Result<Prepared<'_>, RosterError> {
        let column = self.account_column()?;
        let path = self.tenant_dir.join(org::DATABASE);
        let reader = Reader::open_existing(&path)?;
        if reader.latest()?.is_none() {
            return Err(RosterError::NoSnapshot { path });
        }
        let app = self.application()?;
        Ok(Prepared { column, path, reader, app, secret: app.secret.reveal()? })
    }

    async fn check(
        &self,
        store: &mut RosterStore,
        day: NaiveDate,
        client: &Client,
        prepared: &Prepared<'_>,
    ) -> Result<Reconciled, RosterError> {
        let client = client.with_limits(Limits::UNATTENDED);
        let listed = tokio::time::timeout(LIST_TIMEOUT, self.list(&client, prepared)).await;
        let (members, departments, application) =
            listed.map_err(|_| RosterError::TimedOut(LIST_TIMEOUT))??;
        let scope = Scope::of(&departments, members.len() as u64, application);
        let before = store.last_done()?.map(|last| last.scope);
        let deleted = store.deleted_departments()?;
        let narrowed = scope.narrowed(before.as_ref(), &departments, &deleted);
        if let Some(narrowed) = &narrowed
            && !(self.accept_smaller && narrowed.may_be_true())
        {
            return Err(RosterError::Narrowed(narrowed.clone()));
        }
        let snapshot_date = self.compare(store, members, prepared)?;
        let changed = store.commit(&Check {
            day,
            started_at: self.now,
            snapshot_date,
            accepted_smaller: narrowed.is_some(),
            scope: scope.clone(),
        })?;
        tracing::info!(
            tenant = %self.job.tenant,
            members = scope.members,
            opened = changed.opened,
            closed = changed.closed,
            open = changed.open,
            "members compared with the roster"
        );
        Ok(Reconciled { day, snapshot_date, members: scope.members, changed })
    }

    /// The application whose secret lists the members: the synchronisation of contacts sees all of them.
    fn application(&self) -> Result<&WecomApp, RosterError> {
        let apps = &self.job.wecom.apps;
        let contacts = apps.iter().find(|app| app.agent_id == AgentId::Contacts);
        let other = || apps.iter().find(|app| matches!(app.agent_id, AgentId::Number(_)));
        contacts
            .or_else(other)
            .ok_or_else(|| RosterError::NoApplication { job: self.job.path.clone() })
    }

    /// The column of the agents that holds the user id; none if it is the key.
    fn account_column(&self) -> Result<Option<String>, RosterError> {
        let Some(wanted) = &self.job.wecom.roster.field else { return Ok(None) };
        let fields = &self.schema.feed(Feed::Agent).fields;
        let found = fields.iter().find(|field| field.name == *wanted || field.column == *wanted);
        match found {
            Some(field) => Ok(Some(field.column.clone())),
            None => Err(RosterError::UnknownField {
                job: self.job.path.clone(),
                field: wanted.clone(),
                known: fields.iter().map(|field| field.name.clone()).collect(),
            }),
        }
    }

    /// Everybody whom the secret sees, and where.
    async fn list(
        &self,
        client: &Client,
        Prepared { app, secret, .. }: &Prepared<'_>,
    ) -> Result<Listed, RosterError> {
        let departments = client.department_simplelist(secret, None).await?;
        let departments: Departments =
            departments.into_iter().map(|one| (one.id, one.parent_id)).collect();
        let application = match app.agent_id {
            AgentId::Number(number) => {
                let agent = client.agent_get(secret, number).await?;
                Some((number, agent.scope.departments.into_iter().collect()))
            }
            AgentId::Contacts | AgentId::Customers => None,
        };
        let mut members = Members::new(self.job.wecom.roster.case);
        let mut pages = client.members(secret);
        while let Some(page) = pages.next().await? {
            for member in page {
                members.add(&member.user_id);
            }
            if members.len() > MOST_MEMBERS {
                return Err(RosterError::TooMany { most: MOST_MEMBERS });
            }
        }
        Ok((members, departments, application))
    }

    /// Collects the differences; returns the date of the snapshot.
    fn compare(
        &self,
        store: &mut RosterStore,
        members: Members,
        Prepared { reader, column, path, .. }: &Prepared<'_>,
    ) -> Result<NaiveDate, RosterError> {
        let mut comparison = Comparison::new(&self.job.wecom.roster, members);
        let mut found = store.collect()?;
        found.told_members(self.now - SETTLED, self.job.wecom.roster.case, |member| {
            comparison.told(member)
        })?;
        let mut tell = |difference| found.add(&difference).map_err(RosterError::from);
        let snapshot_date = reader.roster(column.as_deref(), |person| {
            comparison.person(&as_compared(&person), &mut tell)
        })?;
        comparison.finish(&mut tell)?;
        found.finish()?;
        snapshot_date.ok_or_else(|| RosterError::NoSnapshot { path: path.clone() })
    }
}

/// What a check needs beside WeCom.
struct Prepared<'j> {
    /// The column of the agents that holds the user id; none if it is the key.
    column: Option<String>,
    /// The database of the snapshots.
    path: PathBuf,
    reader: Reader,
    /// The application that lists the members.
    app: &'j WecomApp,
    secret: Secret,
}

/// Members, departments, and what the application may see.
type Listed = (Members, Departments, Option<(u64, std::collections::BTreeSet<u64>)>);

fn as_compared<'a>(person: &RosterPerson<'a>) -> Person<'a> {
    let standing = match (person.is_delivered, person.is_active) {
        (false, _) => Standing::Gone,
        (true, true) => Standing::Active,
        (true, false) => Standing::Left,
    };
    Person {
        feed: person.feed,
        id: person.id,
        account: person.account,
        standing,
        name: person.name,
        organ_name: person.organ_name,
        team_name: person.team_name,
        leave_date: person.leave_date,
    }
}
