//! A simulation of two nights: twenty insurers, a clock that the test moves, and a daemon that is killed and restarted.
//!
//! The daemon's own event loop runs in a simulated environment: its clock jumps from event to event, its runs are real
//! imports of real files, its alerts go through the real dispatcher to a recording sender. A kill unwinds out of the
//! loop at any point; the next daemon starts from what is on disk.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use orgsnap::alert::send::{Bounds, SendError, Sender};
use orgsnap::alert::{Alert, AlertDispatcher, RunEvent};
use orgsnap::config::job::{AlertChannel, Job};
use orgsnap::daemon::{
    CronTimer, Event, Finished, LogEntry, Observer, RunRequest, Scheduler, SchedulerEnvironment,
    Settings, TenantStatus, run_event_loop,
};
use orgsnap::disk::TenantLock;
use orgsnap::fetch;
use orgsnap::model::{Cancel, Feed, Verdict};
use orgsnap::pipeline::{self, ImportRequest, NoReports, Progress, Stage, WaitPolicy};
use orgsnap::sample::{self, Charset, Options};
use rusqlite::Connection;

use crate::quiet::Quiet;

/// How long a run takes in simulated time.
const RUN: TimeDelta = TimeDelta::seconds(40);
/// So many insurers side by side.
const MOST_RUNNING: usize = 2;

/// A time of the night, in the insurers' time zone: `23 20:00:00` is 20:00 on 23 November 2026 in Shanghai.
fn at(text: &str) -> DateTime<Utc> {
    format!("2026-11-{}+08:00", text.replace(' ', "T"))
        .parse::<DateTime<chrono::FixedOffset>>()
        .unwrap()
        .to_utc()
}

/// A change outside the daemon, such as files that arrive.
type Action = Box<dyn FnOnce(&Simulation)>;

/// The folders, the planned changes, and the clock.
struct Simulation {
    folder: tempfile::TempDir,
    sample: PathBuf,
    clock: Cell<DateTime<Utc>>,
    actions: RefCell<VecDeque<(DateTime<Utc>, Action)>>,
    /// Locks of manual imports, by tenant.
    manual_locks: RefCell<BTreeMap<String, TenantLock>>,
}

