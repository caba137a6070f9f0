//! Which run is due: a pure function of the stored schedule state, the job's schedule and the time.
//!
//! A [`ScheduledRun`] covers one business date: the run at the scheduled time, retries while files are late, and its
//! final phase. A [`ScheduleState`] holds an insurer's last scheduled run, and up to which time all runs are settled.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::config::job::Schedule;
use crate::model::{Message, RunId};
use crate::pipeline::Fault;

/// When a job runs.
#[derive(Debug, Clone, Copy)]
pub struct Timetable<'a> {
    /// Its schedule.
    pub schedule: &'a Schedule,
    /// Its time zone.
    pub zone: Tz,
}

/// The stored scheduling state of an insurer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleState {
    /// The cron expression that the times below are of.
    pub cron: String,
    /// Its time zone.
    pub zone: String,
    /// All scheduled times up to this one are settled, or belong to `scheduled_run`.
    pub handled: DateTime<Utc>,
    /// The last scheduled run, done or not.
    pub scheduled_run: Option<ScheduledRun>,
}

/// The run of one business date, with its retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledRun {
    /// The scheduled time that began it.
    pub scheduled: DateTime<Utc>,
    /// The business date: the date of `scheduled` in the job's time zone.
    pub date: NaiveDate,
    /// Retries end at this time (`wait_until` of the job).
    pub until: DateTime<Utc>,
    /// Its phase.
    pub phase: Phase,
    /// Runs that were begun.
    pub attempts: u32,
    /// Those of them that ended in a fault of the machine.
    pub faults: u32,
    /// The last run that was begun.
    pub run: Option<RunId>,
    /// The last run that refused the delivery. A corrected one is looked for then, as a late one is.
    pub refused: Option<RunId>,
    /// The missing precondition of the last run, if it came to no verdict.
    pub missing: Option<MissingPrecondition>,
    /// The error message of the last run, if it came to no verdict.
    pub message: Option<Message>,
}

/// The phase of a scheduled run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A run is to begin at this time.
    Due(DateTime<Utc>),
    /// A run is under way.
    Running,
    /// Published.
    Published,
    /// Refused by the gate.
    Refused,
    /// Given up, and not because of late files.
    Failed,
    /// Given up, the files were not there.
    Late,
}

/// The precondition that a run lacked, so that it came to no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingPrecondition {
    /// The files.
    Files,
    /// The source, or a way to it.
    Source,
    /// The lock, which another run holds.
    Lock,
    /// A valid job file or schema, or a usable data folder.
    Setup,
    /// Disk space, an unlocked database; also a defect of the program itself.
    Machine,
}

impl MissingPrecondition {
    /// What a run lacked that ended in a fault; `None` if it was asked to end and lacked nothing.
    pub fn of(fault: Fault) -> Option<MissingPrecondition> {
        match fault {
            Fault::Delivery | Fault::BadDelivery => Some(MissingPrecondition::Files),
            Fault::Source | Fault::SourceAccess => Some(MissingPrecondition::Source),
            Fault::Busy => Some(MissingPrecondition::Lock),
            Fault::Setup | Fault::DataFolder => Some(MissingPrecondition::Setup),
            Fault::DatabaseLocked | Fault::Store | Fault::Internal => {
                Some(MissingPrecondition::Machine)
            }
            Fault::Stopped => None,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunOutcome {
    /// Published.
    Published,
    /// Refused by the gate.
    Refused,
    /// No verdict.
    Without {
        /// What was lacking.
        missing: MissingPrecondition,
        /// Whether it may be there later without anyone acting.
        transient: bool,
        /// What happened and what to do.
        message: Message,
    },
    /// It was asked to end.
    Stopped,
}

/// What follows for a scheduled run after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// There is a verdict.
    Done,
    /// Another run follows at this time.
    RetryAt(DateTime<Utc>),
    /// There is no automatic retry.
    GivenUp,
}

/// What a tick found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TickAction {
    /// A scheduled time was missed, and its date and its waiting period are over.
    Missed(DateTime<Utc>),
    /// A scheduled run was given up because its time is over or that of the next date has come.
    GivenUp(ScheduledRun),
}

/// Number of retries after faults of the set-up or the machine (a full disk, a locked database).
const MAX_FAULT_RETRIES: u32 = 3;
/// Retry delay for a held lock.
const LOCK_RETRY_DELAY: TimeDelta = TimeDelta::seconds(30);
/// A settled time further in the future than this was settled by a wrong clock.
const MAX_CLOCK_AHEAD: TimeDelta = TimeDelta::days(1);

impl Timetable<'_> {
    fn date(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    fn retry_every(&self) -> TimeDelta {
        delta(self.schedule.retry_every)
    }

    /// Whether there is a scheduled time on a date.
    pub fn has_time_on(&self, date: NaiveDate) -> bool {
        let midnight = |date: NaiveDate| {
            let local = date.and_time(NaiveTime::MIN);
            // Where clocks go forward over midnight, the day before has the hour.
            self.zone
                .from_local_datetime(&local)
                .earliest()
                .unwrap_or_else(|| self.zone.from_utc_datetime(&local))
        };
        let begins = midnight(date).to_utc() - TimeDelta::seconds(1);
        self.next_after(begins).is_some_and(|at| self.date(at) == date)
    }

    /// The next scheduled time after `at`.
    pub fn next_after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.schedule.cron.next_after(self.zone, at)
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(MAX_CLOCK_AHEAD)
}

impl ScheduleState {
    /// The state of a new insurer. Times scheduled before now are ignored.
    pub fn new(timetable: &Timetable<'_>, now: DateTime<Utc>) -> ScheduleState {
        ScheduleState {
            cron: timetable.schedule.cron.text().to_owned(),
            zone: timetable.zone.name().to_owned(),
            handled: now,
            scheduled_run: None,
        }
    }

