//! Requests to a port of this machine, and a server that always answers the same.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::receiver::{Answer, TIMEOUT, posted, to_end};

/// Sends bytes and reads to the end of the connection.
pub(super) fn send(port: u16, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    // A server that hangs up early has answered all the same.
    let _ = stream.write_all(request);
    Answer::read(&to_end(&mut stream))
}

pub(super) fn get(port: u16, target: &str) -> Answer {
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    send(port, request.as_bytes())
}

pub(super) fn post(port: u16, target: &str, body: &[u8]) -> Answer {
    send(port, &posted(target, body))
}

/// A server that answers every request alike, until it is dropped.
pub(super) struct Canned {
    pub(super) port: u16,
    thread: Option<thread::JoinHandle<()>>,
}

impl Canned {
    pub(super) fn start(answer: &'static str) -> Canned {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4096];
                // An empty request is the end.
                let Ok(1..) = stream.read(&mut request) else { return };
                let _ = stream.write_all(answer.as_bytes());
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let _ = stream.read_to_end(&mut Vec::new());
            }
        });
        Canned { port, thread: Some(thread) }
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
