//! The protocol between orgsnap and the process that loads WeCom's library of the session archive.
//!
//! Both ends of two pipes: a line of JSON is a [`Request`], the next line of the other direction is its [`Answer`].
//! Bytes are in Base64. None of the types prints itself: they hold secrets, keys and messages.

#![forbid(unsafe_code)]

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// What is asked of the library.
#[derive(Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Load the library and log in: `NewSdk` and `Init`. Answered by [`Answer::Done`].
    Open {
        /// The library's file.
        library: PathBuf,
        /// The enterprise.
        corp_id: String,
        /// The secret of its session archive.
        secret: String,
    },
    /// `GetChatData`: the encrypted messages after a number. Answered by [`Answer::Data`], which is JSON.
    ChatData {
        /// The number of the last message that is known.
        seq: u64,
        /// At most so many.
        limit: u32,
        /// How the library reaches WeCom.
        network: Network,
    },
    /// `DecryptData`: the text of a message. Answered by [`Answer::Data`].
    Decrypt {
        /// The random key of the message, no longer encrypted.
        key: Bytes,
        /// The encrypted message, as it came.
        message: String,
    },
    /// `GetMediaData`: a piece of a file. Answered by [`Answer::Media`].
    Media {
        /// What the piece before it said; empty for the first one.
        position: String,
        /// The file's id, as the message says it.
        file_id: String,
        /// How the library reaches WeCom.
        network: Network,
    },
}

/// How the library reaches WeCom.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Address of a proxy; empty for none.
    pub proxy: String,
    /// `user:password` of the proxy; empty for none.
    pub proxy_password: String,
    /// How many seconds the library waits.
    pub timeout: u32,
}

/// What came of it.
#[derive(Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// Done; there is nothing to hand over.
    Done,
    /// What the library handed over.
    Data {
        /// Its bytes.
        data: Bytes,
    },
    /// A piece of a file.
    Media {
        /// Its bytes.
        data: Bytes,
        /// What to ask the next piece with.
        position: String,
        /// Whether it is the last one.
        finished: bool,
    },
    /// The library refused: its return code, which is not 0.
    Code {
        /// One of WeCom's codes, 10000 to 10011, or any other number.
        code: i32,
        /// What it left in the place of an answer, which may name an address; empty where that is nothing.
        text: String,
    },
    /// The library could not be asked, or handed over what cannot be.
    Fault {
        /// Why.
        fault: Fault,
    },
}

/// Why the library could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// It cannot be loaded.
    NotLoaded {
        /// What the system's loader says.
        reason: String,
    },
    /// A function is missing: another library, or another version.
    NoFunction {
        /// Its name.
        name: String,
    },
    /// `NewSdk` or `NewSlice` gave nothing.
    NothingMade {
        /// The function.
        name: String,
    },
    /// A length below zero, or a length without a place.
    BadBuffer {
        /// The function.
        name: String,
    },
    /// It reported success and handed over an empty text, which no message is.
    NoText,
    /// A text that was to be handed to the library holds a NUL.
    BadText {
        /// Which one.
        name: String,
    },
    /// The library is not open.
    NotOpen,
    /// The request is none.
    BadRequest,
}

/// Bytes, which are Base64 on the way.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        // The text is not quoted: it may be a key or a message.
        let bytes = STANDARD.decode(text).map_err(|_| serde::de::Error::custom("no Base64"))?;
        Ok(Bytes(bytes))
    }
}
