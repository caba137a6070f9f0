//! A look at a source, step by step, which takes nothing and changes nothing: the name of the host, its port, its
//! certificate, the login, the folder, the four files and how each begins.
//!
//! The account is logged in to once for the look, and again for each file that is longer than its beginning: a transfer
//! that is broken off costs its connection. A refused login ends the look, so that no account is locked.

use std::fs::File;
use std::io::Read as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::config::job::Source;
use crate::model::{Feed, PerFeed, is_gzip};
use crate::tls::{CertificateSummary, ShownCertificate};

use super::deadline::FetchDeadline;
use super::dir::Here;
use super::expected_files::ExpectedFiles;
use super::readiness::PollResult;
use super::remote::{Connector, Remote, Stat};
use super::{FetchError, Request, dialling};

/// As much of a file as shows how it is written, in bytes.
const BEGINNING: usize = 64 << 10;

/// What has to work, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The name of the host has addresses.
    Name,
    /// Something that speaks the protocol answers at the port.
    Port,
    /// The server is the one that is trusted: its certificate, or its host key.
    Security,
    /// The account may log in.
    Login,
    /// The folder is there and may be entered.
    Folder,
    /// The files can be looked at.
    Files,
}

/// What was seen of a source.
#[derive(Debug)]
pub struct SourceLook {
    /// Where, without secrets.
    pub place: String,
    /// The addresses of the host.
    pub addresses: Vec<IpAddr>,
    /// Whether something accepts connections at the port.
    pub accepts: bool,
    /// The certificate that the server showed, trusted or not.
    pub certificate: Option<CertificateSummary>,
    /// What did not work, and why; what stands before it did, and what stands behind it was not come to.
    pub failed: Option<(Stage, FetchError)>,
    /// The file that says that a delivery is complete, and whether it is there; `None` if the job has none.
    pub marker: Option<(String, bool)>,
    /// The files, once the folder was entered.
    pub files: Option<PerFeed<FileLook>>,
}

/// What was seen of one file.
#[derive(Debug)]
pub struct FileLook {
    /// Its name there, or the one that it should have.
    pub name: String,
    /// What it is; `None` if it is not there.
    pub seen: Option<FileSeen>,
    /// Names near its own, if it is not there.
    pub near: Vec<String>,
}

/// A file that is there.
#[derive(Debug)]
pub struct FileSeen {
    /// Bytes, where the server says so.
    pub size: Option<u64>,
    /// When it was written, where the server says so.
    pub mtime: Option<DateTime<Utc>>,
    /// How it begins, unpacked: at most 64 KiB. `None` for a file in a zip file, which has no beginning of its own.
    pub beginning: Result<Option<Vec<u8>>, FetchError>,
    /// Whether that is the whole of it.
    pub is_whole: bool,
}

/// Looks at the source of a request, within its deadline. The folder for downloads is neither made nor used.
pub fn look(request: &Request<'_>) -> SourceLook {
    let settings = request.source.fetching();
    let deadline = FetchDeadline::starting_now(settings.deadline, request.cancel);
    let mut look = SourceLook {
        place: request.source.describe(request.date),
        addresses: Vec::new(),
        accepts: false,
        certificate: None,
        failed: None,
        marker: None,
        files: None,
    };
    let shown = ShownCertificate::default();
    let mut opened = matches!(request.source, Source::Dir { .. });
    let outcome = ExpectedFiles::of(request)
        .map_err(|error| (Stage::Files, error))
        .and_then(|wanted| steps(request, &wanted, &deadline, &shown, &mut look, &mut opened));
    look.certificate = shown.get().cloned();
    look.failed = outcome.err().map(|(stage, error)| (stage, deadline.explain(error)));
    if let Some((stage, error)) = &mut look.failed
        && *stage == Stage::Files
        && is_of_conversation(error)
        && !opened
    {
        // Past the handshake of TLS it is the login that was not answered.
        *stage = if look.certificate.is_some() { Stage::Login } else { Stage::Port };
    }
    look
}

