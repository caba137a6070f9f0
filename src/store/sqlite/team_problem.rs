//! What can be wrong with a team in operation.

/// A problem of a team, as `team_check` lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TeamProblem {
    /// It names no leader.
    NoLeader,
    /// Its leader is no agent of the snapshot.
    LeaderMissing,
    /// Its leader has left.
    LeaderLeft,
    /// No active agent works in it or below it.
    Empty,
}

impl TeamProblem {
    /// All of them.
    pub(super) const ALL: [TeamProblem; 4] = [
        TeamProblem::NoLeader,
        TeamProblem::LeaderMissing,
        TeamProblem::LeaderLeft,
        TeamProblem::Empty,
    ];

    /// The value in the view.
    pub(super) fn name(self) -> &'static str {
        match self {
            TeamProblem::NoLeader => "no_leader",
            TeamProblem::LeaderMissing => "leader_missing",
            TeamProblem::LeaderLeft => "leader_left",
            TeamProblem::Empty => "empty",
        }
    }

    /// What it means, in Chinese and English.
    pub(super) fn title(self) -> (&'static str, &'static str) {
        match self {
            TeamProblem::NoLeader => ("未设团队长", "names no leader"),
            TeamProblem::LeaderMissing => ("团队长不在快照中", "its leader is not in the snapshot"),
            TeamProblem::LeaderLeft => ("团队长已离职", "its leader has left"),
            TeamProblem::Empty => ("无在职人员", "has no active agent"),
        }
    }
}
