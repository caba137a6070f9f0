//! Whatever a stranger sends: query, envelope, signature, decryption, and the parsing of what was inside.
//!
//! The first byte says how far the rest gets by itself, as no fuzzer finds a signature:
//! 0 a query and, after a line end, a body; 1 an envelope; 2 a ciphertext, signed; 3 whole blocks, encrypted and signed;
//! 4 a text, as WeCom would send it.

#![no_main]
#![expect(dead_code, reason = "the target does without parts of the files that it includes")]

#[path = "../../src/wecom"]
mod wecom {
    pub mod crypto;
    pub mod envelope;
    pub mod event;
    pub mod receive;
}

use std::sync::LazyLock;

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::{Array, BlockModeEncrypt, KeyIvInit};
use libfuzzer_sys::fuzz_target;

use wecom::crypto::Credentials;
use wecom::event::Event;
use wecom::receive::{self, Account, Received, Refusal};
use wecom::{envelope, receive::MAX_BODY};

const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

static ACCOUNT: LazyLock<Account> = LazyLock::new(|| Account {
    credentials: Credentials::new("QDG6eK", KEY).expect("a token and a key"),
    receive_ids: vec!["corp".to_owned(), String::new()],
});

fuzz_target!(|data: &[u8]| {
    let [mode, rest @ ..] = data else { return };
    match mode % 5 {
        0 => {
            let at = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let (query, body) = rest.split_at(at);
            let Ok(query) = std::str::from_utf8(query) else { return };
            let body = body.get(1..).unwrap_or_default();
            // Without the token nobody gets in.
            assert!(receive::verification(query, &ACCOUNT).is_err());
            assert!(receive::callback(query, body, &ACCOUNT).is_err());
        }
        1 => {
            if let Ok(found) = envelope::encrypted(rest) {
                assert!(!found.is_empty() && found.len() <= rest.len());
                let _ = signed(&found);
            }
            let _ = envelope::has_doctype(rest);
        }
        2 => {
            if let Ok(encrypted) = std::str::from_utf8(rest) {
                taken(signed(encrypted));
            }
        }
        3 => {
            let mut blocks = rest.to_vec();
            blocks.resize(rest.len().next_multiple_of(32), 0);
            taken(signed(&sealed(blocks)));
        }
        _ => {
            let encrypted = ACCOUNT.credentials.encrypt([7; 16], rest, "corp");
            match signed(&encrypted) {
                Ok(received) => {
                    assert_eq!(received.opened.message, rest);
                    taken(Ok(received));
                }
                Err(refusal) => assert_eq!(refusal, Refusal::Doctype),
            }
        }
    }
});

/// Sends a ciphertext with the right signature.
fn signed(encrypted: &str) -> Result<Received, Refusal> {
    let signature = ACCOUNT.credentials.signature("1", "2", encrypted);
    let query = format!("msg_signature={signature}&timestamp=1&nonce=2");
    let body = format!("<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>");
    assert!(body.len() <= 2 * MAX_BODY, "the fuzzer's inputs are small");
    receive::callback(&query, body.as_bytes(), &ACCOUNT)
}

/// What follows from a text that was taken.
fn taken(received: Result<Received, Refusal>) {
    if let Ok(received) = received {
        assert!(ACCOUNT.receive_ids.contains(&received.receive_id));
        let _ = Event::parse(&received.opened.message);
    }
}

/// Whole blocks, encrypted as they are.
fn sealed(mut bytes: Vec<u8>) -> String {
    // The last character's spare bits are left out.
    let key = STANDARD.decode(format!("{}A=", &KEY[..42])).expect("Base64");
    let key: [u8; 32] = key.try_into().expect("32 bytes");
    let iv: [u8; 16] = key[..16].try_into().expect("16 bytes");
    let (blocks, _) = Array::slice_as_chunks_mut(&mut bytes);
    cbc::Encryptor::<Aes256>::new(&key.into(), &iv.into()).encrypt_blocks(blocks);
    STANDARD.encode(bytes)
}
