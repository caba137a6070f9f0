//! Signatures of what a browser brings back.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Signs texts for one purpose. `Debug` does not show the key.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

impl Signer {
    /// A signer whose key is derived from a secret: what is signed for one purpose is not for another.
    pub fn new(secret: &[u8], purpose: &[&str]) -> Signer {
        let derived = signed(keyed(secret), purpose).finalize().into_bytes();
        Signer(keyed(&derived))
    }

    /// The signature of some texts: 64 lower-case hex digits. Where one text ends and the next begins is signed too.
    pub fn tag(&self, parts: &[&str]) -> String {
        hex(&signed(self.0.clone(), parts).finalize().into_bytes())
    }

    /// Whether `claimed` is the signature. The time that this takes does not tell how much of it is right.
    pub fn is_tag(&self, claimed: &str, parts: &[&str]) -> bool {
        same(claimed, &self.tag(parts))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // A longer key than a block is hashed, a shorter one is filled up, so that no length is refused.
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()))
}

fn signed(mut mac: Hmac<Sha256>, parts: &[&str]) -> Hmac<Sha256> {
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac
}

/// Whether two texts are the same, in a time that depends on their lengths alone.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        for digit in [byte >> 4, byte & 15] {
            hex.extend(char::from_digit(u32::from(digit), 16));
        }
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_one_key_one_purpose_and_the_same_texts() {
        let signer = Signer::new(b"secret", &["session", "t1"]);
        let tag = signer.tag(&["ab", "c"]);
        assert_eq!((tag.len(), signer.is_tag(&tag, &["ab", "c"])), (64, true));
        for (other, parts) in [
            (Signer::new(b"secret", &["session", "t1"]), ["a", "bc"]),
            (Signer::new(b"secret", &["session", "t1"]), ["ab", "d"]),
            (Signer::new(b"secret", &["session", "t2"]), ["ab", "c"]),
            (Signer::new(b"secret", &["sessiont", "1"]), ["ab", "c"]),
            (Signer::new(b"Secret", &["session", "t1"]), ["ab", "c"]),
        ] {
            assert!(!other.is_tag(&tag, &parts), "{parts:?}");
        }
        for wrong in ["", &tag[..63], &tag.to_uppercase(), &format!("{tag}0")] {
            assert!(!signer.is_tag(wrong, &["ab", "c"]), "{wrong}");
        }
        assert_eq!(format!("{signer:?}"), "***");
    }

    #[test]
    fn a_signature_is_the_hmac_of_rfc_4231() {
        // Test case 2 of the RFC, without the lengths that `signed` puts before its parts.
        let mut mac = keyed(b"Jefe");
        mac.update(b"what do ya want for nothing?");
        assert_eq!(
            hex(&mac.finalize().into_bytes()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
