//! Sending an alert to a program.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::super::document::Alert;
use super::{Bounds, SendError};

/// Poll interval while waiting for the program to exit.
const CANCEL_CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Runs the program with the document on its standard input and the gist in its environment. What it prints
/// is thrown away: it might be anything, and a log is no place for it.
pub(super) fn run(
    argv: &[String],
    alert: &Alert,
    document: &[u8],
    bounds: &Bounds,
) -> Result<(), SendError> {
    let Some((program, arguments)) = argv.split_first() else { return Err(SendError::Internal) };
    let broken = |error: io::Error| SendError::CommandBroken {
        program: program.clone(),
        reason: error.to_string(),
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env("ORGSNAP_ALERT_ID", &alert.id)
        .env("ORGSNAP_ALERT_KIND", alert.kind.name())
        .env("ORGSNAP_TENANT", &alert.tenant)
        .env("ORGSNAP_BUSINESS_DATE", &alert.business_date)
        .env("ORGSNAP_TITLE", &alert.title.zh)
        .env("ORGSNAP_TITLE_EN", &alert.title.en)
        .env("ORGSNAP_REPORT", alert.report.as_deref().unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Its own group, so that what it starts is killed with it.
        .process_group(0)
        .spawn()
        .map_err(broken)?;
    let input = child.stdin.take();
    let document = document.to_vec();
    // A program that does not read must not hold up the one that writes.
    let writer = thread::spawn(move || {
        // One that does not care for the document may close its input early.
        input.map(|mut input| input.write_all(&document))
    });
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Ok(None) => {}
            Err(error) => break Err(broken(error)),
        }
        if bounds.cancel.is_asked() {
            break Err(SendError::Cancelled);
        }
        if Instant::now() >= bounds.deadline {
            break Err(SendError::CommandTimedOut { program: program.clone() });
        }
        thread::sleep(CANCEL_CHECK_INTERVAL);
    };
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            Err(SendError::CommandFailed { program: program.clone(), status: status.to_string() })
        }
        Err(error) => {
            kill(&mut child);
            // Its end closes the pipe, so the writer is done, too.
            let _ = writer.join();
            Err(error)
        }
    }
}

/// Kills the program and all that it started.
fn kill(child: &mut Child) {
    // The standard library kills one process; the `kill` that every POSIX shell has built in knows groups.
    let killed = Command::new("sh")
        .args(["-c", "kill -s KILL -- \"-$1\"", "sh", &child.id().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !killed.is_ok_and(|status| status.success()) {
        // At least the program itself; that it may be gone already is no error.
        let _ = child.kill();
    }
    let _ = child.wait();
}
