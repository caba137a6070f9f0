//! An FTP server in a thread that misbehaves as the test says.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What goes wrong with the n-th download of `temp_agent.txt`; later ones go as the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// So many per cent of the file, an end in good order, then 226 all the same.
    CutShort(usize),
    /// So many per cent of the file, then the data connection is reset; 226 all the same.
    Reset(usize),
    /// 226 at once, then half the file.
    SuccessTooEarly,
    /// 226 at once, then all the file, and nothing more.
    SuccessEarly,
    /// Half the file, then this reply.
    Aborted(&'static str),
    /// This reply in place of the file.
    Refused(&'static str),
    /// Half the file, then both connections are closed.
    HangUp,
    /// Half the file, then nothing more, with the connections open.
    Stall,
    /// All the file, then nothing more on the control connection.
    NoReply,
    /// All the file, then the control connection is closed.
    ControlClosed,
    /// All the file and a byte more.
    TooLong,
    /// The file again and again.
    Endless,
    /// All the file; then it changes.
    Changes,
    /// Another file of the same size, as if it was replaced since SIZE.
    Replaced,
    /// All the file, and meanwhile all files are replaced by those of the next day.
    NextDay,
}

/// What the server does not know, or does its own way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quirks {
    /// Answers 502 to SIZE and MDTM.
    pub(super) no_size: bool,
    /// Answers 500 to EPSV.
    pub(super) no_epsv: bool,
    /// What stands in the answer to PASV for `{}`, the address and port; by default as most have it.
    pub(super) pasv: Option<&'static [u8]>,
    /// Refuses every login with a Chinese reply in GBK that repeats the password.
    pub(super) refuses: bool,
    /// Answers 502 to REST.
    pub(super) no_rest: bool,
    /// Answers 350 to REST and begins at the beginning all the same.
    pub(super) ignores_rest: bool,
    /// Answers 200 to TYPE I, and changes line ends all the same.
    pub(super) ascii: bool,
    /// Every look finds the file longer.
    pub(super) grows: bool,
    /// Waits so long before its greeting.
    pub(super) slow: Option<Duration>,
    /// Takes so many connections at a time, and greets the others with 421.
    pub(super) most: Option<usize>,
    /// Knows names in GBK only.
    pub(super) gbk_names: bool,
    /// Ends TLS data connections without `close_notify`.
    pub(super) no_close_notify: bool,
}

/// A running server. Its threads end with the test process.
pub(super) struct FaultyServer {
    pub(super) port: u16,
    state: Arc<State>,
}

struct State {
    files: Mutex<Files>,
    faults: Vec<Fault>,
    quirks: Quirks,
    tls: Option<Arc<ServerConfig>>,
    /// Number of commands by name.
    seen: Mutex<BTreeMap<String, usize>>,
    connected: Mutex<usize>,
}

#[derive(Default)]
struct Files {
    today: BTreeMap<String, Vec<u8>>,
    tomorrow: BTreeMap<String, Vec<u8>>,
    /// The modification time, in seconds past 02:00.
    stamp: usize,
}

/// What a client has set up.
#[derive(Default)]
struct Client {
    data: Option<TcpListener>,
    rest: usize,
    binary: bool,
    protected: bool,
}

const AGENT: &str = "temp_agent.txt";

impl FaultyServer {
    /// Serves `content` as `temp_agent.txt`.
    pub(super) fn start(content: &[u8], faults: &[Fault], quirks: Quirks) -> FaultyServer {
        let today = BTreeMap::from([(AGENT.to_owned(), content.to_vec())]);
        FaultyServer::serving(today, BTreeMap::new(), faults, quirks, None)
    }

    /// Serves files, and others the next day; over TLS from the first byte if there is a configuration.
    pub(super) fn serving(
        today: BTreeMap<String, Vec<u8>>,
        tomorrow: BTreeMap<String, Vec<u8>>,
        faults: &[Fault],
        quirks: Quirks,
        tls: Option<Arc<ServerConfig>>,
    ) -> FaultyServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            files: Mutex::new(Files { today, tomorrow, stamp: 0 }),
            faults: faults.to_vec(),
            quirks,
            tls,
            seen: Mutex::default(),
            connected: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that hangs up ends its session with an error, as it should.
                thread::spawn(move || {
                    *state.connected.lock().unwrap() += 1;
                    _ = state.greet(client);
                    *state.connected.lock().unwrap() -= 1;
                });
            }
        });
        FaultyServer { port, state }
    }

    /// How often a command has come.
    pub(super) fn seen(&self, command: &str) -> usize {
        self.state.seen.lock().unwrap().get(command).copied().unwrap_or(0)
    }

    /// Puts another content in the place of a file.
    pub(super) fn replace(&self, name: &str, content: &[u8]) {
        let mut files = self.state.files();
        files.today.insert(name.to_owned(), content.to_vec());
        files.stamp += 1;
    }

    /// The files as they are now.
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.files().today.clone()
    }
}

