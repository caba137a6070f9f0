//! One fault has one meaning: for the exit code of a run by hand, for the alert, and for the scheduler of `serve`.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use orgsnap::alert::Cause;
use orgsnap::daemon::plan::MissingPrecondition;
use orgsnap::disk::DiskError;
use orgsnap::fetch::{ArchiveError, FetchError};
use rusqlite::ffi;

use super::*;

mod source_errors;

fn path() -> PathBuf {
    PathBuf::from("x")
}

fn disk(kind: io::ErrorKind) -> DiskError {
    DiskError { path: path(), source: kind.into() }
}

#[test]
fn exit_code_alert_cause_and_scheduler_agree_on_each_fault() {
    use MissingPrecondition as Missing;
    let text = || "x".to_owned();
    let reason = || Message::fixed("x", "x");
    let setup = (2, Some(Cause::Setup), Some(Missing::Setup));
    let source = (4, Some(Cause::Source), Some(Missing::Source));
    let delivery = (4, None, Some(Missing::Files));
    let busy = (5, None, Some(Missing::Lock));
    let database_locked = (5, None, Some(Missing::Machine));
    let internal = (70, Some(Cause::Internal), Some(Missing::Machine));
    let stopped = (4, None, None);
    let cases: Vec<(RunError, _, bool)> = vec![
        // A full disk of our own was the source's fault by hand, and the machine's under `serve`.
        (FetchError::NoRoom { path: path(), needed: 2, free: 1 }.into(), setup, true),
        (FetchError::Disk(disk(io::ErrorKind::StorageFull)).into(), setup, true),
        (ArchiveError::Disk(disk(io::ErrorKind::StorageFull)).into(), setup, true),
        (StoreError::Full { path: path() }.into(), setup, true),
        (StoreError::Disk { path: path() }.into(), setup, true),
        (FetchError::Disk(disk(io::ErrorKind::PermissionDenied)).into(), setup, false),
        // These were alerted as faults of the source.
        (FetchError::TlsSetup { reason: Message::new(text(), text()) }.into(), setup, false),
        (FetchError::NotAFileName { name: text() }.into(), setup, false),
        (FetchError::PrivateKey { reason: reason() }.into(), setup, false),
        (RunError::NoSource { job: path() }, setup, false),
        (
            LockError::Unusable { path: path(), source: io::ErrorKind::Other.into() }.into(),
            setup,
            false,
        ),
        (StoreError::ReadOnly { path: path() }.into(), setup, false),
        (FetchError::Unreachable { server: text(), reason: reason() }.into(), source, true),
        (
            FetchError::LoginRefused {
                server: text(),
                username: text(),
                reply: text(),
                gbk_untried: false,
            }
            .into(),
            (2, Some(Cause::Source), Some(Missing::Source)),
            false,
        ),
        (FetchError::NothingThere { place: text(), near: Vec::new() }.into(), delivery, true),
        (LockError::Held { path: path(), holder: text() }.into(), busy, true),
        (StoreError::Locked { path: path() }.into(), database_locked, true),
        (StoreError::Corrupt { path: path() }.into(), internal, false),
        (StoreError::Misuse(text()).into(), internal, false),
        (FetchError::Cancelled.into(), stopped, true),
        (RunError::Cancelled, stopped, true),
    ];
    for (error, expected, waiting_helps) in cases {
        let Classification { fault, waiting_helps: helps } = error.classify();
        let described = error.to_string();
        let code = Failure::from(error).exit.code();
        let found = (code, Cause::of(fault), MissingPrecondition::of(fault));
        assert_eq!((found, helps), (expected, waiting_helps), "{described}");
    }
}

#[test]
fn both_databases_exit_alike_on_the_same_fault() {
    let sqlite = || rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_RANGE), None);
    let cases: Vec<(StoreError, WecomStoreError, u8)> = vec![
        (
            StoreError::Newer { path: path(), found: 2, supported: 1 },
            WecomStoreError::Newer { path: path(), found: 2, supported: 1 },
            2,
        ),
        (StoreError::NotFound { path: path() }, WecomStoreError::NotFound { path: path() }, 2),
        (StoreError::CannotOpen { path: path() }, WecomStoreError::CannotOpen { path: path() }, 2),
        (StoreError::ReadOnly { path: path() }, WecomStoreError::ReadOnly { path: path() }, 2),
        (StoreError::Full { path: path() }, WecomStoreError::Full { path: path() }, 2),
        // SQLite's SystemIoFailure; it was 70 for `wecom.db`.
        (StoreError::Disk { path: path() }, WecomStoreError::Disk { path: path() }, 2),
        (StoreError::NotADatabase { path: path() }, WecomStoreError::Foreign { path: path() }, 2),
        (StoreError::Foreign { path: path() }, WecomStoreError::Foreign { path: path() }, 2),
        (StoreError::Locked { path: path() }, WecomStoreError::Locked { path: path() }, 5),
        (StoreError::Corrupt { path: path() }, WecomStoreError::Corrupt { path: path() }, 70),
        (
            StoreError::Sqlite { path: path(), source: sqlite() },
            WecomStoreError::Sqlite { path: path(), source: Arc::new(sqlite()) },
            70,
        ),
    ];
    for (org, wecom, code) in cases {
        let described = org.to_string();
        let found = (Failure::from(org).exit.code(), Failure::from(wecom).exit.code());
        assert_eq!(found, (code, code), "{described}");
    }
}
