//! Every error of `[source]` has the exit code and the retry that the table of the READMEs says.

use std::collections::{BTreeSet, HashSet};
use std::mem::discriminant;
use std::path::Path;
use std::time::Duration;

use chrono::NaiveDate;
use orgsnap::model::RunId;

use super::*;

/// Number of variants of [`FetchError`].
const VARIANTS: usize = 36;

/// The row of the table; `None` for a run that was asked to end.
fn row(error: &FetchError) -> Option<usize> {
    Some(match error {
        FetchError::Cancelled => return None,
        FetchError::NothingThere { .. }
        | FetchError::NotReady { .. }
        | FetchError::Packed { cut_off: true, .. }
        | FetchError::NotRefreshed { .. }
        | FetchError::StillRefused { .. }
        | FetchError::Changing { .. } => 0,
        FetchError::Unreachable { .. }
        | FetchError::TooManyConnections { .. }
        | FetchError::Interrupted { .. }
        | FetchError::FileRefused { .. }
        | FetchError::Unreadable { .. }
        | FetchError::Deadline { .. } => 1,
        FetchError::LoginRefused { .. } | FetchError::LoginMethod { .. } => 2,
        FetchError::NoPermission { .. }
        | FetchError::NotStored { .. }
        | FetchError::Denied { .. } => 3,
        FetchError::UnknownHost { .. }
        | FetchError::NotAFolder { .. }
        | FetchError::NotAFile { .. }
        | FetchError::NotAFileName { .. } => 4,
        FetchError::NotTrusted { .. }
        | FetchError::HostKey { .. }
        | FetchError::NoSharedAlgorithm { .. }
        | FetchError::TlsRefused { .. }
        | FetchError::TlsRequired { .. }
        | FetchError::DataModeRefused { .. }
        | FetchError::Protocol { .. } => 5,
        FetchError::PrivateKey { .. }
        | FetchError::TlsSetup { .. }
        | FetchError::Password(_)
        | FetchError::NotBuiltIn { .. } => 6,
        FetchError::Disk(error) if error.is_transient() => 7,
        FetchError::Disk(_) => 6,
        FetchError::NoRoom { .. } => 7,
        FetchError::Packed { cut_off: false, .. } | FetchError::TwoCopies { .. } => 8,
    })
}

/// Every error, some in two kinds.
fn every_error() -> Vec<FetchError> {
    let text = || "x".to_owned();
    let reason = || Message::fixed("x", "x");
    let (server, what, place, reply) = (text, text, text, text);
    let password = orgsnap::config::job::parse(Path::new("x.toml"), "x", &|_| None).unwrap_err();
    vec![
        FetchError::NothingThere { place: place(), near: Vec::new() },
        FetchError::Packed { file: what(), what: reason(), cut_off: true },
        FetchError::Packed { file: what(), what: reason(), cut_off: false },
        FetchError::TwoCopies { one: what(), other: what() },
        FetchError::DataModeRefused { server: server(), reply: reply(), active: false },
        FetchError::NotReady { place: place(), why: reason(), allowed: Duration::ZERO },
        FetchError::NotRefreshed { place: place(), date: NaiveDate::MIN },
        FetchError::StillRefused { place: place(), run: RunId(text()) },
        FetchError::Cancelled,
        FetchError::Unreachable { server: server(), reason: reason() },
        FetchError::UnknownHost { server: server() },
        FetchError::LoginRefused {
            server: server(),
            username: text(),
            reply: reply(),
            gbk_untried: false,
        },
        FetchError::TooManyConnections { server: server(), reply: reply() },
        FetchError::TlsRefused { server: server(), reply: reply() },
        FetchError::TlsRequired { server: server(), reply: reply() },
        FetchError::NotTrusted { server: server(), reason: reason(), certificate: None },
        FetchError::HostKey { server: server(), shown: Vec::new(), pinned: true },
        FetchError::NoSharedAlgorithm { server: server(), what: reason(), offered: text() },
        FetchError::LoginMethod { server: server(), takes: text() },
        FetchError::PrivateKey { reason: reason() },
        FetchError::TlsSetup { reason: Message::new(text(), text()) },
        FetchError::Interrupted { what: what(), reason: reason() },
        FetchError::Changing { what: what() },
        FetchError::NoPermission { what: what(), reply: reply() },
        FetchError::FileRefused { what: what(), reply: reply() },
        FetchError::NotStored { what: what(), reply: reply() },
        FetchError::Protocol { server: server(), reply: reply() },
        FetchError::Deadline { allowed: Duration::ZERO, last: None },
        FetchError::NoRoom { path: path(), needed: 2, free: 1 },
        FetchError::NotBuiltIn { feature: "sftp" },
        FetchError::Denied { path: path() },
        FetchError::NotAFile { path: path() },
        FetchError::NotAFolder { path: path() },
        FetchError::Unreadable { path: path(), source: io::ErrorKind::Other.into() },
        FetchError::NotAFileName { name: text() },
        FetchError::Password(Box::new(password)),
        FetchError::Disk(disk(io::ErrorKind::StorageFull)),
        FetchError::Disk(disk(io::ErrorKind::PermissionDenied)),
    ]
}

/// The code and whether it is retried, of each row of the table that has this heading.
fn table(readme: &str, heading: &str) -> Vec<(u8, bool)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(readme);
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().skip_while(|line| !line.starts_with(heading)).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|')).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        (cells[2].parse().unwrap(), !["否", "no"].contains(&cells[3]))
    });
    rows.collect()
}

#[test]
fn every_error_of_the_source_exits_and_is_retried_as_the_readmes_say() {
    let errors = every_error();
    let variants: HashSet<_> = errors.iter().map(discriminant).collect();
    assert_eq!(variants.len(), VARIANTS, "an error is not tried");
    let tables =
        [table("README.zh-CN.md", "| 数据源错误"), table("README.md", "| error of the source")];
    let mut rows = BTreeSet::new();
    for error in errors {
        let Some(row) = row(&error) else { continue };
        rows.insert(row);
        let described = format!("{error:?}");
        let helps = Classification::of_fetch(&error).waiting_helps;
        let code = Failure::from(RunError::from(error)).exit.code();
        for table in &tables {
            assert_eq!(table.get(row), Some(&(code, helps)), "row {row}: {described}");
        }
    }
    for table in tables {
        assert_eq!(rows.len(), table.len(), "the tables have rows of their own");
    }
}
