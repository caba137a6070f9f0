//! Putting files on an FTP server.

use std::io::Write as _;

use suppaftp::FtpError;
use suppaftp::types::Response;

use crate::fetch::remote::Store;
use crate::fetch::{FetchError, reply};

use super::Session;
use super::data_mode::DataCommand;

impl Session<'_> {
    fn not_stored(&self, what: &str, response: &Response) -> FetchError {
        let reply = reply::text(response, self.account.password);
        FetchError::NotStored { what: what.to_owned(), reply }
    }

    /// The fault of a command about a file: a refusal for good, or something else.
    fn store_fault(&self, error: FtpError, what: &str) -> FetchError {
        match error {
            // 452 and 552 are about space, which does not come back soon.
            FtpError::UnexpectedResponse(response)
                if reply::code(&response) >= 500 || reply::code(&response) == 452 =>
            {
                self.not_stored(what, &response)
            }
            error => self.fault(error, what),
        }
    }
}

impl Store for Session<'_> {
    fn enter(&mut self, directory: &str) -> Result<(), FetchError> {
        let unknown = |error: &FtpError| matches!(error, FtpError::UnexpectedResponse(response) if reply::code(response) == 550);
        let mut entered = self.stream.cwd(directory);
        if entered.as_ref().is_err_and(unknown) && self.may_be_gb18030(directory) {
            self.set_names_in_gb18030(true);
            entered = self.stream.cwd(directory);
            self.set_names_in_gb18030(entered.is_ok());
        }
        match entered {
            Ok(()) => {}
            Err(error) if unknown(&error) => {
                self.stream.mkdir(directory).map_err(|error| self.store_fault(error, directory))?;
                self.stream.cwd(directory).map_err(|error| self.store_fault(error, directory))?;
            }
            Err(error) => return Err(self.fault(error, directory)),
        }
        self.entered = Some(directory.to_owned());
        Ok(())
    }

    fn put(
        &mut self,
        name: &str,
        content: &mut dyn FnMut(&mut [u8]) -> Result<usize, FetchError>,
    ) -> Result<(), FetchError> {
        self.renew()?;
        let mut begun = self.begin(DataCommand::Store { name });
        if let Err(FtpError::UnexpectedResponse(response)) = &begun
            && (550..=553).contains(&reply::code(response))
            && self.stream.rm(name).is_ok()
        {
            // What a broken upload left is in the way of servers that let no file be written over.
            begun = self.begin(DataCommand::Store { name });
        }
        let mut transfer = begun.map_err(|error| self.store_fault(error, name))?;
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let piece = match content(&mut buffer) {
                Ok(0) => break,
                Ok(length) => &buffer[..length],
                Err(error) => {
                    self.disconnect(transfer);
                    return Err(error);
                }
            };
            if let Err(error) = transfer.write_all(piece) {
                // A server that has no space says so in its reply, after it has closed the data connection.
                return Err(match self.read_final_reply(transfer) {
                    Err(error @ FtpError::UnexpectedResponse(_)) => self.store_fault(error, name),
                    Ok(()) | Err(_) => self.fault(FtpError::ConnectionError(error), name),
                });
            }
        }
        if let Err(error) = transfer.close_write() {
            return Err(self.fault(FtpError::ConnectionError(error), name));
        }
        self.read_final_reply(transfer).map_err(|error| self.store_fault(error, name))
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), FetchError> {
        self.renew()?;
        match self.stream.rename(from, to) {
            Ok(()) => Ok(()),
            Err(FtpError::UnexpectedResponse(refused)) => {
                // Some servers replace no file by renaming another.
                match self.stream.rm(to) {
                    Ok(()) => {}
                    Err(FtpError::UnexpectedResponse(_)) => {
                        return Err(self.not_stored(to, &refused));
                    }
                    Err(error) => return Err(self.fault(error, to)),
                }
                self.stream.rename(from, to).map_err(|error| self.store_fault(error, to))
            }
            Err(error) => Err(self.fault(error, to)),
        }
    }
}
