//! Tables of schedules and events: which runs are due, retried, missed, made up and given up.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::config::job::{Cron, Schedule};
use crate::model::{Message, RunId};
use crate::pipeline::Fault;

use super::plan::{
    MissingPrecondition, NextStep, Phase, RunOutcome, ScheduleState, TickAction, Timetable,
};

/// An insurer under the planner, and what was reported of it.
struct Simulation {
    schedule: Schedule,
    zone: Tz,
    state: ScheduleState,
    log: Vec<String>,
}

fn at(text: &str) -> DateTime<Utc> {
    let text = if text.len() == 16 { format!("{text}:00Z") } else { format!("{text}Z") };
    text.parse().unwrap()
}

fn without(missing: MissingPrecondition, transient: bool) -> RunOutcome {
    RunOutcome::Without { missing, transient, message: Message::fixed("x", "x") }
}

impl Simulation {
    /// `wait_until` is `08:00` or empty; times are UTC.
    fn new(cron: &str, zone: &str, wait_until: &str, start: &str) -> Simulation {
        let schedule = Schedule {
            cron: Cron::parse(cron).unwrap(),
            wait_until: wait_until.parse::<chrono::NaiveTime>().ok(),
            make_up_days: 0,
            retry_every: Duration::from_secs(30 * 60),
        };
        let zone: Tz = zone.parse().unwrap();
        let timetable = Timetable { schedule: &schedule, zone };
        let state = ScheduleState::new(&timetable, at(start));
        Simulation { schedule, zone, state, log: Vec::new() }
    }

    fn local(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%d %H:%M").to_string()
    }

    /// One tick: advances the state to the time, and runs what is due.
    fn tick(&mut self, now: DateTime<Utc>, outcome: &dyn Fn(DateTime<Utc>) -> RunOutcome) {
        let timetable = Timetable { schedule: &self.schedule, zone: self.zone };
        for tick in self.state.advance(&timetable, now) {
            let reports = match tick {
                TickAction::Missed(scheduled) => format!("missed {}", self.local(scheduled)),
                TickAction::GivenUp(scheduled_run) => {
                    format!("{:?} {}", scheduled_run.phase, scheduled_run.date.format("%d"))
                }
            };
            self.log.push(reports);
        }
        if self.state.due_at().is_none_or(|due| due > now) {
            return;
        }
        self.state.begin(RunId("r".to_owned()), now);
        let date = self.state.scheduled_run.as_ref().unwrap().date;
        let after = self.state.finish(&timetable, &outcome(now), now);
        let phase = self.state.scheduled_run.as_ref().unwrap().phase;
        let reports = match after {
            NextStep::RetryAt(at) => format!("again {}", self.local(at)),
            NextStep::Done | NextStep::GivenUp => format!("{phase:?}").to_lowercase(),
        };
        self.log.push(format!("{} run {}: {reports}", self.local(now), date.format("%d")));
    }

    /// Lets time go by from `from` to `to`, waking as the track asks.
    fn pass(&mut self, from: &str, to: &str, outcome: &dyn Fn(DateTime<Utc>) -> RunOutcome) {
        let (mut now, end) = (at(from), at(to));
        while now <= end {
            self.tick(now, outcome);
            let timetable = Timetable { schedule: &self.schedule, zone: self.zone };
            let wake = self.state.wake(&timetable).unwrap();
            assert!(wake > now, "the planner spins at {now}: {:?}", self.state);
            now = wake;
        }
    }

    fn reports(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }
}

const NIGHTLY: &str = "0 30 2 * * *";
const SHANGHAI: &str = "Asia/Shanghai";

fn published(_: DateTime<Utc>) -> RunOutcome {
    RunOutcome::Published
}

fn no_files(_: DateTime<Utc>) -> RunOutcome {
    without(MissingPrecondition::Files, true)
}