/// A connection, with or without TLS.
trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

impl State {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap()
    }

    fn secured(&self, socket: TcpStream) -> Box<dyn Wire> {
        match &self.tls {
            None => Box::new(socket),
            Some(config) => {
                let session = ServerConnection::new(Arc::clone(config)).unwrap();
                Box::new(StreamOwned::new(session, socket))
            }
        }
    }

    fn greet(&self, socket: TcpStream) -> io::Result<()> {
        let control = socket.try_clone()?;
        let mut wire = BufReader::new(self.secured(socket));
        thread::sleep(self.quirks.slow.unwrap_or_default());
        if self.quirks.most.is_some_and(|most| *self.connected.lock().unwrap() > most) {
            return wire.get_mut().write_all(b"421 Too many connections\r\n");
        }
        wire.get_mut().write_all(b"220 ready\r\n")?;
        let mut client = Client::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            if wire.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let reply =
                self.answer(&mut client, line.trim_ascii_end(), &control, wire.get_mut())?;
            let Some(reply) = reply else { return Ok(()) };
            if !reply.is_empty() {
                wire.get_mut().write_all(&[&reply, &b"\r\n"[..]].concat())?;
            }
            if reply.starts_with(b"221") {
                return control.shutdown(Shutdown::Both);
            }
        }
    }

    /// The file that a name as it came stands for.
    fn named(&self, argument: &[u8]) -> Option<String> {
        let name = match self.quirks.gbk_names {
            true => encoding_rs::GBK.decode_without_bom_handling(argument).0.into_owned(),
            false => String::from_utf8(argument.to_vec()).ok()?,
        };
        self.files().today.contains_key(&name).then_some(name)
    }

    /// Does a command; `None` ends the session.
    fn answer(
        &self,
        client: &mut Client,
        line: &[u8],
        control: &TcpStream,
        out: &mut dyn Write,
    ) -> io::Result<Option<Vec<u8>>> {
        let (command, argument) = match line.iter().position(|&byte| byte == b' ') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &b""[..]),
        };
        let command = String::from_utf8_lossy(command).into_owned();
        *self.seen.lock().unwrap().entry(command.clone()).or_default() += 1;
        let quirks = &self.quirks;
        let file = self.named(argument);
        let reply = match (command.as_str(), file) {
            ("USER", _) => b"331 password?".to_vec(),
            ("PASS", _) if quirks.refuses => {
                [b"530 \xb5\xc7\xc2\xbc\xca\xa7\xb0\xdc ", argument].concat()
            }
            ("PASS", _) => b"230 in".to_vec(),
            ("PBSZ", _) => b"200 ok".to_vec(),
            ("PROT", _) => {
                client.protected = true;
                b"200 ok".to_vec()
            }
            ("TYPE", _) => {
                client.binary = argument == b"I" && !quirks.ascii;
                b"200 ok".to_vec()
            }
            ("NOOP", _) => b"200 ok".to_vec(),
            ("SIZE" | "MDTM", _) if quirks.no_size => b"502 not here".to_vec(),
            ("SIZE", Some(name)) => {
                let mut files = self.files();
                if quirks.grows && name == AGENT {
                    let more = b"more\n";
                    files.today.get_mut(&name).unwrap().extend(more);
                }
                format!("213 {}", files.today[&name].len()).into_bytes()
            }
            ("MDTM", Some(_)) => format!("213 202411240200{:02}", self.files().stamp).into_bytes(),
            ("EPSV", _) if quirks.no_epsv => b"500 what?".to_vec(),
            ("EPSV" | "PASV", _) => {
                let listener = TcpListener::bind("127.0.0.1:0")?;
                let SocketAddr::V4(address) = listener.local_addr()? else { return Ok(None) };
                let port = address.port();
                client.data = Some(listener);
                match command.as_str() {
                    "EPSV" => format!("229 here (|||{port}|)").into_bytes(),
                    _ => self.passive(port),
                }
            }
            ("REST", _) if quirks.no_rest => b"502 not here".to_vec(),
            ("REST", _) => {
                client.rest = String::from_utf8_lossy(argument).parse().unwrap_or(0);
                b"350 go on".to_vec()
            }
            ("RETR", Some(name)) => {
                let count = {
                    let mut seen = self.seen.lock().unwrap();
                    let count = seen.entry(format!("RETR {name}")).or_default();
                    *count += 1;
                    *count
                };
                let fault = self.faults.get(count - 1).or(self.faults.last()).copied();
                let fault = fault.filter(|_| name == AGENT).unwrap_or(Fault::None);
                if let Fault::Refused(reply) = fault {
                    return Ok(Some(reply.as_bytes().to_vec()));
                }
                let Some(listener) = client.data.take() else { return Ok(None) };
                out.write_all(b"150 comes\r\n")?;
                if matches!(fault, Fault::SuccessTooEarly | Fault::SuccessEarly) {
                    out.write_all(b"226 done\r\n")?;
                }
                match self.send(client, &listener, &name, fault, control)? {
                    None => return Ok(None),
                    Some(reply) => reply.as_bytes().to_vec(),
                }
            }
            ("QUIT", _) => b"221 bye".to_vec(),
            _ => b"550 \xce\xc4\xbc\xfe\xb2\xbb\xb4\xe6\xd4\xda".to_vec(),
        };
        if !matches!(command.as_str(), "REST" | "PASV" | "EPSV") {
            client.rest = 0;
        }
        Ok(Some(reply))
    }

    fn passive(&self, port: u16) -> Vec<u8> {
        let address = format!("10,255,255,1,{},{}", port >> 8, port & 255);
        let pattern = self.quirks.pasv.unwrap_or(b"227 here ({}).");
        let at = pattern.windows(2).position(|pair| pair == b"{}").unwrap();
        let spaced = pattern.starts_with(b"227 spaced");
        let address = if spaced { address.replace(',', ", ") } else { address };
        [&pattern[..at], address.as_bytes(), &pattern[at + 2..]].concat()
    }

    /// Sends a file over the data connection; the reply to give then: none if it is empty, and the end of
    /// the session if none.
    fn send(
        &self,
        client: &Client,
        listener: &TcpListener,
        name: &str,
        fault: Fault,
        control: &TcpStream,
    ) -> io::Result<Option<&'static str>> {
        let (socket, _) = listener.accept()?;
        let raw = socket.try_clone()?;
        let mut content = self.files().today[name].clone();
        if !client.binary {
            content = String::from_utf8_lossy(&content).replace('\n', "\r\n").into_bytes();
        }
        let from = if self.quirks.ignores_rest { 0 } else { client.rest.min(content.len()) };
        let half = content.len() / 2;
        let mut out: Box<dyn Wire> = match (&self.tls, client.protected) {
            (Some(config), true) => {
                let session = ServerConnection::new(Arc::clone(config)).unwrap();
                let mut stream = StreamOwned::new(session, socket);
                stream.write_all(&content[from..])?;
                if !self.quirks.no_close_notify {
                    stream.conn.send_close_notify();
                }
                stream.flush()?;
                return Ok(Some("226 done"));
            }
            _ => Box::new(socket),
        };
        let mut until = |end: usize| out.write_all(&content[from.min(end)..end]);
        match fault {
            Fault::None | Fault::Refused(_) => until(content.len())?,
            Fault::CutShort(percent) => until(content.len() * percent / 100)?,
            Fault::Reset(percent) => {
                until(content.len() * percent / 100)?;
                reset(&raw);
            }
            Fault::SuccessTooEarly => {
                until(half)?;
                return Ok(Some(""));
            }
            Fault::SuccessEarly => {
                until(content.len())?;
                return Ok(Some(""));
            }
            Fault::Aborted(reply) => {
                until(half)?;
                return Ok(Some(reply));
            }
            Fault::HangUp => {
                until(half)?;
                return Ok(None);
            }
            Fault::Stall => {
                until(half)?;
                thread::sleep(Duration::from_secs(30));
                return Ok(None);
            }
            Fault::NoReply => {
                until(content.len())?;
                return Ok(Some(""));
            }
            Fault::ControlClosed => {
                until(content.len())?;
                control.shutdown(Shutdown::Both)?;
                return Ok(None);
            }
            Fault::TooLong => {
                until(content.len())?;
                out.write_all(b"x")?;
            }
            Fault::Endless => loop {
                out.write_all(&content)?;
            },
            Fault::Changes => {
                until(content.len())?;
                let mut files = self.files();
                files.today.get_mut(name).unwrap().push(b'\n');
            }
            Fault::Replaced => {
                let mut files = self.files();
                let other = files.tomorrow[name].clone();
                out.write_all(&other)?;
                files.today.insert(name.to_owned(), other);
                files.stamp += 1;
            }
            Fault::NextDay => {
                until(content.len())?;
                let mut files = self.files();
                files.today = files.tomorrow.clone();
                files.stamp += 1;
            }
        }
        Ok(Some("226 done"))
    }
}

/// Makes a connection end by RST.
fn reset(socket: &TcpStream) {
    // What was sent has to arrive first.
    thread::sleep(Duration::from_millis(50));
    socket2::SockRef::from(socket).set_linger(Some(Duration::ZERO)).unwrap();
}
