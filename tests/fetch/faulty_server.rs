//! An FTP server in a thread that serves one file and misbehaves as told.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What goes wrong with the n-th download; later ones go as the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// Half the file, then 226 all the same.
    CutShort,
    /// Half the file, then 426.
    Aborted,
    /// Half the file, then nothing more, with the connection open.
    Stall,
    /// All the file and a byte more.
    TooLong,
    /// All the file, and no reply.
    NoReply,
    /// All the file; then it changes.
    Changes,
}

/// What the server does not know, or does its own way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quirks {
    /// Answers 502 to SIZE and MDTM.
    pub(super) no_size: bool,
    /// Answers 500 to EPSV, and a made-up address to PASV.
    pub(super) pasv_only: bool,
    /// Refuses every login with a Chinese reply in GBK that repeats the password.
    pub(super) refuses: bool,
}

/// A running server. Its threads end with the test process.
pub(super) struct FaultyServer {
    pub(super) port: u16,
    state: Arc<State>,
}

struct State {
    content: Mutex<Vec<u8>>,
    faults: Vec<Fault>,
    quirks: Quirks,
    /// Number of commands by name.
    seen: Mutex<HashMap<String, usize>>,
}

impl FaultyServer {
    /// Serves `content` as `temp_agent.txt`.
    pub(super) fn start(content: &[u8], faults: &[Fault], quirks: Quirks) -> FaultyServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            content: Mutex::new(content.to_vec()),
            faults: faults.to_vec(),
            quirks,
            seen: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that hangs up ends its session with an error, as it should.
                thread::spawn(move || _ = state.serve(&client));
            }
        });
        FaultyServer { port, state }
    }

    /// How often a command has come.
    pub(super) fn seen(&self, command: &str) -> usize {
        self.state.seen.lock().unwrap().get(command).copied().unwrap_or(0)
    }
}

impl State {
    fn serve(&self, client: &TcpStream) -> std::io::Result<()> {
        let mut out = client;
        let mut say = |reply: &str| out.write_all(format!("{reply}\r\n").as_bytes());
        say("220 ready")?;
        let mut data: Option<TcpListener> = None;
        for line in BufReader::new(client).lines() {
            let line = line?;
            let (command, argument) = line.split_once(' ').unwrap_or((&line, ""));
            let count = {
                let mut seen = self.seen.lock().unwrap();
                let count = seen.entry(command.to_owned()).or_default();
                *count += 1;
                *count
            };
            let here = argument == "temp_agent.txt";
            match command {
                "USER" => say("331 password?")?,
                "PASS" if self.quirks.refuses => {
                    let mut out = client;
                    let words = [b"530 \xb5\xc7\xc2\xbc\xca\xa7\xb0\xdc ", argument.as_bytes()];
                    out.write_all(&words.concat())?;
                    out.write_all(b"\r\n")?;
                }
                "PASS" => say("230 in")?,
                "TYPE" => say("200 ok")?,
                "SIZE" | "MDTM" if self.quirks.no_size => say("502 not here")?,
                "SIZE" if here => say(&format!("213 {}", self.content.lock().unwrap().len()))?,
                "MDTM" if here => say("213 20261124020000")?,
                "EPSV" if self.quirks.pasv_only => say("500 what?")?,
                "EPSV" | "PASV" => {
                    let listener = TcpListener::bind("127.0.0.1:0")?;
                    let SocketAddr::V4(address) = listener.local_addr()? else { continue };
                    let port = address.port();
                    data = Some(listener);
                    match command {
                        "EPSV" => say(&format!("229 here (|||{port}|)"))?,
                        _ => say(&format!("227 here (10,255,255,1,{},{})", port >> 8, port & 255))?,
                    }
                }
                "RETR" if here => {
                    let Some(listener) = data.take() else { continue };
                    say("150 comes")?;
                    let fault = self.faults.get(count - 1).or(self.faults.last());
                    let fault = fault.copied().unwrap_or(Fault::None);
                    let Some(reply) = self.send(&listener, fault)? else { continue };
                    say(reply)?;
                }
                "QUIT" => {
                    say("221 bye")?;
                    return client.shutdown(Shutdown::Both);
                }
                _ => say("550 not there")?,
            }
        }
        Ok(())
    }

    /// Sends the file over the data connection; the reply to give then, if any.
    fn send(&self, listener: &TcpListener, fault: Fault) -> std::io::Result<Option<&'static str>> {
        let (mut socket, _) = listener.accept()?;
        let content = self.content.lock().unwrap().clone();
        let half = &content[..content.len() / 2];
        match fault {
            Fault::None => socket.write_all(&content)?,
            Fault::CutShort => socket.write_all(half)?,
            Fault::Aborted => {
                socket.write_all(half)?;
                return Ok(Some("426 aborted"));
            }
            Fault::Stall => {
                socket.write_all(half)?;
                thread::sleep(Duration::from_secs(20));
                return Ok(None);
            }
            Fault::TooLong => socket.write_all(&[&content[..], b"x"].concat())?,
            Fault::NoReply => {
                socket.write_all(&content)?;
                return Ok(None);
            }
            Fault::Changes => {
                socket.write_all(&content)?;
                self.content.lock().unwrap().push(b'+');
            }
        }
        Ok(Some("226 done"))
    }
}
