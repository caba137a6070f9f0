//! The pairs of keys for which WeCom encrypts the random key of each message.
//!
//! WeCom counts the public keys that were set on its page. Messages stay encrypted for the key of their time, so every
//! private key is kept, each in a file of its version: `data/<tenant>/session/keys/3.pem`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use rand::TryRng as _;
use rand::rngs::SysRng;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey, RsaPublicKey};
use sha2::{Digest as _, Sha256};

use super::layout;
use crate::config::job::Job;
use crate::disk::{
    DiskError, LockError, PRIVATE_FILE, TenantLock, close_to_others, create_private_dirs,
    replace_file,
};
use crate::model::Message;

/// WeCom counts the public keys that were set, from 1. So many are never set.
const MOST_VERSIONS: u32 = 1_000_000;

/// What WeCom's page takes.
const BITS: usize = 2_048;

/// The folder of a tenant's keys.
#[derive(Debug, Clone)]
pub struct KeyFolder {
    path: PathBuf,
}

/// A pair that was just made.
#[derive(Debug)]
pub struct NewKey {
    /// Its version.
    pub version: u32,
    /// The file of the private key.
    pub path: PathBuf,
    /// The public key as PEM, for WeCom's page.
    pub public_pem: String,
}

/// A pair that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVersion {
    /// Its version.
    pub version: u32,
    /// The file of the private key.
    pub path: PathBuf,
    /// Size of the key.
    pub bits: usize,
    /// SHA-256 of the public key, in hex.
    pub fingerprint: String,
    /// The public key as PEM.
    pub public_pem: String,
}

/// A file in the place of a private key that cannot be read as one.
#[derive(Debug)]
pub struct UnreadableKey {
    /// Its version.
    pub version: u32,
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub fault: KeyError,
}

impl UnreadableKey {
    /// What is wrong, what to do, and that the version counts as missing until then, in both languages.
    pub fn message(&self) -> Message {
        let Message { zh, en } = self.fault.message();
        Message::new(
            format!("{zh}；在此之前，版本 {} 视为缺少私钥", self.version),
            format!("{en}; until then version {} counts as missing", self.version),
        )
    }
}

/// The pairs that are there.
#[derive(Debug, Default)]
pub struct KeyList {
    /// Those that can be used, by version.
    pub keys: Vec<KeyVersion>,
    /// Files that cannot be read, by version.
    pub unreadable: Vec<UnreadableKey>,
}

/// Why keys cannot be made or read. `Display` is the English message.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file or the folder cannot be used.
    Disk(DiskError),
    /// Another program makes a key at this moment.
    Lock(LockError),
    /// The version is there already.
    Exists {
        /// Its file.
        path: PathBuf,
    },
    /// WeCom has no such version.
    NoVersion {
        /// What was asked for.
        version: u32,
    },
    /// A file holds no private key, or one that is encrypted.
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random numbers, or the key could not be made of them.
    NotMade {
        /// Why.
        reason: String,
    },
}

impl KeyError {
    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            KeyError::Disk(error) => error.message(),
            KeyError::Lock(error) => error.message(),
            KeyError::Exists { path } => Message::new(
                format!(
                    "{} 已存在，未作改动；密钥不会被覆盖，请另写 --key-version",
                    path.display()
                ),
                format!(
                    "{} exists and was left as it is: keys are never replaced; write another --key-version",
                    path.display()
                ),
            ),
            KeyError::NoVersion { version } => Message::new(
                format!(
                    "密钥版本 {version} 超出范围（1 至 {MOST_VERSIONS}），未生成密钥；请用 --key-version 填写管理后台“消息加密公钥”的版本号"
                ),
                format!(
                    "no key was made: versions go from 1 to {MOST_VERSIONS}, and {version} is none; write the version of \
                     WeCom's page as --key-version"
                ),
            ),
            KeyError::Unreadable { path } => Message::new(
                format!(
                    "{} 不是可用的 RSA 私钥；请放入未加密的 PEM 文件（BEGIN PRIVATE KEY 或 BEGIN RSA PRIVATE KEY），或移走该文件",
                    path.display()
                ),
                format!(
                    "{} is no RSA private key that can be used: put a PEM file there that is not encrypted (BEGIN PRIVATE \
                     KEY or BEGIN RSA PRIVATE KEY), or move the file away",
                    path.display()
                ),
            ),
            KeyError::NotMade { reason } => Message::new(
                format!("无法生成密钥对：{reason}；请检查系统的随机数设备"),
                format!(
                    "no pair of keys could be made: {reason}; check the system's random numbers"
                ),
            ),
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}

impl KeyFolder {
    /// The folder of a tenant, which need not be there.
    pub fn of(tenant_dir: &Path) -> KeyFolder {
        KeyFolder { path: layout::folder(tenant_dir).join("keys") }
    }

    /// The file of a version.
    pub fn file(&self, version: u32) -> PathBuf {
        self.path.join(format!("{version}.pem"))
    }