fn steps(
    request: &Request<'_>,
    wanted: &ExpectedFiles,
    deadline: &Arc<FetchDeadline>,
    shown: &ShownCertificate,
    look: &mut SourceLook,
    opened: &mut bool,
) -> Result<(), (Stage, FetchError)> {
    let date = request.date;
    let of_stage = |error: FetchError| (stage_of(&error), error);
    match request.source {
        Source::Dir { base, path, .. } => {
            let dir = base.join(path.on(date));
            let polled = PollResult::look(&mut Here(&dir), wanted).map_err(of_stage)?;
            look.take(&polled, wanted, &mut |name| beginning_of_file(&dir.join(name)));
            Ok(())
        }
        Source::Ftp(account) => {
            reach(&account.host, account.port, account.fetching.timeout, deadline, look)?;
            let (directory, place) = (account.path.on(date), look.place.clone());
            let enter = |server: &dyn Connector| folder(server, wanted, deadline, look, opened);
            super::ftp::with_connector(account, deadline, (&directory, &place), shown, enter)
                .map_err(of_stage)
        }
        #[cfg(feature = "sftp")]
        Source::Sftp(account) => {
            reach(&account.host, account.port, account.fetching.timeout, deadline, look)?;
            let enter = |server: &dyn Connector| folder(server, wanted, deadline, look, opened);
            super::sftp::with_connector(account, deadline, account.path.on(date), enter)
                .map_err(of_stage)
        }
        #[cfg(not(feature = "sftp"))]
        Source::Sftp(_) => Err((Stage::Port, FetchError::NotBuiltIn { feature: "sftp" })),
    }
}

/// Resolves the name and opens a connection, which is closed at once.
fn reach(
    host: &str,
    port: u16,
    timeout: std::time::Duration,
    deadline: &FetchDeadline,
    look: &mut SourceLook,
) -> Result<(), (Stage, FetchError)> {
    let addresses =
        dialling::resolve(deadline, host, port).map_err(|error| (Stage::Name, error))?;
    look.addresses = addresses.iter().map(SocketAddr::ip).collect();
    look.addresses.dedup();
    dialling::dial(deadline, addresses, timeout, &format!("{host}:{port}"))
        .map(drop)
        .map_err(|error| (Stage::Port, error))?;
    look.accepts = true;
    Ok(())
}

/// Logs in and looks at the folder.
fn folder(
    server: &dyn Connector,
    wanted: &ExpectedFiles,
    deadline: &FetchDeadline,
    look: &mut SourceLook,
    opened: &mut bool,
) -> Result<(), FetchError> {
    deadline.while_watching_sockets(|| {
        let mut connection = Some(server.open()?);
        *opened = true;
        let polled = match &mut connection {
            Some(remote) => PollResult::look(remote.as_mut(), wanted)?,
            None => return Ok(()),
        };
        look.take(&polled, wanted, &mut |name| beginning(server, &mut connection, name));
        if let Some(remote) = connection {
            remote.close();
        }
        Ok(())
    })
}

impl SourceLook {
    /// Keeps what was polled, and how each file begins.
    fn take(
        &mut self,
        polled: &PollResult,
        wanted: &ExpectedFiles,
        beginning: &mut dyn FnMut(&str) -> Result<Vec<u8>, FetchError>,
    ) {
        let is_there = |stat: &Stat| *stat != Stat::Missing;
        self.marker = wanted.marker.clone().zip(polled.marker.as_ref().map(is_there));
        let mut file = |feed: Feed| {
            let name = polled.name(feed).to_owned();
            let near = polled.found.near[feed].clone();
            let Stat::Present(version) = polled.file(feed) else {
                return FileLook { name, seen: None, near };
            };
            let read = match polled.found.zipped {
                true => Ok(None),
                false => beginning(&name).map(Some),
            };
            let packed = read.as_ref().ok().and_then(Option::as_ref).map(Vec::len);
            let all = version.size.is_some_and(|size| packed.is_some_and(|n| n as u64 >= size));
            let beginning = read.map(|bytes| bytes.map(|bytes| unpacked(&name, bytes)));
            let full = matches!(&beginning, Ok(Some(bytes)) if bytes.len() >= BEGINNING);
            let (size, mtime) = (version.size, version.mtime);
            let seen = FileSeen { size, mtime, beginning, is_whole: all && !full };
            FileLook { name, seen: Some(seen), near }
        };
        self.files = Some(PerFeed::from_fn(&mut file));
    }
}

