//! File names in GB 18030, as servers on Chinese Windows know them.

use std::io::{self, ErrorKind};

use suppaftp::Encoding;

/// GB 18030, of which GBK is a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gb18030;

impl Encoding for Gb18030 {
    fn decode(&self, bytes: &[u8]) -> String {
        encoding_rs::GB18030.decode_without_bom_handling(bytes).0.into_owned()
    }

    fn encode(&self, text: &str) -> io::Result<Vec<u8>> {
        match encoding_rs::GB18030.encode(text) {
            (bytes, _, false) => Ok(bytes.into_owned()),
            _ => Err(io::Error::from(ErrorKind::InvalidInput)),
        }
    }
}