    /// What to do where no pair was made yet, in both languages.
    pub(super) fn no_keys_message(&self, job: &Job) -> Message {
        let (folder, tenant) = (self.path.display(), &job.tenant);
        Message::new(
            format!(
                "{folder} 中还没有私钥，消息无法解密；请执行 orgsnap wecom archive-key new {tenant}，并将输出的公钥粘贴到管理后台“会话内容存档”的消息加密公钥"
            ),
            format!(
                "there is no private key in {folder}, so no message can be read: run orgsnap wecom archive-key new {tenant} \
                 and paste the public key that it prints into WeCom's page of the session archive"
            ),
        )
    }

    /// Makes a pair and stores its private key, closed to others. Its version is the next one, unless it is given.
    ///
    /// # Errors
    /// See [`KeyError`]; no key is ever replaced.
    pub fn make(&self, version: Option<u32>, now: DateTime<Utc>) -> Result<NewKey, KeyError> {
        create_private_dirs(&self.path).map_err(KeyError::Disk)?;
        let _lock =
            TenantLock::acquire(&self.path, "archive-key new", now).map_err(KeyError::Lock)?;
        let newest = self.versions()?.last().copied().unwrap_or_default();
        let version = version.unwrap_or(newest.saturating_add(1));
        if !(1..=MOST_VERSIONS).contains(&version) {
            return Err(KeyError::NoVersion { version });
        }
        let path = self.file(version);
        if path.exists() {
            return Err(KeyError::Exists { path });
        }
        let not_made = |reason: &dyn fmt::Display| KeyError::NotMade { reason: reason.to_string() };
        let mut seed = [0; 32];
        SysRng.try_fill_bytes(&mut seed).map_err(|error| not_made(&error))?;
        let key = RsaPrivateKey::new(&mut ChaCha20Rng::from_seed(seed), BITS)
            .map_err(|error| not_made(&error))?;
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| not_made(&error))?;
        let public_pem = public_pem(&key.to_public_key()).map_err(|error| not_made(&error))?;
        replace_file(&path, pem.as_bytes(), PRIVATE_FILE)
            .map_err(|source| KeyError::Disk(DiskError { path: path.clone(), source }))?;
        Ok(NewKey { version, path, public_pem })
    }

    /// All pairs, by version.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn list(&self) -> Result<KeyList, KeyError> {
        let PrivateKeys { by_version, unreadable } = self.load()?;
        let described = by_version.iter().map(|(version, key)| {
            let (path, public) = (self.file(*version), key.to_public_key());
            let unreadable = |_| KeyError::Unreadable { path: path.clone() };
            let der = public.to_public_key_der().map_err(unreadable)?;
            let digest = Sha256::digest(der.as_bytes());
            Ok(KeyVersion {
                version: *version,
                bits: public.size() * 8,
                fingerprint: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
                public_pem: public_pem(&public).map_err(unreadable)?,
                path: self.file(*version),
            })
        });
        Ok(KeyList { keys: described.collect::<Result<_, _>>()?, unreadable })
    }

    /// All private keys. A file that others may read is closed to them; one that cannot be read keeps no other.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(super) fn load(&self) -> Result<PrivateKeys, KeyError> {
        let mut keys = PrivateKeys { by_version: BTreeMap::new(), unreadable: Vec::new() };
        for version in self.versions()? {
            let path = self.file(version);
            match private_key(&path) {
                Ok(key) => {
                    keys.by_version.insert(version, key);
                }
                Err(fault) => keys.unreadable.push(UnreadableKey { version, path, fault }),
            }
        }
        Ok(keys)
    }

    /// The versions that have a file, in order.
    fn versions(&self) -> Result<Vec<u32>, KeyError> {
        let at = |source| KeyError::Disk(DiskError { path: self.path.clone(), source });
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(at)?,
        };
        let mut versions = Vec::new();
        for entry in entries {
            let name = entry.map_err(at)?.file_name();
            let version = name.to_str().and_then(|name| name.strip_suffix(".pem"));
            let version = version.and_then(|text| Some((text, text.parse::<u32>().ok()?)));
            // 03.pem is not the file of version 3.
            let version = version.filter(|(text, version)| *text == version.to_string());
            versions.extend(version.map(|(_, version)| version));
        }
        versions.sort_unstable();
        Ok(versions)
    }
}

/// The private key in a file, which is closed to others.
fn private_key(path: &Path) -> Result<RsaPrivateKey, KeyError> {
    close_to_others(path).map_err(KeyError::Disk)?;
    let unreadable = || KeyError::Unreadable { path: path.to_path_buf() };
    let pem = fs::read_to_string(path).map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData => unreadable(),
        _ => KeyError::Disk(DiskError { path: path.to_path_buf(), source }),
    })?;
    let pem = pem.trim_start_matches('\u{feff}').trim();
    RsaPrivateKey::from_pkcs8_pem(pem)
        .ok()
        .or_else(|| RsaPrivateKey::from_pkcs1_pem(pem).ok())
        .ok_or_else(unreadable)
}

fn public_pem(key: &RsaPublicKey) -> rsa::pkcs8::spki::Result<String> {
    key.to_public_key_pem(LineEnding::LF)
}