/// How a file on a server begins. A connection whose transfer was broken off is given up.
fn beginning<'c>(
    server: &'c dyn Connector,
    connection: &mut Option<Box<dyn Remote + 'c>>,
    name: &str,
) -> Result<Vec<u8>, FetchError> {
    let mut remote = match connection.take() {
        Some(remote) => remote,
        None => server.open()?,
    };
    let mut bytes = Vec::new();
    let outcome = remote.retrieve(name, 0, u64::MAX, &mut |piece| {
        bytes.extend_from_slice(&piece[..piece.len().min(BEGINNING - bytes.len())]);
        // There is no other way to end a transfer than an error.
        if bytes.len() < BEGINNING { Ok(()) } else { Err(FetchError::Cancelled) }
    });
    match outcome {
        Ok(super::remote::Retrieved::Refused(reply)) => {
            *connection = Some(remote);
            Err(FetchError::FileRefused { what: name.to_owned(), reply })
        }
        Ok(super::remote::Retrieved::Whole(_)) => {
            *connection = Some(remote);
            Ok(bytes)
        }
        Ok(_) => Ok(bytes),
        Err(_) if bytes.len() >= BEGINNING => Ok(bytes),
        Err(error) => Err(error),
    }
}

fn beginning_of_file(path: &Path) -> Result<Vec<u8>, FetchError> {
    // A pipe would be waited for.
    if !path.is_file() {
        return Err(FetchError::NotAFile { path: PathBuf::from(path) });
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(BEGINNING as u64).read_to_end(&mut bytes))
        .map_err(|source| FetchError::Unreadable { path: PathBuf::from(path), source })?;
    Ok(bytes)
}

/// The beginning of what a packed file holds; a plain one as it is. What is cut off in the middle is no fault here.
fn unpacked(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    if !is_gzip(name) {
        return bytes;
    }
    let mut plain = Vec::new();
    let decoder = flate2::read::MultiGzDecoder::new(bytes.as_slice());
    // The error at the end of the beginning tells nothing; what was read before it counts.
    _ = decoder.take(BEGINNING as u64).read_to_end(&mut plain);
    plain
}

/// Whether a fault is one of the talk with a server, in whatever part of it.
fn is_of_conversation(error: &FetchError) -> bool {
    matches!(
        error,
        FetchError::Protocol { .. } | FetchError::Interrupted { .. } | FetchError::Deadline { .. }
    )
}

/// At what a fault shows that it happened, where the parts of a connection are made in one go.
fn stage_of(error: &FetchError) -> Stage {
    match error {
        FetchError::UnknownHost { .. } => Stage::Name,
        FetchError::Unreachable { .. } | FetchError::NotBuiltIn { .. } => Stage::Port,
        FetchError::NotTrusted { .. }
        | FetchError::TlsRefused { .. }
        | FetchError::TlsRequired { .. }
        | FetchError::TlsSetup { .. }
        | FetchError::HostKey { .. }
        | FetchError::NoSharedAlgorithm { .. } => Stage::Security,
        FetchError::LoginRefused { .. }
        | FetchError::LoginMethod { .. }
        | FetchError::PrivateKey { .. }
        | FetchError::Password(_)
        | FetchError::TooManyConnections { .. } => Stage::Login,
        FetchError::NothingThere { .. }
        | FetchError::NotAFolder { .. }
        | FetchError::NoPermission { .. }
        | FetchError::Denied { .. } => Stage::Folder,
        FetchError::NotReady { .. }
        | FetchError::NotRefreshed { .. }
        | FetchError::StillRefused { .. }
        | FetchError::Cancelled
        | FetchError::DataModeRefused { .. }
        | FetchError::Interrupted { .. }
        | FetchError::Changing { .. }
        | FetchError::Packed { .. }
        | FetchError::TwoCopies { .. }
        | FetchError::FileRefused { .. }
        | FetchError::NotStored { .. }
        | FetchError::Protocol { .. }
        | FetchError::Deadline { .. }
        | FetchError::NoRoom { .. }
        | FetchError::NotAFile { .. }
        | FetchError::Unreadable { .. }
        | FetchError::NotAFileName { .. }
        | FetchError::Disk(_) => Stage::Files,
    }
}