    /// Adopts the job's current schedule. Another cron expression holds from now on: it makes no
    /// run of this morning a missed one. A run that failed because of the job file is retried.
    pub fn adopt(&mut self, timetable: &Timetable<'_>, now: DateTime<Utc>) {
        let (cron, zone) = (timetable.schedule.cron.text(), timetable.zone.name());
        if (self.cron.as_str(), self.zone.as_str()) != (cron, zone) {
            (self.cron, self.zone) = (cron.to_owned(), zone.to_owned());
            self.handled = self.handled.max(now);
        }
        if let Some(scheduled_run) = &mut self.scheduled_run
            && scheduled_run.phase == Phase::Failed
            && matches!(
                scheduled_run.missing,
                Some(MissingPrecondition::Setup | MissingPrecondition::Source)
            )
            && now < scheduled_run.until
        {
            scheduled_run.phase = Phase::Due(now);
        }
    }

    /// Advances to the current time, unless a run is under way.
    pub fn advance(&mut self, timetable: &Timetable<'_>, now: DateTime<Utc>) -> Vec<TickAction> {
        if self.is_running() {
            return Vec::new();
        }
        self.correct_clock_jump(timetable, now);
        let mut actions = Vec::new();
        let cron = &timetable.schedule.cron;
        if let Some(scheduled) = cron.last_between(timetable.zone, self.handled, now) {
            self.handled = scheduled;
            let (date, until) = (
                timetable.date(scheduled),
                timetable.schedule.wait_deadline(timetable.zone, scheduled),
            );
            match &mut self.scheduled_run {
                _ if until < now && timetable.date(now) != date => {
                    actions.push(TickAction::Missed(scheduled));
                }
                Some(scheduled_run) if scheduled_run.is_open() && scheduled_run.date == date => {
                    scheduled_run.until = until;
                    scheduled_run.phase = Phase::Due(now);
                }
                last => {
                    let new = ScheduledRun::new(scheduled, date, until);
                    if let Some(mut over) = last.replace(new).filter(ScheduledRun::is_open)
                        && over.give_up()
                    {
                        actions.push(TickAction::GivenUp(over));
                    }
                }
            }
        }
        if let Some(scheduled_run) = &mut self.scheduled_run
            && scheduled_run.is_open()
            && scheduled_run.until < now
            && scheduled_run.date != timetable.date(now)
            && scheduled_run.give_up()
        {
            actions.push(TickAction::GivenUp(scheduled_run.clone()));
        }
        actions
    }

    /// A clock that was put back makes no run come twice, but must not keep one from coming either.
    fn correct_clock_jump(&mut self, timetable: &Timetable<'_>, now: DateTime<Utc>) {
        if self.handled > now + MAX_CLOCK_AHEAD {
            self.handled = now;
        }
        let longest = (timetable.retry_every() * (1 << MAX_FAULT_RETRIES)).max(LOCK_RETRY_DELAY);
        if let Some(ScheduledRun { phase: Phase::Due(at), .. }) = &mut self.scheduled_run
            && *at > now + longest
        {
            *at = now;
        }
    }

