//! An SFTP server in a thread that serves one file and misbehaves as the test says.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::keys::{Algorithm, HashAlg, PrivateKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Response, Session};
use russh::{Channel, ChannelId, MethodKind, MethodSet, Preferred, cipher};
use russh_sftp::protocol::{
    Attrs, Data, FileAttributes, Handle, OpenFlags, Status, StatusCode, Version,
};

/// What goes wrong with the n-th download; later ones go as the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// Half the file, then its end.
    EndsEarly,
    /// Half the file, then the connection breaks.
    HangsUp,
    /// Half the file, then nothing more, with the connection open.
    Stalls,
    /// Half the file, then a failure.
    Fails,
    /// All the file, and then more and more of it.
    Endless,
    /// All the file; then it changes.
    Changes,
    /// Another file of the same size, put there between the look at it and its download.
    Replaced,
    /// Never more than a thousand bytes at once, whatever is asked for.
    Drips,
    /// The server has the file and does not hand it out.
    Denies,
}

/// What the server wants of those who log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Login {
    /// The password `right`.
    Password,
    /// The answer `right` to one question.
    Question,
    /// That, and then the answer to another.
    TwoQuestions,
    /// A key, any key.
    Key,
    /// A key, and the password besides.
    KeyAndPassword,
    /// Something that hangs up on the first wrong password.
    HangsUp,
}

/// How a server is.
#[derive(Debug, Clone)]
pub(super) struct Manners {
    pub(super) faults: Vec<Fault>,
    pub(super) login: Login,
    /// Speaks SSH and has no SFTP.
    pub(super) no_sftp: bool,
    /// Knows only encryption from the last century.
    pub(super) old: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Manners { faults: vec![Fault::None], login: Login::Password, no_sftp: false, old: false }
    }
}

/// A running server. Its thread ends with the test process.
pub(super) struct FaultySftp {
    pub(super) port: u16,
    /// Its key, as `ssh-keygen -lf` prints it.
    pub(super) fingerprint: String,
    state: Arc<State>,
}

struct State {
    /// Content and modification time.
    file: Mutex<(Vec<u8>, u32)>,
    manners: Manners,
    downloads: AtomicUsize,
    wrong_passwords: AtomicUsize,
    connections: AtomicUsize,
}

impl FaultySftp {
    /// Serves `content` as `temp_agent.txt`.
    pub(super) fn start(content: &[u8], manners: Manners) -> FaultySftp {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut random = russh::keys::key::safe_rng();
        let key = PrivateKey::random(&mut random, Algorithm::Ed25519).unwrap();
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let mut config = Config {
            keys: vec![key],
            auth_rejection_time: Duration::from_millis(10),
            auth_rejection_time_initial: Some(Duration::ZERO),
            methods: MethodSet::from(&methods(manners.login)[..]),
            ..Config::default()
        };
        if manners.old {
            config.preferred =
                Preferred { cipher: (&[cipher::AES_128_CBC][..]).into(), ..Preferred::DEFAULT };
        }
        let state = Arc::new(State {
            file: Mutex::new((content.to_vec(), 1_760_000_000)),
            manners,
            downloads: AtomicUsize::new(0),
            wrong_passwords: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
        });
        let (config, shared) = (Arc::new(config), Arc::clone(&state));
        std::thread::spawn(move || serve(&listener, &config, &shared));
        FaultySftp { port, fingerprint, state }
    }

    /// How many wrong passwords have come.
    pub(super) fn wrong_passwords(&self) -> usize {
        self.state.wrong_passwords.load(Ordering::Relaxed)
    }

    /// How many downloads were begun.
    pub(super) fn downloads(&self) -> usize {
        self.state.downloads.load(Ordering::Relaxed)
    }

    /// How many connections were made.
    pub(super) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }
}

/// A new private key in OpenSSH's form.
pub(super) fn private_key() -> String {
    let mut random = russh::keys::key::safe_rng();
    let key = PrivateKey::random(&mut random, Algorithm::Ed25519).unwrap();
    key.to_openssh(Default::default()).unwrap().to_string()
}

fn methods(login: Login) -> Vec<MethodKind> {
    match login {
        Login::Password | Login::HangsUp => vec![MethodKind::Password],
        Login::Question | Login::TwoQuestions => vec![MethodKind::KeyboardInteractive],
        Login::Key | Login::KeyAndPassword => vec![MethodKind::PublicKey],
    }
}

fn serve(listener: &TcpListener, config: &Arc<Config>, state: &Arc<State>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    listener.set_nonblocking(true).unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener.try_clone().unwrap()).unwrap();
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            state.connections.fetch_add(1, Ordering::Relaxed);
            let socket = socket.into_std().unwrap();
            let hook = Arc::new(socket.try_clone().unwrap());
            let socket = tokio::net::TcpStream::from_std(socket).unwrap();
            let client = Client { state: Arc::clone(state), hook, channel: None, key_seen: false };
            let config = Arc::clone(config);
            tokio::spawn(async move {
                if let Ok(session) = russh::server::run_stream(config, socket, client).await {
                    // A client that hangs up ends its session with an error, as it should.
                    _ = session.await;
                }
            });
        }
    });
}

