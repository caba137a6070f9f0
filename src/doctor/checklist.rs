//! The checklist of one job, or of the machine.

use std::path::{Path, PathBuf};

use super::step::{State, Step};

/// The steps of a job in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checklist {
    /// The tenant; `None` for the machine, and for a job file that could not be read.
    pub tenant: Option<String>,
    /// The insurer's name.
    pub insurer: Option<String>,
    /// The job file; `None` for the machine.
    pub job: Option<PathBuf>,
    /// The steps.
    pub steps: Vec<Step>,
}

impl Checklist {
    /// Puts steps in their order.
    pub(super) fn new(job: Option<&Path>, mut steps: Vec<Step>) -> Checklist {
        steps.sort_by_key(|step| step.subject);
        Checklist { tenant: None, insurer: None, job: job.map(Path::to_owned), steps }
    }

    /// How many steps stand so.
    pub fn count(&self, state: State) -> usize {
        self.steps.iter().filter(|step| step.state == state).count()
    }
}
