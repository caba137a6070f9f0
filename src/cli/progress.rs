//! Progress of a run on standard error: bars on a terminal, else a line a stage and a sign of life.

use std::io::Write as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{Local, SecondsFormat};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use orgsnap::fetch;
use orgsnap::model::{Feed, MigrationStep, PerFeed};
use orgsnap::pipeline::{Progress, Stage};
use orgsnap::report::{Language, formatting};

use super::environment::Environment;

/// Interval of heartbeat lines: a log without a line for longer looks like a run that hangs.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(30);

/// Shows the progress of one run, until it is dropped.
pub(super) fn shown(environment: &Environment, who: &str) -> Box<dyn Progress> {
    if environment.watched {
        Box::new(Bar::new(environment.language))
    } else {
        Box::new(Lines::start(environment.language, who.to_owned()))
    }
}

/// Bytes of each file that have come. A file that is begun anew after a fault starts at 0 again.
#[derive(Debug, Default, Clone, Copy)]
struct Bytes {
    done: PerFeed<u64>,
    total: PerFeed<Option<u64>>,
}

impl Bytes {
    fn begin(&mut self, feed: Feed, total: Option<u64>) {
        self.done[feed] = 0;
        self.total[feed] = total;
    }

    fn done(&self) -> u64 {
        self.done.iter().sum()
    }

    /// Bytes of the files begun so far; none if one of them does not tell its size.
    fn total(&self) -> Option<u64> {
        let begun =
            self.done.iter().zip(&self.total).filter(|(done, total)| **done > 0 || total.is_some());
        begun.map(|(_, total)| *total).sum()
    }
}

/// One bar on a terminal; it is removed when the run is over, because the report lists the stages again.
struct Bar {
    bar: ProgressBar,
    language: Language,
    bytes: Mutex<Bytes>,
}

impl Bar {
    fn new(language: Language) -> Bar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let bar = Bar { bar, language, bytes: Mutex::default() };
        // Before the first stage there is nothing to show, least of all what indicatif shows by itself.
        bar.style("{spinner}");
        bar.bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    fn style(&self, template: &str) {
        // ASCII only: block characters have an ambiguous width in Chinese fonts.
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("##-").tick_chars("|/-\\ "));
        }
    }

    fn set(&self, done: u64, total: Option<u64>) {
        match total {
            Some(total) => self.bar.set_length(total),
            None => self.bar.unset_length(),
        }
        self.bar.set_position(done);
    }
}

impl Progress for Bar {
    fn stage(&self, stage: Stage) {
        self.set(0, None);
        self.style(match stage {
            Stage::Fetch => {
                "{spinner} {prefix} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {elapsed}"
            }
            // Until rows are counted. The rules work on all rows at once, so a check counts none.
            Stage::Parse | Stage::Check | Stage::Publish => "{spinner} {prefix} {elapsed}",
        });
        self.bar.set_prefix(formatting::stage(self.language, stage.name()).to_owned());
        self.bar.reset_elapsed();
    }

    fn migration(&self, step: MigrationStep) {
        self.style("{spinner} {prefix} {elapsed}");
        self.bar.set_prefix(formatting::migration(self.language, step));
    }

    fn rows(&self, done: u64, percent: u8) {
        self.style("{spinner} {prefix} {bar:30} {msg} {elapsed}");
        self.bar.set_message(rows_and_percent(self.language, done, percent));
        self.set(u64::from(percent), Some(100));
    }
}

/// Such as `12,345 rows (67%)`.
fn rows_and_percent(language: Language, rows: u64, percent: u8) -> String {
    let rows = formatting::count(language, rows, "行", "row", "rows");
    match language {
        Language::Chinese => format!("{rows}（{percent}%）"),
        Language::English => format!("{rows} ({percent}%)"),
    }
}

impl fetch::Progress for Bar {
    fn file(&self, feed: Feed, total: Option<u64>) {
        let mut bytes = lock(&self.bytes);
        bytes.begin(feed, total);
        self.set(bytes.done(), bytes.total());
    }

