//! The lock that allows one run at a time for each tenant; a file lock of the operating system.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};

use super::error::DiskError;
use super::private::{create_private_dirs, open_private_file};
use crate::model::{Message, system_reason};

/// The lock of a tenant's folder, held until dropped or until the process ends, even by a crash.
#[derive(Debug)]
pub struct TenantLock {
    // The end of the process releases the lock. The file itself stays: removing it would let a third
    // process lock a new one while a second still waits on the old.
    file: File,
}

impl Drop for TenantLock {
    /// Unlocks explicitly: closing the file is not enough while a child process that another thread has just
    /// forked, and that has not yet executed its program, shares it.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!("a lock file could not be unlocked, closing it does: {error}");
        }
    }
}

/// Why a lock could not be acquired. `Display` is the English message.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    Held {
        /// The lock file.
        path: PathBuf,
        /// The holder's own description: process id, purpose, since when.
        holder: String,
    },
    /// The lock file cannot be created or locked.
    Unusable {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl TenantLock {
    /// Locks the tenant's folder `dir` without waiting; the folder is created if it does not exist. `holder` is the
    /// purpose in a few words; it and `now` are shown to those who find the lock held.
    ///
    /// # Errors
    /// If another process holds the lock, or the folder cannot be written to.
    pub fn acquire(dir: &Path, holder: &str, now: DateTime<Utc>) -> Result<TenantLock, LockError> {
        let path = dir.join("lock");
        let unusable = |source| LockError::Unusable { path: path.clone(), source };
        let unusable_disk = |error: DiskError| unusable(error.source);
        create_private_dirs(dir).map_err(unusable_disk)?;
        let mut file = open_private_file(&path).map_err(unusable_disk)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The holder may be writing the text at this moment; an unreadable one is reported as unknown.
                if file.read_to_string(&mut holder).is_err() || holder.trim().is_empty() {
                    holder = "?".to_owned();
                }
                return Err(LockError::Held { path, holder: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        let since = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let text = format!("pid {}, {holder}, since {since}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(unusable)?;
        Ok(TenantLock { file })
    }
}

impl LockError {
    /// What happened, where, and what to do, in both languages.
    pub fn message(&self) -> Message {
        match self {
            LockError::Held { path, holder } => Message::new(
                format!("{} 已被占用：已有任务在运行（{holder}）；请等待其结束", path.display()),
                format!("{} is held by another run ({holder}); wait for its end", path.display()),
            ),
            LockError::Unusable { path, source } => {
                let (path, Message { zh, en }) = (path.display(), system_reason(source));
                Message::new(
                    format!(
                        "无法使用锁文件 {path}：{zh}；请检查数据目录是否可写，或用 --data 另行指定"
                    ),
                    format!(
                        "cannot use the lock file {path}: {en}; check that the data folder is writable, \
                         or name another with --data"
                    ),
                )
            }
        }
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_conflict_names_the_holder() {
        let dir = tempfile::tempdir().unwrap();
        let tenant = dir.path().join("data/t");
        let now = DateTime::<Utc>::from_timestamp(1_795_000_000, 0).unwrap();
        let first = TenantLock::acquire(&tenant, "import of a long name", now).unwrap();
        let error = TenantLock::acquire(&tenant, "import", now).unwrap_err();
        let LockError::Held { holder, .. } = &error else { panic!("{error}") };
        let pid = std::process::id();
        assert_eq!(
            holder,
            &format!("pid {pid}, import of a long name, since 2026-11-18T11:06:40Z")
        );
        assert!(error.message().zh.contains(holder));
        drop(first);
        let second = TenantLock::acquire(&tenant, "check", now).unwrap();
        let text = std::fs::read_to_string(tenant.join("lock")).unwrap();
        assert_eq!(text, format!("pid {pid}, check, since 2026-11-18T11:06:40Z\n"));
        drop(second);
    }

    #[test]
    fn a_released_lock_is_free_while_a_forked_child_shares_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let lock = TenantLock::acquire(dir.path(), "import", DateTime::default()).unwrap();
        // A duplicated descriptor shares the lock as a forked child does before it executes its program.
        let shared = lock.file.try_clone().unwrap();
        drop(lock);
        TenantLock::acquire(dir.path(), "import", DateTime::default()).unwrap();
        drop(shared);
    }

    #[test]
    fn an_uncreatable_folder_makes_the_lock_unusable() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("data");
        std::fs::write(&file, "").unwrap();
        let error =
            TenantLock::acquire(&file.join("t"), "import", DateTime::default()).unwrap_err();
        assert!(matches!(error, LockError::Unusable { .. }), "{error}");
    }
}
