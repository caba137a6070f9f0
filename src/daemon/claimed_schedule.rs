//! What is decided of one tenant in a store that many machines share, while its schedule is locked there. The decisions are
//! those of `plan`, as `serve` makes them; the time is that of the server.

use chrono::{DateTime, NaiveDate, Utc};

use crate::config::job::Job;
use crate::model::{RunId, Verdict};
use crate::pipeline::{WaitPolicy, run_id};
use crate::store::{
    ClaimEnd, ClaimTerms, LockedSchedule, RunClaim, SharedSchedules, StoreError, StoredSchedule,
};

use super::ledger::{self, Entry, LedgerError};
use super::plan::{NextStep, Phase, RunOutcome, ScheduleState, TickAction, Timetable};

/// Why nothing could be decided.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScheduleFault {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it keeps of the schedule cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The schedule cannot be written. A bug.
    #[error(transparent)]
    Text(#[from] serde_json::Error),
}

/// A run that has been claimed, and recorded as running.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) claim: RunClaim,
    pub(super) run: RunId,
    pub(super) attempt: u32,
    /// The run that has refused the delivery.
    pub(super) refused: Option<RunId>,
    pub(super) wait_policy: WaitPolicy,
    pub(super) now: DateTime<Utc>,
}

/// What is to be reported once it is written.
#[derive(Debug)]
pub(super) enum News {
    /// A run of a process that has ended came to its verdict.
    Settled { run: RunId, date: NaiveDate, outcome: RunOutcome, rows: u64 },
    /// A run of a process that has ended came to none.
    Interrupted { run: RunId, date: NaiveDate },
    /// A tick has found something.
    Tick(TickAction),
    /// What was written could not be read.
    Damaged(LedgerError),
}

/// A tenant to decide of.
pub(super) struct Tenant<'a> {
    pub(super) job: &'a Job,
    pub(super) timetable: Timetable<'a>,
    pub(super) terms: &'a ClaimTerms,
    /// Whether this process has not yet adopted the schedule of the job.
    pub(super) is_new: bool,
}

/// How an attempt went on.
#[derive(Debug)]
pub(super) enum Recorded {
    /// It is written.
    Done { after: NextStep, state: ScheduleState, now: DateTime<Utc> },
    /// Another has taken over.
    TakenOver,
}

/// How the claim of a date ends whose run was settled.
fn settled_as(state: &ScheduleState, date: NaiveDate) -> ClaimEnd {
    let settled = state.scheduled_run.as_ref().filter(|run| run.date == date);
    match settled.map(|run| run.phase) {
        Some(Phase::Published) => ClaimEnd::Published,
        Some(Phase::Refused) => ClaimEnd::Refused,
        Some(Phase::Failed | Phase::Late) => ClaimEnd::Failed,
        Some(Phase::Due(_) | Phase::Running) | None => ClaimEnd::Waiting,
    }
}

