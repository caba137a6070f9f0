//! What is in the directory of an FTP session: names, sizes, times.

use std::io::{self, Read};

use suppaftp::{Encoding, FtpError, RustlsFtpStream, Status};

use crate::fetch::remote::{Folder, Stat, Version};
use crate::fetch::{FetchError, names, reply};

use super::Session;
use super::data_mode::{self, DataCommand, DataMode};

/// Most names of a directory that are looked at.
const MOST: usize = 10_000;

/// Most bytes of a listing that are read.
const MOST_BYTES: u64 = MOST as u64 * 256;

impl Session<'_> {
    /// Size and time of a file. LIST is never used: there is no standard for what it answers.
    fn stat_in_current_encoding(&mut self, name: &str) -> Result<Stat, FetchError> {
        self.account.deadline.check()?;
        let size = match self.stream.custom_command(format!("SIZE {name}"), &[Status::File]) {
            Ok(response) => reply::number(&response),
            Err(FtpError::UnexpectedResponse(response)) if reply::code(&response) == 550 => {
                let reply = reply::text(&response, self.account.password);
                return match reply::says_no_permission(&reply) {
                    true => Err(FetchError::NoPermission { what: name.to_owned(), reply }),
                    false => Ok(Stat::Missing),
                };
            }
            Err(error) => self.none_if_unknown_command(error, name)?,
        };
        let stamp = match self.stream.custom_command(format!("MDTM {name}"), &[Status::File]) {
            Ok(response) => reply::stamp(&response),
            Err(FtpError::UnexpectedResponse(response)) if reply::code(&response) == 550 => None,
            Err(error) => self.none_if_unknown_command(error, name)?,
        };
        let mtime = stamp.as_deref().and_then(reply::time);
        Ok(Stat::Present(Version { size, stamp, mtime }))
    }

    /// The names in the directory, over a connection that suppaftp does not know of.
    fn list_on_socket(&mut self) -> Result<Vec<String>, FtpError> {
        let mut transfer = self.begin_on_socket(DataCommand::List)?;
        let encoding: &dyn suppaftp::Encoding = match self.gb18030 {
            true => &names::Gb18030,
            false => &suppaftp::Utf8Encoding,
        };
        let names = read(&mut transfer, encoding).map_err(FtpError::ConnectionError);
        self.read_final_reply(transfer)?;
        names
    }
}

impl Folder for Session<'_> {
    fn stat(&mut self, name: &str) -> Result<Stat, FetchError> {
        self.renew()?;
        let stat = self.stat_in_current_encoding(name)?;
        if stat == Stat::Missing && self.may_be_gb18030(name) {
            self.set_names_in_gb18030(true);
            let again = self.stat_in_current_encoding(name)?;
            self.set_names_in_gb18030(again != Stat::Missing);
            return Ok(again);
        }
        Ok(stat)
    }

    fn list(&mut self) -> Result<Option<Vec<String>>, FetchError> {
        self.renew()?;
        loop {
            let names = match self.data_mode {
                DataMode::Extended | DataMode::Classic => names_by_suppaftp(&mut self.stream),
                DataMode::Lenient | DataMode::Active => self.list_on_socket(),
            };
            match names {
                Ok(names) => return Ok(Some(names)),
                Err(error @ FtpError::ConnectionError(_)) => {
                    return Err(self.fault(error, self.account.place));
                }
                Err(error) => match data_mode::next(self.data_mode, &error) {
                    Some(next) => self.set_data_mode(next),
                    None => return Ok(None),
                },
            }
        }
    }
}

/// The bare names by NLST, which every server writes alike.
///
/// # Errors
/// If the connection breaks, or the server refuses the command or the data connection.
fn names_by_suppaftp(stream: &mut RustlsFtpStream) -> Result<Vec<String>, FtpError> {
    Ok(bare(stream.nlst(None)?.iter().map(String::as_str)))
}

/// The bare names that come over a data connection which suppaftp does not know of.
fn read(data: &mut impl Read, encoding: &dyn Encoding) -> io::Result<Vec<String>> {
    let mut bytes = Vec::new();
    data.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bare(encoding.decode(&bytes).lines().filter(|line| !line.is_empty())))
}

/// Some put the directory before each name.
fn bare<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let bare = |name: &str| name.rsplit('/').next().map(|name| name.trim_end().to_owned());
    names.take(MOST).filter_map(bare).collect()
}
