//! Asking a run to end early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request to stop, shared by those who may ask for it and those who look at it between steps.
///
/// Asking once is for good. A run that was asked ends with an error and leaves the last snapshot as it was.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Not cancelled yet.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Asks all who hold a clone to stop.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was cancelled.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelling_reaches_every_clone() {
        let (asker, hearer) = (Cancel::new(), Cancel::new());
        let clone = asker.clone();
        asker.ask();
        assert!(clone.is_asked());
        assert!(!hearer.is_asked());
    }
}
