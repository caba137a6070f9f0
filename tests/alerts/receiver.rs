//! A small HTTP server that behaves as each test wants it to, and keeps what it was sent.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// Answers with a status line's rest, such as `200 OK`, and a body.
    Answer(&'static str, &'static str),
    /// Takes the request and never answers.
    Stall,
    /// Closes the connection unanswered.
    Close,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// The server. Its thread ends with the test process.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// A server that behaves as the list says, request by request, and as its last entry from then on.
    pub(crate) fn new(behaviours: Vec<Behaviour>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&received);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (behaviours, kept) = (behaviours.clone(), Arc::clone(&kept));
                thread::spawn(move || answer(connection, &behaviours, &kept));
            }
        });
        Receiver { port, received }
    }

    /// The same behind TLS, with `server.pem` and `server.key` of a folder; it answers 200 to everything.
    pub(crate) fn behind_tls(folder: &Path) -> Receiver {
        let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&received);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                let stream = StreamOwned::new(tls, connection);
                answer(stream, &[Behaviour::Answer("200 OK", "{}")], &kept);
            }
        });
        Receiver { port, received }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?key=S3CRET-KEY", self.port)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(
    connection: impl Read + Write,
    behaviours: &[Behaviour],
    received: &Mutex<Vec<Received>>,
) -> Option<()> {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (reader.read_line(&mut head).ok()? > 0).then_some(())?;
    }
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    let behaviour = {
        let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
        received.push(Received { head, body });
        behaviours[(received.len() - 1).min(behaviours.len() - 1)].clone()
    };
    match behaviour {
        Behaviour::Answer(status, body) => {
            let text = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nlocation: /elsewhere\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            {
                let connection = reader.get_mut();
                connection.write_all(text.as_bytes()).and_then(|()| connection.flush()).ok()
            }
        }
        Behaviour::Stall => {
            thread::sleep(Duration::from_secs(120));
            Some(())
        }
        Behaviour::Close => Some(()),
    }
}
