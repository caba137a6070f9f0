//! The key by which cookies are signed: a private file in the tenant's folder, made when it is first needed.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::disk::{DiskError, PRIVATE_FILE, close_to_others, create_private_dirs, replace_file};
use crate::model::{Message, system_reason};

use super::signer::hex;

/// Name of the file in the tenant's folder.
pub const KEY_FILE: &str = "login.key";

/// Hex digits of a key.
const LENGTH: usize = 64;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: Message,
    },
    /// It holds no key.
    #[error("{} holds no key", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl KeyFileError {
    /// What happened, where, and what to do.
    pub fn message(&self) -> Message {
        match self {
            KeyFileError::Disk(error) => error.message(),
            KeyFileError::Unreadable { path, reason } => {
                let (path, Message { zh, en }) = (path.display(), reason);
                Message::new(
                    format!("无法读取登录签名密钥 {path}：{zh}；请检查文件权限"),
                    format!("cannot read the key of the login {path}: {en}; check its permissions"),
                )
            }
            KeyFileError::NoKey { path } => {
                let path = path.display();
                Message::new(
                    format!(
                        "{path} 不是登录签名密钥；请删除该文件，程序会重新生成（已登录的成员会自动重新登录）"
                    ),
                    format!(
                        "{path} holds no key of the login; remove it, and a new one is made (members log in again by themselves)"
                    ),
                )
            }
            KeyFileError::Random => Message::fixed(
                "系统无法提供随机数，登录不可用",
                "the system gives no random numbers, so that nobody can log in",
            ),
        }
    }
}

/// The key of a tenant; `random` makes one if there is none yet.
///
/// # Errors
/// If it cannot be read or written, or holds something else.
pub fn key(
    folder: &Path,
    random: impl FnOnce() -> Option<[u8; LENGTH / 2]>,
) -> Result<String, KeyFileError> {
    let path = folder.join(KEY_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let key = text.trim_end();
            if key.len() != LENGTH || !key.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(KeyFileError::NoKey { path });
            }
            close_to_others(&path)?;
            Ok(key.to_owned())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = hex(&random().ok_or(KeyFileError::Random)?);
            create_private_dirs(folder)?;
            replace_file(&path, format!("{key}\n").as_bytes(), PRIVATE_FILE)
                .map_err(DiskError::at(&path))?;
            Ok(key)
        }
        Err(error) => {
            let reason = system_reason(&error);
            Err(KeyFileError::Unreadable { path, reason })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_kept_closed_to_others() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("00010001");
        let made = key(&folder, || Some([0xa1; 32])).unwrap();
        assert_eq!(made, "a1".repeat(32));
        let path = folder.join(KEY_FILE);
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(key(&folder, || None).unwrap(), made, "it is read, not made anew");
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn what_is_no_key_is_said_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        for content in ["", "secret", &"g".repeat(64)] {
            fs::write(&path, content).unwrap();
            let error = key(folder.path(), || Some([1; 32])).unwrap_err();
            let Message { zh, en } = error.message();
            assert!(zh.contains("login.key") && en.contains("login.key"), "{zh} {en}");
            assert!(content.is_empty() || !en.contains(content), "{en}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert!(matches!(key(&folder.path().join("none"), || None), Err(KeyFileError::Random)));
    }
}
