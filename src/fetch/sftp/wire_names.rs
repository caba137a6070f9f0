//! File names of servers that keep them in GB 18030. The library beneath reads and writes names as UTF-8 alone, so
//! they are changed in the packets between it and the connection.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use encoding_rs::GB18030;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};

use crate::config::job::NameEncoding;

/// Longest packet that is looked at; those with names are far shorter. Longer ones pass as they are.
const LONGEST: u32 = 1 << 20;

// Types of packets (draft-ietf-secsh-filexfer-02): requests that begin with a path, and answers with words or names.
const OPEN: u8 = 3;
const LSTAT: u8 = 7;
const OPENDIR: u8 = 11;
const REMOVE: u8 = 13;
const MKDIR: u8 = 14;
const REALPATH: u8 = 16;
const STAT: u8 = 17;
const RENAME: u8 = 18;
const STATUS: u8 = 101;
const NAME: u8 = 104;

/// How names travel over one session.
#[derive(Debug)]
pub(super) struct WireNames {
    encoding: NameEncoding,
    gb18030: AtomicBool,
}

impl WireNames {
    /// As the job has it.
    pub(super) fn new(encoding: NameEncoding) -> WireNames {
        let gb18030 = AtomicBool::new(encoding == NameEncoding::Gb18030);
        WireNames { encoding, gb18030 }
    }

    /// Whether a path that the server does not know may be known to it in GB 18030.
    pub(super) fn may_be_gb18030(&self, path: &str) -> bool {
        let left_open = self.encoding == NameEncoding::Auto;
        left_open && !self.gb18030.load(Ordering::Relaxed) && !path.is_ascii()
    }

    /// Sends the paths of the next requests in GB 18030, or in UTF-8.
    pub(super) fn set_gb18030(&self, yes: bool) {
        self.gb18030.store(yes, Ordering::Relaxed);
    }

    /// A stream for the library, over that of the connection. Call it within a runtime.
    pub(super) fn between<S>(self: &Arc<Self>, connection: S) -> DuplexStream
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (library, ours) = tokio::io::duplex(LONGEST as usize);
        let (from_library, to_library) = tokio::io::split(ours);
        let (from_server, to_server) = tokio::io::split(connection);
        let names = Arc::clone(self);
        tokio::spawn(pass(from_library, to_server, move |packet| names.request(packet)));
        let names = Arc::clone(self);
        tokio::spawn(pass(from_server, to_library, move |packet| names.answer(packet)));
        library
    }

    /// A request with its path as the server has it; `None` if it stays as it is.
    fn request(&self, packet: &[u8]) -> Option<Vec<u8>> {
        let paths = match *packet.first()? {
            OPEN | LSTAT | OPENDIR | REMOVE | MKDIR | REALPATH | STAT => 1,
            RENAME => 2,
            _ => return None,
        };
        if !self.gb18030.load(Ordering::Relaxed) {
            return None;
        }
        let mut packet = Packet::new(packet);
        packet.keep(1 + 4)?;
        for _ in 0..paths {
            packet.change(|path| {
                let path = std::str::from_utf8(path).ok()?;
                Some(GB18030.encode(path).0.into_owned())
            })?;
        }
        Some(packet.finish())
    }

    /// An answer with its names and words in UTF-8; `None` if it stays as it is.
    fn answer(&self, packet: &[u8]) -> Option<Vec<u8>> {
        if self.encoding == NameEncoding::Utf8 {
            return None;
        }
        let gb18030 = self.gb18030.load(Ordering::Relaxed);
        // A name that is no UTF-8 is shown in the only other encoding that names are written in.
        let in_utf8 = |name: &[u8]| {
            let decode = gb18030 || std::str::from_utf8(name).is_err();
            decode.then(|| GB18030.decode_without_bom_handling(name).0.into_owned().into_bytes())
        };
        let mut changed = Packet::new(packet);
        match *packet.first()? {
            STATUS => {
                changed.keep(1 + 4 + 4)?;
                changed.change(in_utf8)?;
            }
            NAME => {
                changed.keep(1 + 4)?;
                for _ in 0..changed.number()? {
                    changed.change(in_utf8)?;
                    changed.change(in_utf8)?;
                    changed.attributes()?;
                }
            }
            _ => return None,
        }
        Some(changed.finish())
    }
}

/// Passes packets on, each changed or as it is, until one side ends.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    change: impl Fn(&[u8]) -> Option<Vec<u8>>,
) {
    let mut packet = Vec::new();
    let ended = loop {
        if let Err(error) = pass_one(&mut from, &mut to, &change, &mut packet).await {
            break error;
        }
    };
    if ended.kind() != io::ErrorKind::UnexpectedEof {
        tracing::debug!("packets are no longer passed on: {ended}");
    }
    // The other side learns of it by the end of what it reads; it may be gone already.
    _ = to.shutdown().await;
}

