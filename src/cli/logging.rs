//! The log on standard error, off unless `-v` asks for it.

use orgsnap::daemon::{LogEntry, Severity};
use orgsnap::fetch::QUIET_LOG_TARGETS;
use orgsnap::model::Language;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, LevelFilter};

/// Starts the log: `-v` info, `-vv` debug, `-vvv` trace.
///
/// Targets that would log a password stay at `info` whatever is asked for, and no environment variable can
/// raise them.
pub(super) fn start(verbosity: u8, colour: bool) {
    let level = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let mut filter = EnvFilter::default().add_directive(level.into());
    for target in QUIET_LOG_TARGETS {
        let quiet = level.min(LevelFilter::INFO);
        if let Ok(directive) = format!("{target}={quiet}").parse::<Directive>() {
            filter = filter.add_directive(directive);
        }
    }
    // It logs each timer that is added; serve logs that itself.
    if let Ok(directive) = format!("tokio_cron_scheduler={}", level.min(LevelFilter::WARN)).parse()
    {
        filter = filter.add_directive(directive);
    }
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour);
    // A log that is set up already, as in a test, is kept.
    let _ = log.with_writer(std::io::stderr).try_init();
}

/// Logs an entry of the scheduler.
pub(super) fn entry(language: Language, log: &LogEntry) {
    let text = language.of(&log.message);
    let tenant = log.tenant.as_deref();
    match log.severity {
        Severity::Info => tracing::info!(target: "orgsnap", tenant, "{text}"),
        Severity::Warning => tracing::warn!(target: "orgsnap", tenant, "{text}"),
        Severity::Error => tracing::error!(target: "orgsnap", tenant, "{text}"),
    }
}
