//! Putting files on an SFTP server.

use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileType, StatusCode};
use tokio::io::AsyncWriteExt;

use super::super::FetchError;
use super::super::remote::Store;
use super::fault;
use super::session::{PIECE, Session};

impl Session<'_> {
    /// The fault of a request about a file: a refusal for good, or something else.
    fn store_fault(&self, error: &SftpError, what: &str) -> FetchError {
        match error {
            SftpError::Status(status)
                if !matches!(
                    status.status_code,
                    StatusCode::NoConnection | StatusCode::ConnectionLost
                ) =>
            {
                FetchError::NotStored { what: what.to_owned(), reply: self.words(error) }
            }
            error => self.fault(error, what),
        }
    }
}

impl Store for Session<'_> {
    fn enter(&mut self, directory: &str) -> Result<(), FetchError> {
        match self.answer(directory, self.sftp.metadata(directory))? {
            Ok(found) if found.permissions.is_some() && found.file_type() == FileType::File => {
                return Err(FetchError::NotAFolder { path: directory.into() });
            }
            Ok(_) => {}
            Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
                self.answer(directory, self.sftp.create_dir(directory))?
                    .map_err(|error| self.store_fault(&error, directory))?;
            }
            Err(error) => return Err(self.store_fault(&error, directory)),
        }
        self.directory = directory.to_owned();
        Ok(())
    }

    fn put(
        &mut self,
        name: &str,
        content: &mut dyn FnMut(&mut [u8]) -> Result<usize, FetchError>,
    ) -> Result<(), FetchError> {
        let path = self.path(name);
        let mut created = self.answer(name, self.sftp.create(&path))?;
        // What a broken upload left is in the way of servers that let no file be written over.
        if matches!(created, Err(SftpError::Status(_)))
            && self.answer(name, self.sftp.remove_file(&path))?.is_ok()
        {
            created = self.answer(name, self.sftp.create(&path))?;
        }
        let mut file = created.map_err(|error| self.store_fault(&error, name))?;
        let mut buffer = vec![0; PIECE as usize];
        loop {
            let length = content(&mut buffer)?;
            if length == 0 {
                break;
            }
            let write = async { file.write_all(&buffer[..length]).await.map_err(fault::of_io) };
            self.answer(name, write)?.map_err(|error| self.store_fault(&error, name))?;
        }
        // Waits for the answers to all pieces: only then a full disk shows.
        let close = async { file.shutdown().await.map_err(fault::of_io) };
        self.answer(name, close)?.map_err(|error| self.store_fault(&error, name))
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), FetchError> {
        let (from, target) = (self.path(from), self.path(to));
        let refused = match self.answer(to, self.sftp.rename(&from, &target))? {
            Ok(()) => return Ok(()),
            Err(error @ SftpError::Status(_)) => error,
            Err(error) => return Err(self.fault(&error, to)),
        };
        // In the version of the protocol that servers speak, no file is replaced by renaming another.
        match self.answer(to, self.sftp.remove_file(&target))? {
            Ok(()) => {}
            Err(SftpError::Status(_)) => return Err(self.store_fault(&refused, to)),
            Err(error) => return Err(self.fault(&error, to)),
        }
        self.answer(to, self.sftp.rename(&from, &target))?
            .map_err(|error| self.store_fault(&error, to))
    }
}
