//! A boundary around a run: a panic inside becomes a failure like any other.

use std::io::Write as _;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

use orgsnap::model::Message;

use super::failure::Failure;

/// Makes panics tell where they happened and not what they say, because that may quote delivered text:
/// the names of agents do not belong in a log.
pub(super) fn install_panic_hook() {
    panic::set_hook(Box::new(print_location));
}

fn print_location(panicked: &PanicHookInfo<'_>) {
    let place = match panicked.location() {
        Some(at) => format!("{}:{}", at.file(), at.line()),
        None => "?".to_owned(),
    };
    // There is nowhere left to tell that standard error cannot be written to.
    let _ = writeln!(std::io::stderr().lock(), "panic at {place}");
}

/// Runs `inside`. Nothing that it may have left half done is used afterwards: a run owns what it works
/// on, and what it had not committed is gone.
///
/// # Errors
/// Those of `inside`, and a panic in it.
pub(super) fn around<T>(inside: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    panic::catch_unwind(AssertUnwindSafe(inside)).unwrap_or_else(|_| {
        Err(Failure::internal(Message::fixed(
            "orgsnap 内部错误；当前快照仍然完整。请将以上“panic at”一行连同所用命令和版本（orgsnap --version）\
             反馈给开发者",
            "internal fault of orgsnap; the published snapshot is whole. Please report the line `panic at` \
             above with the command and the version (orgsnap --version)",
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::super::exit::Exit;
    use super::*;

    #[test]
    fn a_panic_becomes_an_internal_failure_without_its_message() {
        let outcome: Result<(), Failure> = around(|| panic!("agent 张三 is not on a boundary"));
        let failure = outcome.expect_err("a panic is a failure");
        assert_eq!(failure.exit, Exit::Internal);
        assert!(!failure.message.en.contains("张三"));
        assert!(around(|| Ok(1)).is_ok_and(|one| one == 1));
    }
}
