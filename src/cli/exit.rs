//! Exit codes, a promise to schedulers and scripts.

use std::process::ExitCode;

use orgsnap::pipeline::Fault;

/// How the program ends. Of several jobs the gravest counts: the order is by who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// Done.
    Done,
    /// Another run holds the lock; it will be over by itself.
    Locked,
    /// The source is unavailable for now, or the files are not there yet; worth trying again later.
    Unavailable,
    /// The delivery is refused, or `check` found errors: its provider has to act. Or a comparison found differences.
    Refused,
    /// Wrong arguments, a wrong configuration, a source that refuses access, or a data folder that cannot be used:
    /// whoever runs orgsnap has to act.
    Usage,
    /// A fault of orgsnap or of the machine.
    Internal,
}

impl Exit {
    /// The code of a verb that ended in a fault.
    pub(super) fn of(fault: Fault) -> Exit {
        match fault {
            // A run that was asked to end is to be run again, as one whose delivery has not come.
            Fault::Delivery | Fault::Source | Fault::Store | Fault::Stopped => Exit::Unavailable,
            Fault::BadDelivery => Exit::Refused,
            Fault::Setup | Fault::SourceAccess | Fault::DataFolder => Exit::Usage,
            Fault::Busy | Fault::DatabaseLocked => Exit::Locked,
            Fault::Internal => Exit::Internal,
        }
    }

    /// The code.
    pub(super) fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::Unavailable => 4,
            Exit::Locked => 5,
            Exit::Internal => 70,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_of_several_jobs_is_the_gravest() {
        let cases = [
            ([Exit::Done, Exit::Locked], 5),
            ([Exit::Unavailable, Exit::Locked], 4),
            ([Exit::Refused, Exit::Unavailable], 3),
            ([Exit::Usage, Exit::Refused], 2),
            ([Exit::Usage, Exit::Internal], 70),
        ];
        for (exits, code) in cases {
            let worst = exits.into_iter().fold(Exit::Done, Exit::max);
            assert_eq!(worst.code(), code, "{exits:?}");
        }
    }
}
