//! The stages of a run, and who is informed of them.

use crate::fetch;
use crate::model::MigrationStep;

/// A stage, as progress and reports show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Files come from their source and are archived.
    Fetch,
    /// Bytes become records.
    Parse,
    /// Rules check the records.
    Check,
    /// The snapshot is written.
    Publish,
}

impl Stage {
    /// The name in reports: `fetch`, `parse`, `check`, `publish`.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Fetch => "fetch",
            Stage::Parse => "parse",
            Stage::Check => "check",
            Stage::Publish => "publish",
        }
    }
}

/// Receives the progress of a run.
pub trait Progress: fetch::Progress {
    /// A stage begins.
    fn stage(&self, stage: Stage);

    /// So many rows of the stage are worked on, which is so much of it in per cent. Told from any thread; stages
    /// that work on all rows at once tell nothing.
    fn rows(&self, _done: u64, _percent: u8) {}

    /// A database of an earlier format is brought to the newest one, before the first stage.
    fn migration(&self, _step: MigrationStep) {}
}
