//! Bringing a growing file to the disk while more of it comes.
//!
//! A download has to be on disk for good before it counts. Were that left to its end, the line would
//! stand idle while a gigabyte is written.

use std::fs::File;
use std::io;
use std::thread::{Builder, JoinHandle};

/// Number of new bytes after which a flush begins.
const STEP: u64 = 16 << 20;

/// Flushes one file while it is written, at most once at a time.
#[derive(Debug, Default)]
pub(super) struct Flusher {
    under_way: Option<JoinHandle<io::Result<()>>>,
    /// The length of the file when the last flush began.
    flushed: u64,
}

impl Flusher {
    /// The file has grown to `len` bytes. Never waits for the disk.
    ///
    /// # Errors
    /// That of an earlier flush: the system reports it once, so it must not be lost.
    pub(super) fn grown(&mut self, file: &File, len: u64) -> io::Result<()> {
        if len.saturating_sub(self.flushed) < STEP {
            return Ok(());
        }
        if self.under_way.as_ref().is_some_and(|flush| !flush.is_finished()) {
            return Ok(());
        }
        self.settle()?;
        let file = file.try_clone()?;
        let flush = Builder::new().name("flush".to_owned()).spawn(move || file.sync_data())?;
        (self.under_way, self.flushed) = (Some(flush), len);
        Ok(())
    }

    /// Waits for the flush under way, if there is one. What came after it began is not on disk yet.
    ///
    /// # Errors
    /// That of the flush.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        match self.under_way.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(flushed)) => flushed,
            Some(Err(_)) => Err(io::Error::other("the flushing thread ended early")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_flushed_while_it_grows_and_flush_errors_are_returned() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let mut file = File::create(&path).unwrap();
        let mut flusher = Flusher::default();
        for len in 1..=5 {
            file.write_all(&vec![b'x'; STEP as usize]).unwrap();
            flusher.grown(&file, len * STEP).unwrap();
        }
        assert!(flusher.flushed >= STEP);
        flusher.settle().unwrap();
        flusher.settle().unwrap();

        // A pipe cannot be flushed.
        let (reader, _writer) = std::io::pipe().unwrap();
        let pipe = File::from(std::os::fd::OwnedFd::from(reader));
        let mut flusher = Flusher::default();
        flusher.grown(&pipe, STEP).unwrap();
        assert!(flusher.settle().is_err());
    }
}