#[test]
fn a_scheduled_run_starts_at_its_time_and_is_settled_by_a_publication() {
    let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "08:00", "2026-11-23T12:00");
    simulation.pass("2026-11-23T12:00", "2026-11-25T12:00", &published);
    assert_eq!(simulation.reports(), ["24 02:30 run 24: published", "25 02:30 run 25: published"]);
}

#[test]
fn late_files_are_polled_until_wait_until() {
    let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "03:45", "2026-11-23T12:00");
    simulation.pass("2026-11-23T12:00", "2026-11-24T12:00", &no_files);
    assert_eq!(
        simulation.reports(),
        [
            "24 02:30 run 24: again 24 03:00",
            "24 03:00 run 24: again 24 03:30",
            "24 03:30 run 24: again 24 03:45",
            "24 03:45 run 24: late",
        ]
    );
    let comes = at("2026-11-24T19:10");
    simulation.pass("2026-11-24T12:00", "2026-11-25T12:00", &|now| match now < comes {
        true => without(MissingPrecondition::Files, true),
        false => RunOutcome::Published,
    });
    let reports = simulation.reports();
    assert_eq!(
        reports,
        [
            "25 02:30 run 25: again 25 03:00",
            "25 03:00 run 25: again 25 03:30",
            "25 03:30 run 25: published"
        ]
    );
}

#[test]
fn polling_past_midnight_keeps_the_business_date() {
    let mut simulation = Simulation::new("0 0 23 * * *", SHANGHAI, "00:30", "2026-11-23T12:00");
    simulation.pass("2026-11-23T12:00", "2026-11-24T12:00", &no_files);
    assert_eq!(
        simulation.reports(),
        [
            "23 23:00 run 23: again 23 23:30",
            "23 23:30 run 23: again 24 00:00",
            "24 00:00 run 23: again 24 00:30",
            "24 00:30 run 23: late",
        ]
    );
}

#[test]
fn each_run_outcome_leads_to_its_phase_and_retry() {
    let cases: [(&str, RunOutcome, &[&str]); 7] = [
        (
            "refused, and whatever comes instead",
            RunOutcome::Refused,
            &[
                "24 02:30 run 24: again 24 03:00",
                "24 03:00 run 24: again 24 03:30",
                "24 03:30 run 24: refused",
            ],
        ),
        ("no login", without(MissingPrecondition::Source, false), &["24 02:30 run 24: failed"]),
        ("broken job", without(MissingPrecondition::Setup, false), &["24 02:30 run 24: failed"]),
        ("corrupt", without(MissingPrecondition::Machine, false), &["24 02:30 run 24: failed"]),
        (
            "server down",
            without(MissingPrecondition::Source, true),
            &[
                "24 02:30 run 24: again 24 03:00",
                "24 03:00 run 24: again 24 03:30",
                "24 03:30 run 24: failed",
            ],
        ),
        (
            "no files, no wait_until: an hour",
            without(MissingPrecondition::Files, true),
            &[
                "24 02:30 run 24: again 24 03:00",
                "24 03:00 run 24: again 24 03:30",
                "24 03:30 run 24: late",
            ],
        ),
        (
            "full disk",
            without(MissingPrecondition::Machine, true),
            &[
                "24 02:30 run 24: again 24 03:00",
                "24 03:00 run 24: again 24 03:30",
                "24 03:30 run 24: failed",
            ],
        ),
    ];
    for (name, outcome, expected) in cases {
        let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "", "2026-11-23T12:00");
        simulation.pass("2026-11-23T12:00", "2026-11-24T12:00", &|_| outcome.clone());
        assert_eq!(simulation.reports(), expected, "{name}");
    }
}

