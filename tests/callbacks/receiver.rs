//! A receiver of callbacks on the loopback interface, and raw requests to it.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use orgsnap::config::job::{self, Job};
use orgsnap::metrics::CallbackCounts;
use orgsnap::model::Language;
use orgsnap::web::callbacks::Callbacks;
use orgsnap::web::server::{self, Limits};
use orgsnap::wecom::crypto::Credentials;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// Longer than any answer should take, on the busiest machine.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) const TOKEN: &str = "QDG6eK";
/// A key with spare bits that are not zero.
pub(crate) const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
pub(super) const CORP: &str = "ww08a41f56c8db31fb";

/// A tenant with one application of every kind.
pub(crate) const JOB: &str = r#"
tenant = "00010001"
corp_id = "ww08a41f56c8db31fb"
public_url = "https://wecom.example.com"

[[wecom_app]]
agent_id = "chengyuan"
secret = "of-the-contacts"
token = "QDG6eK"
aes_key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

[[wecom_app]]
agent_id = "kehu"
secret = "of-the-customers"
token = "QDG6eK"
aes_key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
receive_ids = ["", "suite"]

[[wecom_app]]
agent_id = 1000008
secret = "of-the-application"

[[wecom_app]]
agent_id = 1000009
secret = "of-the-other"
token = { env = "UNSET" }
aes_key = { env = "UNSET" }

[[domain_verification]]
file = "WW_verify_OTLPha66qJcN7Wpf.txt"
"#;

pub(super) const MEMBER: &str =
    "/customer/work-weixin-integration/wxCallBack/member/ww08a41f56c8db31fb/00010001/chengyuan";
pub(super) const EXTERNAL: &str =
    "/customer/customer-manager/wxCallBack/external/user/ww08a41f56c8db31fb/00010001/kehu";

/// A running receiver; it ends with this value.
pub(crate) struct Receiver {
    pub(crate) data: TempDir,
    pub(super) callbacks: Arc<Callbacks>,
    pub(super) counts: Arc<CallbackCounts>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<()>>,
    runtime: Option<Runtime>,
}

pub(super) fn parse(text: &str) -> Job {
    job::parse(Path::new("jobs/x.toml"), text, &|_| None).unwrap()
}

impl Receiver {
    pub(crate) fn start() -> Receiver {
        Receiver::with(&[JOB], Limits::default())
    }

    pub(super) fn with(jobs: &[&str], limits: Limits) -> Receiver {
        let data = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let now = "2026-11-24T00:00:00Z".parse().unwrap();
        let counts: Arc<CallbackCounts> = Arc::default();
        let callbacks = Callbacks::new(
            data.path(),
            Arc::new(move || now),
            Language::English,
            Arc::clone(&counts),
        );
        let jobs: Vec<Job> = jobs.iter().map(|text| parse(text)).collect();
        callbacks.set_jobs(&jobs.iter().collect::<Vec<_>>());
        let listener =
            runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = runtime.spawn(server::serve(listener, callbacks.router(), limits, async {
            let _ = stopped.await;
        }));
        Receiver {
            data,
            callbacks,
            counts,
            address,
            stop: Some(stop),
            served: Some(served),
            runtime: Some(runtime),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        stream
    }

    /// Sends bytes and reads to the end of the connection. A server that hangs up early has answered all the same.
    pub(super) fn send(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        let _ = stream.write_all(request);
        to_end(&mut stream)
    }

    pub(super) fn get(&self, target: &str) -> Answer {
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        Answer::read(&self.send(request.as_bytes()))
    }

    pub(super) fn post(&self, target: &str, body: &[u8]) -> Answer {
        Answer::read(&self.send(&posted(target, body)))
    }

    /// The database of a tenant.
    pub(super) fn database(&self, tenant: &str) -> Connection {
        Connection::open(self.data.path().join(tenant).join("wecom.db")).unwrap()
    }

    /// The bodies stored for a tenant, in order of arrival.
    pub(super) fn bodies(&self, tenant: &str) -> Vec<String> {
        if !self.data.path().join(tenant).join("wecom.db").exists() {
            return Vec::new();
        }
        let conn = self.database(tenant);
        let mut query = conn.prepare("select body from callback_event order by id").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Ends the server as a signal would; returns once it has ended.
    pub(super) fn stop(&mut self) {
        drop(self.stop.take());
        if let (Some(runtime), Some(served)) = (&self.runtime, self.served.take()) {
            runtime.block_on(served).unwrap();
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// Reads until the other side closes or resets the connection.
pub(super) fn to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return answer,
            Ok(n) => answer.extend_from_slice(&buffer[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return answer,
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&answer)),
        }
    }
}

pub(super) fn posted(target: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut request = format!(
        "POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// An answer: its status, its head without the date, its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn read(bytes: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        let kept: Vec<&str> =
            head.split("\r\n").filter(|line| !line.to_lowercase().starts_with("date:")).collect();
        Answer { status, head: kept.join("\r\n"), body: body.to_owned() }
    }
}

pub(super) fn credentials() -> Credentials {
    Credentials::new(TOKEN, KEY).unwrap()
}

/// The query of a callback whose ciphertext is `encrypted`, signed.
pub(super) fn signed(encrypted: &str) -> String {
    let signature = credentials().signature("1409659813", "1372623149", encrypted);
    format!("msg_signature={signature}&timestamp=1409659813&nonce=1372623149")
}

/// Encodes every byte that is neither letter nor digit.
pub(super) fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
        encoded
    })
}

/// Target and body of a right callback with this text.
pub(super) fn event(path: &str, text: &str, receive_id: &str, noise: u8) -> (String, String) {
    let encrypted = credentials().encrypt([noise; 16], text.as_bytes(), receive_id);
    let target = format!("{path}?{}", signed(&encrypted));
    let body = format!(
        "<xml><ToUserName><![CDATA[{receive_id}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt>\
         <AgentID><![CDATA[]]></AgentID></xml>"
    );
    (target, body)
}
