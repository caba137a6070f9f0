//! WeCom's callback cryptography: signing, encrypting, and undoing both without trusting a byte.
//!
//! Documents 90968 and 90930 of WeCom's developer site; the details that they leave out follow its sample code
//! (sbzhu/weworkapi_python, workweixin/weworkapi_golang). The scheme is AES-256-CBC whose initialisation vector is the
//! first half of the key, with an SHA-1 "signature" over the token and the ciphertext. It is theirs; all that can be
//! done here is to check the signature before anything is decrypted, in constant time, and every length after it.

use std::fmt;

use aes::Aes256;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};
use cbc::cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq as _;

/// Bytes of noise before the text.
const NOISE: usize = 16;
/// Bytes of the text's length, big endian.
const LENGTH: usize = 4;
/// PKCS#7 pads to this many bytes, twice the block of AES: a pad may be 1 to 32 bytes long.
const PAD_BLOCK: usize = 32;

/// 43 characters hold 258 bits, of which the key is 256. Three keys in four that WeCom makes have a spare bit that is
/// not zero, which a strict decoder refuses.
const KEY_BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));

/// The token and the key that WeCom and the receiver share. `Debug` shows neither.
#[derive(Clone)]
pub struct Credentials {
    token: String,
    key: [u8; 32],
}

/// Why a token or a key cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialFault {
    /// A token has 1 to 32 letters and digits.
    #[error("the token must be 1 to 32 letters and digits")]
    Token,
    /// A key has 43 letters and digits.
    #[error("the EncodingAESKey must be 43 letters and digits")]
    AesKey,
}

/// Why a ciphertext does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecryptFault {
    /// It is not Base64.
    #[error("the ciphertext is not Base64")]
    Base64,
    /// Its length is not a multiple of 32, or it is empty.
    #[error("the length of the ciphertext is not a multiple of 32 bytes")]
    Length,
    /// Its end is no padding.
    #[error("the padding is wrong")]
    Padding,
    /// The length within is not that of the text.
    #[error("the length within the ciphertext is wrong")]
    Inside,
}

/// What was in a ciphertext.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The text, as WeCom wrote it.
    pub message: Vec<u8>,
    /// Whom it is for: a corp id, a suite id, or nothing.
    pub receive_id: Vec<u8>,
}

impl Credentials {
    /// Takes the token and the key as the job file or WeCom's page shows them.
    ///
    /// # Errors
    /// If one of them cannot be what it should be.
    pub fn new(token: &str, aes_key: &str) -> Result<Credentials, CredentialFault> {
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
        if !(1..=32).contains(&token.len()) || !plain(token) {
            return Err(CredentialFault::Token);
        }
        if aes_key.len() != 43 || !plain(aes_key) {
            return Err(CredentialFault::AesKey);
        }
        let key = KEY_BASE64.decode(aes_key).map_err(|_| CredentialFault::AesKey)?;
        let key = key.try_into().map_err(|_| CredentialFault::AesKey)?;
        Ok(Credentials { token: token.to_owned(), key })
    }

    /// `msg_signature` of a ciphertext: 40 lower-case hex digits. The values are sorted by their bytes.
    pub fn signature(&self, timestamp: &str, nonce: &str, encrypted: &str) -> String {
        let mut parts = [self.token.as_str(), timestamp, nonce, encrypted];
        parts.sort_unstable();
        let mut hash = Sha1::new();
        for part in parts {
            hash.update(part);
        }
        hash.finalize().iter().fold(String::with_capacity(40), |mut hex, byte| {
            for digit in [byte >> 4, byte & 15] {
                hex.extend(char::from_digit(u32::from(digit), 16));
            }
            hex
        })
    }

    /// Whether `claimed` is the signature. The time that this takes does not tell how much of it is right.
    pub fn is_signed(&self, claimed: &str, timestamp: &str, nonce: &str, encrypted: &str) -> bool {
        let right = self.signature(timestamp, nonce, encrypted);
        right.as_bytes().ct_eq(claimed.as_bytes()).into()
    }

    /// Opens a ciphertext in Base64 whose signature was checked.
    ///
    /// # Errors
    /// The first thing about it that is wrong. Whoever sent it must not learn which.
    pub fn decrypt(&self, encrypted: &str) -> Result<Opened, DecryptFault> {
        let mut bytes = STANDARD.decode(encrypted).map_err(|_| DecryptFault::Base64)?;
        if bytes.is_empty() || !bytes.len().is_multiple_of(PAD_BLOCK) {
            return Err(DecryptFault::Length);
        }
        let (blocks, _) = Array::slice_as_chunks_mut(&mut bytes);
        cbc::Decryptor::<Aes256>::new(&self.key.into(), &self.iv().into()).decrypt_blocks(blocks);

        let pad = usize::from(bytes.last().copied().unwrap_or_default());
        if !(1..=PAD_BLOCK).contains(&pad) {
            return Err(DecryptFault::Padding);
        }
        // At least one pad block is there.
        let (text, padding) = bytes.split_at(bytes.len() - pad);
        if padding.iter().any(|&byte| usize::from(byte) != pad) {
            return Err(DecryptFault::Padding);
        }
        let rest = text.get(NOISE..).ok_or(DecryptFault::Inside)?;
        let (length, rest) = rest.split_first_chunk::<LENGTH>().ok_or(DecryptFault::Inside)?;
        let length =
            usize::try_from(u32::from_be_bytes(*length)).map_err(|_| DecryptFault::Inside)?;
        let (message, receive_id) = rest.split_at_checked(length).ok_or(DecryptFault::Inside)?;
        Ok(Opened { message: message.to_vec(), receive_id: receive_id.to_vec() })
    }

