//! Progress of what is counted, on standard error: a bar on a terminal, else a line now and then.

use std::io::Write as _;
use std::time::{Duration, Instant};

use chrono::{Local, SecondsFormat};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::environment::Environment;

/// Interval of the lines.
const LINE_INTERVAL: Duration = Duration::from_secs(30);

/// Shows how much of a whole is done, until it is dropped.
pub(super) struct CountedProgress {
    bar: Option<ProgressBar>,
    who: String,
    last_line: Instant,
}

impl CountedProgress {
    /// Of something that `who` is doing.
    pub(super) fn new(environment: &Environment, who: &str) -> CountedProgress {
        let bar = environment.watched.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            // ASCII only: block characters have an ambiguous width in Chinese fonts.
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent}% {msg} {elapsed}") {
                bar.set_style(style.progress_chars("##-"));
            }
            bar
        });
        CountedProgress { bar, who: who.to_owned(), last_line: Instant::now() }
    }

    /// So much of so much is done; `what` says what it is.
    pub(super) fn set(&mut self, done: u64, all: u64, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(all.max(done).max(1));
            bar.set_position(done);
            bar.set_message(what.to_owned());
        } else if self.last_line.elapsed() >= LINE_INTERVAL {
            self.last_line = Instant::now();
            let now = Local::now().to_rfc3339_opts(SecondsFormat::Secs, false);
            // A log that cannot be written to is no reason to stop.
            let of_all = if all > done { format!("/{all}") } else { String::new() };
            let _ = writeln!(std::io::stderr().lock(), "{now} {} {what} {done}{of_all}", self.who);
        }
    }
}

impl Drop for CountedProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