#[test]
fn after_a_refusal_the_scheduler_polls_for_a_corrected_delivery() {
    // What the looks after the refusal find, and how it ends; that none has come is not reported.
    let cases = [
        (
            vec![without(MissingPrecondition::Files, true)],
            "24 03:45 run 24: refused",
            Phase::Refused,
        ),
        (
            vec![without(MissingPrecondition::Files, true), RunOutcome::Published],
            "24 03:30 run 24: published",
            { Phase::Published },
        ),
        (
            vec![without(MissingPrecondition::Lock, true), RunOutcome::Refused],
            "24 03:45 run 24: refused",
            { Phase::Refused },
        ),
        (
            vec![without(MissingPrecondition::Source, true)],
            "24 03:45 run 24: failed",
            Phase::Failed,
        ),
        (
            vec![without(MissingPrecondition::Setup, false)],
            "24 03:00 run 24: failed",
            Phase::Failed,
        ),
    ];
    for (found, last, phase) in cases {
        let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "03:45", "2026-11-23T12:00");
        let mut looks = [RunOutcome::Refused].into_iter().chain(found.clone());
        let looks = std::cell::RefCell::new(&mut looks);
        let end = found.last().unwrap();
        simulation.pass("2026-11-23T12:00", "2026-11-24T12:00", &|_| {
            looks.borrow_mut().next().unwrap_or(end.clone())
        });
        assert_eq!(simulation.reports().last().unwrap(), last, "{found:?}");
        assert_eq!(simulation.state.scheduled_run.as_ref().unwrap().phase, phase, "{found:?}");
    }
    // Nor is it reported at a restart on another day.
    let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "08:00", "2026-11-23T12:00");
    simulation.pass("2026-11-23T12:00", "2026-11-23T18:40", &|_| RunOutcome::Refused);
    simulation.reports();
    simulation.tick(at("2026-11-24T17:00"), &no_files);
    assert_eq!(simulation.reports(), Vec::<String>::new());
    assert_eq!(simulation.state.scheduled_run.as_ref().unwrap().phase, Phase::Refused);
}

#[test]
fn machine_faults_are_retried_with_backoff_a_bounded_number_of_times() {
    let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "23:00", "2026-11-23T12:00");
    simulation.pass("2026-11-23T12:00", "2026-11-24T16:00", &|_| {
        without(MissingPrecondition::Machine, true)
    });
    assert_eq!(
        simulation.reports(),
        [
            "24 02:30 run 24: again 24 03:00",
            "24 03:00 run 24: again 24 04:00",
            "24 04:00 run 24: again 24 06:00",
            "24 06:00 run 24: failed",
        ]
    );
}

#[test]
fn a_database_locked_all_day_is_given_up_and_alerted_within_the_night() {
    let missing = MissingPrecondition::of(Fault::DatabaseLocked).unwrap();
    let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "08:00", "2026-11-23T12:00");
    simulation.pass("2026-11-23T12:00", "2026-11-24T18:00", &|_| without(missing, true));
    // As a lock it was tried 2580 times, and the alert came at midnight.
    assert_eq!(simulation.reports().len(), 4);
    assert_eq!(simulation.state.scheduled_run.as_ref().unwrap().phase, Phase::Failed);
}

#[test]
fn a_held_lock_is_retried_soon_and_is_no_attempt() {
    let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "08:00", "2026-11-23T12:00");
    let free = at("2026-11-23T18:31:15");
    simulation.pass("2026-11-23T12:00", "2026-11-24T12:00", &|now| match now < free {
        true => without(MissingPrecondition::Lock, true),
        false => RunOutcome::Published,
    });
    assert_eq!(simulation.reports().len(), 4);
    let scheduled_run = simulation.state.scheduled_run.as_ref().unwrap();
    assert_eq!((scheduled_run.phase, scheduled_run.attempts), (Phase::Published, 1));
}