async fn pass_one(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    change: &impl Fn(&[u8]) -> Option<Vec<u8>>,
    packet: &mut Vec<u8>,
) -> io::Result<()> {
    let length = from.read_u32().await?;
    if length > LONGEST {
        to.write_u32(length).await?;
        tokio::io::copy(&mut from.take(length.into()), to).await?;
        return to.flush().await;
    }
    packet.clear();
    packet.extend(length.to_be_bytes());
    packet.resize(4 + length as usize, 0);
    from.read_exact(&mut packet[4..]).await?;
    if let Some(changed) = change(&packet[4..]) {
        packet.clear();
        packet.extend((changed.len() as u32).to_be_bytes());
        packet.extend(changed);
    }
    to.write_all(packet).await?;
    to.flush().await
}

/// A packet that is read from its beginning and written anew; every step is `None` if the packet is too short for it.
struct Packet<'p> {
    rest: &'p [u8],
    written: Vec<u8>,
}

impl<'p> Packet<'p> {
    fn new(packet: &'p [u8]) -> Packet<'p> {
        Packet { rest: packet, written: Vec::with_capacity(packet.len() * 2) }
    }

    fn keep(&mut self, bytes: usize) -> Option<&'p [u8]> {
        let (kept, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        self.written.extend(kept);
        Some(kept)
    }

    fn number(&mut self) -> Option<u32> {
        self.keep(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Changes the string that comes next, where `change` gives another.
    fn change(&mut self, change: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<()> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        self.rest = rest;
        let changed = change(text);
        let text = changed.as_deref().unwrap_or(text);
        self.written.extend((text.len() as u32).to_be_bytes());
        self.written.extend(text);
        Some(())
    }

    /// Keeps the attributes of a file.
    fn attributes(&mut self) -> Option<()> {
        const SIZES: [(u32, usize); 4] = [(1, 8), (2, 8), (4, 4), (8, 8)];
        const EXTENDED: u32 = 0x8000_0000;
        let flags = self.number()?;
        let sizes = SIZES.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, size)| size);
        self.keep(sizes.sum())?;
        if flags & EXTENDED != 0 {
            for _ in 0..self.number()? {
                self.change(|_| None)?;
                self.change(|_| None)?;
            }
        }
        Some(())
    }

    fn finish(mut self) -> Vec<u8> {
        self.written.extend(self.rest);
        self.written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &[u8]) -> Vec<u8> {
        [&(text.len() as u32).to_be_bytes()[..], text].concat()
    }

    fn packet(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    const ID: [u8; 4] = [0, 0, 0, 7];
    /// 人员.txt
    const GBK: &[u8] = b"\xc8\xcb\xd4\xb1.txt";

    #[test]
    fn paths_go_out_in_the_encoding_of_the_server() {
        let request = |gb: bool, kind: u8| {
            let names = WireNames::new(NameEncoding::Auto);
            names.set_gb18030(gb);
            names.request(&packet(&[&[kind], &ID, &string("人员.txt".as_bytes()), &[1, 2]]))
        };
        let expected = packet(&[&[STAT], &ID, &string(GBK), &[1, 2]]);
        assert_eq!(request(true, STAT), Some(expected));
        assert_eq!(request(false, STAT), None);
        let names = WireNames::new(NameEncoding::Gb18030);
        let rename = |from: &[u8], to: &[u8]| packet(&[&[RENAME], &ID, &string(from), &string(to)]);
        let renamed = names.request(&rename(b"a.part", "人员.txt".as_bytes()));
        assert_eq!(renamed, Some(rename(b"a.part", GBK)));
        // READ begins with a handle, which is the server's.
        assert_eq!(request(true, 5), None);
    }

    #[test]
    fn names_of_either_encoding_come_in_as_utf_8() {
        let listing = |first: &[u8], second: &[u8]| {
            let with_size = [&[0, 0, 0, 1][..], &8_u64.to_be_bytes()].concat();
            let extended =
                [&[0x80, 0, 0, 0, 0, 0, 0, 1][..], &string(b"k"), &string(b"v")].concat();
            let file =
                |name, attributes: &[u8]| packet(&[&string(name), &string(name), attributes]);
            let files = [file(first, &with_size), file(second, &extended)].concat();
            packet(&[&[NAME], &ID, &[0, 0, 0, 2], &files])
        };
        let names = WireNames::new(NameEncoding::Auto);
        let in_utf8 = listing("人员.txt".as_bytes(), "团队".as_bytes());
        assert_eq!(names.answer(&listing(GBK, "团队".as_bytes())), Some(in_utf8));
        let pinned = WireNames::new(NameEncoding::Utf8);
        assert_eq!(pinned.answer(&listing(GBK, b"b")), None, "as the job has it");
        // One that is cut off is the library's to refuse.
        let cut = listing(GBK, GBK);
        assert_eq!(names.answer(&cut[..cut.len() - 4]), None);
    }
}
