//! The encoding of a file: by its byte-order mark, or by how few bytes do not decode.

use std::iter;

use crate::config::job::Encoding;

use super::text::{decode, line_end, line_ends};

/// Maximum number of multi-byte sequences examined to detect the encoding; later bad bytes cost their lines.
const JUDGED_SEQUENCES: usize = 20_000;
/// Share of sequences that may be malformed in an acceptable decoding. Random bytes read as GB18030
/// have over 30 %.
const ACCEPTABLE_BAD: f64 = 0.10;
/// Number of malformed sequences that are always acceptable: a small file with one bad byte is still text.
const ALWAYS_ACCEPTABLE_BAD: usize = 3;
/// Share of NUL bytes above which the file is no text in a one-byte-unit encoding.
const ACCEPTABLE_NUL: f64 = 0.001;

/// How an encoding was found, and whether the file begins with its byte-order mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detected {
    /// The encoding.
    pub encoding: Encoding,
    /// Length of the byte-order mark in bytes; 0 without one.
    pub bom: usize,
}

impl Detected {
    /// The name in reports: `utf-8`, `utf-8-bom`, `gb18030`, `utf-16le`, `utf-16be`.
    pub fn name(self) -> &'static str {
        match self.encoding {
            Encoding::Utf8 if self.bom > 0 => "utf-8-bom",
            encoding => encoding.name(),
        }
    }
}

/// Why no encoding was acceptable.
#[derive(Debug, Clone, PartialEq)]
pub struct Undetectable {
    /// The encodings tried: name, malformed sequences, sequences judged.
    pub tried: Vec<(&'static str, usize, usize)>,
    /// NUL bytes in the file.
    pub nul: usize,
    /// Whether the NUL bytes lie as they do in UTF-16 text without a byte-order mark.
    pub looks_like_utf16: bool,
}

/// Finds the encoding of a file among UTF-8, GB18030 and UTF-16 with BOM, or checks the pinned one.
///
/// # Errors
/// [`Undetectable`] if none decodes the bytes acceptably: it is no text, or another encoding.
pub fn detect(bytes: &[u8], pinned: Option<Encoding>) -> Result<Detected, Undetectable> {
    let marked = match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Some(Detected { encoding: Encoding::Utf8, bom: 3 }),
        [0xFF, 0xFE, ..] => Some(Detected { encoding: Encoding::Utf16Le, bom: 2 }),
        [0xFE, 0xFF, ..] => Some(Detected { encoding: Encoding::Utf16Be, bom: 2 }),
        // The mark U+FEFF in GB18030, which some editors write.
        [0x84, 0x31, 0x95, 0x33, ..] => Some(Detected { encoding: Encoding::Gb18030, bom: 4 }),
        _ => None,
    };
    let candidates: Vec<Detected> = match (pinned, marked) {
        (Some(pinned), Some(marked)) if marked.encoding == pinned => vec![marked],
        (Some(pinned), _) => vec![Detected { encoding: pinned, bom: 0 }],
        (None, Some(marked)) => vec![marked],
        (None, None) => vec![
            Detected { encoding: Encoding::Utf8, bom: 0 },
            Detected { encoding: Encoding::Gb18030, bom: 0 },
        ],
    };
    let nul = memchr::memchr_iter(0, bytes).count();
    let too_many_nul = nul as f64 > bytes.len() as f64 * ACCEPTABLE_NUL;
    let mut tried = Vec::new();
    for candidate in candidates {
        let wide = matches!(candidate.encoding, Encoding::Utf16Le | Encoding::Utf16Be);
        let (bad, judged) = judge(&bytes[candidate.bom..], candidate.encoding);
        let few = bad <= ALWAYS_ACCEPTABLE_BAD || (bad as f64) <= judged as f64 * ACCEPTABLE_BAD;
        if few && (wide || !too_many_nul) {
            return Ok(candidate);
        }
        tried.push((candidate.name(), bad, judged));
    }
    Err(Undetectable {
        tried,
        nul,
        looks_like_utf16: nul * 4 > bytes.len() && nul * 3 < bytes.len() * 2,
    })
}

/// Counts malformed sequences among the first [`JUDGED_SEQUENCES`] multi-byte ones.
fn judge(bytes: &[u8], encoding: Encoding) -> (usize, usize) {
    if encoding == Encoding::Utf8 && std::str::from_utf8(bytes).is_ok() {
        return (0, 0);
    }
    let wide = matches!(encoding, Encoding::Utf16Le | Encoding::Utf16Be);
    let (mut bad, mut judged, mut start) = (0, 0, 0);
    for end in line_ends(bytes, encoding, line_end(bytes, encoding)).chain(iter::once(bytes.len()))
    {
        let raw = &bytes[start..end];
        start = end;
        if !wide && raw.is_ascii() {
            continue;
        }
        let text = decode(raw, encoding, 0);
        bad += text.bad.len();
        judged += text.text.chars().filter(|c| !c.is_ascii()).count();
        if judged >= JUDGED_SEQUENCES {
            break;
        }
    }
    (bad, judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_le(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn utf8_with_a_bad_byte_is_not_taken_for_gb18030() {
        let mut bytes = "1|张伟|北京市\n2|王芳|上海市\n3|李娜|广州市\n".repeat(20).into_bytes();
        bytes[3] = 0xFF;
        assert_eq!(detect(&bytes, None).unwrap().encoding, Encoding::Utf8);
    }

    #[test]
    fn noise_and_unmarked_utf16_are_refused() {
        let mut state = 1u64;
        let noise: Vec<u8> = iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        })
        .take(4096)
        .collect();
        assert!(detect(&noise, None).is_err());
        let unmarked = &*utf16_le("id|name|level\n1|abc|2\n");
        assert!(detect(unmarked, None).unwrap_err().looks_like_utf16);
        assert_eq!(detect(unmarked, Some(Encoding::Utf16Le)).unwrap().encoding, Encoding::Utf16Le);
    }
}
