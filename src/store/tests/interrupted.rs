//! Publications to a server that are interrupted anywhere: the old snapshot is there or the new one, never a part of it.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::thread;

use super::both_stores::of_server;
use super::fixture::*;
use super::importing::*;
use super::server::Server;
use crate::store::postgres::session::BEFORE_STATEMENT;
use crate::store::{RunClaim, Store, StoreError};

const FIRST: &str = "A1|a|1|||8601\nA2|b|1||A1|8601|1|G1|N1|甲组\nA3|c|1";
const SECOND: &str = "A1|a|2|||8602\n!A2|bad\nA4|d|1|2021-01-01||860101";

fn publish(store: &mut Store, n: u32, agents: &str) -> Result<(), StoreError> {
    import_as(store, &schema(), &format!("run-{n}"), day(n), &delivery(agents)).map(drop)
}

/// What a tenant holds after the first day and after the second.
fn states(server: &Server) -> [Vec<String>; 2] {
    let mut store = server.open("states");
    publish(&mut store, 1, FIRST).unwrap();
    let old = of_server(&mut store);
    publish(&mut store, 2, SECOND).unwrap();
    [old, of_server(&mut store)]
}

/// Calls back before the `at`th statement from here on, and returns how many there were so far.
fn before_statement(at: u64, mut call: impl FnMut() + 'static) -> Rc<RefCell<u64>> {
    let count = Rc::new(RefCell::new(0));
    let counted = Rc::clone(&count);
    let hook = move || {
        *counted.borrow_mut() += 1;
        if *counted.borrow() == at {
            call();
        }
    };
    BEFORE_STATEMENT.with(|place| *place.borrow_mut() = Some(Box::new(hook)));
    count
}

fn no_more() {
    BEFORE_STATEMENT.with(|place| *place.borrow_mut() = None);
}

/// How many statements a publication has.
fn statements(server: &Server) -> u64 {
    let mut store = server.open("counted");
    publish(&mut store, 1, FIRST).unwrap();
    let count = before_statement(0, || {});
    publish(&mut store, 2, SECOND).unwrap();
    no_more();
    let count = *count.borrow();
    assert!(count > 30, "{count}");
    count
}

#[expect(clippy::disallowed_methods, reason = "the parent of this process tells it what to do")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The process that is killed: this test in a process of its own.
#[test]
fn a_client_that_kills_itself() {
    let (Some(url), Some(tenant)) = (told("ORGSNAP_TEST_URL"), told("ORGSNAP_TEST_TENANT")) else {
        return;
    };
    let at = told("ORGSNAP_TEST_STATEMENT").and_then(|at| at.parse().ok()).unwrap();
    let mut store = Store::open_server(&url, &tenant, &schema()).unwrap();
    before_statement(at, || {
        let _ = Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
        loop {
            thread::park();
        }
    });
    publish(&mut store, 2, SECOND).unwrap();
}

#[test]
fn a_client_that_is_killed_between_any_two_statements_leaves_the_old_snapshot_or_the_new_one() {
    let Some(server) = Server::start(
        "a_client_that_is_killed_between_any_two_statements_leaves_the_old_snapshot_or_the_new_one",
    ) else {
        return;
    };
    let [old, new] = states(&server);
    let count = statements(&server);
    for at in 1..=count + 1 {
        let tenant = format!("killed{at}");
        let mut store = server.open(&tenant);
        publish(&mut store, 1, FIRST).unwrap();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::interrupted::a_client_that_kills_itself"])
            .env("ORGSNAP_TEST_URL", server.url())
            .env("ORGSNAP_TEST_TENANT", &tenant)
            .env("ORGSNAP_TEST_STATEMENT", at.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.success(), at > count, "statement {at} of {count}: {status}");
        let found = of_server(&mut store);
        let is_whole = found == old && at <= count || found == new;
        assert!(is_whole, "statement {at}: {found:#?}");
        // What it held is free again.
        if found == old {
            publish(&mut store, 2, SECOND).unwrap();
            assert_eq!(of_server(&mut store), new, "statement {at}");
        }
    }
}

#[test]
fn a_server_that_is_killed_between_two_statements_comes_back_with_the_old_snapshot_or_the_new_one()
{
    let Some(server) = Server::start(
        "a_server_that_is_killed_between_two_statements_comes_back_with_the_old_snapshot_or_the_new_one",
    ) else {
        return;
    };
    let [old, new] = states(&server);
    let count = statements(&server);
    let all = told("ORGSNAP_ALL_KILLS").is_some();
    let server = Rc::new(RefCell::new(server));
    for at in (1..=count).filter(|at| all || at % 11 == 1 || *at + 1 >= count) {
        let tenant = format!("crashed{at}");
        let mut store = server.borrow().open(&tenant);
        publish(&mut store, 1, FIRST).unwrap();
        let crashing = Rc::clone(&server);
        before_statement(at, move || crashing.borrow_mut().crash());
        let published = publish(&mut store, 2, SECOND);
        no_more();
        assert!(
            matches!(published, Err(StoreError::ServerUnreachable { .. })),
            "statement {at}: {published:?}"
        );
        let mut store = server.borrow().open(&tenant);
        assert_eq!(of_server(&mut store), old, "statement {at}");
        publish(&mut store, 2, SECOND).unwrap();
        assert_eq!(of_server(&mut store), new, "statement {at}");
    }
}

