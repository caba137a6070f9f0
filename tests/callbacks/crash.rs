//! `orgsnap serve` is killed under load and started again: what it acknowledged is there.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::receiver::{CORP, JOB, MEMBER, TIMEOUT, event, posted};
use super::requests::get;
use super::served::{Served, job_folder};

/// How often it is killed.
const ROUNDS: usize = 3;
/// Connections that send at once.
const SENDERS: usize = 8;
/// Acknowledged events of a round before it is killed.
const ENOUGH: usize = 150;

/// What became of an event.
#[derive(PartialEq)]
enum Sent {
    /// It was answered with 200.
    Acknowledged,
    /// It was sent, and no answer came.
    Interrupted,
    /// There was no connection, or another answer.
    Not,
}

/// Sends one event. Only an acknowledged one may be counted on.
fn send(port: u16, n: usize) -> io::Result<Sent> {
    let text = format!(
        "<xml><CreateTime>1403610513</CreateTime><Event>change_contact</Event><ChangeType>create_user</ChangeType>\
         <UserID>k{n}</UserID></xml>"
    );
    let (target, body) = event(MEMBER, &text, CORP, 7);
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(&posted(&target, body.as_bytes()))?;
    let mut answer = Vec::new();
    // A reset connection is an end like any other.
    _ = stream.read_to_end(&mut answer);
    Ok(match answer.as_slice() {
        [] => Sent::Interrupted,
        answer if answer.starts_with(b"HTTP/1.1 200 ") => Sent::Acknowledged,
        _ => Sent::Not,
    })
}

#[test]
fn a_receiver_killed_under_load_loses_no_acknowledged_callback() {
    let place = tempfile::tempdir().unwrap();
    let (jobs, _) = job_folder(place.path(), JOB);
    let data = place.path().join("data");
    let (next, interrupted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let acknowledged = Mutex::new(Vec::new());
    let page = "/WW_verify_OTLPha66qJcN7Wpf.txt";
    for _ in 0..ROUNDS {
        let served = Served::start(&jobs, &data);
        served.wait_until(200, |port| get(port, page).status);
        let (port, over) = (served.port, AtomicBool::new(false));
        let before = acknowledged.lock().unwrap().len();
        thread::scope(|scope| {
            for _ in 0..SENDERS {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        match send(port, n) {
                            Ok(Sent::Acknowledged) => acknowledged.lock().unwrap().push(n),
                            Ok(Sent::Interrupted) => {
                                _ = interrupted.fetch_add(1, Ordering::Relaxed)
                            }
                            Ok(Sent::Not) | Err(_) => thread::yield_now(),
                        }
                    }
                });
            }
            let begun = Instant::now();
            while acknowledged.lock().unwrap().len() < before + ENOUGH && begun.elapsed() < TIMEOUT
            {
                thread::sleep(Duration::from_millis(5));
            }
            // Dropped, it is killed: SIGKILL, in the middle of whatever it does.
            drop(served);
            over.store(true, Ordering::Relaxed);
        });
        let after = acknowledged.lock().unwrap().len();
        assert!(after >= before + ENOUGH, "{before} to {after}");
        // The kill came while requests were being worked on.
        assert!(interrupted.swap(0, Ordering::Relaxed) > 0, "the kill interrupted no request");
    }
    // Opened as any reader would, the log of the last round is taken up.
    let conn = Connection::open(data.join("00010001/wecom.db")).unwrap();
    for (table, column) in [("callback_event", "object_id"), ("member", "user_id")] {
        let mut statement =
            conn.prepare(&format!("select 1 from {table} where {column} = ?1")).unwrap();
        for n in acknowledged.lock().unwrap().iter() {
            assert!(statement.exists([format!("k{n}")]).unwrap(), "k{n} is not in {table}");
        }
    }
    let intact: String = conn.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(intact, "ok");
}