impl Simulation {
    fn new() -> Simulation {
        let folder = tempfile::tempdir().unwrap();
        let sample = folder.path().join("sample");
        fs::create_dir_all(&sample).unwrap();
        let date = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        let options = Options { agents: 200, charset: Charset::Gb18030, ..Options::new(date) };
        sample::write(&options, &sample).unwrap();
        fs::create_dir(folder.path().join("jobs")).unwrap();
        Simulation {
            folder,
            sample,
            clock: Cell::new(at("23 20:00:00")),
            actions: RefCell::default(),
            manual_locks: RefCell::default(),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn job_file(&self, tenant: &str) -> PathBuf {
        self.folder.path().join("jobs").join(format!("{tenant}.toml"))
    }

    /// Writes a job file: a folder for each date, unless `source` says otherwise.
    fn job(&self, tenant: &str, source: &str) {
        let source = match source {
            "" => format!("kind = \"dir\"\npath = \"../in/{tenant}/{{date:%Y%m%d}}\""),
            other => other.to_owned(),
        };
        let text = format!(
            "tenant = \"{tenant}\"\nname = \"{tenant} 人寿\"\ntimezone = \"Asia/Shanghai\"\n[source]\n{source}\n\
             [schedule]\ncron = \"0 30 2 * * *\"\nwait_until = \"08:00\"\nretry_every = \"30m\"\n\
             [[alert]]\nkind = \"command\"\ncommand = [\"/bin/true\"]\n"
        );
        fs::write(self.job_file(tenant), text).unwrap();
    }

    fn incoming(&self, tenant: &str, day: u32) -> PathBuf {
        self.folder.path().join("in").join(tenant).join(format!("202611{day}"))
    }

    /// Puts a whole delivery where a tenant's is looked for.
    fn deliver(&self, tenant: &str, day: u32) -> PathBuf {
        let to = self.incoming(tenant, day);
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(&self.sample).unwrap() {
            let from = entry.unwrap().path();
            fs::copy(&from, to.join(from.file_name().unwrap())).unwrap();
        }
        to
    }

    /// Plans a change at a time.
    fn then(&self, time: &str, action: impl FnOnce(&Simulation) + 'static) {
        let mut actions = self.actions.borrow_mut();
        actions.push_back((at(time), Box::new(action)));
        actions.make_contiguous().sort_by_key(|(time, _)| *time);
    }

    fn next_action_at(&self) -> Option<DateTime<Utc>> {
        self.actions.borrow().front().map(|(time, _)| *time)
    }

    /// Moves the clock, and makes all changes planned until then.
    fn go_to(&self, time: DateTime<Utc>) {
        assert!(time >= self.clock.get());
        self.clock.set(time);
        loop {
            if self.next_action_at().is_none_or(|next| next > time) {
                return;
            }
            let Some((_, action)) = self.actions.borrow_mut().pop_front() else { return };
            action(self);
        }
    }

    /// The published runs of a tenant: date and number.
    fn published(&self, tenant: &str) -> Vec<String> {
        let path = self.data().join(tenant).join("org.db");
        let Ok(db) = Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
        else {
            return Vec::new();
        };
        let sql = "select business_date || ' x' || count(*) from run where verdict = 'published' \
                   group by business_date order by 1";
        let Ok(mut statement) = db.prepare(sql) else { return Vec::new() };
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

impl Simulation {
    /// Number of runs of a tenant that were refused.
    fn refused(&self, tenant: &str) -> u32 {
        let db = Connection::open(self.data().join(tenant).join("org.db")).unwrap();
        let sql = "select count(*) from run where verdict = 'refused'";
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// Records every alert that is sent.
#[derive(Debug, Default, Clone)]
struct Recorder(Arc<Mutex<Vec<Alert>>>);

impl Sender for Recorder {
    fn send(&self, _: &AlertChannel, alert: &Alert, _: &Bounds) -> Result<(), SendError> {
        self.0.lock().unwrap().push(alert.clone());
        Ok(())
    }
}

/// The log and the alert dispatcher of one daemon.
struct TestObserver<'w> {
    simulation: &'w Simulation,
    dispatcher: AlertDispatcher,
    log: &'w RefCell<Vec<String>>,
}

impl Observer for TestObserver<'_> {
    fn log(&self, log: &LogEntry) {
        let now = self.simulation.clock.get().with_timezone(&chrono_tz::Asia::Shanghai);
        let who = log.tenant.as_deref().unwrap_or("-");
        self.log.borrow_mut().push(format!(
            "{} {who} {}",
            now.format("%d %H:%M:%S"),
            log.message.en
        ));
    }

    fn on_event(&self, job: &Job, event: &RunEvent, now: DateTime<Utc>) {
        self.dispatcher.report(job, event, now).unwrap();
    }

    fn job_loaded(&self, job: &Job, now: DateTime<Utc>) {
        self.dispatcher.register(job, now).unwrap();
    }

    fn on_tick(&self, statuses: &[TenantStatus], _now: DateTime<Utc>) {
        let tenants: BTreeSet<&str> = statuses.iter().map(|s| s.job.tenant.as_str()).collect();
        assert_eq!(tenants.len(), statuses.len());
    }
}

/// Panics in the check stage, as a defect of a rule would.
struct PanicInCheck;

impl fetch::Progress for PanicInCheck {
    fn file(&self, _: Feed, _: Option<u64>) {}
    fn bytes(&self, _: Feed, _: u64) {}
}

impl Progress for PanicInCheck {
    fn stage(&self, stage: Stage) {
        assert!(stage != Stage::Check, "张三 is not on a boundary");
    }
}

fn execute(run_request: &RunRequest) -> Finished {
    let panics = run_request.job.tenant == "bug" && run_request.date.day() == 24;
    let progress: &dyn Progress = if panics { &PanicInCheck } else { &Quiet };
    run_request.execute(progress)
}

/// The simulated environment of one daemon.
struct Simulated<'w> {
    simulation: &'w Simulation,
    /// When the daemon is killed, or stopped in an orderly way.
    end: DateTime<Utc>,
    killed: bool,
    started: u32,
    /// Runs under way, by when they end. Half of them work at their beginning and half at their end, so that a
    /// kill finds runs that had committed and runs that had done nothing yet.
    running: Vec<(DateTime<Utc>, RunRequest, Option<Finished>)>,
}

impl SchedulerEnvironment for Simulated<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.simulation.clock.get()
    }

    fn start(&mut self, run_request: RunRequest) {
        self.started += 1;
        let early = self.started % 2 == 1;
        let finished = early.then(|| execute(&run_request));
        self.running.push((self.now() + RUN, run_request, finished));
        assert!(self.running.len() <= MOST_RUNNING);
        let tenants: BTreeSet<&str> = self
            .running
            .iter()
            .map(|(_, run_request, _)| run_request.job.tenant.as_str())
            .collect();
        assert_eq!(tenants.len(), self.running.len(), "a job overlaps itself");
    }

    fn set_timers(&mut self, timers: &[CronTimer]) {
        assert_eq!(timers.len(), 1, "all insurers share one cron expression: {timers:?}");
    }

    fn wait(&mut self, until: DateTime<Utc>) -> Event {
        let first = self.running.iter().map(|(end, _, _)| *end).min();
        let next = [Some(until), first, self.simulation.next_action_at(), Some(self.end)];
        self.simulation.go_to(next.into_iter().flatten().min().unwrap().max(self.now()));
        let now = self.now();
        if now >= self.end {
            match self.killed {
                // Unwinds without the panic hook, as nothing is printed when a process is killed.
                true => panic::resume_unwind(Box::new("killed")),
                false if self.running.is_empty() => return Event::Stop,
                false => {}
            }
        }
        let Some(over) = self.running.iter().position(|(end, _, _)| *end <= now) else {
            return Event::TimerFired;
        };
        let (_, run_request, finished) = self.running.remove(over);
        Event::Finished(Box::new(finished.unwrap_or_else(|| execute(&run_request))))
    }
}

/// Runs a daemon from now until it is killed or stopped.
fn run_daemon(
    simulation: &Simulation,
    recorder: &Recorder,
    log: &RefCell<Vec<String>>,
    end: &str,
    killed: bool,
) {
    let dispatcher = AlertDispatcher::with_sender(&simulation.data(), Arc::new(recorder.clone()));
    let observer = TestObserver { simulation, dispatcher, log };
    let settings = Settings {
        jobs: simulation.folder.path().join("jobs"),
        data: simulation.data(),
        backup: true,
        most_running: MOST_RUNNING,
        job_folder_poll_interval: TimeDelta::minutes(2),
    };
    let mut environment =
        Simulated { simulation, end: at(end), killed, started: 0, running: Vec::new() };
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut scheduler = Scheduler::new(settings, &|_| None, &observer);
        run_event_loop(&mut scheduler, &mut environment, &observer)
    }));
    assert_eq!(result.is_err(), killed, "{:#?}", log.borrow());
    // A killed daemon sends nothing more; the next one sends what is in the outbox.
    if !killed {
        assert_eq!(observer.dispatcher.flush(Duration::from_secs(20)).count, 0);
    }
}

