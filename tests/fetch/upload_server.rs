//! An FTP server in a thread that takes files and misbehaves as the test says.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What goes wrong with the n-th upload; later ones go as the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// Half the file is taken, then both connections are closed.
    HangsUp,
    /// Half the file is taken, then this reply.
    Aborts(&'static str),
    /// Half the file is kept, and 226 all the same.
    KeepsHalf,
    /// This reply in place of taking it.
    Refuses(&'static str),
}

/// A running server. Its threads end with the test process.
pub(super) struct UploadServer {
    pub(super) port: u16,
    state: Arc<State>,
}

struct State {
    faults: Vec<Fault>,
    /// Whether a file is replaced by renaming another, as by most servers.
    renames_over: bool,
    uploads: Mutex<usize>,
    /// What is there, and every state it was in.
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    /// The sizes that the final name has had.
    seen: Mutex<Vec<usize>>,
}

impl UploadServer {
    pub(super) fn start(faults: &[Fault], renames_over: bool) -> UploadServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            faults: faults.to_vec(),
            renames_over,
            uploads: Mutex::default(),
            files: Mutex::default(),
            seen: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that hangs up ends its session with an error, as it should.
                thread::spawn(move || _ = state.serve(client));
            }
        });
        UploadServer { port, state }
    }

    /// The files that are there.
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.files.lock().unwrap().clone()
    }

    /// Puts a file there beforehand.
    pub(super) fn hold(&self, name: &str, content: &[u8]) {
        self.state.files.lock().unwrap().insert(name.to_owned(), content.to_vec());
    }

    /// How many uploads were begun.
    pub(super) fn uploads(&self) -> usize {
        *self.state.uploads.lock().unwrap()
    }

    /// The sizes that files which are no parts have had since.
    pub(super) fn sizes_of_whole_files(&self) -> Vec<usize> {
        self.state.seen.lock().unwrap().clone()
    }
}

impl State {
    fn serve(&self, socket: TcpStream) -> io::Result<()> {
        let mut out = socket.try_clone()?;
        let mut lines = BufReader::new(socket);
        let mut data = None;
        let mut from = String::new();
        out.write_all(b"220 ready\r\n")?;
        let mut line = String::new();
        loop {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let (command, argument) =
                line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
            let reply = match command {
                "USER" => "331 password?".to_owned(),
                "PASS" => "230 in".to_owned(),
                "CWD" => "250 in".to_owned(),
                "EPSV" => {
                    let listener = TcpListener::bind("127.0.0.1:0")?;
                    let port = listener.local_addr()?.port();
                    data = Some(listener);
                    format!("229 here (|||{port}|)")
                }
                "STOR" => {
                    let Some(listener) = data.take() else { return Ok(()) };
                    match self.take(argument, &listener, &mut out)? {
                        Some(reply) => reply.to_owned(),
                        None => return out.shutdown(Shutdown::Both),
                    }
                }
                "SIZE" => match self.files.lock().unwrap().get(argument) {
                    Some(content) => format!("213 {}", content.len()),
                    None => "550 no such file".to_owned(),
                },
                "MDTM" => "502 not here".to_owned(),
                "RNFR" => {
                    argument.clone_into(&mut from);
                    "350 to what?".to_owned()
                }
                "RNTO" => {
                    let mut files = self.files.lock().unwrap();
                    if files.contains_key(argument) && !self.renames_over {
                        "553 file exists".to_owned()
                    } else {
                        let content = files.remove(&from).unwrap();
                        self.seen.lock().unwrap().push(content.len());
                        files.insert(argument.to_owned(), content);
                        "250 done".to_owned()
                    }
                }
                "DELE" => match self.files.lock().unwrap().remove(argument) {
                    Some(_) => "250 gone".to_owned(),
                    None => "550 no such file".to_owned(),
                },
                "QUIT" => "221 bye".to_owned(),
                _ => "200 ok".to_owned(),
            };
            out.write_all(format!("{reply}\r\n").as_bytes())?;
        }
    }

    /// Takes a file; the reply to give then, and the end of the session if none.
    fn take(
        &self,
        name: &str,
        listener: &TcpListener,
        out: &mut TcpStream,
    ) -> io::Result<Option<&'static str>> {
        let count = {
            let mut uploads = self.uploads.lock().unwrap();
            *uploads += 1;
            *uploads
        };
        let fault = self.faults.get(count - 1).or(self.faults.last()).copied();
        let fault = fault.unwrap_or(Fault::None);
        if let Fault::Refuses(reply) = fault {
            return Ok(Some(reply));
        }
        out.write_all(b"150 give\r\n")?;
        let (mut socket, _) = listener.accept()?;
        let mut content = Vec::new();
        let keep = |content: &[u8]| {
            self.files.lock().unwrap().insert(name.to_owned(), content.to_vec());
        };
        match fault {
            Fault::HangsUp | Fault::Aborts(_) => {
                let mut buffer = [0; 4096];
                while content.len() < 100_000 {
                    let read = socket.read(&mut buffer)?;
                    content.extend_from_slice(&buffer[..read]);
                }
                keep(&content);
                socket.shutdown(Shutdown::Both)?;
                match fault {
                    Fault::Aborts(reply) => Ok(Some(reply)),
                    _ => Ok(None),
                }
            }
            _ => {
                socket.read_to_end(&mut content)?;
                if fault == Fault::KeepsHalf {
                    content.truncate(content.len() / 2);
                }
                keep(&content);
                Ok(Some("226 taken"))
            }
        }
    }
}
