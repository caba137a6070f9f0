//! What is offered to an SSH server: nothing that rests on SHA-1 or CBC, unless the job allows it.

use std::borrow::Cow;

use russh::keys::Algorithm;
use russh::{Preferred, cipher, kex, mac};

const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_GEX_SHA256,
    kex::DH_G18_SHA512,
    kex::DH_G16_SHA512,
    kex::DH_G14_SHA256,
];
/// No algorithms, but what is said about the protocol in their place.
const EXTENSIONS: &[kex::Name] =
    &[kex::EXTENSION_SUPPORT_AS_CLIENT, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT];
const OLD_KEX: &[kex::Name] = &[kex::DH_G14_SHA1, kex::DH_GEX_SHA1, kex::DH_G1_SHA1];

// Processors have instructions for the first ones.
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];
const OLD_CIPHERS: &[cipher::Name] =
    &[cipher::AES_256_CBC, cipher::AES_192_CBC, cipher::AES_128_CBC];

const MACS: &[mac::Name] =
    &[mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM, mac::HMAC_SHA512, mac::HMAC_SHA256];
const OLD_MACS: &[mac::Name] = &[mac::HMAC_SHA1_ETM, mac::HMAC_SHA1];

/// What is offered, best first, with the old algorithms of these names after the safe ones. `kinds` are those of the
/// host key.
pub(super) fn offered(kinds: Vec<Algorithm>, old: &[String]) -> Preferred {
    Preferred {
        kex: Cow::Owned([&with_old(KEX, OLD_KEX, old)[..], EXTENSIONS].concat()),
        key: Cow::Owned(kinds),
        cipher: Cow::Owned(with_old(CIPHERS, OLD_CIPHERS, old)),
        mac: Cow::Owned(with_old(MACS, OLD_MACS, old)),
        ..Preferred::DEFAULT
    }
}

/// Whether the job allows RSA signatures over SHA-1.
pub(super) fn allow_rsa_sha1(old: &[String]) -> bool {
    old.iter().any(|name| name == "ssh-rsa")
}

fn with_old<N: Copy + AsRef<str>>(safe: &[N], all_old: &[N], named: &[String]) -> Vec<N> {
    let allowed = |name: &&N| named.iter().any(|named| named == name.as_ref());
    safe.iter().chain(all_old.iter().filter(allowed)).copied().collect()
}
