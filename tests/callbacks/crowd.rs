//! Many connections that wait for their client do not hold up a callback that is there.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use orgsnap::web::server::{self, Limits};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::receiver::{Answer, CORP, JOB, MEMBER, Receiver, TIMEOUT, event, posted, to_end};

/// How long WeCom waits for the answer to a callback.
const WECOM_WAITS: Duration = Duration::from_secs(5);

/// A right request whose text is that number.
fn request(n: usize) -> Vec<u8> {
    let (target, body) = event(MEMBER, &format!("event {n}"), CORP, 1);
    posted(&target, body.as_bytes())
}

/// A connection from one of the addresses of this machine.
fn connect(from: Ipv4Addr, port: u16) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(IpAddr::V4(from), 0)).unwrap();
        let server = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        socket.connect(server).await.unwrap()
    });
    let stream = stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream
}

#[test]
fn a_callback_is_answered_while_560_slow_connections_are_open() {
    let receiver = Receiver::start();
    let slow: Vec<TcpStream> = (0..560)
        .map(|n| {
            let mut stream = receiver.connect();
            let request = request(n);
            // Nothing at all, a part of the head, all but the last byte of the body.
            let sent = [0, 40, request.len() - 1][n % 3];
            stream.write_all(&request[..sent]).unwrap();
            stream
        })
        .collect();
    let mut good = receiver.connect();
    good.write_all(&request(1_000)).unwrap();
    good.set_read_timeout(Some(WECOM_WAITS)).unwrap();
    assert_eq!(Answer::read(&to_end(&mut good)).status, 200);
    assert_eq!(receiver.bodies("00010001"), ["event 1000"]);
    // Their clients have closed none of them until here.
    drop(slow);
}

#[test]
fn a_crowd_from_one_address_cuts_off_no_slow_sender_of_another() {
    let limits = Limits {
        connections: 8,
        patience: Duration::from_millis(50),
        per_address: 4,
        head: TIMEOUT,
        request: TIMEOUT,
        ..Limits::default()
    };
    let receiver = Receiver::with(&[JOB], limits);
    let mut slow = connect(Ipv4Addr::new(127, 0, 0, 2), receiver.port());
    let whole = request(1);
    let (early, late) = whole.split_at(whole.len() - 1);
    slow.write_all(early).unwrap();
    let crowd: Vec<TcpStream> = (0..40).map(|_| receiver.connect()).collect();
    let mut good = connect(Ipv4Addr::new(127, 0, 0, 3), receiver.port());
    good.write_all(&request(2)).unwrap();
    assert_eq!(Answer::read(&to_end(&mut good)).status, 200);
    slow.write_all(late).unwrap();
    assert_eq!(Answer::read(&to_end(&mut slow)).status, 200);
    drop(crowd);
}

#[test]
fn an_address_whose_requests_come_whole_is_not_bounded() {
    // A proxy: every request from one address, more of them at once than one address may have waiting.
    let limits = Limits { per_address: 2, patience: Duration::from_secs(5), ..Limits::default() };
    let receiver = Receiver::with(&[JOB], limits);
    let mut streams: Vec<TcpStream> = (0..300)
        .map(|n| {
            let mut stream = receiver.connect();
            stream.write_all(&request(n)).unwrap();
            stream
        })
        .collect();
    for stream in &mut streams {
        assert_eq!(Answer::read(&to_end(stream)).status, 200);
    }
    assert_eq!(receiver.bodies("00010001").len(), 300);
}

#[test]
fn a_client_that_takes_no_answers_makes_room_after_a_few_however_many_requests_it_sent() {
    let limits = Limits {
        connections: 1,
        patience: Duration::from_millis(200),
        head: TIMEOUT,
        request: TIMEOUT,
        ..Limits::default()
    };
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let port = listener.local_addr().unwrap().port();
    let answered = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&answered);
    let large = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::ready(vec![b'x'; 16 << 10])
    };
    let app = Router::new().route("/large", get(large)).route("/small", get(async || "here"));
    runtime.spawn(server::serve(listener, app, limits, std::future::pending()));
    let mut greedy = connect(Ipv4Addr::new(127, 0, 0, 2), port);
    let requests = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000);
    greedy.write_all(requests.as_bytes()).unwrap();
    let mut good = connect(Ipv4Addr::new(127, 0, 0, 3), port);
    good.write_all(b"GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(Answer::read(&to_end(&mut good)).status, 200);
    // What both systems take without a reader is far less than a MiB.
    let answered = answered.load(Ordering::Relaxed);
    assert!((1..64).contains(&answered), "{answered}");
    drop(greedy);
    runtime.shutdown_background();
}