/// The files of a delivery, in a folder that is not complete.
fn take_away(folder: &Path, file: &str) {
    fs::remove_file(folder.join(file)).unwrap();
}

#[test]
fn many_scheduled_jobs_publish_alert_and_recover_through_faults() {
    let simulation = Simulation::new();
    let well = ["bug", "w2", "w3", "w4", "w5", "w6", "w7", "w8"];
    let late = [("l1", "24 03:10:00"), ("l2", "24 04:55:00"), ("l3", "24 07:45:00")];
    for tenant in well.iter().copied().chain(late.map(|(tenant, _)| tenant)) {
        simulation.job(tenant, "");
        simulation.deliver(tenant, 25);
    }
    for tenant in well {
        simulation.deliver(tenant, 24);
    }
    for (tenant, time) in late {
        simulation.then(time, move |simulation| {
            simulation.deliver(tenant, 24);
        });
    }
    // Never comes on the 24th.
    simulation.job("never", "");
    simulation.deliver("never", 25);
    // Refused: a file is empty; a file is missing.
    for tenant in ["empty", "short"] {
        simulation.job(tenant, "");
        simulation.deliver(tenant, 25);
    }
    fs::write(simulation.deliver("empty", 24).join("temp_principal.txt"), "").unwrap();
    // One of them is delivered anew, corrected, within the waiting.
    simulation.then("24 06:10:00", |simulation| {
        simulation.deliver("empty", 24);
    });
    take_away(&simulation.deliver("short", 24), "temp_base_node.txt");
    // The other is mended by hand: nothing more is looked for.
    simulation.then("24 06:40:00", |simulation| {
        let job = orgsnap::config::job::load(&simulation.job_file("short"), &|_| None).unwrap();
        let request = ImportRequest {
            job: &job,
            date: NaiveDate::from_ymd_opt(2026, 11, 24),
            from: Some(&simulation.sample),
            dry_run: false,
            data_dir: &simulation.data(),
            now: simulation.clock.get(),
            cancel: &Cancel::new(),
            wait_policy: WaitPolicy::WaitForFiles,
            accept_unchanged: false,
            backup: true,
            refused: None,
        };
        assert_eq!(
            pipeline::import(&request, &Quiet, &NoReports).unwrap().verdict,
            Verdict::Published
        );
    });
    // (The delivery of "bug" is complete; its run panics on the 24th.)
    // Half uploaded until 05:10: two files are there, the marker is not.
    let marked =
        "kind = \"dir\"\npath = \"../in/half/{date:%Y%m%d}\"\nready = { marker = \"done.ok\" }";
    simulation.job("half", marked);
    let half = simulation.deliver("half", 24);
    take_away(&half, "temp_agent.txt");
    take_away(&half, "temp_base_node.txt");
    simulation.then("24 05:10:00", |simulation| {
        fs::write(simulation.deliver("half", 24).join("done.ok"), "").unwrap();
    });
    fs::write(simulation.deliver("half", 25).join("done.ok"), "").unwrap();
    // A server that is down: nobody listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let down = format!(
        "kind = \"ftp\"\nhost = \"127.0.0.1\"\nport = {closed}\nusername = \"u\"\npassword = \"p\"\n\
         attempts = 1\nretry_wait = \"1ms\"\ntimeout = \"2s\""
    );
    simulation.job("down", &down);
    // A job file that breaks at 22:00 and is mended in the morning: its last good version runs.
    simulation.job("typo", "");
    simulation.deliver("typo", 24);
    simulation.deliver("typo", 25);
    simulation.then("23 22:00:00", |simulation| {
        fs::write(simulation.job_file("typo"), "tenant = \"typo\"\n[schedule]\ncorn = 1\n")
            .unwrap();
    });
    simulation.then("24 09:00:00", |simulation| simulation.job("typo", ""));
    // A database that is none; moved away at noon.
    simulation.job("rotten", "");
    simulation.deliver("rotten", 24);
    simulation.deliver("rotten", 25);
    fs::create_dir_all(simulation.data().join("rotten")).unwrap();
    fs::write(simulation.data().join("rotten/org.db"), vec![b'x'; 8192]).unwrap();
    simulation.then("24 12:00:00", |simulation| {
        fs::remove_file(simulation.data().join("rotten/org.db")).unwrap();
    });
    // An import by hand holds the lock when the run is due.
    simulation.job("hand", "");
    simulation.deliver("hand", 24);
    simulation.deliver("hand", 25);
    simulation.then("24 02:25:00", |simulation| {
        let folder = simulation.data().join("hand");
        let lock = TenantLock::acquire(&folder, "import by hand", simulation.clock.get()).unwrap();
        simulation.manual_locks.borrow_mut().insert("hand".to_owned(), lock);
    });
    simulation.then("24 02:45:00", |simulation| {
        simulation.manual_locks.borrow_mut().remove("hand");
    });
    // A job file comes in the middle of the day, one is removed.
    simulation.then("24 15:00:00", |simulation| {
        simulation.job("new", "");
        simulation.deliver("new", 25);
        fs::remove_file(simulation.job_file("w8")).unwrap();
    });

    let recorder = Recorder::default();
    let log = RefCell::default();
    // Killed twice while two run, while others wait, in the middle of the last look, and over a night.
    for (end, back) in [
        ("24 02:30:20", "24 02:35:00"),
        ("24 02:39:30", "24 02:41:00"),
        ("24 04:00:10", "24 04:20:00"),
        ("24 08:00:20", "24 08:10:00"),
        ("25 02:00:00", "25 05:00:00"),
    ] {
        run_daemon(&simulation, &recorder, &log, end, true);
        simulation.go_to(at(back));
    }
    run_daemon(&simulation, &recorder, &log, "25 12:00:00", false);
    let log = log.into_inner();

    // Of the two that ran when it was killed the second time, one had published and one had not.
    let then = |words: &str| {
        let at_restart = |line: &&String| line.starts_with("24 02:41:00") && line.contains(words);
        log.iter().filter(at_restart).count()
    };
    assert_eq!((then("published 2026-11-24"), then("was cut short")), (1, 1), "{log:#?}");

    // Who published what, and how often.
    let both = ["2026-11-24 x1", "2026-11-25 x1"];
    let expected: Vec<(&str, &[&str])> = vec![
        ("bug", &both[1..]),
        ("w2", &both),
        ("w3", &both),
        ("w4", &both),
        ("w5", &both),
        ("w6", &both),
        ("w7", &both),
        ("w8", &both[..1]),
        ("l1", &both),
        ("l2", &both),
        ("l3", &both),
        ("half", &both),
        ("typo", &both),
        ("hand", &both),
        ("never", &both[1..]),
        ("empty", &both),
        ("short", &both),
        ("rotten", &both[1..]),
        ("new", &both[1..]),
        ("down", &[]),
    ];
    for (tenant, published) in expected {
        assert_eq!(simulation.published(tenant), published, "{tenant}: {log:#?}");
    }

    // What was refused is not run again while it is the same.
    for tenant in ["empty", "short"] {
        assert_eq!(simulation.refused(tenant), 1, "{tenant}: {log:#?}");
    }

    let after = |line: &&String| line.as_str() > "24 06:41" && line.as_str() < "25";
    let mended = log.iter().filter(|line| line.contains(" short run ")).filter(after).count();
    assert_eq!(mended, 0, "{log:#?}");

    // Every alert was sent once, over five kills.
    let sent = recorder.0.lock().unwrap();
    let mut alerts_sent: Vec<String> = sent
        .iter()
        .map(|alert| format!("{} {} {}", alert.tenant, alert.business_date, alert.kind.name()))
        .collect();
    alerts_sent.sort();
    assert_eq!(
        alerts_sent,
        [
            "bug 2026-11-24 failed",
            "bug 2026-11-25 recovered",
            "down 2026-11-24 failed",
            "down 2026-11-25 failed",
            "empty 2026-11-24 recovered",
            "empty 2026-11-24 refused",
            "never 2026-11-24 late",
            "never 2026-11-25 recovered",
            "rotten 2026-11-24 failed",
            "rotten 2026-11-25 recovered",
            "short 2026-11-24 refused",
            "short 2026-11-25 recovered",
            "typo 2026-11-23 failed",
            "typo 2026-11-24 recovered",
        ],
        "{log:#?}"
    );
    let ids: BTreeSet<&str> = sent.iter().map(|alert| alert.id.as_str()).collect();
    assert_eq!(ids.len(), sent.len(), "an alert was sent twice");

    // The log says who holds the lock, and holds nothing of the deliveries.
    assert!(log.iter().any(|line| line.contains("hand") && line.contains("import by hand")));
    assert!(log.iter().all(|line| line.is_ascii() || line.contains("人寿")), "{log:#?}");
}