/// Passes everything on to a server, but swallows the answer to the first publication's commit and ends that connection.
fn swallow_commit(port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut is_first = true;
        for client in listener.incoming() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", port))) else {
                return;
            };
            let is_cut = std::mem::take(&mut is_first);
            let (mut from_server, mut to_client) =
                (server.try_clone().unwrap(), client.try_clone().unwrap());
            let (cut, is_silent) = std::sync::mpsc::channel();
            thread::spawn(move || {
                let mut bytes = [0; 1 << 16];
                while let Ok(length @ 1..) = from_server.read(&mut bytes) {
                    // The answer to the commit is here: it is done.
                    if is_silent.try_recv().is_ok() {
                        let _ = to_client.shutdown(std::net::Shutdown::Both);
                        return;
                    }
                    if to_client.write_all(&bytes[..length]).is_err() {
                        return;
                    }
                }
            });
            thread::spawn(move || {
                let (mut client, mut server, mut commits) = (client, server, 0);
                let mut bytes = [0; 1 << 16];
                while let Ok(length @ 1..) = client.read(&mut bytes) {
                    let sent = &bytes[..length];
                    commits += u32::from(sent.ends_with(b"commit\0"));
                    // The first commit is that of the preparation of the tables.
                    if is_cut && commits == 2 {
                        let _ = cut.send(());
                    }
                    if server.write_all(sent).is_err() {
                        return;
                    }
                }
            });
        }
    });
    own
}

#[test]
fn a_commit_whose_answer_is_lost_is_asked_for_and_found() {
    let Some(server) = Server::start("a_commit_whose_answer_is_lost_is_asked_for_and_found") else {
        return;
    };
    let [_, new] = states(&server);
    let mut direct = server.open("asked");
    publish(&mut direct, 1, FIRST).unwrap();
    let port = swallow_commit(server.port);
    let url = server.url().replace(&server.port.to_string(), &port.to_string());
    let mut store = Store::open_server(&url, "asked", &schema()).unwrap();
    publish(&mut store, 2, SECOND).unwrap();
    assert_eq!(of_server(&mut direct), new);
    // The connection is gone.
    assert!(matches!(store.dates(), Err(StoreError::ServerUnreachable { .. })));
}

#[test]
fn a_run_whose_claim_was_taken_over_publishes_nothing() {
    let Some(server) = Server::start("a_run_whose_claim_was_taken_over_publishes_nothing") else {
        return;
    };
    let mut store = server.open("claimed");
    publish(&mut store, 1, FIRST).unwrap();
    let old = of_server(&mut store);
    let claim = |owner: &str, epoch| RunClaim { date: day(2), owner: owner.to_owned(), epoch };
    let (session, tenant) = store.server();
    session
        .batch(&format!(
            "insert into orgsnap_data.run_claim values ({tenant}, '{}', 'two', 2, now(), 'running')",
            day(2)
        ))
        .unwrap();
    for stale in [claim("one", 1), claim("one", 2), claim("two", 1)] {
        store.hold_claim(stale).unwrap();
        let published = publish(&mut store, 2, SECOND);
        assert!(matches!(published, Err(StoreError::Fenced { .. })), "{published:?}");
        assert_eq!(of_server(&mut store), old);
    }
    store.hold_claim(claim("two", 2)).unwrap();
    publish(&mut store, 2, SECOND).unwrap();
    assert_ne!(of_server(&mut store), old);
    // A claim is for one publication.
    let again = import_as(&mut store, &schema(), "run-3", day(2), &delivery(SECOND));
    assert!(matches!(again, Err(StoreError::Fenced { .. })));
}

#[test]
fn of_two_publications_of_a_tenant_at_once_one_says_that_it_is_locked() {
    let Some(server) =
        Server::start("of_two_publications_of_a_tenant_at_once_one_says_that_it_is_locked")
    else {
        return;
    };
    let (mut one, mut other) = (server.open("twice"), server.open("twice"));
    let mut neighbour = server.open("neighbour");
    let open = one.begin(day(1)).unwrap();
    assert!(matches!(other.begin(day(1)), Err(StoreError::Locked { .. })));
    publish(&mut neighbour, 1, FIRST).unwrap();
    drop(open);
    publish(&mut other, 1, FIRST).unwrap();
}
