//! What the download asks of a server, whatever protocol it speaks.

use chrono::{DateTime, Utc};

use super::FetchError;

/// Opens connections to one account on one server. Called from several threads at once.
pub(super) trait Connector: Sync {
    /// Connects, logs in, and enters the delivery's directory.
    ///
    /// # Errors
    /// [`FetchError::NothingThere`] if the directory does not exist;
    /// [`FetchError::TooManyConnections`] if others of ours are in the way.
    fn open<'a>(&'a self) -> Result<Box<dyn Remote + 'a>, FetchError>;
}

/// A folder that a delivery is looked for in.
pub(super) trait Folder {
    /// The state of the file of that bare name.
    fn stat(&mut self, name: &str) -> Result<Stat, FetchError>;

    /// The bare names of what is in it; `None` if that cannot be had.
    fn list(&mut self) -> Result<Option<Vec<String>>, FetchError>;
}

/// A connection, logged in and in the delivery's directory.
///
/// Any error leaves it in an unknown state; the caller must drop it. It need not outlive its fetch's
/// [`FetchDeadline`](super::deadline::FetchDeadline): every operation ends with an error soon after the fetch has to end.
pub(super) trait Remote: Folder + Store {
    /// Hands the bytes of a file from `offset` on to `sink`, piece by piece; gives up beyond `most` of
    /// them. An error of `sink` ends the transfer and is passed on.
    ///
    /// [`Retrieved::Whole`] says only that the connection ended properly. That proves nothing:
    /// servers report success for a cut-off file too. Compare the number of bytes with the size.
    fn retrieve(
        &mut self,
        name: &str,
        offset: u64,
        most: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), FetchError>,
    ) -> Result<Retrieved, FetchError>;

    /// Says good-bye, whatever the server makes of it.
    fn close(self: Box<Self>);
}

/// A place that files are put into. It begins in the directory after login.
pub(super) trait Store {
    /// Enters a directory, which is made if it is not there and the one above it is.
    ///
    /// # Errors
    /// [`FetchError::NotStored`] if it cannot be made.
    fn enter(&mut self, directory: &str) -> Result<(), FetchError>;

    /// Puts what `content` hands out, piece by piece up to an empty one, under a bare name; a file of that name is
    /// replaced. Whether all of it is there, only its size shows afterwards.
    ///
    /// # Errors
    /// [`FetchError::NotStored`] if the server does not take it.
    fn put(
        &mut self,
        name: &str,
        content: &mut dyn FnMut(&mut [u8]) -> Result<usize, FetchError>,
    ) -> Result<(), FetchError>;

    /// Gives a file another bare name; a file that has it is replaced.
    ///
    /// # Errors
    /// [`FetchError::NotStored`] if the server does not do so.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), FetchError>;
}

/// A name as the server sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stat {
    /// Not there.
    Missing,
    /// There, or so it seems: where the server reports no size, only a download shows.
    Present(Version),
}

/// What does not stay the same when a file is written to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Version {
    /// Size in bytes, where the server reports it.
    pub(super) size: Option<u64>,
    /// The modification time word for word, where the server reports it: good for comparing.
    pub(super) stamp: Option<String>,
    /// The same as a time. Servers may give local time for UTC.
    pub(super) mtime: Option<DateTime<Utc>>,
}

/// How a transfer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Retrieved {
    /// All bytes from the offset on were received, and the server confirms it; their number.
    Whole(u64),
    /// The data ended properly after this many bytes, but the final reply is missing: the server said
    /// nothing more, or hung up. The connection is dead.
    Unconfirmed(u64),
    /// More came than was allowed; the connection is dead.
    Beyond(u64),
    /// The server does not hand the file out, in these words.
    Refused(String),
    /// The server cannot begin at an offset. The connection is still good.
    NoResume,
}
