//! Archives a delivery while it is read: nothing of it is recorded or published before it is in the archive.

use std::cell::RefCell;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread::{self, ScopedJoinHandle};

use crate::config::job::Job;
use crate::fetch::{RawDelivery, archive};

use super::error::RunError;
use super::reading;

/// How much less often than the others a thread runs that compresses: it is to take the time that they leave.
const NICENESS: i32 = 10;

/// A delivery on its way into the archive.
pub(super) struct Archiving<'s>(RefCell<Option<ScopedJoinHandle<'s, Result<(), RunError>>>>);

impl<'s> Archiving<'s> {
    /// Nothing is to be archived.
    pub(super) fn nothing() -> Archiving<'s> {
        Archiving(RefCell::new(None))
    }

    /// Begins to archive a delivery in a thread of its own, with the settings with which it is read.
    pub(super) fn begin<'env>(
        scope: &'s thread::Scope<'s, 'env>,
        tenant_dir: &'env Path,
        job: &'env Job,
        label: archive::Label<'env>,
        raw: &'env RawDelivery,
    ) -> Archiving<'s> {
        let thread = scope.spawn(move || {
            // On Linux it is that of the thread and of those that it starts. If it stays as it is the run is a little slower.
            let _ = rustix::process::nice(NICENESS);
            let folder = archive::write(tenant_dir, &label, raw)?;
            reading::keep(job, &folder)
        });
        Archiving(RefCell::new(Some(thread)))
    }

    /// Waits until the delivery is in the archive, on disk for good.
    ///
    /// # Errors
    /// If the disk does not take it; told once.
    pub(super) fn finish(&self) -> Result<(), RunError> {
        let thread = self.0.borrow_mut().take();
        thread.map_or(Ok(()), |thread| thread.join().unwrap_or_else(|p| resume_unwind(p)))
    }
}
