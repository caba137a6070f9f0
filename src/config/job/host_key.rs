//! The expected key of an SSH server, in the forms that a job file may use.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

/// The fingerprint as `ssh-keygen -lf` prints it, `SHA256:` and unpadded base64, from that fingerprint, a
/// line of `known_hosts`, or a public key (`ssh-ed25519 AAAA...`). `None` if `text` is none of these.
pub(super) fn fingerprint(text: &str) -> Option<String> {
    if let Some(digest) = text.trim().strip_prefix("SHA256:") {
        let digest = digest.trim_end_matches('=');
        let bytes = STANDARD_NO_PAD.decode(digest).ok()?;
        return (bytes.len() == 32).then(|| format!("SHA256:{digest}"));
    }
    // `@cert-authority` marks the key of an authority, not of a server; a `@revoked` key must not be trusted.
    if text.trim_start().starts_with('@') {
        return None;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let key = words.windows(2).find_map(|pair| {
        let key = STANDARD.decode(pair[1]).ok()?;
        is_of_kind(&key, pair[0]).then_some(key)
    })?;
    Some(format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(key))))
}

/// Whether a key in its wire form is of that kind. It begins with the kind's length and name (RFC 4253, 6.6).
fn is_of_kind(key: &[u8], kind: &str) -> bool {
    let Some((length, rest)) = key.split_first_chunk::<4>() else { return false };
    u32::from_be_bytes(*length) as usize == kind.len() && rest.starts_with(kind.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_a_known_hosts_line_and_a_public_key_give_the_same_pin() {
        // A public key, and what `ssh-keygen -lf` prints of it.
        let key =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMDLq3zbBPqplBlV/F8/HRbnEOg1pdc4Yr8emSZ9hfDn";
        let fingerprint_text = "SHA256:M+1mSMvbA3o8dzgTkCsXA6RI1893TMGg+ddgeuApBVY";
        for text in [
            fingerprint_text.to_owned(),
            format!("{fingerprint_text}="),
            key.to_owned(),
            format!("{key} root@sftp"),
            format!("[sftp.example.com]:2222 {key}"),
            format!("|1|JfKTdBh7rNbXkVAQCRp4OQoPfmI=|USECr3SWf1JUPsms5AqfD5QfxkM= {key}\n"),
        ] {
            assert_eq!(fingerprint(&text).as_deref(), Some(fingerprint_text), "{text}");
        }
        let other_kind = key.replace("ed25519", "rsa");
        for text in [
            "",
            "SHA256:",
            "SHA256:AAAA",
            "MD5:b4:7d:52:12:ff:c7:dc:12:9b:63:9f:b5:f4:1c:be:0b",
            "ssh-ed25519 AAAA",
            "ssh-ed25519",
            &other_kind,
            &format!("@cert-authority * {key}"),
        ] {
            assert_eq!(fingerprint(text), None, "{text}");
        }
    }
}