impl Tenant<'_> {
    fn restore(
        &self,
        text: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(ScheduleState, Option<LedgerError>), LedgerError> {
        let new = || ScheduleState::new(&self.timetable, now);
        match text.map(|text| ledger::of_text(&self.job.tenant, text)) {
            None => Ok((new(), None)),
            Some(Ok(entry)) => Ok((entry.state, None)),
            // What a newer program has written is not overwritten.
            Some(Err(error @ LedgerError::Newer { .. })) => Err(error),
            Some(Err(error)) => Ok((new(), Some(error))),
        }
    }

    fn text(&self, state: &ScheduleState, now: DateTime<Utc>) -> Result<String, serde_json::Error> {
        let next = self.timetable.next_after(state.handled.max(now));
        ledger::to_text(&Entry { state: state.clone(), next, job_file: None })
    }

    /// When its run is due, if something is to be decided. A date at which somebody works is left to them.
    pub(super) fn due(
        &self,
        stored: Option<&StoredSchedule>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let Some(stored) = stored.filter(|stored| !stored.text.is_empty()) else {
            return Some(now);
        };
        // What cannot be read is reported when it is decided of.
        let Ok((mut state, None)) = self.restore(Some(&stored.text), now) else { return Some(now) };
        let is_free = |state: &ScheduleState| {
            let date = state.scheduled_run.as_ref().map(|scheduled_run| scheduled_run.date);
            date.is_none_or(|date| !stored.claimed.contains(&date))
        };
        if state.is_running() {
            return is_free(&state).then_some(now);
        }
        if self.is_new {
            state.adopt(&self.timetable, now);
        }
        let is_changed = !state.advance(&self.timetable, now).is_empty();
        // The advance may have begun the run of another date.
        let due = state.due_at().filter(|at| *at <= now).or(is_changed.then_some(now));
        due.filter(|_| is_free(&state))
    }

    /// Decides whether a run begins, claims its date and writes that it is running.
    pub(super) fn decide(
        &self,
        schedules: &mut SharedSchedules,
        (at, news): &mut (DateTime<Utc>, Vec<News>),
    ) -> Result<Option<Begun>, ScheduleFault> {
        news.clear();
        let mut locked = schedules.lock(&self.job.tenant)?;
        let now = locked.now;
        *at = now;
        let (mut state, damaged) = self.restore(locked.text.as_deref(), now)?;
        news.extend(damaged.map(News::Damaged));
        let mut claim = None;
        if state.is_running() {
            let Some(taken) = self.settle(&mut state, &mut locked, news)? else { return Ok(None) };
            claim = Some(taken);
        }
        if self.is_new {
            state.adopt(&self.timetable, now);
        }
        news.extend(state.advance(&self.timetable, now).into_iter().map(News::Tick));
        let date = state.scheduled_run.as_ref().map(|scheduled_run| scheduled_run.date);
        let date = date.filter(|_| state.due_at().is_some_and(|at| at <= now));
        if let Some(other) = claim.take_if(|claim| Some(claim.date) != date) {
            locked.end(&other, settled_as(&state, other.date))?;
        }
        let Some(date) = date else {
            let text = self.text(&state, now)?;
            locked.commit(&text)?;
            return Ok(None);
        };
        if claim.is_none() {
            claim = locked.claim(date, self.terms)?;
        }
        // Somebody imports the date by hand: the next look decides.
        let Some(claim) = claim else { return Ok(None) };
        let refused = state.scheduled_run.as_ref().and_then(|run| run.refused.clone());
        if let Some(refused) = &refused
            // The ids of runs begin with the time.
            && locked.published_by(date)?.is_some_and(|run| run.0 > refused.0)
        {
            state.finish(&self.timetable, &RunOutcome::Published, now);
            locked.end(&claim, ClaimEnd::Published)?;
            let text = self.text(&state, now)?;
            locked.commit(&text)?;
            return Ok(None);
        }
        let run = run_id(&self.job.tenant, now, date);
        let wait_policy = match state.begin(run.clone(), now) {
            true => WaitPolicy::CallerRetries,
            false => WaitPolicy::LastAttempt,
        };
        let attempt = state.scheduled_run.as_ref().map_or(1, |run| run.attempts);
        let text = self.text(&state, now)?;
        locked.commit(&text)?;
        Ok(Some(Begun { claim, run, attempt, refused, wait_policy, now }))
    }

    /// Takes over the run of a process whose lease has run out, or that has not come to write how it ended. None if somebody works
    /// at it.
    fn settle(
        &self,
        state: &mut ScheduleState,
        locked: &mut LockedSchedule<'_>,
        news: &mut Vec<News>,
    ) -> Result<Option<RunClaim>, ScheduleFault> {
        let Some(scheduled_run) = &state.scheduled_run else { return Ok(None) };
        let (date, run) = (scheduled_run.date, scheduled_run.run.clone());
        let Some(claim) = locked.claim(date, self.terms)? else { return Ok(None) };
        let recorded = run.as_ref().map(|run| locked.verdict_of(run)).transpose()?.flatten();
        let outcome = match recorded {
            Some((Verdict::Published, _)) => RunOutcome::Published,
            Some((Verdict::Refused, _)) => RunOutcome::Refused,
            _ => RunOutcome::Stopped,
        };
        state.finish(&self.timetable, &outcome, locked.now);
        if let Some(run) = run {
            news.push(match recorded {
                Some((_, rows)) if outcome != RunOutcome::Stopped => {
                    News::Settled { run, date, outcome, rows }
                }
                _ => News::Interrupted { run, date },
            });
        }
        Ok(Some(claim))
    }

    /// Writes how a run ended, and ends its claim.
    pub(super) fn record(
        &self,
        schedules: &mut SharedSchedules,
        (claim, run): (&RunClaim, &RunId),
        outcome: &RunOutcome,
    ) -> Result<Recorded, ScheduleFault> {
        let mut locked = schedules.lock(&self.job.tenant)?;
        let now = locked.now;
        let (mut state, _) = self.restore(locked.text.as_deref(), now)?;
        let is_own =
            state.scheduled_run.as_ref().is_some_and(|last| last.run.as_ref() == Some(run));
        if !is_own || !locked.is_last(claim)? {
            return Ok(Recorded::TakenOver);
        }
        // Otherwise it was written over a connection that was lost then.
        let after = match state.is_running() {
            true => state.finish(&self.timetable, outcome, now),
            false => NextStep::Done,
        };
        let end = match (after, outcome) {
            (NextStep::RetryAt(_), _) => ClaimEnd::Waiting,
            (_, RunOutcome::Refused) => ClaimEnd::Refused,
            (NextStep::Done | NextStep::GivenUp, _) => ClaimEnd::Failed,
        };
        // A publication has ended it already.
        locked.end(claim, end)?;
        let text = self.text(&state, now)?;
        locked.commit(&text)?;
        Ok(Recorded::Done { after, state, now })
    }
}