/// One connection.
struct Client {
    state: Arc<State>,
    /// The socket, to break it by.
    hook: Arc<TcpStream>,
    channel: Option<Channel<Msg>>,
    key_seen: bool,
}

impl Client {
    fn judge(&self, password: &str) -> Auth {
        if password == "right" {
            return Auth::Accept;
        }
        self.state.wrong_passwords.fetch_add(1, Ordering::Relaxed);
        Auth::reject()
    }
}

fn question(text: &'static str) -> Auth {
    Auth::Partial {
        name: "".into(),
        instructions: "".into(),
        prompts: vec![(text.into(), false)].into(),
    }
}

impl Handler for Client {
    type Error = russh::Error;

    async fn auth_password(&mut self, _: &str, password: &str) -> Result<Auth, russh::Error> {
        let verdict = self.judge(password);
        if self.state.manners.login == Login::HangsUp && verdict != Auth::Accept {
            return Err(russh::Error::Disconnect);
        }
        Ok(verdict)
    }

    async fn auth_publickey(
        &mut self,
        _: &str,
        _: russh::server::VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        self.key_seen = true;
        Ok(match self.state.manners.login {
            Login::KeyAndPassword => Auth::Reject {
                proceed_with_methods: Some(MethodSet::from(&[MethodKind::Password][..])),
                partial_success: true,
            },
            _ => Auth::Accept,
        })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let answer = response.and_then(|mut answers| answers.next());
        let Some(answer) = answer else { return Ok(question("Password: ")) };
        let verdict = self.judge(&String::from_utf8_lossy(&answer));
        Ok(match (verdict, self.state.manners.login) {
            (Auth::Accept, Login::TwoQuestions) => question("Code sent to your phone: "),
            (verdict, _) => verdict,
        })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channel = Some(channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some(channel) = self.channel.take().filter(|_| !self.state.manners.no_sftp) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let (state, hook) = (Arc::clone(&self.state), Arc::clone(&self.hook));
        let files = Files { state, hook, fault: Fault::None };
        russh_sftp::server::run(channel.into_stream(), files).await;
        Ok(())
    }
}

/// One SFTP session.
struct Files {
    state: Arc<State>,
    hook: Arc<TcpStream>,
    fault: Fault,
}

impl Files {
    fn attributes(&self) -> FileAttributes {
        let (content, time) = &*self.state.file.lock().unwrap();
        FileAttributes {
            size: Some(content.len() as u64),
            permissions: Some(0o100_644),
            atime: Some(*time),
            mtime: Some(*time),
            ..FileAttributes::empty()
        }
    }
}

impl russh_sftp::server::Handler for Files {
    type Error = StatusCode;

    fn unimplemented(&self) -> StatusCode {
        StatusCode::OpUnsupported
    }

    async fn init(
        &mut self,
        _: u32,
        _: std::collections::HashMap<String, String>,
    ) -> Result<Version, StatusCode> {
        Ok(Version::new())
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, StatusCode> {
        if !path.ends_with("temp_agent.txt") {
            return Err(StatusCode::NoSuchFile);
        }
        Ok(Attrs { id, attrs: self.attributes() })
    }

    async fn open(
        &mut self,
        id: u32,
        _: String,
        _: OpenFlags,
        _: FileAttributes,
    ) -> Result<Handle, StatusCode> {
        let n = self.state.downloads.fetch_add(1, Ordering::Relaxed);
        let faults = &self.state.manners.faults;
        self.fault = faults[n.min(faults.len() - 1)];
        match self.fault {
            Fault::Denies => return Err(StatusCode::PermissionDenied),
            Fault::Replaced => {
                let (content, time) = &mut *self.state.file.lock().unwrap();
                content.fill(b'x');
                *time += 1;
            }
            _ => {}
        }
        Ok(Handle { id, handle: "file".to_owned() })
    }

    async fn read(
        &mut self,
        id: u32,
        _: String,
        offset: u64,
        len: u32,
    ) -> Result<Data, StatusCode> {
        let (content, half, len) = {
            let (content, _) = &*self.state.file.lock().unwrap();
            let most = if self.fault == Fault::Drips { 1_000 } else { len as usize };
            let from = content.len().min(offset as usize);
            let to = content.len().min(from + most);
            (content[from..to].to_vec(), content.len() as u64 / 2, content.len() as u64)
        };
        match self.fault {
            Fault::EndsEarly if offset >= half => return Err(StatusCode::Eof),
            Fault::Fails if offset >= half => return Err(StatusCode::Failure),
            Fault::HangsUp if offset >= half => {
                // It may be gone already, which is as good.
                _ = self.hook.shutdown(Shutdown::Both);
                return Err(StatusCode::ConnectionLost);
            }
            Fault::Stalls if offset >= half => std::future::pending::<()>().await,
            Fault::Endless if offset >= len => return Ok(Data { id, data: vec![b'x'; 1_000] }),
            Fault::Changes if offset >= len => self.state.file.lock().unwrap().1 += 1,
            _ => {}
        }
        if content.is_empty() {
            return Err(StatusCode::Eof);
        }
        Ok(Data { id, data: content })
    }

    async fn close(&mut self, id: u32, _: String) -> Result<Status, StatusCode> {
        Ok(Status {
            id,
            status_code: StatusCode::Ok,
            error_message: String::new(),
            language_tag: String::new(),
        })
    }
}