#[test]
fn a_missed_date_that_is_delivered_later_is_made_up_after_the_next_publication() {
    let simulation = Simulation::new();
    // Comes a day late, at its own place; comes never; is refused and comes corrected.
    for tenant in ["late", "never", "mended"] {
        simulation.job(tenant, "");
    }
    for day in [24, 26, 27] {
        for tenant in ["late", "never", "mended"] {
            simulation.deliver(tenant, day);
        }
    }
    take_away(&simulation.deliver("mended", 25), "temp_base_node.txt");
    simulation.then("26 12:00:00", |simulation| {
        simulation.deliver("late", 25);
        simulation.deliver("mended", 25);
    });
    let (recorder, log) = (Recorder::default(), RefCell::default());
    run_daemon(&simulation, &recorder, &log, "26 20:00:00", false);
    let of = |tenant: &str| simulation.published(tenant).join(" ");
    assert_eq!(of("late"), "2026-11-24 x1 2026-11-26 x1");
    run_daemon(&simulation, &recorder, &log, "27 20:00:00", false);
    let all = "2026-11-24 x1 2026-11-25 x1 2026-11-26 x1 2026-11-27 x1";
    assert_eq!(of("late"), all, "{:#?}", log.borrow());
    assert_eq!(of("mended"), all, "{:#?}", log.borrow());
    assert_eq!(simulation.refused("mended"), 1, "the same files are looked at once");
    assert_eq!(of("never"), "2026-11-24 x1 2026-11-26 x1 2026-11-27 x1");
    let failed = "select count(*) from run where business_date = '2026-11-25'";
    let db = Connection::open(simulation.data().join("never/org.db")).unwrap();
    let recorded: u32 = db.query_row(failed, [], |row| row.get(0)).unwrap();
    assert_eq!(recorded, 1, "what is not there is looked for without a record");
}
