//! What keeps a delivery from being fetched.

mod message;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveDate;

use crate::config::job::{ConfigError, Ready};
use crate::model::{Message, RunId};

use crate::disk::DiskError;
use crate::tls::CertificateSummary;

/// A fault of the network, the machine or the account. `Display` is the English message;
/// [`FetchError::message`] has both. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// None of the files is there, or the directory itself is not.
    NothingThere {
        /// The directory or address.
        place: String,
        /// Names there that are near those of the files.
        near: Vec<String>,
    },
    /// The delivery is not complete yet: a file or the marker is still to come, or files still change.
    NotReady {
        /// The directory or address.
        place: String,
        /// What is still missing or changing.
        why: Message,
        /// The deadline of the job, up to which was waited; zero if the caller polls by itself.
        allowed: Duration,
    },
    /// All files are, to the byte, those that were published for an earlier date: the server still shows
    /// the last delivery.
    NotRefreshed {
        /// The directory or address.
        place: String,
        /// The earlier business date.
        date: NaiveDate,
    },
    /// All files are those that a run has refused: no corrected delivery has come.
    StillRefused {
        /// The directory or address.
        place: String,
        /// The run that refused them.
        run: RunId,
    },
    /// Somebody asked the run to end.
    Cancelled,
    /// No connection to the server.
    Unreachable {
        /// Host and port.
        server: String,
        /// Why.
        reason: Message,
    },
    /// The name of the server is not known to the name service, which is up: it is mistyped, or no longer in use.
    UnknownHost {
        /// Host and port.
        server: String,
    },
    /// The server refuses the account.
    LoginRefused {
        /// Host and port.
        server: String,
        /// The user name.
        username: String,
        /// The server's words.
        reply: String,
        /// User name or password have characters outside ASCII, and went out in UTF-8.
        gbk_untried: bool,
    },
    /// The server takes no more connections at the moment.
    TooManyConnections {
        /// Host and port.
        server: String,
        /// The server's words.
        reply: String,
    },
    /// The server refuses TLS.
    TlsRefused {
        /// Host and port.
        server: String,
        /// The server's words.
        reply: String,
    },
    /// The server takes no login without TLS, and the job has none.
    TlsRequired {
        /// Host and port.
        server: String,
        /// The server's words.
        reply: String,
    },
    /// The server refuses the way in which data connections are opened.
    DataModeRefused {
        /// Host and port.
        server: String,
        /// The server's words.
        reply: String,
        /// It is active mode, and not passive mode.
        active: bool,
    },
    /// The server's certificate is not trusted.
    NotTrusted {
        /// Host and port.
        server: String,
        /// Why.
        reason: Message,
        /// The certificate that it shows, where that is known.
        certificate: Option<Box<CertificateSummary>>,
    },
    /// The server shows another host key than the pinned one, or none is pinned.
    HostKey {
        /// Host and port.
        server: String,
        /// All host keys of the server, as `SHA256:... (kind)`.
        shown: Vec<String>,
        /// Whether the job pins one.
        pinned: bool,
    },
    /// Client and server have no algorithm in common that is safe.
    NoSharedAlgorithm {
        /// Host and port.
        server: String,
        /// What the algorithm is for.
        what: Message,
        /// What the server offers.
        offered: String,
    },
    /// The server accepts only authentication methods that the job has no credentials for.
    LoginMethod {
        /// Host and port.
        server: String,
        /// The methods it accepts, by the names of SSH: `publickey`, `password`, `keyboard-interactive`.
        takes: String,
    },
    /// The private key of the job cannot be used.
    PrivateKey {
        /// Why, without anything of the key.
        reason: Message,
    },
    /// The TLS settings of the job cannot be used.
    TlsSetup {
        /// What is wrong.
        reason: Message,
    },
    /// The transfer did not complete.
    Interrupted {
        /// The file, or the server before it came to files.
        what: String,
        /// Why.
        reason: Message,
    },
    /// A file changed while it was read, so it is still being written.
    Changing {
        /// The file.
        what: String,
    },
    /// The account may not read the file or enter the folder.
    NoPermission {
        /// The file or folder.
        what: String,
        /// The server's words.
        reply: String,
    },
    /// A packed file is damaged or dangerous.
    Packed {
        /// The file.
        file: String,
        /// What is wrong with it.
        what: Message,
        /// Whether it may be only the beginning of a file that is still on its way.
        cut_off: bool,
    },
    /// Two files are there for the same feed, with different content.
    TwoCopies {
        /// The one that would have been read.
        one: String,
        /// The other one.
        other: String,
    },
    /// The server has the file and does not hand it out, for another reason than its permissions.
    FileRefused {
        /// The file.
        what: String,
        /// The server's words.
        reply: String,
    },
    /// The server does not take a file or make a directory.
    NotStored {
        /// The file or directory.
        what: String,
        /// The server's words.
        reply: String,
    },
    /// The server does not do what the protocol asks.
    Protocol {
        /// Host and port.
        server: String,
        /// The server's words.
        reply: String,
    },
    /// The whole fetch took too long.
    Deadline {
        /// The deadline of the job.
        allowed: Duration,
        /// The last fault before it passed.
        last: Option<Box<FetchError>>,
    },
    /// The disk has no space for the files.
    NoRoom {
        /// The folder of downloads.
        path: PathBuf,
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// This program was built without what the source needs.
    NotBuiltIn {
        /// The cargo feature.
        feature: &'static str,
    },
    /// A file or directory may not be read.
    Denied {
        /// The path.
        path: PathBuf,
    },
    /// A delivered name is a directory, a pipe or a device.
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The path of the source is a file.
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// A file could not be read.
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The schema or the job names a file that no directory can hold, or two files alike.
    NotAFileName {
        /// The name.
        name: String,
    },
    /// The password cannot be had.
    Password(#[source] Box<ConfigError>),
    /// Downloads cannot be kept.
    Disk(#[from] DiskError),
}

impl FetchError {
    /// The same fault where no wait for files to become stable has shown that a packed file does not grow: one that is
    /// cut off is taken for what it is.
    pub fn with_ready(self, ready: &Ready) -> FetchError {
        match self {
            FetchError::Packed { file, what, cut_off } => {
                let cut_off = cut_off && matches!(ready, Ready::Stable { .. });
                FetchError::Packed { file, what, cut_off }
            }
            other => other,
        }
    }

    /// Whether to try again at once, in the same fetch. A refused login is not: three of them lock
    /// an account. A missing permission is, since some servers set it only after the upload.
    pub(super) fn is_worth_another_attempt(&self) -> bool {
        match self {
            FetchError::Unreachable { .. }
            | FetchError::TooManyConnections { .. }
            | FetchError::Interrupted { .. }
            | FetchError::Changing { .. }
            | FetchError::NoPermission { .. }
            | FetchError::FileRefused { .. } => true,
            FetchError::NothingThere { .. }
            | FetchError::NotStored { .. }
            | FetchError::NotReady { .. }
            | FetchError::Packed { .. }
            | FetchError::TwoCopies { .. }
            | FetchError::NotRefreshed { .. }
            | FetchError::StillRefused { .. }
            | FetchError::Cancelled
            | FetchError::NoRoom { .. }
            | FetchError::NotBuiltIn { .. }
            | FetchError::UnknownHost { .. }
            | FetchError::LoginRefused { .. }
            | FetchError::TlsRefused { .. }
            | FetchError::TlsRequired { .. }
            | FetchError::DataModeRefused { .. }
            | FetchError::NotTrusted { .. }
            | FetchError::HostKey { .. }
            | FetchError::NoSharedAlgorithm { .. }
            | FetchError::LoginMethod { .. }
            | FetchError::PrivateKey { .. }
            | FetchError::TlsSetup { .. }
            | FetchError::Protocol { .. }
            | FetchError::Deadline { .. }
            | FetchError::Denied { .. }
            | FetchError::NotAFile { .. }
            | FetchError::NotAFolder { .. }
            | FetchError::Unreadable { .. }
            | FetchError::NotAFileName { .. }
            | FetchError::Password(_)
            | FetchError::Disk(_) => false,
        }
    }
}

impl From<ConfigError> for FetchError {
    fn from(error: ConfigError) -> Self {
        FetchError::Password(Box::new(error))
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}
