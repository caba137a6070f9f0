//! WeCom's library, open for one pull, in a process that is started anew when it fails.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use orgsnap_archive_reader::{Answer, Bytes, Fault, Network, Request};

use super::codes;
use super::reader::{Reader, ReaderFault};

/// The name of the program that loads the library.
const READER: &str = "orgsnap-archive-reader";

/// How long the process may take beyond the time that the library is given.
const GRACE: Duration = Duration::from_secs(5);

/// How often the process is started in one pull.
const STARTS: u32 = 4;

/// The waits before a call that failed in passing is tried again.
const WAITS: [Duration; 3] =
    [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(4)];

/// The program beside orgsnap's own file.
pub fn reader_program(own: &Path) -> PathBuf {
    own.with_file_name(READER)
}

/// How the library is opened.
pub(super) struct LibrarySettings {
    /// The program that loads it.
    pub(super) program: PathBuf,
    /// The variables that the program gets.
    pub(super) environment: Vec<(OsString, OsString)>,
    /// The library.
    pub(super) library: PathBuf,
    /// The enterprise.
    pub(super) corp_id: String,
    /// The archive's secret.
    pub(super) secret: String,
    /// Proxy and time limit.
    pub(super) network: Network,
}

/// Why a call gave nothing.
#[derive(Debug)]
pub(super) enum CallFault {
    /// The process failed.
    Reader(ReaderFault),
    /// The library could not be asked, or handed over what cannot be.
    Library(Fault),
    /// The library refused.
    Code {
        /// Its return code.
        code: i32,
        /// The address that it named.
        address: Option<String>,
    },
}

/// A piece of a file.
pub(super) struct Piece {
    pub(super) data: Vec<u8>,
    pub(super) position: String,
    pub(super) finished: bool,
}

/// The library for the length of a pull.
pub(super) struct Library {
    settings: LibrarySettings,
    reader: Option<Reader>,
    starts_left: u32,
}

impl Library {
    /// Nothing is started before the first call.
    pub(super) fn new(settings: LibrarySettings) -> Library {
        Library { settings, reader: None, starts_left: STARTS }
    }

    /// Whether a process that failed may be started again.
    pub(super) fn may_start_again(&self) -> bool {
        self.reader.is_some() || self.starts_left > 0
    }

    /// `GetChatData`, tried again after faults that pass.
    pub(super) fn chat_data(&mut self, seq: i64, limit: u32) -> Result<Vec<u8>, CallFault> {
        let network = self.settings.network.clone();
        let seq = u64::try_from(seq).unwrap_or_default();
        self.patiently(&Request::ChatData { seq, limit, network }).and_then(data)
    }

    /// `GetChatData`, tried once.
    pub(super) fn chat_data_once(&mut self, seq: i64, limit: u32) -> Result<Vec<u8>, CallFault> {
        let network = self.settings.network.clone();
        let seq = u64::try_from(seq).unwrap_or_default();
        self.call(&Request::ChatData { seq, limit, network }).and_then(data)
    }

    /// `DecryptData`.
    pub(super) fn decrypt(&mut self, key: Vec<u8>, message: &str) -> Result<Vec<u8>, CallFault> {
        let request = Request::Decrypt { key: Bytes(key), message: message.to_owned() };
        self.call(&request).and_then(data)
    }

    /// `GetMediaData`, tried again after faults that pass.
    pub(super) fn media(&mut self, file_id: &str, position: &str) -> Result<Piece, CallFault> {
        let network = self.settings.network.clone();
        let (position, file_id) = (position.to_owned(), file_id.to_owned());
        match self.patiently(&Request::Media { position, file_id, network })? {
            Answer::Media { data: Bytes(data), position, finished } => {
                Ok(Piece { data, position, finished })
            }
            _ => Err(CallFault::Reader(ReaderFault::Garbage)),
        }
    }

    fn patiently(&mut self, request: &Request) -> Result<Answer, CallFault> {
        for wait in WAITS {
            match self.call(request) {
                Err(CallFault::Code { code, .. }) if codes::is_transient(code) => {}
                Err(CallFault::Reader(fault))
                    if !matches!(fault, ReaderFault::NotStarted { .. }) && self.starts_left > 0 => {
                }
                other => return other,
            }
            tracing::debug!(milliseconds = wait.as_millis(), "the library is asked again");
            thread::sleep(wait);
        }
        self.call(request)
    }

    fn call(&mut self, request: &Request) -> Result<Answer, CallFault> {
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => self.start()?,
        };
        let answer = reader.ask(request, self.deadline()).map_err(CallFault::Reader)?;
        // One that failed is not put back: dropping it ends it.
        self.reader = Some(reader);
        of_answer(answer)
    }

    fn start(&mut self) -> Result<Reader, CallFault> {
        self.starts_left = self.starts_left.saturating_sub(1);
        let settings = &self.settings;
        let mut reader =
            Reader::start(&settings.program, &settings.environment).map_err(CallFault::Reader)?;
        let open = Request::Open {
            library: settings.library.clone(),
            corp_id: settings.corp_id.clone(),
            secret: settings.secret.clone(),
        };
        let answer = reader.ask(&open, self.deadline()).map_err(CallFault::Reader)?;
        of_answer(answer).map(|_| reader)
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(self.settings.network.timeout.into()) + GRACE
    }
}

fn of_answer(answer: Answer) -> Result<Answer, CallFault> {
    match answer {
        Answer::Code { code, text } => Err(CallFault::Code { code, address: address_in(&text) }),
        Answer::Fault { fault } => Err(CallFault::Library(fault)),
        answer => Ok(answer),
    }
}

fn data(answer: Answer) -> Result<Vec<u8>, CallFault> {
    match answer {
        Answer::Data { data: Bytes(data) } => Ok(data),
        _ => Err(CallFault::Reader(ReaderFault::Garbage)),
    }
}

/// The address in a text such as `not allow to access from your ip, from ip: 1.2.3.4`. Nothing else of it is used.
fn address_in(text: &str) -> Option<String> {
    let word = |c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':');
    let mut words = text.split(word).map(|word| word.trim_matches(':'));
    words.find(|word| word.parse::<std::net::IpAddr>().is_ok()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_what_the_library_says() {
        let cases = [
            ("not allow to access from your ip, from ip: 203.0.113.7", Some("203.0.113.7")),
            ("from ip:203.0.113.7, hint: [1]", Some("203.0.113.7")),
            ("from ip: 2001:db8::7", Some("2001:db8::7")),
            ("no address", None),
            ("", None),
        ];
        for (text, address) in cases {
            assert_eq!(address_in(text).as_deref(), address, "{text}");
        }
    }
}
