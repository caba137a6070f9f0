//! What a look needs to know besides the job: folders, the clock, what is allowed.

use std::ffi::OsString;
use std::path::Path;

use chrono::{DateTime, FixedOffset, Utc};

use crate::model::{Cancel, Message};

/// What is around the job. Time and environment are handed in.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The data folder.
    pub data: &'a Path,
    /// The instant of the look.
    pub now: DateTime<Utc>,
    /// The clock, to compare with those of servers at the moment they answer.
    pub clock: &'a dyn Fn() -> DateTime<Utc>,
    /// The machine's offset from UTC.
    pub offset: FixedOffset,
    /// A PEM file of authorities to trust at the public address instead of the public ones.
    pub authorities: Option<&'a Path>,
    /// Bytes that no other look has.
    pub noise: [u8; 16],
    /// Whether an alert is sent on each channel.
    pub sends_test_alert: bool,
    /// The program that loads the library of the session archive, unless a job names another.
    pub archive_reader: &'a Path,
    /// The variables that this program gets.
    pub archive_variables: &'a [(OsString, OsString)],
    /// Is told what is waited for, when that takes long.
    pub tells_wait: &'a (dyn Fn(&Message) + Sync),
    /// Ends the look early.
    pub cancel: &'a Cancel,
}
