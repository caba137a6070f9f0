//! Each fault of a run is classified once, and all that depends on it agrees.

use std::io;
use std::time::Duration;

use super::*;

#[test]
fn each_fault_of_a_run_says_who_is_at_fault_and_whether_waiting_helps() {
    let path = || PathBuf::from("x");
    let disk = |kind: io::ErrorKind| DiskError { path: path(), source: kind.into() };
    let text = || "x".to_owned();
    let reason = || Message::fixed("x", "x");
    let cases: Vec<(RunError, Fault, bool)> = vec![
        (
            FetchError::NothingThere { place: text(), near: Vec::new() }.into(),
            Fault::Delivery,
            true,
        ),
        (
            FetchError::NotReady { place: text(), why: reason(), allowed: Duration::ZERO }.into(),
            Fault::Delivery,
            true,
        ),
        (FetchError::Changing { what: text() }.into(), Fault::Delivery, true),
        (FetchError::Unreachable { server: text(), reason: reason() }.into(), Fault::Source, true),
        (FetchError::Deadline { allowed: Duration::ZERO, last: None }.into(), Fault::Source, true),
        (
            FetchError::LoginRefused {
                server: text(),
                username: text(),
                reply: text(),
                gbk_untried: false,
            }
            .into(),
            Fault::SourceAccess,
            false,
        ),
        (FetchError::NotAFile { path: path() }.into(), Fault::SourceAccess, false),
        (FetchError::UnknownHost { server: text() }.into(), Fault::SourceAccess, false),
        (
            FetchError::NoPermission { what: text(), reply: text() }.into(),
            Fault::SourceAccess,
            false,
        ),
        (
            FetchError::Unreadable {
                path: path(),
                source: io::ErrorKind::StaleNetworkFileHandle.into(),
            }
            .into(),
            Fault::Source,
            true,
        ),
        (
            FetchError::Unreadable { path: path(), source: io::ErrorKind::NotADirectory.into() }
                .into(),
            Fault::Setup,
            false,
        ),
        (FetchError::TlsSetup { reason: Message::new(text(), text()) }.into(), Fault::Setup, false),
        (FetchError::NotAFileName { name: text() }.into(), Fault::Setup, false),
        (FetchError::PrivateKey { reason: reason() }.into(), Fault::Setup, false),
        (FetchError::NotBuiltIn { feature: "sftp" }.into(), Fault::Setup, false),
        (FetchError::NoRoom { path: path(), needed: 2, free: 1 }.into(), Fault::DataFolder, true),
        (FetchError::Disk(disk(io::ErrorKind::StorageFull)).into(), Fault::DataFolder, true),
        (FetchError::Disk(disk(io::ErrorKind::PermissionDenied)).into(), Fault::DataFolder, false),
        (ArchiveError::Disk(disk(io::ErrorKind::StorageFull)).into(), Fault::DataFolder, true),
        (ArchiveError::Exists { path: path() }.into(), Fault::Internal, false),
        (LockError::Held { path: path(), holder: text() }.into(), Fault::Busy, true),
        (StoreError::Full { path: path() }.into(), Fault::DataFolder, true),
        (StoreError::Disk { path: path() }.into(), Fault::DataFolder, true),
        (StoreError::ReadOnly { path: path() }.into(), Fault::DataFolder, false),
        (StoreError::Locked { path: path() }.into(), Fault::DatabaseLocked, true),
        (StoreError::Corrupt { path: path() }.into(), Fault::Internal, false),
        (RunError::NoSource { job: "jobs/t.toml".into() }, Fault::Setup, false),
        (FetchError::Cancelled.into(), Fault::Stopped, true),
        (RunError::Cancelled, Fault::Stopped, true),
    ];
    for (error, fault, waiting_helps) in cases {
        assert_eq!(error.classify(), Classification { fault, waiting_helps }, "{error}");
    }
}
