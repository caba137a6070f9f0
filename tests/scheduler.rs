//! A simulated night: twenty insurers, a clock that the test moves, and a daemon that is killed and started again.
//!
//! The daemon's own loop runs in a simulated outside: its clock jumps from event to event, its runs are real
//! imports of real files, its alerts go through the real desk to a recording sender. A kill unwinds out of the
//! loop wherever it stands; what comes after starts from what is on disk.

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
use orgsnap::pipeline::{self, ImportRequest, Progress, Stage, WaitPolicy};
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

/// Something that happens in the world around the daemon.
type Deed = Box<dyn FnOnce(&World)>;

/// The world: folders, what is going to happen, and the clock.
struct World {
    folder: tempfile::TempDir,
    sample: PathBuf,
    clock: Cell<DateTime<Utc>>,
    deeds: RefCell<VecDeque<(DateTime<Utc>, Deed)>>,
    /// Locks of imports by hand, by tenant.
    by_hand: RefCell<BTreeMap<String, TenantLock>>,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let sample = folder.path().join("sample");
        fs::create_dir_all(&sample).unwrap();
        let date = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        let options = Options { agents: 200, charset: Charset::Gb18030, ..Options::new(date) };
        sample::write(&options, &sample).unwrap();
        fs::create_dir(folder.path().join("jobs")).unwrap();
        World {
            folder,
            sample,
            clock: Cell::new(at("23 20:00:00")),
            deeds: RefCell::default(),
            by_hand: RefCell::default(),
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

    /// Has something happen at a time.
    fn then(&self, time: &str, deed: impl FnOnce(&World) + 'static) {
        let mut deeds = self.deeds.borrow_mut();
        deeds.push_back((at(time), Box::new(deed)));
        deeds.make_contiguous().sort_by_key(|(time, _)| *time);
    }

    fn next_deed(&self) -> Option<DateTime<Utc>> {
        self.deeds.borrow().front().map(|(time, _)| *time)
    }

    /// Lets time go by, with all that happens in it.
    fn go_to(&self, time: DateTime<Utc>) {
        assert!(time >= self.clock.get());
        self.clock.set(time);
        loop {
            if self.next_deed().is_none_or(|next| next > time) {
                return;
            }
            let Some((_, deed)) = self.deeds.borrow_mut().pop_front() else { return };
            deed(self);
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

impl World {
    /// Number of runs of a tenant that were refused.
    fn refused(&self, tenant: &str) -> u32 {
        let db = Connection::open(self.data().join(tenant).join("org.db")).unwrap();
        let sql = "select count(*) from run where verdict = 'refused'";
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// Takes every alert that is sent.
#[derive(Debug, Default, Clone)]
struct Recorder(Arc<Mutex<Vec<Alert>>>);

impl Sender for Recorder {
    fn send(&self, _: &AlertChannel, alert: &Alert, _: &Bounds) -> Result<(), SendError> {
        self.0.lock().unwrap().push(alert.clone());
        Ok(())
    }
}

/// Log and desk of one daemon.
struct Watch<'w> {
    world: &'w World,
    dispatcher: AlertDispatcher,
    log: &'w RefCell<Vec<String>>,
}

impl Observer for Watch<'_> {
    fn log(&self, log: &LogEntry) {
        let now = self.world.clock.get().with_timezone(&chrono_tz::Asia::Shanghai);
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

/// What there is in the code of a run, for all that anybody knows: a bug that one delivery wakes.
struct Bug;

impl fetch::Progress for Bug {
    fn file(&self, _: Feed, _: Option<u64>) {}
    fn bytes(&self, _: Feed, _: u64) {}
}

impl Progress for Bug {
    fn stage(&self, stage: Stage) {
        assert!(stage != Stage::Check, "张三 is not on a boundary");
    }
}

fn execute(run_request: &RunRequest) -> Finished {
    let woken = run_request.job.tenant == "bug" && run_request.date.day() == 24;
    let progress: &dyn Progress = if woken { &Bug } else { &Quiet };
    run_request.execute(progress)
}

/// The simulated outside of one daemon.
struct Simulated<'w> {
    world: &'w World,
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
        self.world.clock.get()
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
        let next = [Some(until), first, self.world.next_deed(), Some(self.end)];
        self.world.go_to(next.into_iter().flatten().min().unwrap().max(self.now()));
        let now = self.now();
        if now >= self.end {
            match self.killed {
                // Not a panic: nobody is told, it is just over.
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

/// One life of the daemon, from now to its end.
fn live(world: &World, recorder: &Recorder, log: &RefCell<Vec<String>>, end: &str, killed: bool) {
    let dispatcher = AlertDispatcher::with_sender(&world.data(), Arc::new(recorder.clone()));
    let watch = Watch { world, dispatcher, log };
    let settings = Settings {
        jobs: world.folder.path().join("jobs"),
        data: world.data(),
        most_running: MOST_RUNNING,
        poll: TimeDelta::minutes(2),
    };
    let mut environment =
        Simulated { world, end: at(end), killed, started: 0, running: Vec::new() };
    let lived = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut scheduler = Scheduler::new(settings, &|_| None, &watch);
        run_event_loop(&mut scheduler, &mut environment, &watch)
    }));
    assert_eq!(lived.is_err(), killed, "{:#?}", log.borrow());
    // A killed daemon sends nothing any more; what it had noted is sent by the next one.
    if !killed {
        assert_eq!(watch.dispatcher.flush(Duration::from_secs(20)).count, 0);
    }
}

/// The files of a delivery, in a folder that is not complete.
fn take_away(folder: &Path, file: &str) {
    fs::remove_file(folder.join(file)).unwrap();
}

#[test]
fn many_scheduled_jobs_publish_alert_and_recover_through_faults() {
    let world = World::new();
    let well = ["bug", "w2", "w3", "w4", "w5", "w6", "w7", "w8"];
    let late = [("l1", "24 03:10:00"), ("l2", "24 04:55:00"), ("l3", "24 07:45:00")];
    for tenant in well.iter().copied().chain(late.map(|(tenant, _)| tenant)) {
        world.job(tenant, "");
        world.deliver(tenant, 25);
    }
    for tenant in well {
        world.deliver(tenant, 24);
    }
    for (tenant, time) in late {
        world.then(time, move |world| {
            world.deliver(tenant, 24);
        });
    }
    // Never comes on the 24th.
    world.job("never", "");
    world.deliver("never", 25);
    // Refused: a file is empty; a file is missing.
    for tenant in ["empty", "short"] {
        world.job(tenant, "");
        world.deliver(tenant, 25);
    }
    fs::write(world.deliver("empty", 24).join("temp_principal.txt"), "").unwrap();
    // One of them is delivered anew, corrected, within the waiting.
    world.then("24 06:10:00", |world| {
        world.deliver("empty", 24);
    });
    take_away(&world.deliver("short", 24), "temp_base_node.txt");
    // The other is mended by hand: nothing more is looked for.
    world.then("24 06:40:00", |world| {
        let job = orgsnap::config::job::load(&world.job_file("short"), &|_| None).unwrap();
        let request = ImportRequest {
            job: &job,
            date: NaiveDate::from_ymd_opt(2026, 11, 24),
            from: Some(&world.sample),
            dry_run: false,
            data_dir: &world.data(),
            now: world.clock.get(),
            cancel: &Cancel::new(),
            wait_policy: WaitPolicy::WaitForFiles,
            accept_unchanged: false,
            refused: None,
        };
        assert_eq!(pipeline::import(&request, &Quiet).unwrap().verdict, Verdict::Published);
    });
    // ("bug" comes whole and wakes a bug on the 24th.)
    // Half uploaded until 05:10: two files are there, the marker is not.
    let marked =
        "kind = \"dir\"\npath = \"../in/half/{date:%Y%m%d}\"\nready = { marker = \"done.ok\" }";
    world.job("half", marked);
    let half = world.deliver("half", 24);
    take_away(&half, "temp_agent.txt");
    take_away(&half, "temp_base_node.txt");
    world.then("24 05:10:00", |world| {
        fs::write(world.deliver("half", 24).join("done.ok"), "").unwrap();
    });
    fs::write(world.deliver("half", 25).join("done.ok"), "").unwrap();
    // A server that is down: nobody listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let down = format!(
        "kind = \"ftp\"\nhost = \"127.0.0.1\"\nport = {closed}\nusername = \"u\"\npassword = \"p\"\n\
         attempts = 1\nretry_wait = \"1ms\"\ntimeout = \"2s\""
    );
    world.job("down", &down);
    // A job file that breaks at 22:00 and is mended in the morning: its last good version runs.
    world.job("typo", "");
    world.deliver("typo", 24);
    world.deliver("typo", 25);
    world.then("23 22:00:00", |world| {
        fs::write(world.job_file("typo"), "tenant = \"typo\"\n[schedule]\ncorn = 1\n").unwrap();
    });
    world.then("24 09:00:00", |world| world.job("typo", ""));
    // A database that is none; moved away at noon.
    world.job("rotten", "");
    world.deliver("rotten", 24);
    world.deliver("rotten", 25);
    fs::create_dir_all(world.data().join("rotten")).unwrap();
    fs::write(world.data().join("rotten/org.db"), vec![b'x'; 8192]).unwrap();
    world.then("24 12:00:00", |world| {
        fs::remove_file(world.data().join("rotten/org.db")).unwrap();
    });
    // An import by hand holds the lock when the run is due.
    world.job("hand", "");
    world.deliver("hand", 24);
    world.deliver("hand", 25);
    world.then("24 02:25:00", |world| {
        let folder = world.data().join("hand");
        let lock = TenantLock::acquire(&folder, "import by hand", world.clock.get()).unwrap();
        world.by_hand.borrow_mut().insert("hand".to_owned(), lock);
    });
    world.then("24 02:45:00", |world| {
        world.by_hand.borrow_mut().remove("hand");
    });
    // A job file comes in the middle of the day, one is removed.
    world.then("24 15:00:00", |world| {
        world.job("new", "");
        world.deliver("new", 25);
        fs::remove_file(world.job_file("w8")).unwrap();
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
        live(&world, &recorder, &log, end, true);
        world.go_to(at(back));
    }
    live(&world, &recorder, &log, "25 12:00:00", false);
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
        assert_eq!(world.published(tenant), published, "{tenant}: {log:#?}");
    }

    // What was refused is not run again while it is the same.
    for tenant in ["empty", "short"] {
        assert_eq!(world.refused(tenant), 1, "{tenant}: {log:#?}");
    }

    let after = |line: &&String| line.as_str() > "24 06:41" && line.as_str() < "25";
    let mended = log.iter().filter(|line| line.contains(" short run ")).filter(after).count();
    assert_eq!(mended, 0, "{log:#?}");

    // Who was told of what: each once, over five kills.
    let sent = recorder.0.lock().unwrap();
    let mut told: Vec<String> = sent
        .iter()
        .map(|alert| format!("{} {} {}", alert.tenant, alert.business_date, alert.kind.name()))
        .collect();
    told.sort();
    assert_eq!(
        told,
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