    fn bytes(&self, feed: Feed, n: u64) {
        let mut bytes = lock(&self.bytes);
        bytes.done[feed] += n;
        self.bar.set_position(bytes.done());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Timestamped lines, one a stage, and one every [`HEARTBEAT_INTERVAL`] in between.
struct Lines {
    state: Arc<State>,
    /// Dropping it ends the thread.
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    language: Language,
    who: String,
    stage: Mutex<Option<(Stage, Instant)>>,
    bytes: Mutex<Bytes>,
    /// Rows and per cent of the stage, once they are known.
    rows: Mutex<Option<(u64, u8)>>,
}

impl Lines {
    fn start(language: Language, who: String) -> Lines {
        let state = Arc::new(State {
            language,
            who,
            stage: Mutex::default(),
            bytes: Mutex::default(),
            rows: Mutex::default(),
        });
        let (alive, dropped) = channel();
        let printed = Arc::clone(&state);
        // Without a thread there are no heartbeat lines, which does not affect the run.
        let thread =
            std::thread::Builder::new().spawn(move || printed.send_heartbeats(&dropped)).ok();
        Lines { state, alive: Some(alive), thread }
    }
}

impl Progress for Lines {
    fn stage(&self, stage: Stage) {
        *lock(&self.state.stage) = Some((stage, Instant::now()));
        *lock(&self.state.rows) = None;
        self.state.line(formatting::stage(self.state.language, stage.name()));
    }

    fn migration(&self, step: MigrationStep) {
        // One line for the copy is enough.
        if !matches!(step, MigrationStep::Backup { percent: 1.. }) {
            self.state.line(&formatting::migration(self.state.language, step));
        }
    }

    fn rows(&self, done: u64, percent: u8) {
        *lock(&self.state.rows) = Some((done, percent));
    }
}

impl fetch::Progress for Lines {
    fn file(&self, feed: Feed, total: Option<u64>) {
        lock(&self.state.bytes).begin(feed, total);
    }

    fn bytes(&self, feed: Feed, n: u64) {
        lock(&self.state.bytes).done[feed] += n;
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed already.
            let _ = thread.join();
        }
    }
}

impl State {
    fn send_heartbeats(&self, dropped: &Receiver<()>) {
        while let Err(RecvTimeoutError::Timeout) = dropped.recv_timeout(HEARTBEAT_INTERVAL) {
            let stage = *lock(&self.stage);
            if let Some((stage, since)) = stage {
                self.line(&self.sign_of_life(stage, since.elapsed()));
            }
        }
    }

    fn sign_of_life(&self, stage: Stage, took: Duration) -> String {
        let text = format!(
            "{} {}",
            formatting::stage(self.language, stage.name()),
            formatting::duration(took)
        );
        let bytes = *lock(&self.bytes);
        match (stage, bytes.total()) {
            (Stage::Fetch, Some(total)) => {
                format!("{text} {}/{}", formatting::size(bytes.done()), formatting::size(total))
            }
            (Stage::Fetch, None) => format!("{text} {}", formatting::size(bytes.done())),
            _ => match *lock(&self.rows) {
                Some((rows, percent)) => {
                    format!("{text} {}", rows_and_percent(self.language, rows, percent))
                }
                None => text,
            },
        }
    }

    fn line(&self, text: &str) {
        let now = Local::now().to_rfc3339_opts(SecondsFormat::Secs, false);
        // A log that cannot be written to is no reason to stop the run.
        let _ = writeln!(std::io::stderr().lock(), "{now} {} {text}", self.who);
    }
}

/// What a panicking thread left behind is still good enough to be shown.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use fetch::Progress as _;

    use super::*;

    #[test]
    fn progress_of_a_restarted_file_counts_once() {
        let lines = Lines::start(Language::English, "demo".to_owned());
        lines.file(Feed::Agent, Some(2_000));
        lines.bytes(Feed::Agent, 1_500);
        lines.file(Feed::Node, Some(1_000));
        lines.bytes(Feed::Node, 1_000);
        lines.file(Feed::Agent, Some(2_000));
        lines.bytes(Feed::Agent, 500);
        let sign = lines.state.sign_of_life(Stage::Fetch, Duration::from_secs(31));
        assert_eq!(sign, "fetch 31 s 1.50 KB/3.00 KB");
        lines.file(Feed::Organ, None);
        lines.bytes(Feed::Organ, 1);
        let sign = lines.state.sign_of_life(Stage::Fetch, Duration::from_secs(31));
        assert_eq!(sign, "fetch 31 s 1.50 KB", "one file does not tell its size");
    }

    #[test]
    fn the_heartbeat_line_shows_rows_and_percent_once_they_are_known() {
        for (language, expected) in [
            (Language::English, "publish 31 s 12,345 rows (67%)"),
            (Language::Chinese, "发布 31 s 12,345 行（67%）"),
        ] {
            let lines = Lines::start(language, "demo".to_owned());
            lines.rows(12_345, 67);
            let sign = || lines.state.sign_of_life(Stage::Publish, Duration::from_secs(31));
            assert_eq!(sign(), expected);
            lines.stage(Stage::Check);
            assert!(!sign().contains('%'), "another stage begins: {}", sign());
        }
    }

    #[test]
    fn the_heartbeat_line_shows_bytes_only_during_a_download() {
        let lines = Lines::start(Language::Chinese, "demo".to_owned());
        let sign = |stage| lines.state.sign_of_life(stage, Duration::from_secs(61));
        assert_eq!(sign(Stage::Publish), "发布 1 min 01 s");
        assert_eq!(sign(Stage::Fetch), "获取 1 min 01 s 0 B/0 B");
    }
}