#[test]
fn a_run_missed_during_downtime_is_started_once() {
    // When the daemon is started again, and what is reported from then to noon.
    let cases: [(&str, &[&str]); 5] = [
        // Within the waiting.
        ("2026-11-23T20:00", &["24 04:00 run 24: published"]),
        // After it, on the same day.
        ("2026-11-24T03:00", &["24 11:00 run 24: published"]),
        // On the next day: too late for that one.
        ("2026-11-24T17:00", &["missed 24 02:30", "25 02:30 run 25: published"]),
        // Two days later: one run, not three.
        ("2026-11-25T20:00", &["26 04:00 run 26: published"]),
        // A month later, after years of counting.
        ("2026-12-24T20:00", &["25 04:00 run 25: published"]),
    ];
    for (back, expected) in cases {
        let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "08:00", "2026-11-23T12:00");
        let end = (at(back) + TimeDelta::hours(6)).max(at("2026-11-24T04:00"));
        let end = end.min(at(back) + TimeDelta::hours(8)).format("%Y-%m-%dT%H:%M:%S").to_string();
        let end = if back == "2026-11-24T17:00" { "2026-11-25T04:00".to_owned() } else { end };
        simulation.pass(back, &end, &published);
        assert_eq!(simulation.reports(), expected, "back at {back}");
    }
}

#[test]
fn a_missed_run_started_after_wait_until_polls_once() {
    let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "08:00", "2026-11-23T12:00");
    simulation.pass("2026-11-24T03:00", "2026-11-24T12:00", &no_files);
    assert_eq!(simulation.reports(), ["24 11:00 run 24: late"]);
}

#[test]
fn a_new_job_starts_no_run_scheduled_before_it_was_added() {
    let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "08:00", "2026-11-24T03:00");
    simulation.pass("2026-11-24T03:00", "2026-11-24T12:00", &published);
    assert_eq!(simulation.reports(), Vec::<String>::new());
}

#[test]
fn schedules_of_twice_a_day_and_of_every_few_minutes_run_each_time() {
    let mut simulation = Simulation::new("0 30 2,14 * * *", SHANGHAI, "03:00", "2026-11-23T12:00");
    simulation.pass("2026-11-23T12:00", "2026-11-24T12:00", &published);
    assert_eq!(simulation.reports(), ["24 02:30 run 24: published", "24 14:30 run 24: published"]);
    // Still waiting for the morning's files when the afternoon's time comes: one date, one scheduled run.
    let mut simulation = Simulation::new("0 30 2,14 * * *", SHANGHAI, "15:00", "2026-11-23T12:00");
    let comes = at("2026-11-24T06:30");
    simulation.pass("2026-11-23T12:00", "2026-11-24T12:00", &|now| match now < comes {
        true => without(MissingPrecondition::Files, true),
        false => RunOutcome::Published,
    });
    let reports = simulation.reports();
    assert_eq!(reports.last().unwrap(), "24 14:30 run 24: published");
    assert!(reports.iter().all(|line| line.contains("run 24")), "{reports:?}");
    // An evening that is waited for is given up when the next date's time comes.
    let mut simulation = Simulation::new("0 0 1,20 * * *", SHANGHAI, "02:00", "2026-11-23T11:00");
    simulation.pass("2026-11-23T11:00", "2026-11-23T17:00", &no_files);
    let reports = simulation.reports();
    assert_eq!(reports.last().unwrap(), "24 01:00 run 24: again 24 01:30");
    assert!(reports.contains(&"Late 23".to_owned()), "{reports:?}");
    let mut simulation = Simulation::new("0 */20 2 * * *", SHANGHAI, "", "2026-11-23T12:00");
    simulation.pass("2026-11-23T12:00", "2026-11-24T12:00", &published);
    assert_eq!(simulation.reports().len(), 3);
}

