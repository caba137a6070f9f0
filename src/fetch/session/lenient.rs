//! Passive mode with a server whose answer to PASV suppaftp cannot read.

use std::net::TcpStream;

use suppaftp::{FtpError, RustlsFtpStream, Status};

use crate::fetch::reply;

use super::data_mode::DataCommand;
use super::sockets::DataSockets;

/// PASV and the command one by one; the port is found in any text of the reply to PASV.
pub(super) fn begin(
    stream: &mut RustlsFtpStream,
    data: &DataSockets,
    command: DataCommand<'_>,
) -> Result<TcpStream, FtpError> {
    let response = stream.custom_command("PASV", &[Status::PassiveMode])?;
    let port = reply::passive_port(&response).ok_or(FtpError::BadResponse)?;
    let mut address = stream.get_ref().peer_addr().map_err(FtpError::ConnectionError)?;
    address.set_port(port);
    let socket = data.open(address).map_err(FtpError::ConnectionError)?;
    command.send(stream)?;
    Ok(socket)
}