    /// Encrypts a text as WeCom does, in Base64. `noise` should be random; a text of 4 GiB or more is cut.
    pub fn encrypt(&self, noise: [u8; NOISE], message: &[u8], receive_id: &str) -> String {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(NOISE + LENGTH + message.len() + receive_id.len() + 32);
        bytes.extend_from_slice(&noise);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend(message.iter().take(length as usize));
        bytes.extend_from_slice(receive_id.as_bytes());
        let pad = PAD_BLOCK - bytes.len() % PAD_BLOCK;
        bytes.extend(std::iter::repeat_n(pad as u8, pad));
        self.encrypt_padded(bytes)
    }

    /// Encrypts whole blocks as they are, right or wrong inside.
    fn encrypt_padded(&self, mut bytes: Vec<u8>) -> String {
        let (blocks, _) = Array::slice_as_chunks_mut(&mut bytes);
        cbc::Encryptor::<Aes256>::new(&self.key.into(), &self.iv().into()).encrypt_blocks(blocks);
        STANDARD.encode(bytes)
    }

    fn iv(&self) -> [u8; 16] {
        let [first @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = self.key;
        first
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text names people.
        write!(f, "Opened({} bytes)", self.message.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "QDG6eK";
    const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

    fn credentials() -> Credentials {
        Credentials::new(TOKEN, KEY).unwrap()
    }

    #[test]
    fn an_aes_key_with_any_last_character_decodes() {
        for last in ('A'..='Z').chain('a'..='z').chain('0'..='9') {
            let key = format!("{}{last}", &KEY[..42]);
            let made = Credentials::new(TOKEN, &key).unwrap();
            let sealed = made.encrypt([7; 16], b"text", "corp");
            assert_eq!(made.decrypt(&sealed).unwrap().message, b"text", "{last}");
        }
    }

    #[test]
    fn malformed_tokens_and_keys_are_refused() {
        let long = "a".repeat(33);
        for (token, key, fault) in [
            ("", KEY, CredentialFault::Token),
            (long.as_str(), KEY, CredentialFault::Token),
            ("with space", KEY, CredentialFault::Token),
            (TOKEN, "", CredentialFault::AesKey),
            (TOKEN, &KEY[..42], CredentialFault::AesKey),
            (TOKEN, "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C=", CredentialFault::AesKey),
            (TOKEN, "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2/", CredentialFault::AesKey),
        ] {
            assert_eq!(
                Credentials::new(token, key).map(|_| ()).unwrap_err(),
                fault,
                "{token} {key}"
            );
        }
    }

    #[test]
    fn encryption_round_trips_for_every_length() {
        let credentials = credentials();
        for length in 0..200 {
            let text = vec![b'x'; length];
            for receive_id in ["", "ww08a41f56c8db31fb"] {
                let opened = credentials.decrypt(&credentials.encrypt([1; 16], &text, receive_id));
                let opened = opened.unwrap();
                assert_eq!(opened.message, text, "{length}");
                assert_eq!(opened.receive_id, receive_id.as_bytes(), "{length}");
            }
        }
    }

    /// Whole blocks that begin as they should; `end` is written over their end.
    fn blocks(length: u32, size: usize, end: &[u8]) -> Vec<u8> {
        let mut bytes = vec![b'n'; size];
        bytes[16..20].copy_from_slice(&length.to_be_bytes());
        let at = size - end.len();
        bytes[at..].copy_from_slice(end);
        bytes
    }

    #[test]
    fn a_decrypted_text_with_a_malformed_frame_is_refused() {
        let credentials = credentials();
        let mut uneven = [9; 9];
        uneven[0] = 8;
        for (what, bytes, expected) in [
            ("nothing", vec![], Err(DecryptFault::Length)),
            ("half a pad block", blocks(0, 48, &[1]), Err(DecryptFault::Length)),
            ("a pad of 0", blocks(0, 32, &[0]), Err(DecryptFault::Padding)),
            ("a pad of 33", blocks(0, 64, &[33; 33]), Err(DecryptFault::Padding)),
            ("a pad of 255", blocks(0, 64, &[255]), Err(DecryptFault::Padding)),
            ("an uneven pad", blocks(0, 64, &uneven), Err(DecryptFault::Padding)),
            ("nothing but a pad", vec![32; 32], Err(DecryptFault::Inside)),
            ("a pad over the noise", blocks(0, 32, &[16; 16]), Err(DecryptFault::Inside)),
            ("a pad over the length", blocks(0, 32, &[13; 13]), Err(DecryptFault::Inside)),
            ("a length of one too many", blocks(44, 64, &[1]), Err(DecryptFault::Inside)),
            ("the greatest length", blocks(u32::MAX, 64, &[1]), Err(DecryptFault::Inside)),
            ("all text, no receive id", blocks(43, 64, &[1]), Ok((43, 0))),
            ("no text, all receive id", blocks(0, 64, &[1]), Ok((0, 43))),
            ("no text, no receive id", blocks(0, 32, &[12; 12]), Ok((0, 0))),
        ] {
            let found = credentials.decrypt(&credentials.encrypt_padded(bytes));
            let found = found.map(|opened| (opened.message.len(), opened.receive_id.len()));
            assert_eq!(found, expected, "{what}");
        }
        assert_eq!(credentials.decrypt("no base64!"), Err(DecryptFault::Base64));
    }

    #[test]
    fn credentials_never_show_secrets_in_debug_output() {
        assert_eq!(format!("{:?}", credentials()), "***");
        let opened = Opened { message: b"name".to_vec(), receive_id: b"corp".to_vec() };
        assert_eq!(format!("{opened:?}"), "Opened(4 bytes)");
    }
}
