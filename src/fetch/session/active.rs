//! Active mode: the server opens the data connection, to a port of ours.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::ops::RangeInclusive;

use suppaftp::{FtpError, RustlsFtpStream, Status};

use crate::config::job::DataConnections;
use crate::fetch::data_blocked::NotConnectedBack;

use super::data_mode::DataCommand;
use super::sockets::DataSockets;

/// A port that waits for the server, and the command that names it.
pub(super) struct DataPort {
    listener: TcpListener,
    pub(super) command: String,
    /// The address as announced, for messages.
    announced: SocketAddr,
}

/// PORT and the command one by one, then waits for the server to connect.
pub(super) fn begin(
    stream: &mut RustlsFtpStream,
    data: &DataSockets,
    settings: &DataConnections,
    command: DataCommand<'_>,
) -> Result<TcpStream, FtpError> {
    let ends = |socket: &TcpStream| io::Result::Ok((socket.local_addr()?, socket.peer_addr()?));
    let (local, peer) = ends(&stream.get_ref()).map_err(FtpError::ConnectionError)?;
    let port = open_port(settings, local.ip()).map_err(FtpError::ConnectionError)?;
    stream.custom_command(&port.command, &[Status::CommandOk])?;
    command.send(stream)?;
    let socket = data.accept(&port.listener, peer.ip());
    socket
        .and_then(|socket| {
            let late = NotConnectedBack { announced: port.announced };
            socket.ok_or_else(|| io::Error::new(ErrorKind::TimedOut, late))
        })
        .map_err(FtpError::ConnectionError)
}

/// Opens a port on the address of the control connection; `local` is that connection's own end.
///
/// # Errors
/// If no port of the range is free.
pub(super) fn open_port(settings: &DataConnections, local: IpAddr) -> io::Result<DataPort> {
    let (ports, address) = match settings {
        DataConnections::Active { ports, address } => (ports.clone(), *address),
        DataConnections::Passive => (None, None),
    };
    let listener = bind(local, ports.unwrap_or(0..=0))?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let announced = SocketAddr::new(address.unwrap_or(local), port);
    Ok(DataPort { listener, command: command(announced), announced })
}

fn bind(local: IpAddr, ports: RangeInclusive<u16>) -> io::Result<TcpListener> {
    let mut last = io::Error::from(ErrorKind::AddrInUse);
    for port in ports {
        match TcpListener::bind((local, port)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// PORT for an address of IPv4, which every server knows; EPRT (RFC 2428) for one of IPv6.
fn command(announced: SocketAddr) -> String {
    let port = announced.port();
    match announced.ip().to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("PORT {a},{b},{c},{d},{},{}", port >> 8, port & 0xff)
        }
        IpAddr::V6(ip) => format!("EPRT |2|{ip}|{port}|"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_announced_address() {
        for (announced, expected) in [
            ("203.0.113.7:40001", "PORT 203,0,113,7,156,65"),
            ("[::ffff:203.0.113.7]:21", "PORT 203,0,113,7,0,21"),
            ("[2001:db8::7]:40001", "EPRT |2|2001:db8::7|40001|"),
        ] {
            assert_eq!(command(announced.parse().unwrap()), expected);
        }
    }

    #[test]
    fn a_port_of_the_range_is_taken_that_is_free() {
        let local = IpAddr::from([127, 0, 0, 1]);
        let taken = TcpListener::bind((local, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let settings = |ports| DataConnections::Active { ports: Some(ports), address: None };
        assert!(open_port(&settings(port..=port), local).is_err());
        let last = port.saturating_add(50);
        let opened = open_port(&settings(port..=last), local).unwrap();
        assert!((port + 1..=last).contains(&opened.announced.port()));
    }
}
