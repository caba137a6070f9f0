//! Putting report files on OpenSSH.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use orgsnap::config::job::Source;
use orgsnap::fetch::FetchError;

use super::sftp::source;
use super::sshd::{Sshd, available};
use super::upload::{Files, files_come_whole_and_replace_old_ones, put, writable};

fn with_key(server: &Sshd, more: &str) -> Source {
    let key = format!("key = {{ file = '{}' }}\n{more}", server.key.display());
    source(server.port, &server.ed25519, &key)
}

#[test]
fn reports_are_put_on_openssh() {
    if !available("reports_are_put_on_openssh") {
        return;
    }
    let server = Sshd::start();
    let out = writable(&server.root);
    // A relative directory is below the one after login, an absolute one is not.
    files_come_whole_and_replace_old_ones(&with_key(&server, ""), &out, "out");
    let seen = out.join("deeper");
    fs::create_dir(&seen).unwrap();
    let absolute = seen.display().to_string();
    files_come_whole_and_replace_old_ones(&with_key(&server, ""), &seen, &absolute);
}

#[test]
fn a_connection_to_openssh_that_breaks_leaves_no_file_of_the_final_name() {
    if !available("a_connection_to_openssh_that_breaks_leaves_no_file_of_the_final_name") {
        return;
    }
    let server = Sshd::start();
    let out = writable(&server.root);
    let files = Files::large();
    for (attempts, whole) in [(1, false), (3, true)] {
        // Slow enough to be cut in the middle.
        let more = format!("attempts = {attempts}\nbandwidth = '1MiB'");
        let source = with_key(&server, &more);
        let whole_file = out.join(format!("new{attempts}/findings.xlsx"));
        let done = thread::scope(|scope| {
            let upload = scope.spawn(|| put(&source, &format!("out/new{attempts}"), &files.paths));
            let part = out.join(format!("new{attempts}/findings.xlsx.part"));
            let waited = Instant::now();
            let begun = || fs::metadata(&part).is_ok_and(|part| part.len() > 100_000);
            while !begun() && waited.elapsed() < Duration::from_secs(60) {
                thread::yield_now();
            }
            assert!(server.cut() > 0);
            assert!(!whole_file.exists());
            upload.join().unwrap()
        });
        match whole {
            true => {
                done.unwrap();
                files.are_in(whole_file.parent().unwrap());
            }
            false => {
                let error = done.unwrap_err();
                assert!(matches!(error, FetchError::Interrupted { .. }), "{error:?}");
                assert!(!whole_file.exists());
            }
        }
    }
}
