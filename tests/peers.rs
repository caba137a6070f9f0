//! Real servers that tests start on the loopback interface: whether they are installed, when they are up, how they end.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to start, on a machine that does much else.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Whether all these programs are installed; if not, the test is skipped.
#[track_caller]
pub(crate) fn are_installed(programs: &[&str], test: &str) -> bool {
    let missing: Vec<&str> =
        programs.iter().copied().filter(|program| !Path::new(program).exists()).collect();
    if !missing.is_empty() {
        skip(test, &format!("{} is not installed", missing.join(" and ")));
    }
    missing.is_empty()
}

/// Says on standard error that a test is skipped and why. With `ORGSNAP_REQUIRE_PEERS=1`, as in `.ci/run`, a test
/// that cannot run fails instead.
#[track_caller]
pub(crate) fn skip(test: &str, reason: &str) {
    let required = std::env::var_os("ORGSNAP_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required, "{test} cannot run: {reason}, and ORGSNAP_REQUIRE_PEERS=1 forbids skipping");
    eprintln!("skipped: {test}, because {reason}");
}

/// The folder under which proftpd and one of its modules are installed, if they are. The package cannot be
/// installed beside that of vsftpd, so `ORGSNAP_PROFTPD` may name a folder that it is unpacked in.
pub(crate) fn proftpd_with(module: &str) -> Option<PathBuf> {
    let named = std::env::var_os("ORGSNAP_PROFTPD").map(PathBuf::from);
    named.into_iter().chain([PathBuf::from("/")]).find(|folder| {
        folder.join("usr/sbin/proftpd").exists()
            && folder.join("usr/lib/proftpd").join(module).exists()
    })
}

/// A port for a server that has to be told one. Taken from the system and given back: it hands out others first.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until a server listens; `log` is what it says if it does not.
#[track_caller]
pub(crate) fn wait_until_up(child: &mut Child, port: u16, log: impl Fn() -> String) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none() && begun.elapsed() < TIMEOUT, "nobody listens:\n{}", log());
        thread::sleep(Duration::from_millis(20));
    }
}

/// Asks a server to end, which ends its children too, and kills it if it does not.
pub(crate) fn end(child: &mut Child) {
    // It may have ended by itself, which is as good.
    _ = Command::new("kill").arg(child.id().to_string()).output();
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(5) {
        if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    _ = child.kill();
    _ = child.wait();
}

/// What a program prints, without the line break at its end.
pub(crate) fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