    /// When a run is to begin; none if none is to, or one is under way.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        match self.scheduled_run.as_ref()?.phase {
            Phase::Due(at) => Some(at),
            _ => None,
        }
    }

    /// Whether a run is under way.
    pub fn is_running(&self) -> bool {
        self.scheduled_run
            .as_ref()
            .is_some_and(|scheduled_run| scheduled_run.phase == Phase::Running)
    }

    /// The next time at which there is something to do; none while a run is under way.
    pub fn wake(&self, timetable: &Timetable<'_>) -> Option<DateTime<Utc>> {
        if self.is_running() {
            return None;
        }
        let next = timetable.next_after(self.handled);
        [self.due_at(), next].into_iter().flatten().min()
    }

    /// Notes that a run begins. Returns whether another look would follow if it found no files.
    pub fn begin(&mut self, run: RunId, now: DateTime<Utc>) -> bool {
        let Some(scheduled_run) = &mut self.scheduled_run else { return false };
        scheduled_run.phase = Phase::Running;
        scheduled_run.attempts += 1;
        scheduled_run.run = Some(run);
        now < scheduled_run.until
    }

    /// Notes how the run ended.
    pub fn finish(
        &mut self,
        timetable: &Timetable<'_>,
        outcome: &RunOutcome,
        now: DateTime<Utc>,
    ) -> NextStep {
        let Some(scheduled_run) = &mut self.scheduled_run else { return NextStep::Done };
        let again = |scheduled_run: &mut ScheduledRun, at| {
            scheduled_run.phase = Phase::Due(at);
            NextStep::RetryAt(at)
        };
        let (missing, transient, message) = match outcome {
            RunOutcome::Published => {
                scheduled_run.phase = Phase::Published;
                (scheduled_run.missing, scheduled_run.message) = (None, None);
                return NextStep::Done;
            }
            RunOutcome::Refused => {
                (scheduled_run.missing, scheduled_run.message) = (None, None);
                scheduled_run.refused = scheduled_run.run.clone();
                if now < scheduled_run.until {
                    return again(
                        scheduled_run,
                        scheduled_run.until.min(now + timetable.retry_every()),
                    );
                }
                scheduled_run.phase = Phase::Refused;
                return NextStep::Done;
            }
            RunOutcome::Stopped => {
                scheduled_run.attempts = scheduled_run.attempts.saturating_sub(1);
                return again(scheduled_run, now);
            }
            RunOutcome::Without { missing, transient, message } => (*missing, *transient, message),
        };
        (scheduled_run.missing, scheduled_run.message) = (Some(missing), Some(message.clone()));
        let pause = match missing {
            // The holder will release it; nothing has been tried yet.
            MissingPrecondition::Lock => {
                scheduled_run.attempts = scheduled_run.attempts.saturating_sub(1);
                return again(scheduled_run, now + LOCK_RETRY_DELAY);
            }
            MissingPrecondition::Files | MissingPrecondition::Source => timetable.retry_every(),
            MissingPrecondition::Setup | MissingPrecondition::Machine => {
                scheduled_run.faults += 1;
                timetable.retry_every() * (1 << (scheduled_run.faults - 1).min(MAX_FAULT_RETRIES))
            }
        };
        if transient && scheduled_run.faults <= MAX_FAULT_RETRIES && now < scheduled_run.until {
            // The last poll is at `until` itself.
            return again(scheduled_run, scheduled_run.until.min(now + pause));
        }
        match scheduled_run.give_up() {
            true => NextStep::GivenUp,
            false => NextStep::Done,
        }
    }
}

impl ScheduledRun {
    fn new(scheduled: DateTime<Utc>, date: NaiveDate, until: DateTime<Utc>) -> ScheduledRun {
        ScheduledRun {
            scheduled,
            date,
            until,
            phase: Phase::Due(scheduled),
            attempts: 0,
            faults: 0,
            run: None,
            refused: None,
            missing: None,
            message: None,
        }
    }

    /// Whether a run is to come.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Due(_))
    }

    /// Ends it without a publication. Returns whether that is to be reported: it is not for a delivery that was
    /// refused and of which no corrected one has come.
    fn give_up(&mut self) -> bool {
        self.phase = match (self.missing, &self.refused) {
            (Some(MissingPrecondition::Files) | None, Some(_)) => Phase::Refused,
            (Some(MissingPrecondition::Files), None) => Phase::Late,
            _ => Phase::Failed,
        };
        self.phase != Phase::Refused
    }
}
