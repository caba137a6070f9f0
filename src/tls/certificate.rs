//! What a certificate says of itself: enough for a person to recognise it.

use std::fmt::{self, Write as _};

use chrono::{DateTime, NaiveDateTime, Utc};
use sha2::{Digest, Sha256};

/// Tags of ASN.1 (X.690).
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;
/// `version`, which only certificates of version 1 leave out.
const VERSION: u8 = 0xa0;

/// The attributes of a subject that are shown, by the end of their identifier 2.5.4.x.
const ATTRIBUTES: [(u8, &str); 6] =
    [(3, "CN"), (6, "C"), (7, "L"), (8, "ST"), (10, "O"), (11, "OU")];

/// What identifies a certificate to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSummary {
    /// SHA-256 of its DER form, as `openssl x509 -fingerprint -sha256` prints it.
    pub fingerprint: String,
    /// The subject, such as `CN=ftp.example.com, O=Example`; `None` if it cannot be read or is empty.
    pub subject: Option<String>,
    /// The common name of the subject.
    pub common_name: Option<String>,
    /// From when to when it is valid.
    pub validity: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl CertificateSummary {
    /// Of a certificate in DER form. What cannot be read is left out.
    pub fn of(der: &[u8]) -> CertificateSummary {
        let (validity, names) = fields(der).unwrap_or_default();
        let written = names.iter().map(|(name, value)| format!("{name}={value}"));
        let subject = Vec::from_iter(written).join(", ");
        CertificateSummary {
            fingerprint: fingerprint(der),
            subject: (!subject.is_empty()).then_some(subject),
            common_name: names.into_iter().find(|(name, _)| *name == "CN").map(|(_, value)| value),
            validity,
        }
    }
}

impl fmt::Display for CertificateSummary {
    /// In English: `SHA-256 AB:CD, subject CN=..., valid until 2026-12-31`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA-256 {}", self.fingerprint)?;
        if let Some(subject) = &self.subject {
            write!(f, ", subject {subject}")?;
        }
        match self.validity {
            Some((_, until)) => write!(f, ", valid until {}", until.format("%Y-%m-%d %H:%M UTC")),
            None => Ok(()),
        }
    }
}

/// Upper-case hex with colons.
fn fingerprint(der: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(der) {
        let colon = if text.is_empty() { "" } else { ":" };
        // Writing to a string cannot fail.
        _ = write!(text, "{colon}{byte:02X}");
    }
    text
}

type Validity = Option<(DateTime<Utc>, DateTime<Utc>)>;
type Names = Vec<(&'static str, String)>;

/// Validity and subject of a certificate.
fn fields(der: &[u8]) -> Option<(Validity, Names)> {
    let mut certificate = Reader(Reader(der).content(SEQUENCE)?);
    let mut signed = Reader(certificate.content(SEQUENCE)?);
    let (first, _) = signed.next()?;
    if first == VERSION {
        signed.next()?; // The serial number.
    }
    signed.content(SEQUENCE)?; // The algorithm of the signature.
    signed.content(SEQUENCE)?; // The issuer.
    let mut validity = Reader(signed.content(SEQUENCE)?);
    let validity = validity.next().and_then(time).zip(validity.next().and_then(time));
    let mut subject = Reader(signed.content(SEQUENCE)?);
    let mut names = Names::new();
    while let Some(content) = subject.content(SET) {
        let mut attributes = Reader(content);
        while let Some(attribute) = attributes.content(SEQUENCE) {
            let mut attribute = Reader(attribute);
            let identifier = attribute.content(OBJECT_IDENTIFIER)?;
            let value = attribute.next()?;
            let known = ATTRIBUTES.iter().find(|(last, _)| identifier == [0x55, 0x04, *last]);
            names.extend(known.map(|(_, name)| (*name, text(value))));
        }
    }
    Some((validity, names))
}

/// A string of a name, without control characters and cut where it is absurdly long.
fn text((tag, bytes): (u8, &[u8])) -> String {
    let text = match tag {
        UTF8_STRING => String::from_utf8_lossy(bytes).into_owned(),
        BMP_STRING => {
            let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

fn time((tag, bytes): (u8, &[u8])) -> Option<DateTime<Utc>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = match tag {
        // Two digits of the year: 50 to 99 are of the last century (RFC 5280).
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok().map(|time| time.and_utc())
}

/// Reads one element of DER after the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The tag and content of the next element; `None` at the end or if there is none.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next element, which must have that tag.
    fn content(&mut self, wanted: u8) -> Option<&'a [u8]> {
        self.next().filter(|(tag, _)| *tag == wanted).map(|(_, content)| content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_has_a_fingerprint_and_nothing_else() {
        for der in
            [&b""[..], b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x02\x30\x00", &[0x30; 64]]
        {
            let summary = CertificateSummary::of(der);
            assert_eq!(summary.fingerprint.len(), 95);
            assert_eq!((summary.subject, summary.validity), (None, None));
        }
    }

    #[test]
    fn times_of_both_forms_are_read() {
        for (tag, written, read) in [
            (UTC_TIME, "261124020000Z", Some("2026-11-24T02:00:00+00:00")),
            (UTC_TIME, "991231235959Z", Some("1999-12-31T23:59:59+00:00")),
            (GENERALIZED_TIME, "20501124020000Z", Some("2050-11-24T02:00:00+00:00")),
            (UTC_TIME, "2611240200Z", None),
            (SET, "261124020000Z", None),
        ] {
            let time = time((tag, written.as_bytes())).map(|time| time.to_rfc3339());
            assert_eq!(time.as_deref(), read, "{written}");
        }
    }
}