#[test]
fn scheduled_runs_survive_both_daylight_saving_changes() {
    for (start, end, expected) in [
        (
            "2026-03-28T12:00",
            "2026-03-30T12:00",
            ["29 03:00 run 29: published", "30 02:30 run 30: published"],
        ),
        (
            "2026-10-24T12:00",
            "2026-10-26T12:00",
            ["25 02:30 run 25: published", "26 02:30 run 26: published"],
        ),
    ] {
        let mut simulation = Simulation::new(NIGHTLY, "Europe/Berlin", "08:00", start);
        simulation.pass(start, end, &published);
        assert_eq!(simulation.reports(), expected, "{start}");
    }
}

#[test]
fn a_clock_set_back_neither_repeats_nor_stops_scheduled_runs() {
    let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "08:00", "2026-11-23T12:00");
    simulation.pass("2026-11-23T12:00", "2026-11-23T19:00", &published);
    assert_eq!(simulation.reports(), ["24 02:30 run 24: published"]);
    // Two hours back, over the scheduled time again.
    simulation.pass("2026-11-23T17:00", "2026-11-23T20:00", &published);
    assert_eq!(simulation.reports(), Vec::<String>::new());
    simulation.pass("2026-11-23T20:00", "2026-11-24T20:00", &published);
    assert_eq!(simulation.reports(), ["25 02:30 run 25: published"]);
    // A clock that was years ahead for a while: the job is not silent until then.
    simulation.pass("2036-11-23T12:00", "2036-11-23T20:00", &published);
    assert_eq!(simulation.reports().len(), 2);
    simulation.pass("2026-11-25T12:00", "2026-11-25T20:00", &published);
    assert_eq!(simulation.reports(), ["26 02:30 run 26: published"]);
    // Back while files are waited for: they are looked for at once rather than in a day.
    simulation.pass("2026-11-26T12:00", "2026-11-26T18:40", &no_files);
    simulation.reports();
    simulation.tick(at("2026-11-26T10:00"), &published);
    assert_eq!(simulation.reports(), ["26 18:00 run 27: published"]);
}

#[test]
fn a_changed_cron_expression_holds_from_now_on() {
    let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "08:00", "2026-11-22T12:00");
    simulation.pass("2026-11-22T12:00", "2026-11-22T20:00", &published);
    simulation.reports();
    // Changed at 15:00 to 12:00: not a missed run, but one of tomorrow.
    simulation.schedule.cron = Cron::parse("0 0 12 * * *").unwrap();
    let timetable = Timetable { schedule: &simulation.schedule, zone: simulation.zone };
    simulation.state.adopt(&timetable, at("2026-11-23T07:00"));
    simulation.pass("2026-11-23T07:00", "2026-11-24T05:00", &published);
    assert_eq!(simulation.reports(), ["24 12:00 run 24: published"]);
}

#[test]
fn a_corrected_job_file_is_retried_before_wait_until() {
    for (now, missing, again) in [
        ("2026-11-23T19:00", MissingPrecondition::Setup, true),
        ("2026-11-23T19:00", MissingPrecondition::Source, true),
        ("2026-11-23T19:00", MissingPrecondition::Machine, false),
        ("2026-11-24T01:00", MissingPrecondition::Setup, false),
    ] {
        let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "08:00", "2026-11-23T12:00");
        simulation.pass("2026-11-23T12:00", "2026-11-23T18:40", &|_| without(missing, false));
        let timetable = Timetable { schedule: &simulation.schedule, zone: simulation.zone };
        simulation.state.adopt(&timetable, at(now));
        assert_eq!(simulation.state.due_at().is_some(), again, "{missing:?} at {now}");
    }
}

#[test]
fn an_unfinished_run_of_an_earlier_date_is_given_up_at_a_restart() {
    let mut simulation = Simulation::new(NIGHTLY, SHANGHAI, "08:00", "2026-11-23T12:00");
    simulation.pass("2026-11-23T12:00", "2026-11-23T18:40", &no_files);
    simulation.reports();
    // Down until 01:00 of the day after.
    simulation.tick(at("2026-11-24T17:00"), &no_files);
    assert_eq!(simulation.reports(), ["Late 24"]);
}
