//! `orgsnap serve`: every job at its time, unattended.

mod archive_pulls;
mod cron_timers;
mod callbacks;
mod member_checks;
mod observer;
mod scheduler_environment;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use orgsnap::alert::AlertDispatcher;
use orgsnap::daemon::{Event, Scheduler, Settings, run_event_loop};
use orgsnap::disk::TenantLock;
use orgsnap::metrics::StatusBoard;
use orgsnap::model::{Message, system_reason};
use orgsnap::web::callbacks::{Callbacks, Clock};
use orgsnap::web::login::Logins;
use orgsnap::web::{health, server};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::argument;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use archive_pulls::ArchivePulls;
use callbacks::{CallbackReload, WecomPages};
use observer::ServeObserver;
pub(super) use scheduler_environment::SystemEnvironment;

/// Poll interval of the folder of job files.
const JOB_FOLDER_POLL_INTERVAL: TimeDelta = TimeDelta::seconds(2);
/// The scheduler counts as dead if it has not ticked for this long.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long alerts and answers on their way may take at the end. With the grace of the runs it stays below
/// the ten seconds in which `serve` ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Run every job by its schedule, unattended, until SIGTERM
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder of job files; changed, new and removed ones are taken up as they come
    #[arg(value_name = "JOBS_DIR")]
    jobs: PathBuf,
    /// Answer WeCom callbacks and logins, /healthz and /metrics at this address, such as 127.0.0.1:9300; TLS is the work
    /// of a reverse proxy
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Keep the metrics in this file as well, for a textfile collector
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<PathBuf>,
    /// So many insurers run side by side
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = argument::at_least_one)]
    max_running: usize,
    /// Keep no copy of a database of an earlier format when it is brought to the newest one
    #[arg(long)]
    no_backup: bool,
}

/// Serves until it is told to stop.
pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<Exit, Failure> {
    let data = &environment.data;
    // Two daemons over one data folder would run each job twice.
    let _lock = TenantLock::acquire(&data.join(".serve"), "serve", environment.now())?;
    // What is wrong with the folder now is an error; what becomes of it later is waited for.
    std::fs::metadata(&arguments.jobs).map_err(|error| cannot_read(&arguments.jobs, &error))?;

    let (sender, inbox) = mpsc::channel();
    let runtime = runtime()?;
    let (outcome, ended) = watch::channel(false);
    hear_signals(&runtime, sender.clone())?;

    let status_board = Arc::new(StatusBoard::new(data));
    let dispatcher = Arc::new(AlertDispatcher::new(data));
    dispatcher.start().map_err(|error| cannot_start(&error))?;
    let around = environment.clone();
    let clock: Clock = Arc::new(move || around.now());
    let language = environment.language;
    let receiver = Callbacks::new(data, Arc::clone(&clock), language, status_board.callbacks());
    let logins = Logins::new(data, clock, language);
    let pages = arguments
        .listen
        .map(|_| WecomPages { receiver: Arc::clone(&receiver), logins: Arc::clone(&logins) });
    let printed = ServeObserver::new(
        data.clone(),
        environment.language,
        Arc::clone(&dispatcher),
        Arc::clone(&status_board),
        arguments.metrics_file.clone(),
        CallbackReload::new(pages),
        ArchivePulls::new(environment.clone(), Arc::clone(&dispatcher)),
    );
    if let Some(address) = arguments.listen {
        let listener = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        let listener = listener.map_err(|error| cannot_listen(address, &error))?;
        printed.listening(listener.local_addr().unwrap_or(address));
        let app = health::router(Arc::clone(&status_board), TIMEOUT)
            .merge(logins.router())
            .merge(receiver.router());
        let limits = server::Limits { drain: LAST_WORDS, ..server::Limits::default() };
        let mut ended = ended.clone();
        runtime.spawn(async move {
            let until_the_end = async move {
                // The other end is dropped only when the program ends.
                let _ = ended.wait_for(|ended| *ended).await;
            };
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => server::serve(listener, app, limits, until_the_end).await,
                Err(error) => tracing::error!("cannot listen: {error}"),
            }
        });
    }

    let settings = Settings {
        jobs: arguments.jobs.clone(),
        data: data.clone(),
        backup: !arguments.no_backup,
        most_running: arguments.max_running,
        job_folder_poll_interval: JOB_FOLDER_POLL_INTERVAL,
    };
    printed.starting(&arguments.jobs, data, arguments.max_running);
    let variable = |name: &str| Environment::variable(name);
    let mut scheduler = Scheduler::new(settings, &variable, &printed);
    let mut scheduler_environment =
        SystemEnvironment::new(environment, runtime.handle().clone(), sender, inbox);
    run_event_loop(&mut scheduler, &mut scheduler_environment, &printed);
    printed.stop();
    printed.write_metrics();
    let _ = outcome.send(true);
    dispatcher.stop(LAST_WORDS);
    // Runs that did not stop in time end with the process; what they had not committed is undone.
    runtime.shutdown_timeout(LAST_WORDS);
    Ok(Exit::Done)
}

/// What signals and HTTP run in.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().map_err(|error| cannot_start(&error))
}

/// SIGTERM and SIGINT end the daemon, a second one at once. SIGHUP, which others take for a wish to read the
/// configuration anew, makes it look at its job files.
pub(super) fn hear_signals(runtime: &Runtime, sender: Sender<Event>) -> Result<(), Failure> {
    try_hear_signals(runtime, sender).map_err(|error| cannot_start(&error))
}

fn try_hear_signals(runtime: &Runtime, sender: Sender<Event>) -> io::Result<()> {
    let _inside = runtime.enter();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    runtime.spawn(async move {
        loop {
            let event = tokio::select! {
                _ = terminate.recv() => Event::Stop,
                _ = interrupt.recv() => Event::Stop,
                _ = hangup.recv() => Event::TimerFired,
            };
            if sender.send(event).is_err() {
                return;
            }
        }
    });
    Ok(())
}

pub(super) fn cannot_read(jobs: &std::path::Path, error: &io::Error) -> Failure {
    let (jobs, Message { zh, en }) = (jobs.display(), system_reason(error));
    Failure::usage(Message::new(
        format!("无法读取任务目录 {jobs}：{zh}；请检查路径"),
        format!("cannot read the folder of job files {jobs}: {en}; check its path"),
    ))
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let Message { zh, en } = system_reason(error);
    Failure::usage(Message::new(
        format!("无法监听 {address}：{zh}；请用 --listen 指定其他地址"),
        format!("cannot listen at {address}: {en}; give another address with --listen"),
    ))
}

fn cannot_start(error: &io::Error) -> Failure {
    let Message { zh, en } = system_reason(error);
    Failure::internal(Message::new(
        format!("无法启动：{zh}；请检查系统的线程和文件数限制"),
        format!("cannot start: {en}; check the system's limits on threads and files"),
    ))
}