/// The private keys.
pub(super) struct PrivateKeys {
    by_version: BTreeMap<u32, RsaPrivateKey>,
    /// Files that cannot be read.
    pub(super) unreadable: Vec<UnreadableKey>,
}

/// Why a random key cannot be unwrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnwrapFault {
    /// There is no private key of that version.
    NoKey,
    /// The private key of that version is not the one that the message was encrypted for.
    OtherKey,
}

impl PrivateKeys {
    /// Whether there is no key, and no file in the place of one.
    pub(super) fn is_empty(&self) -> bool {
        self.by_version.is_empty() && self.unreadable.is_empty()
    }

    /// Whether there is a key of that version.
    pub(super) fn has(&self, version: u32) -> bool {
        self.by_version.contains_key(&version)
    }

    /// The versions of which there is a key.
    pub(super) fn versions(&self) -> Vec<u32> {
        self.by_version.keys().copied().collect()
    }

    /// Decrypts the random key of a message.
    pub(super) fn unwrap(&self, version: u32, encrypted: &str) -> Result<Vec<u8>, UnwrapFault> {
        let key = self.by_version.get(&version).ok_or(UnwrapFault::NoKey)?;
        // Nobody who could measure it sees how long this takes or what comes of it: the ciphertext is WeCom's, pulled
        // over TLS, and the result goes into a file.
        let encrypted = STANDARD.decode(encrypted.trim()).map_err(|_| UnwrapFault::OtherKey)?;
        key.decrypt(Pkcs1v15Encrypt, &encrypted).map_err(|_| UnwrapFault::OtherKey)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use rsa::pkcs1::EncodeRsaPrivateKey as _;
    use rsa::pkcs8::DecodePublicKey as _;

    use super::*;

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(1)
    }

    fn wrapped(key: &NewKey, text: &[u8]) -> String {
        let public = RsaPublicKey::from_public_key_pem(&key.public_pem).unwrap();
        STANDARD.encode(public.encrypt(&mut rng(), Pkcs1v15Encrypt, text).unwrap())
    }

    #[test]
    fn every_version_is_kept_private_and_unwraps_what_was_wrapped_for_it() {
        let tenant = tempfile::tempdir().unwrap();
        let folder = KeyFolder::of(tenant.path());
        assert_eq!(folder.list().unwrap().keys, []);
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let first = folder.make(None, now).unwrap();
        // The page of WeCom counts on from keys that were made elsewhere.
        let third = folder.make(Some(3), now).unwrap();
        assert_eq!((first.version, third.version), (1, 3));
        assert!(matches!(folder.make(Some(3), now), Err(KeyError::Exists { .. })));
        let mode = fs::metadata(&first.path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let listed = folder.list().unwrap().keys;
        assert_eq!(
            listed.iter().map(|key| (key.version, key.bits)).collect::<Vec<_>>(),
            [(1, 2_048), (3, 2_048)]
        );
        assert_eq!(listed[1].public_pem, third.public_pem);
        let keys = folder.load().unwrap();
        assert_eq!(keys.unwrap(1, &wrapped(&first, b"key of one")), Ok(b"key of one".to_vec()));
        assert_eq!(keys.unwrap(3, &wrapped(&third, b"key of three")), Ok(b"key of three".to_vec()));
        assert_eq!(keys.unwrap(2, &wrapped(&first, b"k")), Err(UnwrapFault::NoKey));
        assert_eq!(keys.unwrap(3, &wrapped(&first, b"k")), Err(UnwrapFault::OtherKey));
        assert_eq!(keys.unwrap(1, "no Base64!"), Err(UnwrapFault::OtherKey));
    }

    #[test]
    fn a_private_key_made_elsewhere_is_read_as_pkcs1_and_pkcs8_and_closed_to_others() {
        let tenant = tempfile::tempdir().unwrap();
        let folder = KeyFolder::of(tenant.path());
        let made = folder.make(None, DateTime::<Utc>::UNIX_EPOCH).unwrap();
        let key = RsaPrivateKey::from_pkcs8_pem(&fs::read_to_string(&made.path).unwrap()).unwrap();
        let old = format!("\u{feff}{}\r\n", *key.to_pkcs1_pem(LineEnding::CRLF).unwrap());
        assert!(old.contains("BEGIN RSA PRIVATE KEY"));
        fs::write(folder.file(2), old).unwrap();
        fs::set_permissions(folder.file(2), fs::Permissions::from_mode(0o644)).unwrap();
        let keys = folder.load().unwrap();
        assert_eq!(keys.unwrap(2, &wrapped(&made, b"k")), Ok(b"k".to_vec()));
        let mode = fs::metadata(folder.file(2)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        fs::write(folder.file(4), "-----BEGIN ENCRYPTED PRIVATE KEY-----").unwrap();
        // It keeps no other key from being used.
        let keys = folder.load().unwrap();
        assert_eq!(keys.versions(), [1, 2]);
        assert_eq!(keys.unreadable.len(), 1);
        let message = keys.unreadable[0].message().en;
        assert!(message.contains("4.pem is no RSA private key"), "{message}");
    }
}
